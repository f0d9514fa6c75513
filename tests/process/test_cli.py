#!/usr/bin/env -S python3 -B
# tests/run: timeout=600
"""Every command of sealring with a real agent, a vault and a prompt-command that agrees or denies."""
import json
import re
import select
import shutil
import stat
import subprocess
import time
from pathlib import Path

from cli_world import (ADDRESS_ONE, BUILD, EXTENSION, KEY_ONE, PAGE, PASSPHRASE, SEALRING, Failure, World, check, contains, equal,
                       is_running, main, message, wait_until)

SIGNATURE = re.compile(r"0x[0-9a-f]{130}")
KEY_TWO = "0" * 63 + "2"
TYPED_DATA = {"types": {"EIP712Domain": [{"name": "name", "type": "string"}],
                        "Mail": [{"name": "contents", "type": "string"}]},
              "primaryType": "Mail", "domain": {"name": "Ether Mail"}, "message": {"contents": "Hello, Bob!"}}


def make_world():
    world = World()
    world.unlock()
    return world


def reason(run):
    return run.json["error"]["data"]["reason"]


def refused(world, status, why, *words, **options):
    """The command fails with this status and reason, for people and for programs."""
    what = " ".join(map(str, words))[:100]
    run = world.run(*words, **options).expect(status, what)
    check(run.errors.startswith("sealring: "), f"{what}: {run.errors!r}")
    equal(run.output, "", f"{what}: standard output")
    equal(reason(world.run(*words, "--json", **options).expect(status, f"{what} --json")), why, what)


# --- agent, store -------------------------------------------------------------------------------

def test_agent_starts_reports_and_stops(world):
    pid = world.json("status")["pid"]
    status = world.json("agent", "start")
    equal((status["pid"], status["store"]["name"], status["store"]["state"], status["prompt"], status["keys"]),
          (pid, "vault", "open", "command", 0), "agent start")
    text = world.run("status").expect(0, "status").output
    for part in ("Agent:", f"process {pid}", "vault, open", "Sockets:"):
        contains(text, part, "status")
    equal(world.run("agent", "stop").expect(0, "agent stop").output, "Stopped.\n", "agent stop")
    wait_until(lambda: not is_running(pid), "the end of the agent")
    world.run("status").expect(4, "status afterwards")


def test_agent_start_with_a_passphrase_unlocks_at_once(world):
    world.import_key()
    world.run("agent", "stop").expect(0, "agent stop")
    refused(world, 1, "WRONG_PASSPHRASE", "agent", "start", "--passphrase-fd", "{fd}", passphrase="wrong")
    status = world.json("agent", "start", "--passphrase-fd", "{fd}", passphrase=PASSPHRASE + "\n")
    equal((status["store"]["state"], status["keys"]), ("open", 1), "status")


def test_lock_and_unlock(world):
    world.import_key()
    equal(world.run("lock").expect(0, "lock").output, "Locked.\n", "lock")
    equal(world.json("status")["store"]["state"], "locked", "state")
    refused(world, 1, "WRONG_PASSPHRASE", "unlock", "--passphrase-fd", "{fd}", passphrase="wrong")
    equal(world.json("status")["store"]["state"], "locked", "state after a wrong passphrase")
    status = world.json("unlock", "--passphrase-fd", "{fd}", passphrase=PASSPHRASE)
    equal((status["store"]["state"], status["keys"]), ("open", 1), "after unlock")
    for empty in ("", "\n"):
        world.run("unlock", "--passphrase-fd", "{fd}", passphrase=empty).expect(2, "an empty passphrase")
    world.run("unlock", "--passphrase-fd", "{fd}", passphrase="x" * 5000).expect(1, "a huge passphrase")
    world.run("unlock", "--passphrase-fd", "999").expect(2, "a descriptor that is not open")


def test_store_show(world):
    shown = world.json("store", "show")
    equal((shown["configured"], shown["active"], shown["state"]), ("vault", "vault", "open"), "store show")
    contains(world.run("store", "show").expect(0, "store show").output, "Active:", "store show")


