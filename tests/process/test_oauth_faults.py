#!/usr/bin/env -S python3 -B
"""The faults that the OAuth providers do on request are the ones that were asked for."""
# tests/run: timeout=1500
import contextlib
import http.client
import json
import os
import socket
import subprocess
import sys
import tempfile
import time
import urllib.parse

from cli_world import Failure, check, equal
from oauth_provider import KINDS, Provider
from plain_oauth import are_signed, main, part, query, raises

OLD = KINDS[0]
BROKEN = (http.client.RemoteDisconnected, ConnectionResetError)
REFRESH = "/api/auth/oauth2/token"


def raw(app, token, timeout=20):
    """The refresh as bytes: (status, headers, body), however the reply ends."""
    connection = http.client.HTTPConnection(app.provider.base.partition("//")[2], timeout=timeout)
    with contextlib.closing(connection):
        connection.request("POST", REFRESH, f"grant_type=refresh_token&client_id={app.client.id}&refresh_token={token}",
                           {"Content-Type": "application/x-www-form-urlencoded"})
        reply = connection.getresponse()
        try:
            return reply.status, reply.headers, reply.read()
        except http.client.IncompleteRead as end:
            return reply.status, reply.headers, end.partial


def signed_in(world):
    app = world.native(OLD)
    return app, app.sign_in()["refresh_token"]


def is_spent(app, token):
    """Whether the provider has already used @token; an unspent one is used now."""
    return app.refresh(token)[0] != 200


# --- a reply that is not there --------------------------------------------------------------------

def test_drop_before_keeps_the_token(world):
    app, token = signed_in(world)
    app.provider.fault("token", "dropBefore")
    raises(BROKEN, raw, app, token)
    equal(app.provider.log("token", fault="dropBefore")[0]["status"], None, "status in the log")
    check(not is_spent(app, token), "the provider heard of it")


def test_drop_after_spends_the_token(world):
    app, token = signed_in(world)
    app.provider.fault("token", "dropAfter")
    raises(BROKEN, raw, app, token)
    equal(len(app.provider.issued("refresh")), 2, "refresh tokens given out, one of which nobody got")
    check(is_spent(app, token), "the provider did not hear of it")


def test_hanging_before_and_after(world):
    for kind, spent in [("hangBefore", False), ("hangAfter", True)]:
        app, token = signed_in(world)
        app.provider.fault("token", kind)
        raises(TimeoutError, raw, app, token, 0.5)
        equal(is_spent(app, token), spent, kind)


def test_a_delay_is_before_or_after(world):
    for after in (False, True):
        app, token = signed_in(world)
        app.provider.fault("token", "delay", ms=3000, after=after)
        raises(TimeoutError, raw, app, token, 0.4)
        equal(is_spent(app, token), after, f"whether the token was spent at once, after={after}")
        app.provider.fault("token", "delay", ms=300)
        started = time.monotonic()
        app.refresh("x")
        check(time.monotonic() - started >= 0.3, "it was not late")


def test_a_reply_can_end_or_stop_in_its_middle(world):
    app, token = signed_in(world)
    app.provider.fault("token", "cut", bytes=10)
    status, headers, body = raw(app, token)
    equal((status, len(body), int(headers["Content-Length"]) > 10), (200, 10, True), "what came")
    app, token = signed_in(world)
    app.provider.fault("token", "stall", bytes=10)
    raises(TimeoutError, raw, app, token, 0.5)


def test_a_paused_provider_answers_nothing_until_it_goes_on(world):
    app, token = signed_in(world)
    app.provider.pause()
    try:
        raises(TimeoutError, raw, app, token, 0.5)
    finally:
        app.provider.resume()
    app.provider.metadata()


# --- a reply that is another ----------------------------------------------------------------------

def test_a_status_with_headers_and_a_body(world):
    app, token = signed_in(world)
    app.provider.fault("token", "status", code=503, headers={"Retry-After": "7"}, body="<p>Later</p>")
    status, headers, body = raw(app, token)
    equal((status, headers["Retry-After"], body), (503, "7", b"<p>Later</p>"), "the reply")
    app.provider.fault("token", "status", code=429, body={"error": "slow_down"})
    equal(app.refresh(token), (429, {"error": "slow_down"}), "the reply")
    app.provider.fault("token", "status", code=500, after=True)
    equal(raw(app, token)[0], 500, "status")
    check(is_spent(app, token), "the provider did not hear of it")


