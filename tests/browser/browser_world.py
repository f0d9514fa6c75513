"""A desktop for the tests of browsers: an agent with an open vault, web sites, Chromium and Firefox with the
companion extension. The tests of a file share it, each with sites of its own.

    def test_something(desk, browser):     runs in each browser that is installed
    def test_something(desk):              runs once; desk.browsers() has them all

A test starts with an unlocked agent whose user agrees to everything, the real host, and no tabs.
"""
import contextlib
import inspect
import json
import os
import shutil
import signal
import sys
import threading
import time

from browsers import ROOT, Chromium, Firefox
from agent_world import AgentWorld
from cli_world import ADDRESS_ONE, BUILD, PROMPT, Failure, Skip, check, contains, equal
from web_server import WebServer

__all__ = ["ADDRESS_ONE", "BUILD", "CALLER", "COMPANION", "HANGING", "ROOT", "SHOTS", "Desk", "Failure", "Skip", "check", "contains", "equal", "failed", "json", "main",
           "succeeded", "time", "wait_until"]

HOST = "org.sealring.host"
SHOTS = BUILD / "screenshots"
# Ids in Chromium and Firefox, and the UUIDs that Firefox is to give their pages.
COMPANION = {"chromium": "dejmjgfpcmgkfnoekcfibcccgifpmjci", "firefox": "companion@sealring.org"}
CALLER = {"chromium": "cndokegfmflhhgamolpebeminfahkadn", "firefox": "caller@example.org"}
UUIDS = {COMPANION["firefox"]: "5ea15e00-0000-4000-8000-000000000001", CALLER["firefox"]: "5ea15e00-0000-4000-8000-000000000002"}
HANGING = 30  # seconds after which nothing may be pending


def wait_until(condition, what, seconds=HANGING):
    """The first true value of @condition. Asking a browser costs it time, so it is asked less and less often."""
    end, pause = time.monotonic() + seconds, 0.02
    while not (value := condition()):
        if time.monotonic() > end:
            raise Failure(f"not within {seconds} s: {what}")
        time.sleep(pause)
        pause = min(1.2 * pause, 0.25)
    return value


def succeeded(answer, what="answer"):
    """The result of an answer to a page."""
    check("result" in answer, f"{what}: {answer}")
    return answer["result"]


def failed(answer, code, reason=None):
    """Check the error of an answer to a page; its message."""
    check("error" in answer, f"no error but {str(answer)[:300]}")
    error = answer["error"]
    equal((error["isError"], error["code"]), (True, code), f"error {error}")
    if reason:
        equal(error["reason"], reason, f"error {error}")
    return error["message"]


class Site:
    """A tab at a site of its own, or at @origin."""

    def __init__(self, desk, browser, origin=None, path="/"):
        self.desk, self.browser = desk, browser
        self.origin = origin or desk.server.origin()
        self.tab = desk.open(browser, self.origin + path)

    @property
    def host(self):
        return self.origin.partition("://")[2]

    def ask(self, method, params=None, seconds=HANGING):
        """{"result": …} or {"error": {code, message, reason, …}}."""
        return self.tab.run(f"return ask({json.dumps(method)}, {json.dumps(params)} ?? undefined)", seconds)

    def later(self, name, method, params=None):
        self.tab.run(f"later({json.dumps(name)}, {json.dumps(method)}, {json.dumps(params)} ?? undefined)")

    def answer(self, name, seconds=HANGING):
        """That of the request which later() named so."""
        return wait_until(lambda: self.tab.value(f"answers[{json.dumps(name)}]"), f"the answer to {name}", seconds)

    def connect(self):
        equal(succeeded(self.ask("eth_requestAccounts"), "connecting"), [ADDRESS_ONE], "accounts")
        return self

    def message(self, domain=None, nonce="abcdefgh12345678", issued="2026-11-24T10:00:00.000Z"):
        """A sign-in message for this site, or for another's @domain."""
        domain = domain or self.host
        return (f"{domain} wants you to sign in with your Ethereum account:\n{ADDRESS_ONE}\n\nHello.\n\nURI: https://{domain}/login\n"
                f"Version: 1\nChain ID: 1\nNonce: {nonce}\nIssued At: {issued}")

    def listen(self):
        self.tab.run("await listen()")
        return self

    def heard(self, name, seconds=HANGING):
        """The values of the events @name so far, at least one."""
        return wait_until(lambda: self.tab.value(f"heard.filter(([name]) => name === {json.dumps(name)}).map(([, value]) => [value])"),
                          f"event {name}; heard {self.tab.value('heard')}", seconds)


