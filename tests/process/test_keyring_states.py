#!/usr/bin/env -S python3 -B
"""The Secret Service store in every state that a keyring and its bus can be in, with the real programs.

In each: the right error, in bounded time, nothing acknowledged lost, and it works again afterwards.
"""
# tests/run: timeout=1500
import os
import random
import signal
import socket
import subprocess
import sys
import threading
import time
from contextlib import contextmanager
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "support"))
from keyring import Bus, Home, Keyring, end, missing_program  # noqa: E402
from store_probe import AT_ONCE_SECONDS, PROGRAM, Skip, StoreProbe, run_tests  # noqa: E402

SOAK = bool(os.environ.get("SOAK"))
STORES = 1000 if SOAK else 200
KILLS = 20
AWKWARD = {"space": " lead and trail ", "escapes": r'{"a":"x\ny\\é"}', "end": "ends\\",
           "prefix": "base64url:x", "plain": "a;b=c#d[e]"}


@contextmanager
def unlocked(**options):
    """(home, bus, keyring, probe) with an unlocked keyring that holds one record."""
    with Home() as home, Bus(home, **options) as bus, Keyring(bus) as keyring:
        with StoreProbe("--bus", bus.address) as probe:
            assert probe.put("first", "1").ok
            yield home, bus, keyring, probe


def test_unlocked():
    with unlocked() as (_, _, _, probe):
        assert probe.state() == "open"
        probe.works()


def test_locked():
    with unlocked() as (_, bus, keyring, probe):
        bus.lock()
        assert probe.state() == "locked"
        probe.fails("STORE_LOCKED")
        keyring.kill()
        keyring.start()
        probe.expect("first", "1")


def test_cold():
    """The bus starts a keyring nobody unlocked: its records are not "not there"."""
    with unlocked(activation=True) as (_, bus, keyring, probe):
        keyring.kill()
        with StoreProbe("--bus", bus.address) as cold:
            assert cold.get("first").reason == "STORE_LOCKED"
            assert cold.state() == "locked"
            cold.fails("STORE_LOCKED")
        probe.fails("STORE_LOCKED")
        os.kill(bus.provider_pid(), signal.SIGKILL)
        with Home() as other, Bus(other) as second, Keyring(second, home=bus.home):
            with StoreProbe("--bus", second.address) as again:
                again.expect("first", "1")


def test_hung():
    with unlocked() as (_, _, keyring, probe):
        keyring.signal(signal.SIGSTOP)
        assert probe.get("first").reason == "STORE_UNAVAILABLE"
        assert probe.put("second", "2").reason == "STORE_UNAVAILABLE"
        assert probe.state() == "unavailable"
        keyring.signal(signal.SIGCONT)
        probe.expect("first", "1")
        probe.works()


def test_hung_at_first_use():
    with unlocked() as (_, bus, keyring, _):
        keyring.signal(signal.SIGSTOP)
        with StoreProbe("--bus", bus.address) as probe:
            assert probe.get("first").reason == "STORE_UNAVAILABLE"
            keyring.signal(signal.SIGCONT)
            probe.expect("first", "1")


def test_no_provider():
    with Home() as home, Bus(home) as bus, StoreProbe("--bus", bus.address) as probe:
        assert probe.state() == "unavailable"
        probe.fails("STORE_UNAVAILABLE")
        with Keyring(bus):
            probe.works()


def test_no_bus():
    with Home() as home, StoreProbe("--bus", env=home.environment()) as probe:
        assert probe.state() == "unavailable"
        answer = probe.get("first")
        assert answer.reason == "STORE_UNAVAILABLE" and "no session bus" in answer.fields[0], answer
        probe.fails("STORE_UNAVAILABLE")


def test_disabled_address_finds_the_runtime_bus():
    with unlocked() as (home, bus, _, _):
        (home.runtime / "bus").symlink_to(bus.socket)
        with StoreProbe("--bus", env=home.environment("disabled:")) as probe:
            probe.expect("first", "1")
        with StoreProbe("--bus", env=home.environment()) as probe:
            probe.expect("first", "1")


def test_stale_address():
    with Home() as home:
        for address in (f"unix:path={home.runtime}/nobody", "unix:abstract=/sealring/nobody"):
            with StoreProbe("--bus", address) as probe:
                probe.fails("STORE_UNAVAILABLE")
                assert probe.get("first").seconds < AT_ONCE_SECONDS


def test_foreign_addresses():
    """Nothing is started or looked for in the network, whatever the address says."""
    with Home() as home:
        witness = home.folder / "started"
        for address in ("autolaunch:", f"unixexec:path=touch,argv1={witness}", "tcp:host=localhost,port=1", "nonsense",
                        f"unix:path=/nowhere;unixexec:path=touch,argv1={witness}"):
            with StoreProbe("--bus", env=home.environment(address)) as probe:
                assert probe.get("first").reason == "STORE_UNAVAILABLE"
        assert not witness.exists()


