#!/usr/bin/env -S python3 -B
"""oauth.begin, complete, cancel: how extensions and pages sign in, and what they cannot do to each other."""
# tests/run: timeout=1500
import contextlib
import hashlib
import signal
import sqlite3
import time

from cli_world import PAGE, check, contains, equal, is_running
from oauth_flows import is_open, main, refused, wait_until
from oauth_provider import KINDS
from oauth_world import SCOPE
from plain_oauth import query

OLD, NEW, PANVA = KINDS
OTHER_PAGE = "https://other.example.com"


class Caller:
    """An extension (@origin None) or a page through it, in a browser of its own."""

    def __init__(self, world, provider, client=None, extension=None, origin=None, redirect_uri=None):
        self.world, self.provider, self.origin = world, provider, origin
        if extension is None:
            extension, redirect_uri = world.extension()
        self.extension, self.redirect_uri = extension, redirect_uri or f"https://{extension}.chromiumapp.org/callback"
        self.client = client or provider.client("native", [self.redirect_uri])
        self.browser = world.browser(extension, connect=False)

    def as_page(self, origin=PAGE):
        """A page that the same extension serves."""
        return Caller(self.world, self.provider, self.client, self.extension, origin, self.redirect_uri)

    def ask(self, method, **params):
        return self.browser.call(method, params, origin=self.origin, timeout=20)

    def begin(self, **params):
        asked = {"issuer": self.provider.issuer, "clientId": self.client.id, "scope": SCOPE,
                 "redirectUri": self.redirect_uri, **params}
        return self.ask("oauth.begin", **{name: value for name, value in asked.items() if value is not None})

    def started(self, **params):
        reply = self.begin(**params)
        check("result" in reply, f"begin: {reply}")
        return reply["result"]

    def complete(self, flow, url):
        return self.ask("oauth.complete", flow=flow["flow"], url=url)

    def finish(self, flow, user="a@example.com"):
        """The user signs in; the account."""
        reply = self.complete(flow, self.provider.authorize(flow["url"], user=user))
        check("result" in reply, f"complete: {reply}")
        return reply["result"]["account"]

    def sign_in(self, user="a@example.com", **params):
        return self.finish(self.started(**params), user)

    def seen(self):
        """What the provider was asked, but for the administration of the test."""
        return [entry["endpoint"] for entry in self.provider.log() if entry["endpoint"]]

    def accounts(self):
        return [account["id"] for account in self.ask("oauth.accounts")["result"]["accounts"]]


@contextlib.contextmanager
def answering(world, allow):
    world.answer(allow)
    try:
        yield
    finally:
        world.answer(True)


# --- signing in -----------------------------------------------------------------------------------

def test_an_extension_signs_in(world, kind):
    caller = Caller(world, world.provider(kind))
    flow = caller.started()
    asked = query(flow["url"])
    equal((flow["redirectUri"], asked["redirect_uri"], asked["code_challenge_method"], flow["expiresIn"]),
          (caller.redirect_uri, caller.redirect_uri, "S256", 300), "what begin says")
    account = caller.finish(flow)
    check({"caller", "origin"}.isdisjoint(account), "the extension is told who it is")
    redeemed, = caller.provider.log("token")
    equal((redeemed["redirect_uri"], redeemed["auth"]), (caller.redirect_uri, None), "the token request")
    reply = caller.ask("oauth.token", account=account["id"])["result"]
    equal((reply["tokenType"], reply["account"]["id"]), ("Bearer", account["id"]), "the token")
    check(reply["accessToken"] in caller.provider.issued("access"), "another token")
    equal(caller.ask("oauth.userinfo")["result"]["sub"], account["subject"], "userinfo")
    equal(caller.accounts(), [account["id"]], "its accounts")
    check(caller.ask("oauth.logout")["result"]["revoked"], "logout")
    equal((caller.accounts(), len(caller.provider.log("revoke"))), ([], 1), "afterwards")


