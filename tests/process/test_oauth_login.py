#!/usr/bin/env -S python3 -B
"""sealring login: every way to sign in by command line, at the providers of others."""
# tests/run: timeout=1500
import contextlib
import json
import subprocess
import urllib.parse

from agent_world import AgentWorld
from cli_world import check, contains, equal, is_running
from oauth_flows import ConnectProxy, Login, is_open, main, refused, succeeds, wait_until
from oauth_provider import KINDS, Client
from oauth_world import LOOPBACK, SCOPE, at_once, follow
from plain_oauth import are_signed, part, query

OLD, NEW, PANVA = KINDS


# --- signing in -----------------------------------------------------------------------------------

def check_requests(provider, client, login):
    """The log of a sign-in: what went through the browser, and what went to the provider directly."""
    asked = query(login.url)
    equal((asked["response_type"], asked["client_id"], asked["code_challenge_method"], asked["scope"]),
          ("code", client.id, "S256", SCOPE), "the authorization request")
    equal([len(asked[name]) for name in ("state", "nonce", "code_challenge")], [43] * 3, "lengths of what is random")
    redeemed, = provider.log("token")
    equal((redeemed["grant_type"], redeemed["redirect_uri"], redeemed["auth"], redeemed["params"].get("client_id")),
          ("authorization_code", login.redirect_uri, None, client.id), "the token request")
    check("client_secret" not in redeemed["params"], "a public client has a secret")
    check(not any(entry["secret_in_query"] for entry in provider.log()), "a secret is in a query")


def test_a_person_signs_in_uses_the_account_and_signs_out(world, kind):
    provider = world.provider(kind)
    client = provider.client("native")
    with Login(world, provider, client) as login:
        output = succeeds(login.finish(), "login")
        wait_until(lambda: not is_open(login.port), "the port is closed")
        check_requests(provider, client, login)
    account = world.account_of(client)
    contains(output, account["id"], "what login says")
    equal((account["issuer"], account["state"], account["caller"], set(account["scope"].split())),
          (provider.issuer, "good", "cli", set(SCOPE.split())), "the account")
    token = world.run("token", account["id"]).expect(0, "token").output.strip()
    check(token in provider.issued("access"), "the token is not the provider's")
    equal(world.ask("oauth.userinfo", {"account": account["id"]})["result"]["sub"], account["subject"], "userinfo")
    contains(world.run("account", "show", account["id"]).output, account["subject"], "account show")
    contains(world.run("account", "logout", account["id"]).expect(0, "logout").output, "has ended", "what logout says")
    equal((len(provider.log("revoke")), provider.sessions(), world.accounts(client)), (1, 0, []), "afterwards")
    equal(world.run("token", account["id"]).status, 1, "a token afterwards")


def test_a_page_client_signs_in_like_a_native_one(world):
    for kind in (OLD, NEW):
        provider = world.provider(kind)
        succeeds(sign_in(world, provider, provider.client("spa")), kind)


def test_an_id_token_has_the_nonce_and_is_of_this_provider(world, kind):
    provider = world.provider(kind)
    client = provider.client("native")
    with Login(world, provider, client) as login:
        succeeds(login.finish(), "login")
    token, = provider.issued("id")
    equal(are_signed(provider, [token]), [True], "the signature")
    claims = part(token, 1)
    equal((claims["iss"], claims["aud"], claims["nonce"], claims["sub"]),
          (provider.issuer, client.id, query(login.url)["nonce"], world.account_of(client)["subject"]), "the claims")


def test_signing_in_again_gives_the_same_account_new_tokens(world):
    provider = world.provider(NEW)
    client = provider.client("native")
    first = world.sign_in_as(provider, client)
    before = world.run("token", first["id"]).output
    second = world.sign_in_as(provider, client)
    equal((second["id"], second["created"]), (first["id"], first["created"]), "the account")
    equal(len(world.accounts(client)), 1, "accounts")
    check(world.run("token", first["id"]).output != before, "the token is the old one")
    equal(len(world.events("sign-in", account=first["id"])), 2, "entries of the log")


