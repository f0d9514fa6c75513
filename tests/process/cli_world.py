"""Worlds for the tests of the command line: a folder with its own configuration, vault and agent.

Nothing of the user's is touched: HOME, every XDG folder and the socket folder lie in the world, and
programs run without a session bus, a display or a terminal of their own.
"""
import contextlib
import json
import os
import pty
import select
import shutil
import signal
import subprocess
import sys
import tempfile
import termios
import time
from pathlib import Path

BUILD = Path(os.environ.get("O", "build")).resolve()
SEALRING = BUILD / "sealring"
PASSPHRASE = "correct horse battery"
NEEDS_ROOT = "needs root to look into a non-dumpable process"
PAGE = "https://app.example.com"
EXTENSION = "abcdefghijklmnopabcdefghijklmnop"

# The private key 1 and its address, known to everybody.
KEY_ONE = "0" * 63 + "1"
ADDRESS_ONE = "0x7E5F4552091A69125d5DfCb7b8C2659029395Bdf"

PROMPT = """#!/bin/sh
echo $$ >"{folder}/asking"
cat >>"{folder}/shown"
[ ! -e "{folder}/slow" ] || sleep 2
while [ -e "{folder}/hold" ]; do sleep 0.05; done
[ "${{1:-}}" != --passphrase ] || cat "{folder}/passphrase"
exit "$(cat "{folder}/answer")"
"""


class Failure(Exception):
    pass


class Skip(Exception):
    pass


def check(condition, what):
    if not condition:
        raise Failure(what)


def equal(got, expected, what):
    if got != expected:
        raise Failure(f"{what}: got {str(got)[:400]!r}, expected {str(expected)[:400]!r}")


def contains(text, part, what):
    check(part in text, f"{what}: {part!r} is not in {text[:600]!r}")


def wait_until(condition, what, seconds=30):
    """Until @condition is something; that. Nothing is proven by how long it takes."""
    deadline = time.monotonic() + seconds
    while not (value := condition()):
        check(time.monotonic() < deadline, f"not within {seconds} s: {what}")
        time.sleep(0.02)
    return value


def is_running(pid):
    """Whether the process exists and has not ended; also for processes that are not dumpable."""
    with contextlib.suppress(OSError):
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in "ZX"
    return False


def open_proc(path, mode="r"):
    """A file of /proc that a process which is not dumpable shows to root only."""
    try:
        return open(path, mode, 0 if "b" in mode else -1)
    except PermissionError:
        raise Skip(NEEDS_ROOT) from None


def message(address=ADDRESS_ONE, nonce="abcdefgh12345678", domain="app.example.com", extra=""):
    return (f"{domain} wants you to sign in with your Ethereum account:\n{address}\n\nHello.\n\n"
            f"URI: https://{domain}/login\nVersion: 1\nChain ID: 1\nNonce: {nonce}\n"
            f"Issued At: 2026-11-24T10:00:00.000Z{extra}")


def own_memory(pid):
    """KiB of a process that are no file's: counted page by page where that may be seen, since the kernel's other figures are
    some hundred KiB behind."""
    try:
        text, name = Path(f"/proc/{pid}/smaps_rollup").read_text(), "Anonymous"
    except OSError:
        text, name = Path(f"/proc/{pid}/status").read_text(), "RssAnon"
    return next(int(line.split()[1]) for line in text.splitlines() if line.startswith(f"{name}:"))


def is_alive(thread):
    """Whether the thread of this folder in /proc still runs."""
    try:
        return (thread / "stat").read_text().rsplit(")", 1)[1].split()[0] not in "ZX"
    except OSError:
        return False


class Run:
    """What a finished command said."""

    def __init__(self, status, output, errors):
        self.status, self.output, self.errors = status, output, errors

    @property
    def json(self):
        return json.loads(self.output)

    def expect(self, status, what):
        equal(self.status, status, f"{what}: exit status (said {self.output[-300:]!r} {self.errors[-300:]!r})")
        return self


