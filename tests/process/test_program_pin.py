#!/usr/bin/env python3
"""PINs of the keys token: set by the user or by a program, counted, locked, and gone with the token."""
import os

from cli_world import check, contains, equal, main
from program_world import (ACCOUNTS, CKA_LABEL, DATA, DIGEST, KEYS, PROTECTED_PATH, SO, USER_PIN_FINAL, USER_PIN_LOCKED,
                           USER_PIN_LOW, ProgramWorld)
from test_agent_races import vault_busy

HASH = bytes(32)



def pin(world, *words, value="1234"):
    return world.run("pkcs11", "pin", *words, "--passphrase-fd", "{fd}", passphrase=value)


def state(world):
    return world.json("pkcs11", "status")["pin"]


def test_the_user_sets_and_changes_the_pin(world):
    equal(state(world)["state"], "none", "at first")
    pin(world, "set").expect(0, "set")
    contains(world.shown(), "Choose a PIN for your sealring keys?".rstrip("?"), "asked")
    equal(state(world), {"state": "set", "failures": 0, "administrator": "none"}, "set")
    contains(pin(world, "set").expect(1, "twice").errors, "pkcs11 pin change", "the next step")
    pin(world, "change", value="9876").expect(0, "change")
    program = world.program()
    check(not program.token(KEYS)["flags"] & PROTECTED_PATH, "programs ask for it")
    check(program.token(ACCOUNTS)["flags"] & PROTECTED_PATH, "not for accounts")
    equal(program.login(KEYS, "1234"), "PIN_INCORRECT", "the old one")
    world.shown()
    equal(program.login(KEYS, "9876"), "OK", "the new one")
    equal(world.shown(), "", "nobody was asked")
    world.run("pkcs11", "pin", "remove").expect(0, "remove")
    equal(state(world)["state"], "none", "removed")
    equal(world.program().login(KEYS, "9876"), "PIN_INCORRECT", "no PIN, none is right")


def test_saying_no_leaves_the_pin_as_it_is(world):
    world.answer(False)
    pin(world, "set").expect(3, "denied")
    equal(state(world)["state"], "none", "not set")
    world.answer(True)
    pin(world, "set").expect(0, "set")
    world.answer(False)
    world.run("pkcs11", "pin", "remove").expect(3, "denied")
    equal(state(world)["state"], "set", "still set")
    equal(world.program().login(KEYS, "1234"), "OK", "and right")


def test_a_pin_has_4_to_255_bytes(world):
    for value in ("123", "x" * 256):
        check(pin(world, "set", value=value).status != 0, f"{len(value)} bytes")
    pin(world, "set", value="x" * 255).expect(0, "255 bytes")
    program = world.program()
    equal(program.login(KEYS, "x" * 255), "OK", "right")
    equal(program.set_pin("x" * 255, "123"), "PIN_LEN_RANGE", "C_SetPIN")
    equal(program.set_pin("x" * 255, "x" * 256), "PIN_LEN_RANGE", "C_SetPIN")


def test_wrong_pins_lock_and_restarts_do_not_help(world):
    pin(world, "set").expect(0, "set")
    program = world.program()
    equal(program.login(KEYS, ""), "PIN_INCORRECT", "an empty PIN")
    equal(state(world)["failures"], 0, "is no attempt")
    equal(program.login(KEYS, "0000"), "PIN_INCORRECT", "1")
    check(program.token(KEYS)["flags"] & USER_PIN_LOW, "the flag")
    equal(program.login(KEYS, "1234"), "OK", "right")
    equal(state(world)["failures"], 0, "counted anew")
    for index in range(4):
        equal(world.program().login(KEYS, "0000"), "PIN_INCORRECT", f"attempt {index}")
    check(program.token(KEYS)["flags"] & USER_PIN_FINAL, "the last try")
    world.kill()
    world.unlock()
    program = world.program()
    equal(program.login(KEYS, "0000"), "PIN_LOCKED", "the fifth, in another agent")
    check(program.token(KEYS)["flags"] & USER_PIN_LOCKED, "the flag")
    equal(program.login(KEYS, "1234"), "PIN_LOCKED", "the right one is too late")
    equal(program.set_pin("1234", "5678"), "PIN_LOCKED", "C_SetPIN neither")
    equal(state(world)["state"], "locked", "status")
    equal(program.login(KEYS), "OK", "the user can still say yes")
    pin(world, "change", value="4321").expect(0, "change")
    equal(world.program().login(KEYS, "4321"), "OK", "the new one")
    wrong = [entry for entry in world.json("log")["entries"] if entry["event"] == "wrong-pin"]
    equal(len(wrong), 6, "each wrong PIN is in the log")


