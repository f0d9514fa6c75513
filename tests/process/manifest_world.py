"""A home without browsers, and sealring's programs in a folder that a manifest may name."""
import contextlib
import json
import os
import pwd
import shutil
import subprocess
import tempfile
from pathlib import Path

from cli_world import BUILD, Failure, Run, Skip, check, equal

COMPANION = {"chromium": "dejmjgfpcmgkfnoekcfibcccgifpmjci", "firefox": "companion@sealring.org"}
NAME = "org.sealring.host.json"
CHROMIUM = f".config/chromium/NativeMessagingHosts/{NAME}"
FIREFOX = f".mozilla/native-messaging-hosts/{NAME}"
PROGRAMS = ("sealring", "sealring-cli", "sealring-host")
NEEDS_ROOT = "needs root to act as two users"


def safe_folder():
    """A new folder that no other user can reach through one that he may write to."""
    for place in ("/run", os.environ.get("XDG_RUNTIME_DIR"), f"/run/user/{os.getuid()}", pwd.getpwuid(os.getuid()).pw_dir):
        if place and os.access(place, os.W_OK) and all(is_safe(part) for part in [Path(place), *Path(place).parents]):
            return Path(tempfile.mkdtemp(prefix="sr-programs-", dir=place))
    raise Skip("no folder here that others cannot write to")


def is_safe(part):
    found = part.lstat()
    return not found.st_mode & 0o022 and found.st_uid in (0, os.getuid()) and not part.is_symlink()


class ManifestWorld:
    def __init__(self):
        self.folder = Path(tempfile.mkdtemp(prefix="sr-home-"))
        self.programs = None
        self.environment = {"HOME": str(self.folder), "PATH": str(self.folder / "bin"), "LC_ALL": "C.UTF-8",
                            "XDG_RUNTIME_DIR": str(self.folder / "run")}
        for name in ("ASAN_OPTIONS", "UBSAN_OPTIONS", "LSAN_OPTIONS", "TSAN_OPTIONS"):
            if name in os.environ:
                self.environment[name] = os.environ[name]

    def close(self):
        shutil.rmtree(self.folder, ignore_errors=True)
        if self.programs:
            shutil.rmtree(self.programs, ignore_errors=True)

    @property
    def host(self):
        return self.install_programs() / "sealring-host"

    def install_programs(self):
        if not self.programs:
            self.programs = safe_folder()
            for name in PROGRAMS:
                shutil.copy(BUILD / name, self.programs / name)
            self.programs.chmod(0o755)
        return self.programs

    def start(self, *words, user=None, **options):
        """A running `sealring browser …`; @user: an id to run it as."""
        become = {"user": user, "group": user, "extra_groups": []} if user else {}
        return subprocess.Popen([self.install_programs() / "sealring", "browser", *words], env=self.environment,
                                stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                start_new_session=True, **become, **options)

    def run(self, *words, timeout=60, **options):
        process = self.start(*words, **options)
        try:
            output, errors = process.communicate(timeout=timeout)
        except subprocess.TimeoutExpired:
            process.kill()
            process.communicate()
            raise Failure(f"{words} did not end") from None
        return Run(process.returncode, output.decode(errors="replace"), errors.decode(errors="replace"))

    def json(self, *words, **options):
        return self.run(*words, "--json", **options).expect(0, " ".join(words)[:80]).json

    def refused(self, *words, **options):
        """The rows of what was refused, which there must be."""
        rows = self.run(*words, "--json", **options).expect(1, " ".join(words)[:80]).json["manifests"]
        return [row for row in rows if row["outcome"] == "refused"]

    def program(self, name, text="#!/bin/sh\n"):
        """A browser on the PATH."""
        (self.folder / "bin").mkdir(exist_ok=True)
        return self.write(f"bin/{name}", text, 0o755)

    def write(self, name, content, mode=0o644):
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content)
        path.chmod(mode)
        return path

    def manifest(self, name):
        return json.loads((self.folder / name).read_text())

    def tree(self):
        """Everything in the home: names, kinds, contents."""
        found = {}
        for path in sorted(self.folder.rglob("*")):
            name = str(path.relative_to(self.folder))
            found[name] = (os.readlink(path) if path.is_symlink() else path.read_bytes() if path.is_file() else "folder")
        return found


def ids(manifest):
    """The ids in a manifest, which must be of one family."""
    check(("allowed_origins" in manifest) != ("allowed_extensions" in manifest), f"family of {manifest}")
    if "allowed_extensions" in manifest:
        return manifest["allowed_extensions"]
    origins = manifest["allowed_origins"]
    check(all(origin.startswith("chrome-extension://") and origin.endswith("/") for origin in origins), str(origins))
    return [origin[len("chrome-extension://"):-1] for origin in origins]


def check_whole(path, host):
    """A manifest that a browser takes as it is."""
    manifest = json.loads(path.read_text())
    equal((manifest["name"], manifest["type"], manifest["path"]), ("org.sealring.host", "stdio", str(host)), str(path))
    equal(path.stat().st_mode & 0o7777, 0o644, f"mode of {path}")
    check(ids(manifest), f"{path} has no extension")
    return manifest


def needs_root():
    if os.getuid() != 0:
        raise Skip(NEEDS_ROOT)


@contextlib.contextmanager
def small_file_system(path, size):
    needs_root()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size},mode=0700", "tmpfs", path], capture_output=True, text=True)
    if mounted.returncode:
        raise Skip(f"cannot mount a small file system: {mounted.stderr.strip()}")
    try:
        yield
    finally:
        subprocess.run(["umount", path], check=True)