def test_an_add_on_of_firefox_signs_in_at_its_own_address(world):
    extension = "sign-in@example.org"
    hash = hashlib.sha1(extension.encode()).hexdigest()
    provider = world.provider(NEW)
    for uri in (f"https://{hash}.extensions.allizom.org/", f"https://{hash}.extensions.allizom.org/callback",
                f"http://127.0.0.1/mozoauth2/{hash}"):
        caller = Caller(world, provider, None, extension, None, uri)
        equal(caller.sign_in()["issuer"], provider.issuer, uri)
    for uri in (f"http://127.0.0.1/mozoauth2/{hash}x", f"http://127.0.0.1:80/mozoauth2/{hash}",
                f"https://{hash}.chromiumapp.org/", f"https://{hash[::-1]}.extensions.allizom.org/"):
        refused(caller.begin(redirectUri=uri), "INVALID_PARAMS", "redirectUri")


def test_only_the_extensions_own_address_is_a_redirect_uri(world):
    caller = Caller(world, world.provider(NEW))
    other, _ = world.extension()
    own = f"https://{caller.extension}.chromiumapp.org"
    for uri in (f"https://{other}.chromiumapp.org/callback", own, f"{own}.evil.example/", f"{own}:444/", f"http{own[5:]}/",
                f"https://evil.example/{caller.extension}.chromiumapp.org/", f"{own}/?x=1", f"{own}/#x", f"{own}@evil.example/",
                f"chrome-extension://{caller.extension}/callback", "http://127.0.0.1/callback", "javascript:alert(1)", ""):
        refused(caller.begin(redirectUri=uri), "INVALID_PARAMS", "redirectUri")
    refused(caller.begin(redirectUri=None), "INVALID_PARAMS", "redirectUri")
    equal((caller.seen(), world.shown()), ([], ""), "what the provider and the user saw")


def test_nothing_is_asked_for_that_cannot_be(world):
    caller = Caller(world, world.provider(NEW))
    for params in ({"issuer": "http://op.example"}, {"issuer": "file:///etc/passwd"}, {"issuer": "https://a.example/?x"},
                   {"clientId": "x\ny"}, {"clientId": ""}, {"scope": "a  b"}, {"scope": "a\nValid until: today"},
                   {"scope": ""}, {"scope": "x" * 3000}, {"loginHint": ""}, {"dpop": "yes"}):
        refused(caller.begin(**params), "INVALID_PARAMS", list(params)[0])
    for reply in (caller.begin(url="x"), caller.begin(clientSecret=True), caller.browser.call("oauth.begin", None, origin=None),
                  caller.browser.call("oauth.complete", None, origin=None), caller.browser.call("oauth.cancel", None, origin=None)):
        refused(reply, "INVALID_PARAMS")
    equal((caller.seen(), world.shown()), ([], ""), "what the provider and the user saw")


# --- consent --------------------------------------------------------------------------------------

def test_the_user_is_asked_first_and_can_refuse(world):
    caller = Caller(world, world.provider(NEW))
    with answering(world, False):
        refused(caller.begin(), "USER_REJECTED")
    equal(caller.seen(), [], "requests to the provider")
    shown = world.shown()
    for part in (f"Let it sign you in at {caller.provider.issuer}?", f"Extension chrome-extension://{caller.extension} in chromium",
                 f"As client: {caller.client.id}", f"It asks for: {SCOPE}", "the refresh token stays in sealring", "Go to the provider"):
        contains(shown, part, "the question")
    equal((world.grants("sign-in", caller.extension), caller.accounts()), ([], []), "what was remembered")
    equal(len(world.events("denied", extension=f"chrome-extension://{caller.extension}")), 1, "entries of the log")


def test_an_agreement_is_remembered_for_what_was_shown(world):
    caller = Caller(world, world.provider(PANVA))
    caller.started(scope="openid email")
    contains(world.shown(), "It asks for: openid email", "the question")
    for scope in ("openid", "email openid", "email"):
        caller.started(scope=scope)
        equal(world.shown(), "", f"the question for {scope}")
    with answering(world, False):
        refused(caller.begin(scope=SCOPE), "USER_REJECTED")
        refused(caller.begin(clientId=None), "USER_REJECTED")
    contains(world.shown(), f"It asks for: {SCOPE}", "the question for more")
    grant, = world.grants("sign-in", caller.extension)
    equal((grant["provider"], grant["origin"]),
          (f"{caller.provider.issuer} {caller.client.id} openid email", f"chrome-extension://{caller.extension}"), "the grant")
    contains(world.run("grant", "list").output, grant["provider"], "grant list")