class World:
    """@settings: further lines of the configuration; @prompt: use the script above."""

    def __init__(self, prompt=True, settings=()):
        self.folder = Path(tempfile.mkdtemp(prefix="sr-cli-"))
        self.environment = {
            "PATH": os.environ.get("PATH", "/usr/bin:/bin"), "HOME": str(self.folder), "LC_ALL": "C.UTF-8",
            "XDG_CONFIG_HOME": str(self.folder / "config"), "XDG_DATA_HOME": str(self.folder / "data"),
            "XDG_STATE_HOME": str(self.folder / "state"), "XDG_RUNTIME_DIR": str(self.folder / "run"),
            "SEALRING_RUNTIME_DIR": str(self.folder / "run/s"),
        }
        for name in ("ASAN_OPTIONS", "UBSAN_OPTIONS", "LSAN_OPTIONS", "TSAN_OPTIONS"):
            if name in os.environ:
                self.environment[name] = os.environ[name]
        (self.folder / "run").mkdir(mode=0o700)
        (self.folder / "config/sealring").mkdir(parents=True)
        lines = ["store = vault", "scrypt-log2-n = 15", *settings]
        if prompt:
            self.write("prompt", PROMPT.format(folder=self.folder), 0o700)
            self.write("passphrase", PASSPHRASE)
            self.answer(True)
            lines.append(f"prompt-command = {self.folder}/prompt")
        self.write("config/sealring/sealring.conf", "\n".join(lines) + "\n")

    def write(self, name, content, mode=0o600):
        path = self.folder / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        path.chmod(mode)
        return path

    def answer(self, allow):
        """What the prompt says from now on."""
        self.write("answer", "0" if allow else "1")

    def shown(self):
        """What prompts showed since the last time."""
        path = self.folder / "shown"
        text = path.read_text() if path.exists() else ""
        path.unlink(missing_ok=True)
        return text

    def peek(self):
        """The same, and it stays."""
        path = self.folder / "shown"
        return path.read_text() if path.exists() else ""

    def hold(self):
        """Whatever prompts ask from now on has no answer before release()."""
        self.write("hold", "")

    def release(self):
        """The prompt that was held answers; until it has ended and the agent knows."""
        (self.folder / "hold").unlink()
        pid = int((self.folder / "asking").read_text())
        wait_until(lambda: not os.path.exists(f"/proc/{pid}"), "the end of the prompt")

    def wait_for_question(self, part=""):
        """Until a prompt shows @part, or anything."""
        wait_until(lambda: (shown := self.peek()) and part in shown, f"the question {part}")

    def start(self, *words, passphrase=None, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, **options):
        """A running command; @passphrase goes through a descriptor, as {fd} in @words."""
        passed = ()
        if passphrase is not None:
            reader, writer = os.pipe()
            os.write(writer, passphrase.encode())
            os.close(writer)
            passed = (reader,)
            words = [str(word).replace("{fd}", str(reader)) for word in words]
        try:
            return subprocess.Popen([SEALRING, *words], env=self.environment, stdin=stdin, stdout=stdout,
                                    stderr=subprocess.PIPE, start_new_session=True, pass_fds=passed, **options)
        finally:
            for descriptor in passed:
                os.close(descriptor)

    def run(self, *words, stdin=None, passphrase=None, timeout=60):
        process = self.start(*words, passphrase=passphrase, stdin=subprocess.PIPE)
        data = stdin.encode() if isinstance(stdin, str) else stdin or b""
        try:
            output, errors = process.communicate(data, timeout)
        except subprocess.TimeoutExpired:
            process.kill()
            process.communicate()
            raise Failure(f"{' '.join(map(str, words))[:80]} did not end") from None
        return Run(process.returncode, output.decode(errors="replace"), errors.decode(errors="replace"))

    def json(self, *words, **options):
        """The result of a command that must succeed."""
        run = self.run(*words, "--json", **options)
        run.expect(0, " ".join(map(str, words))[:80])
        return run.json

    def unlock(self):
        return self.run("unlock", "--passphrase-fd", "{fd}", passphrase=PASSPHRASE).expect(0, "unlock")

    def import_key(self, digits=KEY_ONE, name="One"):
        return self.json("key", "import", "-", "--name", name, stdin=digits)["key"]

    def agent_pid(self):
        run = self.run("status", "--json")
        return run.json["pid"] if run.status == 0 else None

    def kill(self):
        """End the agent at once, wherever it is, and wait for the last of its threads, which closes its sockets."""
        pid = self.agent_pid()
        os.kill(pid, signal.SIGKILL)
        while any(is_alive(thread) for thread in Path(f"/proc/{pid}/task").glob("*")):
            time.sleep(0.005)

    def end_agent(self):
        """Whatever it does just now."""
        with contextlib.suppress(Failure, ValueError, KeyError):
            pid = self.agent_pid()
            self.run("agent", "stop")
            if pid:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)

    def close(self):
        self.end_agent()
        shutil.rmtree(self.folder, ignore_errors=True)