def test_store_move_to_nowhere_says_so_and_loses_nothing(world):
    world.import_key()
    refused(world, 1, "INVALID_PARAMS", "store", "move", "secret-service")
    world.run("agent", "stop").expect(0, "agent stop")
    world.write("config/sealring/sealring.conf",
                f"store = auto\nscrypt-log2-n = 15\nprompt-command = {world.folder}/prompt\n")
    world.unlock()
    refused(world, 4, "STORE_UNAVAILABLE", "store", "move", "secret-service")
    equal(len(world.json("key", "list")["keys"]), 1, "keys afterwards")


def doctor_row(world, name):
    return next(row for row in world.run("doctor", "--json").json["checks"] if row["name"] == name)


def agent_rows(world):
    return [row for row in world.json("doctor")["checks"] if row["name"] == "agent"]


def test_doctor_says_that_keys_are_not_known_while_locked(world):
    world.run("lock").expect(0, "lock")
    row = doctor_row(world, "keys")
    equal((row["state"], row["detail"]), ("ok", "not known before it is unlocked"), "the keys")
    contains(world.run("status").output, "not known before", "status")
    check("keys" not in world.json("status"), "a number that nobody knows")


def test_doctor_names_an_agent_that_has_not_read_the_configuration(world):
    equal([row["state"] for row in agent_rows(world)], ["ok"], "at first")
    path = world.folder / "config/sealring/sealring.conf"
    path.write_text(path.read_text() + "developer-mode = true\n")
    rows = agent_rows(world)
    equal([row["state"] for row in rows], ["ok", "warn"], "afterwards")
    contains(rows[1]["next"], "sealring agent stop", "the advice")
    world.run("agent", "stop").expect(0, "stop")
    world.unlock()
    equal([row["state"] for row in agent_rows(world)], ["ok"], "after the advice")


def test_doctor_names_an_agent_whose_program_was_replaced(world):
    programs = world.folder / "programs"
    shutil.copytree(BUILD, programs, ignore=lambda _, names: [name for name in names if not name.startswith("sealring")])
    world.run("agent", "stop").expect(0, "stop")
    run = lambda *words: subprocess.run([programs / "sealring", *words], env=world.environment, capture_output=True, text=True, check=False)  # noqa: E731
    ready = run("agent", "start")
    equal((ready.returncode, ready.stderr), (0, ""), "start")
    new = programs / "new"
    shutil.copy(programs / "sealring-agent", new)
    new.rename(programs / "sealring-agent")
    rows = [row for row in json.loads(run("doctor", "--json").stdout)["checks"] if row["name"] == "agent"]
    contains(rows[0]["detail"], "replaced or removed", "the agent")


def test_doctor_is_content(world):
    world.import_key()
    found = world.json("doctor")
    check(found["ok"], "not ok")
    states = {item["name"]: item["state"] for item in found["checks"]}
    for name in ("sealring-agent", "configuration", "socket folder", "agent", "store", "prompt", "keys"):
        equal(states.get(name), "ok", name)
    for name in ("PKCS#11 module", "PKCS#11 socket"):
        equal(states.get(name), "ok", name)
    (world.folder / "run/s/pkcs11.sock").unlink()
    found = world.run("doctor", "--json").expect(1, "doctor without the socket").json
    bad = [(item["name"], item["next"]) for item in found["checks"] if item["state"] == "fail"]
    equal([name for name, _ in bad], ["PKCS#11 socket"], "failed checks")
    contains(bad[0][1], "sealring agent stop", "advice")


# --- keys ---------------------------------------------------------------------------------------

def test_keys_are_made_listed_renamed_and_chosen(world):
    first = world.json("key", "create")["key"]
    equal((first["name"], first["type"], first["default"], first["sealed"]), ("Key 1", "secp256k1", True, False), "first")
    second = world.json("key", "create", "--name", "Second")["key"]
    equal(second["default"], False, "second is default")
    for kind in ("p256", "ed25519"):
        equal(world.json("key", "create", "--type", kind, "--name", kind)["key"]["type"], kind, "type")
    equal(len(world.json("key", "list")["keys"]), 4, "keys")
    equal(world.json("key", "show")["id"], first["id"], "key show")
    for name in (second["id"], "Second", second["address"], second["address"].lower()):
        equal(world.json("key", "show", name)["id"], second["id"], f"key show {name}")
    equal(world.json("key", "rename", "Second", "Spare")["key"]["name"], "Spare", "rename")
    equal(world.json("key", "default", "Spare")["key"]["default"], True, "default")
    equal(world.json("key", "show")["name"], "Spare", "the default key")
    text = world.run("key", "list").expect(0, "key list").output.splitlines()
    equal(len(text), 5, "lines of key list")
    columns = text[0].index("TYPE")
    check(all(line[columns - 1] == " " and line[columns] != " " for line in text), f"not aligned: {text}")
    refused(world, 1, "KEY_EXISTS", "key", "rename", "Spare", "Key 1")
    refused(world, 1, "KEY_NOT_FOUND", "key", "show", "Nobody")
    refused(world, 1, "KEY_NOT_FOUND", "key", "rename", "Nobody", "Somebody")
    refused(world, 1, "INVALID_PARAMS", "key", "create", "--type", "rsa")
    refused(world, 1, "INVALID_PARAMS", "key", "default", "p256")


