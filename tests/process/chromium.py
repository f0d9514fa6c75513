"""Chromium as the user's browser, without a window, driven over its debugging pipe.

A program opens an address in it by $BROWSER, as on a desktop; the test then sees its page and clicks.
"""
import base64
import json
import os
import select
import shutil
import signal
import tempfile
import time
from pathlib import Path

from cli_world import Failure, Skip

# Without --no-sandbox it does not run as root; the others keep it from looking for things on the network.
OPTIONS = ["--headless=new", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
           "--disable-component-update", "--disable-sync", "--window-size=900,700", "--remote-debugging-pipe"]
START_SECONDS = 60
SECONDS = 30


class Chromium:
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
        self.buffer, self.last_id, self.session = b"", 0, None

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

    # --- the protocol: JSON with a zero byte behind it -----------------------------------------------

    def _receive(self, deadline):
        while b"\0" not in self.buffer:
            if not select.select([self.reader], [], [], max(0, deadline - time.monotonic()))[0]:
                errors = self.folder / "errors"
                raise Failure(f"chromium does not answer: {errors.read_text()[-500:] if errors.exists() else 'not started'}")
            self.buffer += os.read(self.reader, 1 << 16)
        message, _, self.buffer = self.buffer.partition(b"\0")
        return json.loads(message)

    def call(self, method, seconds=SECONDS, **params):
        self.last_id += 1
        message = {"id": self.last_id, "method": method, "params": params}
        if self.session and not method.startswith("Target."):
            message["sessionId"] = self.session
        os.write(self.writer, json.dumps(message).encode() + b"\0")
        deadline = time.monotonic() + seconds
        while True:
            answer = self._receive(deadline)
            if answer.get("id") == self.last_id:
                if "error" in answer:
                    raise Failure(f"{method}: {answer['error']}")
                return answer["result"]

    def attach(self):
        """To the page that was opened."""
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline:
            targets = self.call("Target.getTargets", START_SECONDS)["targetInfos"]
            pages = [target for target in targets if target["type"] == "page" and target["url"].startswith("http")]
            if pages:
                self.session = self.call("Target.attachToTarget", targetId=pages[0]["targetId"], flatten=True)["sessionId"]
                return
            time.sleep(0.1)
        raise Failure("chromium opened no page")

    # --- the page ------------------------------------------------------------------------------------

    def value(self, expression):
        """Of JavaScript in the page, None while it has none."""
        result = self.call("Runtime.evaluate", expression=expression, returnByValue=True)["result"]
        return result.get("value")

    def wait_for(self, expression):
        """Until @expression is something; that."""
        deadline = time.monotonic() + SECONDS
        while time.monotonic() < deadline:
            if value := self.value(expression):
                return value
            time.sleep(0.1)
        raise Failure(f"{expression} is nothing; the page is {self.value('location.href + document.body.innerText')!r:.300}")

    def fill_in(self, name, text):
        self.wait_for(f"!!document.querySelector('input[name={name}]')")
        self.value(f"document.querySelector('input[name={name}]').select()")
        self.call("Input.insertText", text=text)

    def click(self, selector):
        """As a mouse does."""
        x, y = self.wait_for(f"(box => box && [box.x + box.width / 2, box.y + box.height / 2])"
                             f"(document.querySelector({json.dumps(selector)})?.getBoundingClientRect())")
        for kind in ("mousePressed", "mouseReleased"):
            self.call("Input.dispatchMouseEvent", type=kind, x=x, y=y, button="left", clickCount=1)

    def take_picture(self, path):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(base64.b64decode(self.call("Page.captureScreenshot")["data"]))
