#!/usr/bin/env python3
"""The agent as a process: starting, racing, dying, making room, and what it does when the disk, the
configuration or the folders are not as they should be."""
import contextlib
import ctypes
import os
import re
import resource
import select
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

import cli_world
from agent_world import ADDRESS_ONE, INSTRUMENTED, AgentWorld
from cli_world import BUILD, PASSPHRASE, Failure, Skip, check, equal, is_running, message, own_memory, wait_until

AGENT = BUILD / "sealring-agent"
PR_SET_CHILD_SUBREAPER = 36


def running_agents():
    """Agents that this test started, through whatever: detached processes become its children (see below)."""
    found, ours = [], {os.getpid()}
    for pid in sorted(int(name) for name in os.listdir("/proc") if name.isdigit()):
        with contextlib.suppress(OSError):
            state, parent = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[:2]
            if int(parent) in ours and state not in "ZX":
                ours.add(pid)
                if Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")[0] == bytes(AGENT):
                    found.append(pid)
    return found


def run_agent(world, *words, **options):
    return subprocess.run([AGENT, *words], env=world.environment, capture_output=True, text=True, timeout=60, **options)


def test_clients_that_start_at_once_get_one_agent(world):
    world.run("agent", "stop")
    commands = [world.start("key", "list") for _ in range(8)]
    for command in commands:
        command.communicate(timeout=60)
    wait_until(lambda: running_agents() == [world.agent_pid()], "one agent, when those that were too late have ended")


def test_a_second_agent_says_why_it_does_not_start(world):
    run = run_agent(world)
    equal(run.returncode, 1, "status")
    check("running already" in run.stderr, run.stderr)


def test_a_killed_agent_is_started_again_by_the_next_request(world):
    browser = world.browser()
    world.kill()
    time.sleep(0.2)
    equal(browser.result("eth_chainId", []), "0x1", "after the kill, on the same port")
    world.unlock()
    equal(browser.result("eth_accounts", []), [ADDRESS_ONE], "nothing is lost but the unlocked vault")


def test_requests_that_a_killed_agent_had_begun_are_reported_lost(world):
    browser = world.browser()
    world.hold()
    browser.send("personal_sign", ["0x00", ADDRESS_ONE])
    world.wait_for_question()
    os.kill(world.agent_pid(), signal.SIGKILL)
    reply = browser.receive()
    equal((reply["id"], reply["error"]["data"]["reason"]), (None, "AGENT_UNAVAILABLE"), "error")
    equal(browser.receive(), None, "the end of the port")


def test_the_prompt_dies_with_the_agent(world):
    world.write("prompt", f"#!/bin/sh\necho $$ >{world.folder}/pid\nexec sleep 120\n", 0o700)
    browser = world.browser(connect=False)
    browser.send("eth_requestAccounts", [])
    wait_until(lambda: (world.folder / "pid").exists() and (world.folder / "pid").read_text().endswith("\n"), "the prompt starts")
    pid = int((world.folder / "pid").read_text())
    os.kill(world.agent_pid(), signal.SIGKILL)
    wait_until(lambda: not is_running(pid), "the prompt ends")


def test_a_dead_socket_is_replaced(world):
    world.run("agent", "stop").expect(0, "stop")
    wait_until(lambda: not running_agents(), "the agent ends")
    dead = socket.socket(socket.AF_UNIX)
    dead.bind(str(world.folder / "run/s/agent.sock"))
    dead.close()
    world.unlock()


def test_a_client_of_another_version_makes_the_agent_give_way(world):
    pid = world.agent_pid()
    port = world.raw(client="cli", version="99.0")
    equal(port.receive()["error"]["data"]["reason"], "AGENT_UNAVAILABLE", "reason")
    wait_until(lambda: pid not in running_agents(), "the agent ends")
    world.unlock()
    wait_until(lambda: running_agents() == [world.agent_pid()], "the next client starts one")


