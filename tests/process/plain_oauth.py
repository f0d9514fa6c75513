"""An OAuth client in plain Python, for the tests of the providers that sealring is tested with."""
import base64
import contextlib
import functools
import hashlib
import inspect
import json
import secrets
import subprocess
import urllib.parse

import cli_world
from cli_world import Failure, equal
from oauth_provider import KINDS, NODE, Provider

REDIRECT = "http://127.0.0.1:8765/callback"
SCOPE = "openid email offline_access"

# Which tokens have a signature that Node finds good, with the key of the JWKS that has the token's kid.
VERIFY = """
const { createPublicKey, verify, constants } = require("node:crypto");
const { tokens, keys } = JSON.parse(require("node:fs").readFileSync(0));
const HOW = { EdDSA: {}, ES256: { dsaEncoding: "ieee-p1363" }, RS256: {},
              PS256: { padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: 32 } };
console.log(JSON.stringify(tokens.map((token) => {
    const [head, body, signature] = token.split(".");
    const { alg, kid } = JSON.parse(Buffer.from(head, "base64url"));
    const jwk = keys.find((one) => one.kid === kid);
    return Boolean(jwk && HOW[alg] && verify(alg === "EdDSA" ? null : "sha256", Buffer.from(`${head}.${body}`),
        { key: createPublicKey({ key: jwk, format: "jwk" }), ...HOW[alg] }, Buffer.from(signature, "base64url")));
})));
"""


def base64url(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def part(token, number):
    """The header (0) or the claims (1) of a JWT."""
    text = token.split(".")[number]
    return json.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))


def query(url):
    """The parameters of @url; each may come once."""
    pairs = urllib.parse.parse_qsl(urllib.parse.urlsplit(url).query, keep_blank_values=True)
    if len(dict(pairs)) != len(pairs):
        raise Failure(f"a parameter comes twice: {url}")
    return dict(pairs)


def basic(client, encode=lambda text: urllib.parse.quote(text, safe="-._~")):
    text = f"{encode(client.id)}:{encode(client.secret or '')}"
    return {"Authorization": "Basic " + base64.b64encode(text.encode()).decode()}


class PlainClient:
    """@client of @provider, as one application on one device has it."""

    def __init__(self, provider, client, redirect_uri=REDIRECT):
        self.provider, self.client, self.redirect_uri = provider, client, redirect_uri
        self.state, self.nonce, self.verifier = (secrets.token_urlsafe(32) for _ in range(3))

    def endpoint(self, name):
        return self.provider.metadata()[name + "_endpoint"]

    def parameters(self, **more):
        """Those of an authorization request; @more: others, None leaves one out."""
        challenge = base64url(hashlib.sha256(self.verifier.encode()).digest())
        values = {"response_type": "code", "client_id": self.client.id, "redirect_uri": self.redirect_uri, "scope": SCOPE,
                  "state": self.state, "nonce": self.nonce, "code_challenge": challenge,
                  "code_challenge_method": "S256", "prompt": "consent", **more}
        return {name: value for name, value in values.items() if value is not None}

    def url(self, **more):
        return self.endpoint("authorization") + "?" + urllib.parse.urlencode(self.parameters(**more))

    def code(self, user="a@example.com", **more):
        """The code that the user brings back, with this client's state and the provider's name."""
        found = query(self.provider.authorize(self.url(**more), user=user))
        equal((found.get("state"), found.get("iss")), (self.state, self.provider.issuer), f"state and iss in {found}")
        return found["code"]

    def ask(self, fields, headers=None, endpoint="token"):
        """(status, reply); client authentication as the documentation has it, unless @fields or @headers have one."""
        fields = {name: value for name, value in fields.items() if value is not None}
        if headers is None and self.client.secret:
            headers = basic(self.client)
        if not headers:
            fields = {"client_id": self.client.id, **fields}
        return self.provider.form(self.endpoint(endpoint), fields, headers)

    def redeem(self, code, headers=None, **more):
        fields = {"grant_type": "authorization_code", "code": code, "redirect_uri": self.redirect_uri,
                  "code_verifier": self.verifier, **more}
        return self.ask(fields, headers)

    def refresh(self, token, headers=None, **more):
        return self.ask({"grant_type": "refresh_token", "refresh_token": token, **more}, headers)

    def sign_in(self, user="a@example.com", **more):
        """Tokens of a user who signs in and agrees."""
        return self.good(self.redeem(self.code(user, **more)))

    def good(self, answer):
        equal(answer[0], 200, f"status of {answer[1]}")
        return answer[1]

    def userinfo(self, token):
        reply = self.provider.request("GET", self.endpoint("userinfo"), headers={"Authorization": f"Bearer {token}"})
        return reply.status, json.loads(reply.body)


def are_signed(provider, tokens):
    """Which of @tokens the provider's present keys verify, as a list of booleans."""
    keys = json.loads(provider.request("GET", provider.metadata()["jwks_uri"]).body)["keys"]
    run = subprocess.run([NODE, "-e", VERIFY], input=json.dumps({"tokens": tokens, "keys": keys}), capture_output=True,
                         text=True, timeout=60)
    if run.returncode:
        raise Failure(run.stderr)
    return json.loads(run.stdout)


def refused(answer, statuses, error):
    equal((answer[0] in statuses, answer[1].get("error")), (True, error), f"the answer {answer}")


def raises(kind, call, *words):
    try:
        result = call(*words)
    except kind:
        return
    raise Failure(f"{kind.__name__} was expected, not {result}")


# --- all tests of a file share the providers -----------------------------------------------------

class Providers:
    """Providers that run, each started when it is first asked for, with the options that it is asked for."""

    def __init__(self):
        self.stack = contextlib.ExitStack()
        self.running = {}

    def get(self, kind, **options):
        key = kind, *options.items()
        if key not in self.running:
            self.running[key] = self.stack.enter_context(Provider(kind, **options))
        self.running[key].reset()
        return self.running[key]

    def native(self, kind, **options):
        """A new public client of a provider."""
        return self.application(self.get(kind, **options), "native")

    def web(self, kind, **options):
        """A new client with a secret."""
        return self.application(self.get(kind, **options), "web")

    def application(self, provider, type):
        return PlainClient(provider, provider.client(type, [REDIRECT]))

    def close(self):
        """After each test: nothing ends."""


def expanded(functions):
    """The tests among @functions; one with a parameter `kind` is a test for each kind of provider."""
    for name, function in functions.items():
        if name.startswith("test_") and "kind" in inspect.signature(function).parameters:
            for kind in KINDS:
                yield f"{name}_on_{kind}", functools.partial(function, kind=kind)
        elif name.startswith("test_"):
            yield name, function


def main(topic, functions):
    """Run the tests among @functions with shared Providers; prints TAP."""
    providers = Providers()
    try:
        cli_world.main(topic, dict(expanded(functions)), lambda: providers)
    finally:
        providers.stack.close()
