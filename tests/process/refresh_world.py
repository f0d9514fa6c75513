"""A world for the tests of refreshes: one provider for all tests of a file, accounts, and a second agent on the same store."""
import contextlib
import json
import secrets
import time

import cli_world
from agent_world import Raw
from cli_world import Failure, Skip, check, equal
from oauth_provider import KINDS, Provider, missing
from oauth_world import CHROMIUM_REDIRECT, LOOPBACK, OAuthWorld, at_once, refreshes

OPENKEY = KINDS[0]
LIFE = 3  # seconds of an access token; the agent counts whole ones, so that it may be one less


class RefreshWorld(OAuthWorld):
    """An agent, and whatever it is that this test wants of a provider: see on()."""

    def __init__(self, providers, **options):
        super().__init__(**options)
        self.providers = providers
        self.person = f"{secrets.token_hex(6)}@example.com"  # of this test alone, so that sessions can be counted
        self.neighbours = []
        self.provider = self.client = None

    def on(self, kind=OPENKEY, access_ttl=LIFE, **options):
        """Use this provider, with a new native client; returns the provider."""
        self.provider = self.providers.get(kind, access_ttl=access_ttl, **options)
        self.client = self.provider.client("native", [LOOPBACK])
        return self.provider

    def signed_in(self, kind=OPENKEY, access_ttl=LIFE, **options):
        """The id of a new account at this provider, with nothing in its log."""
        self.on(kind, access_ttl, **options)
        account = self.account(self.provider, self.client)
        self.provider.reset()
        return account

    def neighbour(self):
        """Another agent on the same vault, with a state of its own."""
        neighbour = Neighbour(self, len(self.neighbours) + 2)
        self.neighbours.append(neighbour)
        return neighbour

    def sessions(self):
        """Number of refresh tokens of this world's person that still work."""
        return self.provider.sessions(self.person)

    def restart(self):
        self.stop()
        self.unlock()

    def close(self):
        for neighbour in self.neighbours:
            neighbour.end()
        super().close()


class Neighbour(OAuthWorld):
    """A second agent of the same user: its own socket and state.db, the same vault."""

    def __init__(self, world, number):
        self.ports = []
        self.folder = world.folder
        state, run = self.folder / f"state{number}", self.folder / f"run/{number}"
        self.environment = {**world.environment, "XDG_STATE_HOME": str(state), "SEALRING_RUNTIME_DIR": str(run)}
        self.unlock()

    def end(self):
        for port in self.ports:
            port.close()
        self.end_agent()


class Crowd:
    """An extension that has signed in many people, as fast as that goes."""

    def __init__(self, world, **options):
        self.world, self.provider = world, world.on(**options)
        self.client = self.provider.client("spa", [CHROMIUM_REDIRECT])
        self.browser = world.browser(connect=False)
        self.count = 0

    def add(self):
        """The id of a new account."""
        self.count += 1
        person = f"{self.count}-{self.world.person}"
        return self.world.sign_in(self.browser, self.provider, self.client, person=person)["id"]

    def reply(self, account):
        reply = self.browser.call("oauth.token", {"account": account}, None, timeout=60)
        text = json.dumps(reply)
        shown = [secret for secret in self.provider.issued() if secret in text and "error" in reply]
        check(not shown, f"a secret is in the error: {text}")
        return reply

    def outcome(self, account):
        """The reason, None for a token."""
        reply = self.reply(account)
        return reply["error"]["data"]["reason"] if "error" in reply else None

    def states(self):
        return {item["id"]: item["state"] for item in self.browser.result("oauth.accounts", None, None)["accounts"]}


class Providers:
    """Providers that run, each started when it is first asked for."""

    def __init__(self):
        self.stack = contextlib.ExitStack()
        self.running = {}

    def get(self, kind, **options):
        key = kind, *sorted(options.items())
        if key not in self.running:
            self.running[key] = self.stack.enter_context(Provider(kind, **options))
        self.running[key].reset()
        return self.running[key]


def state(world, account):
    """(state, cause or None) of @account as the command line shows it, None when there is none."""
    found = [item for item in world.json("account", "list")["accounts"] if item["id"] == account]
    return (found[0]["state"], found[0].get("cause")) if found else None


def outcome(reply):
    """The access token of a reply, or the reason why there is none."""
    if reply is None:
        raise Failure("the agent has ended")
    return reply["error"]["data"]["reason"] if "error" in reply else reply["result"]["accessToken"]


def ask(port, account, count=1, timeout=60, **params):
    """What @count requests at once on one connection come to."""
    for _ in range(count):
        port.send("oauth.token", {"account": account, **params}, None)
    return [outcome(port.receive(timeout)) for _ in range(count)]


def token(world, account, **params):
    """The access token, or the reason."""
    port = Raw(world).attach(client="cli")
    with contextlib.closing(port):
        return ask(port, account, **params)[0]


def is_token(text):
    return text.upper() != text  # a reason is in capitals


def until_left(port, account, seconds):
    """Wait until the token is good for @seconds, which the agent counts whole: they have just begun. The token."""
    while True:
        port.send("oauth.token", {"account": account, "minValid": 0}, None)
        result = port.receive()["result"]
        if result["expiresIn"] <= seconds:
            return result["accessToken"]
        time.sleep(max(0.02, result["expiresIn"] - seconds - 1))


def end_of_life(seconds=LIFE):
    """Until an access token that came just now has ended."""
    time.sleep(seconds + 0.1)


def main(topic, functions, kind_of_world=RefreshWorld):
    """Run the tests among @functions; one with a parameter kind is a test for each kind of provider."""
    from plain_oauth import expanded

    providers = Providers()
    try:
        cli_world.main(topic, dict(expanded(functions)), lambda: kind_of_world(providers))
    finally:
        providers.stack.close()


__all__ = ["LIFE", "OPENKEY", "KINDS", "RefreshWorld", "Crowd", "Neighbour", "Providers", "Failure", "Skip", "check", "equal", "at_once", "ask", "token", "missing",
           "end_of_life", "main", "outcome", "refreshes", "state", "is_token", "until_left"]
