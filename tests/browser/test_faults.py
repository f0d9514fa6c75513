#!/usr/bin/env -S python3 -B
"""What goes wrong between browser and agent: killed hosts and agents, hosts of another version or of somebody
else's, none at all. A page gets 4900 and nothing stays pending; the next request works once all is well again."""
# tests/run: timeout=1500
import contextlib
import os
import signal

from broken_host import make
from browser_world import ADDRESS_ONE, COMPANION, Skip, check, equal, failed, main, succeeded, wait_until
from cli_world import is_running

# What is broken: the problems that the module may name. One that is slow to start is silent, too: the quick ones go first.
QUICK = {"text": {"garbage"}, "version": {"version"}, "dead": {"exited"}, "gone": {"exited", "garbage"}, "large": {"garbage"}}
KINDS = {**QUICK, "silent": {"silent"}, "mute": {"silent"}, "garbage": {"garbage", "silent"}, "strange": {"silent"}}


def sign(site):
    site.later("sign", "personal_sign", ["0x48656c6c6f", ADDRESS_ONE])


def asking(desk):
    wait_until(lambda: desk.json("status")["promptsWaiting"], "the question")


def page_host(desk, browser):
    """The host of the companion, not of other extensions."""
    def only_host():
        found = browser.hosts(extension=COMPANION[browser.kind])
        return found[0] if len(found) == 1 else None

    return wait_until(only_host, "one host of the companion, and no other")


def recovered(site, seconds=10):
    """The next request works, at once or after the pause between attempts."""
    answer = site.ask("eth_accounts")
    if "error" in answer:
        equal(answer["error"]["code"], 4900, "error")
        wait_until(lambda: "result" in site.ask("eth_accounts"), f"working again; {answer}", seconds)
    equal(succeeded(site.ask("eth_accounts")), [ADDRESS_ONE], "accounts")


def test_a_host_killed_in_the_middle_is_4900_and_the_next_request_works(desk, browser):
    site = desk.site(browser).connect().listen()
    with desk.slow():
        sign(site)
        asking(desk)
        os.kill(page_host(desk, browser), signal.SIGKILL)
        failed(site.answer("sign", 5), 4900, "AGENT_UNAVAILABLE")
    equal(succeeded(site.ask("eth_accounts")), [ADDRESS_ONE], "the next request")
    equal(len(site.heard("disconnect")), 1, "disconnect events")
    wait_until(lambda: site.heard("connect"), "connect")


def test_hosts_killed_again_and_again_do_no_harm(desk, browser):
    site = desk.site(browser).connect()
    for _ in range(4):
        os.kill(page_host(desk, browser), signal.SIGKILL)
        recovered(site)


def test_a_killed_agent_is_4900_and_comes_back_locked(desk, browser):
    site = desk.site(browser).connect().listen()
    with desk.slow():
        sign(site)
        asking(desk)
        desk.kill()
        failed(site.answer("sign", 5), 4900, "AGENT_UNAVAILABLE")
    wait_until(lambda: site.ask("eth_accounts").get("error", {}).get("reason") == "STORE_LOCKED", "another agent, which is locked")
    desk.unlock()
    equal(succeeded(site.ask("eth_accounts")), [ADDRESS_ONE], "accounts")


def test_an_agent_that_was_told_to_stop_comes_back(desk, browser):
    site = desk.site(browser).connect()
    for _ in range(3):
        desk.stop()
        wait_until(lambda: site.ask("eth_accounts").get("error", {}).get("reason") == "STORE_LOCKED", "another agent, which is locked")
        desk.unlock()
        equal(succeeded(site.ask("eth_accounts")), [ADDRESS_ONE], "accounts")


def with_broken_host(desk, browser, kind, seconds, requests=3):
    """What pages get from it: all requests end, as 4900, within @seconds; afterwards the real host works."""
    site = desk.site(browser).connect()
    desk.write_manifest(browser, host=make(desk, kind))
    os.kill(page_host(desk, browser), signal.SIGKILL)
    for number in range(requests):
        site.later(str(number), "eth_accounts")
    answers = [site.answer(str(number), seconds) for number in range(requests)]
    for answer in answers:
        failed(answer, 4900, "AGENT_UNAVAILABLE")
    desk.write_manifest(browser)
    recovered(site, 15)


def test_a_page_gets_4900_from_a_host_of_another_version(desk):
    desk.at_once(lambda browser: with_broken_host(desk, browser, "version", 5))


def test_a_page_gets_4900_from_a_program_that_writes_text(desk):
    desk.at_once(lambda browser: with_broken_host(desk, browser, "text", 15))


