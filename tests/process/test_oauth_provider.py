#!/usr/bin/env -S python3 -B
"""The OAuth providers that sealring is tested with do what those of others are known to do."""
import concurrent.futures
import time
import urllib.parse

from cli_world import Failure, check, equal
from oauth_provider import ADMIN_KEY, KINDS, ErrorPage
from plain_oauth import REDIRECT, PlainClient, are_signed, basic, main, part, query, raises, refused

OLD, NEW, PANVA = KINDS


# --- the same for all ---------------------------------------------------------------------------

def test_a_user_signs_in_and_a_refresh_rotates(world, kind):
    app = world.native(kind)
    first = app.sign_in()
    equal((first["token_type"], first["expires_in"], set(first["scope"].split())),
          ("Bearer", 300, {"openid", "email", "offline_access"}), "the reply")
    claims = part(first["id_token"], 1)
    equal((claims["iss"], claims["aud"], claims["nonce"]), (app.provider.issuer, app.client.id, app.nonce), "the id token")
    equal(are_signed(app.provider, [first["id_token"]]), [True], "signatures")
    second = app.good(app.refresh(first["refresh_token"]))
    check(second["refresh_token"] != first["refresh_token"], "the refresh token is the same")
    equal(part(second["id_token"], 1)["sub"], claims["sub"], "the user")
    equal(app.userinfo(second["access_token"])[1]["email"], "a@example.com", "the user")
    equal(app.provider.sessions(), 1, "living refresh tokens")


def test_an_old_refresh_token_kills_the_new_one(world, kind):
    app = world.native(kind)
    first = app.sign_in("reuse@example.com")
    second = app.good(app.refresh(first["refresh_token"]))
    refused(app.refresh(first["refresh_token"]), [400], "invalid_grant")
    refused(app.refresh(second["refresh_token"]), [400], "invalid_grant")
    equal(app.provider.sessions("reuse@example.com"), 0, "living refresh tokens")
    check(app.userinfo(second["access_token"])[0] >= 400, "the access token lives")


def test_of_parallel_refreshes_exactly_one_wins(world, kind):
    app = world.native(kind)
    token = app.sign_in("race@example.com")["refresh_token"]
    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(lambda _: app.refresh(token), range(4)))
    equal(sorted(status for status, _ in answers), [200, 400, 400, 400], "what they got")
    # Whether the token of the one lives on is a matter of their order.


def test_a_user_who_denies_is_an_error_with_the_state(world, kind):
    app = world.native(kind)
    app.sign_in("deny@example.com")  # agreed once before
    found = query(app.provider.authorize(app.url(prompt=None), "deny", "deny@example.com"))
    equal((found["error"], found["state"], found["iss"]), ("access_denied", app.state, app.provider.issuer), "the answer")


def test_pages_can_answer_themselves(world, kind):
    app = world.native(kind)
    for answer, name in [("allow", "code"), ("deny", "error")]:
        app.provider.answer_pages(answer, "auto@example.com")
        visited = app.provider.authorize(app.url(), "a form would be answered with this", "nobody")
        check(name in query(visited), visited)


def test_without_offline_access_there_is_no_refresh_token(world, kind):
    app = world.native(kind)
    check("refresh_token" not in app.sign_in(scope="openid"), "there is one")


def test_a_revoked_refresh_token_is_dead(world, kind):
    app = world.native(kind)
    tokens = app.sign_in("revoke@example.com")
    status, _ = app.ask({"token": tokens["refresh_token"], "token_type_hint": "refresh_token"}, endpoint="revocation")
    equal(status, 200, "status of the revocation")
    equal(app.provider.sessions("revoke@example.com"), 0, "living refresh tokens")
    refused(app.refresh(tokens["refresh_token"]), [400], "invalid_grant")


