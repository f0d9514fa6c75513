#!/usr/bin/env python3
"""What an extension hears of changes that others made, and the decisions about its own pages that it manages."""
import time

import cli_world
from agent_world import AgentWorld
from cli_world import EXTENSION, PAGE, PASSPHRASE, Failure, check, contains, equal

OTHER_EXTENSION = "p" * 32
OTHER_PAGE = "https://other.example.com"
CHANGED = {"jsonrpc": "2.0", "method": "sealring.changed", "params": {}}


def listening(world, extension=EXTENSION):
    """A port that asked to hear of changes, and has heard of all that were."""
    port = world.browser(extension, connect=False)
    port.result("sealring.hello", {"changes": True}, None)
    return port


def is_quiet(port):
    try:
        frame = port.receive(0.5)
    except Failure:
        return True
    raise Failure(f"heard {frame}")


def state_of(port):
    return port.result("sealring.hello", None, None)["store"]["state"]


def hears(port, what):
    equal(port.receive(), CHANGED, what)


def connected(world, extension=EXTENSION, pages=(PAGE, OTHER_PAGE)):
    port = world.browser(extension, connect=False)
    for page in pages:
        port.result("eth_requestAccounts", [], page)
    return port


def test_who_did_not_ask_for_changes_hears_of_none(world):
    port = connected(world)
    world.run("key", "create", "--name", "Second").expect(0, "create")
    world.run("lock").expect(0, "lock")
    check(is_quiet(port), "no notification")


def test_a_page_cannot_make_its_port_hear_of_changes(world):
    port = world.browser()
    port.result("sealring.hello", {"changes": True})
    world.run("key", "create", "--name", "Second").expect(0, "create")
    check(is_quiet(port), "no notification")


def test_an_extension_hears_what_others_do_to_keys_grants_and_the_store(world):
    connected(world)
    port = listening(world)
    world.run("key", "create", "--name", "Second").expect(0, "create")
    hears(port, "a new key")
    world.run("key", "default", "Second").expect(0, "default")
    hears(port, "another default key")
    world.run("grant", "revoke", world.json("grant", "list")["grants"][0]["id"]).expect(0, "revoke")
    hears(port, "a revoked connection")
    world.browser(OTHER_EXTENSION)
    hears(port, "another extension's connection")
    world.run("lock").expect(0, "lock")
    hears(port, "locked")
    world.unlock()
    hears(port, "unlocked")
    check(is_quiet(port), "once each")


def test_signing_and_asking_are_no_change(world):
    port = connected(world)
    other = listening(world)
    for method, params in (("eth_accounts", []), ("personal_sign", ["0x61", cli_world.ADDRESS_ONE]), ("sealring.status", None)):
        port.result(method, params)
    check(is_quiet(other), "no notification")


def test_hello_tells_of_a_lock_and_an_unlock_at_once(world):
    port = world.browser(connect=False)
    for _ in range(3):
        equal(state_of(port), "open", "at first")
        lock = port.send("sealring.lock", None, None)
        hello = port.send("sealring.hello", None, None)
        replies = {reply["id"]: reply.get("result") for reply in (port.receive(), port.receive())}
        equal((replies[lock], replies[hello]["store"]["state"]), (None, "locked"), "after the lock")
        unlocking = world.start("unlock", "--passphrase-fd", "{fd}", passphrase=PASSPHRASE)
        while unlocking.poll() is None:
            state_of(port)  # so that there is always a look of just before
        unlocking.communicate()
        equal((unlocking.returncode, state_of(port)), (0, "open"), "after the unlock")


def test_an_extension_unlocks_a_vault_with_the_passphrase_that_the_user_types(world):
    port = world.browser(connect=False)
    world.run("lock").expect(0, "lock")
    world.answer(False)
    equal((port.reason("sealring.unlock", None, None), state_of(port)), ("USER_REJECTED", "locked"), "when the user says no")
    world.answer(True)
    world.shown()
    equal(port.result("sealring.unlock", None, None)["store"]["state"], "open", "when the user types it")
    contains(world.shown(), "Unlock your sealring vault", "the question")


def test_hello_tells_soon_what_others_did_to_the_store(world):
    port = world.browser(connect=False)
    vault = world.folder / "data/sealring/vault.db"
    equal(state_of(port), "open", "at first")
    vault.rename(vault.with_suffix(".away"))
    time.sleep(0.06)
    equal(state_of(port), "empty", "without its file")
    vault.with_suffix(".away").rename(vault)
    time.sleep(0.06)
    equal(state_of(port), "open", "with it")


def test_hello_takes_no_other_params(world):
    port = world.browser(connect=False)
    for params in ({"change": True}, {"changes": 1}, {"changes": "yes"}):
        equal(port.reason("sealring.hello", params, None), "INVALID_PARAMS", str(params))


def test_an_extension_lists_and_revokes_what_its_own_pages_have(world):
    port = connected(world)
    connected(world, OTHER_EXTENSION, [PAGE])
    grants = port.result("grants.list", {}, None)["grants"]
    equal([(grant["extension"], grant["origin"]) for grant in grants],
          [(f"chrome-extension://{EXTENSION}", PAGE), (f"chrome-extension://{EXTENSION}", OTHER_PAGE)], "its own")
    equal(port.result("grants.revoke", {"id": grants[0]["id"]}, None), None, "revoking")
    equal(port.result("eth_accounts", [], PAGE), [], "the page is not connected any more")
    equal(len(port.result("eth_accounts", [], OTHER_PAGE)), 1, "the other page still is")
    equal(world.json("log")["entries"][-1]["event"], "revoke-grant", "the log")


def test_an_extension_cannot_touch_what_others_have(world):
    port = connected(world)
    connected(world, OTHER_EXTENSION, [PAGE])
    world.run("grant", "add", "--program", "/usr/bin/true", "--key", "One").expect(0, "a program")
    for grant in world.json("grant", "list")["grants"]:
        if grant.get("extension") != f"chrome-extension://{EXTENSION}":
            equal(port.reason("grants.revoke", {"id": grant["id"]}, None), "KEY_NOT_FOUND", grant["kind"])
    equal(len(world.json("grant", "list")["grants"]), 4, "all are there")
    equal(port.reason("grants.revoke", {"id": "nothing"}, None), "KEY_NOT_FOUND", "none of that id")


def test_pages_cannot_manage_decisions(world):
    port = connected(world)
    for method, params in (("grants.list", {}), ("grants.revoke", {"id": "x"}), ("grants.add", {})):
        equal(port.reason(method, params), "NOT_GRANTED", method)
    equal(port.reason("grants.add", {}, None), "NOT_GRANTED", "an extension adds none")


if __name__ == "__main__":
    cli_world.main("changes", dict(globals()), AgentWorld)