def test_several_people_have_accounts_of_one_client(world):
    provider = world.provider(PANVA)
    client = provider.client("native")
    people = ["several-1@example.com", "several-2@example.com"]
    ids = [world.sign_in_as(provider, client, user=person)["id"] for person in people]
    equal({account["name"] for account in world.accounts(client)}, {f"{one} at 127.0.0.1" for one in people}, "the names")
    tokens = [world.run("token", f"{one} at 127.0.0.1").expect(0, "token").output.strip() for one in people]
    check(tokens[0] != tokens[1], "one token for two people")
    contains(refused(world.ask("oauth.token", {"issuer": provider.issuer}), "INVALID_PARAMS", "account"), "accounts fit", "which")
    world.run("account", "logout", ids[0]).expect(0, "logout")
    equal([account["id"] for account in world.accounts(client)], ids[1:], "who is left")


def test_one_person_who_signs_in_twice_at_once_has_one_account(world):
    provider = world.provider(PANVA)
    client = provider.client("native")
    with contextlib.ExitStack() as stack:
        logins = [stack.enter_context(Login(world, provider, client)) for _ in range(4)]
        equal(len({login.port for login in logins}), 4, "ports")
        urls = [provider.authorize(login.url, user="at-once@example.com") for login in logins]
        equal(at_once(4, lambda number: provider.request("GET", urls[number]).status), [200] * 4, "what the browsers got")
        for login in logins:
            succeeds(login.end(), "login")
    account = world.account_of(client)
    world.run("token", account["id"]).expect(0, "token")


def test_less_than_was_asked_for_is_said(world):
    provider = world.provider(NEW)
    provider.fault("token", "set", values={"scope": "openid"})
    account = world.sign_in_as(provider, provider.client("native"))
    equal(account["scope"], "openid", "the scope")


# --- what comes back ------------------------------------------------------------------------------

def test_a_user_who_denies_is_told_so_with_status_3(world, kind):
    provider = world.provider(kind)
    client = provider.client("native")
    with Login(world, provider, client, "--json") as login:
        status, output, _ = login.finish("deny")
    equal(status, 3, "exit status")
    equal(json.loads(output.splitlines()[-1])["error"]["data"]["reason"], "USER_REJECTED", "the reason")
    equal((provider.log("token"), world.accounts(client)), ([], []), "what happened afterwards")


def test_forged_answers_do_not_end_a_login(world, kind):
    provider = world.provider(kind)
    client = provider.client("native")
    with Login(world, provider, client) as login:
        state = login.state
        right = provider.authorize(login.url)
        query_of_it = right.partition("?")[2]
        for text in ("/callback?code=x&state=" + state[::-1], "/callback?code=x", "/callback?error=access_denied",
                     "/callback?error=access_denied&state=" + state[1:], f"/callback?{query_of_it}&state={state}",
                     f"/callback?state={state}&state={state}&error=access_denied", f"/callback?{query_of_it}&code=x",
                     f"/callback/?{query_of_it}&state=x", "/callback?state=" + state[:-1] + "%00"):
            login.visit(text)
        for text in ("/callback", "/", f"/other?{query_of_it}", f"/callbac?{query_of_it}", f"//callback?{query_of_it}"):
            check(login.visit(text) != 200, f"{text} is answered")
        equal((login.process.poll(), provider.log("token")), (None, []), "after all that")
        equal(provider.request("GET", right).status, 200, "the browser's page")
        succeeds(login.end(), "login")
    equal(len(provider.log("token")), 1, "token requests")


def test_an_answer_of_another_provider_ends_a_login(world, kind):
    provider = world.provider(kind)
    client = provider.client("native")
    for fault in ({"kind": "set", "values": {"iss": "https://evil.example"}}, {"kind": "del", "names": ["iss"]}):
        provider.fault("authorize", **fault)
        with Login(world, provider, client, "--json") as login:
            status, output, _ = login.finish()
        equal(status, 1, f"exit status ({output})")
        equal(json.loads(output.splitlines()[-1])["error"]["data"], {"reason": "STATE_MISMATCH", "field": "iss"}, "the error")
    equal(provider.log("token"), [], "token requests")


def test_an_error_of_the_provider_is_shown(world):
    provider = world.provider(NEW)
    provider.fault("authorize", "set", values={"error": "server_error", "error_description": "on\u202efire"})
    status, _, errors = sign_in(world, provider, provider.client("native"))
    equal(status, 1, "exit status")
    contains(errors, "server_error (on???fire)", "what is said")