def test_a_page_gets_4900_from_each_broken_host(desk):
    if not os.environ.get("SOAK"):
        raise Skip("takes a minute and a half, with SOAK=1")
    for kind in KINDS:
        desk.at_once(lambda browser, kind=kind: with_broken_host(desk, browser, kind, 30))


def all_broken_hosts(desk, browser):
    """An extension with the module asks one of each kind, most of them at the same time: {kind: error}."""
    for kind in KINDS:
        desk.write_manifest(browser, host=make(desk, kind), name=f"org.sealring.{kind}")
    tab = desk.open(browser, browser.caller + "caller.html")
    tab.wait_for("!!window.caller")
    tab.run("window.ended = {}; window.askAll = (kinds) => { for (const kind of kinds) {"
            "  const sealring = new caller.Sealring({host: `org.sealring.${kind}`}), begin = performance.now();"
            "  Promise.all([1, 2, 3].map(() => caller.settle(sealring.request('eth_accounts', [])))).then((answers) =>"
            "    (ended[kind] = {errors: answers.map(({error}) => error), seconds: (performance.now() - begin) / 1000})); } }")
    for kinds in (QUICK, KINDS.keys() - QUICK):
        tab.run(f"askAll({list(kinds)})")
        wait_until(lambda kinds=kinds: tab.value(f"{list(kinds)}.every((kind) => kind in ended)"), f"all requests; {tab.value('Object.keys(ended)')}", 60)
    return tab.value("ended")


def frozen_host(desk, browser):
    """The real host stops, as in a debugger or on a machine that swaps; a page that waits for it."""
    site = desk.site(browser).connect()
    host = page_host(desk, browser)
    os.kill(host, signal.SIGSTOP)
    site.later("accounts", "eth_accounts")
    return site, host


def test_no_request_to_a_broken_host_is_pending_after_30_seconds(desk):
    def run(browser):
        site, host = frozen_host(desk, browser)
        try:
            ended = all_broken_hosts(desk, browser)
            failed(site.answer("accounts", 30), 4900, "AGENT_UNAVAILABLE")
            recovered(site)
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.kill(host, signal.SIGKILL)
        for kind, problems in KINDS.items():
            check(ended[kind]["seconds"] < 30, f"{kind}: {ended[kind]}")
            for error in ended[kind]["errors"]:
                equal((error["name"], error["code"], error["reason"]), ("SealringError", 4900, "AGENT_UNAVAILABLE"), kind)
                check(error["problem"] in problems, f"{kind}: {error}")

    desk.at_once(run)


def test_a_missing_host_is_4900_and_is_found_once_it_is_there(desk, browser):
    site = desk.site(browser).connect()
    (browser.manifests() / "org.sealring.host.json").unlink()
    browser.changed = True
    os.kill(page_host(desk, browser), signal.SIGKILL)
    for _ in range(3):
        failed(site.ask("eth_accounts"), 4900, "AGENT_UNAVAILABLE")
    desk.write_manifest(browser)
    recovered(site)


def test_a_companion_that_the_manifest_does_not_name_is_4900(desk, browser):
    site = desk.site(browser).connect()
    desk.write_manifest(browser, extensions=["a" * 32 if browser.kind == "chromium" else "other@example.org"])
    os.kill(page_host(desk, browser), signal.SIGKILL)
    failed(site.ask("eth_accounts"), 4900, "AGENT_UNAVAILABLE")
    desk.write_manifest(browser)
    recovered(site)


def test_a_host_that_is_not_executable_is_4900(desk, browser):
    site = desk.site(browser).connect()
    desk.write_manifest(browser, host=desk.write("not-executable", "x", 0o600))
    os.kill(page_host(desk, browser), signal.SIGKILL)
    failed(site.ask("eth_accounts"), 4900, "AGENT_UNAVAILABLE")
    desk.write_manifest(browser)
    recovered(site)


def test_nothing_is_left_of_a_browser_that_is_killed(desk):
    """The last one, since the browsers are gone after it."""
    for browser in desk.browsers():
        site = desk.site(browser)
        site.connect()
        with desk.slow():
            sign(site)
            asking(desk)
            host = page_host(desk, browser)
            os.kill(browser.process.pid, signal.SIGKILL)
            wait_until(lambda: not is_running(host), "the end of the host")
            wait_until(lambda: not desk.json("status")["promptsWaiting"], "the end of the question")
            desk.forget(browser)


if __name__ == "__main__":
    main("faults", dict(globals()))
