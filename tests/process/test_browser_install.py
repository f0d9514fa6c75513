#!/usr/bin/env -S python3 -B
"""`sealring browser`: manifests for the right browsers, whole at every moment, and nothing else touched."""
import fcntl
import json
import os
import random
import re
import shutil
import signal
import subprocess
import time
from pathlib import Path

import cli_world
from cli_world import check, contains, equal
from manifest_world import (CHROMIUM, COMPANION, FIREFOX, NAME, ManifestWorld, check_whole, ids, needs_root,
                            small_file_system)

NOBODY = 65534
ROUNDS = 400 if os.environ.get("SOAK") else 60
OTHER = {"chromium": "ponmlkjihgfedcbaponmlkjihgfedcba", "firefox": "author@example.com"}
UUID = "{d0e1f2a3-1111-2222-3333-44445555666f}"
USER_FOLDERS = {
    "chrome": ".config/google-chrome/NativeMessagingHosts",
    "chrome-beta": ".config/google-chrome-beta/NativeMessagingHosts",
    "chrome-unstable": ".config/google-chrome-unstable/NativeMessagingHosts",
    "chromium": ".config/chromium/NativeMessagingHosts",
    "brave": ".config/BraveSoftware/Brave-Browser/NativeMessagingHosts",
    "edge": ".config/microsoft-edge/NativeMessagingHosts",
    "vivaldi": ".config/vivaldi/NativeMessagingHosts",
    "opera": ".config/opera/NativeMessagingHosts",
    "helium": ".config/net.imput.helium/NativeMessagingHosts",
    "firefox": ".mozilla/native-messaging-hosts",
    "zen": ".mozilla/native-messaging-hosts",
    "thunderbird": ".mozilla/native-messaging-hosts",
    "librewolf": ".librewolf/native-messaging-hosts",
    "waterfox": ".waterfox/native-messaging-hosts",
    "tor-browser": ".local/share/torbrowser/tbb/x86_64/tor-browser/Browser/TorBrowser/Data/Browser/.mozilla/"
                   "native-messaging-hosts",
}
FIREFOX_FAMILY = ("firefox", "zen", "thunderbird", "librewolf", "waterfox", "tor-browser")
PROFILES = {"chromium": ".config/chromium/Default", "firefox": ".mozilla/firefox/profiles.ini", "zen": ".zen/profiles.ini",
            "librewolf": ".librewolf/profiles.ini", "brave": ".config/BraveSoftware/Brave-Browser/Local State"}


def family(browser):
    return "firefox" if browser in FIREFOX_FAMILY else "chromium"


def files(world):
    return sorted(str(path.relative_to(world.folder)) for path in world.folder.rglob("*") if path.is_file())


# --- which browsers -----------------------------------------------------------------------------

def test_without_a_browser_nothing_is_written(world):
    result = world.json("install")
    equal(result["manifests"], [], "manifests")
    equal(world.tree(), {}, "the home")
    contains(world.run("install").expect(0, "install").output, "--all", "what to do")
    contains(world.run("list").expect(0, "list").output, "No browser", "list")


def test_browsers_that_are_here_get_a_manifest_and_no_others(world):
    world.program("chromium")
    world.write(".mozilla/firefox/profiles.ini", "[Profile0]\n")
    before = set(files(world))
    rows = world.json("install")["manifests"]
    equal([row["outcome"] for row in rows], ["written", "written"], "outcomes")
    equal(set(files(world)) - before, {CHROMIUM, FIREFOX}, "new files")
    equal(ids(check_whole(world.folder / CHROMIUM, world.host)), [COMPANION["chromium"]], "Chromium's ids")
    equal(ids(check_whole(world.folder / FIREFOX, world.host)), [COMPANION["firefox"]], "Firefox's ids")
    equal([row["outcome"] for row in world.json("install")["manifests"]], ["unchanged", "unchanged"], "the second time")


