#!/usr/bin/env python3
"""What a program must not get by the way it asks: uses that are not in the log, changes nobody agreed
to, questions that leave out what matters, and more than its share of the agent."""
# tests/run: timeout=1500
import contextlib
import os
import shutil
import sqlite3
import statistics
import subprocess
import tempfile
import time

from cli_world import ADDRESS_ONE, BUILD, PASSPHRASE, Skip, check, contains, equal, main, wait_until
from program_world import (ACCOUNTS, CERTIFICATE, CKA_LABEL, CREATE, DIGEST, ED25519, GENERATE, IMPORT, INIT_TOKEN, KEYS, P256,
                           SECP256K1, SESSION, ProgramWorld, child_says, counted, run_child, u8, u32)

HASH = bytes(32)
SELF = os.path.realpath("/proc/self/exe")


def counted_uses(world):
    return sum(entry["count"] for entry in world.json("log")["entries"] if entry["event"] == "program-uses")


def make_key(world, name="work", kind="p256"):
    return int(world.json("key", "create", "--type", kind, "--name", name)["key"]["id"], 16)


def test_logging_out_hides_no_use(world):
    world.run("pkcs11", "pin", "set", "--passphrase-fd", "{fd}", passphrase="1234").expect(0, "set")
    key = make_key(world)
    program = world.program()
    for _ in range(3):
        program.login(KEYS, "1234")
        program.sign(key, DIGEST, HASH)
        for _ in range(50):
            program.sign(key, DIGEST, HASH)
        program.logout(KEYS)
    wait_until(lambda: counted_uses(world) >= 150, "uses in the log")
    time.sleep(1.3)
    equal(counted_uses(world), 150, "uses in the log")


def test_uses_that_cannot_be_logged_end_the_rights(world):
    small = world.folder / "state/sealring"
    world.stop()
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m,mode=0700", "tmpfs", small], capture_output=True).returncode:
        raise Skip("cannot mount a small file system")
    try:
        world.unlock()
        key = make_key(world)
        program = world.program()
        program.login(KEYS)
        program.sign(key, DIGEST, HASH)
        before = counted_uses(world)
        # With a reader SQLite's log can only grow, which it cannot: that shows at the commit.
        with contextlib.closing(sqlite3.connect(small / "state.db", isolation_level=None)) as reader:
            reader.execute("BEGIN")
            reader.execute("SELECT count(*) FROM audit").fetchall()
            fill = open(small / "fill", "wb", 0)
            with fill, contextlib.suppress(OSError):
                while True:
                    fill.write(bytes(4096))
            other = world.program()
            while other.login(KEYS) == "OK":  # a line each
                other.logout(KEYS)
            used, name, end = 0, "OK", time.monotonic() + 20
            while name == "OK" and time.monotonic() < end:
                name = program.try_sign(key, DIGEST, HASH)
                used += name == "OK"
                time.sleep(0.005)
        check(name != "OK", "the use goes on without a log")
        os.unlink(small / "fill")
        wait_until(lambda: counted_uses(world) - before == used, "every use is in the log once there is room")
        world.run("log", "--verify").expect(0, "the log is whole")
        world.stop()
    finally:
        subprocess.run(["umount", "-l", small], check=True)


def test_accounts_are_not_changed_behind_the_users_back(world):
    program = world.program()
    equal(program.login(ACCOUNTS), "OK", "free")
    [account] = program.list(ACCOUNTS)
    world.shown()
    world.answer(False)
    equal(program.change(account["object"], {CKA_LABEL: b"other"})[0], "FUNCTION_REJECTED", "denied")
    contains(world.shown(), "beside your Ethereum accounts?", "asked")
    equal(program.result(CREATE, u32(ACCOUNTS) + u32(CERTIFICATE) + counted(b"")), "FUNCTION_REJECTED", "denied")
    world.shown()
    world.answer(True)
    made = program.create(ACCOUNTS, CERTIFICATE, {CKA_LABEL: b"cert"})["object"]
    contains(world.shown(), "beside your Ethereum accounts?", "asked")
    equal(program.change(made, {CKA_LABEL: b"other"})[0], "OK", "for as long as it runs")
    equal(program.destroy(made), "OK", "for as long as it runs")
    equal(world.shown(), "", "not asked again")


