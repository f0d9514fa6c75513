#!/usr/bin/env python3
"""The main job with the key in a real gnome-keyring, and what the agent does when that keyring is
locked, hung, gone or comes back; and moving everything between keyring and vault."""
import contextlib
import os
import re
import signal
import time

import cli_world
from agent_world import ADDRESS_ONE
from cli_world import PASSPHRASE, Skip, check, contains, equal, is_running, message
from keyring_world import KeyringWorld, wait_until
from secret_search import MARKED, found_in, found_in_files, found_in_process_tables, left_in


def ready(world):
    if world.skip:
        raise Skip(world.skip)
    world.import_key()
    return world.browser()


def bounded(function, what, limit=3.6):
    begin = time.monotonic()
    result = function()
    check(time.monotonic() - begin < limit, f"{what} took {time.monotonic() - begin:.1f} s")
    return result


def sign_in(browser, nonce):
    return browser.result("siwe.sign", {"message": message(ADDRESS_ONE, nonce=nonce)})


def test_the_key_comes_out_of_the_keyring_and_signs(world):
    browser = ready(world)
    equal(browser.result("sealring.hello")["store"], {"name": "secret-service", "state": "open"}, "store")
    equal(world.items(), 1, "items in the keyring")
    sign_in(browser, "nonce00001")
    world.stop()
    browser = world.browser()
    signature = sign_in(browser, "nonce00002")["signature"]
    verified = browser.result("siwe.verify", {"message": message(ADDRESS_ONE, nonce="nonce00002"), "signature": signature})
    equal(verified["valid"], True, "after a restart")
    equal(world.shown().count("title\tUnlock"), 0, "no passphrase is asked for")


def test_a_key_of_the_keyring_is_nowhere_else_and_gone_after_lock(world):
    ready(world)
    world.run("key", "import", "-", "--name", "Marked", stdin=MARKED.hex()).expect(0, "import")
    world.stop()
    world.run("sign", "--key", "Marked", "--personal", "-", stdin="x").expect(0, "sign")
    pid = world.agent_pid()
    check("bytes" in found_in(pid), "the test can find an unlocked key")
    equal(found_in(pid, apart_from=("lo",)), [], "in ordinary memory")
    equal(found_in_process_tables(), [], "in command lines and environments")
    world.run("lock").expect(0, "lock")
    equal(left_in(pid), [], "left in the agent after lock")
    equal(found_in_files(world.folder), [], "in files")


def test_a_locked_keyring_is_said_at_once_and_nothing_is_made_elsewhere(world):
    browser = ready(world)
    world.stop()
    world.bus.lock()
    browser = world.browser(connect=False)
    equal(bounded(lambda: browser.reason("eth_requestAccounts", []), "answer"), "STORE_LOCKED", "reason")
    equal(browser.reason("keys.create", {}), "STORE_LOCKED", "making a key")
    equal(world.run("key", "list").status, 4, "exit status")
    check(not (world.folder / "data/sealring/vault.db").exists(), "no vault appeared")
    world.keyring.kill()
    world.keyring.start()
    equal(browser.result("eth_accounts", []), [ADDRESS_ONE], "unlocked again")


def test_a_question_that_is_withdrawn_before_it_is_asked_is_not_asked(world):
    """While the keys are read from the keyring."""
    ready(world)
    world.stop()
    browser = world.browser(connect=False)
    world.shown()
    browser.result("sealring.hello")
    world.keyring.signal(signal.SIGSTOP)  # so that it takes its time
    try:
        asked = browser.send("eth_requestAccounts", [], "https://gone.example.com")
        cancelled = browser.send("sealring.cancel", {"id": asked}, None)
        time.sleep(0.3)  # both are with the agent now
    finally:
        world.keyring.signal(signal.SIGCONT)
    replies = {reply["id"]: reply for reply in (browser.receive(), browser.receive())}
    equal((replies[asked]["error"]["data"]["reason"], replies[cancelled]["result"]), ("USER_REJECTED", None), "the answers")
    equal(world.shown(), "", "what was shown")


def test_hello_tells_at_once_that_a_keyring_without_password_was_unlocked(world):
    if world.skip:
        raise Skip(world.skip)
    world.keyring.kill()
    world.keyring.make_plain().password = ""
    world.keyring.start()
    browser = world.browser(connect=False)
    state = lambda: browser.result("sealring.hello")["store"]["state"]  # noqa: E731
    for _ in range(5):
        world.bus.lock()
        wait_until(lambda: state() == "locked", "locked")
        unlocking = world.start("unlock")
        while unlocking.poll() is None:
            state()  # so that there is always a look of just before
        unlocking.communicate()
        equal((unlocking.returncode, state()), (0, "open"), "after the unlock")