def test_a_profile_shows_that_a_browser_is_here_and_a_manifest_does_not(world):
    for name, place in PROFILES.items():
        world.write(place, "x")
        found = [row for row in world.json("install")["manifests"] if name in row["browsers"]]
        equal([row["outcome"] for row in found], ["written"], name)
        world.json("uninstall")
        (world.folder / place).unlink()
    shutil.rmtree(world.folder)
    world.folder.mkdir(mode=0o700)
    world.json("install", "--all")
    equal(world.json("install")["manifests"], [], "browsers found by their manifests")


def test_all_means_every_folder_of_the_table_but_tor_browser(world):
    world.json("install", "--all", umask=0o077)
    expected = {f"{folder}/{NAME}" for name, folder in USER_FOLDERS.items() if name != "tor-browser"}
    equal(set(files(world)), expected, "files")
    for name, folder in USER_FOLDERS.items():
        if name != "tor-browser":
            manifest = check_whole(world.folder / folder / NAME, world.host)
            equal(ids(manifest), [COMPANION[family(name)]], name)
    check(all(path.stat().st_mode & 0o077 == 0 for path in world.folder.rglob("*") if path.is_dir()), "open folders")


def test_a_named_browser_gets_one_also_when_it_is_not_here(world):
    for name, folder in USER_FOLDERS.items():
        rows = world.json("install", name)["manifests"]
        check([name in row["browsers"] for row in rows] == [True], f"{name}: {rows}")
        equal(files(world), [f"{folder}/{NAME}"], name)
        rows = world.json("uninstall", name)["manifests"]
        equal([row["outcome"] for row in rows], ["removed"], name)
        equal(files(world), [], f"without {name}")


def test_browsers_that_share_a_folder_share_the_manifest(world):
    rows = world.json("install", "zen", "firefox", "thunderbird", "zen")["manifests"]
    equal([row["browsers"] for row in rows], [["firefox", "zen", "thunderbird"]], "rows")
    rows = world.json("uninstall", "thunderbird")["manifests"]
    equal([(row["browsers"], row["outcome"]) for row in rows], [(["firefox", "zen", "thunderbird"], "removed")], "rows")


def test_the_configuration_folder_is_where_xdg_says(world):
    world.environment["XDG_CONFIG_HOME"] = str(world.folder / "elsewhere")
    check("make that folder" in world.refused("install", "chromium")[0]["problem"], "a folder that is not there")
    (world.folder / "elsewhere").mkdir()
    world.json("install", "chromium", "firefox")
    equal(set(files(world)), {f"elsewhere/chromium/NativeMessagingHosts/{NAME}", FIREFOX}, "files")
    world.environment["XDG_CONFIG_HOME"] = "relative"
    world.json("install", "chromium")
    check((world.folder / CHROMIUM).exists(), "a relative XDG_CONFIG_HOME counts")
    world.environment["HOME"] = "relative"
    contains(world.run("install", "firefox").expect(1, "a relative HOME").errors, "HOME", "the error")


def test_help_manual_and_completion_know_every_browser(world):
    root = Path(__file__).resolve().parents[2]
    texts = {"help": world.run("install", "--help").expect(0, "help").output}
    texts["manual"] = (root / "packaging/man/sealring.1").read_text().replace("\\-", "-")
    texts["completion"] = (root / "packaging/completions/sealring.bash").read_text()
    names = [row["browser"] for row in world.json("list", "--all")["browsers"]]
    equal(set(names), set(USER_FOLDERS), "the table of this test")
    for name in names:
        for what, text in texts.items():
            check(re.search(rf"(?<![\w-]){name}(?![\w-])", text), f"{name} is not in the {what}")


# --- extensions ---------------------------------------------------------------------------------

def test_each_family_gets_the_ids_of_its_form(world):
    world.json("install", "chromium", "firefox", *[word for name in (OTHER["firefox"], UUID, OTHER["chromium"])
                                                  for word in ("--extension", name)])
    equal(ids(world.manifest(CHROMIUM)), [COMPANION["chromium"], OTHER["chromium"]], "Chromium")
    equal(ids(world.manifest(FIREFOX)), [COMPANION["firefox"], OTHER["firefox"], UUID], "Firefox")


