#!/usr/bin/env -S python3 -B
"""tests/run itself: it must not count what did not pass, and must leave nothing behind."""
import os
import re
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
SECONDS = f"77.{os.getpid()}"  # tells the sleep of this run from that of another
DETACHED = f"subprocess.Popen(['sleep', '{SECONDS}'], start_new_session=True, env={{}})"

# name, body of a Python test program, expected last line, something else that must be printed
CASES = [
    ("a passing program is counted", "print('1..2\\nok 1 - a\\nok 2 - b')", "2 passed, 0 failed, 0 skipped", ""),
    ("a skip is counted and its reason shown", "print('1..2\\nok 1 - a\\nok 2 - b # SKIP no moon')", "1 passed, 0 failed, 1 skipped", "no moon"),
    ("a program that skips as a whole is a skip", "print('1..0 # SKIP no sun')", "0 passed, 0 failed, 1 skipped", "no sun"),
    ("a failing test is a failure", "print('1..2\\nok 1 - a\\nnot ok 2 - b'); sys.exit(1)", "1 passed, 1 failed, 0 skipped", "failed: b"),
    ("fewer tests than planned are a failure", "print('1..3\\nok 1 - a')", "1 passed, 1 failed, 0 skipped", "planned 3 tests, ran 1"),
    ("no plan is a failure", "print('ok 1 - a')", "1 passed, 1 failed, 0 skipped", "no plan"),
    ("an empty plan without a reason is a failure", "print('1..0')", "0 passed, 1 failed, 0 skipped", "no plan"),
    ("another user can be let into TMPDIR", "box = os.path.dirname(os.environ['TMPDIR'])\ngood = os.stat(box).st_mode & 0o777 == 0o711 and os.stat(os.environ['TMPDIR']).st_mode & 0o7777 == 0o1777\nprint('1..1\\nok 1' if good else '1..1\\nnot ok 1')", "1 passed, 0 failed, 0 skipped", ""),
    ("an exit status is a failure", "print('1..1\\nok 1 - a', flush=True); sys.exit(3)", "1 passed, 1 failed, 0 skipped", "exit status 3"),
    ("a crash is a failure", "print('1..1\\nok 1 - a', flush=True); os.abort()", "1 passed, 1 failed, 0 skipped", "SIGABRT"),
    ("bailing out is a failure", "print('1..2\\nok 1 - a\\nBail out! lost')", "1 passed, 1 failed, 0 skipped", "lost"),
    ("a program that hangs is a failure", "# tests/run: timeout=1\nprint('1..1', flush=True); time.sleep(60)", "0 passed, 1 failed, 0 skipped", "timed out after 1 s"),
    ("a detached process left behind is a failure", f"{DETACHED}; print('1..1\\nok 1 - a')", "1 passed, 1 failed, 0 skipped", "left a process behind"),
    ("a sanitizer report of any process is a failure", "path = os.environ['ASAN_OPTIONS'].split('log_path=')[1].split(':')[0]\nopen(path + '.1', 'w').write('ERROR: leak of moon')\nprint('1..1\\nok 1 - a')", "1 passed, 1 failed, 0 skipped", "leak of moon"),
    ("output of a failure is shown", "print('1..1\\nnot ok 1 - a'); print('the reason', file=sys.stderr); sys.exit(1)", "0 passed, 1 failed, 0 skipped", "the reason"),
    ("nothing of the user's session is seen", "bad = [n for n in ('DISPLAY', 'WAYLAND_DISPLAY', 'DBUS_SESSION_BUS_ADDRESS', 'SECRET') if n in os.environ]\nprint('1..1\\nnot ok 1' if bad else '1..1\\nok 1')", "1 passed, 0 failed, 0 skipped", ""),
    ("home and runtime folder are new and private", "box = os.path.dirname(os.environ['HOME'])\ngood = all(os.environ[n].startswith(box) and os.path.isdir(os.environ[n]) for n in ('XDG_RUNTIME_DIR', 'XDG_CONFIG_HOME', 'XDG_DATA_HOME', 'XDG_STATE_HOME', 'XDG_CACHE_HOME', 'TMPDIR')) and os.stat(os.environ['XDG_RUNTIME_DIR']).st_mode & 0o777 == 0o700\nprint('1..1\\nok 1' if good else '1..1\\nnot ok 1')", "1 passed, 0 failed, 0 skipped", ""),
]


