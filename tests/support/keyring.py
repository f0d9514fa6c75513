#!/usr/bin/env -S python3 -B
"""Private keyrings for tests: a session bus and a gnome-keyring of their own, in a folder of their own.

As a module: classes Home, Bus and Keyring below; everything ends with the `with` block.

As a program, for tests in other languages:

    tests/support/keyring.py serve [--cold]

prints "address ADDRESS" when an unlocked keyring (--cold: a bus that could start a locked one) is
ready, or "skip REASON", then obeys lines of stdin (lock, unlock) with "done", and ends when stdin
does.
"""
import ctypes
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

PASSWORD = "correct horse"
NAME = "org.freedesktop.secrets"
SERVICE_PATH = "/org/freedesktop/secrets"
LOGIN = f"{SERVICE_PATH}/collection/login"
START_SECONDS = 60

PLAIN_KEYRING = """[keyring]
display-name=login
ctime=0
mtime=0
lock-on-idle=false
lock-after=false
"""

BUS_CONFIG = """<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig>
  <type>session</type>
  <listen>unix:path={socket}</listen>
  <auth>EXTERNAL</auth>
  {activation}
  <policy context="default">
    <allow send_destination="*" eavesdrop="true"/>
    <allow eavesdrop="true"/>
    <allow own="*"/>
  </policy>
</busconfig>
"""

ACTIVATION = f"""[D-BUS Service]
Name={NAME}
Exec={{program}} --start --foreground --components=secrets
"""


def missing_program(*names):
    """The first of @names that is not installed, or None."""
    return next((name for name in names if not shutil.which(name)), None)


def end_with_parent():
    """In a child, before exec: die when the test dies, however it dies."""
    ctypes.CDLL(None).prctl(1, signal.SIGKILL, 0, 0, 0)


def wait_until(condition, what, seconds=START_SECONDS):
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            raise TimeoutError(f"{what}: not within {seconds} s")
        time.sleep(0.02)


def end(process):
    """Kill a child, stopped or not, and wait for it."""
    if process and process.poll() is None:
        process.kill()
        process.wait()


class Home:
    """A home, runtime and data folder; @parent places it on another file system."""

    def __init__(self, parent=None):
        self.folder = Path(tempfile.mkdtemp(prefix="kr-", dir=parent))
        self.runtime = self.folder / "run"
        self.data = self.folder / "data"
        self.keyrings = self.data / "keyrings"
        self.runtime.mkdir(0o700)
        self.keyrings.mkdir(0o700, parents=True)

    def environment(self, address=None):
        kept = {name: os.environ[name] for name in ("PATH", "LC_ALL") if name in os.environ}
        env = kept | {"HOME": str(self.folder), "XDG_RUNTIME_DIR": str(self.runtime),
                      "XDG_DATA_HOME": str(self.data), "GIO_USE_VFS": "local", "GSETTINGS_BACKEND": "memory"}
        return env | ({"DBUS_SESSION_BUS_ADDRESS": address} if address else {})

    def remove(self):
        shutil.rmtree(self.folder, ignore_errors=True)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.remove()


