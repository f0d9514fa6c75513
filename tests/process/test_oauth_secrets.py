#!/usr/bin/env -S python3 -B
"""After a day of signing in, refreshing, asking, signing out and administrating: where what the providers gave
out is, and where it is not."""
import base64
import contextlib
import json
import os
import re
import subprocess
import threading
import time
from pathlib import Path

from agent_world import AgentWorld, Browser
from cli_world import BUILD, check, equal, open_proc
from oauth_flows import Login, main, succeeds, wait_until
from oauth_provider import ADMIN_KEY, KINDS, Client
from oauth_world import LOOPBACK, SCOPE
from secret_search import SECRET_PAGES, memory_of

_, NEW, PANVA = KINDS
TAIL = 16  # free() overwrites the beginning of what it takes back


class Recorded(Browser):
    """A browser that keeps every frame that came to it."""

    def __init__(self, world, extension):
        super().__init__(world, extension)
        self.frames = []

    def receive(self, timeout=30):
        frame = super().receive(timeout)
        self.frames.append(json.dumps(frame))
        return frame


class Watch:
    """Looks at the command lines and environments of all processes, again and again."""

    def __init__(self):
        self.seen, self.running = set(), True
        self.thread = threading.Thread(target=self._look)

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.running = False
        self.thread.join()

    def _look(self):
        while self.running:
            self.look()

    def look(self):
        for number in os.listdir("/proc"):
            if number.isdigit():
                for name in ("cmdline", "environ"):
                    with contextlib.suppress(OSError):
                        self.seen.add((name, Path(f"/proc/{number}/{name}").read_bytes()))


class Day:
    """What happened on one day, and everything that was said on it."""

    def __init__(self, flows):
        self.flows, self.said, self.outputs, self.handed_out = flows, [], [], set()
        self.world = self.agent = self.errors = None

    def begin(self, stack):
        """An agent of the test's own, so that what it says is seen."""
        world = AgentWorld(settings=["oauth-loopback-http = true"], setup=False)
        stack.callback(world.close)
        self.errors = world.folder / "agent-errors"
        self.agent = subprocess.Popen([BUILD / "sealring-agent"], env=world.environment, stdin=subprocess.DEVNULL,
                                      stdout=subprocess.DEVNULL, stderr=open(self.errors, "wb"))
        stack.callback(self.agent.wait)
        stack.callback(self.agent.kill)
        wait_until((world.folder / "run/s/agent.sock").exists, "the agent listens")
        world.unlock()
        self.world = world

    def run(self, *words, **options):
        run = self.world.run(*words, **options).expect(0, " ".join(map(str, words))[:60])
        self.outputs.append(run.output)
        self.said.append(run.errors)
        return run

    def login(self, provider, client, *words, **options):
        with Login(self.world, provider, client, *words, **options) as login:
            status, output, errors = login.finish()
        self.said += [output, errors]
        succeeds((status, output, errors), "login")
        return next(one["id"] for one in self.world.json("account", "list")["accounts"] if not client or one["clientId"] == client.id)

    def token(self, account):
        token = self.run("token", account).output.strip()
        self.handed_out.add(token)
        return token

    def use(self, accounts):
        """A token of each, who it is, and a refreshed token."""
        first = {account: self.token(account) for account in accounts}
        connection = self.world.cli()
        for account in accounts:
            self.said.append(json.dumps(connection.call("oauth.userinfo", {"account": account}, origin=None, timeout=20)))
        for account in accounts:
            wait_until(lambda: self.token(account) != first[account], "a refresh")


def web_client(day, provider):
    """A client whose secret is kept and never seen, and one whose secret is printed."""
    words = ["client", "register", "--server", provider.base, "--admin-key-fd", "{fd}", "--name", "W", "--type", "web",
             "--redirect-uris", LOOPBACK, "--json"]
    kept = day.run(*words, "--keep-for", provider.issuer, passphrase=ADMIN_KEY)
    day.said.append(kept.output)
    day.run(*words, "--remember-key", passphrase=ADMIN_KEY)
    day.said.append(day.run("client", "list", "--server", provider.base).output)
    return Client(kept.json["client"]["clientId"], None)