def test_names_cannot_command_the_terminal(world):
    world.run("key", "create", "--name", "\x1b[31mred").expect(1, "a control character in a name")
    world.run("key", "create", "--name", "K\u00e4se \u202e")
    output = world.run("key", "list").output
    check(output.isascii() and "\x1b" not in output, f"not plain: {output!r}")


def test_a_key_is_imported_from_hexadecimal(world):
    key = world.import_key()
    equal(key["address"], ADDRESS_ONE, "address")
    refused(world, 1, "KEY_EXISTS", "key", "import", "-", stdin="0x" + KEY_ONE + "\n")
    file = world.write("key.hex", KEY_TWO + "\n")
    equal(world.json("key", "import", "--format", "hex", file)["key"]["address"],
          "0x2B5AD5c4795c026514f8317c7a215E218DcCD6cF", "address of the key 2")
    for bad in ("", "zz", "0" * 64, "f" * 64, KEY_ONE + "00", "x" * 60000):
        refused(world, 1, "MALFORMED_KEY", "key", "import", "--format", "hex", "-", stdin=bad)
    refused(world, 1, "LIMIT_EXCEEDED", "key", "import", "-", stdin="0" * 70000)
    refused(world, 1, "INVALID_PARAMS", "key", "import", "/nonexistent")
    equal(len(world.json("key", "list")["keys"]), 2, "keys")


def test_a_key_is_exported_and_imported_as_a_keystore(world):
    world.import_key()
    path = world.folder / "one.json"
    result = world.json("key", "export", "One", "--output", path, "--passphrase-fd", "{fd}", passphrase="for the file")
    equal(result, {"output": str(path)}, "key export")
    equal(stat.S_IMODE(path.stat().st_mode), 0o600, "mode")
    equal(json.loads(path.read_text())["version"], 3, "keystore version")
    contains(world.shown(), "One", "what the prompt showed")
    world.run("key", "delete", "One").expect(0, "key delete")
    equal(world.json("key", "list")["keys"], [], "keys")
    refused(world, 1, "WRONG_PASSPHRASE", "key", "import", path, "--passphrase-fd", "{fd}", passphrase="wrong")
    world.run("key", "import", path).expect(2, "no passphrase and no terminal")
    key = world.json("key", "import", path, "--passphrase-fd", "{fd}", "--name", "Back", passphrase="for the file")["key"]
    equal((key["address"], key["name"]), (ADDRESS_ONE, "Back"), "imported key")
    for bad in ("{", '{"version":3}', "{" + "x" * 60000):
        refused(world, 1, "MALFORMED_KEY", "key", "import", "-", "--passphrase-fd", "{fd}", stdin=bad, passphrase="p")


def test_export_writes_all_or_nothing(world):
    world.import_key()
    path = world.folder / "one.hex"
    words = ["key", "export", "One", "--format", "hex", "--output"]
    world.run(*words, path).expect(0, "key export")
    equal((path.read_text().removeprefix("0x"), stat.S_IMODE(path.stat().st_mode)), (KEY_ONE + "\n", 0o600), "the file")
    before = path.stat()
    refused(world, 1, "INVALID_PARAMS", *words, path)
    equal((path.stat().st_ino, path.stat().st_mtime), (before.st_ino, before.st_mtime), "the file afterwards")
    link = world.folder / "link"
    link.symlink_to(world.folder / "elsewhere")
    for target in (world.folder / "missing/one", link):
        refused(world, 1, "INVALID_PARAMS", *words, target)
    world.answer(False)
    denied = world.folder / "denied"
    refused(world, 3, "USER_REJECTED", *words, denied)
    check(not denied.exists() and not (world.folder / "elsewhere").exists(), "a file was made")
    world.answer(True)
    equal(world.run("key", "export", "One", "--format", "hex").expect(0, "to standard output").output.strip()
          .removeprefix("0x"), KEY_ONE, "standard output")


