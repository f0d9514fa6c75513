"""Figures with a real Chromium: round trips to the host that it starts itself, beside the echo host, and how
long a page waits for a signature."""
import json
import statistics
import sys
import time
from pathlib import Path

from cli_world import BUILD, Skip

sys.path.append(str(Path(__file__).resolve().parents[1] / "browser"))

ECHO = "org.sealring.echo"
HOST = "org.sealring.host"
HELLO = {"jsonrpc": "2.0", "id": 1, "method": "sealring.hello"}
TRIPS = 300
STARTS = 15
SIGNATURES = 200
SIGN = """
    const {provider} = await discover(), times = [];
    for (let number = 0; number < COUNT; number++) {
        const message = TEXT.replace("bench00000000", `bench${String(number).padStart(8, "0")}`);
        const bytes = "0x" + [...new TextEncoder().encode(message)].map((byte) => byte.toString(16).padStart(2, "0")).join("");
        const begin = performance.now();
        await provider.request({method: "personal_sign", params: [bytes, ADDRESS]});
        times.push(performance.now() - begin);
    }
    return times;"""


def in_turns(tab, function, count, rounds, echoed=(HELLO,)):
    """[(milliseconds with sealring, with the echo host for each of @echoed)] of each round. The order changes."""
    turns = [(HOST, HELLO), *((ECHO, message) for message in echoed)]
    rows = []
    for number in range(rounds):
        first = number % len(turns)
        order = [*range(first, len(turns)), *range(first)]
        times = {turn: tab.run("return caller.{}({!r}, {}, {})".format(function, turns[turn][0], json.dumps(turns[turn][1]), count), 120) for turn in order}
        rows.append(tuple(times[turn] for turn in range(len(turns))))
    return rows


def as_many_bytes(tab):
    """What the echo host must echo to move as many bytes in all as a hello and its answer, which is some 15 times as long."""
    answer = tab.run(f"return caller.overPort({json.dumps(HELLO)})")["answer"]
    size = sum(len(json.dumps(value, separators=(",", ":"))) for value in (HELLO, answer)) // 2
    return {**HELLO, "padding": "x" * (size - len(json.dumps({**HELLO, "padding": ""}, separators=(",", ":"))))}


def bench_hosts(row, desk, browser, rounds):
    desk.write_manifest(browser, host=BUILD / "tests/bench/echo_host", name=ECHO)
    tab = desk.open(browser, browser.caller + "caller.html")
    tab.wait_for("!!window.caller")
    in_turns(tab, "trips", TRIPS, 2)  # the first ones are slower
    rows = in_turns(tab, "trips", TRIPS, 4 * rounds, (as_many_bytes(tab), HELLO))
    ours, long, short = (TRIPS * 1000 / statistics.median(column) for column in zip(*rows))
    ratios = [statistics.median(times[turn] / times[0] for times in rows) for turn in (1, 2)]
    row("Chromium: sealring.hello over a port", f"{ours:.0f} /s", f"echo host, as many bytes, {long:.0f} /s; at least 0.75", f"{ratios[0]:.2f}")
    row("", "", f"echo host, the request alone, {short:.0f} /s", f"{ratios[1]:.2f}")
    pairs = [(statistics.median(mine), statistics.median(echo)) for mine, echo in in_turns(tab, "startings", STARTS, 2 * rounds)]
    ours, theirs = (statistics.median(column) for column in zip(*pairs))
    ratio = statistics.median(mine / echo for mine, echo in pairs)
    row("Chromium: sendNativeMessage", f"{ours:.1f} ms", f"echo host, {theirs:.1f} ms; at most 1.15", f"{ratio:.2f} ×")


def bench_signature(row, desk, browser):
    site = desk.site(browser).connect()
    text = site.message(nonce="bench00000000", issued=time.strftime("%Y-%m-%dT%H:%M:%S.000Z", time.gmtime()))
    extension = f"chrome-extension://{browser.companion.split('/')[2]}"
    desk.run("grant", "add", "--extension", extension, "--origin", site.origin, "--key", "One", "--like", str(desk.write("like", text)),
             "--days", "1").expect(0, "grant")
    desk.shown()
    code = SIGN.replace("TEXT", json.dumps(text)).replace("ADDRESS", json.dumps("0x7E5F4552091A69125d5DfCb7b8C2659029395Bdf"))
    site.tab.run(code.replace("COUNT", "1"))
    times = site.tab.run(code.replace("COUNT", str(SIGNATURES)), 120)
    assert not desk.shown(), "the user was asked"
    value = statistics.median(times)
    row("Chromium: a page's personal_sign under a grant", f"{value:.1f} ms", "15 ms", f"{value / 15:.2f}")


def bench_browser(row, rounds):
    from browser_world import Desk  # it needs what `make bench` need not have
    desk = Desk()
    try:
        browser = desk.browser("chromium")
        bench_hosts(row, desk, browser, rounds)
        bench_signature(row, desk, browser)
    except Skip as skip:
        print(f"bench: {skip}: the figures of the browser are left out")
    finally:
        desk.close()