def test_a_grant_for_one_key_is_none_to_change_others(world):
    key, other = make_key(world), make_key(world, "other")
    user = world.program()
    user.login(KEYS)
    made = user.create(KEYS, CERTIFICATE, {CKA_LABEL: b"cert"})["object"]
    user.close()
    world.run("grant", "add", "--program", SELF, "--key", "work").expect(0, "grant")
    program = world.program()
    equal(program.login(KEYS), "OK", "login")
    program.sign(key, DIGEST, HASH)
    world.answer(False)
    equal(program.change(other, {CKA_LABEL: b"mine"})[0], "FUNCTION_REJECTED", "another key")
    equal(program.destroy(made), "FUNCTION_REJECTED", "a certificate")


def test_the_question_before_init_token_tells_of_the_pin(world):
    program = world.program()
    equal(program.init_token("so-pin", "label"), "OK", "init")
    contains(world.shown(), "administrator", "who has the PIN can let itself in")


def test_init_token_deletes_only_what_was_shown(world):
    make_key(world, "old")
    world.hold()
    program = world.program()
    program.send(INIT_TOKEN, u32(KEYS) + u8(0) + counted("") + counted("label".ljust(32)))
    world.wait_for_question("Keys: 1")
    make_key(world, "new")
    world.release()
    world.wait_for_question("Keys: 2")
    equal(program.answer()[0], 0, "agreed to both")
    equal([entry["name"] for entry in world.json("key", "list")["keys"]], ["One"], "gone")


def test_right_pins_at_the_same_time_are_all_right(world):
    world.run("pkcs11", "pin", "set", "--passphrase-fd", "{fd}", passphrase="1234").expect(0, "set")
    programs = [world.program() for _ in range(12)]
    for program in programs:
        program.send(4, program.login_body(KEYS, "1234"))
    equal([program.answer()[0] for program in programs], [0] * 12, "all let in")
    equal(world.json("pkcs11", "status")["pin"]["failures"], 0, "nothing is counted")


def test_session_keys_leave_room_for_others(world):
    children = [run_child(world, """
keep = [program] + [Program(Folder) for _ in range(15)]
print(sum(other.result(GENERATE, other.generate_body(SESSION, P256)) == "OK" for other in keep for _ in range(64)), flush=True)
sys.stdin.read()
""") for _ in range(3)]
    try:
        for child in children:
            equal(child.stdout.readline().strip(), "1024", "keys of the session")
        world.run("key", "create", "--name", "mine").expect(0, "a key of the user")
        program = world.program()
        program.login(KEYS)
        program.sign(program.generate(KEYS, P256)["object"], DIGEST, HASH)
    finally:
        for child in children:
            child.communicate("")


def test_programs_leave_the_user_time_for_pages(world):
    browser = world.browser()
    world.write("prompt", "#!/bin/sh\nexec sleep 60\n", 0o700)
    children = [run_child(world, """
keep = [Program(Folder) for i in range(4)]
for other in keep:
    other.send(LOGIN, other.login_body(KEYS))
print("ready", flush=True)
sys.stdin.read()
""") for _ in range(9)]
    try:
        for child in children:
            equal(child.stdout.readline().strip(), "ready", "asked")
        wait_until(lambda: world.json("status")["promptsWaiting"] == 16, "programs have half of the questions")
        browser.send("personal_sign", ["0x414141", ADDRESS_ONE])
        wait_until(lambda: world.json("status")["promptsWaiting"] == 17, "a page can still ask")
    finally:
        for child in children:
            child.kill()
            child.communicate()


