"""The browsers of people, headless: Chromium over its debugging pipe, Firefox over Marionette.

    with Chromium(folder, environment) as browser:          # or Firefox; a Skip when it is not installed
        identity = browser.install(extension_folder)        # Chromium's id; Firefox's UUID is chosen here
        tab = browser.open("https://…")
        tab.run("return await f()"), tab.value("1 + 1"), tab.wait_for("x"), tab.take_picture(path), tab.close()

They have a fresh profile, ask nobody, and end with their block together with all they started.
"""
import base64
import contextlib
import fcntl
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path += [str(ROOT / "tests/process"), str(ROOT / "tests/support")]

from chromium import OPTIONS  # noqa: E402
from cli_world import Failure, Skip  # noqa: E402
from devtools import SECONDS, Pipe, Target  # noqa: E402

START_SECONDS = 180  # from a disk that is slow, beside programs that keep it busy


def processes_of(session):
    """The live processes of the process session @session."""
    found = []
    for path in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            state, _, _, number = path.read_text().rpartition(")")[2].split()[:4]
            if int(number) == session and state not in "ZX":
                found.append(int(path.parent.name))
    return found


class Program:
    """A browser as a process in a session of its own. Its native hosts are in it too, the agent is not."""

    def __init__(self, folder, environment):
        self.folder, self.environment, self.process, self.idle = Path(folder), environment, None, []
        self.folder.mkdir(parents=True, exist_ok=True)

    def open(self, url):
        """A tab at @url; one that was put back if there is one, because a new one takes a second."""
        tab = self.idle.pop() if self.idle else self.new_tab()
        tab.show()
        return tab.go(url)

    def put_back(self, tab):
        """It leaves its page."""
        tab.go("about:blank")
        self.idle.append(tab)

    def start(self, command, **options):
        with open(self.folder / "errors", "wb") as errors:
            self.process = subprocess.Popen(command, env=self.environment, stdin=subprocess.DEVNULL, stdout=errors, stderr=errors,
                                            start_new_session=True, **options)

    def said(self):
        return (self.folder / "errors").read_text(errors="replace")[-1000:]

    def kill(self):
        """At once, with its children."""
        deadline = time.monotonic() + SECONDS
        while (left := processes_of(self.process.pid)) and time.monotonic() < deadline:
            for pid in left:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
            time.sleep(0.02)
        self.process.wait()

    def hosts(self, names=("/sealring-host",), extension=""):
        """The native hosts that this browser runs, by the @names in their paths; those of @extension alone."""
        found = []
        for pid in processes_of(self.process.pid):
            with contextlib.suppress(OSError):
                words = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
                if any(name.encode() in word for name in names for word in words[:3]) and any(extension.encode() in word for word in words):
                    found.append(pid)
        return found

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.process:
            self.kill()