def test_an_extension_undoes_a_lock_only_when_the_user_agrees(world):
    """The keyring is open all the time, so no passphrase protects what was locked."""
    browser = ready(world)
    state = lambda: browser.result("sealring.status", None, None)["store"]["state"]  # noqa: E731
    world.run("lock").expect(0, "lock")
    contains(world.json("status")["store"]["detail"], "until `sealring unlock`", "who locked it")
    world.shown()
    equal(browser.reason("sealring.unlock"), "NOT_GRANTED", "a page")
    equal(browser.reason("sealring.unlock", {"passphrase": True}, None), "INVALID_PARAMS", "with a passphrase")
    equal(world.shown(), "", "what was shown")
    world.answer(False)
    equal((browser.reason("sealring.unlock", None, None), state()), ("USER_REJECTED", "locked"), "when the user says no")
    contains(world.shown(), "Unlock sealring?", "the question")
    world.answer(True)
    equal(browser.result("sealring.unlock", None, None)["store"]["state"], "open", "when the user agrees")
    check("Unlock sealring?" in world.shown(), "not asked")
    sign_in(browser, "nonce00009")
    world.shown()
    equal(browser.result("sealring.unlock", None, None)["store"]["state"], "open", "what is open")
    equal(world.shown(), "", "then nobody is asked")


def test_a_hung_keyring_is_answered_in_time_and_works_again(world):
    browser = ready(world)
    world.stop()
    browser = world.browser(connect=False)
    world.keyring.signal(signal.SIGSTOP)
    try:
        equal(bounded(lambda: browser.reason("eth_requestAccounts", []), "answer"), "STORE_UNAVAILABLE", "reason")
        equal(bounded(lambda: browser.result("eth_chainId", []), "another request", 1), "0x1", "others go on")
        equal(bounded(lambda: browser.result("sealring.hello"), "hello", 4)["store"]["state"], "unavailable", "hello")
    finally:
        world.keyring.signal(signal.SIGCONT)
    wait_until(lambda: browser.call("eth_accounts", []).get("result") == [ADDRESS_ONE], "it works again")


def test_a_keyring_that_went_away_and_came_back_is_used_again(world):
    browser = ready(world)
    world.keyring.kill()
    world.run("key", "create", "--name", "Lost").expect(4, "without a keyring")
    world.keyring.start()
    world.run("key", "create", "--name", "Kept").expect(0, "with it again")
    equal(sorted(key["name"] for key in world.json("key", "list")["keys"]), ["Kept", "One"], "keys")
    sign_in(browser, "nonce00003")


def test_a_bus_that_died_and_came_back_is_used_again(world):
    browser = ready(world)
    sign_in(browser, "nonce00004")
    world.bus.stop()
    world.keyring.stop()
    world.run("key", "create", "--name", "Lost").expect(4, "without a bus")
    world.bus.start()
    world.keyring.start()
    world.run("key", "create", "--name", "Kept").expect(0, "with it again")
    sign_in(browser, "nonce00005")


def test_without_a_bus_auto_keeps_to_the_store_that_has_the_keys(world):
    ready(world)
    world.stop()
    world.environment["DBUS_SESSION_BUS_ADDRESS"] = "disabled:"
    run = world.run("key", "list", "--json")
    equal((run.status, run.json["error"]["data"]["reason"]), (4, "STORE_UNAVAILABLE"), "the keys are not lost silently")
    check(not (world.folder / "data/sealring/vault.db").exists(), "no vault appeared")


def test_a_person_sees_what_the_item_is(world):
    ready(world)
    found = world.bus.call("org.freedesktop.secrets", "/org/freedesktop/secrets/collection/login",
                           "org.freedesktop.Secret.Collection.SearchItems", "dict:string:string:kind,key")
    path = re.search(r"/org/\S+", found)[0]
    label = world.bus.call("org.freedesktop.secrets", path, "org.freedesktop.DBus.Properties.Get",
                           "string:org.freedesktop.Secret.Item", "string:Label")
    check("One" in label, f"label: {label}")
    attributes = world.bus.call("org.freedesktop.secrets", path, "org.freedesktop.DBus.Properties.Get",
                                "string:org.freedesktop.Secret.Item", "string:Attributes")
    check("secp256k1" in attributes and ADDRESS_ONE[2:].lower() not in attributes.lower(), f"attributes: {attributes}")


def test_everything_moves_to_the_vault_and_back(world):
    browser = ready(world)
    browser.result("storage.set", {"key": "k", "value": "kept"})
    moved = world.json("store", "move", "vault", "--passphrase-fd", "{fd}", passphrase=PASSPHRASE)
    equal(moved, {"moved": 2, "damaged": [], "active": "vault"}, "to the vault")
    equal(world.items(), 0, "left in the keyring")
    equal(browser.result("storage.get", {"key": "k"}), {"value": "kept"}, "the record")
    sign_in(browser, "nonce00006")
    world.stop()
    equal(world.json("store", "show")["active"], "vault", "after a restart")
    world.unlock()
    equal(world.json("store", "move", "secret-service"), {"moved": 2, "damaged": [], "active": "secret-service"}, "and back")
    equal(world.items(), 1, "in the keyring again")
    browser = world.browser()
    sign_in(browser, "nonce00007")
    equal(browser.result("storage.get", {"key": "k"}), {"value": "kept"}, "the record")