def test_a_login_that_is_given_up_closes_its_port_and_nothing_else(world):
    provider = world.provider(NEW)
    client = provider.client("native")
    with Login(world, provider, client) as other, Login(world, provider, client) as login:
        check(is_open(login.port), "the port")
        check(login.cancel()[0] != 0, "the status")
        wait_until(lambda: not is_open(login.port), "the port is closed")
        succeeds(other.finish(), "the other login")


def sign_in(world, provider, client, *words, **options):
    with Login(world, provider, client, *words, **options) as login:
        return login.finish()


def test_a_lock_ends_logins_and_keeps_nothing(world):
    provider = world.provider(NEW)
    client = provider.client("native")
    with Login(world, provider, client, "--json") as login:
        url = provider.authorize(login.url)
        world.run("lock").expect(0, "lock")
        try:
            status, output, _ = login.end()
            wait_until(lambda: not is_open(login.port), "the port is closed")
        finally:
            world.unlock()
        equal((status, json.loads(output.splitlines()[-1])["error"]["data"]["reason"]), (4, "STORE_LOCKED"), "the end")
        check(not is_open(urllib.parse.urlsplit(url).port), "somebody listens")
    equal((provider.log("token"), world.accounts(client)), ([], []), "afterwards")


def test_an_agent_that_stops_does_not_wait_for_the_user_of_a_login(world):
    provider = world.provider(NEW)
    with world.other() as other, Login(other, provider, provider.client("native")) as login:
        pid = other.agent_pid()
        other.run("agent", "stop").expect(0, "stop")
        equal(login.end()[0], 4, "exit status of login")
        wait_until(lambda: not is_running(pid), "the agent has ended")
        check(not is_open(login.port), "the port is open")


# --- clients with a secret ------------------------------------------------------------------------

def secret_login(world, provider, client, secret):
    return sign_in(world, provider, client, "--client-secret-fd", "{fd}", passphrase=secret)


def test_a_secret_is_sent_as_basic_and_kept_when_it_was_right(world):
    for kind in (OLD, NEW):
        provider = world.provider(kind)
        client = provider.client("web")
        check(secret_login(world, provider, client, "wrong" + client.secret)[0] == 1, "with a wrong secret")
        equal(world.accounts(client), [], "accounts after that")
        succeeds(secret_login(world, provider, client, client.secret), "with the right one")
        check(secret_login(world, provider, client, "wrong" + client.secret)[0] == 1, "with a wrong one again")
        world.sign_in_as(provider, client)  # the right one is kept
        entries = provider.log("token")
        equal({entry["auth"] for entry in entries}, {"basic"}, "authentication")
        check(not any({"client_id", "client_secret"} & set(entry["params"]) for entry in entries), "it is in the body too")
        world.run("account", "logout", world.account_of(client)["id"]).expect(0, "logout")
        equal([entry["auth"] for entry in provider.log("revoke")], ["basic"], "authentication of the revocation")


def odd(world):
    """A provider with secrets of odd characters, which signs with ES256."""
    return world.provider(PANVA, client_secret="100 %+/: of it", id_alg="ES256")


def confidential(provider):
    """A native client of panva's with a secret: its web clients have no loopback port of any number."""
    made = provider.json("POST", "/reg", {"redirect_uris": [LOOPBACK], "application_type": "native",
                                          "grant_types": ["authorization_code", "refresh_token"]})
    return Client(made["client_id"], made["client_secret"])


def test_a_secret_of_odd_characters_is_understood(world):
    provider = odd(world)
    client = confidential(provider)
    equal(client.secret, "100 %+/: of it", "the secret")
    succeeds(secret_login(world, provider, client, client.secret), "login")
    world.run("account", "logout", world.account_of(client)["id"]).expect(0, "logout")
    equal([entry["auth"] for entry in provider.log() if entry["endpoint"] in ("token", "revoke")], ["basic"] * 2, "authentication")


# --- signing out ----------------------------------------------------------------------------------