class Terminal:
    """A command with a terminal of its own, and somebody who types."""

    def __init__(self, world, *words):
        self.text = ""
        self.status = None
        self.pid, self.descriptor = pty.fork()
        if self.pid == 0:
            for number in (signal.SIGHUP, signal.SIGINT, signal.SIGQUIT):  # the test may run under nohup
                signal.signal(number, signal.SIG_DFL)
            os.execve(SEALRING, ["sealring", *words], world.environment)

    def wait_for(self, text, timeout=30):
        """Read until @text appears behind what was waited for before."""
        deadline = time.monotonic() + timeout
        while text not in self.text:
            if not self.read(max(0, deadline - time.monotonic())):
                raise Failure(f"{text!r} did not appear in {self.text[-500:]!r}")
        before, self.text = self.text.split(text, 1)
        return before

    def read(self, timeout):
        ready, _, _ = select.select([self.descriptor], [], [], timeout)
        if not ready:
            return False
        try:
            data = os.read(self.descriptor, 65536)
        except OSError:
            data = b""
        self.text += data.decode(errors="replace")
        return bool(data)

    def type(self, text):
        os.write(self.descriptor, text.encode())

    def echoes(self):
        return bool(termios.tcgetattr(self.descriptor)[3] & termios.ECHO)

    def end(self, timeout=30):
        """Everything up to the end; sets the status (negative: the signal)."""
        deadline = time.monotonic() + timeout
        while self.read(max(0, deadline - time.monotonic())):
            pass
        while self.status is None:
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            if pid:
                self.status = os.waitstatus_to_exitcode(status)
            elif time.monotonic() > deadline:
                raise Failure(f"the command does not end; it said {self.text[-300:]!r}")
            else:
                time.sleep(0.01)
        return self.text

    def close(self):
        if self.status is None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.pid, signal.SIGKILL)
            os.waitpid(self.pid, 0)
        os.close(self.descriptor)


@contextlib.contextmanager
def terminal(world, *words):
    session = Terminal(world, *words)
    try:
        yield session
    finally:
        session.close()


def run_test(name, function, make_world):
    world = make_world()
    try:
        function(world)
    except Skip as skip:
        return f" # SKIP {skip}", True
    except Exception as error:  # whatever it is, the other tests still run
        print(f"# {name}: {type(error).__name__}: {error}")
        return "", False
    finally:
        world.close()
    return "", True


def main(topic, tests, make_world=World):
    """Run the functions named test_… of @tests, each in a world of its own; prints TAP."""
    chosen = [(name[5:].replace("_", "-"), function) for name, function in tests.items()
              if name.startswith("test_")]
    good = True
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # through the finally blocks
    print(f"1..{len(chosen)}", flush=True)
    for number, (name, function) in enumerate(chosen, 1):
        note, passed = run_test(name, function, make_world)
        good = good and passed
        print(f"{'ok' if passed else 'not ok'} {number} - {topic}: {name}{note}", flush=True)
    sys.exit(0 if good else 1)
