"""What the rules share: finding files, reading C without its comments and strings, reporting."""
import os
import re
import sys
from pathlib import Path

NOT_APPLICABLE = 77  # exit status of a rule that cannot be checked here; its output says why

LEFT_OUT = {"node_modules", "__pycache__"}


def files(root, *patterns):
    """Files below @root that match a pattern ("*.c"), without build folders and hidden ones."""
    build = os.environ.get("O")
    found = []
    for folder, inner, names in os.walk(root):
        inner[:] = sorted(
            name for name in inner
            if name not in LEFT_OUT and (name == ".ci" or not name.startswith("."))
            and not re.fullmatch(r"build(-.*)?", name)
            and not (build and os.path.realpath(os.path.join(folder, name)) == os.path.realpath(build)))
        found += [Path(folder, name) for name in sorted(names) if any(Path(name).match(p) for p in patterns)]
    return found


def product_files(root, *patterns):
    """The same in src/ and pkcs11/ only."""
    return [path for folder in ("src", "pkcs11") for path in files(Path(root, folder), *patterns)]


TOKENS = re.compile(r'/\*.*?\*/|//[^\n]*|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\'', re.S)


def _blank(text):
    return re.sub(r"[^\n]", " ", text)


def code_only(text):
    """@text with comments and the insides of strings as spaces; lines and columns stay."""
    def replace(match):
        token = match[0]
        return token[0] + _blank(token[1:-1]) + token[-1] if token[0] in "\"'" else _blank(token)
    return TOKENS.sub(replace, text)


def line_of(text, position):
    return text.count("\n", 0, position) + 1


def finish(problems):
    """Print the problems and end: status 0 when there is none, 1 otherwise."""
    for problem in problems:
        print(problem)
    sys.exit(1 if problems else 0)


def not_applicable(reason):
    print(reason)
    sys.exit(NOT_APPLICABLE)