def kill(pid):
    """Kill and wait for the end of all threads: until then the socket takes clients that nobody answers."""
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, signal.SIGKILL)
    deadline = time.monotonic() + 10
    while any(is_running(f"{pid}/task/{thread}") for thread in threads_of(pid)):
        check(time.monotonic() < deadline, "the agent does not end")
        time.sleep(0.002)


def threads_of(pid):
    with contextlib.suppress(OSError):
        return os.listdir(f"/proc/{pid}/task")
    return []


def test_a_move_killed_anywhere_loses_nothing_and_can_be_completed(world):
    ready(world)
    for number in range(6):
        world.run("key", "create", "--name", f"Key {number}").expect(0, "create")
    names = sorted(key["name"] for key in world.json("key", "list")["keys"])
    targets = ["vault", "secret-service"]
    for round_ in range(int(os.environ.get("SOAK", "0")) * 40 + 8):
        target = targets[round_ % 2]
        pid = world.agent_pid()
        command = world.start("store", "move", target, "--passphrase-fd", "{fd}", passphrase=PASSPHRASE) if target == "vault" \
            else world.start("store", "move", target)
        time.sleep(0.05 + 0.03 * (round_ // 2))
        kill(pid)
        command.communicate(timeout=60)
        if world.json("store", "show")["active"] == "vault":
            world.unlock()
        equal(sorted(key["name"] for key in world.json("key", "list")["keys"]), names, f"after kill {round_}")
        words = ["store", "move", target]
        if target == "vault":
            world.run(*words, "--passphrase-fd", "{fd}", passphrase=PASSPHRASE).expect(0, f"completing {round_}")
        else:
            if world.json("store", "show")["state"] != "open":
                world.unlock()
            world.run(*words, "--passphrase-fd", "{fd}", passphrase=PASSPHRASE).expect(0, f"completing {round_}")
        equal(world.json("store", "show")["active"], target, f"store after {round_}")
        equal(sorted(key["name"] for key in world.json("key", "list")["keys"]), names, f"after completing {round_}")


def test_a_label_that_another_program_made_an_address_signs_no_typed_data(world):
    browser = ready(world)
    key = browser.result("keys.create", {"name": "Curve", "type": "p256"})["key"]
    stranger = "0x" + "12" * 20
    found = world.bus.call("org.freedesktop.secrets", "/org/freedesktop/secrets/collection/login",
                           "org.freedesktop.Secret.Collection.SearchItems", f"dict:string:string:id,{key['id']}")
    check(found, "the item")
    done = world.bus.call("org.freedesktop.secrets", re.search(r"/org/\S+", found)[0], "org.freedesktop.DBus.Properties.Set",
                          "string:org.freedesktop.Secret.Item", "string:Label", f"variant:string:{stranger}")
    check(done is not None, "the new label")
    world.stop()
    browser = world.browser(connect=False)
    data = {"types": {"EIP712Domain": [], "M": [{"name": "a", "type": "string"}]}, "primaryType": "M", "domain": {}, "message": {"a": ""}}
    reply = browser.call("eth_signTypedData_v4", [stranger, data])
    equal(reply["error"]["data"]["reason"], "INVALID_PARAMS", "reason")
    check("not an Ethereum key" in reply["error"]["message"], reply["error"]["message"])


def test_a_keyring_that_hung_while_a_key_was_written_and_list_and_log_agree(world):
    ready(world)
    world.run("key", "create", "--name", "Warm").expect(0, "before")
    for number in range(4):
        cli = world.cli()
        cli.send("keys.create", {"name": f"Hung {number}"}, None)
        time.sleep(0.004 * number)
        world.keyring.signal(signal.SIGSTOP)
        try:
            cli.receive()
        finally:
            world.keyring.signal(signal.SIGCONT)
        items = world.items()  # said by the keyring behind what it still had to do
        wait_until(lambda: len(world.json("key", "list")["keys"]) == items, "as many keys as items of the keyring")
        listed = world.json("key", "list")["keys"]
        equal(len(listed), world.items(), "keys and items of the keyring")
        lines = world.json("log", "--limit", "1000")["entries"]
        logged = {entry.get("key") for entry in lines if entry["event"] in ("create-key", "import-key", "unanswered")}
        check({item["id"] for item in listed} <= logged, "each has its line")


if __name__ == "__main__":
    cli_world.main("keyring", dict(globals()), KeyringWorld)
