#!/usr/bin/env python3
"""C_CopyObject of a session's private key: it becomes a key of the token under the rules for new keys,
and stays what it is for the program."""
import time

from cli_world import contains, equal, main
from program_world import (ACCOUNTS, ALWAYS_AUTH, COPY, DIGEST, ED25519, EDDSA, GENERATE, KEYS, LOCAL, P256, SECP256K1, SESSION,
                           ProgramWorld, u64)
from test_agent_races import vault_busy
from test_program_service import events, logged_in, make_key

HASH = bytes(range(32))


def test_a_session_key_is_kept_on_the_token(world):
    program = logged_in(world)
    for curve, scheme, name in ((P256, DIGEST, "tls"), (ED25519, EDDSA, "mail")):
        mine = program.generate(SESSION, curve)
        kept = program.copy(mine["object"], KEYS, label=name, identifier=b"alias")
        equal((kept["public"], kept["curve"], kept["label"], kept["id"]), (mine["public"], curve, name, b"alias"), "the copy")
        equal(kept["flags"], LOCAL, "made here, as the session's")
        for key in (mine, kept, mine):
            equal(program.verify(mine, scheme, HASH, program.sign(key["object"], scheme, HASH)), "OK", "both sign")
    equal(world.shown(), "", "nothing more was asked")
    logged = [(entry["method"], entry["key"]) for entry in events(world, "create-key")]
    kept = [(f"{entry['object']:016x}", entry["label"]) for entry in program.list(KEYS)]
    equal(sorted(logged), sorted(("C_CopyObject", number) for number, _ in kept), "the log")
    world.stop()
    world.unlock()
    program = logged_in(world)
    equal(sorted((f"{entry['object']:016x}", entry["label"]) for entry in program.list(KEYS)), sorted(kept), "after a restart")
    equal(sorted(entry["name"] for entry in world.json("key", "list")["keys"]), ["One", "mail", "tls"], "for the user")


def test_the_copy_outlives_the_program(world):
    program = logged_in(world)
    mine = program.generate(SESSION, P256)
    kept = program.copy(mine["object"], KEYS)
    program.close()
    other = logged_in(world)
    equal(other.verify(mine, DIGEST, HASH, other.sign(kept["object"], DIGEST, HASH)), "OK", "another program signs with it")
    equal(other.try_sign(mine["object"], DIGEST, HASH), "KEY_HANDLE_INVALID", "the session's key is gone")


def test_a_key_that_was_brought_is_not_called_local(world):
    program = logged_in(world)
    mine = program.import_key(SESSION, P256, bytes(31) + b"\x07")
    equal(program.copy(mine["object"], KEYS)["flags"], 0, "on the token")
    equal([entry["method"] for entry in events(world, "import-key")], ["keys.import", "C_CopyObject"], "the log")


def test_what_is_asked_of_a_key_is_asked_of_its_copy(world):
    program = logged_in(world)
    mine = program.generate(SESSION, P256, flags=ALWAYS_AUTH)
    kept = program.copy(mine["object"], KEYS)
    equal(kept["flags"], LOCAL | ALWAYS_AUTH, "flags")
    equal(program.try_sign(kept["object"], DIGEST, HASH), "USER_NOT_LOGGED_IN", "each use has its login")


def test_an_account_is_asked_for(world):
    program = logged_in(world, ACCOUNTS)
    mine = program.generate(SESSION, SECP256K1)
    world.answer(False)
    equal(program.try_copy(mine["object"], ACCOUNTS), "FUNCTION_REJECTED", "denied")
    contains(world.shown(), "make a new Ethereum account?", "the question")
    world.answer(True)
    equal(program.copy(mine["object"], ACCOUNTS)["public"], mine["public"], "agreed")
    world.shown()
    brought = program.import_key(SESSION, SECP256K1, bytes(31) + b"\x07")
    program.copy(brought["object"], ACCOUNTS)
    contains(world.shown(), "The program knows this key", "the question says where it comes from")