def test_ids_that_are_there_stay_and_are_taken_out_one_by_one(world):
    both = ("chromium", "firefox")
    for name in both:
        world.json("install", *both, "--extension", OTHER[name])
    world.json("install", *both, "--extension", UUID)
    world.json("install", *both)
    equal(ids(world.manifest(FIREFOX)), [COMPANION["firefox"], OTHER["firefox"], UUID], "Firefox")
    world.json("uninstall", "--extension", OTHER["firefox"], "--extension", COMPANION["chromium"])
    equal(ids(world.manifest(FIREFOX)), [COMPANION["firefox"], UUID], "Firefox without the author's")
    equal(ids(world.manifest(CHROMIUM)), [OTHER["chromium"]], "Chromium without the companion")
    equal(world.json("uninstall", "--extension", "nobody@example.com")["manifests"], [], "an id that is nowhere")
    world.json("uninstall", "--extension", OTHER["chromium"])
    equal(files(world), [FIREFOX], "Chromium's manifest has no id left")


def test_more_ids_than_a_manifest_holds_are_refused(world):
    many = [word for number in range(63) for word in ("--extension", f"n{number}@example.com")]
    world.json("install", "firefox", *many)
    before = world.tree()
    contains(world.refused("install", "firefox", "--extension", "one@more")[0]["problem"], "at most 64", "problem")
    equal(world.tree(), before, "the home")


def test_a_wrong_id_or_browser_changes_nothing(world):
    world.json("install", "firefox")
    before = world.tree()
    for words in (["install", "--extension", "x"], ["install", "--extension", OTHER["chromium"] + "a"],
                  ["install", "firefox", "--extension", 'a@b"]'], ["uninstall", "--extension", "*"], ["install", "netscape"],
                  ["install", "firefox", "--extension", OTHER["firefox"], "--extension", ""], ["uninstall", "../firefox"]):
        world.run(*words).expect(2, " ".join(words))
    equal(world.tree(), before, "the home")


# --- exactly ours -------------------------------------------------------------------------------

def test_uninstall_leaves_the_home_as_it_was(world):
    world.write(".config/google-chrome/NativeMessagingHosts/com.example.json", "{}")
    world.write(".config/vivaldi/Local State", "{}")
    world.write(".mozilla/firefox/profiles.ini", "x")
    before = world.tree()
    world.json("install", "--all")
    check(len(world.tree()) > len(before), "nothing was written")
    world.json("uninstall")
    after = world.tree()
    after.pop(".config", None), before.pop(".config", None)
    equal(after, before, "the home")


def test_what_is_not_sealrings_is_named_and_left(world):
    cases = {
        "foreign": '{"name":"com.example","path":"/usr/bin/x","type":"stdio","allowed_origins":[]}',
        "another program": '{"name":"org.sealring.host","path":"/usr/bin/x","type":"stdio","allowed_origins":[]}',
        "damaged": '{"name":"org.sealring.host","pa', "empty": "",
        "of the other family": '{"name":"org.sealring.host","path":"/x/sealring-host","type":"stdio",'
                               '"allowed_extensions":["a@b"]}',
        "huge": " " * 70000 + "{}",
    }
    for what, text in cases.items():
        world.write(CHROMIUM, text)
        before = (world.folder / CHROMIUM).stat()
        for words in (["install", "chromium"], ["uninstall"], ["uninstall", "--extension", COMPANION["chromium"]]):
            rows = world.refused(*words)
            equal(len(rows), 1, f"{what}: {words}")
            contains(rows[0]["problem"], str(world.folder / CHROMIUM), f"{what}: {words}")
        equal((world.folder / CHROMIUM).read_text(), text, what)
        equal((world.folder / CHROMIUM).stat().st_ino, before.st_ino, f"{what}: the same file")


def test_what_is_no_file_is_left(world):
    place = world.folder / CHROMIUM
    place.parent.mkdir(parents=True)
    for make in (place.mkdir, lambda: os.mkfifo(place)):
        make()
        contains(world.refused("install", "chromium")[0]["problem"], "no regular file", "install")
        contains(world.refused("uninstall")[0]["problem"], "no regular file", "uninstall")
        place.rmdir() if place.is_dir() else place.unlink()


