"""Chromium as the user's browser, without a window, driven over its debugging pipe.

A program opens an address in it by $BROWSER, as on a desktop; the test then sees its page and clicks.
"""
import os
import shutil
import signal
import tempfile
import time
from pathlib import Path

from cli_world import Failure, Skip
from devtools import Pipe, Target

# Without --no-sandbox it does not run as root; the others keep it from looking for things on the network.
OPTIONS = ["--headless=new", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
           "--disable-component-update", "--disable-sync", "--window-size=900,700", "--remote-debugging-pipe"]
START_SECONDS = 60
SECONDS = 30


class Chromium(Target):
    """command: what $BROWSER is to be. It starts with the first address that it is given."""

    def __init__(self):
        program = shutil.which("chromium")
        if not program:
            raise Skip("chromium is not installed")
        self.folder = Path(tempfile.mkdtemp(prefix="sr-chromium-"))
        places = [self.folder / name for name in ("to", "from")]
        for place in places:
            os.mkfifo(place)
        # Both ends, so that opening does not wait for the other side.
        self.writer, self.reader = (os.open(place, os.O_RDWR) for place in places)
        self.command = self.folder / "browser"
        self.command.write_text(f'#!/bin/sh\nexec {program} {" ".join(OPTIONS)} --user-data-dir={self.folder}/profile "$1" '
                                f'3<{places[0]} 4>{places[1]} 2>{self.folder}/errors\n')
        self.command.chmod(0o700)
        self.pipe = Pipe(self.reader, self.writer, self.folder / "errors")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for process in self.processes():
            try:
                os.kill(process, signal.SIGKILL)
            except ProcessLookupError:
                pass
        for descriptor in (self.writer, self.reader):
            os.close(descriptor)
        deadline = time.monotonic() + SECONDS
        while self.processes() and time.monotonic() < deadline:
            time.sleep(0.05)
        shutil.rmtree(self.folder, ignore_errors=True)

    def processes(self):
        """Those of this browser, by their command line."""
        found = []
        for path in Path("/proc").glob("[0-9]*/cmdline"):
            try:
                if f"--user-data-dir={self.folder}".encode() in path.read_bytes():
                    found.append(int(path.parent.name))
            except OSError:
                pass
        return found

    def attach(self):
        """To the page that was opened."""
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline:
            pages = [target for target in self.pipe.targets("page") if target["url"].startswith("http")]
            if pages:
                super().__init__(self.pipe, pages[0]["targetId"])
                return
            time.sleep(0.1)
        raise Failure("chromium opened no page")