def test_an_attempt_counts_before_it_is_checked(world):
    pin(world, "set").expect(0, "set")
    for _ in range(5):
        program = world.program()
        program.send(4, program.login_body(KEYS, "0000"))
        for _ in range(200):
            if state(world)["failures"]:
                break
        world.kill()
        program.close()
        world.unlock()
    check(state(world)["failures"] >= 5, "killing the agent gives no more guesses")
    equal(world.program().login(KEYS, "1234"), "PIN_LOCKED", "locked")


def test_a_store_that_does_not_answer_costs_no_attempt(world):
    pin(world, "set").expect(0, "set")
    program = world.program()
    program.list(KEYS)  # the objects are known, so that only the PIN is asked of the store
    with vault_busy(world):
        check(program.login(KEYS, "1234") not in ("OK", "PIN_INCORRECT", "PIN_LOCKED"), "nobody can say whether it is right")
    equal(state(world)["failures"], 0, "attempts")
    equal(program.login(KEYS, "1234"), "OK", "afterwards")


def test_the_pin_is_not_stored_as_it_is(world):
    pin(world, "set", value="secret-pin").expect(0, "set")
    program = world.program()
    program.login(KEYS, "secret-pin")
    program.login(KEYS, "wrong-pin-1")
    for name in ("state/sealring/state.db", "state/sealring/state.db-wal", "data/sealring/vault.db"):
        path = world.folder / name
        data = path.read_bytes() if path.exists() else b""
        check(b"secret-pin" not in data and b"wrong-pin-1" not in data, name)
    check("wrong-pin-1" not in world.run("log", "--json").output, "log")


def test_a_program_sets_pins_as_pkcs11_has_it(world):
    program = world.program()
    equal(program.set_pin("", "2222", init=True), "USER_NOT_LOGGED_IN", "only the administrator")
    equal(program.init_token("so-pin"), "OK", "C_InitToken")
    contains(world.shown(), "delete all your sealring keys", "the question")
    equal(program.login(KEYS, "1234", user=SO), "PIN_INCORRECT", "another PIN")
    equal(program.login(KEYS, "so-pin", user=SO), "OK", "the administrator")
    equal(program.set_pin("", "2222", init=True), "OK", "C_InitPIN")
    equal(program.set_pin("so-pin", "so-pin-2"), "OK", "C_SetPIN of the administrator")
    equal(program.logout(KEYS), "OK", "logout")
    equal(program.login(KEYS, "so-pin", user=SO), "PIN_INCORRECT", "the old one")
    equal(program.login(KEYS, "2222"), "OK", "the user's")
    equal(program.set_pin("2223", "3333"), "PIN_INCORRECT", "C_SetPIN with a wrong one")
    equal(program.set_pin("2222", "3333"), "OK", "C_SetPIN")
    equal(world.program().login(KEYS, "3333"), "OK", "the new one")
    equal(state(world)["administrator"], "set", "status")
    equal(program.login(ACCOUNTS, "so-pin", user=SO), "USER_TYPE_INVALID", "accounts have no administrator")
    equal(program.login(ACCOUNTS, "3333"), "PIN_INCORRECT", "and no PIN")


