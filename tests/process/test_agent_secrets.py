#!/usr/bin/env python3
"""Where a marked private key is, and where it is not: in no reply, log, file, command line, environment
or other process; and after `lock` not in the agent either."""
import os
import re
import resource
import subprocess
import time

import cli_world
from agent_world import INSTRUMENTED, AgentWorld
from cli_world import Skip, check, equal

MARKED = bytes.fromhex("5ea1c0de" * 8)
PHRASE = "marked passphrase 5ea1c0de"
FORMS = {"bytes": MARKED, "hexadecimal": MARKED.hex().encode(), "upper case": MARKED.hex().upper().encode(),
         "base64": __import__("base64").b64encode(MARKED)[:40], "base64url": __import__("base64").urlsafe_b64encode(MARKED)[:40],
         "passphrase": PHRASE.encode()}


def memory_of(pid):
    """All readable memory of a process."""
    if INSTRUMENTED:
        raise Skip("memory cannot be searched under sanitizers")
    with open(f"/proc/{pid}/maps") as maps, open(f"/proc/{pid}/mem", "rb", 0) as memory:
        for line in maps:
            match = re.match(r"([0-9a-f]+)-([0-9a-f]+) r", line)
            if not match or "[v" in line:
                continue
            start, end = int(match[1], 16), int(match[2], 16)
            try:
                memory.seek(start)
                yield memory.read(end - start)
            except OSError:
                continue


def found_in(pid):
    try:
        regions = list(memory_of(pid))
    except PermissionError:
        raise Skip("needs root to read a process that is not dumpable") from None
    return sorted({name for name, form in FORMS.items() if any(form in region for region in regions)})


def found_in_files(folder):
    found = []
    for path, _, names in os.walk(folder):
        for name in names:
            if not os.path.isfile(os.path.join(path, name)):
                continue
            with open(os.path.join(path, name), "rb") as file:
                content = file.read()
            found += [f"{os.path.join(path, name)}: {form}" for form, value in FORMS.items() if value in content]
    return found


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
    time.sleep(0.2)
    equal(found_in(pid), [], "left in the agent after lock")


def test_the_key_is_in_no_other_process_reply_or_file(world):
    marked_world(world)
    browser = world.browser()
    address = browser.result("eth_accounts", [])[0]
    replies = [browser.call("personal_sign", ["0x00", address]), browser.call("keys.list"), browser.call("sealring.status"),
               world.run("key", "list", "--json").output, world.run("log", "--json").output]
    equal([name for name, form in FORMS.items() if form in repr(replies).encode()], [], "in replies")
    equal(found_in(browser.process.pid), [], "in sealring-host")
    equal(found_in_files(world.folder), [], "in files")


def test_sealing_and_exporting_leave_nothing_behind(world):
    marked_world(world)
    pid = world.agent_pid()
    world.run("key", "export", "Marked", "--format", "keystore", "--output", str(world.folder / "out.json"), "--passphrase-fd", "{fd}",
              passphrase=PHRASE).expect(0, "export")
    world.run("key", "seal", "Marked", "--passphrase-fd", "{fd}", passphrase=PHRASE).expect(0, "seal")
    world.run("lock").expect(0, "lock")
    time.sleep(0.2)
    equal(found_in(pid), [], "left in the agent")
    equal(found_in_files(world.folder), [], "in files")


def test_an_exported_key_goes_only_where_it_was_sent(world):
    marked_world(world)
    run = world.run("key", "export", "Marked", "--format", "hex").expect(0, "export")
    equal(run.output.strip().lower().removeprefix("0x"), MARKED.hex(), "the key")
    equal(found_in_files(world.folder), [], "in files")
    world.run("lock").expect(0, "lock")
    time.sleep(0.2)
    equal(found_in(world.agent_pid()), [], "left in the agent")


def test_the_process_is_closed_to_others(world):
    pid = world.agent_pid()
    with open(f"/proc/{pid}/limits") as file:
        check(re.search(r"Max core file size\s+0\s+0", file.read()), "no core dumps")
    with open(f"/proc/{pid}/status") as file:
        check(re.search(r"NoNewPrivs:\s+1", file.read()), "no new privileges")
    equal(os.readlink(f"/proc/{pid}/cwd"), "/", "working folder")
    if os.getuid() == 0:
        run = subprocess.run(["setpriv", "--reuid=65534", "--clear-groups", "cat", f"/proc/{pid}/environ"], capture_output=True)
        check(run.returncode != 0, "its environment is not readable for others")
        equal(os.stat(f"/proc/{pid}").st_uid, 0, "owner of its /proc folder: not dumpable")


def test_secrets_are_locked_into_memory(world):
    if INSTRUMENTED:
        raise Skip("memory is not locked under sanitizers")
    marked_world(world)
    world.run("sign", "--personal", "-", stdin="x").expect(0, "sign")
    with open(f"/proc/{world.agent_pid()}/status") as file:
        locked = int(re.search(r"VmLck:\s+(\d+)", file.read())[1])
    check(locked >= 4, f"{locked} kB are locked")


def test_where_memory_cannot_be_locked_no_key_is_opened(world):
    if os.getuid() == 0:
        raise Skip("root may always lock memory")
    world.run("agent", "stop")
    resource.setrlimit(resource.RLIMIT_MEMLOCK, (0, 0))
    equal(world.run("sign", "--personal", "-", stdin="x").status, 1, "status")


if __name__ == "__main__":
    cli_world.main("secrets", dict(globals()), AgentWorld)