def test_one_browser_in_trouble_does_not_keep_the_others_from_theirs(world):
    world.write(CHROMIUM, "{")
    rows = world.run("install", "--all", "--json").expect(1, "install --all").json["manifests"]
    equal([row["browsers"] for row in rows if row["outcome"] == "refused"], [["chromium"]], "refused")
    equal(sum(row["outcome"] == "written" for row in rows), 11, "written")
    run = world.run("install", "chromium").expect(1, "install")
    contains(run.output, "damaged", "for people")


# --- the way to the folder ----------------------------------------------------------------------

def test_no_symbolic_link_is_followed_at_any_level(world):
    elsewhere = world.folder / "elsewhere"
    levels = [".config", ".config/chromium", ".config/chromium/NativeMessagingHosts", CHROMIUM]
    for level in levels:
        world.json("install", "chromium", "--extension", OTHER["chromium"])
        target = elsewhere / "there"
        elsewhere.mkdir()
        shutil.move(world.folder / level, target)
        (world.folder / level).symlink_to(target)
        before = world.tree()
        for words in (["install", "chromium"], ["uninstall"], ["uninstall", "--extension", OTHER["chromium"]]):
            problem = world.refused(*words)[0]["problem"]
            contains(problem, "symbolic link", f"{level}: {words}")
            contains(problem, str(world.folder / level), f"{level}: {words}")
        equal(world.tree(), before, f"the home with {level} a link")
        rows = [row for row in world.json("list")["browsers"] if row["browser"] == "chromium"]
        equal([row["manifests"][0]["state"] for row in rows], ["not readable"], f"list with {level} a link")
        (world.folder / level).unlink()
        shutil.rmtree(world.folder / ".config", ignore_errors=True)
        shutil.rmtree(elsewhere)


def test_a_dangling_link_is_not_filled(world):
    (world.folder / ".config").mkdir()
    (world.folder / ".config/chromium").symlink_to(world.folder / "made")
    contains(world.refused("install", "chromium")[0]["problem"], "symbolic link", "problem")
    check(not (world.folder / "made").exists(), "the link was followed")


def test_a_folder_that_others_may_write_to_is_refused(world):
    world.json("install", "chromium")
    parts = [".", ".config", ".config/chromium", ".config/chromium/NativeMessagingHosts"]
    for part in parts:
        for mode in (0o770, 0o707, 0o1777):
            (world.folder / part).chmod(mode)
            for words in (["install", "chromium", "--extension", OTHER["chromium"]], ["uninstall"]):
                problem = world.refused(*words)[0]["problem"]
                contains(problem, "chmod go-w", f"{part}: {mode:o}")
            (world.folder / part).chmod(0o700)
    equal(ids(world.manifest(CHROMIUM)), [COMPANION["chromium"]], "ids")


def test_a_folder_of_another_user_is_refused(world):
    needs_root()
    world.json("install", "chromium")
    for part in (".", ".config", ".config/chromium", ".config/chromium/NativeMessagingHosts"):
        os.chown(world.folder / part, NOBODY, 0)
        contains(world.refused("install", "chromium", "--extension", OTHER["chromium"])[0]["problem"], "another user", part)
        os.chown(world.folder / part, 0, 0)
    equal(ids(world.manifest(CHROMIUM)), [COMPANION["chromium"]], "ids")


def test_a_manifest_of_another_user_is_not_taken_over(world):
    needs_root()
    world.json("install", "chromium", "--extension", OTHER["chromium"])
    os.chown(world.folder / CHROMIUM, NOBODY, 0)
    before = world.tree()
    for words in (["install", "chromium"], ["uninstall"]):
        contains(world.refused(*words)[0]["problem"], "belongs to another user", f"{words}")
    equal(world.tree(), before, "the home")
    equal(world.json("list")["browsers"][0]["manifests"][0]["state"], "not readable", "state")


