#!/usr/bin/env python3
"""docs/TINYCLOUD.md against a TinyCloud node: its code works as it stands and prints what the page shows, what the
user is shown is on the page, its commands say what they say there."""
import re
import shlex
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests/support"))

import cli_world
from agent_world import AgentWorld
from cli_world import check, equal
from code_page import blocks, check_prints, with_prints
from console_page import commands, fits
from extension_code import ExtensionCode
from tinycloud_node import TinyCloudNode

PAGE = ROOT / "docs/TINYCLOUD.md"
SECTIONS = [("TINYCLOUD.md", "On the command line")]
NODE_URL = "https://node.example"


def test_the_code_for_extensions_prints_what_the_page_shows(world):
    parts = with_prints(PAGE, "js")
    check(len(parts) > 10, "the code was not found")
    with TinyCloudNode() as node:
        code = "\nmark();\n".join(code for code, _ in parts) + "\ndone(null);\n"
        prints, _ = ExtensionCode(world).run(code.replace(NODE_URL, node.base))
        equal(len(prints), len(parts), "parts that ran")
        for (code, shown), got in zip(parts, prints):
            check_prints(code, shown, got)
        refusals = [entry["verdict"] for entry in node.log() if entry["status"] != 200]
        equal(len(refusals), 1, f"requests that the node refused: {refusals}")
    asked = [line.partition("\t")[2] for line in world.shown().splitlines()]
    for kind, text in blocks(PAGE):
        if kind == "text shown":
            check(fits(["…", *text.splitlines(), "…"], asked), f"the user was shown {asked}\nthe page shows {text}")


def test_the_program_prints_what_the_page_shows(world):
    (code, shown), = with_prints(PAGE, "python")
    (world.folder / "run/sealring").symlink_to(world.folder / "run/s")
    run = subprocess.run([sys.executable, "-c", code], env=world.environment, capture_output=True, text=True, timeout=30)
    equal((run.returncode, run.stderr), (0, ""), "the program")
    check_prints(code, shown, run.stdout.splitlines())


def test_the_commands_say_what_the_page_says(world):
    steps = commands(PAGE, SECTIONS[0][1])
    equal(len(steps), 3, "commands")
    session = world.browser().result("session.signIn", {"spacePrefix": "notes"})["session"]
    for command, expected in steps:
        run = world.run(*[session if word == "SESSION" else word for word in shlex.split(command)[1:]])
        shown, got = ([re.sub(r" {2,}", "  ", line).rstrip() for line in lines] for lines in (expected, run.output.splitlines()))
        check(run.status == 0 and fits(shown, got), f"$ {command}\nsaid {got} {run.errors}\nthe page shows {shown}")


if __name__ == "__main__":
    cli_world.main("tinycloud page", dict(globals()), AgentWorld)