def test_who_may_and_what_may_be_copied(world):
    program = world.program()
    mine = program.generate(SESSION, P256)
    equal(program.try_copy(mine["object"], KEYS), "USER_NOT_LOGGED_IN", "no login")
    program.login(KEYS)
    stored = int(make_key(world)["id"], 16)
    world.shown()
    equal(program.try_copy(mine["object"], ACCOUNTS), "ARGUMENTS_BAD", "the wrong token")
    equal(program.try_copy(mine["object"], 3), "ARGUMENTS_BAD", "no token")
    equal(program.try_copy(mine["object"], KEYS, label="x" * 256), "ARGUMENTS_BAD", "a long label")
    equal(program.try_copy(stored, KEYS), "OBJECT_HANDLE_INVALID", "a key of the token")
    equal(program.try_copy(stored, SESSION), "OBJECT_HANDLE_INVALID", "nor out of it")
    equal(program.try_copy(0, KEYS), "OBJECT_HANDLE_INVALID", "no key")
    equal(logged_in(world).try_copy(mine["object"], KEYS), "OBJECT_HANDLE_INVALID", "another application's")
    equal(program.result(COPY, u64(mine["object"])), "ARGUMENTS_BAD", "a short request")
    equal(program.destroy(mine["object"]), "OK", "destroyed")
    equal(program.try_copy(mine["object"], KEYS), "OBJECT_HANDLE_INVALID", "gone")
    equal(len(program.list(KEYS)), 1, "no key came of it")


def test_a_second_copy_is_refused_as_a_second_import(world):
    program = logged_in(world)
    mine = program.generate(SESSION, P256)
    kept = program.copy(mine["object"], KEYS, label="first")
    equal(program.try_copy(mine["object"], KEYS, label="second"), "FUNCTION_REJECTED", "again")
    equal([(entry["object"], entry["label"]) for entry in program.list(KEYS)], [(kept["object"], "first")], "as it was")


def test_names_of_copies_are_their_own(world):
    program = logged_in(world)
    other = world.program(program.application)
    keys = [program.generate(SESSION, ED25519) for _ in range(2)]
    with vault_busy(world):
        for connection, key in ((program, keys[0]), (other, keys[1])):
            connection.send(COPY, connection.copy_body(key["object"], KEYS, label="Twin"))
        time.sleep(0.3)
    equal([connection.answer()[0] for connection in (program, other)], [0, 0], "both are stored")
    equal(sorted(entry["name"] for entry in world.json("key", "list")["keys"]), ["Key 1", "One", "Twin"], "names")
    equal([entry["label"] for entry in program.list(KEYS)], ["Twin", "Twin"], "labels")


def test_a_session_key_that_could_not_be_stored_is_still_there(world):
    program = logged_in(world)
    mine = program.generate(SESSION, P256)
    with vault_busy(world):
        equal(program.try_copy(mine["object"], KEYS, label="late"), "DEVICE_ERROR", "the store does not answer")
        equal(program.try_sign(mine["object"], DIGEST, HASH), "OK", "it signs")
    equal(program.login(KEYS), "OK", "the keys are read again")
    late = program.copy(mine["object"], KEYS, label="late")
    equal((late["public"], late["label"]), (mine["public"], "late"), "stored")
    world.run("log", "--verify").expect(0, "the log is whole")


def test_a_key_destroyed_while_it_is_asked_for_is_not_stored(world):
    program = logged_in(world, ACCOUNTS)
    other = world.program(program.application)
    mine = program.generate(SESSION, SECP256K1)
    world.hold()
    program.send(COPY, program.copy_body(mine["object"], ACCOUNTS))
    world.wait_for_question()
    equal(other.destroy(mine["object"]), "OK", "destroyed")
    world.release()
    equal(program.answer(), (0x82, b""), "OBJECT_HANDLE_INVALID")
    equal([entry["label"] for entry in program.list(ACCOUNTS)], ["One"], "accounts")


def test_copies_within_the_session_count(world):
    program = world.program()
    mine = program.generate(SESSION, P256)
    copy = program.copy(mine["object"], SESSION, label="another")
    equal((copy["public"], copy["flags"], copy["label"]), (mine["public"], LOCAL, "another"), "the copy")
    program.destroy(mine["object"])
    equal(program.verify(mine, DIGEST, HASH, program.sign(copy["object"], DIGEST, HASH)), "OK", "has the key")
    while program.result(GENERATE, program.generate_body(SESSION, P256)) == "OK":
        pass
    equal(program.try_copy(copy["object"], SESSION), "DEVICE_MEMORY", "one too many")


if __name__ == "__main__":
    main("program copies", {name: value for name, value in globals().items() if name.startswith("test_")}, ProgramWorld)
