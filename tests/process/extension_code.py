"""Code of an extension, run by Node.js with a real sealring-host: see extension_code.mjs.

    code = ExtensionCode(world)
    prints, value = code.run('console.log("x"); mark(); …; done(1)')      # [["x"], […]], 1
"""
import json
import shutil
import subprocess
import threading
from pathlib import Path

from cli_world import BUILD, EXTENSION, Failure, Skip
from oauth_provider import NODE, node_missing
from tinycloud_node import PACKAGES, SOURCES, missing

ROOT = Path(__file__).resolve().parents[2]
SECONDS = 120


class ExtensionCode:
    """A folder with extension/ and, with @packages, the stand-in for TinyCloud's SDKs and the npm packages of the TinyCloud node."""

    def __init__(self, world, packages=True):
        if reason := missing() if packages else node_missing():
            raise Skip(reason)
        self.world = world
        self.folder = world.folder / "code"
        if self.folder.exists():
            return
        self.folder.mkdir()
        (self.folder / "package.json").write_text('{"type": "module"}')
        for source in (ROOT / "extension").glob("*.js"):
            shutil.copy(source, self.folder)
        if packages:
            self.add_packages(self.folder / "node_modules")

    def add_packages(self, modules):
        modules.mkdir()
        for source in SOURCES.glob("*.mjs"):
            shutil.copy(source, self.folder)
        for package in (PACKAGES / "node_modules").iterdir():
            (modules / package.name).symlink_to(package)
        for name in ("node-sdk", "web-sdk"):
            stand_in = modules / "@tinycloud" / name
            stand_in.mkdir(parents=True)
            (stand_in / "package.json").write_text('{"type": "module", "exports": "./index.js"}')
            (stand_in / "index.js").write_text('export * from "../../../sdk.mjs";\n')

    def run(self, code, extension=EXTENSION, visit=None):
        """What each part up to a mark() printed, and the value of done(). visit: what the user does with an address that
        the code opens ("tab", "flow"); of a flow it returns the last redirect."""
        module = self.folder / "code.js"
        module.write_text(code)
        process = subprocess.Popen([NODE, ROOT / "tests/process/extension_code.mjs", module, BUILD / "sealring-host", extension],
                                   env=self.world.environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                   stderr=subprocess.PIPE, text=True)
        timer = threading.Timer(SECONDS, process.kill)
        timer.start()
        try:
            return self.follow(process, visit)
        finally:
            timer.cancel()
            process.kill()
            process.communicate()

    def follow(self, process, visit):
        prints = [[]]
        for line in process.stdout:
            what, _, value = line.rstrip("\n").partition(" ")
            if what == "done":
                return prints, json.loads(value)
            if what == "mark":
                prints.append([])
            elif what == "say":
                prints[-1].append(value)
            elif what == "flow":
                process.stdin.write(visit(what, value) + "\n")
                process.stdin.flush()
            else:
                visit(what, value)
        raise Failure(f"the code ended without a value: {prints[-1][-3:]} {process.stderr.read()[-2000:]}")
