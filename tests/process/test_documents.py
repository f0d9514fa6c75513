#!/usr/bin/env python3
"""README and docs/: every console block is run and says what the page says ("…" stands for any text),
every link has its target, every command that is named exists."""
import re
import shlex
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests/support"))

import cli_world
from cli_world import World, check, equal
from console_page import commands, fits

PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md")), ROOT / "tests/README.md", ROOT / "src/README.md"]


def write_messages(world):
    """As the page says."""
    code = re.search(r"^(printf '%s' .*?)\n```", (ROOT / "README.md").read_text(), re.M | re.S)[1]
    address = world.json("key", "list")["keys"][0]["address"]
    subprocess.run(["sh", "-e", "-c", code.replace("\nADDRESS\n", f"\n{address}\n")], cwd=world.folder, check=True)


def test_the_tour_of_the_readme_says_what_the_readme_says(world):
    world.unlock()
    signature = None
    steps = commands(ROOT / "README.md")
    check(len(steps) > 8, "the tour was not found")
    for command, expected in steps:
        words = shlex.split(command)
        equal(words[0], "sealring", "command")
        words = [str(world.folder / word) if word.endswith(".txt") else word for word in words[1:]]
        words = [signature if word == "0x…" else word for word in words]
        run = world.run(*words)
        got = (run.output + run.errors).splitlines()
        check(fits(expected, got), f"$ {command}\nsaid {got}\nthe page shows {expected}")
        if words[:2] == ["key", "create"]:
            write_messages(world)
        if words[:2] == ["siwe", "sign"]:
            signature = run.output.strip()


def test_every_other_console_block_is_run_by_a_test_of_its_program(world):
    scripts = "".join(path.read_text() for path in sorted((ROOT / "tests/clients").glob("test_*.py")))
    others = "".join(path.read_text() for path in (ROOT / "tests/process").glob("test_*_page.py"))
    for page in PAGES[1:]:
        for section in re.split(r"^## ", page.read_text(), flags=re.M)[1:]:
            heading = section.partition("\n")[0]
            if "```console" in section:
                check(f'show_page("{heading}"' in scripts or f'{page.name}", "{heading}"' in others,
                      f"nothing runs the section {heading} of {page.name}")


def test_every_link_has_its_target(world):
    for page in PAGES:
        text = page.read_text()
        for target in re.findall(r"\]\(([^)#]+)(?:#[^)]*)?\)|src=\"([^\"]+)\"", text):
            path = page.parent / (target[0] or target[1])
            check(path.exists(), f"{page.name}: {path} is missing")
        anchors = {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in re.findall(r"^#+ (.*)$", text, re.M)}
        for anchor in re.findall(r"\]\(#([^)]+)\)", text):
            check(anchor in anchors, f"{page.name}: #{anchor} is missing")


def test_every_named_command_exists(world):
    known = set(re.findall(r"^  ([a-z]+)", world.run("--help").output, re.M))
    for page in PAGES:
        for command in re.findall(r"`sealring ([a-z]+)", page.read_text()):
            named = command in known or command in ("help", "accounts", "keys")  # the last two are the tokens' labels
            check(named, f"{page.name}: sealring {command}")


def test_every_make_target_that_is_named_exists(world):
    targets = set(re.findall(r"^([a-z][a-z-]*):", (ROOT / "Makefile").read_text(), re.M))
    for page in PAGES:
        for target in re.findall(r"^make ([a-z-]+)|`make ([a-z-]+)`", page.read_text(), re.M):
            name = target[0] or target[1]
            check(name in targets, f"{page.name}: make {name}")


if __name__ == "__main__":
    cli_world.main("documents", dict(globals()), World)
