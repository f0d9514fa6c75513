#!/usr/bin/env -S python3 -B
"""`make demo` verifies, leaves nothing behind, and does not claim success when it cannot start."""
# tests/run: timeout=1500
import os
import subprocess
import tempfile
from pathlib import Path

from cli_world import BUILD, check, contains, equal, main

SCRIPT = Path(__file__).resolve().parent.parent / "demo/run"


class Folder:
    """A home and a folder for temporary files, both of which must stay empty."""

    def __init__(self):
        self.holder = tempfile.TemporaryDirectory(prefix="sr-demo-")
        self.home = Path(self.holder.name, "home")
        self.temporary = Path(self.holder.name, "tmp")
        self.home.mkdir()
        self.temporary.mkdir()

    def run(self, build, **more):
        environment = {**os.environ, "O": str(build), "HOME": str(self.home), "TMPDIR": str(self.temporary), **more}
        return subprocess.run([SCRIPT], env=environment, stdin=subprocess.DEVNULL, capture_output=True, text=True,
                              timeout=280, check=False)

    def close(self):
        self.holder.cleanup()


def test_it_verifies_and_leaves_nothing(world):
    run = world.run(BUILD)
    lines = run.stdout.splitlines()
    equal(run.returncode, 0, f"status ({run.stdout[-200:]!r} {run.stderr[-300:]!r})")
    check(lines[-1].startswith("VERIFIED: "), f"last line {lines[-1]!r}")
    for part in ("\u2192 ", "\u2190 ", "personal_sign", "The user is asked", "tinycloud.kv", "recovered address"):
        contains(run.stdout, part, "the demo")
    widest = max((line for line in lines if str(world.temporary) not in line), key=len)
    check(len(widest) <= 100, f"wider than a terminal: {widest}")
    equal((list(world.home.iterdir()), list(world.temporary.iterdir())), ([], []), "files left behind")


def test_the_full_version_cuts_nothing(world):
    run = world.run(BUILD, DEMO_FULL="1")
    equal(run.returncode, 0, "status")
    check("more ..." not in run.stdout, "a value was cut")


def test_without_programs_it_is_not_verified(world):
    folder = world.temporary / "build"
    (folder / "tests/demo").mkdir(parents=True)
    (folder / "tests/demo/browser").symlink_to("/bin/true")
    run = world.run(folder)
    check(run.returncode != 0, "status 0")
    contains(run.stdout, "NOT VERIFIED", "the demo")
    equal([path.name for path in world.temporary.iterdir()], ["build"], "files left behind")


if __name__ == "__main__":
    main("demo", globals(), Folder)
