"""The Debian package, built once, and roots to install it into: this system under an overlay, and a fresh Debian."""
import contextlib
import ctypes
import functools
import os
import re
import shutil
import subprocess
import tempfile
from pathlib import Path

from cli_world import Failure, Skip, check, equal
from manifest_world import needs_root

ROOT = Path(__file__).resolve().parents[2]
USER = 12345
HOME = "/home/sealring-tester"
CLONE_NEWNS = 0x20000
# What apt and dpkg keep of every package, and what is the user's.
KEPT = re.compile(r"/(var/lib/(dpkg|apt)|var/cache|var/log|home|tmp)/")


def run(words, what, stderr=subprocess.PIPE, **options):
    """What a command said that must succeed."""
    done = subprocess.run(words, stdout=subprocess.PIPE, stderr=stderr, text=True, errors="replace", check=False, **options)
    equal(done.returncode, 0, f"{what} ({done.stdout[-600:]} {(done.stderr or '')[-600:]})")
    return done.stdout


def needs(*programs):
    for program in programs:
        if not shutil.which(program):
            raise Skip(f"needs {program}: make soak installs it")


def build(folder, **settings):
    """Build the package in @folder; the .deb. @settings are environment variables."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("MAKE", "MFLAGS"))}
    run(["make", "-C", ROOT, "deb", "DEPS=skip", "JOBS=2", f"O={folder}"], "make deb", env=environment | settings)
    (package,) = Path(folder, "deb").glob("sealring_*.deb")
    return package


@functools.cache
def package():
    """The package, the same for all tests of the file."""
    if not os.environ.get("SOAK"):
        raise Skip("building takes minutes: SOAK=1")
    needs("dpkg-buildpackage", "dh")
    return build(tempfile.mkdtemp(prefix="sr-package-"))


def files(package):
    """Every file of the package, by its path."""
    lines = run(["dpkg-deb", "--contents", package], "dpkg-deb").splitlines()
    return {line.split()[5][1:] for line in lines if not line.startswith("d")}


@functools.cache
def private_mounts():
    """Mounts of this process and its children go with them."""
    needs_root()
    if ctypes.CDLL(None).unshare(CLONE_NEWNS) or subprocess.run(["mount", "--make-rprivate", "/"], capture_output=True, check=False).returncode:
        raise Skip("no mount namespace of its own here")


class Root:
    """A system that programs run in; a user who has no files yet."""

    def __init__(self, folder):
        self.folder = Path(folder)
        self.environment = {"HOME": HOME, "PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL": "C.UTF-8",
                            "XDG_RUNTIME_DIR": f"{HOME}/run", "DEBIAN_FRONTEND": "noninteractive"}
        run(["mount", "-t", "proc", "proc", self.folder / "proc"], "mount /proc")
        run(["mount", "--rbind", "/dev", self.folder / "dev"], "mount /dev")
        for name in (HOME, f"{HOME}/run", f"{HOME}/.config/sealring"):
            self.at(name).mkdir(parents=True, mode=0o700)
        self.at(f"{HOME}/.config/sealring/sealring.conf").write_text("store = vault\nscrypt-log2-n = 15\n")
        run(["chown", "-R", f"{USER}:{USER}", self.at(HOME)], "chown")

    def at(self, path):
        return self.folder / path.lstrip("/")

    def start(self, *words, **options):
        """A program of the user's."""
        return subprocess.Popen(["chroot", f"--userspec={USER}:{USER}", self.folder, *words], env=self.environment,
                                cwd="/", **options)

    def run(self, *words, status=0, passphrase=None):
        """What the user's program said; @passphrase goes through a descriptor, as {fd} in @words."""
        reader, writer = os.pipe()
        os.write(writer, (passphrase or "").encode())
        os.close(writer)
        try:
            process = self.start(*[word.replace("{fd}", str(reader)) for word in words], pass_fds=(reader,),
                                 stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        finally:
            os.close(reader)
        output, errors = process.communicate(timeout=60)
        if status is not None:
            equal(process.returncode, status, f"{words} ({output[-600:]} {errors[-600:]})")
        return output

    def admin(self, *words):
        """All that root's program said."""
        return run(["chroot", self.folder, *words], " ".join(words), stderr=subprocess.STDOUT,
                   env=self.environment | {"HOME": "/root"}, cwd="/")

    def agents(self):
        """The processes that are sealring-agent."""
        found = []
        for process in Path("/proc").glob("[0-9]*"):
            with contextlib.suppress(OSError):
                if os.path.samefile(process / "root", self.folder) and "/sealring-agent" in os.readlink(process / "exe"):
                    found.append(int(process.name))
        return found

    def install(self, package):
        shutil.copy(package, self.at("/tmp/sealring.deb"))
        try:
            return self.admin(*self.INSTALL, "/tmp/sealring.deb")
        finally:
            self.at("/tmp/sealring.deb").unlink()

    def left(self, folder):
        """The files below @folder that came with sealring."""
        paths = ("/" + str(path.relative_to(folder)) for path in self.walk(folder))
        return [path for path in paths if "sealring" in path and not KEPT.match(path)]

    @staticmethod
    def walk(folder):
        for place, folders, names in os.walk(folder):
            folders[:] = [name for name in folders if not os.path.ismount(os.path.join(place, name))]
            yield from (Path(place, name) for name in names + folders)


class OverlaidRoot(Root):
    """This system, as it is; what changes is in @folder only."""

    INSTALL = ("dpkg", "--install")

    def __init__(self, folder):
        run(["mount", "-t", "tmpfs", "tmpfs", folder], "mount tmpfs")
        for name in ("upper", "work", "root"):
            Path(folder, name).mkdir()
        options = f"lowerdir=/,upperdir={folder}/upper,workdir={folder}/work"
        mounted = subprocess.run(["mount", "-t", "overlay", "overlay", "-o", options, f"{folder}/root"],
                                 capture_output=True, text=True, check=False)
        if mounted.returncode:
            raise Skip(f"no overlay here: {mounted.stderr.strip()}")
        self.changed = Path(folder, "upper")
        super().__init__(f"{folder}/root")

    def what_is_left(self):
        return [path for path in self.left(self.changed) if os.path.lexists(self.at(path))]


class FreshRoot(Root):
    """The smallest Debian 12, from the mirror that this system uses."""

    INSTALL = ("apt-get", "install", "--reinstall", "--yes", "--quiet", "--no-install-recommends")

    def __init__(self, folder):
        needs("debootstrap", "apt-get")
        made = subprocess.run(["debootstrap", "--variant=minbase", "bookworm", folder, self.mirror()],
                              capture_output=True, text=True, check=False)
        if made.returncode:
            raise Skip(f"debootstrap: {(made.stdout + made.stderr).strip().splitlines()[-1]}")
        super().__init__(folder)

    @staticmethod
    def mirror():
        sites = run(["apt-get", "indextargets", "--format", "$(SITE)", "Created-By: Packages", "Codename: bookworm"],
                    "apt-get").split()
        if not sites:
            raise Skip("this system has no mirror of bookworm")
        return sites[0]

    def what_is_left(self):
        return self.left(self.folder)


class PackageWorld:
    def __init__(self):
        self.folder = Path(tempfile.mkdtemp(prefix="sr-root-"))
        self.roots = []

    def root(self, kind):
        private_mounts()
        self.folder.chmod(0o755)
        self.roots.append(kind(self.folder))
        return self.roots[-1]

    def close(self):
        for root in self.roots:
            with contextlib.suppress(Failure, OSError, subprocess.TimeoutExpired):
                root.run("sealring", "agent", "stop")
            for place in (root.folder / "dev", root.folder / "proc", root.folder, self.folder):
                subprocess.run(["umount", "--lazy", place], capture_output=True, check=False)
        check(not any(os.path.ismount(self.folder / name) for name in ("dev", "proc")), "still mounted")
        shutil.rmtree(self.folder, ignore_errors=True)
