#!/usr/bin/env python3
"""docs/PROTOCOL.md against a running agent: every example is sent and its answer compared, every
method and every reason has its place on the page."""
import json
import re
from pathlib import Path

import cli_world
from agent_world import ADDRESS_ONE, EXTENSION, AgentWorld, frame
from cli_world import check, equal

ROOT = Path(__file__).resolve().parents[2]
PAGE_TEXT = (ROOT / "docs/PROTOCOL.md").read_text()
ERRORS_TEXT = (ROOT / "src/base/error.c").read_text()


def examples():
    """(heading, who asks, request, reply) of each pair of blocks."""
    heading, found, request = "", [], None
    for match in re.finditer(r"^#+ ([^\n]*)$|^```json (request|reply)( cli)?\n([^\n]*)\n```$", PAGE_TEXT, re.M):
        if match[1]:
            heading = match[1]
        elif match[2] == "request":
            request = (bool(match[3]), match[4])
        else:
            found.append((heading, request[0], request[1], match[4]))
    return found


def differs(shown, got, path):
    """What is different: "…" stands for any text, a prefix before it counts; lists of methods may grow."""
    if isinstance(shown, dict) and isinstance(got, dict):
        if sorted(shown) != sorted(got):
            return f"{path}: members {sorted(got)}, the page shows {sorted(shown)}"
        return next((text for name in shown if (text := differs(shown[name], got[name], f"{path}.{name}"))), None)
    if isinstance(shown, list) and isinstance(got, list):
        if path.endswith(".methods"):
            return None if set(shown) <= set(got) else f"{path}: {shown} is not in it"
        if len(shown) != len(got):
            return f"{path}: {len(got)} items, the page shows {len(shown)}"
        return next((text for i, item in enumerate(shown) if (text := differs(item, got[i], f"{path}[{i}]"))), None)
    if isinstance(shown, str) and shown.endswith("…"):
        return None if isinstance(got, str) and got.startswith(shown[:-1]) else f"{path}: {got!r}"
    if path.endswith(".entries") or path.endswith(".unlockedKeys") or path.endswith(".clients"):
        return None if isinstance(got, int) else f"{path}: {got!r}"
    return None if shown == got else f"{path}: {got!r}, the page shows {shown!r}"


def test_every_example_is_answered_as_the_page_says(world):
    key = world.json("key", "rename", "One", "Main")["key"]["id"]
    browser, cli = world.browser(EXTENSION), world.cli()
    check(len(examples()) > 25, "the examples of the page were not found")
    session = None
    for heading, by_cli, request, reply in examples():
        fill = lambda text: text.replace("ADDRESS", ADDRESS_ONE).replace('"KEY"', f'"{key}"').replace("SESSION", str(session))
        sent, shown = json.loads(fill(request)), json.loads(fill(reply))
        port = cli if by_cli else browser
        port.send_bytes(frame(sent))
        got = port.receive()
        equal(differs(shown, got, heading), None, "example")
        if heading in ("session.signIn", "session.key"):
            session = got["result"]["session"]
        if heading == "sealring.lock":
            world.unlock()


def test_every_method_has_a_heading_and_every_heading_a_method(world):
    methods = set(world.cli().result("sealring.hello", origin=None)["methods"])
    headings = set(re.findall(r"^### ([a-z][A-Za-z0-9]*[._]\S+)$", PAGE_TEXT, re.M))
    equal(sorted(headings ^ methods), [], "difference")


def test_an_extension_is_told_of_no_command_line_method(world):
    methods = set(world.browser().result("sealring.hello")["methods"])
    check("keys.export" not in methods and "personal_sign" in methods, f"methods: {sorted(methods)}")


def test_every_reason_and_its_code_is_a_row(world):
    rows = {row[0]: int(row[1]) for row in re.findall(r"^\| `([A-Z_]+)` \| (-?\d+) \|", PAGE_TEXT, re.M)}
    codes = {reason: int(code) for code, reason in re.findall(r"\{SR_ERROR_\w+, (-?\d+), \"([A-Z_]+)\"\}", ERRORS_TEXT)}
    check(len(codes) > 25, "the table of error.c was not found")
    equal(rows, codes, "reasons")


if __name__ == "__main__":
    cli_world.main("protocol", dict(globals()), AgentWorld)