def test_a_sign_out_forgets_the_account_whatever_the_provider_says(world):
    provider = world.provider(NEW)
    for fault, told in ((dict(kind="status", code=503), False), (dict(kind="dropBefore"), False),
                        (dict(kind="status", code=400, body={"error": "invalid_request"}), True)):
        provider.reset()
        client = provider.client("native")
        account = world.sign_in_as(provider, client)
        provider.fault("revoke", **fault)
        said = world.json("account", "logout", account["id"])
        equal((said["revoked"], "problem" in said, len(provider.log("revoke"))), (told, not told, 1), f"after {fault}: {said}")
        equal((world.accounts(client), world.run("token", account["id"]).status), ([], 1), "the account")
        equal(len(world.events("sign-out", account=account["id"], revoked=told)), 1, "entries of the log")


# --- the device grant -----------------------------------------------------------------------------

class DeviceLogin:
    """A `sealring login --device`, with the address that its user is shown."""

    def __init__(self, world, provider, client):
        chosen = ["--client-id", client.id] if client else []
        self.provider, self.process = provider, world.start("login", "--issuer", provider.issuer, *chosen, "--scope", SCOPE,
                                                            "--device", "--json")
        self.shown = json.loads(self.process.stdout.readline())

    def approve(self, mode="allow"):
        self.provider.approve_device(self.shown["verificationUriComplete"], mode)

    def end(self):
        output, errors = self.process.communicate(timeout=60)
        result = json.loads(output or b"{}")
        return self.process.returncode, result.get("error", {}).get("data", {}).get("reason"), result, errors


def asked_at(provider):
    return [entry["time"] for entry in provider.log("token")]


def slow_down(world):
    """A login that is told once that it asks too often, and allowed then."""
    provider = odd(world)  # not the one of the others
    provider.fault("device", "set", values={"interval": 1})
    provider.fault("token", "status", code=400, body={"error": "slow_down"})
    login = DeviceLogin(world, provider, provider.client("device"))
    wait_until(lambda: provider.log("token"), "a question")
    login.approve()
    return login


def test_a_device_signs_in_is_denied_or_too_late_and_does_not_ask_too_often(world):
    slow = slow_down(world)
    provider = world.provider(PANVA)
    provider.fault("device", "set", values={"interval": 1}, times=-1)
    client = provider.client("device")
    good = DeviceLogin(world, provider, client)
    equal(set(good.shown), {"userCode", "verificationUri", "verificationUriComplete", "expiresIn"}, "what is shown")
    wait_until(lambda: len(provider.log("token", status=400)) >= 2, "two questions")
    good.approve()
    equal(good.end()[:2], (0, None), "a login that is allowed")
    times = asked_at(provider)
    check(all(0.9 < after - before < 3 for before, after in zip(times, times[1:])), f"asked at {times}")
    denied = DeviceLogin(world, provider, client)
    denied.approve("deny")
    equal(denied.end()[:2], (3, "USER_REJECTED"), "a login that is denied")
    late = DeviceLogin(world, provider, client)
    provider.fault("token", "status", code=400, body={"error": "expired_token"})
    equal(late.end()[:2], (1, "LOGIN_REQUIRED"), "a login that is too late")
    equal(slow.end()[:2], (0, None), "a login that asked too often")
    first, second = asked_at(slow.provider)
    check(5.5 < second - first < 8, f"asked again after {second - first} s")


def test_a_provider_without_device_codes_says_so(world):
    provider = world.provider(NEW)
    run = world.run("login", "--issuer", provider.issuer, "--client-id", provider.client("native").id, "--device")
    contains(run.expect(1, "login").errors, "leave --device out", "what is said")


# --- bound tokens, pushed requests ----------------------------------------------------------------

def test_tokens_are_bound_to_a_key_and_used_and_refreshed_with_it(world):
    for options in ({}, {"dpop_nonce": True, "access_ttl": 8}):
        provider = world.provider(PANVA, **options)
        account = world.sign_in_as(provider, provider.client("native"), "--dpop")
        equal(len(provider.log("token")), 2 if options else 1, "token requests")
        token = world.json("token", account["id"])
        equal(token["tokenType"], "DPoP", "the type")
        equal(world.ask("oauth.userinfo", {"account": account["id"]})["result"]["sub"], account["subject"], "userinfo")
    wait_until(lambda: world.json("token", account["id"])["accessToken"] != token["accessToken"], "a refresh")
    check(all(entry["dpop"] for entry in provider.log("token")), "a request without a proof")
    equal(len(provider.log("token", grant_type="refresh_token", status=200)), 1, "refreshes")


