#!/usr/bin/env -S python3 -B
"""Sign-ins at an OAuth provider (better-auth as OpenKey has it) in a window of the browser, by
identity.launchWebAuthFlow: for another author's extension, and for a page through the companion."""
import hashlib

from browser_world import CALLER, COMPANION, Desk, check, contains, equal, failed, json, main, succeeded, wait_until
from oauth_provider import PASSWORD, Provider

PERSON = "of-the-browser@example.com"
SCOPE = "openid email offline_access"


class OAuthDesk(Desk):
    """With the provider, and a client of it for each extension."""

    def __init__(self):
        super().__init__()
        self.clients = {}
        self.provider = self.stack.enter_context(Provider("openkey-1.7.5"))

    def client(self, browser, extension, origin=None):
        """That of COMPANION for the page of @origin, or of CALLER."""
        identity = extension[browser.kind]
        if (identity, origin) not in self.clients:
            host = f"{identity}.chromiumapp.org" if browser.kind == "chromium" else f"{hashlib.sha1(identity.encode()).hexdigest()}.extensions.allizom.org"
            path = f"callback/{origin.partition('://')[2]}" if origin else "callback"
            self.clients[identity, origin] = self.provider.client("native", [f"https://{host}/{path}"])
        return self.clients[identity, origin]

    def params(self, browser, extension, origin=None):
        return {"issuer": self.provider.issuer, "clientId": self.client(browser, extension, origin).id, "scope": SCOPE}

    def fresh_user(self):
        """Nobody is signed in at the provider in a window."""
        self.provider.answer_pages("page", PERSON)


def caller(desk, browser):
    tab = desk.open(browser, browser.caller + "caller.html")
    tab.wait_for("!!window.caller")
    return tab


def start(tab, params):
    tab.run(f"window.ended = null; caller.settle(caller.signIn(caller.sealring, {json.dumps(params)})).then((answer) => (window.ended = answer))")


def outcome(tab):
    return wait_until(lambda: tab.value("ended"), "the end of the sign-in", 30)


def sign_in_as_a_person(desk, browser):
    """In the provider's window, if it asks."""
    window = browser.find(desk.provider.base)
    window.fill_in("email", PERSON)
    window.fill_in("password", PASSWORD)
    window.click("#login")
    window.click("#allow")


def test_a_person_signs_in_in_a_window_for_an_extension(desk, browser):
    desk.fresh_user()
    tab = caller(desk, browser)
    equal(tab.run("return caller.redirectAddress()").startswith("https://"), True, "the redirect address")
    start(tab, desk.params(browser, CALLER))
    sign_in_as_a_person(desk, browser)
    account = outcome(tab)
    check("result" in account, f"sign-in: {account}")
    contains(desk.shown(), desk.provider.issuer, "the provider in the prompt")
    token = tab.run("return caller.settle(caller.sealring.request('oauth.token', {}))")["result"]
    check(token["accessToken"] in desk.provider.issued("access"), "the token")
    equal(tab.run("return caller.settle(caller.sealring.request('oauth.userinfo', {}))")["result"]["email"], PERSON, "the person")
    equal(tab.run("return caller.settle(caller.sealring.request('oauth.logout', {}))")["result"]["revoked"], True, "logout")


def test_a_window_that_is_closed_is_a_refusal(desk, browser):
    tab = caller(desk, browser)
    desk.provider.answer_pages("page", "another@example.com")
    start(tab, {**desk.params(browser, CALLER), "loginHint": "another@example.com"})
    window = browser.find(desk.provider.base)
    # Closed before it has loaded, it "could not be loaded".
    window.wait_for("document.readyState === 'complete' && !!document.querySelector('button')")
    window.close()
    answer = outcome(tab)
    equal((answer["error"]["code"], answer["error"]["reason"]), (4001, "USER_REJECTED"), f"answer {answer}")


def test_a_refusal_at_the_provider_is_an_error(desk, browser):
    tab = caller(desk, browser)
    desk.provider.json("POST", "/_test/forget", {"user": PERSON})
    desk.provider.answer_pages("deny", PERSON)
    start(tab, desk.params(browser, CALLER))
    answer = outcome(tab)
    equal(answer["error"]["reason"], "USER_REJECTED", f"answer {answer}")
    equal(tab.run("return caller.settle(caller.sealring.request('oauth.accounts'))"), {"result": {"accounts": []}}, "accounts")


def test_a_users_no_opens_no_window(desk, browser):
    site = desk.site(browser)
    desk.answer(False)
    failed(site.ask("oauth.login", desk.params(browser, COMPANION, site.origin)), 4001, "USER_REJECTED")


def test_a_page_signs_in_through_the_companion(desk, browser):
    desk.provider.answer_pages("allow", PERSON)
    site, other = desk.site(browser), desk.site(browser)
    account = succeeded(site.ask("oauth.login", desk.params(browser, COMPANION, site.origin)), "login")["account"]
    contains(desk.shown(), site.origin, "the site in the prompt")
    equal(account["issuer"], desk.provider.issuer, "issuer")
    token = succeeded(site.ask("oauth.token", {}))
    check(token["accessToken"] in desk.provider.issued("access"), "the token")
    equal(succeeded(site.ask("oauth.userinfo", {}))["email"], PERSON, "the person")
    failed(other.ask("oauth.token", {}), 4100, "NOT_GRANTED")
    equal(succeeded(other.ask("oauth.accounts")), {"accounts": []}, "accounts of another site")
    for secret in desk.provider.issued("refresh"):
        check(secret not in json.dumps([account, token]), "the refresh token came out")
    succeeded(site.ask("oauth.logout", {}))


def test_a_page_cannot_drive_the_sign_in_itself(desk, browser):
    site = desk.site(browser)
    for method in ("oauth.begin", "oauth.complete", "oauth.cancel"):
        check("error" in site.ask(method, {**desk.params(browser, COMPANION, site.origin), "redirectUri": f"{site.origin}/callback"}), method)
    equal(desk.shown(), "", "what the user was asked")


if __name__ == "__main__":
    main("oauth", dict(globals()), OAuthDesk)
