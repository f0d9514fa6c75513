"""OAuth providers of others on loopback, for tests: better-auth as OpenKey sets it up, and panva's oidc-provider.

    with Provider("openkey-1.6.11") as provider:
        client = provider.client("native", ["http://127.0.0.1/callback"])
        redirect = provider.authorize(url)

The provider keeps a log of what it was asked, and does faults on request; see tests/README.md. It
ends with the block, and with the test in any case. Starting one takes about two seconds: a file of
tests uses one for all.
"""
import collections
import http.client
import json
import selectors
import shutil
import signal
import ssl
import subprocess
import tempfile
import urllib.parse
from pathlib import Path

from cli_world import BUILD, Failure, Skip
from web_pages import Browser, Form

NODE_VERSION = 20
OWN_NODE = BUILD / "node/node_modules/node/bin/node"  # where the system's is too old
NODE = str(OWN_NODE) if OWN_NODE.exists() else shutil.which("node")
KINDS = ["openkey-1.6.11", "openkey-1.7.5", "panva"]
USER = "a@example.com"
PASSWORD = "password of a test user"
ADMIN_KEY = "admin-key-of-the-tests"

DEVICE_GRANT = "urn:ietf:params:oauth:grant-type:device_code"
SOURCES = Path(__file__).resolve().parents[1] / "oauth-provider"
START_SECONDS = 60
REPLY_SECONDS = 60
STEPS = 12  # of a user: pages and redirects

Reply = collections.namedtuple("Reply", "status headers body")
Client = collections.namedtuple("Client", "id secret")


class ErrorPage(Failure):
    """The provider shows the user a page that leads nowhere."""


def node_missing():
    """Why Node.js cannot be used, or None."""
    if not NODE:
        return "node is not installed"
    version = subprocess.run([NODE, "--version"], capture_output=True, text=True).stdout.strip()
    if int(version.lstrip("v").partition(".")[0]) < NODE_VERSION:
        return f"node {version} is too old, {NODE_VERSION} is needed"
    return None


def missing(kind):
    """Why the provider @kind cannot be started, or None."""
    if reason := node_missing():
        return reason
    folder = BUILD / "oauth-provider" / kind
    if (folder / "missing").exists():
        return f"{kind}: {(folder / 'missing').read_text().strip()}"
    return None if (folder / "installed").exists() else f"{kind}: run tests/oauth-provider/install {BUILD.name}"