class Desk(AgentWorld):
    """@display: an X server for browsers and prompts; then the real prompt asks, not the script."""

    def __init__(self, settings=(), display=None):
        super().__init__(prompt=not display, settings=["developer-mode = true", "oauth-loopback-http = true", *settings], setup=False)
        self.display, self.tabs, self._browsers, self._absent = display, [], {}, {}
        self.stack = contextlib.ExitStack()
        if display:
            self.environment["DISPLAY"] = display.env["DISPLAY"]
        self.prepare()
        self.server = WebServer(self.folder)
        self.stack.callback(self.server.close)
        self.unlock()
        self.import_key()

    def prepare(self):
        """For desks that have more, before anything else is started."""

    # --- browsers and their extensions ---------------------------------------------------------------

    def browser(self, kind):
        """Started at its first use, with companion and caller installed."""
        if kind in self._absent:
            raise Skip(self._absent[kind])
        if kind not in self._browsers:
            try:
                self._browsers[kind] = self._start(kind)
            except Skip as skip:
                self._absent[kind] = str(skip)
                raise
        return self._browsers[kind]

    def _start(self, kind):
        place = self.folder / kind
        browser = Chromium(place, self.environment) if kind == "chromium" else Firefox(place, self.environment, UUIDS)
        self.stack.enter_context(browser)
        self.write_manifest(browser)
        browser.companion = browser.base(browser.install(ROOT / "extension"))
        browser.caller = browser.base(browser.install(self.caller_extension()))
        return browser

    def caller_extension(self):
        """Another author's extension, with a copy of extension/sealring.js as the documentation says."""
        place = self.folder / "caller"
        if not place.exists():
            shutil.copytree(ROOT / "tests/browser/caller", place)
            shutil.copy(ROOT / "extension/sealring.js", place)
        return place

    def browsers(self):
        """All that are installed."""
        found = []
        for kind in COMPANION:
            with contextlib.suppress(Skip):
                found.append(self.browser(kind))
        if not found:
            raise Skip("; ".join(self._absent.values()))
        return found

    def write_manifest(self, browser, host=None, extensions=None, name=HOST):
        """Where the browser looks for the host, by `sealring browser install`. By hand: @host: another program, @extensions:
        other ids, @name: of another host; and all where the build is in a folder that install refuses."""
        browser.manifests().mkdir(parents=True, exist_ok=True)
        path = browser.manifests() / f"{name}.json"
        if name == HOST:
            path.unlink(missing_ok=True)
            browser.changed = bool(host or extensions is not None)
            if not browser.changed and self.install_manifest(browser):
                return
        ids = extensions if extensions is not None else [COMPANION[browser.kind], CALLER[browser.kind]]
        allowed = {"allowed_origins": [f"chrome-extension://{id}/" for id in ids]} if browser.kind == "chromium" else {"allowed_extensions": ids}
        value = {"name": name, "description": "sealring", "path": str(host or BUILD / "sealring-host"), "type": "stdio", **allowed}
        path.write_text(json.dumps(value))

    def install_manifest(self, browser):
        """False where sealring is in a folder that is open to everybody, such as /tmp."""
        run = self.run("browser", "install", browser.kind, "--extension", CALLER[browser.kind])
        if run.status == 1 and "open to everybody" in run.errors:
            return False
        run.expect(0, "browser install")
        return True

    # --- what tests use ------------------------------------------------------------------------------

    def site(self, browser, origin=None, path="/"):
        return Site(self, browser, origin, path)

    def open(self, browser, url):
        tab = browser.open(url)
        self.tabs.append((browser, tab))
        return tab

    def close_tab(self, tab):
        self.tabs = [(browser, other) for browser, other in self.tabs if other is not tab]
        tab.close()

    def write_prompt(self, script=PROMPT):
        """Who asks the user from now on."""
        self.write("prompt", script.format(folder=self.folder), 0o700)

    @contextlib.contextmanager
    def slow(self):
        """In it the user reads, and does not answer."""
        self.hold()
        try:
            yield
        finally:
            (self.folder / "hold").unlink()

    def grants(self, origin):
        return [grant for grant in self.json("grant", "list")["grants"] if grant.get("origin") == origin]

    def forget(self, browser):
        """It is not there any more; the next use starts another one."""
        self.tabs = [(other, tab) for other, tab in self.tabs if other is not browser]
        del self._browsers[browser.kind]

    def at_once(self, function):
        """function(browser) for all browsers at the same time; their values."""
        browsers = self.browsers()
        values = [None] * len(browsers)

        def run(number):
            try:
                values[number] = function(browsers[number])
            except Exception as error:
                error.args = (f"in {browsers[number].kind}: {error}",)
                values[number] = error

        threads = [threading.Thread(target=run, args=(number,)) for number in range(len(browsers))]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        for value in values:
            if isinstance(value, Exception):
                raise value
        return values

    def reset(self):
        """As a test finds it."""
        for browser in self._browsers.values():
            if browser.changed:
                with contextlib.suppress(Failure, OSError):
                    self.restore(browser)
        tabs, self.tabs = self.tabs, []
        for browser, tab in tabs:
            with contextlib.suppress(Failure, OSError):
                browser.put_back(tab)
        if not self.display:
            self.answer(True)
            self.shown()
        self.unlock()

    def restore(self, browser):
        """The real host again. Until the companion sees that its own was killed, requests fail: until one does not."""
        self.write_manifest(browser)
        names = ("/sealring-host", "/broken-")
        is_used = browser.hosts(names, COMPANION[browser.kind])
        for host in browser.hosts(names):
            with contextlib.suppress(ProcessLookupError):
                os.kill(host, signal.SIGKILL)
        if is_used:
            site = self.site(browser)
            wait_until(lambda: "result" in site.ask("eth_chainId"), "the real host")

    def close(self):
        try:
            self.stack.close()
        finally:
            super().close()


