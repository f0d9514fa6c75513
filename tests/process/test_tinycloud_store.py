#!/usr/bin/env -S python3 -B
"""TinyCloud sessions in the vault and in a real gnome-keyring: none that was acknowledged is lost to a kill, a lock or a move, and the
oldest makes room."""
# tests/run: timeout=1500
import contextlib
import json
import os
import random
import signal
import threading
import time
from pathlib import Path

from agent_world import Raw
from cli_world import is_alive, wait_until
from tinycloud_world import (NOTES_REQUEST, NOTES_RESOURCE, OTHER_EXTENSION, OTHER_PAGE, PAGE, PASSPHRASE, Failure, SessionKeyringWorld,
                             check, equal, main)

SOAK = bool(os.environ.get("SOAK"))
KILLS = 100 if SOAK else 12
GET = [{"path": "notes", "actions": ["tinycloud.kv/get"]}]


def acting(session):
    return {"session": session["session"], "invocations": GET}


def remember(world):
    world.write("prompt", f"#!/bin/sh\ncat >>{world.folder}/shown\n[ \"$1\" != --passphrase ] || cat {world.folder}/passphrase\n"
                          "[ \"$1\" = --passphrase ] || echo remember\nexit 0\n", 0o700)


def kill(pid):
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, signal.SIGKILL)
    while any(is_alive(thread) for thread in Path(f"/proc/{pid}/task").glob("*")):
        time.sleep(0.002)


def opened(world, kind):
    """The world with the store of that kind and the key in it."""
    world.ready()
    if kind == "vault":
        world.json("store", "move", "vault", "--passphrase-fd", "{fd}", passphrase=PASSPHRASE)
    return world


def reopen(world, kind):
    if kind == "vault":
        world.unlock()


# --- kills and restarts ---------------------------------------------------------------------------

def check_survives(world, kind):
    opened(world, kind)
    browser = world.browser()
    remember(world)
    kept = {}
    for number in range(KILLS):
        pid = world.agent_pid()
        session = browser.result("session.signIn", {"capabilityRequest": NOTES_REQUEST})
        kill(pid)
        browser.close()
        world.ports.remove(browser)
        reopen(world, kind)
        browser = world.browser(connect=False)
        kept = {session["session"]: session, **dict(list(kept.items())[:10])}
        for one in kept.values():
            equal(world.restored(browser, session=one["session"]), ("restored", one), f"after kill {number}")
        browser.result("session.invoke", acting(session))
    world.verify(session)
    world.restart() if kind == "vault" else world.stop()
    browser = world.browser(connect=False)
    equal(world.restored(browser), ("restored", session), "after a restart")


def test_what_was_acknowledged_survives_a_kill_right_afterwards_in_the_vault(world):
    check_survives(world, "vault")


def test_what_was_acknowledged_survives_a_kill_right_afterwards_in_a_keyring(world):
    check_survives(world, "keyring")


def busy(port, alive, ended):
    """Sign in and out until the agent is gone; notes what was acknowledged."""
    with contextlib.suppress(Failure, OSError, TypeError):
        for number in range(1000):
            session = port.result("session.signIn", {"capabilityRequest": NOTES_REQUEST, "domain": "a.example.com"}, None)
            alive.append(session)
            if number % 3 == 2:
                victim = alive[-2]
                alive.remove(victim)
                port.result("session.signOut", {"session": victim["session"]}, None)
                ended.append(victim["session"])