def test_a_provider_that_binds_no_tokens_is_not_asked_to(world):
    provider = world.provider(OLD)
    run = world.run("login", "--issuer", provider.issuer, "--client-id", provider.client("native").id, "--dpop", "--print-url")
    contains(run.expect(1, "login").errors, "does not bind", "what is said")
    bound = world.provider(PANVA)
    bound.fault("token", "set", values={"token_type": "Bearer"})
    status, _, errors = sign_in(world, bound, bound.client("native"), "--dpop")
    check(status == 1 and "is not DPoP" in errors, f"a token that is not bound: {status} {errors}")


def pushed(world):
    """A provider to which requests must be pushed, and which signs with PS256."""
    return world.provider(PANVA, par=True, id_alg="PS256")


def test_requests_are_pushed_when_they_must_be(world):
    provider = pushed(world)
    client = provider.client("native")
    with Login(world, provider, client) as login:
        equal(set(query(login.url)), {"client_id", "request_uri"}, "what the browser carries")
        request, = provider.log("par")
        equal((request["status"], request["code_challenge_method"]), (201, "S256"), "the pushed request")
        follow(provider, provider.authorize(login.url))
        succeeds(login.end(), "login")
    provider.fault("par", "status", code=400, body={"error": "invalid_request", "error_description": "no scope today"})
    run = world.run("login", "--issuer", provider.issuer, "--client-id", client.id, "--print-url")
    contains(run.expect(1, "login").errors, "invalid_request (no scope today)", "what is said")


# --- clients that sealring registers --------------------------------------------------------------

def test_without_a_client_one_is_registered_and_used_again(world, kind):
    provider = world.provider(kind)
    for scope in ("openid", SCOPE):
        succeeds(sign_in(world, provider, None, scope=scope), f"login for {scope}")
    made, = provider.log("register")
    equal((made["params"]["token_endpoint_auth_method"], made["params"]["redirect_uris"]), ("none", [LOOPBACK]), "the client")
    used = {entry["params"]["client_id"] for entry in provider.log("token")}
    equal(len(used), 1, "clients")
    if kind == PANVA:
        provider.fault("device", "set", values={"interval": 1})
        device = DeviceLogin(world, provider, None)
        device.approve()
        equal((device.end()[0], len(provider.log("register"))), (0, 1), "a device with the same client")


# --- keys and algorithms --------------------------------------------------------------------------

def test_id_tokens_of_all_algorithms_are_verified(world):
    """RS256 and EdDSA are what the other tests have."""
    for algorithm, provider in (("ES256", odd(world)), ("PS256", pushed(world))):
        world.sign_in_as(provider, provider.client("native"))
        equal(part(provider.issued("id")[0], 0)["alg"], algorithm, "the algorithm")


def test_new_keys_are_fetched_once_when_they_are_needed(world, kind):
    provider = world.provider(kind)
    client = provider.client("native")
    world.sign_in_as(provider, client)
    provider.reset()
    provider.rotate_keys()
    world.sign_in_as(provider, client)
    equal(len(provider.log("jwks")), 1, "requests for keys")
    provider.fault("token", "idToken", how="unknown-kid", times=-1)
    for _ in range(2):
        status, _, errors = sign_in(world, provider, client)
        check(status == 1 and "kid" in errors, f"an unknown key: {status} {errors}")
    equal(len(provider.log("jwks")), 1, "requests for keys, soon after the last one")


# --- TLS and the way there ------------------------------------------------------------------------

class Internet:
    """A provider with a certificate that nobody else signed, a proxy that knows its name, and the agent of somebody
    who has told it both; plain http is refused there. One for all tests."""

    def __init__(self, world):
        folder = world.folder
        self.key, self.certificate = folder / "key.pem", folder / "certificate.pem"
        subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2",
                        "-subj", "/CN=provider", "-addext", "subjectAltName=IP:127.0.0.1,DNS:op.example", "-keyout", self.key,
                        "-out", self.certificate], check=True, capture_output=True, timeout=20)
        self.port = urllib.parse.urlsplit(self.provider(world).base).port
        self.proxy = world.at_the_end(ConnectProxy(self.port))
        self.agent = world.at_the_end(AgentWorld(settings=[f"oauth-ca-file = {self.certificate}", f"oauth-proxy = {self.proxy.url}"]))

    def provider(self, world):
        return world.provider(NEW, tls_cert=self.certificate, tls_key=self.key)


