#!/usr/bin/env python3
"""Programs that mean no good, and ends at a bad moment: garbage, too much of everything, processes
that die in the middle. The agent must stay as it was."""
import contextlib
import os
import random
import socket
import struct
import threading
import time

from agent_world import INSTRUMENTED
from cli_world import check, equal, main, wait_until
from program_world import (DIGEST, HELLO, KEYS, LIST, LOGIN, P256, SIGN, TOKEN, WAIT, Program, ProgramWorld, child_says,
                           counted, packet, run_child, u32, u64, u8)

HASH = bytes(32)


def alive(world):
    """The agent serves others, and is the one it was."""
    program = world.program()
    equal(program.result(TOKEN, u32(KEYS)), "OK", "another program")
    program.close()


def programs(world):
    return world.json("pkcs11", "status")["programs"]


def test_the_first_packet_must_be_a_greeting(world):
    for first in (packet(TOKEN, u32(KEYS)), packet(0), packet(99, b"x" * 50), packet(WAIT), b"GET / HTTP/1.1\r\n\r\n" * 3):
        program = world.program(hello=False)
        program.socket.sendall(first)
        check(program.is_closed(), f"closed after {first[:12]!r}")
    alive(world)


def test_another_version_or_a_bad_greeting_is_refused(world):
    good = counted(b"") + counted(b"/x") + counted(b"") * 4
    for body in (u32(2) + good, u32(0) + good, u32(1) + good + b"x", u32(1) + good[:-1], b"",
                 u32(1) + counted(b"short") + good[4:]):
        program = world.program(hello=False)
        equal(program.result(HELLO, body), "ARGUMENTS_BAD", "refused")
        check(program.is_closed(), "and closed")
    program = world.program()
    equal(program.result(HELLO, u32(1) + good), "ARGUMENTS_BAD", "a second greeting")
    equal(program.result(TOKEN, u32(KEYS)), "OK", "the first one counts")


def test_silence_is_closed_after_five_seconds(world):
    started = time.monotonic()
    silent, slow = world.program(hello=False), world.program(hello=False)
    slow.socket.sendall(packet(HELLO, bytes(100))[:10])
    check(silent.is_closed() and slow.is_closed(), "closed")
    check(4 < time.monotonic() - started < 9, "after five seconds")


def test_malformed_bodies_are_refused_one_by_one(world):
    program = world.program()
    sign = u64(1) + u32(DIGEST) + counted(HASH)
    for operation, body in ((TOKEN, b""), (TOKEN, u32(KEYS) + b"x"), (TOKEN, u32(9)), (LIST, u32(KEYS)),
                            (LOGIN, u32(KEYS) + u32(7) + u64(0) + u8(0) + counted("")),
                            (LOGIN, u32(KEYS) + u32(1) + u64(0) + u8(2) + counted("")),
                            (SIGN, sign[:-1]), (SIGN, sign + b"x"), (SIGN, u64(1) + u32(77) + counted(HASH)),
                            (SIGN, u64(1) + u32(DIGEST) + u32(0xffffffff) + HASH), (9, b""), (10, b""), (16, b""), (12, u64(1) + counted(b"x"))):
        equal(program.result(operation, body), "ARGUMENTS_BAD", f"operation {operation}, {body!r}")
    for operation in (0, 17, 255, WAIT, 0xffffffff):
        equal(program.result(operation, b""), "FUNCTION_NOT_SUPPORTED", f"operation {operation}")
    equal(program.result(TOKEN, u32(KEYS)), "OK", "still served")


def test_a_packet_byte_by_byte_is_a_packet(world):
    program = world.program(hello=False)
    body = u32(1) + counted(b"") + counted("/usr/bin/testing") + counted("") * 4
    for data, wanted in ((packet(HELLO, body, 7), 7), (packet(TOKEN, u32(KEYS), 8), 8)):
        for byte in data:
            program.socket.sendall(bytes([byte]))
        equal(program.receive()[:2], (0, wanted), "the reply")


def test_too_long_is_the_end(world):
    for size in (0x110001, 0x7fffffff, 0xffffffff):
        program = world.program()
        program.socket.sendall(struct.pack("=III", size, SIGN, 1))
        check(program.is_closed(), f"{size} bytes")
    program = world.program()  # a PIN is short: no locked memory for megabytes
    program.socket.sendall(struct.pack("=III", 100000, LOGIN, 1))
    check(program.is_closed(), "a long PIN")
    alive(world)


def test_random_bytes_do_no_harm(world):
    chance = random.Random(1)
    for _ in range(150):
        program = world.program()
        with contextlib.suppress(OSError):
            for _ in range(chance.randrange(1, 5)):
                body = chance.randbytes(chance.choice((0, 1, 4, 8, 20, 60, 300)))
                code = chance.randrange(0, 20)
                if code != LOGIN:  # questions are another matter
                    program.socket.sendall(packet(code, body))
            program.socket.sendall(chance.randbytes(chance.randrange(0, 30)))
        program.close()
    alive(world)
    equal(world.shown(), "", "nobody was asked")


