#!/usr/bin/env -S python3 -B
"""The Debian package: what is in it, that it can be built again, and that it works where it is installed, until it is purged."""
# tests/run: timeout=3600
import json
import re
import shutil
import subprocess
import tempfile

import cli_world
from agent_world import Frames
from cli_world import check, contains, equal
from keyring_world import wait_until
from manifest_world import COMPANION, NAME, ManifestWorld, ids
from package_world import HOME, ROOT, FreshRoot, OverlaidRoot, PackageWorld, build, files, needs, package, run

DEBIAN = ROOT / "packaging/debian"
HOST = "/usr/libexec/sealring/sealring-host"
MANIFESTS = {f"/{folder}/native-messaging-hosts/{NAME}": family for folder, family in
             [("etc/chromium", "chromium"), ("etc/opt/chrome", "chromium"), ("etc/opt/edge", "chromium"),
              ("etc/opt/vivaldi", "chromium"), ("usr/lib/mozilla", "firefox"), ("usr/lib/librewolf", "firefox")]}
ADDED = {"chromium": "ponmlkjihgfedcbaponmlkjihgfedcba", "firefox": "wallet@example.com"}


def test_it_is_built_from_the_packages_that_make_installs(_):
    control = (DEBIAN / "control").read_text()
    wanted = set(re.findall(r"^ ([a-z0-9.+-]+)", control.partition("Build-Depends:")[2].partition("\nStandards")[0], re.M))
    listed = set((ROOT / "packaging/dependencies/debian-build.txt").read_text().split())
    equal(wanted - {"debhelper-compat"}, listed - {"gcc", "make", "libc6-dev", "python3"}, "Build-Depends")


def test_a_purge_knows_every_manifest_for_all_users(_):
    world = ManifestWorld()
    try:
        rows = [row for browser in world.json("list", "--all")["browsers"] for row in browser["manifests"]]
    finally:
        world.close()
    found = {row["path"] for row in rows if row["scope"] == "system"}
    folders = re.search(r"for folder in (.*); do", (DEBIAN / "sealring.postrm").read_text())[1].split()
    everywhere = {f"/usr/lib64/mozilla/native-messaging-hosts/{NAME}"}  # only where a system has that
    equal(found | everywhere, set(MANIFESTS) | everywhere, "manifests")
    equal({f"{folder}/native-messaging-hosts/{NAME}" for folder in folders}, set(MANIFESTS) | everywhere, "folders of the purge")


def test_it_has_what_make_install_installs_and_documents(world):
    triplet = run(["dpkg-architecture", "-qDEB_HOST_MULTIARCH"], "dpkg-architecture").strip() if package() else ""
    run(["make", "-s", "-C", ROOT, "install-files", "DEPS=skip", f"O={cli_world.BUILD}", f"DESTDIR={world.folder}/root",
         "prefix=/usr", "MANIFESTS=no", f"pkcs11dir=/usr/lib/{triplet}/pkcs11"], "make install-files")
    below = world.folder / "root"
    installed = {"/" + str(path.relative_to(below)) for path in below.rglob("*") if path.is_file()}
    found = files(package())
    equal({name + ".gz" if "/man/" in name else name for name in installed} - found, set(), "not in the package")
    more = {name for name in found - installed if not name.startswith(("/usr/share/man/", "/usr/share/doc/sealring/"))}
    equal(more, {"/usr/share/lintian/overrides/sealring"}, "only in the package")
    for name in ("copyright", "changelog.gz", "README.md", "docs/BROWSERS.md", "docs/images/consent.png"):
        check(f"/usr/share/doc/sealring/{name}" in found, f"{name} is not in the package")


def test_its_programs_are_hardened_and_load_only_what_they_may(world):
    run(["dpkg-deb", "--extract", package(), world.folder / "root"], "dpkg-deb")
    (world.folder / "programs").mkdir()
    for program in ("usr/bin/sealring", "usr/libexec/sealring/*", "usr/lib/*/pkcs11/*.so"):
        for path in (world.folder / "root").glob(program):
            shutil.copy(path, world.folder / "programs")
    for rule in ("hardening", "links"):
        run([ROOT / "tests/lint" / rule, ROOT, world.folder / "programs"], rule)


def test_lintian_finds_nothing(_):
    changes = next(package().parent.glob("*.changes"))
    needs("lintian")
    words = ["lintian", "--allow-root", "--fail-on=error,warning", "--tag-display-limit=0", changes]
    equal(run(words, "lintian").strip(), "", "lintian")


