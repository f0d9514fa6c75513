#!/usr/bin/env -S python3 -B
"""Where the command line keeps a secret that passes through it: while it is used in locked pages of its
own, and nowhere once it was handed over."""
import contextlib
import fcntl
import os
import re
import signal
import subprocess
import sys
import termios
import time

import cli_world
from agent_world import AgentWorld
from cli_world import Terminal, check, equal, open_proc, wait_until
from secret_search import (MARKED, PHRASE, SECRET_PAGES, found_in, found_in_files, found_in_process_tables,
                           held_at_its_end, left_in)


class EmptyWorld(AgentWorld):
    """Without a vault: its passphrase may be a marked one."""

    def __init__(self):
        super().__init__(setup=False)


def only_in_secret_pages(pid, form):
    """Wait until the secret has come, then look where it is."""
    wait_until(lambda: form in found_in(pid), f"{form} in the memory of the command")
    equal(found_in(pid, apart_from=SECRET_PAGES), [], "outside of secret pages")
    equal(found_in_process_tables(), [], "in command lines and environments")


def run_to_its_end(world, *words, stdin=b"", status=0, **options):
    """Run a command with nothing of the secrets in its memory when it ends; what it printed."""
    process = world.start(*words, stdin=subprocess.PIPE, **options)
    try:
        with held_at_its_end(process.pid) as hold:
            process.stdin.write(stdin)
            process.stdin.close()
            hold()
            equal(found_in(process.pid), [], f"in the memory of {words[:2]} at its end")
        output = process.stdout.read()
        equal(process.wait(30), status, f"status of {words[:2]}")
        return output
    finally:
        stop(process)


def stop(process):
    process.kill()
    process.wait()
    for stream in (process.stdin, process.stdout, process.stderr):
        with contextlib.suppress(OSError, AttributeError):
            stream.close()


def import_marked(world):
    world.unlock()
    world.run("key", "import", "-", "--name", "Marked", stdin=MARKED.hex()).expect(0, "import")


@contextlib.contextmanager
def full_pipe(room):
    """Reading and writing end of a pipe that takes @room more bytes."""
    reader, writer = os.pipe()
    size = fcntl.fcntl(writer, fcntl.F_SETPIPE_SZ, 4096)
    os.write(writer, b"." * (size - room))
    try:
        yield reader, writer, size - room
    finally:
        os.close(reader)
        os.close(writer)


def waiting_in(reader):
    """How many bytes a pipe has."""
    return int.from_bytes(fcntl.ioctl(reader, termios.FIONREAD, bytes(4)), sys.byteorder)


def test_what_a_careless_program_leaves_is_found(_):
    program = "import os, sys; secret = sys.stdin.read().upper(); os._exit(0)"
    process = subprocess.Popen([sys.executable, "-c", program], stdin=subprocess.PIPE)
    try:
        with held_at_its_end(process.pid) as hold:
            process.stdin.write(MARKED.hex().encode())
            process.stdin.close()
            hold()
            check("upper case" in found_in(process.pid), "the search is blind")
    finally:
        stop(process)


def test_an_imported_key_is_in_secret_pages_while_the_agent_has_it(world):
    world.unlock()
    agent = world.agent_pid()
    process = world.start("key", "import", "-", "--name", "Marked", stdin=subprocess.PIPE)
    os.kill(agent, signal.SIGSTOP)
    try:
        process.stdin.write(MARKED.hex().encode())
        process.stdin.close()
        only_in_secret_pages(process.pid, "hexadecimal")
        with held_at_its_end(process.pid) as hold:
            os.kill(agent, signal.SIGCONT)
            hold()
            equal(found_in(process.pid), [], "at the end of the import")
        equal(process.wait(30), 0, "status")
    finally:
        os.kill(agent, signal.SIGCONT)
        stop(process)
    equal(found_in_files(world.folder), [], "in files")