def test_a_process_has_16_connections(world):
    many = [world.program() for _ in range(16)]
    check(world.program(hello=False).is_closed(), "the 17th")
    child = run_child(world, "print(program.login(1))")
    equal(child_says(child), "OK", "other processes have their own")
    many[0].close()
    wait_until(lambda: len(programs(world)) == 15, "one less")
    alive(world)


def test_there_are_64_connections(world):
    children = [run_child(world, """
more = [Program(Folder) for _ in range(15)]
print("ready", flush=True)
sys.stdin.read()
""") for _ in range(4)]
    try:
        for child in children:
            equal(child.stdout.readline().strip(), "ready", "16 connections")
        check(world.program(hello=False).is_closed(), "the 65th")
        equal(world.json("status")["programs"], 64, "all served")
        equal(world.json("status")["clients"], 1, "the other clients have their own places")
    finally:
        for child in children:
            child.communicate("")
    wait_until(lambda: not programs(world), "all gone")
    alive(world)


def test_a_killed_program_leaves_nothing(world):
    child = run_child(world, """
program.login(1)
key = program.generate(1, 1)
program.sign(key["object"], 0, bytes(32))
print(key["object"], flush=True)
while True:
    program.sign(key["object"], 0, bytes(32))
""")
    key = int(child.stdout.readline())
    [entry] = programs(world)
    equal((entry["loggedIn"], entry["keysInUse"]), (["keys"], 1), "at work")
    child.kill()
    child.communicate()
    wait_until(lambda: not programs(world), "nothing is left of it")
    equal(world.program().try_sign(key, DIGEST, HASH), "USER_NOT_LOGGED_IN", "nobody inherits")
    world.run("log", "--verify").expect(0, "the log is whole")


def test_the_agent_killed_in_the_middle(world):
    program = world.program()
    program.login(KEYS)
    key = program.generate(KEYS, P256)["object"]
    for index in range(1000):
        program.send(SIGN, program.sign_body(key, DIGEST, HASH))
        if index == 500:
            world.kill()
            break
        program.answer()
    with contextlib.suppress(EOFError, ConnectionResetError, BrokenPipeError):
        while True:
            program.answer()
            program.send(SIGN, program.sign_body(key, DIGEST, HASH))
    world.unlock()
    again = world.program()
    equal(again.try_sign(key, DIGEST, HASH), "USER_NOT_LOGGED_IN", "the new agent knows of no login")
    again.login(KEYS)
    again.sign(key, DIGEST, HASH)
    world.run("log", "--verify").expect(0, "the log is whole")


def test_stopping_ends_programs_politely(world):
    world.write("prompt", "#!/bin/sh\nexec sleep 120\n", 0o700)
    waiting, idle = world.program(), world.program()
    waiting.send(LOGIN, waiting.login_body(KEYS))
    wait_until(lambda: world.json("status")["promptsWaiting"] == 1, "the question")
    started = time.monotonic()
    world.stop()
    check(time.monotonic() - started < 5, "it does not wait for the user")
    check(waiting.answer()[0] != 0, "the question was not answered")
    check(idle.is_closed(), "closed")


def test_locking_while_programs_sign(world):
    program = world.program()
    program.login(KEYS)
    key = program.generate(KEYS, P256)["object"]
    locked = threading.Event()
    wrong = []

    def work(connection):
        with contextlib.suppress(OSError, EOFError):
            while True:
                before = locked.is_set()
                name = connection.try_sign(key, DIGEST, HASH)
                if before and name == "OK":
                    wrong.append(name)
                if name != "OK":
                    return

    threads = [threading.Thread(target=work, args=(world.program(program.application),)) for _ in range(4)]
    for thread in threads:
        thread.start()
    time.sleep(0.3)
    world.run("lock").expect(0, "lock")
    locked.set()
    for thread in threads:
        thread.join(60)
        check(not thread.is_alive(), "it ends")
    equal(wrong, [], "no signature after the lock")
    world.run("log", "--verify").expect(0, "the log is whole")


