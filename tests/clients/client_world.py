"""A world for other people's programs: an agent with an open vault, one account, and the module.

The tests of a file share it, in order, because some of the programs are slow to start. The page
docs/PKCS11.md shows the same programs: its console blocks are run here too (run_page).
"""
import contextlib
import os
import random
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path += [str(ROOT / "tests/process"), str(ROOT / "tests/support")]

import cli_world
import console_page
from agent_world import INSTRUMENTED
from cli_world import BUILD, Failure, Run, Skip, World, check, contains, equal

__all__ = ["BUILD", "INSTALLED", "INSTRUMENTED", "PAGE", "PIN", "ROOT", "ClientWorld", "Failure", "Run", "Skip", "check", "contains", "equal", "free_port",
           "main", "wait_until"]

PAGE = ROOT / "docs/PKCS11.md"
INSTALLED = "/usr/local/lib/pkcs11/sealring-pkcs11.so"  # as the page has it
PIN = "4711 0815"
MODULE = BUILD / "sealring-pkcs11.so"


def whole(file):
    file.seek(0)
    return file.read().decode(errors="replace")


class ClientWorld(World):
    """@settings: further lines of the configuration. The account is called "Main"."""

    module = str(MODULE)

    def __init__(self, settings=()):
        super().__init__(settings=settings)
        self.work = self.folder / "work"
        self.work.mkdir()
        self.processes = []
        self.file("letter.txt", "Dear all.\n")
        self.file("pin.txt", PIN + "\n")
        self.file("exported", "")

    def set_up(self):
        self.unlock()
        self.make_key("secp256k1", "Main")

    def make_key(self, kind, name):
        return self.json("key", "create", "--type", kind, "--name", name)["key"]

    def set_pin(self):
        """From now on programs are let in by PIN instead of a question."""
        self.run("pkcs11", "pin", "set", "--passphrase-fd", "{fd}", passphrase=PIN).expect(0, "pkcs11 pin set")
        return PIN

    def fresh(self):
        """Before each test: the user agrees, and nothing was shown."""
        self.answer(True)
        self.shown()
        return self

    def call(self, *words, stdin=b"", status=0, timeout=150, **environment):
        """Run a program in the work folder; @status None: any. A variable that is None is not set."""
        words = [str(word) for word in words]
        data = stdin.encode() if isinstance(stdin, str) else stdin
        environment = {name: value for name, value in {**self.environment, **environment}.items() if value is not None}
        # Files, not pipes: a daemon that the program leaves behind keeps its standard output open.
        with tempfile.TemporaryFile() as output, tempfile.TemporaryFile() as errors:
            process = subprocess.Popen(words, stdin=subprocess.PIPE, stdout=output, stderr=errors, cwd=self.work,
                                       env=environment, start_new_session=True)
            try:
                process.communicate(data, timeout)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()
            said = [whole(output), whole(errors)]
        run = Run(process.returncode, *said)
        return run if status is None else run.expect(status, " ".join(words)[:300])

    def tool(self, *words, **options):
        """OpenSC's pkcs11-tool with the module."""
        return self.call("pkcs11-tool", "--module", self.module, *words, **options)

    def spawn(self, *words):
        """A program that runs until the end of the world; its output can be read."""
        process = subprocess.Popen([str(word) for word in words], env=self.environment, cwd=self.work, stdin=subprocess.DEVNULL,
                                   stdout=subprocess.PIPE, stderr=subprocess.STDOUT, start_new_session=True)
        self.processes.append(process)
        return process

    def show_page(self, heading, **environment):
        """Run the console blocks of this section of docs/PKCS11.md, in one shell, and compare what they say. Returns it."""
        environment = {"PATH": f"{BUILD}:{self.environment['PATH']}", "HOME": str(self.work),
                       "XDG_CONFIG_HOME": str(self.work / ".config"), **environment}
        everything = ""
        for command, shown in console_page.commands(PAGE, heading):
            run = self.call("sh", "-c", f". ./exported; {command.replace(INSTALLED, self.module)} 2>&1; export -p >exported",
                            status=None, **environment)
            said = run.output.replace(self.module, INSTALLED).splitlines()
            check(console_page.fits(shown, said), f"$ {command}\n# said {said}\n# the page shows {shown}")
            everything += run.output
        return everything

    def file(self, name, content=None):
        """A file of the work folder, written or read as bytes."""
        path = self.work / name
        if content is None:
            return path.read_bytes()
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return path

    def close(self):
        pass  # shared by the tests of a file

    def end(self):
        for process in self.processes:
            process.terminate()
            process.communicate()
        super().close()


def free_port():
    """None of those that the system gives to connections: one of these may be taken before it is listened on."""
    while True:
        port = random.randrange(20000, 32000)
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port


def wait_until(condition, what, seconds=30):
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            raise Failure(what)
        time.sleep(0.01)


def main(topic, tests, programs=(), make_world=ClientWorld, foreign=True):
    """
    Run the functions named test_… of @tests in one world. Without one of the @programs (names, paths, or
    pairs of a path and what to say) all are skipped; so are those of @foreign programs when the module
    is built with sanitizers, which such programs cannot load.
    """
    if foreign and INSTRUMENTED:
        print("1..0 # SKIP programs of others cannot load a module that is built with sanitizers")
        return
    needed = [need if isinstance(need, tuple) else (need, f"{need} is not installed") for need in programs]
    for name, reason in needed:
        if not shutil.which(name) and not os.path.exists(name):
            print(f"1..0 # SKIP {reason}")
            return
    world = make_world()
    try:
        world.set_up()
        cli_world.main(topic, tests, world.fresh)
    except Skip as skip:
        print(f"1..0 # SKIP {skip}")
    except Failure as failure:
        print(f"1..1\n# {failure}\nnot ok 1 - {topic}: set-up")
        sys.exit(1)
    finally:
        world.end()