def test_another_user_is_turned_away(world):
    if os.getuid() != 0:
        raise Skip("needs root to become another user")
    for folder in (world.folder, world.folder / "run", world.folder / "run/s"):
        folder.chmod(0o755)
    (world.folder / "run/s/agent.sock").chmod(0o777)
    script = ("import os,socket,sys\nos.setuid(65534)\ns=socket.socket(socket.AF_UNIX)\n"
              "s.settimeout(3)\ns.connect(sys.argv[1])\n"
              "try:\n    s.send(b'x'); print('data' if s.recv(1) else 'closed')\nexcept OSError: print('closed')\n")
    run = subprocess.run([sys.executable, "-c", script, str(world.folder / "run/s/agent.sock")], capture_output=True, text=True)
    equal(run.stdout.strip(), "closed", f"what the other user got ({run.stderr[-200:]})")
    (world.folder / "run/s").chmod(0o700)


def test_a_folder_that_others_may_write_is_not_used(world):
    world.run("agent", "stop").expect(0, "stop")
    wait_until(lambda: not running_agents(), "the agent ends")
    (world.folder / "run/s").chmod(0o777)
    run = run_agent(world)
    equal(run.returncode, 1, "status of the agent")
    equal(world.run("key", "list").status, 4, "status of the client")
    (world.folder / "run/s").chmod(0o700)


def test_mistakes_in_the_configuration_are_named(world):
    path = world.folder / "config/sealring/sealring.conf"
    good = path.read_text()
    for line, part in (("colour = red", "colour"), ("store = cloud", "store"), ("key-cache-seconds = soon", "key-cache-seconds"),
                       ("key-cache-seconds = -1", "key-cache-seconds"), ("prompt-command = zenity", "prompt-command"),
                       ("developer-mode = yes", "developer-mode"), ("no equals sign", ""), ("[other]\na = b", "other"), ("\0", "")):
        path.write_text(good + line + "\n")
        run = run_agent(world, "--check-config")
        equal(run.returncode, 1, f"status for {line!r}")
        check(part in run.stderr and str(path) in run.stderr, f"{line!r}: {run.stderr!r}")
    path.write_text(good)
    equal(run_agent(world, "--check-config").returncode, 0, "the good one")
    equal(run_agent(world, "--nonsense").returncode, 2, "a wrong option")


def test_a_full_disk_gives_no_signature_without_a_log_line(world):
    if os.getuid() != 0 or subprocess.run(["mountpoint", "-q", "/proc"]).returncode:
        raise Skip("needs root to mount a small file system")
    world.run("agent", "stop").expect(0, "stop")
    wait_until(lambda: not running_agents(), "the agent ends")
    state = world.folder / "state/sealring"
    shutil.copytree(state, world.folder / "copy")
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m", "none", state]).returncode:
        raise Skip("mount does not work here")
    try:
        for name in os.listdir(world.folder / "copy"):
            shutil.copy(world.folder / "copy" / name, state / name)
        world.unlock()
        browser = world.browser()
        equal(len(browser.result("personal_sign", ["0x00", ADDRESS_ONE])), 132, "before")
        with contextlib.suppress(OSError), open(state / "filler", "wb") as filler:
            while True:
                filler.write(b"x" * 4096)
                filler.flush()
        refused = 0
        for number in range(200):  # the log file may have a few free pages left
            reply = browser.call("personal_sign", [f"0x{number:04x}", ADDRESS_ONE])
            if "error" in reply:
                equal(reply["error"]["data"]["reason"], "STORE_UNAVAILABLE", "reason")
                refused += 1
                if refused > 3:
                    break
        check(refused, "the full disk was noticed")
        (state / "filler").unlink()
        equal(len(browser.result("personal_sign", ["0x01", ADDRESS_ONE])), 132, "afterwards")
        equal(world.run("log", "--verify").status, 0, "the chain")
    finally:
        world.run("agent", "stop")
        wait_until(lambda: not running_agents(), "the agent ends")
        subprocess.run(["umount", state], check=True)


def test_keys_go_from_memory_after_their_time(world):
    world.run("agent", "stop")
    path = world.folder / "config/sealring/sealring.conf"
    path.write_text(path.read_text() + "key-cache-seconds = 5\n")
    world.unlock()
    world.run("sign", "--personal", "-", stdin="x").expect(0, "sign")
    equal(world.json("status")["unlockedKeys"], 1, "right after")
    wait_until(lambda: world.json("status")["unlockedKeys"] == 0, "the key goes")