def test_the_prompt_sets_the_pin_when_the_program_has_none(world):
    world.write("passphrase", "5555")
    program = world.program()
    equal(program.set_pin("", "", given=False), "OK", "C_SetPIN on the protected path")
    contains(world.shown(), "Choose a PIN", "asked")
    equal(program.login(KEYS, "5555"), "OK", "as typed")


def test_init_token_removes_what_is_there_after_asking(world):
    world.json("key", "create", "--type", "p256", "--name", "one")
    program = world.program()
    program.login(KEYS)
    program.create(KEYS, DATA, {CKA_LABEL: b"data"})
    pin(world, "set").expect(0, "set")
    world.shown()
    world.answer(False)
    equal(program.init_token(), "FUNCTION_REJECTED", "denied")
    shown = world.shown()
    contains(shown, "Keys: 1", "how many")
    contains(shown, "other objects: 1", "how many")
    equal(len(program.list(KEYS)), 2, "nothing happened")
    world.answer(True)
    equal(program.init_token(label="mine"), "OK", "allowed")
    equal((program.list(KEYS), program.token(KEYS)["label"]), ([], "mine"), "empty")
    equal(len(program.list(ACCOUNTS)), 1, "accounts stay")
    equal(state(world)["state"], "none", "the PIN went too")
    equal(program.init_token(token=ACCOUNTS), "TOKEN_WRITE_PROTECTED", "accounts cannot be cleared")
    equal(program.set_pin("1234", "1234", token=ACCOUNTS), "TOKEN_WRITE_PROTECTED", "or have a PIN")


def test_a_grant_needs_no_pin(world):
    key = int(world.json("key", "create", "--type", "p256", "--name", "one")["key"]["id"], 16)
    pin(world, "set").expect(0, "set")
    executable = os.path.realpath("/proc/self/exe")
    world.run("grant", "add", "--program", executable, "--token", "keys").expect(0, "grant")
    world.shown()
    program = world.program()
    check(program.token(KEYS)["flags"] & PROTECTED_PATH, "it need not ask for one")
    equal((program.login(KEYS), program.try_sign(key, DIGEST, HASH)), ("OK", "OK"), "in")
    equal(world.shown(), "", "nobody was asked")


def test_an_empty_pin_is_a_question_where_none_is_set_and_wrong_where_one_is(world):
    for token in (ACCOUNTS, KEYS):
        world.shown()
        equal(world.program().login(token, ""), "OK", "no PIN is set")
        equal("Let" in world.shown(), token == KEYS, "the user is asked for the keys")
    world.answer(False)
    equal(world.program().login(KEYS, ""), "FUNCTION_CANCELED", "the user says no")
    equal(world.program().login(KEYS, "", user=SO), "PIN_INCORRECT", "the administrator")
    world.answer(True)
    pin(world, "set").expect(0, "set")
    world.shown()
    equal(world.program().login(KEYS, ""), "PIN_INCORRECT", "a PIN is set")
    equal(world.shown(), "", "nobody was asked")


def test_a_grant_lets_a_program_in_that_cannot_leave_the_pin_out(world):
    key = int(world.json("key", "create", "--type", "p256", "--name", "one")["key"]["id"], 16)
    world.run("grant", "add", "--program", os.path.realpath("/proc/self/exe"), "--token", "keys").expect(0, "grant")
    world.shown()
    program = world.program()
    equal((program.login(KEYS, "anything"), program.try_sign(key, DIGEST, HASH)), ("OK", "OK"), "in")
    equal(world.program().login(ACCOUNTS, "anything"), "PIN_INCORRECT", "the other token")
    pin(world, "set").expect(0, "set")
    world.shown()
    equal(world.program().login(KEYS, "anything"), "PIN_INCORRECT", "with a PIN only the right one")
    equal(world.shown(), "", "nobody was asked")


if __name__ == "__main__":
    main("program pin", {name: value for name, value in globals().items() if name.startswith("test_")}, ProgramWorld)
