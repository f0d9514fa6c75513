"""The blocks of code of a page, and what the page says they print: "```js", then "```text"."""
import re

from cli_world import check
from console_page import fits


def blocks(page):
    """(kind, text) of all blocks: "js", "python", "text", "text shown", …"""
    return re.findall(r"^```(\w+(?: \w+)?)\n(.*?)^```$", page.read_text(), re.M | re.S)


def with_prints(page, kind):
    """(code, what the page says it prints) of each block of this kind."""
    found = []
    for language, text in blocks(page):
        if language == "text":
            found[-1][2] = text.splitlines()
        elif language != "text shown":
            found.append([language, text, []])
    return [(code, prints) for language, code, prints in found if language == kind]


def check_prints(code, shown, got):
    check(fits(shown, got), f"this code:\n{code}\nprinted {got}\nthe page shows {shown}")