def test_loopback_may_have_any_port(world, kind):
    provider = world.get(kind)
    for host, works in [("127.0.0.1", True), ("[::1]", True), ("localhost", kind != OLD)]:
        client = provider.client("native", [f"http://{host}/callback"])
        url = PlainClient(provider, client, f"http://{host}:4711/callback").url()
        if works:
            check(provider.authorize(url).startswith(f"http://{host}:4711/callback?code="), host)
        else:
            raises(ErrorPage, provider.authorize, url)


def test_the_keys_can_change(world, kind):
    app = world.native(kind)
    old = app.sign_in()["id_token"]
    app.provider.rotate_keys()
    new = app.sign_in()["id_token"]
    equal(are_signed(app.provider, [old, new]), [False, True], "signatures")
    check(part(old, 0)["kid"] != part(new, 0)["kid"], "the kid is the same")


# --- the pitfalls of OpenKey's documentation ------------------------------------------------------

def test_pitfall_the_secret_of_a_web_client_fits_its_hash(world, kind):
    app = world.web(kind)
    tokens = app.sign_in()
    app.good(app.refresh(tokens["refresh_token"]))
    wrong = app.client._replace(secret=app.client.secret[::-1])
    refused(app.redeem(app.code(), basic(wrong)), [400, 401], "invalid_client")


def test_pitfall_each_type_has_its_own_authentication(world, kind):
    public, web = world.native(kind), world.web(kind)
    check(public.redeem(public.code(), basic(public.client))[0] in (400, 401), "an empty secret was taken")
    check(public.redeem(public.code(), client_secret="x")[0] in (400, 401), "a secret was taken")
    check(web.redeem(web.code(), {})[0] in (400, 401), "no secret was needed")


def test_pitfall_pkce_is_required_of_all(world, kind):
    for app in (world.native(kind), world.web(kind)):
        url = app.url(code_challenge=None, code_challenge_method=None)
        if kind != PANVA or not app.client.secret:
            equal(query(app.provider.authorize(url))["error"], "invalid_request", "without a challenge")
        answer = app.redeem(app.code(), code_verifier=None)
        equal(answer[0], 400, f"status without a verifier, {answer[1]}")
        check(app.redeem(app.code(), code_verifier="x" * 43)[0] in (400, 401), "a wrong verifier is good")


def test_pitfall_only_the_client_can_see_that_the_state_is_another(world, kind):
    app = world.native(kind)
    app.provider.fault("authorize", "set", values={"state": "of somebody else"})
    found = query(app.provider.authorize(app.url()))
    equal(found["state"], "of somebody else", "the state")
    app.good(app.redeem(found["code"]))


# --- the log --------------------------------------------------------------------------------------

def test_the_log_has_hashes_and_the_list_of_secrets_has_all(world, kind):
    app = world.native(kind)
    code = app.code()
    tokens = app.good(app.redeem(code))
    app.refresh(tokens["refresh_token"])
    asked, refreshed = app.provider.log("token")
    equal((asked["grant_type"], asked["redirect_uri"], asked["auth"], asked["secret_in_query"], asked["status"]),
          ("authorization_code", REDIRECT, None, False, 200), "the entry")
    equal(refreshed["params"]["client_id"], app.client.id, "client_id")
    equal(app.provider.log("authorize")[0]["code_challenge_method"], "S256", "the challenge")
    secrets = [code, *(tokens[name] for name in ("access_token", "refresh_token", "id_token"))]
    check(set(secrets) <= set(app.provider.issued()), "a secret is not in the list")
    check(not any(value in str(app.provider.log()) for value in [*secrets, app.verifier]), "a secret is in the log")
    equal(len(app.provider.issued("refresh")), 2, "refresh tokens given out")


def test_a_secret_in_a_query_is_seen(world, kind):
    app = world.native(kind)
    token = app.sign_in()["access_token"]
    for path in ("?access_token=x", "?hint=" + token):
        app.provider.request("GET", app.endpoint("userinfo") + path)
    equal([entry["secret_in_query"] for entry in app.provider.log("userinfo")], [True, True], "what was seen")


# --- where they differ ----------------------------------------------------------------------------

