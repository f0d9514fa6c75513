#!/usr/bin/env -S python3 -B
"""sealring without an agent: the command line itself, its help, and `siwe check`."""
import json
import os
import re
import resource
import select
import socket
import struct
import subprocess
import threading
import time
from pathlib import Path

from cli_world import BUILD, SEALRING, Failure, Skip, check, contains, equal, main, message

ROOT = Path(__file__).resolve().parent.parent.parent


def commands(world):
    """Every command, from the help."""
    lines = world.run("help").expect(0, "help").output.splitlines()
    names = [re.match(r"  ((?:[a-z0-9]+ ?)+)", line)[1].strip() for line in lines if line.startswith("  ")]
    return [re.sub(r" (secret|set).*", "", name) for name in names]


def test_version_and_help_are_printed(world):
    equal(world.run("--version").expect(0, "--version").output.split()[0], "sealring", "--version")
    for words in (["help"], ["--help"], ["-h"], ["help", "key"], ["key", "--help"], ["help", "key", "create"]):
        contains(world.run(*words).expect(0, " ".join(words)).output, "Usage: sealring", " ".join(words))


def test_every_command_has_help_a_man_page_entry_and_completion(world):
    names = commands(world)
    equal(len(names), 47, f"number of commands ({names})")
    manual = (ROOT / "packaging/man/sealring.1").read_text().replace("\\-", "-").replace("\\fR", "").replace("\\fB", "")
    completion = (ROOT / "packaging/completions/sealring.bash").read_text()
    for name in names:
        text = world.run(*name.split(), "--help").expect(0, f"{name} --help").output
        contains(text, f"Usage: sealring {name}", f"{name} --help")
        contains(manual, name, "sealring.1")
        for option in re.findall(r"^  (--[a-z-]+)", text, re.M):
            contains(manual, option, f"sealring.1 on {name}")
            contains(completion, option[2:], f"the completion of {name}")
        for word in name.split():
            check(re.search(rf"\b{word}\b", completion), f"the completion does not know {word}")


def test_usage_errors_have_status_2_and_say_what_is_wrong(world):
    cases = [
        ([], "a command is missing"), (["nonsense"], "no command nonsense"), (["key"], "no command key"),
        (["key", "nonsense"], "no command key nonsense"), (["key", "create", "--nonsense"], "--nonsense"),
        (["key", "create", "-x"], "-x"), (["key", "create", "word"], "word"), (["key", "rename", "a"], "missing"),
        (["key", "create", "--name"], "--name needs a value"), (["key", "create", "--seal=yes"], "takes no value"),
        (["key", "create", "--name", "a", "--name", "b"], "twice"), (["key", "delete"], "missing"),
        (["unlock", "--passphrase-fd", "x"], "whole number"), (["unlock", "--passphrase-fd", "-1"], "whole number"),
        (["key", "import", "--format", "pem", "-"], "hex or keystore"), (["key", "import"], "name the file"),
        (["sign", "-"], "--personal or --typed-data"),
        (["sign", "--personal", "--typed-data", "-"], "--personal or"), (["siwe", "verify", "-"], "--signature"),
        (["siwe", "check"], "--jsonl"), (["grant", "add"], "--extension"), (["log", "--limit", "-5"], "whole number"),
        (["grant", "add", "--extension", "e", "--key", "k", "--days", "3"], "--like"),
        (["log", "--verify", "--follow"], "alone"), (["store", "move", "cloud"], "secret-service or vault"),
        (["key", "create", "--passphrase-fd", "0"], "--seal"), (["help", "nonsense"], "no command"),
        (["key", "export", "K", "--format", "hex", "--passphrase-fd", "0"], "keystore"),
        (["agent", "start", "--foreground", "--passphrase-fd", "0"], "--foreground"),
        (["browser", "install", "netscape"], "none of chrome"), (["browser", "uninstall", "Chrome"], "none of chrome"),
        (["browser", "install", "--extension", "short"], "no extension"), (["browser", "install", "--extension"], "needs a value"),
        (["browser", "install", "--extension", "a@b", "--extension", "qbcdefghijklmnopabcdefghijklmnop"], "no extension"),
        (["browser", "list", "firefox"], "too many"), (["browser", "install", "--all", "--all"], "twice"),
        (["x" * 100000], "no command"), (["key", "create", "--" + "y" * 100000], "unknown option"),
    ]
    for words, part in cases:
        run = world.run(*words).expect(2, " ".join(words)[:60])
        equal(run.output, "", f"{words}: standard output")
        check(run.errors.startswith("sealring: ") and len(run.errors) < 400, f"{words}: {run.errors[:200]!r}")
        contains(run.errors, part, f"{words}"[:100])
        answer = world.run("--json", *words).expect(2, f"{words} --json"[:80])
        equal(answer.errors, "", f"{words} --json: standard error"[:100])
        equal(answer.json["error"]["data"]["reason"], "INVALID_PARAMS", f"{words} --json"[:100])


