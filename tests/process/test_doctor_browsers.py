#!/usr/bin/env -S python3 -B
"""`sealring doctor` on browsers, units and the keyring: what is wrong is named, with the command that mends it."""
import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import cli_world
from cli_world import Run, Skip, check, contains, equal
from keyring_world import KeyringWorld
from manifest_world import CHROMIUM, COMPANION, FIREFOX, ManifestWorld, needs_root

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "support"))
from keyring import missing_program  # noqa: E402

POLICY = "/etc/opt/chrome/policies/managed/sealring.json"


def run_doctor(world, *words):
    done = subprocess.run([world.install_programs() / "sealring", "doctor", *words], env=world.environment,
                          stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60, check=False)
    return Run(done.returncode, done.stdout, done.stderr)


def doctor(world):
    return run_doctor(world, "--json").json


def rows(found, name):
    return [(row["state"], row["detail"], row["next"]) for row in found["checks"] if row["name"] == name]


def only_row(found, name):
    lines = rows(found, name)
    equal(len(lines), 1, f"rows of {name}: {lines}")
    return lines[0]


def mend(world, advice):
    """Run the command of an advice, as it stands."""
    command = re.search(r"`sealring ([^`]*)`", advice)
    check(command, f"no command of sealring's in {advice!r}")
    done = subprocess.run([world.install_programs() / "sealring", *shlex.split(command[1])], env=world.environment,
                          stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
    equal(done.returncode, 0, f"{command[1]} ({done.stdout} {done.stderr})")


# --- browsers -----------------------------------------------------------------------------------

def test_the_advice_for_a_browser_without_a_manifest_mends_it(world):
    world.program("chromium")
    world.write(".mozilla/firefox/profiles.ini", "x")
    found = doctor(world)
    for name, place in (("chromium", CHROMIUM), ("firefox", FIREFOX)):
        state, detail, advice = only_row(found, name)
        equal(state, "warn", name)
        mend(world, advice)
        state, detail, advice = only_row(doctor(world), name)
        equal((state, advice), ("ok", None), name)
        contains(detail, str(world.folder / place), name)
        contains(detail, COMPANION[name], name)


def test_the_host_is_shown_with_mode_and_version(world):
    found = doctor(world)
    equal((found["host"]["path"], found["host"]["mode"]), (str(world.host), "755"), "host")
    state, detail, _ = only_row(found, "sealring-host")
    equal(state, "ok", "state")
    contains(detail, f"mode 755, version {found['host']['version']}", "detail")
    world.host.write_text("#!/bin/sh\necho sealring-host 0.0.1\n")
    state, detail, advice = only_row(doctor(world), "sealring-host")
    equal(state, "fail", "a host of another version")
    contains(detail, "version 0.0.1, but this is", "detail")
    contains(advice, "again", "advice")
    world.host.write_text("#!/bin/sh\nsleep 60\n")
    contains(only_row(doctor(world), "sealring-host")[1], "version unknown", "a host that says nothing")
    equal(run_doctor(world).status, 1, "status")


def test_a_host_that_others_can_change_is_named_and_not_run(world):
    ran = world.folder / "ran"
    world.host.write_text(f"#!/bin/sh\ntouch {ran}\n")
    world.host.chmod(0o777)
    state, detail, _ = only_row(doctor(world), "sealring-host")
    equal(state, "warn", "state")
    contains(detail, f"chmod go-w {world.host}", "detail")
    check(not ran.exists(), "it was run")


def test_a_manifest_in_disorder_is_named_with_what_helps(world):
    world.program("chromium")
    for text, part in (("{", "damaged"), ('{"name":"com.x","path":"/x","type":"stdio","allowed_origins":[]}', "foreign")):
        world.write(CHROMIUM, text)
        state, detail, advice = only_row(doctor(world), "chromium")
        equal(state, "fail", part)
        contains(detail, part, part)
        shutil.move(*shlex.split(re.search(r"`mv ([^`]*)`", advice)[1]))
        mend(world, advice)
        equal(only_row(doctor(world), "chromium")[0], "ok", f"after the advice for a {part} one")


def test_a_manifest_for_another_installation_is_brought_up_to_date_by_the_advice(world):
    world.program("chromium")
    world.json("install", "chromium")
    place = world.folder / CHROMIUM
    own = place.read_text()
    place.write_text(own.replace(str(world.host), "/opt/gone/sealring-host"))
    state, detail, advice = only_row(doctor(world), "chromium")
    equal(state, "fail", "a host that is gone")
    contains(detail, "/opt", "detail")
    other = world.programs / "other"
    other.mkdir()
    shutil.copy(world.host, other / "sealring-host")
    place.write_text(own.replace(str(world.host), str(other / "sealring-host")))
    state, detail, advice = only_row(doctor(world), "chromium")
    equal(state, "warn", "another host")
    contains(detail, "(version ", "detail")
    mend(world, advice)
    equal(place.read_text(), own, "the manifest")


def test_a_folder_that_others_can_write_to_is_named(world):
    world.program("chromium")
    world.json("install", "chromium")
    (world.folder / CHROMIUM).parent.chmod(0o777)
    states = rows(doctor(world), "chromium")
    equal([row[0] for row in states], ["ok", "fail"], "states")
    contains(states[1][1], f"chmod go-w {(world.folder / CHROMIUM).parent}", "detail")


def test_sandboxed_browsers_are_told_apart(world):
    (world.folder / "snap/firefox").mkdir(parents=True)
    (world.folder / "snap/chromium").mkdir()
    (world.folder / ".var/app/com.brave.Browser").mkdir(parents=True)
    world.json("install")
    found = doctor(world)
    firefox = rows(found, "firefox")
    equal([row[0] for row in firefox], ["ok", "ok"], "the snap of Firefox")
    contains(firefox[1][2], "permission-set", "how to undo a wrong no")
    for name, part in (("chromium", "snap"), ("brave", "flatpak")):
        state, detail, advice = only_row(found, name)
        equal(state, "warn", name)
        contains(detail, part, name)
        contains(advice, "as a package", name)
    equal({row["browser"]: row["flavours"] for row in found["browsers"]},
          {"firefox": ["snap"], "chromium": ["snap"], "brave": ["flatpak"]}, "browsers")


def test_policies_are_seen(world):
    needs_root()
    cases = {
        "blocks all": {"NativeMessagingBlocklist": ["*"]}, "blocks it": {"NativeMessagingBlocklist": ["org.sealring.host"]},
        "blocks others": {"NativeMessagingBlocklist": ["com.example"]},
        "allows it": {"NativeMessagingBlocklist": ["*"], "NativeMessagingAllowlist": ["org.sealring.host"]},
        "not of users": {"NativeMessagingUserLevelHosts": False}, "of users": {"NativeMessagingUserLevelHosts": True},
        "odd": {"NativeMessagingBlocklist": [1, None], "NativeMessagingUserLevelHosts": "no"},
    }
    world.program("google-chrome")
    world.json("install", "chrome")
    steps = "".join(f"echo {shlex.quote(json.dumps(text))} >{POLICY}\nsealring doctor --json\n" for text in cases.values())
    script = world.write("script", f"""#!/bin/sh
mount --make-rprivate / 2>/dev/null && mount -t tmpfs -o mode=0755 tmpfs /etc/opt || exit 77
mkdir -p {os.path.dirname(POLICY)}
{steps}
echo '{{ // a comment' >{POLICY}
sealring doctor --json
echo '{json.dumps(cases["not of users"])}' >{POLICY}
sealring browser install --system chrome >/dev/null
sealring doctor --json
exit 0
""", 0o755)
    world.environment["PATH"] += f":{world.install_programs()}:/usr/sbin:/sbin:/usr/bin:/bin"
    run = subprocess.run(["unshare", "-m", "--propagation", "unchanged", script], env=world.environment, capture_output=True, text=True, check=False)
    if run.returncode == 77:
        raise Skip("mount does not work here")
    found = [json.loads(line) for line in run.stdout.splitlines()]
    equal(len(found), len(cases) + 2, f"answers ({run.stderr})")
    states = {name: [row[0] for row in rows(one, "chrome")] for name, one in zip([*cases, "unreadable", "system"], found)}
    equal(states, {"blocks all": ["ok", "fail"], "blocks it": ["ok", "fail"], "blocks others": ["ok"], "allows it": ["ok"],
                   "not of users": ["ok", "fail"], "of users": ["ok"], "odd": ["ok"], "unreadable": ["ok", "warn"],
                   "system": ["ok", "ok"]}, "states")
    contains(rows(found[0], "chrome")[1][1], POLICY, "the file")
    contains(rows(found[0], "chrome")[1][2], "NativeMessagingAllowlist", "what helps")
    contains(rows(found[4], "chrome")[1][2], "sudo sealring browser install --system chrome", "what helps")


# --- units --------------------------------------------------------------------------------------

def test_units_are_shown_as_systemd_has_them(world):
    """systemd for a user runs in no container: a script answers in its place."""
    answers = {
        "LoadState=not-found\nUnitFileState=\nActiveState=inactive": ("ok", "not installed", None),
        "LoadState=loaded\nUnitFileState=disabled\nActiveState=inactive": ("ok", "loaded, disabled, inactive", "enable --now"),
        "LoadState=loaded\nUnitFileState=enabled\nActiveState=active": ("ok", "loaded, enabled, active", None),
        "LoadState=loaded\nUnitFileState=enabled\nActiveState=inactive": ("warn", "inactive", "restart"),
        "LoadState=loaded\nUnitFileState=enabled\nActiveState=failed": ("warn", "failed", "reset-failed"),
        "LoadState=masked\nUnitFileState=masked\nActiveState=inactive": ("warn", "masked", "again"),
        "": ("warn", "unknown", "again"),
    }
    for answer, (state, part, advice) in answers.items():
        world.program("systemctl", f"#!/bin/sh\n[ \"$1 $2\" = '--user show' ] || exit 9\necho '{answer}'\n")
        found = doctor(world)
        for unit in ("agent unit", "PKCS#11 unit"):
            row = only_row(found, unit)
            equal(row[0], state, f"{answer!r}: {row}")
            contains(row[1], part, answer)
            check(not advice if row[2] is None else advice and advice in row[2], f"{answer!r}: {row}")
    for script in ("exit 1", "kill -9 $$", "yes"):
        world.program("systemctl", f"#!/bin/sh\nPATH=/usr/bin:/bin\n{script}\n")
        contains(only_row(doctor(world), "agent unit")[1], "no systemd", script)


# --- the keyring --------------------------------------------------------------------------------

def test_the_program_that_keeps_the_keys_is_named(world):
    absent = missing_program("dbus-daemon", "dbus-send", "gnome-keyring-daemon")
    if absent:
        raise Skip(f"{absent} is not installed")
    keyring = KeyringWorld()
    try:
        keyring.json("key", "create")
        for _ in range(2):
            row = only_row(keyring.run("doctor", "--json").json, "store")
            equal(row[0], "ok", f"state of {row}")
            contains(row[1], "secret-service, open: gnome-keyring-daemon, default keyring /org/freedesktop/secrets/", "detail")
            keyring.keyring.kill()
            keyring.keyring.start()
    finally:
        keyring.close()


if __name__ == "__main__":
    cli_world.main("doctor", dict(globals()), ManifestWorld)
