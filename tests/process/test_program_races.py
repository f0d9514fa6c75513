#!/usr/bin/env python3
"""Programs whose requests cross others: what is deleted must stay deleted, in the store as well, and no
change may be lost."""
import contextlib
import sqlite3
import time

from cli_world import equal, main
from program_world import (CERTIFICATE, CHANGE, CKA_ID, CKA_LABEL, DESTROY, INIT_TOKEN, KEYS, NAMES, P256, ProgramWorld, attributes,
                           counted, u8, u32, u64)
from test_agent_races import outcome, restart, vault_busy
from test_program_service import logged_in, make_key


def records(world):
    """How many the vault has, of every kind."""
    with contextlib.closing(sqlite3.connect(world.folder / "data/sealring/vault.db")) as vault:
        return vault.execute("SELECT count(*) FROM record").fetchone()[0]


def result(program):
    code, _ = program.answer()
    return NAMES.get(code, hex(code))


def change_body(number, values):
    return u64(number) + counted(attributes(values))


def two_connections(world):
    program = logged_in(world)
    return program, world.program(program.application)


def test_a_key_changed_while_it_is_deleted_leaves_nothing(world):
    before = records(world)
    key = int(make_key(world)["id"], 16)
    program, deleting = logged_in(world), world.cli()
    world.hold()
    deleting.send("keys.delete", {"key": "work"}, None)
    world.wait_for_question()
    with vault_busy(world):
        world.release()
        time.sleep(0.3)  # the deletion waits for the store
        program.send(CHANGE, change_body(key, {CKA_LABEL: b"other"}))
        program.taken()
    equal(outcome(deleting.receive(20)), "done", "the deletion")
    equal(result(program), "KEY_HANDLE_INVALID", "the change")
    equal(records(world), before, "records in the vault")
    restart(world)
    equal(world.program().list(KEYS), [], "keys in the store")


def test_a_key_deleted_while_it_is_changed_leaves_nothing(world):
    before = records(world)
    key = int(make_key(world)["id"], 16)
    program, deleting = logged_in(world), world.cli()
    with vault_busy(world):
        program.send(CHANGE, change_body(key, {CKA_LABEL: b"other"}))
        program.taken()
        deleting.send("keys.delete", {"key": "work"}, None)
        time.sleep(0.4)
    equal(result(program), "OK", "the change")
    equal(outcome(deleting.receive(20)), "done", "the deletion")
    equal(records(world), before, "records in the vault")


def test_an_object_changed_while_it_is_destroyed_stays_destroyed(world):
    program, other = two_connections(world)
    before = records(world)
    made = program.create(KEYS, CERTIFICATE, {CKA_LABEL: b"cert"})["object"]
    with vault_busy(world):
        program.send(DESTROY, u64(made))
        program.taken()
        other.send(CHANGE, change_body(made, {CKA_LABEL: b"other"}))
        other.taken()
    equal((result(program), result(other)), ("OK", "OBJECT_HANDLE_INVALID"), "destroyed, then changed")
    equal((program.list(KEYS), records(world)), ([], before), "what is there")


def test_an_object_is_destroyed_once(world):
    program, other = two_connections(world)
    made = program.create(KEYS, CERTIFICATE, {CKA_LABEL: b"cert"})["object"]
    with vault_busy(world):
        for connection in (program, other):
            connection.send(DESTROY, u64(made))
            connection.taken()
    equal((result(program), result(other)), ("OK", "OBJECT_HANDLE_INVALID"), "twice")
    equal([entry["event"] for entry in world.json("log")["entries"]].count("delete-object"), 1, "lines in the log")


def test_changes_at_the_same_time_are_both_made(world):
    program, other = two_connections(world)
    key = program.generate(KEYS, P256)["object"]
    made = program.create(KEYS, CERTIFICATE, {CKA_LABEL: b"cert", CKA_ID: b"1"})["object"]
    for number in (key, made):
        with vault_busy(world):
            program.send(CHANGE, change_body(number, {CKA_LABEL: b"new label"}))
            program.taken()
            other.send(CHANGE, change_body(number, {CKA_ID: b"new id"}))
            other.taken()
        equal((result(program), result(other)), ("OK", "OK"), "changes")
    for what in ("list", "store"):
        key_entry, object_entry = world.program().list(KEYS)
        equal((key_entry["label"], key_entry["id"]), ("new label", b"new id"), f"the key in the {what}")
        equal(object_entry["attributes"], {CKA_LABEL: b"new label", CKA_ID: b"new id"}, f"the certificate in the {what}")
        restart(world)


def test_a_change_while_the_token_is_cleared_leaves_nothing(world):
    before = records(world)
    key = int(make_key(world)["id"], 16)
    program, clearing = logged_in(world), world.program()
    renaming = world.cli()
    world.hold()
    clearing.send(INIT_TOKEN, u32(KEYS) + u8(0) + counted("") + counted("label".ljust(32)))
    world.wait_for_question()
    with vault_busy(world):
        world.release()  # the user has agreed
        time.sleep(0.3)
        program.send(CHANGE, change_body(key, {CKA_LABEL: b"other"}))
        renaming.send("keys.rename", {"key": "work", "name": "back again"}, None)
        program.taken()
    equal(result(clearing), "OK", "all is deleted")
    equal(result(program), "KEY_HANDLE_INVALID", "the change")
    equal(outcome(renaming.receive(20)), "KEY_NOT_FOUND", "the new name")
    equal(records(world), before, "records in the vault")
    restart(world)
    equal(world.program().list(KEYS), [], "keys in the store")


if __name__ == "__main__":
    main("program races", {name: value for name, value in globals().items() if name.startswith("test_")}, ProgramWorld)