def test_form_encoded_basic_works_with_the_new_one_only(world):
    for kind, works in [(OLD, False), (NEW, True)]:
        app = world.web(kind)
        encoded = basic(app.client, lambda text: urllib.parse.quote(text).replace("_", "%5F").replace("-", "%2D"))
        equal(app.redeem(app.code(), encoded)[0] == 200, works, kind)


def test_panva_has_secrets_that_need_encoding(world):
    app = world.web(PANVA, client_secret="100 %+/: of it")
    equal(app.client.secret, "100 %+/: of it", "the secret")
    app.sign_in()
    refused(app.redeem(app.code(), basic(app.client, str)), [400], "invalid_request")


def test_a_secret_in_the_body_is_for_the_old_one(world):
    for kind, works in [(OLD, True), (NEW, False)]:
        app = world.web(kind)
        equal(app.redeem(app.code(), {}, client_id=app.client.id, client_secret=app.client.secret)[0] == 200, works, kind)


def test_openkey_signs_out_all_devices_of_a_user(world):
    for kind in (OLD, NEW):
        app = world.native(kind)
        here, there = app.sign_in("two@example.com"), app.sign_in("two@example.com")
        other = app.sign_in("three@example.com")
        app.good(app.refresh(here["refresh_token"]))
        app.refresh(here["refresh_token"])
        refused(app.refresh(there["refresh_token"]), [400], "invalid_grant")
        app.good(app.refresh(other["refresh_token"]))


def test_a_reuse_interval_forgives(world):
    app = world.native(NEW, reuse_interval=30)
    token = app.sign_in()["refresh_token"]
    for _ in range(3):
        app.good(app.refresh(token))


def test_a_disabled_client_gets_nothing_and_its_user_is_not_sent_back(world):
    for kind in (OLD, NEW):
        app = world.native(kind)
        token, url = app.sign_in()["refresh_token"], app.url()
        app.provider.admin("PATCH", f"/{app.client.id}", {"disabled": True})
        refused(app.refresh(token), [400], "invalid_client")
        raises(ErrorPage, app.provider.authorize, url)
        app.provider.admin("DELETE", f"/{app.client.id}")
        refused(app.refresh(token), [400], "invalid_client")


def test_the_admin_api_lists_changes_and_forgets_clients(world):
    for kind in (OLD, NEW):
        provider = world.get(kind)
        path = "/api/admin/oauth/clients"
        made = provider.admin("POST", value={"name": "W", "type": "web", "redirectUris": [REDIRECT]})
        equal(made["clientSecret"], made["client"]["clientSecret"], "the secret, in both places")
        one = "/" + made["client"]["clientId"]
        check("clientSecret" not in provider.admin("GET", one)["client"], "the secret is shown again")
        equal(provider.admin("PATCH", one, {"name": "X"})["client"]["name"], "X", "the name")
        check(one[1:] in [client["clientId"] for client in provider.admin("GET")["clients"]], "it is not listed")
        equal(provider.request("GET", path).status, 401, "without a key")
        equal(provider.request("GET", path, headers={"Authorization": "Bearer x"}).status, 403, "with a wrong one")
        provider.admin("DELETE", one)
        equal(provider.request("GET", path + one, headers={"Authorization": f"Bearer {ADMIN_KEY}"}).status, 404, "afterwards")
        raises(Failure, provider.client, "spa", ["chrome-extension://abc/callback"])
        provider.client("spa", ["https://abc.chromiumapp.org/oauth"])
        provider.client("native", ["com.example.app:/callback"])


def test_an_expired_access_token_is_400_or_401(world):
    for kind, status in [(OLD, 400), (NEW, 401), (PANVA, 401)]:
        app = world.native(kind, access_ttl=1)
        token = app.sign_in()["access_token"]
        deadline = time.monotonic() + 10
        while app.userinfo(token)[0] == 200 and time.monotonic() < deadline:
            time.sleep(0.1)
        equal(app.userinfo(token)[0], status, kind)


if __name__ == "__main__":
    main("oauth provider", globals())