def test_many_unnamed_keys_do_not_hold_up_the_agent(world):
    program = world.program()
    program.login(KEYS)
    for _ in range(900):
        program.generate(KEYS, ED25519)
    program.create(KEYS, CERTIFICATE, {CKA_LABEL: b"keys take no place of certificates"})
    spent = {"": [], "named": []}
    for index in range(20):
        for name, seconds in spent.items():
            started = time.monotonic()
            program.generate(KEYS, ED25519, label=name and f"{name} {index}")
            seconds.append(time.monotonic() - started)
    without, named = (statistics.median(seconds) for seconds in spent.values())  # one may meet a busy moment
    check(without < 4 * named, f"finding a name takes longer than making a key: {without} s, {named} s")


def test_keys_of_programs_are_counted(world):
    most = 1024
    world.stop()
    vault = world.folder / "data/sealring/vault.db"
    # In memory where that can be: a disk wants some ten milliseconds for each key.
    with tempfile.TemporaryDirectory(dir="/dev/shm" if os.access("/dev/shm", os.W_OK) else None) as folder:
        copy = shutil.copy(vault, folder)
        subprocess.run([BUILD / "tests/support_programs/fill_vault", copy, "ed25519", "0", str(most - 2)],
                       input=PASSPHRASE.encode(), check=True)
        shutil.copy(copy, vault)
    world.unlock()
    program = world.program()
    program.login(KEYS)
    world.shown()
    mine = program.generate(SESSION, P256)
    last = program.generate(KEYS, P256)["object"]
    for name, refused in (("GENERATE", program.result(GENERATE, program.generate_body(KEYS, P256))),
                          ("IMPORT", program.result(IMPORT, program.generate_body(KEYS, P256) + counted(bytes(31) + b"\5"))),
                          ("COPY", program.try_copy(mine["object"], KEYS))):
        equal(refused, "DEVICE_MEMORY", name)
    program.login(ACCOUNTS)
    equal(program.result(GENERATE, program.generate_body(ACCOUNTS, SECP256K1)), "DEVICE_MEMORY", "an account")
    equal(world.shown(), "", "nobody was asked in vain")
    equal(len(program.list(KEYS)) + len(program.list(ACCOUNTS)), most, "keys")
    world.run("key", "create", "--name", "mine").expect(0, "the user makes one more")
    program.destroy(last)
    world.run("key", "delete", "mine").expect(0, "and one less")
    equal(program.copy(mine["object"], KEYS)["public"], mine["public"], "there is room again")


def test_other_objects_are_counted(world):
    program = world.program()
    program.login(KEYS)
    for index in range(512):
        made = program.create(KEYS, CERTIFICATE, {CKA_LABEL: b"%d" % index})["object"]
    equal(program.result(CREATE, u32(KEYS) + u32(CERTIFICATE) + counted(b"")), "DEVICE_MEMORY", "one more")
    equal(program.change(made, {CKA_LABEL: b"other"})[0], "OK", "what is there can change")
    program.destroy(made)
    program.create(KEYS, CERTIFICATE, {})


def test_a_name_is_no_sentence(world):
    copy = world.folder / 'update. Agree" to let ssh and all the programs that you know and trust'
    shutil.copy(SELF, copy)
    equal(child_says(run_child(world, "print(program.login(1))", executable=str(copy))), "OK", "login")
    contains(world.shown(), "title\tLet update._Agree__to_let_ssh_and_all_the_pr use your keys?", "the question")
    child = run_child(world, f"""
os.unlink({str(copy)!r})
print(Program(Folder, program="/usr/bin/ssh").login(1))
""", executable=str(copy))
    equal(child_says(child), "OK", "login")
    contains(world.shown(), "title\tLet a program that calls itself ssh use your keys?", "the question")


if __name__ == "__main__":
    main("program limits", {name: value for name, value in globals().items() if name.startswith("test_")}, ProgramWorld)