def test_a_key_is_sealed_and_unsealed(world):
    world.import_key()
    equal(world.json("key", "seal", "One", "--passphrase-fd", "{fd}", passphrase="seal")["key"]["sealed"], True, "sealed")
    world.run("lock").expect(0, "lock")
    world.unlock()
    refused(world, 1, "WRONG_PASSPHRASE", "key", "unseal", "One", "--passphrase-fd", "{fd}", passphrase="wrong")
    equal(world.json("key", "unseal", "One", "--passphrase-fd", "{fd}", passphrase="seal")["key"]["sealed"], False,
          "unsealed")
    made = world.json("key", "create", "--name", "Safe", "--seal", "--passphrase-fd", "{fd}", passphrase="seal")["key"]
    equal((made["name"], made["sealed"]), ("Safe", True), "key create --seal")
    # Without a descriptor or a terminal the agent's own prompt asks.
    equal(world.json("key", "seal", "One")["key"]["sealed"], True, "sealed by the prompt's passphrase")
    equal(world.json("key", "unseal", "One", "--passphrase-fd", "{fd}", passphrase=PASSPHRASE)["key"]["sealed"], False,
          "unsealed with it")


def test_deleting_asks(world):
    world.import_key()
    world.answer(False)
    refused(world, 3, "USER_REJECTED", "key", "delete", "One")
    equal(len(world.json("key", "list")["keys"]), 1, "keys")
    world.answer(True)
    equal(world.run("key", "delete", "One").expect(0, "delete").output, "Deleted.\n", "delete")
    refused(world, 1, "KEY_NOT_FOUND", "key", "delete", "One")


def test_secrets_are_in_no_command_line_environment_or_log(world):
    digits = "c0ffee" + "1" * 58
    world.import_key(digits)
    world.hold()
    process = world.start("key", "export", "One", "--output", str(world.folder / "file"), "--passphrase-fd", "{fd}",
                          passphrase="marker-passphrase")
    world.wait_for_question()
    seen, mine = 0, 0
    for folder in Path("/proc").glob("[0-9]*"):
        for name in ("cmdline", "environ"):
            try:
                data = (folder / name).read_bytes()
            except OSError:
                continue
            seen += 1
            mine += str(world.folder).encode() in data
            check(b"marker-passphrase" not in data and digits.encode() not in data, f"{folder / name} holds a secret")
    check(seen > 10 and mine > 0, f"looked at {seen} files, {mine} of this test")
    world.release()
    output, errors = process.communicate(timeout=60)
    equal(process.returncode, 0, f"key export ({errors})")
    log = world.run("log", "--json").output
    for text in (output.decode(), errors.decode(), log, world.shown()):
        check("marker-passphrase" not in text and digits not in text, "a secret was printed")


# --- signing ------------------------------------------------------------------------------------

def test_a_sign_in_message_is_signed_and_verified(world):
    world.import_key()
    text = message()
    file = world.write("message", text)
    signature = world.run("siwe", "sign", file).expect(0, "siwe sign").output.strip()
    check(SIGNATURE.fullmatch(signature), f"signature {signature!r}")
    contains(world.shown(), "app.example.com", "what the prompt showed")
    result = world.json("siwe", "sign", "-", "--key", "One", stdin=text)
    equal(result, {"signature": signature, "address": ADDRESS_ONE}, "the same from standard input")
    verify = ["siwe", "verify", file, "--signature"]
    contains(world.run(*verify, signature).expect(0, "verify").output, "Valid", "verify")
    equal(world.json(*verify, signature, "--domain", "app.example.com", "--nonce", "abcdefgh12345678")["valid"], True,
          "with expectations")
    wrong = signature[:-3] + ("0" if signature[-3] != "0" else "1") + signature[-2:]
    for words in ([*verify, wrong], [*verify, signature, "--domain", "bank.example"],
                  [*verify, signature, "--nonce", "otherotherother"], [*verify, "0x12"]):
        run = world.run(*words).expect(1, " ".join(map(str, words))[-60:])
        contains(run.output, "Not valid: ", "verdict")
        equal(world.run(*words, "--json").expect(1, "--json").json["valid"], False, "verdict")
    world.answer(False)
    refused(world, 3, "USER_REJECTED", "siwe", "sign", "-", stdin=message(nonce="denieddenied"))


