#!/usr/bin/env python3
"""Requests that cross: what was deleted, locked, renamed, answered late or given up while another request
waited. The list of keys, the store and the log must agree afterwards."""
import contextlib
import os
import socket
import sqlite3
import time

import cli_world
from agent_world import ADDRESS_ONE, AgentWorld, frame
from cli_world import PASSPHRASE, check, equal, message, wait_until
from test_agent_signing import recap_message

AGREE_AND_REMEMBER = "#!/bin/sh\ncat >>{0}/shown\necho remember\nexit 0\n"


def send_secret(port, method, params, secret):
    """A request with its secret in a memory file; the request's id."""
    fd = os.memfd_create("secret")
    os.write(fd, secret.encode())
    port.last_id += 1
    data = frame({"jsonrpc": "2.0", "id": port.last_id, "method": method, "params": params})
    sent = socket.send_fds(port.socket, [data], [fd])
    port.send_bytes(data[sent:])
    os.close(fd)
    return port.last_id


def outcome(reply):
    return reply["error"]["data"]["reason"] if "error" in reply else "done"


def outcomes(*ports):
    """How the next reply of each port came out, sorted."""
    return sorted(outcome(port.receive(20)) for port in ports)


@contextlib.contextmanager
def busy(path):
    """A file of SQLite that nobody else can write, nor read."""
    database = sqlite3.connect(path, isolation_level=None, timeout=10)
    try:
        database.execute("PRAGMA locking_mode = EXCLUSIVE")
        database.execute("BEGIN EXCLUSIVE")
        yield
    finally:
        with contextlib.suppress(sqlite3.Error):
            database.execute("ROLLBACK")
        database.close()


def vault_busy(world):
    return busy(world.folder / "data/sealring/vault.db")


def names(world):
    return sorted(key["name"] for key in world.json("key", "list")["keys"])


def restart(world):
    world.stop()
    world.unlock()


def events(world):
    return [entry["event"] for entry in world.json("log", "--limit", "1000")["entries"]]


def test_a_key_that_is_sealed_while_it_is_deleted_stays_deleted(world):
    world.run("sign", "--personal", "-", stdin="x").expect(0, "the key is in memory")
    deleting, sealing = world.cli(), world.cli()
    world.hold()
    deleting.send("keys.delete", {"key": "One"}, None)
    world.wait_for_question()
    with vault_busy(world):
        world.release()
        time.sleep(0.3)  # the deletion waits for the store
        send_secret(sealing, "keys.seal", {"key": "One", "passphrase": True}, "another one")
        time.sleep(0.7)
    equal(outcome(deleting.receive(20)), "done", "the deletion")
    equal(outcome(sealing.receive(20)), "KEY_NOT_FOUND", "the sealing")
    equal(names(world), [], "keys")
    restart(world)
    equal(names(world), [], "keys in the store")


def test_a_key_that_is_unsealed_while_it_is_deleted_stays_deleted(world):
    world.run("key", "seal", "One", "--passphrase-fd", "{fd}", passphrase="another one").expect(0, "seal")
    deleting, unsealing = world.cli(), world.cli()
    world.write("slow", "")
    deleting.send("keys.delete", {"key": "One"}, None)
    time.sleep(1.9)
    send_secret(unsealing, "keys.unseal", {"key": "One", "passphrase": True}, "another one")
    equal(outcome(deleting.receive(20)), "done", "the deletion")
    unsealing.receive(20)
    restart(world)
    equal(names(world), [], "keys in the store")


def test_two_keys_cannot_get_one_name(world):
    one, two = world.cli(), world.cli()
    for port in (one, two):
        port.send("keys.create", {"name": "Twin"}, None)
    equal(outcomes(one, two), ["KEY_EXISTS", "done"], "two new keys")
    one.send("keys.rename", {"key": "One", "name": "Other"}, None)
    two.send("keys.create", {"name": "Other"}, None)
    equal(outcomes(one, two), ["KEY_EXISTS", "done"], "a rename and a new key")
    send_secret(one, "keys.import", {"format": "hex", "name": "Third"}, "33" * 32)
    send_secret(two, "keys.import", {"format": "hex", "name": "Third"}, "44" * 32)
    equal(outcomes(one, two), ["KEY_EXISTS", "done"], "two imports")
    for port in (one, two):
        port.send("keys.create", {}, None)
    equal(outcomes(one, two), ["done", "done"], "two without a name")
    found = names(world)
    equal(len(found), len(set(found)), f"different names: {found}")


def test_one_key_cannot_be_imported_twice_at_once(world):
    one, two = world.cli(), world.cli()
    for port, name in ((one, "A"), (two, "B")):
        send_secret(port, "keys.import", {"format": "hex", "name": name}, "55" * 32)
    equal(outcomes(one, two), ["KEY_EXISTS", "done"], "imports")
    found = names(world)
    restart(world)
    equal(names(world), found, "the store agrees")