def test_a_client_cannot_be_named_like_a_permission(world):
    """What is remembered is text: no client id may run into the scope, or be the registered client."""
    caller = Caller(world, world.provider(PANVA))
    for params in ({}, {"clientId": None}):
        caller.started(scope="openid", **params)
    world.shown()
    with answering(world, False):
        for client, scope in ((caller.client.id + " openid", "openid"), ("(registered)", "openid")):
            refused(caller.begin(clientId=client, scope=scope), "USER_REJECTED")


def test_what_was_revoked_is_asked_again(world):
    caller = Caller(world, world.provider(NEW))
    account = caller.sign_in()
    flow = caller.started()
    world.shown()
    grant, = world.grants("sign-in", caller.extension)
    world.run("grant", "revoke", grant["id"]).expect(0, "revoke")
    url = caller.provider.authorize(flow["url"])
    asked = len(caller.provider.log("token"))
    refused(caller.complete(flow, url), "NOT_GRANTED")
    equal(len(caller.provider.log("token")), asked, "token requests")
    with answering(world, False):
        refused(caller.begin(), "USER_REJECTED")
        refused(caller.ask("oauth.token", account=account["id"]), "USER_REJECTED")
    contains(world.shown(), "Let it use your account", "the question for a token")
    refused(caller.ask("oauth.token"), "NOT_GRANTED", "account")
    equal(caller.accounts(), [], "its accounts")
    check("result" in caller.ask("oauth.logout", account=account["id"]), "it cannot end what it began")


# --- answers that are none ------------------------------------------------------------------------

def test_an_answer_that_is_not_of_the_flow_asks_for_no_token(world, kind):
    caller = Caller(world, world.provider(kind))
    flow = caller.started()
    right = caller.provider.authorize(flow["url"])
    state = query(right)["state"]
    base, _, rest = right.partition("?")
    for url, reason, field in ((right.replace(state, state[::-1]), "STATE_MISMATCH", "state"),
                               (f"{base}?code=x", "STATE_MISMATCH", "state"),
                               (f"{base}?error=access_denied", "STATE_MISMATCH", "state"),
                               (f"{right}&state={state}", "INVALID_PARAMS", None),
                               (f"{right}&code=x", "INVALID_PARAMS", None),
                               (f"{right}#code=x", "INVALID_PARAMS", "url"),
                               (f"https://evil.example/?{rest}", "INVALID_PARAMS", "url"),
                               (f"{base}x?{rest}", "INVALID_PARAMS", "url")):
        refused(caller.complete(flow, url), reason, field)
    equal(caller.provider.log("token"), [], "token requests")
    check("result" in caller.complete(flow, right), "the right answer afterwards")
    refused(caller.complete(flow, right), "STATE_MISMATCH", "flow")
    equal(len(caller.provider.log("token")), 1, "token requests")


def test_an_answer_of_another_provider_ends_the_flow(world, kind):
    caller = Caller(world, world.provider(kind))
    for fault in ({"kind": "set", "values": {"iss": "https://evil.example"}}, {"kind": "del", "names": ["iss"]}):
        flow = caller.started()
        caller.provider.fault("authorize", **fault)
        url = caller.provider.authorize(flow["url"])
        refused(caller.complete(flow, url), "STATE_MISMATCH", "iss")
        refused(caller.complete(flow, url), "STATE_MISMATCH", "flow")
    equal(caller.provider.log("token"), [], "token requests")


def test_a_code_of_another_flow_is_worthless(world, kind):
    caller = Caller(world, world.provider(kind))
    flow, other = caller.started(), caller.started()
    url, foreign = (caller.provider.authorize(one["url"]) for one in (flow, other))
    url = url.replace(query(url)["code"], query(foreign)["code"])
    refused(caller.complete(flow, url), "LOGIN_REQUIRED" if kind == PANVA else "PROVIDER_ERROR")
    equal(caller.accounts(), [], "its accounts")


