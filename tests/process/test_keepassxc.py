#!/usr/bin/env -S python3 -B
"""The Secret Service store on KeePassXC, under Xvfb.

KeePassXC 2.7 acknowledges a store before it saves, and crashes when many come at once. So these
tests go gently, and claim nothing about a KeePassXC that is killed.
"""
import sys
import time
from contextlib import contextmanager
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "support"))
from keepassxc import PASSWORD, PROGRAMS, Display, KeePassXC  # noqa: E402
from keyring import Bus, Home, missing_program, wait_until  # noqa: E402
from store_probe import AT_ONCE_SECONDS, PROGRAM, StoreProbe, run_tests  # noqa: E402

PAUSE = 0.3  # seconds between writes


@contextmanager
def running(**options):
    with Home() as home, Bus(home) as bus, Display(home) as display:
        with KeePassXC(bus, display, **options) as program, StoreProbe("--bus", bus.address) as probe:
            yield program, probe


def test_round():
    with running() as (program, probe):
        assert probe.state() == "open"
        for name in ("b", "a", "c"):
            assert probe.put(name, f"secret {name}").ok
            time.sleep(PAUSE)
        for name in ("a", "b", "c"):
            probe.expect(name, f"secret {name}")
        assert probe("list", "record").fields == ["3", "a", "b", "c"]
        assert probe("list", "record", "b").fields == ["1", "b"]
        assert probe("list", "key").fields == ["0"]
        assert probe.get("d").reason == "KEY_NOT_FOUND"
        assert probe.put("a", "another").ok
        probe.expect("a", "another")
        time.sleep(PAUSE)
        assert probe("remove", "record", "b").ok
        assert probe.get("b").reason == "KEY_NOT_FOUND"
        assert probe("list", "record").fields == ["2", "a", "c"]
        assert program.process.poll() is None


def test_texts():
    texts = {"json": r'{"a":"x\n\"y\""}', "space": " lead and trail ", "utf8": "Grüße 鍵 🔑", "long": "x" * 131072}
    with running() as (_, probe):
        for name, text in texts.items():
            assert probe("put", "key", name, "secp256k1", f"Köln 鍵 {name}", text).ok
            time.sleep(PAUSE)
        for name, text in texts.items():
            answer = probe("get", "key", name)
            assert answer.ok and answer.fields == ["secp256k1", f"Köln 鍵 {name}", text], name


def test_kept():
    with running() as (program, probe):
        before = program.database.stat().st_mtime_ns
        assert probe.put("kept", "value").ok
        wait_until(lambda: program.database.stat().st_mtime_ns != before, "the database is saved")
        time.sleep(1)
        program.process.terminate()
        program.process.wait(60)
        assert probe.get("kept").reason == "STORE_UNAVAILABLE"
        program.start()
        probe.expect("kept", "value")


def test_locked():
    with running(password=None) as (program, probe):
        windows = program.display.windows()
        answer = probe("state")
        assert answer.fields[0] == "locked" and answer.seconds < AT_ONCE_SECONDS, answer
        for words in (("get", "record", "a"), ("list", "record"), ("put", "record", "a", "", "l", "x"),
                      ("remove", "record", "a")):
            answer = probe(*words)
            assert answer.reason == "STORE_LOCKED" and answer.seconds < AT_ONCE_SECONDS, answer
        time.sleep(0.5)
        assert program.display.windows() == windows, "a dialog came up"


def test_confirmed():
    """Where the user wants to be asked about each access, we do not ask: the answer says why."""
    with running(confirm=True) as (program, probe):
        assert probe.put("a", "value").ok
        time.sleep(PAUSE)
        windows = program.display.windows()
        with StoreProbe("--bus", program.bus.address) as other:
            for words in (("get", "record", "a"), ("visit", "record"), ("put", "record", "a", "", "l", "x"),
                          ("remove", "record", "a")):
                answer = other(*words)
                assert answer.reason == "STORE_LOCKED" and answer.seconds < AT_ONCE_SECONDS, f"{words}: {answer}"
        time.sleep(0.5)
        assert program.display.windows() == windows, "a dialog came up"
        probe.expect("a", "value")


def test_unlock_dialog_answered():
    """The one call that may show a dialog; with the password it unlocks."""
    with running(password=None) as (program, probe):
        probe.send("unlock", "60000")
        program.display.answer_unlock_dialog(PASSWORD)
        fields = probe.receive()
        assert fields[0] == "ok", fields
        assert probe.state() == "open"
        probe.works()


def test_unlock_dialog_ignored():
    with running(password=None) as (_, probe):
        answer = probe("unlock", "1000", bound=4)
        assert answer.reason == "STORE_LOCKED" and "in time" in answer.fields[0], answer
        assert probe.state() == "locked"


TESTS = [
    ("put, get, list, replace, remove", test_round),
    ("texts, labels and algorithms come back", test_texts),
    ("a record is there after an orderly restart", test_kept),
    ("a locked database says so at once, without a dialog", test_locked),
    ("the unlock dialog, answered", test_unlock_dialog_answered),
    ("the unlock dialog, ignored", test_unlock_dialog_ignored),
    ("where each access has to be confirmed, no dialog comes up", test_confirmed),
]


def main():
    absent = missing_program("dbus-daemon", "dbus-send", "xdotool", *PROGRAMS)
    if absent or not PROGRAM.exists():
        print(f"1..0 # SKIP {absent or PROGRAM} is not there")
        return 0
    return run_tests(TESTS)


if __name__ == "__main__":
    sys.exit(main())