def test_an_exported_key_does_not_go_into_a_result(world):
    error = world.run("key", "export", "K", "--json").expect(2, "key export --json").json["error"]
    contains(error["message"], "--output", "error")


def test_a_private_key_on_the_command_line_is_refused_and_not_repeated(world):
    digits = "ab" * 32
    for word in (digits, "0x" + digits):
        run = world.run("key", "import", word).expect(2, "key import DIGITS")
        check(digits not in run.output + run.errors, "the digits are in the error")


def test_without_an_agent_status_is_4_and_nothing_is_started(world):
    for words in (["status"], ["agent", "stop"]):
        run = world.run(*words).expect(4, " ".join(words))
        contains(run.errors, "not running", " ".join(words))
        contains(run.errors, "agent start", " ".join(words))
        equal(world.run(*words, "--json").expect(4, "--json").json["error"]["data"]["reason"], "AGENT_UNAVAILABLE",
              " ".join(words))
    contains(world.run("lock").expect(0, "lock").output, "not running", "lock")
    equal(world.run("lock", "--json").expect(0, "lock --json").output, "null\n", "lock --json")
    check(not (world.folder / "run/s").exists(), "a socket folder was made")


def test_doctor_names_what_is_wrong(world):
    run = world.run("doctor").expect(4, "doctor without an agent")
    for part in ("sealring-agent", "configuration", "session bus", "not running", "->"):
        contains(run.output, part, "doctor")
    world.write("config/sealring/sealring.conf", "colour = blue\n")
    found = world.run("doctor", "--json").expect(1, "doctor with a bad configuration").json
    bad = [item for item in found["checks"] if item["state"] == "fail"]
    equal([item["name"] for item in bad], ["configuration"], "failed checks")
    contains(bad[0]["detail"], "colour", "the configuration error")
    check(found["ok"] is False and bad[0]["next"], "ok, or no next step")


def test_doctor_refuses_a_socket_folder_that_others_can_enter(world):
    (world.folder / "run/s").mkdir(mode=0o755)
    (world.folder / "run/s").chmod(0o755)
    found = world.run("doctor", "--json").expect(1, "doctor").json["checks"]
    equal([item["state"] for item in found if item["name"] == "socket folder"], ["fail"], "socket folder")
    world.environment["DBUS_SESSION_BUS_ADDRESS"] = "disabled:"
    found = world.run("doctor", "--json").json["checks"]
    equal([item["state"] for item in found if item["name"] == "session bus"], ["warn"], "session bus")


# --- siwe check ---------------------------------------------------------------------------------

def answers(world, lines, *options):
    data = lines if isinstance(lines, bytes) else "".join(line + "\n" for line in lines).encode()
    run = world.run("siwe", "check", "--jsonl", *options, stdin=data).expect(0, "siwe check")
    return [json.loads(line) for line in run.output.split("\n")[:-1]]


def test_check_prints_the_fields_of_good_messages(world):
    extra = ("\nExpiration Time: 2027-01-01T00:00:00Z\nNot Before: 2026-01-01T00:00:00Z\nRequest ID: r1\n"
             "Resources:\n- https://a.example/1\n- urn:x:y")
    text = message(extra=extra)
    expected = {
        "domain": "app.example.com", "address": "0x7E5F4552091A69125d5DfCb7b8C2659029395Bdf", "statement": "Hello.",
        "uri": "https://app.example.com/login", "version": "1", "chainId": "1", "nonce": "abcdefgh12345678",
        "issuedAt": "2026-11-24T10:00:00.000Z", "expirationTime": "2027-01-01T00:00:00Z",
        "notBefore": "2026-01-01T00:00:00Z", "requestId": "r1", "resources": ["https://a.example/1", "urn:x:y"],
    }
    lines = [json.dumps({"message": text}), json.dumps({"messageHex": text.encode().hex()}),
             json.dumps({"messageHex": "0x" + text.encode().hex(), "id": 7})]
    equal(answers(world, lines), [{"ok": True, "fields": expected}] * 3, "answers")
    short = answers(world, [json.dumps({"message": "https://" + message()})])[0]["fields"]
    equal((short["scheme"], "resources" in short, "requestId" in short), ("https", False, False), "absent fields")
    file = world.write("lines", lines[0])
    run = world.run("siwe", "check", "--jsonl", str(file)).expect(0, "siwe check FILE")
    equal(len(run.output.splitlines()), 1, "answers to a last line without a line break")


