"""The console blocks of a page: commands behind "$ ", what they say below; "…" stands for any text."""
import re


def commands(page, heading=None):
    """(command, expected lines) of all blocks in order, or of those below this "## " heading."""
    text = page.read_text()
    if heading:
        text = re.search(rf"^## {re.escape(heading)}\n(.*?)(?=^## |\Z)", text, re.M | re.S)[1]
    found = []
    for block in re.findall(r"^```console\n(.*?)^```$", text, re.M | re.S):
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
