#!/usr/bin/env python3
"""One damaged key does not take the others away: what people, pages and scripts see of it, that it is
never used, and what can be done about it."""
import sqlite3

import cli_world
from agent_world import AgentWorld, ADDRESS_ONE
from cli_world import PASSPHRASE, Skip, check, contains, equal
from keyring_world import KeyringWorld
from store_probe import StoreProbe

KEY_TWO = "0" * 63 + "2"


def reload(world):
    """The agent forgets what it knows and reads its store again."""
    world.run("lock").expect(0, "lock")
    world.unlock()


def vault(world, sql, *values):
    connection = sqlite3.connect(world.folder / "data/sealring/vault.db")
    with connection:
        rows = connection.execute(sql, values).fetchall()
    connection.close()
    return rows


def damage(world, identifier):
    """Change the key's record in the vault; returns what it was."""
    [(sealed,)] = vault(world, "SELECT sealed FROM record WHERE id = ?", identifier)
    vault(world, "UPDATE record SET sealed = zeroblob(100) WHERE id = ?", identifier)
    reload(world)
    return sealed


def with_two_keys(world):
    """(id of the healthy key One, which is not the default; id of the damaged key Two, not either)."""
    one = world.json("key", "list")["keys"][0]["id"]
    two = world.import_key(KEY_TWO, "Two")["id"]
    damage(world, two)
    return one, two


def refused(world, reason, *words, **options):
    run = world.run(*words, "--json", **options)
    equal((run.status, run.json["error"]["data"]["reason"]), (1, reason), " ".join(map(str, words)))
    return run.json["error"]["message"]


def test_it_is_listed_beside_the_others(world):
    one, two = with_two_keys(world)
    listed = world.json("key", "list")
    equal([key["id"] for key in listed["keys"]], [one], "keys")
    equal([(key["id"], key["name"]) for key in listed["damaged"]], [(two, "Two")], "damaged")
    contains(listed["damaged"][0]["problem"], "damaged", "problem")
    text = world.run("key", "list").expect(0, "key list").output
    lines = text.splitlines()
    equal(len(lines), 4, f"lines of {text!r}")
    check(lines[2].startswith("!") and two in lines[2] and "damaged" in lines[2], f"its line: {lines[2]!r}")
    contains(lines[3], "sealring key delete", "advice")


def test_status_and_doctor_tell_of_it(world):
    with_two_keys(world)
    status = world.json("status")
    equal((status["keys"], status["damagedKeys"]), (1, 1), "counts")
    contains(world.run("status").expect(0, "status").output, "Damaged", "status")
    row = next(row for row in world.run("doctor", "--json").json["checks"] if row["name"] == "keys")
    equal((row["state"], row["detail"]), ("warn", "1, and 1 damaged"), "doctor")
    contains(row["next"], "sealring key list", "advice")


def test_the_others_sign(world):
    with_two_keys(world)
    world.run("sign", "--personal", "-", "--key", "One", stdin="x").expect(0, "sign")
    browser = world.browser()
    equal(browser.result("eth_accounts", []), [ADDRESS_ONE], "eth_accounts")
    browser.result("personal_sign", ["0x00", ADDRESS_ONE])


def test_it_is_never_used(world):
    _, two = with_two_keys(world)
    output = world.folder / "out"
    for name in (two, "Two"):
        refused(world, "CORRUPT", "sign", "--personal", "-", "--key", name, stdin="x")
        refused(world, "CORRUPT", "key", "show", name)
        refused(world, "CORRUPT", "key", "default", name)
        refused(world, "CORRUPT", "key", "rename", name, "Other")
        refused(world, "CORRUPT", "key", "seal", name, "--passphrase-fd", "{fd}", passphrase="p")
        refused(world, "CORRUPT", "key", "export", name, "--output", output, "--passphrase-fd", "{fd}", passphrase="p")
    check(not output.exists(), "no file")
    contains(world.run("sign", "--personal", "-", "--key", "Two", stdin="x").errors, "backup", "advice")