def test_forged_id_tokens_give_no_account(world, kind):
    caller = Caller(world, world.provider(kind))
    for fault, field in (({"set": {"iss": "https://evil.example"}}, "iss"), ({"set": {"aud": "other"}}, "aud"),
                         ({"set": {"azp": "other"}}, "azp"), ({"set": {"exp": 1}}, "exp"), ({"set": {"iat": 9999999999}}, "iat"),
                         ({"set": {"nonce": "x"}}, "nonce"), ({"del": ["nonce"]}, "nonce"), ({"set": {"at_hash": "x"}}, "at_hash"),
                         ({"set": {"sub": ""}}, "sub"), ({"how": "other-key"}, "signature"), ({"how": "embedded-key"}, "signature"),
                         ({"how": "none"}, "alg"), ({"how": "hs256"}, "alg")):
        flow = caller.started()
        caller.provider.fault("token", "idToken", **fault)
        refused(caller.complete(flow, caller.provider.authorize(flow["url"])), "ID_TOKEN_INVALID", field)
    caller.provider.fault("token", "del", names=["id_token"])
    flow = caller.started()
    refused(caller.complete(flow, caller.provider.authorize(flow["url"])), "ID_TOKEN_INVALID", "id_token")
    equal(caller.accounts(), [], "its accounts")
    caller.provider.fault("token", "idToken", how="no-kid")
    caller.sign_in()


def test_a_provider_that_fails_gives_no_account(world):
    caller = Caller(world, world.provider(NEW))
    for fault, reason in ((dict(kind="status", code=503), "PROVIDER_ERROR"), (dict(kind="html"), "PROVIDER_ERROR"),
                          (dict(kind="dropAfter"), "NETWORK_ERROR"), (dict(kind="mac"), "PROVIDER_ERROR"),
                          (dict(kind="del", names=["access_token"]), "PROVIDER_ERROR"),
                          (dict(kind="pad", bytes=1 << 20), "NETWORK_ERROR"),
                          (dict(kind="redirect", to="http://127.0.0.1:9/token"), "PROVIDER_ERROR")):
        flow = caller.started()
        caller.provider.fault("token", **fault)
        url = caller.provider.authorize(flow["url"])
        before = len(caller.provider.log("token"))
        refused(caller.complete(flow, url), reason)
        equal(len(caller.provider.log("token")) - before, 1, f"token requests with {fault}")
    equal(caller.accounts(), [], "its accounts")


# --- whose flow, whose account --------------------------------------------------------------------

def test_nobody_else_can_complete_or_cancel_a_flow(world):
    caller = Caller(world, world.provider(NEW))
    flow = caller.started()
    url = caller.provider.authorize(flow["url"])
    others = [Caller(world, caller.provider), caller.as_page(), caller.as_page(OTHER_PAGE)]
    for other in others:
        refused(other.complete(flow, url), "STATE_MISMATCH", "flow")
        refused(other.ask("oauth.cancel", flow=flow["flow"]), "STATE_MISMATCH", "flow")
    refused(world.ask("oauth.complete", {"flow": flow["flow"], "url": url}), "STATE_MISMATCH", "flow")
    equal(caller.provider.log("token"), [], "token requests")
    check("result" in caller.complete(flow, url), "its own")


def test_a_cancelled_flow_is_over(world):
    caller = Caller(world, world.provider(NEW))
    flow = caller.started()
    url = caller.provider.authorize(flow["url"])
    equal(caller.ask("oauth.cancel", flow=flow["flow"])["result"], None, "cancel")
    refused(caller.complete(flow, url), "STATE_MISMATCH", "flow")
    refused(caller.ask("oauth.cancel", flow=flow["flow"]), "STATE_MISMATCH", "flow")
    equal(caller.provider.log("token"), [], "token requests")


def test_extension_and_pages_have_accounts_of_their_own(world):
    caller = Caller(world, world.provider(NEW))
    pages = [caller.as_page(), caller.as_page(OTHER_PAGE)]
    ids = [one.sign_in()["id"] for one in (caller, *pages)]
    equal(len(set(ids)), 3, "accounts of three callers")
    contains(world.shown(), f"page\t{OTHER_PAGE}", "the questions")
    for one, id in zip((caller, *pages), ids):
        equal(one.accounts(), [id], "its accounts")
        equal(one.ask("oauth.token")["result"]["account"]["id"], id, "whose token")
        refused(one.ask("oauth.logout", account=ids[ids.index(id) - 1]), "NOT_GRANTED", "account")
    listed = {account["id"]: (account["caller"], account["origin"]) for account in world.accounts(caller.client)}
    own = f"chrome-extension://{caller.extension}"
    equal(listed, {ids[0]: (own, own), ids[1]: (own, PAGE), ids[2]: (own, OTHER_PAGE)}, "account list")