def test_signing_while_everything_changes(world):
    """Programs sign, come and go, log in and out, while the user locks, unlocks, grants, revokes, renames
    and deletes. What is answered is right or refused; nothing stops."""
    executable = os.path.realpath("/proc/self/exe")
    stop = threading.Event()
    strange, counts = [], {"OK": 0}
    refusals = {"USER_NOT_LOGGED_IN", "KEY_HANDLE_INVALID", "FUNCTION_REJECTED", "FUNCTION_CANCELED", "DEVICE_ERROR",
                "FUNCTION_FAILED"}

    def work(seed):
        chance = random.Random(seed)
        while not stop.is_set():
            program = Program(world)
            for _ in range(chance.randrange(5, 60)):
                keys = program.list(KEYS)
                if chance.random() < 0.1:
                    program.logout(KEYS)
                name = program.login(KEYS)
                if name != "OK" and name not in refusals:
                    strange.append(("login", name))
                for key in keys:
                    for _ in range(5):
                        name, reply = program.call(SIGN, program.sign_body(key["object"], DIGEST, HASH))
                        counts["OK"] += name == "OK"
                        if name == "OK" and program.verify(key, DIGEST, HASH, reply.counted()) != "OK":
                            strange.append(("signature", key["label"]))
                        elif name != "OK" and name not in refusals:
                            strange.append(("sign", name))
            program.close()

    threads = [threading.Thread(target=work, args=(seed,)) for seed in range(4)]
    world.json("key", "create", "--type", "p256", "--name", "steady")
    for thread in threads:
        thread.start()
    try:
        for turn in range(3):
            name = f"key {turn}"
            world.run("key", "create", "--type", "p256", "--name", name).expect(0, "create")
            world.run("grant", "add", "--program", executable, "--key", name).expect(0, "grant")
            world.run("key", "rename", name, f"{name} again").expect(0, "rename")
            grant = world.json("grant", "list")["grants"][-1]
            world.run("grant", "revoke", grant["id"]).expect(0, "revoke")
            world.run("lock").expect(0, "lock")
            world.run("unlock")  # a program may have been faster
            world.run("key", "delete", f"{name} again").expect(0, "delete")
    finally:
        stop.set()
        for thread in threads:
            thread.join(60)
    check(not any(thread.is_alive() for thread in threads), "a program hangs")
    equal(strange, [], "answers")
    check(counts["OK"] > 50, f"{counts['OK']} signatures")
    wait_until(lambda: not programs(world), "all gone")
    world.run("log", "--verify").expect(0, "the log is whole")


def test_a_program_that_does_not_read_blocks_only_itself(world):
    program = world.program()
    program.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    program.socket.settimeout(0.5)
    with contextlib.suppress(OSError):
        while True:
            program.socket.sendall(packet(LIST, u32(KEYS) + u64(0) + u32(0)))
    alive(world)


def test_half_a_connection_is_none(world):
    world.write("prompt", f"#!/bin/sh\necho x >>'{world.folder}/shown'\nexec sleep 60\n", 0o700)
    program = world.program()
    program.send(LOGIN, program.login_body(KEYS))
    wait_until(world.shown, "asked")
    program.socket.shutdown(socket.SHUT_WR)
    wait_until(lambda: not programs(world), "whoever does not listen is not asked for")


def test_programs_have_no_rights_of_others(world):
    """pkcs11.sock takes no JSON, agent.sock no packets."""
    program = world.program(hello=False)
    program.socket.sendall(struct.pack("=I", 60) + b'{"jsonrpc":"2.0","method":"sealring.attach","params":{}}    ')
    check(program.is_closed(), "a frame")
    raw = world.raw()
    raw.send_bytes(packet(HELLO, u32(1) + counted(b"") * 6))
    equal(raw.receive()["error"]["data"]["reason"], "PARSE_ERROR", "a packet")
    alive(world)


def test_many_programs_at_once(world):
    children = [run_child(world, """
program.login(1)
key = program.generate(1, 1)
good = sum(program.verify(key, 0, bytes([i] * 32), program.sign(key["object"], 0, bytes([i] * 32))) == "OK" for i in range(200))
other = Program(Folder, program.application)
entries = len(other.list(1))
print(good, entries > 0)
""") for _ in range(8)]
    for child in children:
        equal(child_says(child, 200), "200 True", "each its own")
    wait_until(lambda: not programs(world), "all gone")
    world.run("log", "--verify").expect(0, "the log is whole")


def test_descriptors_and_memory_stay_flat(world):
    pid = world.agent_pid()

    def look():
        with open(f"/proc/{pid}/statm") as statm:
            return len(os.listdir(f"/proc/{pid}/fd")), int(statm.read().split()[1])

    def round_trip():
        for _ in range(50):
            program = Program(world)
            program.list(KEYS)
            program.close()

    round_trip()
    wait_until(lambda: not programs(world), "all gone")
    time.sleep(1)  # the command line that said so is gone too
    fds, pages = look()
    for _ in range(6):
        round_trip()
    wait_until(lambda: not programs(world), "all gone")
    wait_until(lambda: look()[0] <= fds, "as few descriptors as before")
    later_pages = look()[1]
    check(INSTRUMENTED or later_pages - pages < 1024, f"{later_pages - pages} pages more")


if __name__ == "__main__":
    main("program attacks", {name: value for name, value in globals().items() if name.startswith("test_")}, ProgramWorld)