def test_a_folder_without_the_right_to_write_is_named(world):
    needs_root()
    os.chown(world.folder, NOBODY, NOBODY)
    world.json("install", "chromium", user=NOBODY)
    (world.folder / CHROMIUM).parent.chmod(0o500)
    before = world.tree()
    for words in (["install", "chromium", "--extension", OTHER["chromium"]], ["uninstall"]):
        contains(world.refused(*words, user=NOBODY)[0]["problem"], "Permission denied", f"{words}")
    equal(world.tree(), before, "the home")
    (world.folder / CHROMIUM).parent.chmod(0)
    contains(world.refused("install", "chromium", user=NOBODY)[0]["problem"], "Permission denied", "a closed folder")
    rows = [row["manifests"][0] for row in world.json("list", user=NOBODY)["browsers"] if row["browser"] == "chromium"]
    equal([row["state"] for row in rows], ["not readable"], "list")


# --- the host -----------------------------------------------------------------------------------

def test_a_host_that_others_can_change_is_not_named(world):
    world.install_programs()
    deeper = world.programs / "deeper"
    deeper.mkdir()
    for name in ("sealring", "sealring-cli", "sealring-host"):
        (world.programs / name).rename(deeper / name)
    top, world.programs = world.programs, deeper
    try:
        for part, mode, words in ((world.host, 0o775, "chmod go-w"), (world.host, 0o757, "chmod go-w"),
                                  (deeper, 0o775, "chmod go-w"), (top, 0o775, "chmod go-w"),
                                  (top, 0o1777, "open to everybody"), (deeper, 0o2770, "chmod go-w")):
            before = part.stat().st_mode
            part.chmod(mode)
            run = world.run("install", "chromium").expect(1, f"{part.name} {mode:o}")
            contains(run.errors, words, f"{part.name} {mode:o}")
            contains(run.errors, str(part), f"{part.name} {mode:o}")
            part.chmod(before)
        equal(world.tree(), {}, "the home")
        world.json("install", "chromium")
        check_whole(world.folder / CHROMIUM, deeper / "sealring-host")
    finally:
        world.programs = top


def test_a_host_of_another_user_is_not_named(world):
    needs_root()
    for part in (world.host, world.programs):
        os.chown(part, NOBODY, NOBODY)
        contains(world.run("install", "chromium").expect(1, str(part)).errors, "another user", str(part))
        os.chown(part, 0, 0)
    os.chown(world.folder, NOBODY, NOBODY)
    world.json("install", "chromium", user=NOBODY)
    check_whole(world.folder / CHROMIUM, world.host)


def test_a_host_that_is_missing_or_cannot_run_is_not_named(world):
    world.host.chmod(0o644)
    check(world.run("install", "chromium").expect(1, "not executable").errors, "no message")
    world.host.unlink()
    contains(world.run("install", "chromium").expect(1, "missing").errors, "sealring-host", "message")
    equal(world.tree(), {}, "the home")


def test_links_in_the_path_of_the_host_are_resolved(world):
    world.install_programs()
    link = world.programs / "link"
    (world.programs / "real").mkdir()
    (world.programs / "sealring-host").rename(world.programs / "real/sealring-host")
    link.symlink_to("real/sealring-host")
    link.rename(world.programs / "sealring-host")
    world.json("install", "chromium")
    check_whole(world.folder / CHROMIUM, world.programs / "real/sealring-host")


def test_a_manifest_for_an_older_place_is_shown_and_brought_up_to_date(world):
    world.json("install", "firefox", "--extension", UUID)
    text = (world.folder / FIREFOX).read_text().replace(str(world.host), "/opt/old/sealring-host")
    (world.folder / FIREFOX).write_text(text)
    rows = [row for row in world.json("list")["browsers"] if row["browser"] == "firefox"]
    equal((rows[0]["manifests"][0]["state"], rows[0]["manifests"][0]["host"]), ("other host", "/opt/old/sealring-host"), "list")
    world.json("install", "firefox")
    equal(ids(check_whole(world.folder / FIREFOX, world.host)), [COMPANION["firefox"], UUID], "ids")


# --- whole at every moment ----------------------------------------------------------------------

