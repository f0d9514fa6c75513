"""Sign-ins in all their ways, for tests that share one agent and the providers of others."""
import contextlib
import json
import socket
import threading
import urllib.parse

import cli_world
from agent_world import EXTENSION
from cli_world import Failure, check, equal, wait_until
from oauth_world import SCOPE, OAuthWorld, follow
from plain_oauth import Providers, expanded, query


def is_open(port):
    with contextlib.suppress(OSError):
        socket.create_connection(("127.0.0.1", port), 1).close()
        return True
    return False


class Login:
    """A `sealring login --print-url` of @client (None: the registered one) that waits for its redirect."""

    def __init__(self, world, provider, client, *words, scope=SCOPE, passphrase=None):
        chosen = ["--client-id", client.id] if client else []
        self.provider = provider
        self.process = world.start("login", "--issuer", provider.issuer, *chosen, "--scope", scope, "--print-url", *words,
                                   passphrase=passphrase)
        line = self.process.stdout.readline().decode().strip()
        self.url = json.loads(line).get("url", line) if "--json" in words else line

    def __enter__(self):
        if not self.url.startswith("http"):
            raise Failure(f"login printed {self.url!r} {self.end()}")
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.process.kill()
            self.process.communicate()

    @property
    def redirect_uri(self):
        return query(self.url)["redirect_uri"]

    @property
    def port(self):
        return urllib.parse.urlsplit(self.redirect_uri).port

    @property
    def state(self):
        return query(self.url)["state"]

    def visit(self, text):
        """What any page of this computer may do: ask for @text (from the path on) at the port."""
        return self.provider.request("GET", f"http://127.0.0.1:{self.port}{text}").status

    def finish(self, mode="allow", **user):
        """The user signs in and the browser comes back; (status, output, errors)."""
        follow(self.provider, self.provider.authorize(self.url, mode, **user))
        return self.end()

    def cancel(self):
        self.process.terminate()  # SIGINT may be ignored where the test runs in the background
        return self.end()

    def end(self, timeout=60):
        output, errors = self.process.communicate(timeout=timeout)
        return self.process.returncode, output.decode(), errors.decode()


class Flows(OAuthWorld):
    """An agent and providers for all tests of a file; each test makes its own clients (or extensions)."""

    def __init__(self):
        self.providers = Providers()
        self.numbers = iter(range(1 << 20))
        self.made = {}
        super().__init__()

    def provider(self, kind, **options):
        """It has forgotten what was asked of it before."""
        return self.providers.get(kind, **options)

    def once(self, make):
        """What make(self) gives, made when it is first asked for."""
        if make not in self.made:
            self.made[make] = make(self)
        return self.made[make]

    def at_the_end(self, thing):
        """@thing, which is closed after the last test."""
        self.providers.stack.callback(thing.close)
        return thing

    @contextlib.contextmanager
    def other(self, *settings):
        """An agent with other settings, and nothing known to it."""
        world = OAuthWorld(settings)
        try:
            yield world
        finally:
            world.close()

    def extension(self):
        """The id of an extension that nobody has met, and where its browser is sent back to."""
        number = next(self.numbers)
        id = "".join(chr(ord("a") + (number >> 4 * i & 15)) for i in range(4)) + EXTENSION[4:]
        return id, f"https://{id}.chromiumapp.org/callback"

    def ask(self, method, params=None):
        """The whole reply to the command line asking for what it has no command for."""
        connection = self.cli()
        return connection.call(method, params, origin=None, timeout=20)

    def accounts(self, client):
        return [account for account in self.json("account", "list")["accounts"] if account["clientId"] == client.id]

    def account_of(self, client):
        found = self.accounts(client)
        equal(len(found), 1, f"accounts of the client {found}")
        return found[0]

    def events(self, event, **values):
        """The entries of the log."""
        entries = self.json("log", "--limit", "0")["entries"]
        return [entry for entry in entries if entry["event"] == event
                and all(entry.get(name) == value for name, value in values.items())]

    def grants(self, kind, extension):
        return [grant for grant in self.json("grant", "list")["grants"]
                if grant["kind"] == kind and grant["extension"] == f"chrome-extension://{extension}"]

    def sign_in_as(self, provider, client, *words, user="a@example.com", **options):
        """Sign in by command line; the account."""
        with Login(self, provider, client, *words, "--json", **options) as login:
            status, output, errors = login.finish(user=user)
        equal(status, 0, f"login ({output} {errors})")
        return json.loads(output.splitlines()[-1])["account"]

    def close(self):
        """After each test: nothing ends, and what was shown is forgotten."""
        self.shown()

    def end(self):
        try:
            super().close()
        finally:
            self.providers.stack.close()


def succeeds(outcome, what):
    check(outcome[0] == 0, f"{what}: {outcome}")
    return outcome[1]


def refused(reply, reason, field=None):
    """The message of an error that the agent must have answered with."""
    if "error" not in reply:
        raise Failure(f"{reason} was expected, not {str(reply)[:300]}")
    data = reply["error"]["data"]
    equal((data["reason"], data.get("field")), (reason, field or data.get("field")), f"the error {reply['error']}")
    return reply["error"]["message"]


def main(topic, functions):
    """Run the tests among @functions with one Flows; prints TAP."""
    flows = Flows()
    try:
        cli_world.main(topic, dict(expanded(functions)), lambda: flows)
    finally:
        flows.end()


class ConnectProxy:
    """An HTTP proxy that takes every CONNECT to 127.0.0.1:@port, and remembers what was asked for."""

    def __init__(self, port):
        self.target, self.asked = port, []
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self.listener.getsockname()[1]}"
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        with contextlib.suppress(OSError):
            while True:
                threading.Thread(target=self._serve, args=(self.listener.accept()[0],), daemon=True).start()

    def _serve(self, client):
        with contextlib.suppress(OSError), client:
            head = b""
            while b"\r\n\r\n" not in head:
                head += client.recv(4096)
            self.asked.append(head.split(b"\r\n")[0].decode())
            with socket.create_connection(("127.0.0.1", self.target)) as server:
                client.sendall(b"HTTP/1.1 200 Connected\r\n\r\n")
                back = threading.Thread(target=_pump, args=(server, client), daemon=True)
                back.start()
                _pump(client, server)
                back.join()

    def close(self):
        self.listener.close()


def _pump(source, target):
    with contextlib.suppress(OSError):
        while data := source.recv(65536):
            target.sendall(data)
        target.shutdown(socket.SHUT_WR)