def test_silent_socket():
    with Home() as home, socket.socket(socket.AF_UNIX) as silent:
        silent.bind(str(home.runtime / "silent"))
        silent.listen(8)
        with StoreProbe("--bus", f"unix:path={home.runtime}/silent") as probe:
            assert probe.get("first").reason == "STORE_UNAVAILABLE"
            assert probe.state() == "unavailable"


def test_silent_after_login():
    """A peer that lets us in and then never answers Hello."""
    def accept(server):
        connection, _ = server.accept()
        with connection:
            connection.recv(4096)
            connection.sendall(b"REJECTED EXTERNAL\r\n")
            while data := connection.recv(4096):
                if b"BEGIN" in data:
                    time.sleep(6)
                    return
                connection.sendall(b"OK 1234567890abcdef1234567890abcdef\r\n" if b"AUTH" in data
                                   else b"AGREE_UNIX_FD\r\n")

    with Home() as home, socket.socket(socket.AF_UNIX) as server:
        server.bind(str(home.runtime / "half"))
        server.listen(1)
        threading.Thread(target=accept, args=[server], daemon=True).start()
        with StoreProbe("--bus", f"unix:path={home.runtime}/half") as probe:
            assert probe.get("first").reason == "STORE_UNAVAILABLE"


def test_stopped_bus():
    with unlocked() as (_, bus, _, probe):
        bus.process.send_signal(signal.SIGSTOP)
        assert probe.get("first").reason == "STORE_UNAVAILABLE"
        assert probe.put("second", "2").reason == "STORE_UNAVAILABLE"
        bus.process.send_signal(signal.SIGCONT)
        probe.expect("first", "1")


def test_bus_dead_and_new():
    with unlocked() as (_, bus, keyring, probe):
        for turn in range(3):
            end(bus.process)
            probe.fails("STORE_UNAVAILABLE")
            assert probe.process.poll() is None
            end(keyring.process)
            bus.start()
            keyring.start()
            probe.expect("first", "1")
            assert probe.put("first", "1").ok
        probe.works()


def test_provider_killed_and_restarted():
    with unlocked() as (_, _, keyring, probe):
        for turn in range(5):
            keyring.kill()
            keyring.start()
            probe.expect("first", "1")
            assert probe.put("first", "1").ok
        keyring.kill()
        probe.fails("STORE_UNAVAILABLE")
        keyring.start()
        probe.works()


def test_disk_full():
    with Home() as home:
        small = home.folder / "small"
        small.mkdir(mode=0o700)
        mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m,mode=0700", "tmpfs", small],
                                 capture_output=True, text=True)
        if mounted.returncode:
            raise Skip(f"cannot mount a small file system: {mounted.stderr.strip()}")
        try:
            return fill_disk(home, small)
        finally:
            subprocess.run(["umount", small], check=True)


def fill_disk(home, small):
    home.data = small
    home.keyrings = small / "keyrings"
    home.keyrings.mkdir(mode=0o700)
    with Bus(home) as bus, Keyring(bus) as keyring, StoreProbe("--bus", bus.address) as probe:
        stored = {}
        for number in range(100):
            answer = probe.put(f"n{number}", f"{number} " + "x" * 50_000)
            if not answer.ok:
                break
            stored[f"n{number}"] = f"{number} " + "x" * 50_000
        assert answer.reason == "STORE_UNAVAILABLE", answer
        assert len(stored) >= 3
        for name, secret in stored.items():
            probe.expect(name, secret)
        keyring.kill()
        keyring.start()
        for name, secret in stored.items():
            probe.expect(name, secret)
        subprocess.run(["mount", "-o", "remount,size=8m", small], check=True)
        probe.works()
        return f"{len(stored)} records fitted, then: {answer.fields[0]}"


def test_two_daemons_on_one_home():
    """Two sessions, one home: the daemons overwrite each other's file and cannot be stopped from it.

    What holds: a put is acknowledged only when its own daemon gives it back, a record that the other
    daemon's write removed is reported as missing, not as another error or another value.
    """
    with unlocked() as (home, bus, keyring, probe):
        with Home() as other, Bus(other) as second, Keyring(second, home=home) as late:
            with StoreProbe("--bus", second.address) as rival:
                rival.expect("first", "1")
                assert rival.put("theirs", "2").ok
                assert probe.put("ours", "3").ok
                probe.expect("ours", "3")
                late.kill()
                late.start()
                assert rival.get("ours").ok
                answer = rival.get("theirs")
                assert answer.reason == "KEY_NOT_FOUND" or answer.fields[2] == "2", answer
                rival.works()
                probe.expect("first", "1")
                return "the other session's record was " + ("kept" if answer.ok else "lost by gnome-keyring")


