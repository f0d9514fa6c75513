#!/usr/bin/env python3
"""src/pkcs11/cryptoki.h against the headers of others: every value, size and offset, and the order of the
function lists. It was written from the standard; here two more readings of the standard must agree with it."""
import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

from pkcs11_library import HEADERS, LISTS

# p11-kit's header gives two values other than OASIS's pkcs11t.h (2.40 to 3.2), which has 0x1b8 and 0x1b9. NSS
# has a member of its own, LibraryParameters, before the last of the arguments of C_Initialize; it is NULL for
# modules that were added without parameters.
WRONG = {"p11-kit": {"CKR_PIN_TOO_WEAK", "CKR_PUBLIC_KEY_INVALID"},
         "NSS": {"sizeof CK_C_INITIALIZE_ARGS", "CK_C_INITIALIZE_ARGS.pReserved"}}
FIELDS = re.compile(r"^    [\w *]*?\*?(\w+)(?:\[\d+\])?;$", re.M)
COMPILER = os.environ.get("CC", "cc")

HEADER_OF = {
    "p11-kit": ("p11-kit-1", "p11-kit/pkcs11.h", ""),
    "NSS": ("nss", "pkcs11.h", "#include <nspr.h>\n"),
}


def read_header():
    """(names of constants, {structure: fields}) of our header."""
    text = (HEADERS / "cryptoki.h").read_text()
    constants = [name for name in re.findall(r"^#define (CK\w+) ", text, re.M) if "SEALRING" not in name]
    structures = {name: FIELDS.findall(body) for name, body in
                  re.findall(r"typedef struct (\w+) \{\n(.*?)\n\}", text, re.S)}
    return constants, structures


def run(includes, flags, lines, folder):
    """What a program that prints @lines prints."""
    source = folder / "print.c"
    source.write_text(includes + "#include <stddef.h>\n#include <stdio.h>\nint main(void)\n{\n" + "\n".join(lines) +
                      "\nreturn 0;\n}\n")
    subprocess.run([COMPILER, "-w", *flags, "-o", folder / "print", source], check=True, timeout=60)
    return subprocess.run([folder / "print"], check=True, capture_output=True, text=True, timeout=10).stdout


def values(includes, flags, constants, structures, folder):
    """{name: value} of what the header has."""
    lines = [f'#ifdef {name}\nprintf("{name} %lu\\n", (unsigned long)({name}));\n#endif' for name in constants]
    for name, fields in structures.items():
        lines.append(f'printf("sizeof {name} %zu\\n", sizeof({name}));')
        lines += [f'printf("{name}.{field} %zu\\n", offsetof({name}, {field}));' for field in fields]
    return dict(line.rsplit(" ", 1) for line in run(includes, flags, lines, folder).splitlines())


def has_structure(includes, flags, name, fields, folder):
    source = folder / "probe.c"
    uses = "".join(f"int f_{field}[sizeof(((s *)0)->{field})];\n" for field in fields)
    source.write_text(f"{includes}typedef {name} s;\n{uses}")
    return subprocess.run([COMPILER, "-w", *flags, "-fsyntax-only", source], capture_output=True,
                          check=False, timeout=60).returncode == 0


def find(package):
    """The compiler's flags for a package; None when it is not installed."""
    found = subprocess.run(["pkg-config", "--cflags", package], capture_output=True, text=True, check=False)
    return found.stdout.split() if found.returncode == 0 else None


def compare(name, folder):
    """(what differs, how much was compared); None when the header is not there."""
    package, header, before = HEADER_OF[name]
    flags = find(package)
    if flags is None:
        return None
    constants, structures = read_header()
    theirs = f"{before}#include <{header}>\n"
    structures = {structure: fields for structure, fields in structures.items()
                  if has_structure(theirs, flags, structure, fields, folder)}
    ours = values('#include "pkcs11/cryptoki_functions.h"\n', [f"-I{HEADERS.parent}"], constants, structures, folder)
    others = values(theirs, flags, constants, structures, folder)
    return [f"{key} is {ours[key]}, and {other} there" for key, other in others.items()
            if ours[key] != other and key not in WRONG.get(name, ())], len(others), len(structures)


def compare_lists(name, folder):
    """The offsets of all functions in the lists that the other header knows."""
    package, header, before = HEADER_OF[name]
    flags, theirs = find(package), f"{before}#include <{header}>\n"
    differences, count = [], 0
    for structure, versions in (("CK_FUNCTION_LIST", ["2_40"]), ("CK_FUNCTION_LIST_3_0", ["2_40", "3_0"])):
        functions = [function for version in versions for function, _ in LISTS[version]]
        if not has_structure(theirs, flags, structure, functions, folder):
            continue
        structures = {structure: functions}
        ours = values('#include "pkcs11/cryptoki_functions.h"\n', [f"-I{HEADERS.parent}"], [], structures, folder)
        others = values(theirs, flags, [], structures, folder)
        differences += [key for key in ours if ours[key] != others[key]]
        count += len(ours)
    return differences, count


def main():
    print(f"1..{2 * len(HEADER_OF)}")
    good, number = True, 0
    with tempfile.TemporaryDirectory() as temporary:
        for name in HEADER_OF:
            result = compare(name, Path(temporary))
            if result is None:
                for what in ("values", "function-lists"):
                    number += 1
                    print(f"ok {number} - pkcs11-header: {what}-of-{name} # SKIP its header is not installed")
                continue
            for what, (differences, *counts) in (("values", result), ("function-lists",
                                                                      compare_lists(name, Path(temporary)))):
                number += 1
                passed = not differences and all(count > 10 for count in counts)
                print("".join(f"# {difference}\n" for difference in differences), end="")
                print(f"# compared: {counts}")
                print(f"{'ok' if passed else 'not ok'} {number} - pkcs11-header: {what}-of-{name}")
                good = good and passed
    sys.exit(0 if good else 1)


main()