def test_no_page_is_told_of_it(world):
    browser = world.browser()
    two = world.import_key(KEY_TWO, "Two")
    world.run("grant", "add", "--extension", cli_world.EXTENSION, "--origin", cli_world.PAGE, "--key", "Two").expect(0, "connect")
    equal(len(browser.result("eth_accounts", [])), 2, "connected keys")
    damage(world, two["id"])
    equal(browser.result("eth_accounts", []), [ADDRESS_ONE], "eth_accounts")
    listed = browser.result("keys.list")
    equal((sorted(listed), len(listed["keys"])), (["keys"], 1), "keys.list")
    equal(browser.reason("personal_sign", ["0x00", two["address"]]), "NOT_GRANTED", "signing with it")
    check("damagedKeys" not in browser.result("sealring.status"), "status")


def test_no_key_takes_the_place_of_a_damaged_default(world):
    one = world.json("key", "list")["keys"][0]["id"]
    two = world.import_key(KEY_TWO, "Two")["id"]
    world.run("key", "default", "Two").expect(0, "default")
    damage(world, two)
    refused(world, "CORRUPT", "sign", "--personal", "-", stdin="x")
    refused(world, "CORRUPT", "key", "show")
    error = world.browser(connect=False).call("eth_requestAccounts", [])["error"]
    equal(error["data"]["reason"], "CORRUPT", "eth_requestAccounts")
    check("Two" not in error["message"] and two not in error["message"], f"pages can read {error['message']!r}")
    listed = world.json("key", "list")
    equal([key["default"] for key in listed["keys"] + listed["damaged"]], [False, True], "default")
    equal(world.json("key", "create", "--name", "Three")["key"]["default"], False, "a new key")
    equal(world.json("key", "default", "One")["key"]["id"], one, "another choice")
    world.run("sign", "--personal", "-", stdin="x").expect(0, "sign with it")


def test_it_is_deleted_by_its_id_after_a_question(world):
    _, two = with_two_keys(world)
    world.answer(False)
    world.run("key", "delete", two).expect(3, "the user says no")
    equal(len(world.json("key", "list")["damaged"]), 1, "it is still there")
    world.answer(True)
    world.shown()
    world.run("key", "delete", two).expect(0, "delete")
    shown = world.shown()
    check("damaged" in shown and two in shown, f"the question: {shown!r}")
    equal(world.json("key", "list")["damaged"], [], "damaged keys")
    reload(world)
    equal((len(world.json("key", "list")["keys"]), world.json("key", "list")["damaged"]), (1, []), "after a restart")
    equal([entry["key"] for entry in world.json("log")["entries"] if entry["event"] == "delete-key"], [two], "the log")
    refused(world, "KEY_NOT_FOUND", "key", "delete", two)


def test_its_grants_go_with_it(world):
    two = world.import_key(KEY_TWO, "Two")["id"]
    world.run("grant", "add", "--extension", cli_world.EXTENSION, "--origin", cli_world.PAGE, "--key", "Two").expect(0, "connect")
    damage(world, two)
    equal(len(world.json("grant", "list")["grants"]), 1, "kept until it is deleted: it may be repaired")
    world.run("key", "delete", two).expect(0, "delete")
    equal(world.json("grant", "list")["grants"], [], "grants")


def test_it_comes_back_when_its_record_does(world):
    two = world.import_key(KEY_TWO, "Two")["id"]
    sealed = damage(world, two)
    vault(world, "UPDATE record SET sealed = ? WHERE id = ?", sealed, two)
    refused(world, "KEY_NOT_FOUND", "key", "delete", two)
    equal(sorted(key["name"] for key in world.json("key", "list")["keys"]), ["One", "Two"], "both are there")
    equal(vault(world, "SELECT sealed FROM record WHERE id = ?", two), [(sealed,)], "its record")


def test_nothing_writes_over_it(world):
    _, two = with_two_keys(world)
    before = vault(world, "SELECT * FROM record WHERE id = ?", two)
    contains(refused(world, "KEY_EXISTS", "key", "import", "-", stdin=KEY_TWO), f"sealring key delete {two}", "advice")
    refused(world, "KEY_EXISTS", "key", "create", "--name", "Two")
    refused(world, "KEY_EXISTS", "key", "rename", "One", "Two")
    equal(vault(world, "SELECT * FROM record WHERE id = ?", two), before, "its record")
    world.run("key", "delete", two).expect(0, "delete")
    equal(world.import_key(KEY_TWO, "Two")["id"], two, "the key from a backup")