def test_members_are_set_deleted_and_doubled(world):
    app, token = signed_in(world)
    app.provider.fault("token", "set", values={"expires_in": -1, "scope": "openid"})
    reply = app.good(app.refresh(token))
    equal((reply["expires_in"], reply["scope"]), (-1, "openid"), "what was set")
    app.provider.fault("token", "del", names=["refresh_token", "expires_in"])
    left = app.good(app.refresh(reply["refresh_token"]))
    check(not {"refresh_token", "expires_in"} & set(left) and left["access_token"], f"left: {left}")
    app, token = signed_in(world)
    app.provider.fault("token", "dup", values={"access_token": "evil"})
    pairs = json.loads(raw(app, token)[2], object_pairs_hook=list)
    equal([name for name, _ in pairs].count("access_token"), 2, "how often it comes")


def test_shapes_of_the_token_reply(world):
    app, token = signed_in(world)
    app.provider.fault("token", "mac")
    reply = app.good(app.refresh(token))
    equal(reply["token_type"], "mac", "the type")
    app.provider.fault("token", "pad", bytes=2 << 20)
    status, _, body = raw(app, reply["refresh_token"])
    equal((status, len(body) > 2 << 20, len(json.loads(body)["padding"])), (200, True, 2 << 20), "a large reply")
    app, token = signed_in(world)
    app.provider.fault("token", "truncate", bytes=25)
    status, headers, body = raw(app, token)
    equal((status, headers["Content-Length"], len(body)), (200, "25", 25), "a reply that is no JSON")
    app.provider.fault("token", "html")
    status, headers, body = raw(app, token)
    equal((status, headers.get_content_type()), (200, "text/html"), "a page")


def test_a_redirect_leads_where_it_was_told(world):
    app, token = signed_in(world)
    app.provider.fault("token", "redirect", to="http://127.0.0.1:9/token")
    status, headers, _ = raw(app, token)
    equal((status, headers["Location"]), (307, "http://127.0.0.1:9/token"), "the reply")
    check(not is_spent(app, token), "the provider heard of it")


def test_other_endpoints_have_faults_too(world, kind):
    app = world.native(kind)
    metadata = app.provider.metadata()
    places = {"metadata": app.provider.metadata_url, "jwks": metadata["jwks_uri"], "userinfo": metadata["userinfo_endpoint"],
              "revoke": metadata["revocation_endpoint"], "register": metadata["registration_endpoint"],
              "token": metadata["token_endpoint"], "authorize": metadata["authorization_endpoint"]}
    if kind == "panva":
        places |= {"device": metadata["device_authorization_endpoint"],
                   "par": metadata["pushed_authorization_request_endpoint"]}
    for endpoint, url in places.items():
        app.provider.fault(endpoint, "status", code=418)
        equal(app.provider.request("GET", url).status, 418, endpoint)
        check(app.provider.request("GET", url).status != 418, f"{endpoint}: it happened twice")


def test_a_fault_happens_as_often_as_was_said(world):
    app, _ = signed_in(world)
    app.provider.fault("token", "status", times=2, code=418)
    equal([app.refresh("x")[0] for _ in range(3)], [418, 418, 400], "twice")
    app.provider.fault("token", "status", times=-1, code=418)
    equal([app.refresh("x")[0] for _ in range(3)], [418] * 3, "always")
    app.provider.reset()
    equal(app.refresh("x")[0], 400, "after a reset")
    equal(len(app.provider.log("token")), 1, "entries of the log")
    raises(Failure, app.provider.fault, "token", "a fault that does not exist")
    raises(Failure, app.provider.fault, "an endpoint that does not exist", "html")


# --- authorization responses and metadata ---------------------------------------------------------

def test_the_authorization_response_changes(world, kind):
    app = world.native(kind)
    app.provider.fault("authorize", "set", values={"iss": "https://evil.example", "code": "foreign"})
    found = query(app.provider.authorize(app.url()))
    equal((found["iss"], found["code"], found["state"]), ("https://evil.example", "foreign", app.state), "set")
    app.provider.fault("authorize", "del", names=["iss", "state"])
    check(not {"iss", "state"} & set(query(app.provider.authorize(app.url()))), "deleted")
    app.provider.fault("authorize", "dup", values={"state": "x"})
    raises(Failure, query, app.provider.authorize(app.url()))
    app.provider.fault("authorize", "set", values={"error": "server_error"})
    equal(query(app.provider.authorize(app.url()))["error"], "server_error", "error")
    app.code()  # and then it is itself again


def test_metadata_change(world, kind):
    provider = world.get(kind)
    provider.fault("metadata", "set", values={"issuer": "https://evil.example"})
    equal(provider.metadata()["issuer"], "https://evil.example", "the issuer")
    provider.fault("metadata", "del", names=["code_challenge_methods_supported"])
    check("code_challenge_methods_supported" not in provider.metadata(), "it is still there")