def test_check_names_field_reason_and_offset_of_bad_messages(world):
    text = message(nonce="abc")
    got = answers(world, [json.dumps({"message": text})])[0]
    equal((got["ok"], got["field"], got["offset"]), (False, "nonce", text.index("abc\n")), "short nonce")
    check(got["reason"], "no reason")
    for change in (text + "\n", "\n" + message(), message() + " ", message().replace("\n\n", "\n"), ""):
        got = answers(world, [json.dumps({"message": change})])[0]
        equal(sorted(got), ["field", "offset", "ok", "reason"], "members")


def test_check_never_stops_at_a_bad_line(world):
    good = json.dumps({"message": message()}).encode()
    bad = [b"", b"nonsense", b"[]", b"null", b"1", b'"x"', b"{", b"{}", b'{"message":1}', b'{"message":null}',
           b'{"message":"a","message":"b"}', b'{"message":"a","messageHex":"00"}', b'{"messageHex":"0"}',
           b'{"messageHex":"zz"}', b'{"message":"\\ud800"}', b'{"message":"\xff"}', b'{"message":"a\\u0000"}',
           b"\x00", b'{"message":"a\x00b"}', b"[" * 100000, b'{"n":1e999999,"message":"x"}x', b"\xef\xbb\xbf" + good,
           good + good, b"\r"]
    lines = [line for pair in zip(bad, [good] * len(bad)) for line in pair]
    got = answers(world, b"\n".join(lines) + b"\n")
    equal(len(got), len(lines), "number of answers")
    for line, answer in zip(lines, got):
        if line == good:
            check(answer["ok"], "a good line after a bad one is answered as bad")
        else:
            equal((answer["ok"], answer["field"]), (False, "line"), f"{line[:40]!r}")


def test_check_limits_the_length_of_a_line(world):
    limit = 1 << 20
    pad = '{"message":"%s"}'
    fits = pad % ("x" * (limit - len(pad) + 2))
    got = answers(world, [fits, fits + " ", "x" * (3 * limit), json.dumps({"message": message()})])
    equal([answer["field"] for answer in got[:3]][1:], ["line", "line"], "too long lines")
    check(got[0]["field"] != "line", "a line of exactly the limit is refused")
    check(got[3]["ok"], "the line behind them")


def test_check_needs_little_memory_for_much_input(world):
    before = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
    process = world.start("siwe", "check", "--jsonl", stdin=subprocess.PIPE)
    chunk = b"x" * (1 << 20)
    for _ in range(200):
        process.stdin.write(chunk)
    output, _ = process.communicate(b"\n", 120)
    equal((process.returncode, len(output.splitlines())), (0, 1), "status and answers")
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
    check(peak < max(before, 120 << 10), f"took {peak >> 10} MiB")


def test_check_answers_each_line_before_the_next_is_written(world):
    process = world.start("siwe", "check", "--jsonl", stdin=subprocess.PIPE)
    try:
        for _ in range(3):
            process.stdin.write(b'{"message":"x"}\n')
            process.stdin.flush()
            check(select.select([process.stdout], [], [], 30)[0], "no answer while the input stays open")
            check(json.loads(process.stdout.readline())["ok"] is False, "answer")
    finally:
        process.communicate(timeout=30)


def test_check_reports_files_and_disks_that_fail(world):
    for path in ("/nonexistent/file", str(world.folder)):
        contains(world.run("siwe", "check", "--jsonl", path).expect(1, path).errors, path, "error")
    with open("/dev/full", "wb") as full:
        process = subprocess.run([SEALRING, "siwe", "check", "--jsonl"], input=b'{"message":"x"}\n' * 1000,
                                 stdout=full, stderr=subprocess.PIPE, env=world.environment, timeout=20, check=False)
    equal(process.returncode, 1, "status with a full disk")
    contains(process.stderr.decode(), "No space left", "error")


def test_check_with_recap_looks_into_the_last_resource(world):
    for resource_uri in ("urn:recap:", "urn:recap:e30", "urn:recap:!!!"):
        text = message(extra=f"\nResources:\n- {resource_uri}")
        plain, strict = answers(world, [json.dumps({"message": text})]), answers(
            world, [json.dumps({"message": text})], "--recap")
        equal((strict[0]["ok"], plain[0]["ok"] and strict[0]["field"]), (False, plain[0]["ok"] and "recap"), resource_uri)
    check(answers(world, [json.dumps({"message": message()})], "--recap")[0]["ok"], "a message without a ReCap")