def test_a_full_disk_leaves_the_old_manifest(world):
    place = (world.folder / CHROMIUM).parent
    place.mkdir(parents=True, mode=0o700)
    with small_file_system(place, "16k"):
        world.json("install", "chromium")
        before = (place / NAME).read_text()
        (place / "filler").write_bytes(b"")
        with open(place / "filler", "wb", 0) as filler:
            try:
                while True:
                    filler.write(b"x" * 512)
            except OSError:
                pass
        contains(world.refused("install", "chromium", "--extension", OTHER["chromium"])[0]["problem"], "make room", "problem")
        equal((place / NAME).read_text(), before, "the manifest")
        equal(sorted(os.listdir(place)), ["filler", NAME], "files")
        (place / "filler").unlink()
        world.json("install", "chromium", "--extension", OTHER["chromium"])
        equal(ids(check_whole(place / NAME, world.host)), [COMPANION["chromium"], OTHER["chromium"]], "with room again")


def test_killed_at_any_moment_it_leaves_the_old_manifest_or_the_new(world):
    world.json("install", "chromium")
    place = world.folder / CHROMIUM
    seen = set()
    for _ in range(ROUNDS):
        process = world.start("install", "chromium", "--extension", OTHER["chromium"])
        time.sleep(random.uniform(0, 0.012))
        process.send_signal(signal.SIGKILL)
        process.communicate()
        seen.add(len(ids(check_whole(place, world.host))))
        world.json("uninstall", "--extension", OTHER["chromium"])
        equal(os.listdir(place.parent), [NAME], "what a killed process left")
    check(seen <= {1, 2}, f"numbers of ids {seen}")
    for half in ("x", ""):
        (place.parent / f".{NAME}.new").write_text(half)
        world.json("install", "chromium", "--extension", OTHER["chromium"])
        world.json("uninstall", "--extension", OTHER["chromium"])
        equal(os.listdir(place.parent), [NAME], "a half-written file of before")


def test_two_at_once_lose_no_id(world):
    names = [f"n{number}@example.com" for number in range(16)]
    running = [world.start("install", "firefox", "--extension", name) for name in names]
    for process in running:
        process.communicate()
    equal([process.returncode for process in running], [0] * 16, "statuses")
    equal(set(ids(world.manifest(FIREFOX))), {COMPANION["firefox"], *names}, "ids")
    running = [world.start("uninstall", "--extension", name) for name in names]
    for process in running:
        process.communicate()
    equal(ids(world.manifest(FIREFOX)), [COMPANION["firefox"]], "ids afterwards")


