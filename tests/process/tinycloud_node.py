"""A TinyCloud node on loopback, and what verifies and signs beside sealring: npm libraries, none of our code.

    with TinyCloudNode() as node:
        reply = node.delegate(authorization)     # reply.status, reply.text, reply.json()
    with Checker() as checker:
        verdict = checker.verdict("session", record=record)
    with Maker() as maker:
        cacao = maker.make("cacao", privateKey=…, aud=…, grants={resource: [ability]})

All end with their block, and with the test in any case. See tests/README.md.
"""
import base64
import collections
import http.client
import json
import selectors
import shutil
import subprocess
import tempfile
import urllib.parse
from pathlib import Path

from cli_world import BUILD, Failure, Skip
from oauth_provider import NODE, node_missing

PACKAGES = BUILD / "tinycloud-node"
SOURCES = Path(__file__).resolve().parents[1] / "tinycloud-node"
REPLY_SECONDS = 60


class Reply(collections.namedtuple("Reply", "status headers body")):
    @property
    def text(self):
        return self.body.decode(errors="replace")

    def json(self):
        return json.loads(self.body)


def missing():
    """Why none of this can be started, or None."""
    if reason := node_missing():
        return reason
    if (PACKAGES / "missing").exists():
        return f"TinyCloud node: {(PACKAGES / 'missing').read_text().strip()}"
    return None if (PACKAGES / "installed").exists() else f"TinyCloud node: run tests/tinycloud-node/install {BUILD.name}"


class NodeProgram:
    """One of the programs of tests/tinycloud-node, running in a folder of its own; it ends when its input does."""

    def __init__(self, name, *words):
        self.name, self.words = name, words
        self.process = self.folder = None

    def __enter__(self):
        if reason := missing():
            raise Skip(reason)
        self.folder = Path(tempfile.mkdtemp(prefix="sr-tinycloud-"))
        try:
            self.start()
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(self, *_):
        self.stop()

    def start(self):
        # Node looks for packages beside the program, and they are not beside the sources.
        for source in SOURCES.glob("*.mjs"):
            shutil.copy(source, self.folder)
        (self.folder / "node_modules").symlink_to(PACKAGES / "node_modules")
        with open(self.folder / "errors", "wb") as errors:
            self.process = subprocess.Popen([NODE, self.name, *self.words], cwd=self.folder, stdin=subprocess.PIPE,
                                            stdout=subprocess.PIPE, stderr=errors)

    def stop(self):
        """End the program; it may be called twice."""
        if self.process:
            self.process.kill()
            self.process.wait()
            self.process.stdin.close()
            self.process.stdout.close()
            self.process = None
        if self.folder:
            shutil.rmtree(self.folder)
            self.folder = None

    def line(self, seconds=REPLY_SECONDS):
        """The next line of its output."""
        with selectors.DefaultSelector() as selector:
            selector.register(self.process.stdout, selectors.EVENT_READ)
            line = self.process.stdout.readline() if selector.select(seconds) else b""
        if not line:
            raise Failure(f"{self.name} says nothing: {(self.folder / 'errors').read_text(errors='replace')[-2000:]}")
        return line.decode()

    def ask(self, value):
        """The JSON answer to a line of JSON."""
        self.process.stdin.write(json.dumps(value).encode() + b"\n")
        self.process.stdin.flush()
        return json.loads(self.line())


class Checker(NodeProgram):
    """Verdicts over delegations, invocations and stored sessions; for the parameters see check.mjs."""

    def __init__(self):
        super().__init__("check.mjs")

    def verdict(self, kind, **parameters):
        return self.ask({"kind": kind, **parameters})

    def accept(self, kind, **parameters):
        """The verdict, which must be good."""
        verdict = self.verdict(kind, **parameters)
        if not verdict["ok"]:
            raise Failure(f"{kind} refused: {verdict['status']} {verdict['reason']}")
        return verdict


class Maker(NodeProgram):
    """What another client of TinyCloud would sign; for the parameters see make.mjs."""

    def __init__(self):
        super().__init__("make.mjs")

    def make(self, kind, **parameters):
        return self.ask({"kind": kind, **parameters})


class TinyCloudNode(NodeProgram):
    """The node. base: its URL. It hosts no space until one's owner has said so to peer(space)."""

    def __init__(self):
        super().__init__("node.mjs")
        self.base = None

    def start(self):
        super().start()
        word, self.base = self.line().split()
        if word != "ready":
            raise Failure(f"the node says {word}")

    def request(self, method, path, authorization=None, body=None, headers=None):
        place = urllib.parse.urlsplit(self.base)
        connection = http.client.HTTPConnection(place.hostname, place.port, timeout=REPLY_SECONDS)
        head = {**({"Authorization": authorization} if authorization is not None else {}), **(headers or {})}
        try:
            connection.request(method, path, body, head)
            reply = connection.getresponse()
            return Reply(reply.status, reply.headers, reply.read())
        finally:
            connection.close()

    def info(self):
        return self.request("GET", "/info").json()

    def peer(self, space):
        """The DID that a host message for @space must name."""
        return self.request("GET", "/peer/generate/" + urllib.parse.quote(space, safe="")).text

    def delegate(self, authorization):
        return self.request("POST", "/delegate", authorization)

    def invoke(self, authorization, body=None, type="application/octet-stream"):
        return self.request("POST", "/invoke", authorization, body, {"Content-Type": type} if body is not None else None)

    def revoke(self, authorization):
        return self.request("POST", "/revoke", authorization)

    def status(self, authorization, cid):
        """What /delegation/status says of @cid; the invocation must be bound to it."""
        return self.request("POST", "/delegation/status", authorization, json.dumps({"cid": cid}), {"Content-Type": "application/json"})

    def set_clock(self, offset):
        """The node's clock goes @offset seconds before this machine's (after it, if negative)."""
        self.request("POST", "/_test/clock", body=json.dumps({"offset": offset}))

    def log(self, path=None):
        """Requests since reset(): dicts with time, method, path, status, verdict, cid; of @path or all."""
        return [entry for entry in self.request("GET", "/_test/log").json() if path in (None, entry["path"])]

    def reset(self):
        """No delegations, spaces, values, nonces, log; the right time. Peers stay."""
        self.request("POST", "/_test/reset")


def figures(seconds=2):
    """How often a second the npm libraries sign in, invoke and restore: signIn, invoke, restore, recordBytes."""
    with NodeProgram("bench.mjs", str(seconds)) as program:
        return json.loads(program.line(REPLY_SECONDS + 4 * seconds))


def padded(data):
    """base64url as CACAOs are sent."""
    return base64.urlsafe_b64encode(data).decode()
