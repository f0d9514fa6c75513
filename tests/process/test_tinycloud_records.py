#!/usr/bin/env -S python3 -B
"""The records of TinyCloud sessions in a real gnome-keyring: none that was damaged or forged is used, and their keys are nowhere but
there and, in use, in the agent's locked memory."""
import base64
import contextlib
import hashlib
import json
import os
from pathlib import Path

from cli_world import wait_until
from secret_search import memory_of
from tinycloud_world import (NOTES_REQUEST, NOTES_RESOURCE, OTHER_PAGE, SPACE, SessionKeyringWorld, check, equal, header_of, main)
from store_probe import StoreProbe  # noqa: E402  (the world knows where it is)

BYTES = 400 if os.environ.get("SOAK") else 40  # of a record, each another one once
GET = [{"path": "notes", "actions": ["tinycloud.kv/get"]}]
LOCKED_PAGES = ("lo", "dd")  # flags in smaps: locked, in no core dump


def acting(session):
    return {"session": session["session"], "invocations": GET}


# --- damage ---------------------------------------------------------------------------------------

class Record:
    """A session's record in the keyring, to be looked at and written over."""

    def __init__(self, probe, identifier):
        self.probe, self.identifier = probe, identifier
        self.line = self.read()

    def read(self):
        answer = self.probe("get", "session", self.identifier)
        check(answer.ok, f"get: {answer}")
        return answer.fields[2]

    def write(self, line, identifier=None):
        answer = self.probe("put", "session", identifier or self.identifier, "ed25519", "TinyCloud session", line)
        check(answer.ok, f"put: {answer}")

    def remove(self):
        check(self.probe("remove", "session", self.identifier).ok, "remove")

    @property
    def seed(self):
        return decoded(self.line.split(".")[2])

    @property
    def facts(self):
        return json.loads(decoded(self.line.split(".")[1]))


def decoded(text):
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def encoded(data):
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def line_of(facts, seed):
    """A record with a check that is right, as sealring writes it."""
    text = encoded(json.dumps(facts, separators=(",", ":"), ensure_ascii=False).encode())
    return f"1.{text}.{encoded(seed)}.{encoded(hashlib.sha256(seed + hashlib.sha256(text.encode()).digest()).digest())}"


@contextlib.contextmanager
def record_of_session(world, session):
    with StoreProbe("--bus", world.bus.address) as probe:
        yield Record(probe, session["session"])


def without(facts, gone):
    return {name: value for name, value in facts.items() if name != gone}


def found_of(port, session):
    """What restore and invoke say of it."""
    result = port.result("session.restore", {"session": session["session"]})
    reply = port.call("session.invoke", acting(session))
    return result["status"], reply["error"]["data"]["reason"] if "error" in reply else "signed"