def extension(day, provider, watch):
    """An extension signs in and out, with a token in between; its frames."""
    id, redirect_uri = day.flows.extension()
    client = provider.client("native", [redirect_uri])
    browser = Recorded(day.world, id)
    try:
        asked = {"issuer": provider.issuer, "clientId": client.id, "scope": SCOPE, "redirectUri": redirect_uri}
        flow = browser.result("oauth.begin", asked, origin=None)
        browser.result("oauth.complete", {"flow": flow["flow"], "url": provider.authorize(flow["url"])}, origin=None)
        day.handed_out.add(browser.result("oauth.token", {}, origin=None)["accessToken"])
        for method in ("oauth.userinfo", "oauth.accounts"):
            browser.result(method, {} if method == "oauth.userinfo" else None, origin=None)
        browser.reason("oauth.complete", {"flow": flow["flow"], "url": "x"}, origin=None)
        watch.look()  # while sealring-host surely runs
    finally:
        browser.close()
    return browser.frames


def device(day, provider):
    provider.fault("device", "set", values={"interval": 1})
    process = day.world.start("login", "--issuer", provider.issuer, "--client-id", provider.client("device").id, "--scope", SCOPE,
                              "--device", "--json")
    provider.approve_device(json.loads(process.stdout.readline())["verificationUriComplete"])
    output, errors = process.communicate(timeout=60)
    equal(process.returncode, 0, f"the device {output} {errors}")
    day.said += [output.decode(), errors.decode()]


def live(day, openkey, panva, watch):
    """The day itself; the frames that came to browsers."""
    native = day.login(openkey, openkey.client("native"))
    web = day.login(openkey, web_client(day, openkey))
    made = panva.json("POST", "/reg", {"redirect_uris": [LOOPBACK], "application_type": "native",
                                       "grant_types": ["authorization_code", "refresh_token"]})
    confidential = Client(made["client_id"], made["client_secret"])
    bound = day.login(panva, confidential, "--dpop", "--client-secret-fd", "{fd}", passphrase=confidential.secret)
    device(day, panva)
    day.use([native, web, bound])
    frames = extension(day, openkey, watch)
    day.run("account", "logout", native)
    day.said += [json.dumps(day.world.json("log", "--limit", "0")), json.dumps(day.world.json("account", "list")),
                 json.dumps(day.world.json("grant", "list"))]
    return frames


def forms(value):
    """How a secret may be written."""
    data = value.encode()
    return {data, base64.urlsafe_b64encode(data).rstrip(b"="), base64.b64encode(data)}


def tails(values):
    return {form[-TAIL:] for value in values for form in forms(value)} | {value.encode()[-TAIL:] for value in values}


def check_nowhere(what, content, values):
    content = content if isinstance(content, bytes) else content.encode()
    found = [kind for kind, value in values if any(form in content for form in forms(value))]
    equal(found, [], f"in {what}")


def in_memory(pid, wanted, apart_from=()):
    """How many of @wanted are in the memory of @pid, outside of mappings that have all flags of @apart_from."""
    found = set()
    for flags, content in memory_of(pid):
        if not apart_from or not set(apart_from) <= set(flags):
            found |= {one for one in wanted if one in content}
    return len(found)


def check_said(day, values, secrets, frames):
    check_nowhere("what was said, the log and the lists", "\n".join(day.said), values)
    check_nowhere("the agent's errors", day.errors.read_bytes(), values)
    check_nowhere("frames to the browser", "\n".join(frames), secrets)
    check_nowhere("the output of commands", "\n".join(line for line in day.outputs), [one for one in secrets if one[0] != "printed"])


