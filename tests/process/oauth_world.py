"""sealring and an OAuth provider of others: sign in by command line or as an extension, ask for tokens."""
import contextlib
import hashlib
import threading

from agent_world import EXTENSION, AgentWorld
from cli_world import Failure, check
from oauth_provider import KINDS, USER, Provider, missing

LOOPBACK = "http://127.0.0.1/callback"
ID = EXTENSION
CHROMIUM_REDIRECT = f"https://{ID}.chromiumapp.org/callback"
SCOPE = "openid email offline_access"


class OAuthWorld(AgentWorld):
    """An agent that takes providers on loopback http."""

    person = USER  # who signs in

    def __init__(self, settings=()):
        super().__init__(settings=["oauth-loopback-http = true", *settings])

    def start_login(self, provider, client, *words, passphrase=None):
        """A running `sealring login --print-url` and the address it printed."""
        process = self.start("login", "--issuer", provider.issuer, "--client-id", client.id, "--scope", SCOPE,
                             "--print-url", *words, passphrase=passphrase)
        url = process.stdout.readline().decode().strip()
        if not url.startswith("http"):
            raise Failure(f"login printed {url!r} {process.communicate()[1]!r}")
        return process, url

    def login(self, provider, client, *words, passphrase=None, mode="allow"):
        """Sign in by command line; what it said, its status and errors."""
        process, url = self.start_login(provider, client, *words, passphrase=passphrase)
        try:
            follow(provider, provider.authorize(url, mode=mode, user=self.person))
            output, errors = process.communicate(timeout=30)
        finally:
            with contextlib.suppress(ProcessLookupError):
                process.kill()
        return process.returncode, output.decode(), errors.decode()

    def account(self, provider, client, *words, passphrase=None):
        """The id of a new account; of the last one, when it was signed in again."""
        before = self.accounts()
        status, output, errors = self.login(provider, client, *words, passphrase=passphrase)
        check(status == 0, f"login: {output} {errors}")
        accounts = self.accounts()
        return next((account for account in accounts if account not in before), accounts[-1])

    def accounts(self):
        return [account["id"] for account in self.json("account", "list")["accounts"]]

    def token(self, account=None, *words):
        return self.run("token", *([account] if account else []), *words)

    def begin(self, browser, provider, client, origin=None, **params):
        return browser.result("oauth.begin", {"issuer": provider.issuer, "clientId": client.id, "scope": SCOPE,
                                              "redirectUri": CHROMIUM_REDIRECT, **params}, origin=origin)

    def sign_in(self, browser, provider, client, origin=None, person=None, **params):
        """As an extension does with identity.launchWebAuthFlow; the account."""
        flow = self.begin(browser, provider, client, origin, **params)
        url = provider.authorize(flow["url"], user=person or self.person)
        return browser.result("oauth.complete", {"flow": flow["flow"], "url": url}, origin=origin)["account"]


def follow(provider, url):
    """What the user's browser does with the last redirect: ask sealring-net's port."""
    reply = provider.request("GET", url)
    return reply.status


def refreshes(provider):
    """How often the provider was sent a refresh token."""
    return len(provider.log("token", grant_type="refresh_token"))


def at_once(count, function):
    """Run @function(number) in @count threads; what each returned or raised."""
    results = [None] * count

    def run(number):
        try:
            results[number] = function(number)
        except Exception as error:  # the caller looks at it
            results[number] = error

    threads = [threading.Thread(target=run, args=(number,)) for number in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return results


def digest(text):
    return hashlib.sha256(text.encode()).hexdigest()


def available():
    """The kinds of providers that can be started here, and why the others cannot."""
    return [kind for kind in KINDS if not missing(kind)]


__all__ = ["KINDS", "LOOPBACK", "OAuthWorld", "Provider", "at_once", "available", "digest", "follow", "refreshes"]
