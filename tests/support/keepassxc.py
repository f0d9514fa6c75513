"""A KeePassXC of its own on a private bus and display, whose database is its keyring."""
import base64
import contextlib
import os
import subprocess
import time

from keyring import end, end_with_parent, wait_until

PASSWORD = "battery staple"
PROGRAMS = ("keepassxc", "keepassxc-cli", "Xvfb")
GROUP = bytes(range(16))

SETTINGS = """[General]
ConfigVersion=2
UpdateCheckMessageShown=true
AutoSaveAfterEveryChange=true
[GUI]
CheckForUpdates=false
[FdoSecrets]
Enabled=true
ConfirmAccessItem={confirm}
ConfirmDeleteItem={confirm}
"""

DATABASE = """<?xml version="1.0" encoding="utf-8"?>
<KeePassFile>
  <Meta>
    <Generator>sealring tests</Generator>
    <DatabaseName>keys</DatabaseName>
    <CustomData><Item><Key>FDO_SECRETS_EXPOSED_GROUP</Key><Value>{group}</Value></Item></CustomData>
  </Meta>
  <Root><Group><UUID>{uuid}</UUID><Name>Root</Name></Group></Root>
</KeePassFile>
"""


def braced(uuid):
    text = uuid.hex()
    return f"{{{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}}}"


class Display:
    """An X server without a screen; it chooses its own number."""

    def __init__(self, home):
        self.home = home
        self.name = None
        self.process = None

    def __enter__(self):
        reading, writing = os.pipe()
        self.process = subprocess.Popen(
            ["Xvfb", "-displayfd", str(writing), "-screen", "0", "1024x768x24", "-nolisten", "tcp"],
            pass_fds=[writing], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
            preexec_fn=end_with_parent)
        os.close(writing)
        with os.fdopen(reading) as numbers:
            self.name = f":{numbers.readline().strip()}"
        return self

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait()

    def xdotool(self, *words):
        """Its output's words."""
        return subprocess.run(["xdotool", *words], capture_output=True, text=True,
                              env={"DISPLAY": self.name, "PATH": os.environ["PATH"]}).stdout.split()

    def answer_unlock_dialog(self, password):
        """Without a window manager nothing has the focus: give it, and click into the field."""
        def dialogs():
            return self.xdotool("search", "--onlyvisible", "--name", "Unlock Database")

        wait_until(dialogs, "the dialog")
        while shown := dialogs():  # it does not hear what comes too early
            time.sleep(1)
            self.xdotool("windowfocus", shown[-1], "mousemove", "--window", shown[-1], "300", "175", "click", "1", "sleep", "0.3",
                         "key", "ctrl+a", "type", "--delay", "40", password)
            self.xdotool("key", "Return")
            with contextlib.suppress(TimeoutError):
                wait_until(lambda: not dialogs(), "its end", 6)

    def windows(self):
        """The titles of the windows that are shown."""
        return sorted(" ".join(self.xdotool("getwindowname", window))
                      for window in self.xdotool("search", "--onlyvisible", "--name", "."))


class KeePassXC:
    """The program with its database open, or locked when @password is not given."""

    def __init__(self, bus, display, password=PASSWORD, confirm=False):
        self.bus = bus
        self.display = display
        self.password = password
        self.folder = bus.home.folder
        self.database = self.folder / "keys.kdbx"
        self.settings = self.folder / "keepassxc.ini"
        self.settings.write_text(SETTINGS.format(confirm=str(confirm).lower()))
        self.process = None
        if not self.database.exists():
            self.make_database()

    def make_database(self):
        source = self.folder / "keys.xml"
        source.write_text(DATABASE.format(group=braced(GROUP), uuid=base64.b64encode(GROUP).decode()))
        subprocess.run(["keepassxc-cli", "import", "-q", "-p", source, self.database], check=True,
                       input=f"{PASSWORD}\n{PASSWORD}\n", text=True, capture_output=True,
                       env=self.bus.home.environment())

    def start(self):
        env = self.bus.home.environment(self.bus.address) | {"DISPLAY": self.display.name, "QT_QPA_PLATFORM": "xcb"}
        local = self.folder / "keepassxc-local.ini"
        command = ["keepassxc", "--config", self.settings, "--localconfig", local, self.database]
        self.process = subprocess.Popen(command + (["--pw-stdin"] if self.password else []), env=env,
                                        stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                                        preexec_fn=end_with_parent)
        if self.password:
            self.process.stdin.write(self.password.encode() + b"\n")
        self.process.stdin.close()
        wait_until(self.bus.has_provider, "KeePassXC")
        wait_until(lambda: "collection" in (self.bus.call(
            "org.freedesktop.secrets", "/org/freedesktop/secrets", "org.freedesktop.Secret.Service.ReadAlias",
            "string:default") or ""), "its database")
        self.settle()
        return self

    def settle(self):
        """It goes on setting itself up after its name is there: until its windows stay as they are."""
        before, deadline = None, time.monotonic() + 20
        while (windows := self.display.windows()) != before and time.monotonic() < deadline:
            before = windows
            time.sleep(0.5)

    def stop(self):
        end(self.process)

    def __enter__(self):
        return self.start()

    def __exit__(self, *_):
        self.stop()