def test_what_a_vandal_writes_cannot_command_the_terminal(world):
    _, two = with_two_keys(world)
    vault(world, "UPDATE record SET label = ? WHERE id = ?", "\x1b[31m\n" + "\u202e" + "x" * 5000, two)
    vault(world, "UPDATE record SET id = ? WHERE id = ?", "a\x1b[0m\nb", two)
    reload(world)
    output = world.run("key", "list").expect(0, "key list").output
    check(output.isascii() and "\x1b" not in output and len(output) < 2000, f"not plain: {output!r}")
    equal(len(output.splitlines()), 4, "lines")
    world.run("key", "delete", world.json("key", "list")["damaged"][0]["id"]).expect(0, "delete")
    equal(world.json("key", "list")["damaged"], [], "damaged keys")


def test_a_vault_that_cannot_be_read_is_no_damaged_key(world):
    with_two_keys(world)
    vault(world, "DROP TABLE record")
    world.run("lock")
    world.run("unlock", "--passphrase-fd", "{fd}", passphrase=PASSPHRASE)
    refused(world, "CORRUPT", "key", "list")


def test_a_damaged_record_of_a_page_is_named_by_its_key_and_can_be_replaced(world):
    browser = world.browser()
    for name in ("a", "b", "c"):
        browser.result("storage.set", {"key": name, "value": name})
    vault(world, "UPDATE record SET sealed = zeroblob(100) WHERE kind = 'record' AND id ="
                 " (SELECT id FROM record WHERE kind = 'record' ORDER BY generation LIMIT 1)")
    equal(browser.result("storage.list", {}), {"keys": ["b", "c"]}, "storage.list")
    equal(browser.reason("storage.get", {"key": "a"}), "CORRUPT", "storage.get")
    equal(browser.result("storage.get", {"key": "b"}), {"value": "b"}, "another")
    browser.result("storage.set", {"key": "a", "value": "new"})
    equal(browser.result("storage.get", {"key": "a"}), {"value": "new"}, "replaced")


# --- the keyring --------------------------------------------------------------------------------

def in_a_keyring(test):
    world = KeyringWorld()
    try:
        if world.skip:
            raise Skip(world.skip)
        world.import_key()
        test(world)
    finally:
        world.close()


def test_in_a_keyring_it_is_listed_and_deleted_likewise(world):
    def test(world):
        with StoreProbe("--bus", world.bus.address) as probe:
            check(probe("put", "key", "0123456789abcdef", "secp256k1", "Torn", "not a key").ok, "put")
        world.run("lock").expect(0, "lock")
        world.run("unlock").expect(0, "unlock")
        listed = world.json("key", "list")
        equal(([key["name"] for key in listed["keys"]], [key["name"] for key in listed["damaged"]]), (["One"], ["Torn"]), "keys")
        world.run("sign", "--personal", "-", stdin="x").expect(0, "sign with the other")
        equal(world.items(), 2, "items")
        world.run("key", "delete", "0123456789abcdef").expect(0, "delete")
        equal(world.items(), 1, "items afterwards")
    in_a_keyring(test)


def test_a_move_leaves_what_cannot_be_read_and_names_it(world):
    def test(world):
        two = world.import_key(KEY_TWO, "Two")["id"]
        world.run("store", "move", "vault", "--passphrase-fd", "{fd}", passphrase=PASSPHRASE).expect(0, "to the vault")
        damage(world, two)
        before = vault(world, "SELECT * FROM record WHERE id = ?", two)
        world.shown()
        text = world.run("store", "move", "secret-service").expect(0, "back").output
        contains(world.shown(), "1 damaged", "the question")
        contains(text, f"key {two}", "it is named")
        equal([key["name"] for key in world.json("key", "list")["keys"]], ["One"], "keys in the keyring")
        equal(vault(world, "SELECT * FROM record WHERE kind = 'key'"), before, "what is left in the vault")
        moved = world.json("store", "move", "vault", "--passphrase-fd", "{fd}", passphrase=PASSPHRASE)
        equal((moved["moved"], moved["damaged"]), (1, []), "to the vault again")
        equal([key["id"] for key in world.json("key", "list")["damaged"]], [two], "it is there")
        moved = world.json("store", "move", "secret-service")
        equal((moved["moved"], moved["damaged"]), (1, [{"kind": "key", "id": two}]), "and back")
    in_a_keyring(test)


if __name__ == "__main__":
    cli_world.main("damaged", dict(globals()), AgentWorld)