def test_provider_killed_in_the_middle():
    with unlocked() as (_, _, keyring, probe):
        probe.send("stores", "record", "0", str(STORES))
        acknowledged, failed, kills = set(), None, 0
        due = sorted(random.sample(range(STORES * 9 // 10), KILLS))
        while failed is None:
            fields = probe.receive()
            if fields[0] == "ack":
                acknowledged.add(int(fields[1]))
            else:
                failed = int(fields[2])
            while due and failed is None and int(fields[1]) >= due[0]:
                due.pop(0)
                keyring.kill()
                keyring.start()
                kills += 1
        keyring.kill()
        keyring.start()
        for number in acknowledged:
            probe.expect(f"n{number}", f"secret of {number}")
        assert acknowledged == set(range(STORES)) and kills == KILLS
        probe.works()
        return f"{STORES} stores, {kills} kills, {failed} failures reported and tried again, 0 acknowledged lost"


def test_writer_killed_in_the_middle():
    with unlocked() as (_, bus, _, probe):
        for turn in range(KILLS):
            with StoreProbe("--bus", bus.address) as writer:
                writer.send("stores", "record", str(turn * 1000), str(turn * 1000 + 1000))
                time.sleep(random.uniform(0.02, 0.15))
                writer.process.kill()
                acknowledged = [int(line.split()[1]) for line in writer.process.stdout if line.startswith("ack")]
            for number in acknowledged:
                probe.expect(f"n{number}", f"secret of {number}")
        answer = probe("list", "record")
        assert answer.ok, answer
        assert len(set(answer.fields[1:])) == int(answer.fields[0])


def test_without_a_password():
    """gnome-keyring keeps such a keyring as a key file, in which not every text survives."""
    with Home() as home, Bus(home) as bus:
        keyring = Keyring(bus, password="").make_plain()
        with keyring, StoreProbe("--bus", bus.address) as probe:
            assert probe.state() == "locked"
            assert probe("unlock", "1000").ok
            for name, text in AWKWARD.items():
                assert probe.put(name, text).ok
            keyring.kill()
            keyring.start()
            assert probe("unlock", "1000").ok
            for name, text in AWKWARD.items():
                probe.expect(name, text)
            probe.works()


def test_no_default_collection():
    with Home() as home, Bus(home) as bus, Keyring(bus) as keyring:
        keyring.kill()
        for file in home.keyrings.iterdir():
            file.unlink()
        keyring.process = subprocess.Popen(
            ["gnome-keyring-daemon", "--foreground", "--components=secrets"], stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=home.environment(bus.address))
        while not bus.has_provider():
            time.sleep(0.02)
        with StoreProbe("--bus", bus.address) as probe:
            assert probe.state() == "empty"
            answer = probe.put("first", "1")
            assert answer.reason == "STORE_UNAVAILABLE" and "default keyring" in answer.fields[0], answer


def test_unlock_without_a_display():
    """The keyring's dialog cannot come up: that is an answer, not a hang."""
    with unlocked() as (_, bus, _, probe):
        bus.lock()
        answer = probe("unlock", "1500", bound=4.5)
        assert answer.reason == "STORE_LOCKED", answer
        assert probe.state() == "locked"


TESTS = [
    ("unlocked", test_unlocked),
    ("locked", test_locked),
    ("cold: started by the bus, never unlocked", test_cold),
    ("hung, then awake again", test_hung),
    ("hung at the first use", test_hung_at_first_use),
    ("no provider, then one", test_no_provider),
    ("no bus", test_no_bus),
    ("a disabled address leads to the runtime folder's bus", test_disabled_address_finds_the_runtime_bus),
    ("stale addresses", test_stale_address),
    ("addresses that start programs are not followed", test_foreign_addresses),
    ("a socket that never answers", test_silent_socket),
    ("a peer that never says hello", test_silent_after_login),
    ("a bus that is stopped, then goes on", test_stopped_bus),
    ("the bus dead, a new one at its address", test_bus_dead_and_new),
    ("the provider killed and restarted", test_provider_killed_and_restarted),
    ("disk full", test_disk_full),
    ("two daemons on one home", test_two_daemons_on_one_home),
    ("the provider killed in the middle of stores", test_provider_killed_in_the_middle),
    ("the writer killed in the middle of stores", test_writer_killed_in_the_middle),
    ("a keyring without a password", test_without_a_password),
    ("no default keyring", test_no_default_collection),
    ("unlocking without a display", test_unlock_without_a_display),
]


def main():
    absent = missing_program("dbus-daemon", "dbus-send", "gnome-keyring-daemon")
    if absent or not PROGRAM.exists():
        print(f"1..0 # SKIP {absent or PROGRAM} is not there")
        return 0
    return run_tests(TESTS)


if __name__ == "__main__":
    sys.exit(main())
