#!/usr/bin/env python3
"""Where a marked private key is, and where it is not: in no reply, log, file, command line, environment
or other process; and after `lock` not in the agent either."""
import ctypes
import os
import re
import resource
import subprocess

import cli_world
from agent_world import INSTRUMENTED, AgentWorld
from cli_world import Skip, check, contains, equal
from secret_search import (FORMS, MARKED, PHRASE, SECRET_PAGES, found_in, found_in_files, found_in_process_tables,
                           held_at_its_end, left_in)

PR_CAPBSET_DROP, CAP_IPC_LOCK = 24, 14


def marked_world(world):
    world.run("key", "import", "-", "--name", "Marked", stdin=MARKED.hex()).expect(0, "import")
    world.run("key", "default", "Marked").expect(0, "default")


def test_the_key_is_in_the_agent_while_unlocked_and_gone_after_lock(world):
    marked_world(world)
    browser = world.browser()
    address = browser.result("eth_accounts", [])[0]
    browser.result("personal_sign", ["0x00", address])
    pid = world.agent_pid()
    check("bytes" in found_in(pid), "the test can find an unlocked key")
    world.run("lock").expect(0, "lock")
    equal(left_in(pid), [], "left in the agent after lock")


def test_the_key_is_in_no_other_process_reply_or_file(world):
    marked_world(world)
    browser = world.browser()
    address = browser.result("eth_accounts", [])[0]
    replies = [browser.call("personal_sign", ["0x00", address]), browser.call("keys.list"), browser.call("sealring.status"),
               world.run("key", "list", "--json").output, world.run("log", "--json").output]
    equal([name for name, form in FORMS.items() if form in repr(replies).encode()], [], "in replies")
    equal(found_in_process_tables(), [], "in command lines and environments")
    equal(found_in_files(world.folder), [], "in files")
    equal(found_in(browser.process.pid), [], "in sealring-host")


def test_what_passed_through_the_host_is_gone_when_it_ends(world):
    marked_world(world)
    browser = world.browser()
    with held_at_its_end(browser.process.pid) as hold:
        browser.result("personal_sign", ["0x00", browser.result("eth_accounts", [])[0]])
        browser.process.stdin.close()
        hold()
        equal(found_in(browser.process.pid), [], "in sealring-host")


def test_unlocked_keys_lie_only_in_locked_pages_that_no_core_dump_has(world):
    marked_world(world)
    world.run("sign", "--personal", "-", stdin="x").expect(0, "sign")
    pid = world.agent_pid()
    check("bytes" in found_in(pid), "the test can find an unlocked key")
    equal(found_in(pid, apart_from=SECRET_PAGES), [], "in ordinary memory")


def test_keys_of_other_types_are_gone_after_lock_too(world):
    for kind in ("p256", "ed25519"):
        world.run("key", "import", "-", "--name", kind, "--type", kind, stdin=MARKED.hex()).expect(0, "import")
        world.run("key", "export", kind, "--format", "hex").expect(0, "export")
    pid = world.agent_pid()
    check("bytes" in found_in(pid), "the test can find an unlocked key")
    equal(found_in(pid, apart_from=SECRET_PAGES), [], "in ordinary memory")
    world.run("lock").expect(0, "lock")
    equal(left_in(pid), [], "left in the agent after lock")


def test_sealing_and_exporting_leave_nothing_behind(world):
    marked_world(world)
    pid = world.agent_pid()
    world.run("key", "export", "Marked", "--format", "keystore", "--output", str(world.folder / "out.json"), "--passphrase-fd", "{fd}",
              passphrase=PHRASE).expect(0, "export")
    world.run("key", "seal", "Marked", "--passphrase-fd", "{fd}", passphrase=PHRASE).expect(0, "seal")
    world.run("lock").expect(0, "lock")
    equal(left_in(pid), [], "left in the agent")
    equal(found_in_files(world.folder), [], "in files")


def test_an_exported_key_goes_only_where_it_was_sent(world):
    marked_world(world)
    run = world.run("key", "export", "Marked", "--format", "hex").expect(0, "export")
    equal(run.output.strip().lower().removeprefix("0x"), MARKED.hex(), "the key")
    equal(found_in_files(world.folder), [], "in files")
    world.run("lock").expect(0, "lock")
    equal(left_in(world.agent_pid()), [], "left in the agent")


def test_the_process_is_closed_to_others(world):
    pid = world.agent_pid()
    with open(f"/proc/{pid}/limits") as file:
        check(re.search(r"Max core file size\s+0\s+0", file.read()), "no core dumps")
    with open(f"/proc/{pid}/status") as file:
        check(re.search(r"NoNewPrivs:\s+1", file.read()), "no new privileges")
    equal(os.stat(f"/proc/{pid}/environ").st_uid, 0, "owner of its /proc files: not dumpable")
    if os.getuid() == 0:
        equal(os.readlink(f"/proc/{pid}/cwd"), "/", "working folder")
    become_other = ["setpriv", "--reuid=65534", "--clear-groups"] if os.getuid() == 0 else []
    for name in ("environ", "maps", "mem", "fd"):
        run = subprocess.run([*become_other, "ls" if name == "fd" else "cat", f"/proc/{pid}/{name}"], capture_output=True)
        check(run.returncode != 0, f"others can read its {name}")


def test_secrets_are_locked_into_memory(world):
    if INSTRUMENTED:
        raise Skip("memory is not locked under sanitizers")
    marked_world(world)
    world.run("sign", "--personal", "-", stdin="x").expect(0, "sign")
    with open(f"/proc/{world.agent_pid()}/status") as file:
        locked = int(re.search(r"VmLck:\s+(\d+)", file.read())[1])
    check(locked >= 4, f"{locked} kB are locked")


def test_where_memory_cannot_be_locked_no_key_is_opened(world):
    if INSTRUMENTED:
        raise Skip("memory is not locked under sanitizers")
    world.stop()
    resource.setrlimit(resource.RLIMIT_MEMLOCK, (0, 0))
    ctypes.CDLL(None).prctl(PR_CAPBSET_DROP, CAP_IPC_LOCK)  # root's programs could lock memory all the same
    run = world.run("sign", "--personal", "-", stdin="x")
    check(run.status != 0 and not run.output, f"signed with {run.status}: {run.output}")
    run = world.run("unlock", "--passphrase-fd", "{fd}", passphrase=cli_world.PASSPHRASE).expect(1, "unlock")
    contains(run.errors, "ulimit -l", "unlock")
    contains(world.run("doctor").expect(1, "doctor").output, "ulimit -l", "doctor")


if __name__ == "__main__":
    cli_world.main("secrets", dict(globals()), AgentWorld)
