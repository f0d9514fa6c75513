"""A real sealring-prompt on an X server of its own: start it, type, click, look at the pixels and at
what it tells assistive technology. For test_prompt_window.py and docs/images/make."""
import ctypes
import os
import re
import signal
import subprocess
import tempfile
import time
from pathlib import Path

BUILD = Path(os.environ.get("O", "build")).resolve()
PROGRAM = BUILD / "sealring-prompt"
LAUNCHER = "/usr/libexec/at-spi-bus-launcher"
DEAD_TIME = 0.7  # seconds in which nobody can agree


def wait_for(condition, seconds, what):
    """The first true value of @condition, within @seconds."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        value = condition()
        if value:
            return value
        time.sleep(0.02)
    raise AssertionError(f"not within {seconds} s: {what}")


def first_line(process_output):
    return process_output.readline().decode().strip()


class Display:
    """Xvfb without a window manager, and optionally a session bus with accessibility."""

    def __init__(self, width, height, accessible=False):
        self.width, self.height = width, height
        self.processes = []
        self.home = tempfile.TemporaryDirectory(prefix="sealring-display-")
        self.env = {"PATH": "/usr/bin:/bin", "HOME": self.home.name, "LANG": "C.UTF-8",
                    "XDG_RUNTIME_DIR": self.home.name}
        reader, writer = os.pipe()
        self._start(["Xvfb", "-displayfd", str(writer), "-screen", "0", f"{width}x{height}x24",
                     "-nolisten", "tcp", "-noreset"], pass_fds=[writer])
        os.close(writer)
        with os.fdopen(reader, "rb") as numbers:
            self.env["DISPLAY"] = ":" + first_line(numbers)
        if accessible:
            self._start_buses()

    def _start(self, command, **options):
        process = subprocess.Popen(command, env=self.env, stderr=subprocess.DEVNULL,
                                   start_new_session=True, **options)
        self.processes.append(process)
        return process

    def _start_buses(self):
        bus = self._start(["dbus-daemon", "--session", "--print-address", "--nofork"],
                          stdout=subprocess.PIPE)
        self.env["DBUS_SESSION_BUS_ADDRESS"] = first_line(bus.stdout)
        self._start([LAUNCHER, "--launch-immediately"], stdout=subprocess.DEVNULL)
        self.bus = wait_for(self._accessibility_address, 30, "accessibility bus")

    def _accessibility_address(self):
        reply = subprocess.run(
            ["gdbus", "call", "--session", "--dest", "org.a11y.Bus", "--object-path",
             "/org/a11y/bus", "--method", "org.a11y.Bus.GetAddress"],
            env=self.env, capture_output=True, text=True).stdout
        found = re.search(r"'(unix:[^']+)'", reply)
        return found and found[1]

    def xdotool(self, *arguments):
        return subprocess.run(["xdotool", *map(str, arguments)], env=self.env, capture_output=True,
                              text=True).stdout

    def _act(self, *arguments):
        subprocess.run(["xdotool", *map(str, arguments)], env=self.env, check=True,
                       capture_output=True)

    def key(self, *keys):
        self._act("key", "--delay", 40, *keys)

    def type(self, text):
        """xdotool makes a key for a character that the keyboard does not have, and takes it away after half of the delay:
        the window must have translated it before that."""
        for character in text if not text.isascii() else ():
            self._act("type", "--delay", 30 if character.isascii() else 2000, character)
        if text.isascii():
            self._act("type", "--delay", 30, text)

    def click(self, x, y):
        self._act("mousemove", x, y, "click", 1)

    def wheel_down(self, x, y, times):
        self._act("mousemove", x, y, "click", "--repeat", times, "--delay", 15, 5)

    def ask_to_close(self, window):
        """What a window manager sends when its close button is pressed (ICCCM 4.2.8.1)."""
        x11 = ctypes.CDLL("libX11.so.6")
        x11.XOpenDisplay.restype = ctypes.c_void_p
        x11.XInternAtom.restype = ctypes.c_ulong
        connection = ctypes.c_void_p(x11.XOpenDisplay(self.env["DISPLAY"].encode()))
        atoms = [x11.XInternAtom(connection, name, 0)
                 for name in (b"WM_PROTOCOLS", b"WM_DELETE_WINDOW")]
        message = ClientMessage(type=33, window=int(window), message_type=atoms[0], format=32)
        message.data[0] = atoms[1]
        x11.XSendEvent(connection, ctypes.c_ulong(int(window)), 0, ctypes.c_long(0),
                       ctypes.byref(message))
        x11.XCloseDisplay(connection)

    def screenshot(self, path):
        subprocess.run(["import", "-window", "root", str(path)], env=self.env, check=True,
                       capture_output=True)

    def pixels(self):
        """The screen as rows of (r, g, b)."""
        raw = subprocess.run(["import", "-window", "root", "-depth", "8", "rgb:-"], env=self.env,
                             check=True, capture_output=True).stdout
        return Pixels(raw, self.width)

    def close(self):
        for process in reversed(self.processes):
            try:
                os.killpg(process.pid, signal.SIGTERM)
            except ProcessLookupError:
                pass
        for process in self.processes:
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()
        self.home.cleanup()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


class ClientMessage(ctypes.Structure):
    """XClientMessageEvent, as large as an XEvent."""
    _fields_ = [("type", ctypes.c_int), ("serial", ctypes.c_ulong), ("send_event", ctypes.c_int),
                ("display", ctypes.c_void_p), ("window", ctypes.c_ulong),
                ("message_type", ctypes.c_ulong), ("format", ctypes.c_int),
                ("data", ctypes.c_long * 5), ("padding", ctypes.c_long * 12)]


class Pixels:
    def __init__(self, raw, width):
        self.raw, self.width = raw, width

    def at(self, x, y):
        start = 3 * (y * self.width + x)
        return tuple(self.raw[start:start + 3])

    def count(self, box, wanted):
        """Pixels of @box (x, y, width, height) for which @wanted(r, g, b) holds."""
        left, top, width, height = box
        return sum(wanted(*self.at(x, y)) for y in range(top, top + height)
                   for x in range(left, left + width))


class Prompt:
    """One run of the program with @model (text) on standard input."""

    def __init__(self, display, model, *arguments, env=None, show=True):
        self.display = display
        with tempfile.TemporaryFile() as stdin:
            stdin.write(model.encode())
            stdin.seek(0)
            self.started = time.monotonic()
            self.process = subprocess.Popen([PROGRAM, *arguments], stdin=stdin,
                                            stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                            env={**display.env, **(env or {})})
        if show:
            self.window = wait_for(self._find, 60, "a window")
            self.shown = time.monotonic()
            self.x, self.y, self.width, self.height = self.geometry()

    def _find(self):
        if self.process.poll() is not None:
            raise AssertionError(f"ended with {self.process.returncode}: "
                                 f"{self.process.stderr.read().decode()}")
        found = self.display.xdotool("search", "--onlyvisible", "--pid", self.process.pid).split()
        return found and found[-1]

    def settle(self):
        """Until its buttons are drawn and may be used."""
        wait_for(self.is_drawn, 60, "the buttons")
        time.sleep(DEAD_TIME + 0.3)

    def is_drawn(self):
        return self.display.pixels().count(self.deny_box(), lambda r, g, b: r + g + b < 330) > 30

    def geometry(self):
        text = self.display.xdotool("getwindowgeometry", "--shell", self.window)
        values = dict(line.split("=", 1) for line in text.split() if "=" in line)
        return tuple(int(values[name]) for name in ("X", "Y", "WIDTH", "HEIGHT"))

    # Places, from the lower right corner: the style sheet fixes the size of the bar.
    def action_box(self):
        return (self.x + self.width - 148, self.y + self.height - 54, 126, 38)

    def deny_box(self):
        return (self.x + self.width - 288, self.y + self.height - 54, 126, 38)

    def click_action(self):
        left, top, width, height = self.action_box()
        self.display.click(left + width // 2, top + height // 2)

    def can_agree(self):
        """Whether the action button has its strong colour, blue or red, over most of its area."""
        pixels = self.display.pixels()
        coloured = pixels.count(self.action_box(), lambda r, g, b: max(r, g, b) - min(r, g, b) > 90)
        return coloured > 126 * 38 // 2

    def wait(self, seconds=30):
        """Exit status and standard output."""
        try:
            output, _ = self.process.communicate(timeout=seconds)
        except subprocess.TimeoutExpired:
            raise AssertionError("still waiting for the user") from None
        return self.process.returncode, output

    def is_waiting(self):
        return self.process.poll() is None

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.process.kill()
        self.process.communicate()


class Accessible:
    """An object on the accessibility bus (AT-SPI 2), asked with gdbus."""

    def __init__(self, display, name, path):
        self.display, self.name, self.path = display, name, path

    def call(self, method, *arguments):
        return subprocess.run(
            ["gdbus", "call", "--address", self.display.bus, "--dest", self.name, "--object-path",
             self.path, "--method", method, "--", *map(str, arguments)],
            capture_output=True, text=True).stdout

    def children(self):
        reply = self.call("org.a11y.atspi.Accessible.GetChildren")
        return [Accessible(self.display, name, path)
                for name, path in re.findall(r"\('([^']+)', (?:objectpath )?'([^']+)'\)", reply)]

    def role(self):
        return self.call("org.a11y.atspi.Accessible.GetRoleName").split("'")[1]

    def label(self):
        reply = self.call("org.freedesktop.DBus.Properties.Get", "org.a11y.atspi.Accessible",
                          "Name")
        return unquote(reply)

    def text(self):
        return unquote(self.call("org.a11y.atspi.Text.GetText", 0, -1))

    def states(self):
        words = re.findall(r"\d+", self.call("org.a11y.atspi.Accessible.GetState")
                           .replace("uint32", ""))
        return int(words[0]) | int(words[1]) << 32

    def walk(self):
        yield self
        for child in self.children():
            yield from child.walk()


def unquote(reply):
    """The one string in a gdbus reply; its quoting is Python's but for the choice of quotes."""
    found = re.search(r"""('(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*")""", reply, re.S)
    return found and re.sub(r"\\(.)", lambda m: {"n": "\n", "t": "\t"}.get(m[1], m[1]),
                            found[1][1:-1])


def accessible_application(display):
    """The first application on the accessibility bus with a window."""
    root = Accessible(display, "org.a11y.atspi.Registry", "/org/a11y/atspi/accessible/root")

    def find():
        for application in root.children():
            if application.children():
                return application
        return None
    return wait_for(find, 30, "an application on the accessibility bus")