def test_install_and_uninstall_at_once_leave_a_whole_manifest_or_none(world):
    for _ in range(ROUNDS // 4):
        running = [world.start("install", "firefox"), world.start("uninstall"), world.start("install", "firefox"),
                   world.start("uninstall")]
        said = [process.communicate() for process in running]
        equal([process.returncode for process in running], [0] * 4, f"statuses ({said})")
        if (world.folder / FIREFOX).exists():
            check_whole(world.folder / FIREFOX, world.host)
        check(set(files(world)) <= {FIREFOX}, f"files {files(world)}")


def test_a_folder_that_stays_locked_is_named_after_a_while(world):
    world.json("install", "firefox")
    descriptor = os.open((world.folder / FIREFOX).parent, os.O_RDONLY)
    fcntl.flock(descriptor, fcntl.LOCK_EX)
    try:
        start = time.monotonic()
        contains(world.refused("install", "firefox", "--extension", UUID)[0]["problem"], "locked", "problem")
        check(4 < time.monotonic() - start < 15, "the time it takes")
    finally:
        os.close(descriptor)


# --- for all users ------------------------------------------------------------------------------

def test_for_all_users_it_needs_root(world):
    needs_root()
    os.chown(world.folder, NOBODY, NOBODY)
    for command in ("install", "uninstall"):
        run = world.run(command, "--system", user=NOBODY).expect(1, command)
        contains(run.errors, "sudo", command)


def test_root_serves_both_kinds_of_firefox_where_there_is_lib64(world):
    """That of the distribution, and that of its makers."""
    needs_root()
    script = world.write("script", """#!/bin/sh -e
mount --make-rprivate / 2>/dev/null || exit 77
mount -t tmpfs tmpfs /mnt || exit 77
for folder in lib lib64; do
    mkdir -p /mnt/$folder/upper /mnt/$folder/work
    mount -t overlay -o lowerdir=/usr/$folder,upperdir=/mnt/$folder/upper,workdir=/mnt/$folder/work overlay /usr/$folder || exit 77
done
rm -rf /usr/lib/mozilla /usr/lib64/mozilla
sealring browser install --system firefox librewolf --json
mkdir /usr/lib64/mozilla
sealring browser install --system firefox librewolf zen --json
sealring browser list --all --json
sealring browser uninstall --system --json
""", 0o755)
    world.environment["PATH"] = f"{world.install_programs()}:/usr/sbin:/usr/bin:/sbin:/bin"
    run = subprocess.run(["unshare", "-m", "--propagation", "unchanged", script], env=world.environment, capture_output=True, text=True, check=False)
    if run.returncode == 77:
        raise cli_world.Skip("mount does not work here")
    equal(run.returncode, 0, f"status ({run.stdout[-300:]} {run.stderr[-300:]})")
    before, both, listed, removed = map(json.loads, run.stdout.splitlines())
    file = "native-messaging-hosts/org.sealring.host.json"
    outcomes = [[(row["path"], row["outcome"]) for row in found["manifests"]] for found in (before, both, removed)]
    lib, lib64, librewolf = (f"/usr/{name}/{file}" for name in ("lib/mozilla", "lib64/mozilla", "lib/librewolf"))
    equal(outcomes[0], [(lib, "written"), (librewolf, "written")], "without lib64")
    equal(outcomes[1], [(lib, "unchanged"), (lib64, "written"), (librewolf, "unchanged")], "with it")
    equal([(row["scope"], row["state"]) for row in next(row for row in listed["browsers"] if row["browser"] == "firefox")["manifests"]],
          [("user", "none"), ("system", "installed"), ("system", "installed")], "the list")
    equal(outcomes[2], [(path, "removed") for path in (lib, lib64, librewolf)], "afterwards")


def test_root_writes_for_all_users(world):
    needs_root()
    script = world.write("script", """#!/bin/sh -e
mount --make-rprivate / 2>/dev/null || exit 77
mount -t tmpfs -o mode=0755 tmpfs /etc/opt || exit 77
mount -t tmpfs -o mode=0755 tmpfs /etc/chromium || exit 77
umask 077
sealring browser install --system chrome brave edge chromium helium --extension ponmlkjihgfedcbaponmlkjihgfedcba --json
sealring browser install --system chrome --json
sealring browser list --all --json
find /etc/opt /etc/chromium -type f -exec stat -c '%a %n' '{}' +
find /etc/opt /etc/chromium -mindepth 1 -type d -exec stat -c '%a %n' '{}' + >&2
sealring browser uninstall --system --json
find /etc/opt /etc/chromium -type f
""", 0o755)
    world.environment["PATH"] = f"{world.install_programs()}:/usr/sbin:/usr/bin:/sbin:/bin"
    if not os.path.isdir("/etc/opt") or not os.path.isdir("/etc/chromium"):
        raise cli_world.Skip("/etc/opt or /etc/chromium is not there")
    run = subprocess.run(["unshare", "-m", "--propagation", "unchanged", script], env=world.environment, capture_output=True, text=True, check=False)
    if run.returncode == 77:
        raise cli_world.Skip("mount does not work here")
    equal(run.returncode, 0, f"status ({run.stdout[-300:]} {run.stderr[-300:]})")
    installed, again, listed, *found, removed = run.stdout.splitlines()
    rows = json.loads(installed)["manifests"]
    equal([row["browsers"][0] for row in rows], ["chrome", "edge", "chromium"], "targets")
    check("brave" in rows[0]["browsers"], "Brave reads Chrome's folder")
    equal(json.loads(again)["manifests"][0]["outcome"], "unchanged", "the second time")
    chrome = next(row for row in json.loads(listed)["browsers"] if row["browser"] == "chrome")
    equal([(row["scope"], row["state"]) for row in chrome["manifests"]], [("user", "none"), ("system", "installed")], "list")
    folders = ("/etc/chromium", "/etc/opt/chrome", "/etc/opt/edge")
    equal(sorted(found), [f"644 {folder}/native-messaging-hosts/{NAME}" for folder in folders], "files")
    check(all(line.startswith("755 ") for line in run.stderr.splitlines()), f"folders {run.stderr}")
    equal([row["outcome"] for row in json.loads(removed)["manifests"]], ["removed"] * 3, "uninstall")


def test_for_all_users_the_host_must_be_roots(world):
    needs_root()
    os.chown(world.host, NOBODY, NOBODY)
    contains(world.run("install", "--system", "chrome").expect(1, "a user's host").errors, "as root", "message")


# --- sandboxes, list ----------------------------------------------------------------------------

def test_sandboxed_browsers_are_told_what_is_possible(world):
    for place in ("snap/firefox", "snap/chromium", ".var/app/com.brave.Browser", ".var/app/org.mozilla.firefox"):
        (world.folder / place).mkdir(parents=True)
    result = world.json("install")
    equal([row["browsers"][0] for row in result["manifests"]], ["firefox"], "only the snap of Firefox can")
    notes = result["notes"]
    equal(len(notes), 4, f"notes {notes}")
    for part in ("flatpak permission-set webextensions org.sealring.host snap.firefox yes", "the snap chromium may not",
                 "--talk-name=org.freedesktop.Flatpak com.brave.Browser"):
        check(any(part in note for note in notes), f"{part}: {notes}")
    rows = {row["browser"]: row for row in world.json("list")["browsers"]}
    equal(rows["firefox"]["flavours"], ["snap", "flatpak"], "Firefox")
    equal(rows["chromium"]["flavours"], ["snap"], "Chromium")
    equal(rows["brave"]["flavours"], ["flatpak"], "Brave")
    contains(world.run("list").expect(0, "list").output, "snap, flatpak", "list for people")
    equal(set(files(world)), {FIREFOX}, "files")


def test_a_script_that_starts_a_snap_is_not_a_package(world):
    world.program("chromium-browser", "#!/bin/sh\nexec /snap/bin/chromium \"$@\"\n")
    equal(world.json("install")["manifests"], [], "manifests")
    world.program("chromium-browser", "#!/bin/sh\nexec /usr/lib/chromium/chromium \"$@\"\n")
    equal([row["browsers"] for row in world.json("install")["manifests"]], [["chromium"]], "manifests")


def test_list_shows_every_state(world):
    world.json("install", "chrome", "chromium", "brave", "edge", "vivaldi")
    world.write(f"{USER_FOLDERS['chromium']}/{NAME}", "{")
    world.write(f"{USER_FOLDERS['brave']}/{NAME}", '{"name":"com.x","path":"/x","type":"stdio","allowed_origins":[]}')
    (world.folder / USER_FOLDERS["edge"] / NAME).unlink()
    (world.folder / USER_FOLDERS["edge"] / NAME).mkdir()
    world.program("opera")
    text = (world.folder / USER_FOLDERS["vivaldi"] / NAME).read_text().replace(str(world.host), "/opt/sealring-host")
    world.write(f"{USER_FOLDERS['vivaldi']}/{NAME}", text)
    states = {row["browser"]: row["manifests"][0] for row in world.json("list")["browsers"]}
    equal({name: row["state"] for name, row in states.items()},
          {"chrome": "installed", "chromium": "damaged", "brave": "foreign", "edge": "not readable", "opera": "none",
           "vivaldi": "other host"}, "states")
    equal(states["chrome"]["extensions"], [COMPANION["chromium"]], "ids")
    check(all(states[name]["problem"] for name in ("chromium", "brave", "edge")), f"problems {states}")
    listed = world.run("list", "--all").expect(0, "list --all").output
    for name in USER_FOLDERS:
        contains(listed, name, "list --all")


if __name__ == "__main__":
    cli_world.main("browser install", dict(globals()), ManifestWorld)