def test_a_record_with_any_other_byte_is_corrupt_and_never_used(world):
    world.ready()
    browser = world.browser()
    session = world.sign_in(browser)
    with record_of_session(world, session) as record:
        line = record.line
        dots = [place for place, letter in enumerate(line) if letter == "."]
        places = {0, 1, 2, len(line) - 1, *dots, *(place + 1 for place in dots), *range(3, len(line), len(line) // BYTES)}
        for place in sorted(places):
            other = "A" if line[place] != "A" else "B"
            record.write(line[:place] + other + line[place + 1:])
            equal(found_of(browser, session), ("corrupt", "CORRUPT"), f"byte {place} of {len(line)}")
        for changed in (line[:-1], line[1:], line + "A", line + ".", line.replace(".", "", 1), "x", "1...", line + line, ".",
                        line.replace("1.", "2.", 1)):
            record.write(changed)
            equal(found_of(browser, session), ("corrupt", "CORRUPT"), changed[:20])
        [listed] = browser.result("session.list")["sessions"]
        equal((listed["session"], listed["status"]), (session["session"], "corrupt"), "the list")
        check("problem" in listed, "it says why")
        record.write(line)
        equal(found_of(browser, session), ("restored", "signed"), "written back")
        record.write("x")
    world.stop()
    browser = world.browser(connect=False)
    equal(found_of(browser, session), ("corrupt", "CORRUPT"), "damaged, another agent")
    second = world.sign_in(browser)
    equal(world.restored(browser), ("restored", second), "a good one is found beside it")
    browser.result("session.signOut", {"session": session["session"]})
    equal(world.ids(browser), [second["session"]], "signed out of the damaged one")


def test_a_forged_record_is_corrupt_and_never_used(world):
    """Somebody can write to the keyring, and knows how records are written: what is not signed for is not used."""
    world.ready()
    browser = world.browser()
    session, other = world.sign_in(browser), world.sign_in(browser, capabilityRequest={"resources": [NOTES_RESOURCE]})
    with record_of_session(world, session) as record, record_of_session(world, other) as second:
        facts, seed, more = record.facts, record.seed, second.facts
        equal(line_of(facts, seed), record.line, "the test writes as sealring does")
        members = {
            "a DID of another key": {"did": more["did"]}, "a DID of garbage": {"did": "did:key:x"}, "a DID that is a number": {"did": 5},
            "another page": {"origin": OTHER_PAGE}, "another caller": {"caller": "cli"},
            "a longer life": {"expiresAt": "2099-01-01T00:00:00.000Z"}, "an end of garbage": {"expiresAt": "soon"},
            "another header": {"header": more["header"]}, "an empty header": {"header": ""}, "a header of garbage": {"header": "AAAA"},
            "header and CID of another": {"header": more["header"], "cid": more["cid"]}, "another CID": {"cid": more["cid"]},
            "another message": {"siwe": more["siwe"]}, "a message of garbage": {"siwe": "x"},
            "another signature": {"signature": more["signature"]}, "a signature of garbage": {"signature": "0x"},
            "a space that is not given": {"spaceId": SPACE + "2"}, "an empty space": {"spaceId": ""}, "spaces of a number": {"spaces": 5},
            "an unknown kind": {"kind": "x"}, "kind delegated": {"kind": "delegated"}, "kind key": {"kind": "key"}}
        forged = {
            **{what: ({**facts, **changed}, seed) for what, changed in members.items()},
            **{f"no {name}": (without(facts, name), seed) for name in facts if name not in ("created", "spaces")},
            "another key": (facts, second.seed), "an empty key": (facts, b""), "a short key": (facts, seed[:31]),
            "key and DID of another": ({**facts, "did": more["did"]}, second.seed), "a list": ([], seed), "a text": ("x", seed),
            "nothing": ({}, seed)}
        for what, (changed, key) in forged.items():
            record.write(line_of(changed, key))
            equal(found_of(browser, session), ("corrupt", "CORRUPT"), what)
            for params in ({"address": session["address"]}, {"spaceId": SPACE}, {}):
                equal(world.restored(browser, **params), ("restored", other), f"{what}: the other one")
            world.cli().result("session.list", {}, None)
        bare = {name: facts[name] for name in ("caller", "origin", "did", "created")}
        record.write(line_of({**bare, "kind": "key"}, seed))  # only a key, which does nothing
        equal(found_of(browser, session), ("missing", "NOT_GRANTED"), "a key alone")
        record.write(record.line)
        world.run("lock").expect(0, "lock")
        world.run("unlock").expect(0, "unlock")
        equal(found_of(browser, session), ("restored", "signed"), "written back")
    alive = world.agent_pid()
    check(alive is not None, "the agent lives")


def test_a_record_copied_to_another_owner_is_not_theirs(world):
    world.ready()
    browser = world.browser()
    browser.result("eth_requestAccounts", [], OTHER_PAGE)
    session = world.sign_in(browser)
    theirs = browser.result("session.signIn", {"capabilityRequest": NOTES_REQUEST}, OTHER_PAGE)
    with record_of_session(world, session) as record:
        identifier = theirs["session"][:20] + session["session"][20:]
        record.write(record.line, identifier)
        equal(browser.result("session.restore", {"session": identifier}, OTHER_PAGE)["status"], "corrupt", "restore")
        equal(browser.reason("session.invoke", {"session": identifier, "invocations": GET}, OTHER_PAGE), "CORRUPT", "acting")
        equal(world.restored(browser, OTHER_PAGE), ("restored", theirs), "their own")


def test_a_session_that_somebody_took_out_of_the_keyring_is_gone(world):
    world.ready()
    browser = world.browser()
    session = world.sign_in(browser)
    with record_of_session(world, session) as record:
        record.remove()
    equal(found_of(browser, session), ("missing", "KEY_NOT_FOUND"), "afterwards")
    equal(browser.reason("session.signOut", {"session": session["session"]}), "KEY_NOT_FOUND", "signing out")


# --- secrets --------------------------------------------------------------------------------------

def forms_of(seed):
    """What of the seed is looked for; ends of it only, since free() overwrites the start."""
    text = encoded(seed)
    return {"bytes": seed[-12:], "base64url": text[-20:].encode(), "base64": base64.b64encode(seed)[-21:-1],
            "hexadecimal": seed.hex()[-24:].encode()}


def found(content, forms):
    return sorted(name for name, form in forms.items() if form in content)


def found_in_memory(pid, forms, apart_from=None):
    names = set()
    for flags, content in memory_of(pid):
        if apart_from is None or not set(apart_from) <= set(flags):
            names |= set(found(content, forms))
    return sorted(names)


def test_session_keys_are_in_the_agent_while_it_is_open_and_nowhere_else(world):
    world.ready()
    browser = world.browser()
    replies = []
    session, key = world.sign_in(browser), browser.result("session.key", {})
    portable = world.delegate(browser, session, key["did"])
    taken = browser.result("session.useDelegation", {"delegation": portable})
    for params in ({}, {"session": session["session"]}):
        replies.append(browser.call("session.restore", params))
    replies += [session, key, portable, taken, browser.call("session.list"), browser.call("session.invoke", acting(session)),
                browser.call("session.invoke", acting(taken)),
                world.cli().call("session.list", {}, None), world.run("log", "--json", "--limit", "1000").output, browser.call("sealring.status")]
    forms = {}
    for one in (session, key):
        with record_of_session(world, one) as record:
            forms |= {f"{name} of {one['kind']}": form for name, form in forms_of(record.seed).items()}
            check("base64url" in found(record.line.encode(), forms_of(record.seed)), "the store has it")
    check('"d"' not in json.dumps(replies), "a private JWK is in a reply")
    equal(found(json.dumps(replies).encode(), forms), [], "in replies")
    pid = world.agent_pid()
    check(found_in_memory(pid, forms), "the test can find a key that is in use")
    equal(found_in_memory(pid, forms, LOCKED_PAGES), [], "in ordinary memory")
    equal(found_in_memory(browser.process.pid, forms), [], "in sealring-host")
    for table in Path("/proc").glob("[0-9]*/cmdline"):
        for path in (table, table.with_name("environ")):
            with contextlib.suppress(OSError):
                equal(found(path.read_bytes(), forms), [], str(path))
    world.run("lock").expect(0, "lock")
    wait_until(lambda: not found_in_memory(pid, forms), "nothing left in the agent after lock", 5)
    for path in world.folder.rglob("*"):
        with contextlib.suppress(FileNotFoundError):  # SQLite's come and go
            equal(found(path.read_bytes() if path.is_file() else b"", forms), [], str(path))


def test_the_user_has_to_be_there_for_a_session_when_its_keys_time_is_over(world):
    """A session's key does not stay in memory for ever."""
    world.ready()
    path = world.folder / "config/sealring/sealring.conf"
    path.write_text(path.read_text() + "key-cache-seconds = 1\n")
    world.stop()
    browser = world.browser()
    session = world.sign_in(browser)
    browser.result("session.invoke", acting(session))
    with record_of_session(world, session) as record:
        forms = forms_of(record.seed)
    pid = world.agent_pid()
    wait_until(lambda: not found_in_memory(pid, forms), "nothing left in the agent")
    browser.result("session.invoke", acting(session))
    equal(header_of(world.restored(browser)[1]), header_of(session), "it is the same")


if __name__ == "__main__":
    main("tinycloud records", globals(), SessionKeyringWorld)