@contextlib.contextmanager
def system_bus(world, *programs):
    """A private bus that the world's agent takes for the system's; its address."""
    for program in ("dbus-daemon", *programs):
        if not shutil.which(program):
            raise Skip(f"needs {program}")
    world.run("agent", "stop")
    bus = subprocess.Popen(["dbus-daemon", "--session", "--nofork", "--print-address=1"], stdout=subprocess.PIPE,
                           stderr=subprocess.DEVNULL, text=True, env=world.environment)
    try:
        address = bus.stdout.readline().strip()
        world.environment["DBUS_SYSTEM_BUS_ADDRESS"] = address
        yield address
    finally:
        bus.kill()
        bus.wait()
        bus.stdout.close()


def test_suspend_locks_the_keys(world):
    with system_bus(world, "gdbus") as address:
        world.unlock()
        world.run("sign", "--personal", "-", stdin="x").expect(0, "sign")
        equal(world.json("status")["unlockedKeys"], 1, "before")
        time.sleep(0.3)

        def unlocked_after(starting):
            subprocess.run(["gdbus", "emit", "--session", "--object-path", "/org/freedesktop/login1", "--signal",
                            "org.freedesktop.login1.Manager.PrepareForSleep", starting],
                           check=True, env={**world.environment, "DBUS_SESSION_BUS_ADDRESS": address})
            time.sleep(0.3)
            return world.json("status")["unlockedKeys"]

        equal(unlocked_after("false"), 1, "PrepareForSleep false")
        wait_until(lambda: unlocked_after("true") == 0, "PrepareForSleep true")  # the agent may have come to the bus only now
        equal(world.json("status")["store"]["state"], "locked", "the vault")


def hears(process, timeout=20):
    """The next line of the fake logind."""
    check(select.select([process.stdout], [], [], timeout)[0], "logind hears nothing")
    return process.stdout.readline().decode().strip()


@contextlib.contextmanager
def fake_logind(address):
    # Without a buffer: select() must see a line that came together with another one.
    process = subprocess.Popen([BUILD / "tests/support_programs/fake_logind", address], stdin=subprocess.PIPE,
                               stdout=subprocess.PIPE, bufsize=0)
    try:
        equal(hears(process), "ready", "the fake logind")
        yield process
    finally:
        process.kill()
        process.communicate()


def order(process, word):
    process.stdin.write(f"{word}\n".encode())


def test_the_machine_does_not_sleep_before_the_keys_are_forgotten(world):
    with system_bus(world) as address:
        with fake_logind(address) as logind:
            world.unlock()
            equal(hears(logind), "inhibit sleep delay", "at the start")
            world.run("sign", "--personal", "-", stdin="x").expect(0, "sign")
            for _ in range(2):
                order(logind, "sleep")
                equal(hears(logind), "released", "going to sleep")
                status = world.json("status")
                equal((status["unlockedKeys"], status["store"]["state"]), (0, "locked"), "asleep")
                order(logind, "wake")
                equal(hears(logind), "inhibit sleep delay", "awake again")
            world.run("lock").expect(0, "lock")
            check(not select.select([logind.stdout], [], [], 0.3)[0], "an ordinary lock lets nothing go")
        with fake_logind(address) as logind:
            equal(hears(logind), "inhibit sleep delay", "from a logind that was started again")


def test_a_credential_unlocks_without_a_person(world):
    world.stop()
    (world.folder / "credentials").mkdir()
    world.write("credentials/sealring-passphrase", PASSPHRASE + "\n")
    world.environment["CREDENTIALS_DIRECTORY"] = str(world.folder / "credentials")
    world.json("key", "list")
    wait_until(lambda: world.json("status")["store"]["state"] == "open", "the vault opens")
    equal(world.shown(), "", "nobody is asked")


