#!/usr/bin/env python3
"""README and docs/: every console block is run and says what the page says ("…" stands for any text),
every link has its target, every command that is named exists."""
import re
import shlex
from pathlib import Path

import cli_world
from cli_world import World, check, equal, message

ROOT = Path(__file__).resolve().parents[2]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md")), ROOT / "tests/README.md", ROOT / "src/README.md"]


def commands(page):
    """(command, expected lines) of all console blocks, in order."""
    found = []
    for block in re.findall(r"^```console\n(.*?)^```$", page.read_text(), re.M | re.S):
        for part in re.split(r"^\$ ", block, flags=re.M)[1:]:
            command, _, output = part.partition("\n")
            found.append((command, output.splitlines()))
    return found


def line_fits(shown, got):
    return re.fullmatch(".*".join(map(re.escape, shown.split("…"))), got) is not None


def fits(shown, got):
    """A line of only "…" stands for any number of lines."""
    if not shown:
        return not got
    if shown[0] == "…":
        return any(fits(shown[1:], got[skip:]) for skip in range(len(got) + 1))
    return bool(got) and line_fits(shown[0], got[0]) and fits(shown[1:], got[1:])


def test_the_tour_of_the_readme_says_what_the_readme_says(world):
    world.unlock()
    world.write("broken.txt", message(nonce="abc"))
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
            world.write("message.txt", message(world.json("key", "list")["keys"][0]["address"]))
        if words[:2] == ["siwe", "sign"]:
            signature = run.output.strip()


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
            check(command in known or command == "help", f"{page.name}: sealring {command}")


def test_every_make_target_that_is_named_exists(world):
    targets = set(re.findall(r"^([a-z][a-z-]*):", (ROOT / "Makefile").read_text(), re.M))
    for page in PAGES:
        for target in re.findall(r"^make ([a-z-]+)|`make ([a-z-]+)`", page.read_text(), re.M):
            name = target[0] or target[1]
            check(name in targets, f"{page.name}: make {name}")


if __name__ == "__main__":
    cli_world.main("documents", dict(globals()), World)