def internet(world):
    """(provider, agent, proxy)"""
    made = world.once(Internet)
    return made.provider(world), made.agent, made.proxy


def test_a_provider_that_registers_nobody_says_so(world):
    provider, agent, _ = internet(world)
    provider.fault("metadata", "del", names=["registration_endpoint"], times=-1)  # they are read now, and known then
    run = agent.run("login", "--issuer", provider.issuer, "--print-url")
    contains(run.expect(1, "login").errors, "clientId: is needed", "what is said")


def test_a_certificate_must_be_known_and_right(world):
    provider, agent, proxy = internet(world)
    client = provider.client("native")
    words = ["--client-id", client.id, "--print-url"]
    refusal = world.run("login", "--issuer", provider.issuer, *words).expect(1, "login")
    contains(refusal.errors, "certificate", "what is said of a certificate that nobody signed")
    succeeds(sign_in(agent, provider, client), "login with oauth-ca-file")
    other = provider.issuer.replace("127.0.0.1", "localhost")
    contains(agent.run("login", "--issuer", other, *words).expect(1, "another name").errors, "certificate", "what is said of another name")
    equal(proxy.asked, [], "what the proxy was asked for")


def test_plain_http_is_for_tests_only(world):
    _, agent, _ = internet(world)
    run = agent.run("login", "--issuer", world.provider(NEW).issuer, "--client-id", "x", "--print-url")
    contains(run.expect(1, "login").errors, "must be https", "what is said")
    for issuer in ("http://op.example", "https://op.example?x=1", "https://user@op.example", "ftp://op.example", "file:///etc/passwd"):
        run = world.run("login", "--issuer", issuer, "--client-id", "x", "--print-url")
        contains(run.expect(1, issuer).errors, "issuer: ", "what is said")


def test_a_provider_is_reached_through_a_proxy(world):
    """By another name, which only the proxy knows; its documents have it too."""
    provider, agent, proxy = internet(world)
    base = f"https://op.example:{proxy.target}"
    documents = {name: value.replace(provider.base, base) for name, value in provider.metadata().items()
                 if isinstance(value, str) and name != "authorization_endpoint"}
    provider.fault("metadata", "set", times=-1, values=documents)
    provider.fault("authorize", "set", values={"iss": documents["issuer"]})
    process = agent.start("login", "--issuer", documents["issuer"], "--client-id", provider.client("native").id, "--scope", "email",
                          "--print-url")
    follow(provider, provider.authorize(process.stdout.readline().decode().strip()))
    output, errors = process.communicate(timeout=60)
    equal(process.returncode, 0, f"login {output} {errors}")
    equal(set(proxy.asked), {f"CONNECT op.example:{proxy.target} HTTP/1.1"}, "what the proxy was asked for")


# --- the browser ----------------------------------------------------------------------------------

def test_the_users_browser_is_opened_and_the_address_shown(world):
    provider = world.provider(NEW)
    client = provider.client("native")
    opened = world.folder / "opened"
    script = world.write("a browser", f'#!/bin/sh\nprintf "%s\\n" "$@" >{opened}.part && mv {opened}.part {opened}\n', 0o700)
    for browser, words in ((f"/nonexistent:'{script}' --new %s --quiet:false", ["--new", None, "--quiet"]),
                           (f"'{script}'", [None])):
        world.environment["BROWSER"] = browser
        try:
            process = world.start("login", "--issuer", provider.issuer, "--client-id", client.id, "--scope", SCOPE)
        finally:
            del world.environment["BROWSER"]
        wait_until(opened.exists, "the browser was started")
        got = opened.read_text().splitlines()
        opened.unlink()
        url = got[words.index(None)]
        equal(got, [word or url for word in words], "the words of the browser")
        follow(provider, provider.authorize(url))
        output, errors = process.communicate(timeout=60)
        equal(process.returncode, 0, f"login {output} {errors}")
        contains(errors.decode(), f"If it does not, open this address:\n{url}\n", "what is said")


if __name__ == "__main__":
    main("oauth login", globals())