def test_messages_that_do_not_conform_name_the_byte(world):
    world.import_key()
    text = message(nonce="abc")
    for command in ("parse", "sign"):
        error = world.run("siwe", command, "-", "--json", stdin=text).expect(1, command).json["error"]
        equal(error["data"], {"reason": "MALFORMED_SIWE", "field": "nonce", "offset": text.index("abc\n")}, command)
        contains(world.run("siwe", command, "-", stdin=text).expect(1, command).errors, "nonce: at byte", command)
    for bad in (message() + "\n", "", "\x00", b"\xff\xfe", message().replace("\n", "\r\n")):
        refused(world, 1, "MALFORMED_SIWE", "siwe", "sign", "-", stdin=bad)
    editors = "(editors put one there; `head -c -1` takes it away)"
    for command in (["sign"], ["parse"], ["verify", "--signature", "0x" + "0" * 130]):
        for text, ends in ((message() + "\n", True), (message() + "\n\n", False), (message() + "\nx: y\n", False)):
            equal(editors in world.run("siwe", *command, "-", stdin=text).expect(1, "a line feed").errors, ends, f"{command} {text!r}")
    refused(world, 1, "LIMIT_EXCEEDED", "siwe", "sign", "-", stdin="x" * 20000)
    refused(world, 1, "INVALID_PARAMS", "siwe", "sign", "/nonexistent")
    refused(world, 1, "KEY_NOT_FOUND", "siwe", "sign", "-", "--key", "Nobody", stdin=message())


def test_parse_shows_the_fields(world):
    extra = "\nResources:\n- https://a.example/1\n- https://a.example/2"
    fields = world.json("siwe", "parse", "-", stdin=message(extra=extra))["fields"]
    equal((fields["domain"], fields["nonce"], len(fields["resources"])), ("app.example.com", "abcdefgh12345678", 2),
          "fields")
    text = world.run("siwe", "parse", "-", stdin=message(extra=extra)).expect(0, "siwe parse").output
    for part in ("Domain:", "app.example.com", "https://a.example/2"):
        contains(text, part, "siwe parse")


def test_messages_and_typed_data_are_signed(world):
    world.import_key()
    signature = world.run("sign", "--personal", "-", stdin="Hello").expect(0, "sign --personal").output.strip()
    check(SIGNATURE.fullmatch(signature), f"signature {signature!r}")
    contains(world.shown(), "Hello", "what the prompt showed")
    equal(world.json("sign", "--personal", "-", "--key", ADDRESS_ONE, stdin="Hello"), signature, "with --json")
    file = world.write("typed.json", json.dumps(TYPED_DATA))
    typed = world.run("sign", "--typed-data", file).expect(0, "sign --typed-data").output.strip()
    check(SIGNATURE.fullmatch(typed) and typed != signature, f"signature {typed!r}")
    contains(world.shown(), "Hello, Bob!", "what the prompt showed")
    world.run("sign", "--typed-data", "-", stdin="{").expect(1, "not JSON")
    refused(world, 1, "MALFORMED_TYPED_DATA", "sign", "--typed-data", "-",
            stdin=json.dumps({**TYPED_DATA, "primaryType": "Nothing"}))
    refused(world, 1, "LIMIT_EXCEEDED", "sign", "--personal", "-", stdin="x" * 70000)
    refused(world, 1, "KEY_NOT_FOUND", "sign", "--personal", "-", "--key", "Nobody", stdin="x")
    world.answer(False)
    refused(world, 3, "USER_REJECTED", "sign", "--personal", "-", stdin="Hello")


def test_without_a_key_signing_says_what_to_do(world):
    run = world.run("sign", "--personal", "-", stdin="x").expect(1, "sign without a key")
    contains(run.errors, "sealring key create", "advice")
    contains(world.run("key", "list").expect(0, "key list").output, "sealring key create", "advice")