def test_changes_of_one_key_come_one_after_the_other(world):
    one, two, three = world.cli(), world.cli(), world.cli()
    key = world.json("key", "list")["keys"][0]["id"]
    send_secret(one, "keys.seal", {"key": key, "passphrase": True}, "another one")
    two.send("keys.rename", {"key": key, "name": "Renamed"}, None)
    send_secret(three, "keys.seal", {"key": key, "passphrase": True}, "a third one")
    equal(outcomes(one, two, three), ["INVALID_PARAMS", "done", "done"], "seal, rename, seal again")
    for what in ("list", "store"):
        keys = world.json("key", "list")["keys"]
        equal([(item["name"], item["sealed"]) for item in keys], [("Renamed", True)], what)
        restart(world)


def test_a_key_sealed_while_its_rename_is_asked_for_is_shown_sealed(world):
    browser = world.browser()
    world.hold()
    browser.send("keys.rename", {"key": "One", "name": "New"})
    world.wait_for_question()
    send_secret(cli := world.cli(), "keys.seal", {"key": "One", "passphrase": True}, "another one")
    equal(outcome(cli.receive(20)), "done", "the sealing")
    world.release()
    key = browser.receive(20)["result"]["key"]
    equal((key["name"], key["sealed"]), ("New", True), "the reply")
    equal([item["sealed"] for item in world.json("key", "list")["keys"]], [True], "the list")


def test_what_the_store_does_late_is_listed_and_logged(world):
    world.import_key("22" * 32, "Two")
    early, late = world.cli(), world.cli()
    with vault_busy(world):
        early.send("keys.rename", {"key": "One", "name": "Early"}, None)
        time.sleep(0.1)
        late.send("keys.rename", {"key": "Two", "name": "Late"}, None)
        equal(outcome(early.receive(20)), "STORE_UNAVAILABLE", "the first")
        equal(outcome(late.receive(20)), "STORE_UNAVAILABLE", "the second")
    wait_until(lambda: "rename-key" in events(world), "the late one is in the log")
    equal(names(world), ["Late", "One"], "keys")
    equal([event for event in events(world) if event in ("rename-key", "unanswered")], ["unanswered", "rename-key"], "the log")
    restart(world)
    equal(names(world), ["Late", "One"], "the store agrees")


def test_what_was_begun_for_a_client_that_left_is_in_the_log(world):
    with vault_busy(world):
        leaving = world.cli()
        leaving.send("keys.rename", {"key": "One", "name": "Orphan"}, None)
        leaving.result("eth_chainId", [], None)  # what came before has been begun
        time.sleep(0.2)
        leaving.close()
        time.sleep(0.2)
    state = sqlite3.connect(world.folder / "state/sealring/state.db")
    lines = lambda: state.execute("SELECT count(*) FROM audit WHERE entry LIKE '%rename-key%'").fetchone()[0]  # noqa: E731
    wait_until(lines, "a committed line")
    equal(lines(), 1, "committed lines")
    state.close()
    equal(names(world), ["Orphan"], "keys")


def test_nothing_is_written_for_a_client_that_left_before(world):
    leaving = world.cli()
    send_secret(leaving, "keys.import", {"format": "hex", "name": "Orphan"}, "66" * 32)
    leaving.close()
    time.sleep(0.5)
    restart(world)
    equal(events(world).count("import-key") == 2, "Orphan" in names(world), "log and store agree")


def test_unlocking_lets_waiting_requests_go_on(world):
    world.run("lock").expect(0, "lock")
    world.write("prompt", "#!/bin/sh\ncat >/dev/null\nexec sleep 60\n", 0o700)
    waiting = world.cli()
    waiting.send("keys.list", None, None)
    time.sleep(0.4)
    begin = time.monotonic()
    world.unlock()
    check("keys" in waiting.receive()["result"], "the list")
    check(time.monotonic() - begin < 5, "it did not wait for the prompt")


def test_locking_while_a_passphrase_is_asked_for_stays_locked(world):
    world.run("lock").expect(0, "lock")
    browser = world.browser(connect=False)
    world.hold()
    browser.send("eth_requestAccounts", [])
    world.wait_for_question()
    world.run("lock").expect(0, "lock again")
    equal(outcome(browser.receive()), "STORE_LOCKED", "the request")
    world.release()
    time.sleep(0.5)
    equal(world.json("status")["store"]["state"], "locked", "afterwards")


