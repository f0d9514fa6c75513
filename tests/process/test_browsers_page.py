#!/usr/bin/env -S python3 -B
"""docs/BROWSERS.md: its commands say what it says, its table is the one of the program."""
import re
import shlex
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests/support"))

import cli_world
from cli_world import check, equal
from console_page import commands, fits
from manifest_world import NAME, ManifestWorld

PAGE = ROOT / "docs/BROWSERS.md"
SECTIONS = [("BROWSERS.md", "Install"), ("BROWSERS.md", "Extensions of your own"), ("BROWSERS.md", "When it does not work")]
HOME = "/home/me"


def narrow(lines):
    """Columns are as wide as the longest cell, which depends on the length of the home's path."""
    return [re.sub(r" {2,}", "  ", line).rstrip() for line in lines]


def run(world, command):
    words = shlex.split(command)
    equal(words[0], "sealring", "command")
    done = subprocess.run([world.install_programs() / "sealring", *words[1:]], env=world.environment, capture_output=True,
                          text=True, stdin=subprocess.DEVNULL, check=False)
    equal(done.stderr, "", command)
    return narrow(done.stdout.replace(str(world.folder), HOME).splitlines())


def test_the_commands_say_what_the_page_says(world):
    world.program("chromium")
    world.program("firefox")
    for _, heading in SECTIONS:
        if heading.startswith("When"):
            run(world, "sealring browser uninstall")
            run(world, "sealring browser install")
        steps = commands(PAGE, heading)
        check(steps, f"no command below {heading}")
        for command, expected in steps:
            got = run(world, command)
            check(fits(narrow(expected), got), f"$ {command}\nsaid {got}\nthe page shows {narrow(expected)}")


def test_the_table_is_the_one_of_the_program(world):
    rows = dict(re.findall(r"^\| `([a-z-]+)` \| (`~[^|]*\|[^|]*) \|$", PAGE.read_text(), re.M))
    listed = {}
    for browser in world.json("list", "--all")["browsers"]:
        places = {row["scope"]: row["path"].replace(str(world.folder), "~") for row in browser["manifests"]}
        folders = [places[scope].removesuffix("/" + NAME) if scope in places else None for scope in ("user", "system")]
        listed[browser["browser"]] = " | ".join(f"`{folder}`" if folder else "–" for folder in folders)
    equal(rows, listed, "table")


if __name__ == "__main__":
    cli_world.main("browsers page", dict(globals()), ManifestWorld)