def test_check_agrees_with_the_generated_messages(world):
    folder = Path(os.environ.get("VECTORS", "nowhere")) / "siwe"
    files = sorted(folder.glob("gen-*.jsonl"))
    if not files:
        raise Skip(f"no gen-*.jsonl in {folder}")
    for file in files:
        rows = [json.loads(line) for line in file.read_text().split("\n") if line]
        lines = [json.dumps({"messageHex": row.get("msgHex") or row["msg"].encode().hex()}) for row in rows]
        got = answers(world, lines)
        equal(len(got), len(rows), file.name)
        for row, answer in zip(rows, got):
            if row["verdict"]["ambig"]:
                continue
            equal(answer["ok"], row["verdict"]["valid"], f"{file.name} {row['id']}: {row['verdict']} {answer}")


# --- an agent that is not ours ------------------------------------------------------------------

class FakeAgent:
    """Listens where the agent would; @answers: what to send to each connection, as raw bytes."""

    def __init__(self, world, replies):
        folder = world.folder / "run/s"
        folder.mkdir(mode=0o700)
        self.listener = socket.socket(socket.AF_UNIX)
        self.path = str(folder / "agent.sock")
        self.listener.bind(self.path)
        self.listener.listen(5)
        self.replies = replies
        self.received = []
        self.thread = threading.Thread(target=self.serve, daemon=True)
        self.thread.start()

    def serve(self):
        for number, reply in enumerate(self.replies, 1):
            connection, _ = self.listener.accept()
            if number == len(self.replies):  # as the real agent does: first no more clients, then the answer
                os.unlink(self.path)
                self.listener.close()
            with connection:
                connection.settimeout(30)
                if reply is not None:
                    self.received.append(connection.recv(65536))
                    connection.sendall(reply)
                    connection.shutdown(socket.SHUT_WR)
                    try:
                        while connection.recv(65536):
                            pass
                    except OSError:
                        pass


def frame(body):
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    return struct.pack("=I", len(data)) + data


def test_answers_that_make_no_sense_are_errors(world):
    hostile = {"jsonrpc": "2.0", "id": 1, "error": {"code": -1, "message": "\x1b]0;owned\x07\u202eevil", "data": {}}}
    cases = [(b"", 4), (struct.pack("=I", 0), 1), (struct.pack("=I", 0xffffffff), 1), (frame(b"nonsense"), 1),
             (frame(b'{"jsonrpc":"2.0","id":1,"id":1,"result":null}'), 1), (frame(b"\xff\xfe"), 1),
             (frame({"jsonrpc": "2.0", "id": 2, "result": None}), 4), (frame([]), 4), (b"\x10", 4),
             (frame(hostile), 1), (frame({"jsonrpc": "2.0", "method": "prompt.show", "params": {"prompt": 1}}), 4)]
    agent = FakeAgent(world, [reply for reply, _ in cases])
    for reply, status in cases:
        run = world.run("status").expect(status, f"{reply[:60]!r}")
        check("\x1b" not in run.errors and "\u202e" not in run.errors, "control characters reach the terminal")
        check(run.errors.startswith("sealring: "), f"{reply[:60]!r}: {run.errors!r}")
    agent.thread.join(30)
    contains(agent.received[0].decode(errors="replace"), '"method":"sealring.attach"', "the first frame")


def test_an_agent_of_another_version_makes_room(world):
    refusal = {"jsonrpc": "2.0", "id": None, "error": {"code": 4900, "message": "another version", "data": {
        "reason": "AGENT_UNAVAILABLE"}}}
    agent = FakeAgent(world, [frame(refusal)])
    run = world.run("agent", "start", "--json").expect(0, "agent start")
    agent.thread.join(30)
    command = Path(f"/proc/{run.json['pid']}/cmdline").read_bytes().split(b"\0")[0]
    equal(command.decode(), str(BUILD / "sealring-agent"), "the agent that answers")


def test_a_missing_agent_program_is_said(world):
    copy = world.folder / "bin"
    copy.mkdir()
    program = copy / "sealring"
    program.write_bytes(SEALRING.read_bytes())
    program.chmod(0o700)
    if Path("/usr/local/libexec/sealring/sealring-agent").exists():
        raise Skip("sealring is installed here")
    run = subprocess.run([program, "key", "list"], env=world.environment, stdin=subprocess.DEVNULL, timeout=20,
                         start_new_session=True, capture_output=True, text=True, check=False)
    equal(run.returncode, 4, "status")
    contains(run.stderr, "not installed", "error")


if __name__ == "__main__":
    main("cli", globals())
