#!/usr/bin/env -S python3 -B
"""panva's OAuth provider: pushed requests, DPoP and the device grant, as sealring is tested with them."""
import json
import subprocess
import urllib.parse

from cli_world import check, equal
from oauth_provider import DEVICE_GRANT, NODE
from plain_oauth import SCOPE, PlainClient, main, query, refused

PANVA = "panva"

# A DPoP proof (RFC 9449) with a key that is made for it, or with the one that is given.
PROOF = """
const { createHash, createPrivateKey, createPublicKey, generateKeyPairSync, randomUUID, sign } = require("node:crypto");
const { pem, method, url, nonce, token } = JSON.parse(require("node:fs").readFileSync(0));
const key = pem ? createPrivateKey(pem) : generateKeyPairSync("ec", { namedCurve: "P-256" }).privateKey;
const base64url = (value) => Buffer.from(JSON.stringify(value)).toString("base64url");
const ath = token && createHash("sha256").update(token).digest("base64url");
const head = { typ: "dpop+jwt", alg: "ES256", jwk: createPublicKey(key).export({ format: "jwk" }) };
const claims = { jti: randomUUID(), htm: method, htu: url, iat: Math.floor(Date.now() / 1000), nonce, ath };
const data = `${base64url(head)}.${base64url(claims)}`;
const signature = sign("sha256", Buffer.from(data), { key, dsaEncoding: "ieee-p1363" }).toString("base64url");
console.log(JSON.stringify({ proof: `${data}.${signature}`, pem: key.export({ type: "pkcs8", format: "pem" }) }));
"""


def proof(**values):
    """(proof, key) for a request."""
    run = subprocess.run([NODE, "-e", PROOF], input=json.dumps(values), capture_output=True, text=True, timeout=20, check=True)
    made = json.loads(run.stdout)
    return made["proof"], made["pem"]


def test_requests_must_be_pushed_when_that_is_asked_for(world):
    app = world.native(PANVA, par=True)
    metadata = app.provider.metadata()
    check(metadata["require_pushed_authorization_requests"], "it is not advertised")
    equal(query(app.provider.authorize(app.url()))["error"], "invalid_request", "a request that is not pushed")
    status, pushed = app.provider.form(metadata["pushed_authorization_request_endpoint"], app.parameters())
    equal(status, 201, f"status of {pushed}")
    url = metadata["authorization_endpoint"] + "?" + urllib.parse.urlencode(
        {"client_id": app.client.id, "request_uri": pushed["request_uri"]})
    app.good(app.redeem(query(app.provider.authorize(url))["code"]))
    equal([entry["redirect_uri"] for entry in app.provider.log("authorize")][1:], [None], "the parameters of the last request")


def test_requests_may_be_pushed_otherwise(world):
    metadata = world.get(PANVA).metadata()
    check("pushed_authorization_request_endpoint" in metadata, "there is no endpoint")
    check(not metadata.get("require_pushed_authorization_requests"), "they must be")


def test_tokens_are_bound_to_a_key(world):
    app = world.native(PANVA)
    url = app.endpoint("token")
    header, key = proof(method="POST", url=url)
    tokens = app.good(app.redeem(app.code(), {"DPoP": header}, client_id=app.client.id))
    equal(tokens["token_type"], "DPoP", "the type")
    check(app.provider.log("token")[0]["dpop"], "the log does not say so")
    refused(app.refresh(tokens["refresh_token"]), [400], "invalid_grant")  # no proof, and panva keeps the token
    refused(app.refresh(tokens["refresh_token"], {"DPoP": proof(method="POST", url=url)[0]}, client_id=app.client.id),
            [400], "invalid_grant")
    app.good(app.refresh(tokens["refresh_token"], {"DPoP": proof(pem=key, method="POST", url=url)[0]}, client_id=app.client.id))


def test_a_proof_may_need_a_nonce(world):
    app = world.native(PANVA, dpop_nonce=True)
    url = app.endpoint("token")
    code = app.code()
    header, key = proof(method="POST", url=url)
    fields = urllib.parse.urlencode({"grant_type": "authorization_code", "code": code, "redirect_uri": app.redirect_uri,
                                     "client_id": app.client.id, "code_verifier": app.verifier})
    reply = app.provider.request("POST", url, fields, {"DPoP": header, "Content-Type": "application/x-www-form-urlencoded"})
    equal((reply.status, json.loads(reply.body)["error"]), (400, "use_dpop_nonce"), "the first answer")
    header, _ = proof(pem=key, method="POST", url=url, nonce=reply.headers["DPoP-Nonce"])
    equal(app.good(app.redeem(code, {"DPoP": header}, client_id=app.client.id))["token_type"], "DPoP", "the type")


def device(world):
    """(client, reply of the device authorization endpoint)"""
    provider = world.get(PANVA)
    client = provider.client("device")
    app = PlainClient(provider, client)
    return app, app.good(app.ask({"scope": SCOPE, "prompt": "consent"}, endpoint="device_authorization"))


def poll(app, started):
    return app.ask({"grant_type": DEVICE_GRANT, "device_code": started["device_code"]})


def test_a_device_waits_for_its_user(world):
    app, started = device(world)
    refused(poll(app, started), [400], "authorization_pending")
    check("error" not in app.provider.approve_device(started["verification_uri_complete"]).lower(), "the last page")
    tokens = app.good(poll(app, started))
    app.good(app.refresh(tokens["refresh_token"]))
    check(started["device_code"] in app.provider.issued("device_code"), "the device code is not in the list of secrets")


def test_a_device_is_denied(world):
    app, started = device(world)
    app.provider.approve_device(started["verification_uri_complete"], "deny")
    refused(poll(app, started), [400], "access_denied")


if __name__ == "__main__":
    main("oauth panva", globals())
