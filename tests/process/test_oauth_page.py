#!/usr/bin/env python3
"""docs/OAUTH.md against a real provider: its commands say what it says, its code works as it stands."""
import re
import shlex
import sys
import threading
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests/support"))

import cli_world
from cli_world import check, equal
from console_page import commands, fits
from extension_code import ExtensionCode
from oauth_provider import Provider
from oauth_world import CHROMIUM_REDIRECT, LOOPBACK, OAuthWorld, follow

PAGE = ROOT / "docs/OAUTH.md"
SECTIONS = [("OAUTH.md", "On the command line")]
SECONDS = 30


def code_blocks(heading):
    section = re.search(rf"^## {heading}\n(.*?)(?=^## |\Z)", PAGE.read_text(), re.M | re.S)[1]
    return re.findall(r"^```js\n(.*?)^```$", section, re.M | re.S)


def use_browser(world, provider):
    """The user's browser is a script that leaves the address; the user goes there at once."""
    place = world.folder / "opened"
    world.environment["BROWSER"] = str(world.write("browser", f'#!/bin/sh\nprintf %s "$1" >{place}.new\nmv {place}.new {place}\n', 0o700))

    def use():
        end = time.monotonic() + SECONDS
        while not place.exists() and time.monotonic() < end:
            time.sleep(0.02)
        follow(provider, provider.authorize(place.read_text()))

    threading.Thread(target=use, daemon=True).start()


def test_the_commands_say_what_the_page_says(world):
    steps = commands(PAGE, SECTIONS[0][1])
    check(len(steps) == 5, "the commands were not found")
    with Provider("openkey-1.6.11") as provider:
        use_browser(world, provider)
        client = provider.client("native", [LOOPBACK])
        account = None
        for command, expected in steps:
            names = {"https://id.example": provider.issuer, "CLIENT": client.id, "ACCOUNT": account}
            words = [names.get(word, word) for word in shlex.split(command)[1:]]
            shown = [line.replace("https://id.example", provider.issuer).replace("CLIENT", client.id) for line in expected]
            run = world.run(*words)
            got = [re.sub(r" {2,}", "  ", line).rstrip() for line in run.output.splitlines()]
            shown = [re.sub(r" {2,}", "  ", line).rstrip() for line in shown]
            check(run.status == 0 and fits(shown, got), f"$ {command}\nsaid {got} {run.errors}\nthe page shows {shown}")
            if words[0] == "login":
                account = world.json("account", "list")["accounts"][0]["id"]


def run_code(world, provider, code):
    """The value that @code ends with, whose user goes where it says."""
    def visit(what, url):
        redirect = provider.authorize(url)
        return redirect if what == "flow" else follow(provider, redirect)

    return ExtensionCode(world, packages=False).run(code, visit=visit)[1]


def test_the_code_for_extensions_works_as_it_stands(world):
    first = code_blocks("In an extension")
    second = code_blocks("Without launchWebAuthFlow")
    equal((len(first), len(second)), (1, 1), "blocks of code")
    with Provider("openkey-1.6.11") as provider:
        for blocks, redirect, call in ((first, CHROMIUM_REDIRECT, "done([await accessToken(), await accessToken()]);"),
                                       (first + second, LOOPBACK, "done([await signInByPort(), await accessToken()]);")):
            client = provider.client("spa" if redirect == CHROMIUM_REDIRECT else "native", [redirect])
            code = "\n".join(blocks) + "\n" + call
            for name, value in (("https://id.example", provider.issuer), ("CLIENT", client.id)):
                code = code.replace(name, value)
            got = run_code(world, provider, code)
            check(got[1] in provider.issued("access"), f"a token of the provider: {got}")
            world.run("account", "logout", world.json("account", "list")["accounts"][0]["id"]).expect(0, "logout")


if __name__ == "__main__":
    cli_world.main("oauth page", dict(globals()), OAuthWorld)