class ChromiumTab(Target):
    def show(self):
        """In front of the others."""
        self.call("Page.bringToFront")

    def press(self, key):
        """Tab, Enter, Escape or Space."""
        code, text = {"Tab": (9, ""), "Enter": (13, "\r"), "Escape": (27, ""), "Space": (32, " ")}[key]
        for kind in ("keyDown", "keyUp"):
            self.call("Input.dispatchKeyEvent", type=kind, key=" " if key == "Space" else key, code=key, windowsVirtualKeyCode=code,
                      **({"text": text} if text and kind == "keyDown" else {}))

    def set_dark(self, dark):
        self.call("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": "dark" if dark else "light"}])

    def set_size(self, width, height):
        self.call("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=False)

    def close(self):
        self.pipe.call("Target.closeTarget", targetId=self.identity)


class Chromium(Program):
    kind = "chromium"

    def __init__(self, folder, environment):
        program = shutil.which("chromium")
        if not program:
            raise Skip("chromium is not installed")
        super().__init__(folder, environment)
        self.profile = Path(environment["XDG_CONFIG_HOME"]) / "chromium"  # where it is by default
        to_browser, writer = os.pipe()
        reader, from_browser = os.pipe()
        words = [program, *OPTIONS, "--enable-unsafe-extension-debugging", "--ignore-certificate-errors", "--disable-breakpad",
                 f"--user-data-dir={self.profile}", "about:blank"]
        ends = [fcntl.fcntl(end, fcntl.F_DUPFD, 10) for end in (to_browser, from_browser)]  # out of the way of 3 and 4
        try:
            self.start(words, pass_fds=(3, 4), preexec_fn=lambda: [os.dup2(end, number) for end, number in zip(ends, (3, 4))])
        finally:
            for end in (to_browser, from_browser, *ends):
                os.close(end)
        self.descriptors = (reader, writer)
        self.pipe = Pipe(reader, writer, self.folder / "errors")

    def install(self, extension):
        return self.pipe.call("Extensions.loadUnpacked", seconds=START_SECONDS, path=str(extension))["id"]

    def base(self, identity):
        """Where the pages of the extension are."""
        return f"chrome-extension://{identity}/"

    def manifests(self):
        return self.profile / "NativeMessagingHosts"

    def new_tab(self):
        return ChromiumTab(self.pipe, self.pipe.call("Target.createTarget", url="about:blank")["targetId"])

    def find(self, start):
        """The tab or window whose address begins with @start, whoever opened it."""
        deadline = time.monotonic() + SECONDS
        while time.monotonic() < deadline:
            for target in self.pipe.targets("page"):
                if target["url"].startswith(start):
                    return ChromiumTab(self.pipe, target["targetId"])
            time.sleep(0.05)
        raise Failure(f"no window at {start}: {[target['url'] for target in self.pipe.targets('page')]}")

    def worker(self, identity):
        """The service worker of the extension, or None while it sleeps."""
        for target in self.pipe.targets("service_worker"):
            if target["url"].startswith(self.base(identity)):
                return Target(self.pipe, target["targetId"])
        return None

    def __exit__(self, *_):
        super().__exit__()
        for descriptor in self.descriptors:
            os.close(descriptor)


# What a Firefox under test must not do: look for anything on the network, ask, or be helpful.
PREFERENCES = {
    "marionette.port": 0, "remote.active-protocols": 0, "app.update.enabled": False, "app.update.disabledForTesting": True,
    "browser.shell.checkDefaultBrowser": False, "browser.startup.page": 0, "browser.startup.homepage_override.mstone": "ignore",
    "browser.newtabpage.enabled": False, "browser.safebrowsing.update.enabled": False, "browser.safebrowsing.malware.enabled": False,
    "browser.safebrowsing.phishing.enabled": False, "browser.tabs.warnOnClose": False, "browser.uitour.enabled": False,
    "datareporting.policy.dataSubmissionEnabled": False, "datareporting.policy.dataSubmissionPolicyBypassNotification": True,
    "toolkit.telemetry.enabled": False, "toolkit.telemetry.server": "", "extensions.update.enabled": False,
    "extensions.getAddons.cache.enabled": False, "extensions.blocklist.enabled": False, "services.settings.server": "http://127.0.0.1:9/",
    "network.captive-portal-service.enabled": False, "network.connectivity-service.enabled": False, "network.prefetch-next": False,
    "network.dns.disablePrefetch": True, "security.OCSP.enabled": 0, "dom.disable_open_during_load": False,
    "dom.max_script_run_time": 0, "dom.min_background_timeout_value": 4, "dom.timeout.enable_budget_timer_throttling": False, "trailhead.firstrun.didSeeAboutWelcome": True,
    "privacy.userContext.enabled": False, "browser.aboutwelcome.enabled": False, "dom.ipc.processPrelaunch.enabled": False,
    "browser.pagethumbnails.capturing_disabled": True, "media.gmp-manager.updateEnabled": False, "termsofuse.acceptedVersion": 999,
    "browser.preonboarding.enabled": False,
    # Less work: no animations, no saving of sessions, processes that are used again.
    "ui.prefersReducedMotion": 1, "browser.sessionstore.resume_from_crash": False, "browser.sessionstore.interval": 3600000,
    "dom.ipc.keepProcessesAlive.webIsolated.max": 4, "dom.ipc.keepProcessesAlive.webIsolated.perOriginMax": 2,
    "dom.ipc.keepProcessesAlive.extension": 1, "gfx.webrender.software": True, "toolkit.cosmeticAnimations.enabled": False,
}


class Marionette:
    """Firefox's remote control: `length:[0, id, command, parameters]` over TCP, one command at a time."""

    def __init__(self, port):
        self.socket = socket.create_connection(("127.0.0.1", port), START_SECONDS)
        self.buffer, self.last_id = b"", 0
        self._message(time.monotonic() + START_SECONDS)

    def _message(self, deadline):
        while True:
            head, colon, rest = self.buffer.partition(b":")
            if colon and len(rest) >= int(head):
                self.buffer = rest[int(head):]
                return json.loads(rest[:int(head)])
            self.socket.settimeout(max(0.01, deadline - time.monotonic()))
            data = self.socket.recv(1 << 20)
            if not data:
                raise Failure("firefox closed its remote control")
            self.buffer += data

    def call(self, command, seconds=SECONDS, **parameters):
        self.last_id += 1
        text = json.dumps([0, self.last_id, command, parameters]).encode()
        self.socket.sendall(b"%d:%s" % (len(text), text))
        try:
            _, number, error, result = self._message(time.monotonic() + seconds + 5)
        except TimeoutError:
            raise Failure(f"firefox does not answer {command}") from None
        if number != self.last_id:
            raise Failure(f"firefox answers {number} instead of {self.last_id}")
        if error:
            raise Failure(f"{command}: {error['error']}: {error['message']}")
        return result

    def close(self):
        self.socket.close()


class FirefoxTab:
    def __init__(self, marionette, handle):
        self.marionette, self.handle = marionette, handle

    def call(self, command, seconds=SECONDS, **parameters):
        self.marionette.call("WebDriver:SwitchToWindow", handle=self.handle, focus=False)
        return self.marionette.call(command, seconds, **parameters)

    def run(self, body, seconds=SECONDS):
        # Among the page's own scripts, where its policy lets it; the add-ons' does not, and they replace nothing.
        code = f"(async () => {{{body}\n}})()"
        script = (f"const end = arguments[arguments.length - 1];"
                  f"(location.protocol === 'moz-extension:' ? {code} : window.eval({json.dumps(code)}))"
                  f".then(value => end({{value}}), error => end({{error: String(error)}}))")
        answer = self.call("WebDriver:ExecuteAsyncScript", seconds, script=script, args=[], sandbox=None,
                           scriptTimeout=int(seconds * 1000))["value"]
        if not answer or "error" in answer:  # none: the page was left meanwhile
            raise Failure(f"{body:.200}: {answer and answer['error']}")
        return answer.get("value")

    def value(self, expression):
        with contextlib.suppress(Failure):
            return self.run(f"return ({expression})")
        return None

    def wait_for(self, expression):
        deadline = time.monotonic() + SECONDS
        while time.monotonic() < deadline:
            if value := self.value(expression):
                return value
            time.sleep(0.05)
        raise Failure(f"{expression} is nothing; the page is {self.value('location.href + document.body.innerText')!r:.300}")

    def show(self):
        self.marionette.call("WebDriver:SwitchToWindow", handle=self.handle, focus=True)

    def go(self, url):
        self.call("WebDriver:Navigate", url=url)
        return self

    def set_dark(self, dark):
        with chrome(self.marionette):
            self.marionette.call("WebDriver:ExecuteScript", script="Services.prefs.setIntPref('layout.css.prefers-color-scheme.content-override', "
                                 f"{0 if dark else 1})", args=[])

    def set_size(self, width, height):
        self.call("WebDriver:SetWindowRect", width=width, height=height + 90)

    def element(self, selector):
        self.wait_for(f"!!document.querySelector({json.dumps(selector)})")
        return next(iter(self.call("WebDriver:FindElement", using="css selector", value=selector)["value"].values()))

    def fill_in(self, name, text):
        field = self.element(f"input[name={name}]")
        self.call("WebDriver:ElementClear", id=field)
        self.call("WebDriver:ElementSendKeys", id=field, text=text)

    def click(self, selector):
        self.call("WebDriver:ElementClick", id=self.element(selector))

    def press(self, key):
        """Tab, Enter, Escape or Space."""
        value = {"Tab": "\ue004", "Enter": "\ue007", "Escape": "\ue00c", "Space": " "}[key]
        actions = [{"type": kind, "value": value} for kind in ("keyDown", "keyUp")]
        self.call("WebDriver:PerformActions", actions=[{"type": "key", "id": "keys", "actions": actions}])

    def take_picture(self, path):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(base64.b64decode(self.call("WebDriver:TakeScreenshot", id=self.element("body"), full=False)["value"]))

    def close(self):
        self.call("WebDriver:CloseWindow")


@contextlib.contextmanager
def chrome(marionette):
    """In it, scripts run with the rights of the browser."""
    marionette.call("Marionette:SetContext", value="chrome")
    try:
        yield
    finally:
        marionette.call("Marionette:SetContext", value="content")


class Firefox(Program):
    """@uuids: {add-on's id: the UUID that its pages are to have}."""
    kind = "firefox"

    def __init__(self, folder, environment, uuids):
        program = shutil.which("firefox-esr") or shutil.which("firefox")
        if not program:
            raise Skip("firefox-esr is not installed")
        super().__init__(folder, {**environment, "MOZ_HEADLESS_WIDTH": "800", "MOZ_HEADLESS_HEIGHT": "700"})
        self.uuids, self.profile = uuids, self.folder / "profile"
        self.profile.mkdir()
        preferences = {**PREFERENCES, "extensions.webextensions.uuids": json.dumps(uuids)}
        lines = [f"user_pref({json.dumps(name)}, {json.dumps(value)});\n" for name, value in preferences.items()]
        (self.profile / "user.js").write_text("".join(lines))
        self.start([program, "-headless", "-marionette", "-remote-allow-system-access", "-no-remote", "-profile", self.profile, "about:blank"])
        self.marionette = None

    def connect(self):
        port = self.profile / "MarionetteActivePort"
        deadline = time.monotonic() + START_SECONDS
        while not (port.exists() and port.read_text().strip()):
            if self.process.poll() is not None or time.monotonic() > deadline:
                raise Failure(f"firefox does not start: {self.said()}")
            time.sleep(0.05)
        self.marionette = Marionette(int(port.read_text()))
        self.marionette.call("WebDriver:NewSession", seconds=START_SECONDS, acceptInsecureCerts=True)

    def install(self, extension):
        if not self.marionette:
            self.connect()
        return self.uuids[self.marionette.call("Addon:Install", seconds=START_SECONDS, path=str(extension), temporary=True)["value"]]

    def base(self, identity):
        return f"moz-extension://{identity}/"

    def manifests(self):
        return Path(self.environment["HOME"]) / ".mozilla/native-messaging-hosts"

    def new_tab(self):
        # Marionette opens tabs beside the current one, which a test may have closed.
        self.marionette.call("WebDriver:SwitchToWindow", handle=self.marionette.call("WebDriver:GetWindowHandles")[0], focus=False)
        return FirefoxTab(self.marionette, self.marionette.call("WebDriver:NewWindow", type="tab", focus=False)["handle"])

    def find(self, start):
        deadline = time.monotonic() + SECONDS
        while time.monotonic() < deadline:
            for handle in self.marionette.call("WebDriver:GetWindowHandles"):
                tab = FirefoxTab(self.marionette, handle)
                if str(tab.value("location.href")).startswith(start):
                    return tab
            time.sleep(0.05)
        raise Failure(f"no window at {start}")

    def worker(self, identity):
        """Firefox's backgrounds are pages that cannot be entered."""
        return None

    def __exit__(self, *_):
        if self.marionette:
            self.marionette.close()
        super().__exit__()
