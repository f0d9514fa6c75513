"""Sealring's TinyCloud sessions beside a TinyCloud node: extensions and the command line sign in, act, and hand on."""
import json

import cli_world
from agent_world import EXTENSION, PAGE, AgentWorld
from cli_world import ADDRESS_ONE, PASSPHRASE, Failure, Skip, check, contains, equal
from keyring_world import KeyringWorld
from tinycloud_clients import NOTES, SPACE, Programs, accepted, refused

OTHER_PAGE = "https://other.example.com"
OTHER_EXTENSION = "ponmlkjihgfedcbaponmlkjihgfedcba"
FIREFOX = "notes@example.com"
STRANGER_ADDRESS = "0x2B5AD5c4795c026514f8317c7a215E218DcCD6cF"  # of the private key 2
OWN = ("session", "kind", "did", "jwk")  # members of a session that the SDK's record does not have

# A request for notes in the space "default", as the SDK composes one.
NOTES_RESOURCE = {"service": "tinycloud.kv", "space": "default", "path": "notes",
                  "actions": ["tinycloud.kv/get", "tinycloud.kv/put", "tinycloud.kv/list", "tinycloud.kv/del"]}
NOTES_REQUEST = {"resources": [NOTES_RESOURCE, {"service": "tinycloud.delegation", "space": "default", "path": "",
                                                "actions": ["tinycloud.delegation/revoke", "tinycloud.delegation/status"]}]}
SPACES = [f"tinycloud:pkh:eip155:1:{ADDRESS_ONE}:{name}" for name in ("account", "default", "secrets")]


def record_of(session):
    """What an SDK would have kept of it, but for the private key."""
    return {name: value for name, value in session.items() if name not in OWN}


def header_of(session):
    return session["tinycloudSession"]["delegationHeader"]["Authorization"]


class SessionWorld(AgentWorld):
    """An agent, and the node, checker and maker that all tests of the file share."""

    def __init__(self, programs, **options):
        super().__init__(**options)
        self.programs = programs.again()
        self.node_ = None

    @property
    def node(self):
        return self.programs.node

    @property
    def checker(self):
        return self.programs.checker

    def restart(self):
        self.stop()
        self.unlock()

    # --- sessions --------------------------------------------------------------------------------

    def sign_in(self, port, origin=PAGE, **params):
        """A new session for notes (or for what @params say), verified without sealring's code."""
        if not {"manifest", "capabilityRequest"} & set(params):
            params = {"capabilityRequest": NOTES_REQUEST, **params}
        session = port.result("session.signIn", params, origin)
        self.verify(session)
        return session

    def verify(self, session, **more):
        """The checker's verdict over a signed-in session."""
        verdict = self.checker.accept("session", record=record_of(session), **more)
        equal(verdict["cid"], session["tinycloudSession"]["delegationCid"], "the CID")
        equal(verdict["delegate"], session["did"].split("#")[0], "who may act")
        return verdict

    def invoke(self, port, session, action="get", path="notes/one", origin=PAGE, **params):
        """The header of an invocation of one action of kv."""
        return self.invocation(port, session, [{"path": path, "actions": [f"tinycloud.kv/{action}"]}], origin, **params)

    def invocation(self, port, session, wanted, origin=PAGE, **params):
        result = port.result("session.invoke", {"session": session["session"], "invocations": wanted, **params}, origin)
        return result["headers"]["Authorization"]

    def delegate(self, port, session, did, origin=PAGE, **params):
        params = {"resources": [{"path": "notes", "actions": ["tinycloud.kv/get"]}], **params}
        return port.result("session.delegate", {"session": session["session"], "delegateDID": did, **params}, origin)

    def restored(self, port, origin=PAGE, **params):
        """(status, session or None)."""
        result = port.result("session.restore", params, origin)
        return result["status"], result.get("session")

    def ids(self, port, origin=PAGE):
        return [session["session"] for session in port.result("session.list", {}, origin)["sessions"]]

    # --- the node --------------------------------------------------------------------------------

    def host(self, port, space=SPACE, origin=PAGE):
        """The owner has @space hosted, by a message that sealring builds and signs; the prompt for it."""
        built = port.result("siwe.build", {"uri": self.node.peer(space), "attenuations": {f"{space}/space": {"tinycloud.space/host": [{}]}}}, origin)
        self.shown()
        signed = port.result("siwe.sign", {"message": built["message"]}, origin)
        made = self.post_host(built["message"], signed["signature"], [space])
        equal((signed["delegationHeader"], signed["delegationCid"]), ({"Authorization": made["authorization"]}, made["cid"]), "what is to be posted")
        return self.shown()

    def post_host(self, message, signature, spaces):
        """Post the host message as an SDK does, that has only the signature; the delegation it made of them."""
        made = self.programs.make("encode", siwe=message, signature=signature)
        equal(accepted(self.node.delegate(made["authorization"])).json()["activated"], spaces, "hosted spaces")
        return made

    def signed_in_and_hosted(self, port, **params):
        """A session that the node knows, for a space that it hosts."""
        session = self.sign_in(port, **params)
        self.host(port)
        accepted(self.node.delegate(header_of(session)))
        return session


class SessionKeyringWorld(SessionWorld, KeyringWorld):
    """The same in a real gnome-keyring."""

    def ready(self):
        if self.skip:
            raise Skip(self.skip)
        self.import_key()
        return self


def main(topic, tests, world=SessionWorld):
    """Run the functions named test_… of @tests, each in a world of its own with shared programs; prints TAP."""
    programs = Programs()
    try:
        cli_world.main(topic, tests, lambda: world(programs))
    finally:
        programs.stack.close()


__all__ = ["ADDRESS_ONE", "EXTENSION", "FIREFOX", "NOTES", "NOTES_REQUEST", "NOTES_RESOURCE", "OTHER_EXTENSION", "OTHER_PAGE", "PAGE", "PASSPHRASE",
           "SPACE", "SPACES", "STRANGER_ADDRESS", "Failure", "SessionKeyringWorld", "SessionWorld", "Skip", "accepted", "check", "contains", "equal",
           "header_of", "json", "main", "record_of", "refused"]