# --- id tokens ------------------------------------------------------------------------------------

def forged(app, **how):
    app.provider.fault("token", "idToken", **how)
    return app.good(app.redeem(app.code()))["id_token"]


def check_claims(app):
    claims = {"iss": "https://evil.example", "aud": "other", "azp": "other", "exp": 1, "iat": 9999999999, "nonce": "x",
              "sub": "other", "at_hash": "x"}
    changed = forged(app, set=claims)
    equal(part(changed, 1) | claims, part(changed, 1), "other claims")
    fewer = forged(app, **{"del": ["exp", "nonce"]})
    equal({"exp", "nonce"} & set(part(fewer, 1)), set(), "what was deleted")
    equal(part(forged(app, header={"alg": "RS512"}), 0)["alg"], "RS512", "another header")
    equal(are_signed(app.provider, [changed, fewer, app.sign_in()["id_token"]]), [True] * 3, "signatures")


def check_signatures(app):
    kid = part(app.sign_in()["id_token"], 0)["kid"]
    headers = {"other-key": {"kid": kid}, "unknown-kid": {"kid": "unknown"}, "none": {"alg": "none"},
               "hs256": {"alg": "HS256"}, "embedded-key": {"kid": kid}, "no-kid": {}}
    tokens = {how: forged(app, how=how) for how in headers}
    for how, header in headers.items():
        equal(part(tokens[how], 0) | header, part(tokens[how], 0), f"header, {how}")
    check("jwk" in part(tokens["embedded-key"], 0), "no key in the header")
    check("kid" not in part(tokens["no-kid"], 0), "a kid")
    equal(tokens["none"].split(".")[2], "", "the signature of none")
    equal(are_signed(app.provider, list(tokens.values())), [False] * len(tokens), "signatures")


def test_id_tokens_are_forged(world, kind):
    app = world.native(kind)
    check_claims(app)
    check_signatures(app)


def test_id_tokens_have_the_algorithm_that_was_asked_for(world):
    for kind, algorithm in [("panva", "EdDSA"), ("panva", "ES256"), ("panva", "PS256"), (OLD, "ES256"), (OLD, "RS256")]:
        with Provider(kind, id_alg=algorithm) as provider:
            app = world.application(provider, "native")
            equal(provider.metadata()["id_token_signing_alg_values_supported"], [algorithm], "what is advertised")
            equal(part(app.sign_in()["id_token"], 0)["alg"], algorithm, f"{kind} {algorithm}")
            check_claims(app)


# --- TLS, and the life of the process -------------------------------------------------------------

def test_tls_with_a_certificate_of_the_test(world, kind):
    with contextlib.ExitStack() as stack:
        folder = stack.enter_context(tempfile.TemporaryDirectory())
        key, certificate = f"{folder}/key.pem", f"{folder}/certificate.pem"
        subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2",
                        "-subj", "/CN=provider", "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", key, "-out", certificate],
                       check=True, capture_output=True, timeout=20)
        provider = stack.enter_context(Provider(kind, tls_cert=certificate, tls_key=key))
        check(provider.metadata()["token_endpoint"].startswith("https://127.0.0.1:"), "the endpoint is not https")
        world.application(provider, "native").sign_in()


def started_and_killed(kind, folder):
    """Host and port of a provider whose test was killed before it could clean up."""
    program = ("import sys, time; sys.path.insert(0, sys.argv[1]); from oauth_provider import Provider\n"
               "with Provider(sys.argv[2]) as provider:\n    print(provider.base, flush=True); time.sleep(60)")
    process = subprocess.Popen([sys.executable, "-B", "-c", program, os.path.dirname(__file__), kind],
                               stdout=subprocess.PIPE, env=os.environ | {"TMPDIR": folder})
    with process.stdout:
        place = urllib.parse.urlsplit(process.stdout.readline().decode().strip())
    process.kill()
    process.wait()
    return place.hostname, place.port


def test_a_provider_ends_with_the_test_that_started_it(world, kind):
    world.get(kind)  # is skipped here when it cannot run
    with tempfile.TemporaryDirectory() as folder:
        place = started_and_killed(kind, folder)
        deadline = time.monotonic() + 30
        while time.monotonic() < deadline:
            try:
                socket.create_connection(place, 1).close()
            except ConnectionRefusedError:
                return
            time.sleep(0.05)
    raise Failure("it still listens")


if __name__ == "__main__":
    main("oauth faults", globals())
