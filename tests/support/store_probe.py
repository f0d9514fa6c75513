"""tests/support_programs/store_probe at the other end of a pipe, and a TAP report of test functions."""
import os
import subprocess
import sys
import time
import traceback
from collections import namedtuple
from pathlib import Path

PROGRAM = Path(os.environ.get("O", "build")) / "tests/support_programs/store_probe"

# What every call of a store keeps, 2.5 s, with a margin for a loaded machine.
BOUND_SECONDS = 3.5
# What is answered at once, without waiting for a keyring at all.
AT_ONCE_SECONDS = 1

Answer = namedtuple("Answer", "ok seconds reason fields")


class Skip(Exception):
    """Raised by a test that cannot run here."""


class StoreProbe:
    """One process with one store; calling it runs a command and checks that it kept its time."""

    def __init__(self, *arguments, env=None):
        self.process = subprocess.Popen([PROGRAM, *map(str, arguments)], stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE, text=True, env=env)

    def send(self, *words):
        self.process.stdin.write("\t".join(words) + "\n")
        self.process.stdin.flush()

    def receive(self):
        return self.process.stdout.readline().rstrip("\n").split("\t")

    def __call__(self, *words, bound=BOUND_SECONDS):
        started = time.monotonic()
        self.send(*words)
        fields = self.receive()
        seconds = time.monotonic() - started
        assert fields != [""], f"{words[0]}: the probe ended with {self.process.wait()}"
        assert seconds <= bound, f"{words[0]} took {seconds:.1f} s"
        if fields[0] == "ok":
            return Answer(True, seconds, None, fields[2:])
        return Answer(False, seconds, fields[2], fields[3:])

    def put(self, name, secret):
        return self("put", "record", name, "", f"label of {name}", secret)

    def get(self, name):
        return self("get", "record", name)

    def state(self):
        return self("state").fields[0]

    def expect(self, name, secret):
        """@name is there with this secret."""
        answer = self.get(name)
        assert answer.ok and answer.fields[2] == secret, f"{name}: {answer}"

    def works(self):
        """A whole round."""
        for command in (lambda: self.put("works", "yes"), lambda: self.get("works"),
                        lambda: self("remove", "record", "works")):
            answer = command()
            assert answer.ok, answer
        assert self.get("works").reason == "KEY_NOT_FOUND"

    def fails(self, reason):
        """Each call says @reason."""
        for words in (("get", "record", "any"), ("list", "record"), ("remove", "record", "any"),
                      ("put", "record", "any", "", "l", "x")):
            answer = self(*words)
            assert answer.reason == reason, f"{words[0]}: {answer}, not {reason}"

    def close(self):
        self.process.stdin.close()
        self.process.stdout.close()
        try:
            self.process.wait(30)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()

    def kill(self):
        self.process.kill()
        self.process.wait()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


def run_tests(tests):
    """Run (name, function) pairs, print TAP, return the exit status."""
    print(f"1..{len(tests)}")
    failed = 0
    for number, (name, function) in enumerate(tests, 1):
        started = time.monotonic()
        try:
            note = function()
            print(f"ok {number} - {name}")
            print(f"# {time.monotonic() - started:.1f} s{f', {note}' if note else ''}")
        except Skip as reason:
            print(f"ok {number} - {name} # SKIP {reason}")
        except Exception:
            failed += 1
            print(f"not ok {number} - {name}")
            print("".join(f"# {line}\n" for line in traceback.format_exc().splitlines()), end="")
        sys.stdout.flush()
    return 1 if failed else 0