class Provider:
    """A running provider. @options: of its program, with _ for -, as access_ttl=2, par=True, tls_cert=path.

    kind and base (its URL) may be read; metadata_url and issuer are where a client starts.
    """

    def __init__(self, kind, **options):
        self.kind = kind
        self.options = options
        self.process = self.folder = self.base = None

    # --- its life --------------------------------------------------------------------------------

    def __enter__(self):
        if reason := missing(self.kind):
            raise Skip(reason)
        self.folder = Path(tempfile.mkdtemp(prefix="sr-oauth-"))
        try:
            self._start()
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(self, *_):
        self.stop()

    def _start(self):
        # Node looks for packages beside the program, and they are not beside the sources.
        for source in SOURCES.glob("*.mjs"):
            shutil.copy(source, self.folder)
        (self.folder / "node_modules").symlink_to(BUILD / "oauth-provider" / self.kind / "node_modules")
        words = [NODE, f"{self.kind.partition('-')[0]}.mjs"]
        for name, value in self.options.items():
            words += [f"--{name.replace('_', '-')}"] + ([] if value is True else [str(value)])
        with open(self.folder / "errors", "wb") as errors:
            self.process = subprocess.Popen(words, cwd=self.folder, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=errors)
        with selectors.DefaultSelector() as selector:
            selector.register(self.process.stdout, selectors.EVENT_READ)
            line = self.process.stdout.readline().decode() if selector.select(START_SECONDS) else ""
        if not line.startswith("ready "):
            raise Failure(f"{self.kind} does not start: {self.errors()}")
        self.base = line.split()[1]

    def stop(self):
        """End the provider; it may be called twice."""
        if self.process:
            self.process.kill()
            self.process.wait()
            self.process.stdin.close()
            self.process.stdout.close()
            self.process = None
        if self.folder:
            shutil.rmtree(self.folder)
            self.folder = None

    def pause(self):
        """The machine hangs: connections are made, nothing is answered. Until resume()."""
        self.process.send_signal(signal.SIGSTOP)

    def resume(self):
        self.process.send_signal(signal.SIGCONT)

    def errors(self):
        """The end of what the provider said on stderr."""
        return (self.folder / "errors").read_text(errors="replace")[-2000:]

    # --- requests --------------------------------------------------------------------------------

    @property
    def issuer(self):
        return self.base + ("" if self.kind == "panva" else "/api/auth")

    @property
    def metadata_url(self):
        return self.issuer + "/.well-known/openid-configuration"

    def request(self, method, url, body=None, headers=None):
        """One request, no redirects followed; @url: whole, or a path of the provider."""
        url = urllib.parse.urljoin(self.base, url)
        place = urllib.parse.urlsplit(url)
        if place.scheme == "https":
            context = ssl.create_default_context(cafile=self.options["tls_cert"])
            connection = http.client.HTTPSConnection(place.hostname, place.port, timeout=REPLY_SECONDS, context=context)
        else:
            connection = http.client.HTTPConnection(place.hostname, place.port, timeout=REPLY_SECONDS)
        try:
            connection.request(method, place._replace(scheme="", netloc="", fragment="").geturl(), body, headers or {})
            reply = connection.getresponse()
            return Reply(reply.status, reply.headers, reply.read())
        finally:
            connection.close()

    def json(self, method, path, value=None, headers=None):
        """The value that a request with the JSON @value gives."""
        body = None if value is None else json.dumps(value)
        reply = self.request(method, path, body, {"Content-Type": "application/json", **(headers or {})})
        if reply.status >= 400:
            raise Failure(f"{method} {path}: {reply.status} {reply.body[:300]!r} {self.errors()}")
        return json.loads(reply.body)

    def form(self, url, fields, headers=None):
        """POST a form, as to the token endpoint: (status, JSON value or text)."""
        head = {"Content-Type": "application/x-www-form-urlencoded", "Accept": "application/json", **(headers or {})}
        reply = self.request("POST", url, urllib.parse.urlencode(fields), head)
        text = reply.body.decode(errors="replace")
        return reply.status, json.loads(text) if text and "json" in reply.headers.get("Content-Type", "") else text

    def metadata(self):
        return self.json("GET", self.metadata_url)

    # --- clients ---------------------------------------------------------------------------------

    def admin(self, method, path="", value=None, key=ADMIN_KEY):
        """OpenKey's admin API; @path: "/CLIENT_ID" or nothing."""
        headers = {"Authorization": f"Bearer {key}"}
        return self.json(method, f"/api/admin/oauth/clients{path}", value, headers)

    def client(self, type="native", redirect_uris=("http://127.0.0.1/callback",), name="Test"):
        """A new client; its secret is None unless @type is "web". Types: spa, native, web, and panva's "device"."""
        if self.kind == "panva":
            return self._register(type, redirect_uris, name)
        made = self.admin("POST", value={"name": name, "redirectUris": list(redirect_uris), "type": type})
        return Client(made["client"]["clientId"], made.get("clientSecret"))

    def _register(self, type, redirect_uris, name):
        asked = {"client_name": name, "redirect_uris": list(redirect_uris), "response_types": ["code"],
                 "grant_types": ["authorization_code", "refresh_token"],
                 "application_type": "native" if type in ("native", "device") else "web",
                 "token_endpoint_auth_method": "client_secret_basic" if type == "web" else "none"}
        if type == "device":
            asked |= {"redirect_uris": [], "response_types": [], "grant_types": [DEVICE_GRANT, "refresh_token"]}
        made = self.json("POST", "/reg", asked)
        return Client(made["client_id"], made.get("client_secret"))

    # --- the user --------------------------------------------------------------------------------

    def authorize(self, url, mode="allow", user=USER):
        """What a browser does with the authorization @url when its user signs in and answers @mode.

        Returns the URL that leads back to the client, without going there. ErrorPage: there is none.
        """
        if mode == "deny":
            self.json("POST", "/_test/forget", {"user": user})  # or the user would not be asked again
        url, page = self._visit(url, mode, user)
        if page:
            raise ErrorPage(f"{page.status} {url} {page.body[:300]!r}")
        return url

    def approve_device(self, url, mode="allow", user=USER):
        """What a user does with the verification_uri_complete of a device; returns the last page's text."""
        return self._visit(url, mode, user)[1].body.decode()

    def _visit(self, url, mode, user):
        """Go on from @url until the provider is left (URL, None) or shows a page that leads nowhere (URL, Reply)."""
        browser, filled_in = Browser(self.request), set()
        reply = browser.request("GET", url)
        for _ in range(STEPS):
            if location := reply.headers.get("Location"):
                url = urllib.parse.urljoin(url, location)
                if not url.startswith(self.base + "/"):
                    return url, None
                reply = browser.request("GET", url)
                continue
            form = Form(reply.body.decode(errors="replace"))
            if form.action is None or form.name in filled_in:
                return url, reply
            filled_in.add(form.name)
            url = urllib.parse.urljoin(url, form.action)
            answers = {"email": user, "password": PASSWORD, "answer": mode}
            filled = {name: answers.get(name, value) for name, value in form.fields.items()}
            reply = browser.request("POST", url, filled)
        raise Failure("the provider sends its user in circles")

    def answer_pages(self, answer, user=USER):
        """Login and consent pages from now on: "allow" and "deny" answer themselves, "page" waits for a user."""
        self.json("POST", "/_test/user", {"answer": answer, "email": user})

    # --- what happens inside ---------------------------------------------------------------------

    def fault(self, endpoint, kind, times=1, **details):
        """The next @times requests of @endpoint go wrong; -1: all. For the kinds see tests/README.md."""
        self.json("POST", "/_test/fault", {"endpoint": endpoint, "kind": kind, "times": times, **details})

    def log(self, endpoint=None, **values):
        """What was asked since reset(), as dicts: of @endpoint ("token", …) or all, and only what has @values."""
        entries = self.json("GET", "/_test/log")
        return [entry for entry in entries if endpoint in (None, entry["endpoint"])
                and all(entry[name] == value for name, value in values.items())]

    def issued(self, kind=None):
        """All secrets given out since reset(), or those of a kind: access, refresh, id, code, client_secret, …"""
        secrets = self.json("GET", "/_test/issued")
        return secrets.get(kind, []) if kind else [value for values in secrets.values() for value in values]

    def sessions(self, user=USER):
        """Number of refresh tokens of @user that still work."""
        return self.json("GET", "/_test/sessions?" + urllib.parse.urlencode({"user": user}))["sessions"]

    def rotate_keys(self):
        """The provider signs with a new key, and shows only that."""
        self.json("POST", "/_test/rotate-jwks")

    def reset(self):
        """No faults, an empty log, no secrets, pages that wait. Clients and tokens stay."""
        self.json("POST", "/_test/reset")
