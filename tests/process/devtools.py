"""Chromium's debugging pipe: JSON with a zero byte behind it, and the pages and workers that it leads to."""
import base64
import collections
import json
import os
import select
import time
from pathlib import Path

from cli_world import Failure

SECONDS = 30
VALUE_SECONDS = 5


class NoAnswer(Failure):
    pass


class Pipe:
    """@reader, @writer: descriptors. @errors: the file with what the browser says, for failures."""

    def __init__(self, reader, writer, errors):
        self.reader, self.writer, self.errors = reader, writer, Path(errors)
        self.buffer, self.last_id = b"", 0
        self.events = collections.deque(maxlen=1000)

    def _receive(self, deadline):
        while b"\0" not in self.buffer:
            ready = select.select([self.reader], [], [], max(0, deadline - time.monotonic()))[0]
            data = os.read(self.reader, 1 << 20) if ready else b""
            if not data:
                said = self.errors.read_text(errors="replace")[-500:] if self.errors.exists() else "not started"
                raise NoAnswer(f"chromium does not answer: {said}")
            self.buffer += data
        text, _, self.buffer = self.buffer.partition(b"\0")
        message = json.loads(text)
        if "id" not in message:
            self.events.append(message)
        return message

    def call(self, method, session=None, seconds=SECONDS, **params):
        """The result of a command to the browser, or to what @session is attached to."""
        self.last_id += 1
        message = {"id": self.last_id, "method": method, "params": params}
        if session:
            message["sessionId"] = session
        data = json.dumps(message).encode() + b"\0"
        while data:
            data = data[os.write(self.writer, data):]
        deadline = time.monotonic() + seconds
        while True:
            answer = self._receive(deadline)
            if answer.get("id") == self.last_id:
                if "error" in answer:
                    raise Failure(f"{method}: {answer['error']}")
                return answer["result"]

    def wait_for_event(self, method, session, seconds=SECONDS, **params):
        """The first such event that has these @params, of those that came since @events was cleared."""
        deadline = time.monotonic() + seconds
        while True:
            for event in self.events:
                if event["method"] == method and event.get("sessionId") == session and params.items() <= event["params"].items():
                    return event["params"]
            self._receive(deadline)

    def targets(self, kind):
        """What there is of "page", "service_worker", …"""
        found = self.call("Target.getTargets", seconds=2 * SECONDS, filter=[{"type": kind}])["targetInfos"]
        return [target for target in found if target["type"] == kind]


class Target:
    """A page or a worker."""

    def __init__(self, pipe, identity):
        self.pipe, self.identity = pipe, identity
        self.session = pipe.call("Target.attachToTarget", targetId=identity, flatten=True)["sessionId"]

    def call(self, method, seconds=SECONDS, **params):
        return self.pipe.call(method, self.session, seconds, **params)

    def value(self, expression):
        """Of JavaScript in the page, None while it has none, or is just being left."""
        try:
            result = self.call("Runtime.evaluate", VALUE_SECONDS, expression=expression, returnByValue=True)["result"]
        except NoAnswer:
            return None
        return result.get("value")

    def go(self, url):
        """To another page, until it is loaded."""
        self.call("Page.enable")
        self.call("Page.setLifecycleEventsEnabled", enabled=True)
        self.pipe.events.clear()
        answer = self.call("Page.navigate", url=url)
        if "errorText" in answer:
            raise Failure(f"{url}: {answer['errorText']}")
        # Of this page: that of the page before, about:blank in a new tab, may come late.
        self.pipe.wait_for_event("Page.lifecycleEvent", self.session, name="load", loaderId=answer["loaderId"])
        return self

    def run(self, body, seconds=SECONDS):
        """What the @body of an async function returns, which may do what needs a user's click."""
        answer = self.call("Runtime.evaluate", seconds, expression=f"(async () => {{{body}\n}})()", awaitPromise=True, returnByValue=True,
                           userGesture=True)
        if "exceptionDetails" in answer:
            raise Failure(f"{body:.200}: {answer['exceptionDetails'].get('exception', answer)}")
        return answer["result"].get("value")

    def wait_for(self, expression):
        """Until @expression is something; that."""
        deadline = time.monotonic() + SECONDS
        while time.monotonic() < deadline:
            if value := self.value(expression):
                return value
            time.sleep(0.05)
        raise Failure(f"{expression} is nothing; the page is {self.value('location.href + document.body.innerText')!r:.300}")

    def fill_in(self, name, text):
        self.wait_for(f"!!document.querySelector('input[name={name}]')")
        self.value(f"document.querySelector('input[name={name}]').select()")
        self.call("Input.insertText", text=text)

    def click(self, selector):
        """As a mouse does, once something was painted: clicks on what nobody has seen are dropped."""
        self.wait_for(f"(performance.getEntriesByType('paint').length || performance.now() > 10000) && !!document.querySelector({json.dumps(selector)})")
        x, y = self.wait_for(f"(box => box && [box.x + box.width / 2, box.y + box.height / 2])"
                             f"(document.querySelector({json.dumps(selector)})?.getBoundingClientRect())")
        for kind in ("mousePressed", "mouseReleased"):
            self.call("Input.dispatchMouseEvent", type=kind, x=x, y=y, button="left", clickCount=1)

    def take_picture(self, path):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(base64.b64decode(self.call("Page.captureScreenshot")["data"]))