def check_files(day, values):
    files = [path for path in day.world.folder.rglob("*") if path.is_file()]
    check({"state.db", "vault.db"} <= {path.name for path in files}, f"the files {files}")
    for path in files:
        with contextlib.suppress(FileNotFoundError):  # SQLite's come and go
            check_nowhere(path.name, path.read_bytes(), values)


def check_processes(watch, values):
    names = {content.split(b"\0")[0].rpartition(b"/")[2] for name, content in watch.seen if name == "cmdline"}
    check({b"sealring", b"sealring-net", b"sealring-agent", b"sealring-host"} <= names, f"what was seen: {names}")
    for name, content in watch.seen:
        check_nowhere(f"a {name} {content[:60]!r}", content, values)


def check_memory(day, issued, provider):
    """Refresh tokens and the secrets of clients: in locked memory at most, and nowhere after a lock."""
    wanted = tails([value for kind in ("refresh", "client_secret", "device_code") for value in issued[kind]] + [ADMIN_KEY])
    pid = day.agent.pid
    check(in_memory(provider.process.pid, wanted) > 0, "the test can find them, as in the provider")
    equal(in_memory(pid, wanted, apart_from=SECRET_PAGES), 0, "secrets in ordinary memory of the agent")
    with open_proc(f"/proc/{pid}/limits") as file:
        check(re.search(r"Max core file size\s+0\s+0", file.read()), "the agent may leave a core")
    day.world.run("lock").expect(0, "lock")
    wait_until(lambda: in_memory(pid, wanted) == 0, "secrets gone after a lock")
    handed = tails(issued["access"])
    equal(in_memory(pid, handed & tails(set(issued["access"]) - day.handed_out)), 0, "access tokens that nobody was given")


def test_what_providers_give_out_stays_where_it_belongs(world):
    openkey, panva = world.provider(NEW, access_ttl=4), world.provider(PANVA, access_ttl=4)
    day = Day(world)
    with contextlib.ExitStack() as stack:
        day.begin(stack)
        with Watch() as watch:
            frames = live(day, openkey, panva, watch)
        issued = {}
        for provider in (openkey, panva):
            for kind, values in provider.json("GET", "/_test/issued").items():
                issued.setdefault(kind, []).extend(values)
        check({"access", "refresh", "id", "code", "client_secret", "device_code"} <= set(issued), f"what was given out: {list(issued)}")
        printed = {line for output in day.outputs for line in output.splitlines()} & set(issued["client_secret"])
        equal(len(printed), 1, "secrets printed")
        values = [(kind, value) for kind in issued for value in issued[kind]] + [("admin key", ADMIN_KEY)]
        secrets = [("printed" if value in printed else kind, value) for kind, value in values if value not in day.handed_out]
        check_said(day, values, secrets, frames)
        check_files(day, values)
        check_processes(watch, values)
        check_memory(day, issued, openkey)


# --- the process on the network -------------------------------------------------------------------

def children_of(pid):
    for path in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            if int(path.read_text().rpartition(")")[2].split()[1]) == pid:
                yield path.parent


def test_the_process_on_the_network_has_nothing_but_its_exchange(world):
    provider = world.provider(NEW)
    client = provider.client("native")
    provider.fault("token", "delay", ms=6000)
    with Login(world, provider, client) as login:
        url = provider.authorize(login.url)
        provider.request("GET", url)
        wait_until(lambda: provider.log("token"), "the token request")
        found = [path for path in children_of(world.agent_pid())
                 if (path / "cmdline").read_bytes().split(b"\0")[0].endswith(b"/sealring-net")]
        equal(len(found), 1, "processes")
        command = (found[0] / "cmdline").read_bytes().split(b"\0")[1:-1]
        equal((command, (found[0] / "environ").read_bytes()), ([b"exchange", b"--loopback-http"], b"PATH=/usr/bin:/bin\0"), "what it got")
        check(re.search(r"Max core file size\s+0\s+0", (found[0] / "limits").read_text()), "it may leave a core")
        succeeds(login.end(), "login")


if __name__ == "__main__":
    main("oauth secrets", globals())