def test_an_agent_killed_anywhere_keeps_what_it_said_it_has(world):
    opened(world, "vault")
    for number in range(KILLS // 2):
        port = Raw(world).attach(client="cli")
        alive, ended = [], []
        thread = threading.Thread(target=busy, args=(port, alive, ended))
        thread.start()
        time.sleep(0.2 + random.random() * 0.6)
        kill(world.agent_pid())
        thread.join()
        port.close()
        world.unlock()
        cli = world.cli()
        listed = {one["session"]: one["status"] for one in cli.result("session.list", {}, None)["sessions"]}
        equal(set(listed.values()) - {"valid"}, set(), f"kill {number}: what is not good")
        newest = [session["session"] for session in alive][-30:]
        equal([one for one in newest if one not in listed], [], f"kill {number}: lost")
        equal([one for one in ended if one in listed], [], f"kill {number}: came back")
        for one in listed:
            cli.result("session.signOut", {"session": one}, None)
        cli.close()
        world.ports.remove(cli)


# --- locked, hung, gone ---------------------------------------------------------------------------

def test_a_locked_keyring_is_said_and_afterwards_all_works(world):
    world.ready()
    browser = world.browser()
    session = world.sign_in(browser)
    world.stop()
    world.bus.lock()
    browser = world.browser(connect=False)
    calls = [("session.list", {}), ("session.restore", {}), ("session.invoke", acting(session)), ("session.signIn", {"capabilityRequest": NOTES_REQUEST}),
             ("session.key", {}), ("session.signOut", {"session": session["session"]}), ("session.signOut", {"session": session["session"], "revoke": True})]
    for method, params in calls:
        equal(browser.reason(method, params), "STORE_LOCKED", method)
    world.keyring.kill()
    world.keyring.start()
    equal(world.restored(browser), ("restored", session), "unlocked again")
    browser.result("session.invoke", acting(session))


def test_a_keyring_that_hangs_is_answered_in_time_and_nothing_is_signed_twice(world):
    world.ready()
    browser = world.browser()
    session = world.sign_in(browser)
    world.keyring.signal(signal.SIGSTOP)
    try:
        for method, params in [("session.signIn", {"capabilityRequest": NOTES_REQUEST}), ("session.list", {}), ("session.key", {})]:
            started = time.monotonic()
            equal(browser.reason(method, params), "STORE_UNAVAILABLE", method)
            check(time.monotonic() - started < 6, f"{method} took {time.monotonic() - started:.1f} s")
    finally:
        world.keyring.signal(signal.SIGCONT)
    wait_until(lambda: "result" in browser.call("session.list", {}), "it works again")
    check(session["session"] in world.ids(browser), "it is there")
    equal({one["status"] for one in browser.result("session.list")["sessions"]}, {"valid"}, "what came of the others is whole")
    browser.result("session.invoke", acting(session))


def test_a_locked_vault_has_no_session_without_its_passphrase(world):
    opened(world, "vault")
    browser = world.browser()
    session = world.sign_in(browser)
    browser.result("session.invoke", acting(session))
    world.run("lock").expect(0, "lock")
    world.answer(False)
    for method, params in [("session.invoke", acting(session)), ("session.restore", {}), ("session.list", {}),
                           ("session.signOut", {"session": session["session"]})]:
        found = browser.reason(method, params)
        check(found in ("USER_REJECTED", "BUSY"), f"{method}: {found}")
    world.answer(True)
    world.unlock()
    equal(world.restored(browser), ("restored", session), "unlocked")
    browser.result("session.invoke", acting(session))


def test_a_move_takes_sessions_along(world):
    world.ready()
    browser = world.browser()
    session, key = world.sign_in(browser), browser.result("session.key", {})
    browser.result("session.invoke", acting(session))
    for target in ("vault", "secret-service"):
        words = ["--passphrase-fd", "{fd}"] if target == "vault" else []
        moved = world.json("store", "move", target, *words, **({"passphrase": PASSPHRASE} if words else {}))
        equal((moved["moved"], moved["damaged"]), (3, []), target)
        for restart in (False, True):
            if restart:
                world.stop()
                if target == "vault":
                    world.unlock()
                browser = world.browser(connect=False)
            equal(world.restored(browser), ("restored", session), f"{target}: restore")
            equal(sorted(world.ids(browser)), sorted([session["session"], key["session"]]), f"{target}: the list")
            browser.result("session.invoke", acting(session))


# --- too many -------------------------------------------------------------------------------------

def test_the_thirty_third_session_takes_the_place_of_the_oldest(world):
    opened(world, "vault")
    browser = world.browser()
    remember(world)
    other = world.browser(OTHER_EXTENSION)
    theirs = world.sign_in(other)
    sessions = [browser.result("session.signIn", {"capabilityRequest": NOTES_REQUEST}) for _ in range(32)]
    ids = [session["session"] for session in sessions]
    equal(world.ids(browser), ids, "thirty-two, oldest first")
    for session in sessions[:2]:
        browser.result("session.invoke", acting(session))  # they are in memory
    extra = browser.result("session.signIn", {"capabilityRequest": NOTES_REQUEST})
    equal(world.ids(browser), [*ids[1:], extra["session"]], "the oldest has gone")
    equal(browser.reason("session.invoke", acting(sessions[0])), "KEY_NOT_FOUND", "the oldest does not act")
    browser.result("session.invoke", acting(sessions[1]))
    key = browser.result("session.key", {})
    equal(world.ids(browser), [*ids[2:], extra["session"], key["session"]], "a key takes a place too")
    equal(browser.reason("session.invoke", acting(sessions[1])), "KEY_NOT_FOUND", "the second does not act")
    equal(world.restored(other), ("restored", theirs), "another owner's stays")


def test_a_full_house_of_large_sessions_can_still_be_listed(world):
    opened(world, "vault")
    browser = world.browser()
    browser.result("eth_requestAccounts", [], OTHER_PAGE)
    other = world.browser(OTHER_EXTENSION)
    remember(world)
    large = {"resources": [{**NOTES_RESOURCE, "path": f"folder-number-{number}"} for number in range(24)]}
    for port, origin in ((browser, PAGE), (browser, OTHER_PAGE), (other, PAGE)):
        for _ in range(32):
            session = port.result("session.signIn", {"capabilityRequest": large}, origin)
    check(len(json.dumps(session)) > 14000, f"a session has {len(json.dumps(session))} bytes")
    equal(len(world.cli().result("session.list", {}, None, timeout=30)["sessions"]), 96, "sessions")
    equal(world.restored(other), ("restored", session), "the last one")


if __name__ == "__main__":
    main("tinycloud store", globals(), SessionKeyringWorld)