class Bus:
    """A session bus at a fixed address in @home; with @activation it can start a keyring by itself."""

    def __init__(self, home, activation=False):
        self.home = home
        self.socket = home.runtime / "private-bus"
        self.address = f"unix:path={self.socket}"
        self.config = home.folder / "bus.conf"
        services = home.folder / "services"
        services.mkdir(exist_ok=True)
        if activation:
            program = shutil.which("gnome-keyring-daemon")
            (services / f"{NAME}.service").write_text(ACTIVATION.format(program=program))
        self.config.write_text(BUS_CONFIG.format(
            socket=self.socket, activation=f"<servicedir>{services}</servicedir>" if activation else ""))
        self.process = None

    def start(self):
        self.socket.unlink(missing_ok=True)
        self.process = subprocess.Popen(
            ["dbus-daemon", "--nofork", "--nopidfile", f"--config-file={self.config}"], stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=self.home.environment(self.address),
            preexec_fn=end_with_parent)
        wait_until(lambda: self.call("org.freedesktop.DBus", "/", "org.freedesktop.DBus.GetId") is not None,
                   "the session bus")
        return self

    def call(self, destination, path, method, *arguments):
        """The reply's text as dbus-send prints it, None for an error."""
        done = subprocess.run(["dbus-send", f"--bus={self.address}", "--print-reply=literal", "--reply-timeout=15000",
                               f"--dest={destination}", path, method, *arguments], capture_output=True, text=True)
        return done.stdout.strip() if done.returncode == 0 else None

    def has_provider(self):
        return self.call("org.freedesktop.DBus", "/", "org.freedesktop.DBus.NameHasOwner",
                         f"string:{NAME}") == "boolean true"

    def provider_pid(self):
        reply = self.call("org.freedesktop.DBus", "/", "org.freedesktop.DBus.GetConnectionUnixProcessID",
                          f"string:{NAME}")
        return int(reply.split()[-1]) if reply else None

    def lock(self, collection=LOGIN):
        if self.call(NAME, SERVICE_PATH, "org.freedesktop.Secret.Service.Lock",
                     f"array:objpath:{collection}") is None:
            raise RuntimeError("the keyring cannot be locked")

    def stop(self):
        """End the bus and a provider that it started."""
        activated = self.provider_pid() if self.process and self.process.poll() is None else None
        end(self.process)
        if activated:
            try:
                os.kill(activated, signal.SIGKILL)
            except ProcessLookupError:
                pass

    def __enter__(self):
        return self.start()

    def __exit__(self, *_):
        self.stop()


class Keyring:
    """A gnome-keyring on @bus whose login keyring is in the bus's home (or @home), unlocked."""

    def __init__(self, bus, home=None, password=PASSWORD):
        self.bus = bus
        self.home = home or bus.home
        self.password = password
        self.process = None

    def start(self):
        self.process = subprocess.Popen(
            ["gnome-keyring-daemon", "--foreground", "--unlock", "--components=secrets"], stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=self.home.environment(self.bus.address),
            preexec_fn=end_with_parent)
        self.process.stdin.write(self.password.encode())
        self.process.stdin.close()
        wait_until(self.bus.has_provider, "gnome-keyring")
        wait_until(lambda: LOGIN in (self.bus.call(NAME, SERVICE_PATH, "org.freedesktop.Secret.Service.ReadAlias",
                                                   "string:default") or ""), "its login keyring")
        return self

    def make_plain(self):
        """Before start: a keyring without a password, as a user gets by giving an empty one."""
        (self.home.keyrings / "login.keyring").write_text(PLAIN_KEYRING)
        (self.home.keyrings / "default").write_text("login")
        return self

    def kill(self):
        """As a crash does; leaves the bus."""
        end(self.process)
        wait_until(lambda: not self.bus.has_provider(), "the end of gnome-keyring")

    def signal(self, number):
        self.process.send_signal(number)

    def stop(self):
        end(self.process)

    def __enter__(self):
        return self.start()

    def __exit__(self, *_):
        self.stop()


def unlock_again(keyring):
    """Nothing but its own prompt unlocks a running daemon: start another one."""
    keyring.kill()
    keyring.start()


def serve(cold):
    absent = missing_program("dbus-daemon", "dbus-send", "gnome-keyring-daemon")
    if absent:
        print(f"skip {absent} is not installed", flush=True)
        return
    with Home() as home, Bus(home, activation=cold) as bus:
        keyring = Keyring(bus)
        with keyring:
            if cold:
                keyring.kill()
            print(f"address {bus.address}", flush=True)
            for line in sys.stdin:
                if line.strip() == "lock":
                    bus.lock()
                elif line.strip() == "unlock":
                    unlock_again(keyring)
                print("done", flush=True)


if __name__ == "__main__":
    if sys.argv[1:2] != ["serve"]:
        sys.exit(__doc__)
    ctypes.CDLL(None).prctl(1, signal.SIGTERM, 0, 0, 0)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    serve("--cold" in sys.argv)