def test_another_extension_is_asked_for_remembered_and_can_be_stopped(world):
    owner = Caller(world, world.provider(NEW))
    account = owner.sign_in()
    world.shown()
    other = Caller(world, owner.provider)
    refused(other.ask("oauth.token"), "NOT_GRANTED", "account")
    equal(world.shown(), "", "a question for no account in particular")
    with answering(world, False):
        refused(other.ask("oauth.token", account=account["id"]), "USER_REJECTED")
        refused(other.ask("oauth.userinfo", account=account["id"]), "USER_REJECTED")
    shown = world.shown()
    for part in (f"Let it use your account {account['name']}?", f"Provider: {owner.provider.issuer}",
                 f"Signed in by: chrome-extension://{owner.extension}", f"Act as you there, with: {SCOPE}", other.extension):
        contains(shown, part, "the question")
    equal((world.grants("tokens", other.extension), other.accounts()), ([], []), "after a refusal")
    for ask in ({"account": account["id"]}, {"account": account["name"], "issuer": owner.provider.issuer}, {}):
        equal(other.ask("oauth.token", **ask)["result"]["account"]["id"], account["id"], f"with {ask}")
    equal(world.shown().count("Let it use"), 1, "questions")
    equal(len(world.events("token", account=account["id"], extension=f"chrome-extension://{other.extension}")), 3, "log entries")
    grant, = world.grants("tokens", other.extension)
    equal((grant["account"], other.accounts()), (account["id"], [account["id"]]), "what is remembered")
    refused(other.ask("oauth.logout", account=account["id"]), "NOT_GRANTED", "account")
    world.run("grant", "revoke", grant["id"]).expect(0, "revoke")
    refused(other.ask("oauth.token"), "NOT_GRANTED", "account")
    equal(owner.accounts(), [account["id"]], "the owner")


def test_a_page_is_not_its_extension_when_it_asks_for_an_account(world):
    caller = Caller(world, world.provider(NEW))
    account = caller.sign_in()
    page = caller.as_page()
    with answering(world, False):
        refused(page.ask("oauth.token", account=account["id"]), "USER_REJECTED")
    refused(page.ask("oauth.token"), "NOT_GRANTED", "account")


def test_how_many_accounts_others_have_is_not_told(world):
    provider = world.provider(PANVA)
    owner = Caller(world, provider)
    for user in ("how-many-1@example.com", "how-many-2@example.com"):
        owner.sign_in(user)
    contains(refused(owner.ask("oauth.token"), "INVALID_PARAMS", "account"), "accounts fit", "what the owner is told")
    world.shown()
    other = Caller(world, provider)
    told = {refused(other.ask("oauth.token", issuer=issuer), "NOT_GRANTED", "account") for issuer in (provider.issuer, "https://op.example")}
    equal((len(told), world.shown()), (1, ""), "what another is told, and the user asked")
    equal(other.ask("oauth.token", account="how-many-1@example.com at 127.0.0.1")["result"]["account"]["name"],
          "how-many-1@example.com at 127.0.0.1", "an account that it knows")


def test_more_rights_of_an_account_are_not_for_those_who_had_it_with_less(world):
    provider = world.provider(NEW)
    owner, other = Caller(world, provider), Caller(world, provider)
    account = owner.sign_in(scope="openid email")
    check("result" in other.ask("oauth.token", account=account["id"]), "with less")
    owner.sign_in(scope="openid")
    check("result" in other.ask("oauth.token", account=account["id"]), "with less again")
    world.shown()
    owner.sign_in(scope=SCOPE)
    world.shown()
    with answering(world, False):
        refused(other.ask("oauth.token", account=account["id"]), "USER_REJECTED")
    contains(world.shown(), f"Act as you there, with: {SCOPE}", "the question")


def test_userinfo_is_of_the_account_and_nothing_else(world):
    caller = Caller(world, world.provider(NEW))
    caller.sign_in()
    caller.provider.fault("userinfo", "set", values={"sub": "somebody else"})
    refused(caller.ask("oauth.userinfo"), "PROVIDER_ERROR", "sub")
    caller.provider.fault("userinfo", "del", names=["sub"])
    refused(caller.ask("oauth.userinfo"), "PROVIDER_ERROR", "sub")
    for fault in (dict(kind="html"), dict(kind="status", code=200, body=[1]), dict(kind="redirect", to="http://127.0.0.1:9/", code=302)):
        caller.provider.fault("userinfo", **fault)
        refused(caller.ask("oauth.userinfo"), "PROVIDER_ERROR")
    anonymous = Caller(world, caller.provider)
    anonymous.sign_in(scope="email")
    refused(anonymous.ask("oauth.userinfo"), "INVALID_PARAMS", "account")