def test_a_socket_from_systemd_is_used(world):
    world.run("agent", "stop").expect(0, "stop")
    wait_until(lambda: not running_agents(), "the agent ends")
    path = str(world.folder / "run/s/agent.sock")
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(path)
    listener.listen(8)

    def become_agent():
        os.dup2(listener.fileno(), 3)
        os.set_inheritable(3, True)
        os.execve(AGENT, [str(AGENT)], dict(world.environment, LISTEN_FDS="1", LISTEN_PID=str(os.getpid())))

    pid = os.fork()
    if pid == 0:
        try:
            become_agent()
        finally:
            os._exit(1)
    try:
        equal(world.json("status")["pid"], pid, "the agent that answers")
    finally:
        os.kill(pid, signal.SIGTERM)
        os.waitpid(pid, 0)
        listener.close()
    check(os.path.exists(path), "systemd's socket stays")
    os.unlink(path)


def test_stopping_answers_what_was_begun(world):
    browser = world.browser()
    world.hold()
    number = browser.send("personal_sign", ["0x00", ADDRESS_ONE])
    world.wait_for_question()
    world.run("agent", "stop").expect(0, "stop")
    equal(browser.receive()["id"], number, "the open request gets its answer")


def processor_time(pid):
    with open(f"/proc/{pid}/stat") as file:
        fields = file.read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def test_an_agent_without_descriptors_waits_and_goes_on(world):
    pid = world.agent_pid()
    browser = world.browser()
    limits = resource.prlimit(pid, resource.RLIMIT_NOFILE)
    # The lowest number that is free is the next to be given out.
    numbers = {int(name) for name in os.listdir(f"/proc/{pid}/fd")}
    resource.prlimit(pid, resource.RLIMIT_NOFILE, (min(set(range(len(numbers) + 1)) - numbers), limits[1]))
    try:
        waiting = world.cli()
        waiting.send("eth_chainId", [], None)
        before = processor_time(pid)
        time.sleep(1.5)
        spent = processor_time(pid) - before
        check(spent < 0.3, f"it used {spent} s of the processor in 1.5 s")
        equal(browser.result("eth_chainId", []), "0x1", "those who are in are served")
    finally:
        resource.prlimit(pid, resource.RLIMIT_NOFILE, limits)
    equal(waiting.receive()["result"], "0x1", "the one who waited")


def test_grants_that_have_ended_and_old_nonces_are_forgotten(world):
    world.stop()
    state = sqlite3.connect(world.folder / "state/sealring/state.db", isolation_level=None)
    for name, expires in (("gone", 1), ("stays", int(time.time()) + 1000), ("for-ever", 0)):
        state.execute("INSERT INTO permission VALUES (?, 'siwe', 'c', 'o', 'k', 'd', 'u', 'c', 's', 1, 1, ?)", (name, expires))
    for name, when in (("old", 1), ("new", int(time.time()) - 60)):
        state.execute("INSERT INTO nonce VALUES ('d', ?, x'00', ?)", (name, when))
    world.unlock()
    wait_until(lambda: state.execute("SELECT id FROM permission ORDER BY id").fetchall() == [("for-ever",), ("stays",)], "grants")
    wait_until(lambda: state.execute("SELECT nonce FROM nonce").fetchall() == [("new",)], "nonces")
    state.close()


def test_memory_and_descriptors_stay_flat(world):
    browser = world.browser()
    pid = world.agent_pid()

    def figures():
        table = int(re.search(r"FDSize:\s+(\d+)", Path(f"/proc/{pid}/status").read_text())[1])
        # Only root sees how many descriptors there are; the table's size tells of 64 more.
        return own_memory(pid), len(os.listdir(f"/proc/{pid}/fd")) if os.getuid() == 0 else table

    def ask(count):
        for start in range(0, count, 50):
            for _ in range(50):
                browser.send("eth_accounts", [])
            for _ in range(50):
                browser.receive()

    ask(1000)
    before = figures()
    ask(int(os.environ.get("SOAK", "0")) * 90000 + 10000)
    after = figures()
    equal(after[1], before[1], "descriptors")
    check(INSTRUMENTED or after[0] - before[0] < 512, f"memory grew from {before[0]} to {after[0]} kB")


if __name__ == "__main__":
    ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1)
    cli_world.main("life", dict(globals()), AgentWorld)