def test_the_same_source_gives_the_same_bytes(_):
    first = package().read_bytes()
    with tempfile.TemporaryDirectory(prefix="sr-again-") as folder:
        equal(build(folder, TZ="Asia/Tokyo", LC_ALL="C").read_bytes() == first, True, "the same package")


def check_manifests(root, more):
    """Each names the installed host and has its companion, and @more for its family."""
    check(root.at(HOST).stat().st_mode & 0o777 == 0o755, f"mode of {HOST}")
    for path, family in MANIFESTS.items():
        text = root.at(path).read_text()
        equal(sorted(ids(json.loads(text))), sorted([COMPANION[family], *more.get(family, [])]), path)
        if not more:
            equal(text, (ROOT / f"manifests/{family}.json.in").read_text().replace("@libexecdir@/sealring-host", HOST), path)
        equal(json.loads(text)["path"], HOST, path)
        equal(root.at(path).stat().st_mode & 0o7777, 0o644, f"mode of {path}")


def check_programs(root):
    """A user makes a key in a new vault, and a browser gets an answer."""
    said = root.run("sealring", "doctor", status=None)
    check(re.search(rf"^ok +sealring-host +{HOST}, mode 755", said, re.M), f"doctor: {said}")
    root.run("sealring", "agent", "start", "--passphrase-fd", "{fd}", passphrase=cli_world.PASSPHRASE)
    key = json.loads(root.run("sealring", "key", "create", "--name", "Main", "--json"))["key"]
    contains(root.run("sealring", "key", "list"), key["address"], "key list")
    with root.start(HOST, f"chrome-extension://{COMPANION['chromium']}/", stdin=subprocess.PIPE, stdout=subprocess.PIPE) as host:
        hello = Frames(host.stdout.fileno(), host.stdin.fileno()).result("sealring.hello", None, None)
        host.stdin.close()
        equal(host.wait(10), 0, "status of the host")
    equal((hello["protocol"], hello["store"]["name"]), (1, "vault"), "hello")
    for unit in ("agent", "pkcs11"):
        check(root.at(f"/etc/systemd/user/sockets.target.wants/sealring-{unit}.socket").is_symlink(), f"{unit}'s socket is not enabled")


def check_life(root, deb):
    root.install(deb)
    check_manifests(root, {})
    check_programs(root)
    # What an administrator added is still there after an upgrade, and after a removal and another installation.
    root.admin("sealring", "browser", "install", "--system", "--all", *[word for name in ADDED.values() for word in ("--extension", name)])
    added = {family: [name] for family, name in ADDED.items()}
    check_manifests(root, added)
    check(root.agents(), "no agent is running")
    root.install(deb)
    check_manifests(root, added)
    wait_until(lambda: not root.agents(), "the end of the agent whose program was replaced")
    root.run("sealring", "agent", "start", "--passphrase-fd", "{fd}", passphrase=cli_world.PASSPHRASE)
    root.admin("dpkg", "--remove", "sealring")
    wait_until(lambda: not root.agents(), "the end of the agent whose program was removed")
    check(not root.at(HOST).exists(), "the host is still there")
    root.install(deb)
    check_manifests(root, added)
    root.admin("dpkg", "--purge", "sealring")
    equal(root.what_is_left(), [], "left behind")
    check(root.at(f"{HOME}/.local/share/sealring").is_dir(), "the user's keys are gone")


def test_it_works_on_this_system_until_it_is_purged(world):
    check_life(world.root(OverlaidRoot) if package() else None, package())


def test_a_folder_that_may_not_be_used_is_named_and_stops_no_installation(world):
    deb = package()
    root = world.root(OverlaidRoot)
    root.at("/etc/opt").mkdir(exist_ok=True)
    shutil.rmtree(root.at("/etc/opt/vivaldi"), ignore_errors=True)
    root.at("/etc/opt/vivaldi").symlink_to("/tmp")
    contains(root.install(deb), "/etc/opt/vivaldi is a symbolic link", "installation")
    for path in MANIFESTS:
        equal(root.at(path).exists(), "vivaldi" not in path, path)


def test_it_works_on_a_fresh_debian_until_it_is_purged(world):
    check_life(world.root(FreshRoot) if package() else None, package())


if __name__ == "__main__":
    cli_world.main("package", dict(globals()), PackageWorld)