# --- many, locked, killed -------------------------------------------------------------------------

def test_a_ninth_open_flow_is_too_many_for_one_extension_only(world):
    caller = Caller(world, world.provider(NEW))
    flows = [caller.started() for _ in range(8)]
    refused(caller.begin(), "BUSY")
    refused(caller.as_page().begin(), "BUSY")
    check("result" in Caller(world, caller.provider).begin(), "another extension")
    caller.ask("oauth.cancel", flow=flows[3]["flow"])
    caller.sign_in()


def test_a_lock_ends_flows(world):
    caller = Caller(world, world.provider(NEW))
    flow = caller.started()
    url = caller.provider.authorize(flow["url"])
    world.run("lock").expect(0, "lock")
    world.unlock()
    refused(caller.complete(flow, url), "STATE_MISMATCH", "flow")
    equal(caller.provider.log("token"), [], "token requests")


def test_a_lock_in_the_middle_of_a_completion_keeps_nothing(world):
    caller = Caller(world, world.provider(NEW))
    flow = caller.started()
    url = caller.provider.authorize(flow["url"])
    caller.provider.fault("token", "delay", ms=5000)
    number = caller.browser.send("oauth.complete", {"flow": flow["flow"], "url": url}, origin=None)
    wait_until(lambda: caller.provider.log("token"), "the token request")
    world.run("lock").expect(0, "lock")
    reply = caller.browser.receive()
    world.unlock()
    equal((reply["id"], reply["error"]["data"]["reason"]), (number, "STORE_LOCKED"), "the reply")
    equal(caller.accounts(), [], "its accounts")


def test_a_host_that_is_killed_leaves_its_flow_to_the_next_one(world):
    caller = Caller(world, world.provider(NEW))
    flow = caller.started()
    caller.browser.process.send_signal(signal.SIGKILL)
    caller.browser.process.wait()
    caller.browser = world.browser(caller.extension, connect=False)
    caller.finish(flow)


def test_a_host_that_is_killed_in_the_middle_of_anything_harms_nobody(world):
    """At every step once: the metadata, the tokens, the keys; the next sign-in works."""
    caller = Caller(world, world.provider(OLD, access_ttl=299))  # whose metadata are not known yet
    for endpoint in ("metadata", "token", "jwks"):
        caller.provider.fault(endpoint, "delay", ms=400)
        browser = world.browser(caller.extension, connect=False)
        caller.browser = browser
        if endpoint == "metadata":
            browser.send("oauth.begin", {"issuer": caller.provider.issuer, "clientId": caller.client.id,
                                         "redirectUri": caller.redirect_uri}, origin=None)
        else:
            flow = caller.started()
            browser.send("oauth.complete", {"flow": flow["flow"], "url": caller.provider.authorize(flow["url"])}, origin=None)
        wait_until(lambda: caller.provider.log(endpoint, fault="delay"), f"a request to {endpoint}")
        browser.process.send_signal(signal.SIGKILL)
        browser.process.wait()
    caller.browser = world.browser(caller.extension, connect=False)
    account = caller.sign_in()
    equal(caller.accounts(), [account["id"]], "its accounts")


@contextlib.contextmanager
def hung_store(world):
    """Inside, the vault takes nothing; what is written waits."""
    database = sqlite3.connect(world.folder / "data/sealring/vault.db", isolation_level=None)
    try:
        database.execute("BEGIN IMMEDIATE")
        yield
    finally:
        database.close()


def begin_to_save(caller):
    """A sign-in that goes as far as a hung store lets it."""
    flow = caller.started()
    url = caller.provider.authorize(flow["url"])
    caller.provider.reset()
    caller.began = time.monotonic()
    number = caller.browser.send("oauth.complete", {"flow": flow["flow"], "url": url}, origin=None)
    wait_until(lambda: caller.provider.log("token", status=200), "the tokens")
    time.sleep(0.3)  # and what comes behind them
    return number


def was_in_time(caller):
    """Whether the store goes on surely before the agent gives it up, after two seconds."""
    return time.monotonic() - caller.began < 1.9


