"""What clients of TinyCloud other than sealring sign, and the programs that look at it, for tests."""
import contextlib
import datetime
import json
import os
import time
from pathlib import Path

import cli_world
from cli_world import ADDRESS_ONE, KEY_ONE, Skip, contains, equal
from tinycloud_node import Checker, Maker, TinyCloudNode

WALLET = "0x" + KEY_ONE
STRANGER = "0x" + "0" * 63 + "2"
SPACE = f"tinycloud:pkh:eip155:1:{ADDRESS_ONE}:default"
OTHER_SPACE = f"tinycloud:pkh:eip155:1:{ADDRESS_ONE}:secrets"
KV = ["tinycloud.kv/del", "tinycloud.kv/get", "tinycloud.kv/list", "tinycloud.kv/metadata", "tinycloud.kv/put"]
NOTES = f"{SPACE}/kv/notes"
GRANTS = {NOTES: KV, f"{SPACE}/delegation": ["tinycloud.delegation/revoke", "tinycloud.delegation/status"]}
SEEDS = {"session": "11" * 32, "friend": "22" * 32, "stranger": "33" * 32}
HOUR = 3600


def iso(seconds):
    """A time as JavaScript's toISOString writes it."""
    return datetime.datetime.fromtimestamp(seconds, datetime.timezone.utc).isoformat(timespec="milliseconds").replace("+00:00", "Z")


class Programs:
    """Node, checker and maker, each started when it is first asked for; all tests of the file share them."""

    def __init__(self):
        self.stack = contextlib.ExitStack()
        self.running = {}

    def get(self, kind):
        if kind not in self.running:
            self.running[kind] = self.stack.enter_context(kind())
        return self.running[kind]

    @property
    def node(self):
        return self.get(TinyCloudNode)

    @property
    def checker(self):
        return self.get(Checker)

    def make(self, kind, **parameters):
        return self.get(Maker).make(kind, **parameters)

    def again(self):
        """For the next test: an empty node."""
        if TinyCloudNode in self.running:
            self.node.reset()
        return self

    def close(self):
        """After each test: nothing ends."""

    # --- what clients sign -----------------------------------------------------------------------

    def key(self, who="session"):
        return self.make("key", seed=SEEDS[who])

    def cacao(self, seconds=HOUR, **more):
        """A sign-in of the owner: the session key may do GRANTS."""
        now = time.time()
        return self.make("cacao", **{"privateKey": WALLET, "aud": self.key()["method"], "grants": GRANTS, "iat": iso(now),
                                     "exp": iso(now + seconds), **more})

    def delegation(self, parent, seconds=60, **more):
        """The session key gives a friend what it may."""
        return self.make("ucan", **{"seed": SEEDS["session"], "aud": self.key("friend")["did"], "parents": [parent["cid"]],
                                    "grants": {NOTES: KV}, "exp": time.time() + seconds, **more})

    def invocation(self, parent, ability="tinycloud.kv/get", path="/one", **more):
        return self.make("ucan", **{"seed": SEEDS["session"], "parents": [parent["cid"]], "grants": {NOTES + path: [ability]},
                                    "exp": time.time() + 60, **more})["authorization"]

    def status_of(self, parent, cid):
        asked = self.make("ucan", seed=SEEDS["session"], parents=[parent["cid"]], exp=time.time() + 60,
                          grants={f"urn:cid:{cid}": ["tinycloud.delegation/status"]})
        return self.node.status(asked["authorization"], cid)

    def host(self, space=SPACE, **more):
        """The owner has @space hosted."""
        message = self.make("cacao", **{"privateKey": WALLET, "aud": self.node.peer(space), "iat": iso(time.time()),
                                        "grants": {f"{space}/space": ["tinycloud.space/host"]}, **more})
        return self.node.delegate(message["authorization"])

    def signed_in(self, **more):
        """A sign-in that the node knows, to a space that it hosts."""
        equal(self.host().json()["activated"], [SPACE], "the hosted space")
        cacao = self.cacao(**more)
        accepted(self.node.delegate(cacao["authorization"]))
        return cacao

    def record(self, **more):
        now = time.time()
        return self.make("session", **{"privateKey": WALLET, "grants": GRANTS, "spaceId": SPACE, "spaces": {"secrets": OTHER_SPACE},
                                       "iat": iso(now), "exp": iso(now + HOUR), **more})


def accepted(reply):
    equal((reply.status, reply.text if reply.status != 200 else ""), (200, ""), "the answer")
    return reply


def refused(reply, status, reason):
    equal(reply.status, status, f"status of {reply.text}")
    contains(reply.text, reason, "the reason")


def refuses(verdict, status, reason):
    equal((verdict["ok"], verdict.get("status")), (False, status), f"the verdict {verdict}")
    contains(verdict["reason"], reason, "the reason")


def vectors(name):
    path = Path(os.environ.get("VECTORS", "nowhere")) / "tinycloud" / name
    if not path.exists():
        raise Skip(f"no {path.name} in VECTORS")
    return json.loads(path.read_text())


def main(topic, tests):
    """Run the functions named test_… of @tests with shared Programs; prints TAP."""
    programs = Programs()
    try:
        cli_world.main(topic, tests, programs.again)
    finally:
        programs.stack.close()