# --- grants, log --------------------------------------------------------------------------------

def test_grants_are_added_listed_and_revoked(world):
    key = world.import_key()
    equal(world.json("grant", "list"), {"grants": []}, "no grants")
    add = ["grant", "add", "--extension", EXTENSION, "--origin", PAGE, "--key", "One"]
    grant = world.json(*add)["grant"]
    equal((grant["kind"], grant["extension"], grant["origin"], grant["key"]),
          ("accounts", f"chrome-extension://{EXTENSION}", PAGE, key["id"]), "grant")
    refused(world, 1, "INVALID_PARAMS", *add, "--like", world.write("old", message()))
    fresh = message().replace("2026-11-24T10:00:00.000Z", time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()))
    remembered = world.json(*add, "--like", world.write("message", fresh), "--days", "7")["grant"]
    equal((remembered["kind"], remembered["domain"]), ("siwe", "app.example.com"), "remembered sign-in")
    text = world.run("grant", "list").expect(0, "grant list").output
    equal(len(text.splitlines()), 3, f"lines of {text!r}")
    equal(world.run("grant", "revoke", grant["id"]).expect(0, "revoke").output, "Revoked.\n", "revoke")
    equal([item["id"] for item in world.json("grant", "list")["grants"]], [remembered["id"]], "grants")
    refused(world, 1, "KEY_NOT_FOUND", "grant", "revoke", "nothing")
    world.run(*add, "--like", "-", stdin=b"\xff").expect(1, "a message that is not text")
    world.run(*add, "--like", "-", "--days", "400", stdin=message()).expect(2, "too many days")
    world.answer(False)
    refused(world, 3, "USER_REJECTED", *add[:4], "--origin", "https://other.example", "--key", "One")


def test_the_log_is_shown_limited_and_verified(world):
    world.import_key()
    for number in range(4):
        world.run("sign", "--personal", "-", stdin=f"text {number}").expect(0, "sign")
    entries = world.json("log")["entries"]
    numbers = [entry["seq"] for entry in entries]
    check(len(entries) >= 4 and numbers == sorted(numbers), f"entries {numbers}")
    equal([entry["seq"] for entry in world.json("log", "--limit", "2")["entries"]], numbers[-2:], "the last two")
    equal(len(world.json("log", "--limit", "0")["entries"]), len(entries), "all")
    text = world.run("log").expect(0, "log").output
    check(len(text.splitlines()) == len(entries) and "text 1" not in text, f"log: {text[:300]!r}")
    equal(world.json("log", "--verify"), {"entries": len(entries), "valid": True}, "log --verify")
    contains(world.run("log", "--verify").expect(0, "log --verify").output, "none changed", "log --verify")


def test_the_log_is_followed(world):
    world.import_key()
    process = world.start("log", "--follow", "--json", bufsize=0)  # select() must see a line that came with another
    try:
        first = json.loads(process.stdout.readline())
        check("seq" in first, "an old entry")
        world.run("sign", "--personal", "-", stdin="followed").expect(0, "sign")
        last = world.json("log", "--limit", "1")["entries"][0]
        deadline = time.monotonic() + 30
        seen = first["seq"]
        while seen < last["seq"]:
            ready, _, _ = select.select([process.stdout], [], [], max(0, deadline - time.monotonic()))
            if not ready:
                raise Failure(f"entry {last['seq']} does not come, the last was {seen}")
            entry = json.loads(process.stdout.readline())
            equal(entry["seq"], seen + 1, "the next entry")
            seen = entry["seq"]
        world.run("agent", "stop").expect(0, "agent stop")
        process.communicate(timeout=30)
        equal(process.returncode, 4, "status when the agent goes away")
    finally:
        if process.poll() is None:
            process.kill()
            process.communicate()


def test_a_full_disk_is_not_success(world):
    world.import_key()
    with open("/dev/full", "wb") as full:
        run = subprocess.run([SEALRING, "key", "list"], env=world.environment, stdin=subprocess.DEVNULL, stdout=full,
                             stderr=subprocess.PIPE, start_new_session=True, timeout=20, check=False)
    equal(run.returncode, 1, "status")
    contains(run.stderr.decode(), "No space left", "error")


if __name__ == "__main__":
    main("cli", globals(), make_world)
