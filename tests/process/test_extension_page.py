#!/usr/bin/env -S python3 -B
"""docs/EXTENSION.md: its code works as it stands and prints what the page shows; what it says of files and methods is so."""
import hashlib
import json
import re
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests/support"))

import cli_world
from cli_world import check, equal
from code_page import blocks, check_prints, with_prints
from extension_code import ExtensionCode
from oauth_provider import Provider
from oauth_world import CHROMIUM_REDIRECT, OAuthWorld

PAGE = ROOT / "docs/EXTENSION.md"

# What a page's message comes to, with the listener of "Acting for a page".
ASK_AS_A_PAGE = """
const ask = (asked, sender) => new Promise((reply) => browser.runtime.onMessage.fire(asked, sender, reply));
const page = { frameId: 0, origin: "https://app.example.com" };
const asked = [
  await ask({ method: "eth_requestAccounts", params: [], origin: "https://other.example.com" }, page),
  await ask({ method: "eth_accounts", params: [] }, { ...page, frameId: 1 }),
  await ask({ method: "sealring.lock" }, page),
];
"""


def test_the_code_prints_what_the_page_shows(world):
    parts = with_prints(PAGE, "js")
    check(len(parts) > 6, "the code was not found")
    with Provider("openkey-1.6.11") as provider:
        client = provider.client("spa", [CHROMIUM_REDIRECT])
        code = "\nmark();\n".join(code for code, _ in parts) + "\nmark();\n" + ASK_AS_A_PAGE + "done(asked);\n"
        code = code.replace("https://id.example", provider.issuer).replace("CLIENT", client.id)
        prints, asked = ExtensionCode(world, packages=False).run(code, visit=lambda _, url: provider.authorize(url))
    for (code, shown), got in zip(parts, prints):
        check_prints(code, shown, got)
    equal([list(answer) for answer in asked], [["result"], ["error"], ["error"]], "what pages got")
    equal([(answer["error"].get("code"), answer["error"]["message"]) for answer in asked[1:]],
          [(4100, "only the page itself may ask, not a frame in it"), (None, "sealring.lock is not for pages")], "what was refused")
    origins = {grant["origin"] for grant in world.json("grant", "list")["grants"]}
    check("https://app.example.com" in origins and "https://other.example.com" not in origins, f"who was connected: {origins}")


def test_the_manifest_is_one_that_the_companion_would_have_too(world):
    (_, text), = [block for block in blocks(PAGE) if block[0] == "json manifest"]
    shown, own = json.loads(text), json.loads((ROOT / "extension/manifest.json").read_text())
    for name in ("manifest_version", "background", "minimum_chrome_version", "permissions"):
        equal(shown[name], own[name], name)
    equal(shown["browser_specific_settings"]["gecko"]["strict_min_version"],
          own["browser_specific_settings"]["gecko"]["strict_min_version"], "Firefox")


def test_the_code_for_pages_parses_and_names_the_companion(world):
    parts = with_prints(PAGE, "js page")
    code = "\n".join(code for code, _ in parts)
    ExtensionCode(world, packages=False).run(f"async function page() {{ {code} }}\ndone(null);")
    own = json.loads((ROOT / "extension/manifest.json").read_text())
    inpage = (ROOT / "extension/inpage.js").read_text()
    check('RDNS = "org.sealring"' in inpage and 'info.rdns === "org.sealring"' in code, "the rdns")
    check(own["key"] and "dejmjgfpcmgkfnoekcfibcccgifpmjci.chromiumapp.org/callback" in PAGE.read_text(), "the redirect address")
    firefox = hashlib.sha1(own["browser_specific_settings"]["gecko"]["id"].encode()).hexdigest()
    check(f"https://{firefox}.extensions.allizom.org/callback/" in PAGE.read_text(), "the redirect address in Firefox")


def test_the_table_of_problems_is_that_of_the_module(world):
    module = (ROOT / "extension/sealring.js").read_text()
    told = set(re.findall(r"^\| `(\w+)` \|", PAGE.read_text(), re.M))
    equal(told & {"missing", "closed"}, {"missing", "closed"}, "the table")
    equal(set(re.findall(r'unavailable\(\s*"(\w+)"', module)), told, "problems")


def test_an_extension_has_every_method_that_the_page_says_it_has(world):
    methods = world.browser(connect=False).result("sealring.hello", origin=None)["methods"]
    table = re.search(r"An extension has:\n\n(.*?)\n\n", PAGE.read_text(), re.S)[1]
    named = set()
    for row in table.splitlines()[2:]:
        group = ""
        for name in re.findall(r"`([\w.*…]+)`", row.split("|")[1]):
            group = name.partition(".")[0] + "." if "." in name else group
            pattern = name if "." in name or name.startswith(("eth_", "wallet_", "personal_")) else group + name
            fitting = {method for method in methods if re.fullmatch(re.escape(pattern).replace("\\*", ".*").replace("…", ".*"), method)}
            check(fitting, f"{pattern} is none of {methods}")
            named |= fitting
    equal(sorted(methods), sorted(named), "methods of an extension")


if __name__ == "__main__":
    cli_world.main("extension page", dict(globals()), OAuthWorld)