def cases(tests):
    """(name, function, kind of browser or None) of each test."""
    for name, function in tests.items():
        if name.startswith("test_"):
            name = name[5:].replace("_", "-")
            if len(inspect.signature(function).parameters) == 1:
                yield name, function, None
            else:
                yield from ((f"{name}-in-{kind}", function, kind) for kind in COMPANION)


def run_case(desk, function, kind):
    """What is behind the name of the test, and whether it did not fail."""
    try:
        function(*([desk, desk.browser(kind)] if kind else [desk]))
    except Skip as skip:
        return f" # SKIP {skip}", True
    except Exception as error:  # whatever it is, the other tests still run
        print(f"# {type(error).__name__}: {error}")
        return "", False
    return "", True


def main(topic, tests, make_desk=Desk, only=()):
    """Run the functions named test_… of @tests at one desk; prints TAP. Words on the command line choose."""
    chosen = [case for case in cases(tests) if all(word in case[0] for word in sys.argv[1:])]
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # through the finally blocks
    print(f"1..{len(chosen)}", flush=True)
    good = True
    try:
        desk = make_desk()
    except Skip as skip:
        print("".join(f"ok {number} - {topic}: {name} # SKIP {skip}\n" for number, (name, _, _) in enumerate(chosen, 1)), end="")
        sys.exit(0)
    try:
        for number, (name, function, kind) in enumerate(chosen, 1):
            begin = time.monotonic()
            note, passed = run_case(desk, function, kind)
            good = good and passed
            print(f"{'ok' if passed else 'not ok'} {number} - {topic}: {name}{note}", flush=True)
            print(f"# {time.monotonic() - begin:.1f} s", flush=True)
            desk.reset()
    finally:
        desk.close()
    sys.exit(0 if good else 1)