def test_an_account_that_was_saved_is_known_and_in_the_log_though_nobody_waits(world):
    for _ in range(4):  # until the machine is quick enough
        caller = Caller(world, world.provider(NEW))
        caller.sign_in()  # the keys are known now
        with hung_store(world):
            begin_to_save(caller)
            caller.browser.process.send_signal(signal.SIGKILL)
            caller.browser.process.wait()
            time.sleep(0.2)
        if was_in_time(caller):
            break
    caller.browser = world.browser(caller.extension, connect=False)
    wait_until(lambda: len(world.events("sign-in", extension=f"chrome-extension://{caller.extension}")) == 2, "the entry of the log")
    check(caller.ask("oauth.token")["result"]["accessToken"] in caller.provider.issued("access"), "the token is the old one")


def test_a_lock_while_an_account_is_saved_leaves_it_in_the_store_only(world):
    for _ in range(4):
        caller = Caller(world, world.provider(NEW))
        caller.sign_in()
        with hung_store(world):
            number = begin_to_save(caller)
            world.run("lock").expect(0, "lock")
        if was_in_time(caller):
            break
        world.unlock()
    reply = caller.browser.receive()
    equal((reply["id"], "result" in reply), (number, True), f"the reply {reply}")
    with answering(world, False):
        check("error" in caller.ask("oauth.token"), "a token in spite of the lock")
    world.unlock()
    check(caller.ask("oauth.token")["result"]["accessToken"] in caller.provider.issued("access"), "the token is the old one")


def test_an_agent_that_stops_saves_first(world):
    with world.other() as other:
        caller = Caller(other, world.provider(NEW), extension=world.extension()[0])
        caller.sign_in()
        pid = other.agent_pid()
        with hung_store(other):
            begin_to_save(caller)
            caller.browser.process.kill()
            stop = other.start("agent", "stop")
            time.sleep(0.3)
            check(is_running(pid), "the agent has ended before it saved")
        equal(stop.wait(30), 0, "status of stop")
        wait_until(lambda: not is_running(pid), "the agent has ended")
        other.unlock()
        token = other.run("token", other.json("account", "list")["accounts"][0]["id"]).expect(0, "token").output.strip()
        check(token in caller.provider.issued("access"), "the token is the old one")
        entries = [entry for entry in other.json("log", "--limit", "0")["entries"] if entry["event"] == "sign-in"]
        equal(len(entries), 2, "entries of the log")


# --- the loopback redirect for extensions ---------------------------------------------------------

def test_an_extension_without_an_address_of_its_own_signs_in_by_loopback(world):
    caller = Caller(world, world.provider(NEW), redirect_uri=None)
    client = caller.provider.client("native")
    number = caller.browser.send("oauth.login", {"issuer": caller.provider.issuer, "clientId": client.id, "scope": SCOPE}, origin=None)
    opened = caller.browser.receive()
    equal(opened["method"], "oauth.open", "the notification")
    contains(world.shown(), "Let it sign you in", "the question")
    caller.provider.request("GET", caller.provider.authorize(opened["params"]["url"]))
    reply = caller.browser.receive()
    equal((reply["id"], reply["result"]["account"]["issuer"]), (number, caller.provider.issuer), "the reply")
    refused(caller.ask("oauth.login", issuer=caller.provider.issuer, clientId=client.id, clientSecret=True), "INVALID_PARAMS", "clientSecret")


def test_the_port_of_an_extensions_login_closes_with_its_browser(world):
    caller = Caller(world, world.provider(NEW))
    client = caller.provider.client("native")
    caller.browser.send("oauth.login", {"issuer": caller.provider.issuer, "clientId": client.id}, origin=None)
    uri = query(caller.browser.receive()["params"]["url"])["redirect_uri"]
    port = int(uri.rpartition(":")[2].partition("/")[0])
    check(is_open(port), "the port")
    caller.browser.process.send_signal(signal.SIGKILL)
    wait_until(lambda: not is_open(port), "the port is closed")


def test_a_registered_client_is_one_for_each_extension(world, kind):
    provider = world.provider(kind)
    callers = [Caller(world, provider) for _ in range(2)]
    provider.reset()
    for caller in (callers[0], callers[0], callers[1]):
        caller.sign_in(clientId=None)
    equal([entry["params"]["redirect_uris"] for entry in provider.log("register")],
          [[caller.redirect_uri] for caller in callers], "what was registered")
    contains(world.shown(), "As client: registered by sealring", "the question")


if __name__ == "__main__":
    main("oauth extension", globals())