def test_locking_while_the_vault_opens_stays_locked(world):
    for pause in (0, 0.001, 0.01, 0.03):
        world.run("lock").expect(0, "lock")
        unlocking, locking = world.cli(), world.cli()
        for port in (unlocking, locking):
            port.result("eth_chainId", [], None)  # the agent listens to both
        send_secret(unlocking, "sealring.unlock", {"passphrase": True}, PASSPHRASE)
        time.sleep(pause)
        locking.result("sealring.lock", None, None)
        unlocking.receive(20)
        time.sleep(0.2)
        status = locking.result("sealring.status", None, None)
        equal((status["store"]["state"], status["unlockedKeys"]), ("locked", 0), f"after {pause} s")


def test_a_change_without_its_line_in_the_log_is_not_made(world):
    browser = world.browser(connect=False)
    state = sqlite3.connect(world.folder / "state/sealring/state.db", isolation_level=None, timeout=10)
    state.execute("CREATE TRIGGER no BEFORE INSERT ON audit BEGIN SELECT RAISE(ABORT, 'no'); END")
    cli = world.cli()
    equal(outcome(browser.call("eth_requestAccounts", [])), "STORE_UNAVAILABLE", "connecting")
    equal(outcome(cli.call("keys.setDefault", {"key": "One"}, None)), "STORE_UNAVAILABLE", "the default")
    state.execute("DROP TRIGGER no")
    equal(browser.result("eth_accounts", []), [], "not connected")
    equal(world.json("grant", "list")["grants"], [], "no grant")
    browser.result("eth_requestAccounts", [])
    state.execute("CREATE TRIGGER no BEFORE INSERT ON audit BEGIN SELECT RAISE(ABORT, 'no'); END")
    world.write("prompt", AGREE_AND_REMEMBER.format(world.folder), 0o700)
    text = recap_message(browser, "lostline01")
    equal(outcome(browser.call("siwe.sign", {"message": text})), "STORE_UNAVAILABLE", "signing")
    grant = world.json("grant", "list")["grants"][0]["id"]
    equal(outcome(cli.call("grants.revoke", {"id": grant}, None)), "STORE_UNAVAILABLE", "revoking")
    state.execute("DROP TRIGGER no")
    state.close()
    restart(world)
    equal([item["kind"] for item in world.json("grant", "list")["grants"]], ["accounts"], "grants as before")
    equal(world.run("log", "--verify").status, 0, "the chain")


def test_a_grant_revoked_while_the_key_is_opened_covers_nothing(world):
    browser = world.browser()
    world.write("prompt", AGREE_AND_REMEMBER.format(world.folder), 0o700)
    browser.result("siwe.sign", {"message": recap_message(browser, "beforerevoke1")})
    restart(world)
    names(world)
    grant = next(item["id"] for item in world.json("grant", "list")["grants"] if item["kind"] == "siwe")
    browser = world.browser(connect=False)
    world.write("prompt", cli_world.PROMPT.format(folder=world.folder), 0o700)
    world.answer(False)
    text, cli = recap_message(browser, "beforerevoke2"), world.cli()
    with vault_busy(world):
        number = browser.send("siwe.sign", {"message": text})
        time.sleep(0.3)
        cli.result("grants.revoke", {"id": grant}, None)  # by the user
    reply = browser.receive(20)
    equal((reply["id"], outcome(reply)), (number, "USER_REJECTED"), "the user is asked, and says no")


def test_the_command_line_is_not_remembered(world):
    world.write("prompt", AGREE_AND_REMEMBER.format(world.folder), 0o700)
    text = message(ADDRESS_ONE, nonce="fromacommand")
    equal(outcome(world.cli().call("siwe.sign", {"message": text}, None)), "done", "the sign-in")
    check("remember\t" not in world.shown(), "it is not offered")
    equal(world.json("grant", "list")["grants"], [], "grants")


def test_a_terminal_that_says_remember_is_not_remembered(world):
    world.stop()
    path = world.folder / "config/sealring/sealring.conf"
    path.write_text("".join(line for line in path.read_text().splitlines(True) if "prompt-command" not in line))
    world.unlock()
    cli = world.raw(client="cli", terminal=True)
    number = cli.send("siwe.sign", {"message": message(ADDRESS_ONE, nonce="fromaterminal")}, None)
    shown = cli.receive()
    equal(shown["method"], "prompt.show", "the question")
    cli.send("prompt.answer", {"prompt": shown["params"]["prompt"], "allow": True, "remember": True}, None)
    replies = {reply["id"]: outcome(reply) for reply in (cli.receive(), cli.receive())}
    equal(replies, {number: "done", number + 1: "done"}, "replies")
    equal(world.json("grant", "list")["grants"], [], "grants")


if __name__ == "__main__":
    cli_world.main("races", dict(globals()), AgentWorld)
