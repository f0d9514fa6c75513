"""Figures of OAuth: an access token that is at hand, beside oidc-agent, which keeps them too."""
import base64
import hashlib
import os
import shutil
import statistics
import subprocess
import tempfile
import time
import urllib.parse
from pathlib import Path

from oauth_provider import Provider, Skip
from oauth_world import LOOPBACK, OAuthWorld, at_once, refreshes

STARTS = 100
CALLS = 2000
REDIRECT = "http://localhost:4242"  # oidc-agent takes no other
VERIFIER = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFG"


class OidcAgent:
    """oidc-agent with an account of @provider; a web client, since it cannot use a public one there."""

    def __init__(self, provider):
        self.folder = Path(tempfile.mkdtemp(prefix="sr-oidc-"))
        (self.folder / "oidc").mkdir(mode=0o700)
        (self.folder / "pw").write_text("password\n")
        self.environment = {**os.environ, "HOME": str(self.folder), "OIDC_CONFIG_DIR": str(self.folder / "oidc")}
        said = subprocess.run(["oidc-agent"], env=self.environment, capture_output=True, text=True, check=True).stdout
        self.environment.update(part.strip().split("=", 1) for part in said.split(";") if "=" in part)
        client = provider.client("web", [REDIRECT])
        subprocess.run(["oidc-gen", "bench", "--manual", f"--iss={provider.issuer}", f"--client-id={client.id}",
                        f"--client-secret={client.secret}", f"--redirect-uri={REDIRECT}", "--scope=openid offline_access",
                        f"--rt={refresh_token(provider, client)}", f"--pw-file={self.folder}/pw", "--confirm-default",
                        "--prompt=none", "--no-url-call"],
                       env=self.environment, stdin=subprocess.DEVNULL, capture_output=True, timeout=30, check=True)

    def close(self):
        subprocess.run(["oidc-agent", "-k"], env=self.environment, capture_output=True)
        shutil.rmtree(self.folder)


def refresh_token(provider, client):
    metadata = provider.metadata()
    challenge = base64.urlsafe_b64encode(hashlib.sha256(VERIFIER.encode()).digest()).rstrip(b"=").decode()
    query = urllib.parse.urlencode({
        "response_type": "code", "client_id": client.id, "redirect_uri": REDIRECT, "scope": "openid offline_access",
        "state": "state-of-the-bench", "code_challenge": challenge, "code_challenge_method": "S256", "prompt": "consent"})
    back = provider.authorize(f"{metadata['authorization_endpoint']}?{query}")
    code = urllib.parse.parse_qs(urllib.parse.urlsplit(back).query)["code"][0]
    basic = base64.b64encode(f"{client.id}:{client.secret}".encode()).decode()
    fields = {"grant_type": "authorization_code", "code": code, "redirect_uri": REDIRECT, "code_verifier": VERIFIER}
    return provider.form(metadata["token_endpoint"], fields, {"Authorization": f"Basic {basic}"})[1]["refresh_token"]


def start(command, environment):
    """Milliseconds from starting a program to its end."""
    devnull = [(os.POSIX_SPAWN_OPEN, 1, "/dev/null", os.O_WRONLY, 0)]
    begin = time.monotonic()
    pid = os.posix_spawn(command[0], command, environment, file_actions=devnull)
    status = os.waitpid(pid, 0)[1]
    assert status == 0, command
    return (time.monotonic() - begin) * 1000


def bench_starts(row, world, provider, sealring):
    ours = ([str(sealring), "token"], world.environment)
    if not shutil.which("oidc-token"):
        row("sealring token, at hand", f"{statistics.median(start(*ours) for _ in range(STARTS)):.2f} ms", "no oidc-agent here", "")
        return
    peer = OidcAgent(provider)
    try:
        theirs = ([shutil.which("oidc-token"), "bench"], peer.environment)
        times = [(start(*ours), start(*theirs)) for _ in range(STARTS)]
        mine, other = (statistics.median(column) for column in zip(*times))
        row("sealring token, at hand", f"{mine:.2f} ms", f"oidc-token, {other:.2f} ms", f"{mine / other:.2f} ×")
    finally:
        peer.close()


def bench_calls(row, world, provider):
    client = provider.client("spa", [f"https://{'abcdefghijklmnop' * 2}.chromiumapp.org/callback"])
    browser = world.browser(connect=False)
    world.sign_in(browser, provider, client)
    times = []
    for _ in range(CALLS):
        begin = time.monotonic()
        browser.result("oauth.token", {}, origin=None)
        times.append((time.monotonic() - begin) * 1000)
    value = statistics.median(times)
    row("oauth.token through the host, at hand", f"{value:.3f} ms", "0.5 ms", f"{value / 0.5:.2f}")


def bench_waiters(row, world, provider):
    """64 that wait on 8 connections for a token that has ended."""
    account = world.json("account", "list")["accounts"][0]["id"]
    ports = [world.raw(client="cli") for _ in range(8)]
    provider.fault("token", "delay", ms=500)
    time.sleep(float(provider.options["access_ttl"]) + 1)
    before = refreshes(provider)

    def ask(number):
        port = ports[number]
        ids = [port.send("oauth.token", {"account": account}, origin=None) for _ in range(8)]
        return [port.receive() for _ in ids]

    answers = [answer for list_ in at_once(8, ask) for answer in list_]
    tokens = {answer["result"]["accessToken"] for answer in answers}
    row("64 that wait for a token that has ended", f"{refreshes(provider) - before} request", "1 request", f"{len(tokens)} token")


def bench_oauth(row, sealring):
    try:
        with Provider("openkey-1.6.11", access_ttl=15) as provider:
            world = OAuthWorld()
            try:
                client = provider.client("native", [LOOPBACK])
                world.account(provider, client)
                bench_waiters(row, world, provider)
            finally:
                world.close()
        with Provider("openkey-1.6.11", access_ttl=3600) as provider:
            world = OAuthWorld()
            try:
                world.account(provider, provider.client("native", [LOOPBACK]))
                bench_starts(row, world, provider, sealring)
                bench_calls(row, world, provider)
            finally:
                world.close()
    except Skip as skip:
        print(f"bench: {skip}: the figures of OAuth are left out")