def run_tests(folder, *programs):
    """Run tests/run on @programs (bodies); its exit status and output."""
    paths = []
    for number, body in enumerate(programs):
        path = Path(folder, f"case{number}")
        path.write_text(f"#!/usr/bin/env python3\nimport os, subprocess, sys, time\n{body}\n")
        path.chmod(0o755)
        paths.append(str(path))
    env = os.environ | {"TMPDIR": folder, "DISPLAY": ":9", "DBUS_SESSION_BUS_ADDRESS": "unix:path=/x", "SECRET": "1"}
    run = subprocess.run([ROOT / "tests/run", *paths], env=env, capture_output=True, text=True)
    return run.returncode, run.stdout


def running():
    """Whether a detached sleep of this run is still there."""
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            if path.read_bytes() == f"sleep\0{SECONDS}\0".encode():
                return True
        except OSError:
            continue
    return False


def check_case(body, last, printed):
    with tempfile.TemporaryDirectory() as folder:
        status, output = run_tests(folder, body)
        left = [name for name in os.listdir(folder) if name != "case0"]
    failed = int(re.search(r"(\d+) failed", last)[1])
    assert output.splitlines()[-1] == last, output
    assert printed in output, output
    assert status == (1 if failed or last.startswith("0 passed") else 0), status
    assert not left, left


def check_kills():
    with tempfile.TemporaryDirectory() as folder:
        run_tests(folder, f"{DETACHED}; print('1..1\\nok 1 - a')", f"# tests/run: timeout=1\n{DETACHED}; time.sleep(60)")
    assert not running()


def check_interrupt():
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "case")
        path.write_text(f"#!/usr/bin/env python3\nimport subprocess, time\n{DETACHED}\ntime.sleep(60)\n")
        path.chmod(0o755)
        run = subprocess.Popen([ROOT / "tests/run", path], env=os.environ | {"TMPDIR": folder}, stdout=subprocess.DEVNULL)
        deadline = time.monotonic() + 60
        while not running() and time.monotonic() < deadline:
            time.sleep(0.05)
        run.terminate()
        run.wait(60)
        assert not running()
        assert os.listdir(folder) == ["case"], os.listdir(folder)


def check_nothing_to_run():
    run = subprocess.run([ROOT / "tests/run", "no-such-test"], capture_output=True, text=True)
    assert run.returncode == 1 and run.stdout.splitlines()[-1] == "0 passed, 0 failed, 0 skipped", run


def check_alone():
    with tempfile.TemporaryDirectory() as folder:
        body = f"""mark = '{folder}/busy'
# tests/run: alone
seen = os.path.exists(mark); open(mark, 'w').close(); time.sleep(0.3); os.remove(mark)
print('1..1\\nnot ok 1' if seen else '1..1\\nok 1')"""
        status, output = run_tests(folder, body, body, body)
    assert status == 0, output


def main():
    checks = [(name, lambda case=case: check_case(*case)) for name, *case in CASES]
    checks += [("what a test left behind is killed", check_kills), ("an interrupted run leaves nothing behind", check_interrupt),
               ("a run without tests fails", check_nothing_to_run), ("tests that want to be alone are alone", check_alone)]
    failed = 0
    print(f"1..{len(checks)}")
    for number, (name, check) in enumerate(checks, 1):
        try:
            check()
            print(f"ok {number} - {name}", flush=True)
        except AssertionError as error:
            failed += 1
            print("".join(f"# {line}\n" for line in str(error).splitlines()) + f"not ok {number} - {name}", flush=True)
    sys.exit(1 if failed else 0)


main()
