#!/usr/bin/env -S python3 -B
"""`make install`: everything below DESTDIR, manifests as `sealring browser` writes them, and all of it gone again."""
import base64
import hashlib
import json
import os
import subprocess
from pathlib import Path

import cli_world
from cli_world import BUILD, check, contains, equal
from manifest_world import COMPANION, NAME, PROGRAMS, ManifestWorld, ids, needs_root

ROOT = Path(__file__).resolve().parents[2]
NOBODY = 65534
HOST = "/usr/local/libexec/sealring/sealring-host"


def make(world, target, *variables, **options):
    """Run make without building anything: the tests beside this one use the build folder."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("MAKE", "MFLAGS"))}
    words = ["make", "-s", "-C", ROOT, "DEPS=skip", f"O={BUILD}", target, *variables]
    run = subprocess.run(words, env=environment, capture_output=True, text=True, check=False, **options)
    equal(run.returncode, 0, f"make {target} ({run.stdout[-300:]} {run.stderr[-300:]})")
    return run.stdout


def installed(world):
    below = world.folder / "root"
    return {"/" + str(path.relative_to(below)): path for path in below.rglob("*") if path.is_file()}


def destination(world):
    return f"DESTDIR={world.folder}/root"


def test_the_manifests_are_those_that_the_command_writes(world):
    make(world, "install-files", destination(world), umask=0o077)
    found = {name: path for name, path in installed(world).items() if name.endswith(f"/{NAME}")}
    world.install_programs()
    for browser in world.json("list", "--all")["browsers"]:
        system = [row["path"] for row in browser["manifests"] if row["scope"] == "system"]
        check(all(path in found for path in system), f"{browser['browser']}: {system} is not installed")
        if not system:
            continue
        world.json("install", browser["browser"])
        own = Path(next(row["path"] for row in browser["manifests"] if row["scope"] == "user"))
        equal(found[system[0]].read_text(), own.read_text().replace(str(world.host), HOST), browser["browser"])
        equal(found[system[0]].stat().st_mode & 0o777, 0o644, system[0])
    wanted = {row["path"] for browser in world.json("list", "--all")["browsers"] for row in browser["manifests"]
              if row["scope"] == "system"}
    equal(set(found), wanted, "folders")


def test_the_companion_is_the_extension_that_is_installed(world):
    make(world, "install-files", destination(world))
    below = "/usr/local/share/sealring/extension/"
    found = {name[len(below):]: path.read_bytes() for name, path in installed(world).items() if name.startswith(below)}
    source = ROOT / "extension"
    equal(found, {str(path.relative_to(source)): path.read_bytes() for path in source.rglob("*") if path.is_file()}, "files")
    if "manifest.json" in found:
        manifest = json.loads(found["manifest.json"])
        equal(manifest["browser_specific_settings"]["gecko"]["id"], COMPANION["firefox"], "Firefox's id")
        digest = hashlib.sha256(base64.b64decode(manifest["key"])).hexdigest()[:32]
        equal("".join(chr(ord("a") + int(digit, 16)) for digit in digest), COMPANION["chromium"], "Chromium's id")
    for name in ("chromium", "firefox"):
        text = json.loads((ROOT / f"manifests/{name}.json.in").read_text())
        equal(ids(text), [COMPANION[name]], f"{name}.json.in")


def test_installed_programs_install_manifests_for_themselves(world):
    world.install_programs()
    for program in PROGRAMS:
        (world.programs / program).unlink()
    make(world, "install-files", "DESTDIR=", f"prefix={world.programs}", "MANIFESTS=no")
    cli = world.programs / "bin/sealring"
    run = subprocess.run([world.programs / "libexec/sealring/sealring-cli", "browser", "install", "firefox", "--json"],
                         env=world.environment, capture_output=True, text=True, check=False)
    equal(run.returncode, 0, f"status {run.stderr}")
    equal(json.loads(run.stdout)["host"], f"{world.programs}/libexec/sealring/sealring-host", "host")
    check(cli.exists(), "sealring is not installed")


def test_who_is_not_root_installs_into_his_own_prefix_without_manifests(world):
    needs_root()
    prefix = world.install_programs() / "local"
    prefix.mkdir()
    os.chown(prefix, NOBODY, NOBODY)
    for place in (prefix, ROOT, BUILD):
        if any(parent.stat().st_mode & 0o005 != 0o005 for parent in [place, *place.parents]):
            raise cli_world.Skip(f"another user cannot reach {place}")
    said = make(world, "install-files", f"prefix={prefix}", user=NOBODY, group=NOBODY, extra_groups=[])
    contains(said, f"{prefix}/bin/sealring browser install", "what to do next")
    check((prefix / "libexec/sealring/sealring-host").exists(), "the host is not installed")


def test_uninstall_leaves_no_file(world):
    make(world, "install-files", destination(world))
    check(len(installed(world)) > 20, "too few files")
    make(world, "uninstall", destination(world))
    equal(list(installed(world)), [], "files")


if __name__ == "__main__":
    cli_world.main("install", dict(globals()), ManifestWorld)