def test_nothing_is_left_of_a_key_typed_at_the_terminal(world):
    world.unlock()
    session = Terminal(world, "key", "import", "--name", "Marked")
    try:
        session.wait_for("digits): ")
        with held_at_its_end(session.pid) as hold:
            session.type(MARKED.hex() + "\n")
            hold()
            equal(found_in(session.pid), [], "at the end of the import")
        session.end()
    finally:
        session.close()
    equal(session.status, 0, "status")


def test_nothing_is_left_of_a_refused_key(world):
    world.unlock()
    for digits in (MARKED.hex() + "0", MARKED.hex().upper() * 3):
        run_to_its_end(world, "key", "import", "-", stdin=digits.encode(), status=1)
    equal(found_in_files(world.folder), [], "in files")


def test_an_exported_key_is_in_secret_pages_until_all_is_written(world):
    import_marked(world)
    with full_pipe(room=64) as (reader, writer, before):
        process = world.start("key", "export", "Marked", "--format", "hex", stdout=writer)
        try:
            wait_until(lambda: waiting_in(reader) == before + 64, "the digits are written, the line break waits")
            only_in_secret_pages(process.pid, "hexadecimal")
            with held_at_its_end(process.pid) as hold:
                equal(os.read(reader, before + 64)[before:].decode(), MARKED.hex(), "what was written")
                hold()
                equal(found_in(process.pid), [], "at the end of the export")
        finally:
            stop(process)
    equal(found_in_files(world.folder), [], "in files")


def test_nothing_is_left_of_passphrases_and_files_of_keys(world):
    import_marked(world)
    path = world.folder / "out.json"
    run_to_its_end(world, "key", "export", "Marked", "--output", path, "--passphrase-fd", "{fd}", passphrase=PHRASE)
    run_to_its_end(world, "key", "seal", "Marked", "--passphrase-fd", "{fd}", passphrase=PHRASE)
    run_to_its_end(world, "key", "unseal", "Marked", "--passphrase-fd", "{fd}", passphrase=PHRASE)
    world.run("key", "delete", "Marked").expect(0, "delete")
    run_to_its_end(world, "key", "import", path, "--passphrase-fd", "{fd}", passphrase=PHRASE)
    run_to_its_end(world, "key", "import", path, "--passphrase-fd", "{fd}", passphrase=PHRASE + "?", status=1)
    equal(found_in_files(world.folder), [], "in files")


def test_nothing_is_left_of_the_passphrase_of_the_vault(world):
    run_to_its_end(world, "unlock", "--passphrase-fd", "{fd}", passphrase=PHRASE)
    world.run("lock").expect(0, "lock")
    run_to_its_end(world, "unlock", "--passphrase-fd", "{fd}", passphrase=PHRASE)
    equal(world.json("status")["store"]["state"], "open", "the vault")
    world.run("lock").expect(0, "lock")
    run_to_its_end(world, "unlock", "--passphrase-fd", "{fd}", passphrase=PHRASE + "?", status=1)
    equal(found_in_files(world.folder), [], "in files")


def test_the_agent_keeps_nothing_of_the_passphrase_of_the_vault(world):
    world.run("unlock", "--passphrase-fd", "{fd}", passphrase=PHRASE).expect(0, "unlock")
    equal(left_in(world.agent_pid()), [], "in the agent")
    world.run("lock").expect(0, "lock")
    world.run("unlock", "--passphrase-fd", "{fd}", passphrase=PHRASE + "?").expect(1, "a wrong one")
    equal(left_in(world.agent_pid()), [], "in the agent after a wrong one")


def has_no_core(pid):
    with open_proc(f"/proc/{pid}/limits") as file:
        return re.search(r"Max core file size\s+0\s+0", file.read())


def test_the_command_line_leaves_no_core_file(world):
    process = world.start("key", "import", "-", stdin=subprocess.PIPE)
    try:
        wait_until(lambda: has_no_core(process.pid), "no core dumps")
    finally:
        stop(process)


if __name__ == "__main__":
    cli_world.main("command line's secrets", dict(globals()), EmptyWorld)
