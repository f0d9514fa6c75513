#!/usr/bin/env -S python3 -B
"""sealring session list, show, logout: TinyCloud sessions on the command line, with an extension that made them."""
import re
import shutil
import sqlite3
import subprocess
import time
from pathlib import Path

import cli_world
from agent_world import PAGE, AgentWorld
from cli_world import ADDRESS_ONE, BUILD, EXTENSION, Skip, check, contains, equal
from tinycloud_node import TinyCloudNode

SPACE = f"tinycloud:pkh:eip155:1:{ADDRESS_ONE}:default"
FIELD = re.compile(r"([A-Za-z ]+): +(.*)")


def host_space(node, browser, space=SPACE):
    """The user has @node host the space."""
    built = browser.result("siwe.build", {"uri": node.peer(space), "attenuations": {f"{space}/space": {"tinycloud.space/host": [{}]}}})
    signed = browser.result("siwe.sign", {"message": built["message"]})
    return node.delegate(signed["delegationHeader"]["Authorization"])


def rows(world):
    """The lines of `session list` below its headings, as cells."""
    lines = world.run("session", "list").expect(0, "session list").output.splitlines()
    check(lines and lines[0].split() == ["ID", "STATUS", "KIND", "ORIGIN", "SPACE", "UNTIL"], f"headings: {lines}")
    return [line.split() for line in lines[1:]]


def refused(world, status, why, *words):
    what = " ".join(words)
    run = world.run(*words).expect(status, what)
    check(run.output == "" and run.errors.startswith("sealring: "), f"{what}: {run.output!r} {run.errors!r}")
    equal(world.run(*words, "--json").expect(status, what).json["error"]["data"]["reason"], why, what)


def damage(world, identifier):
    connection = sqlite3.connect(world.folder / "data/sealring/vault.db")
    with connection:
        changed = connection.execute("UPDATE record SET sealed = zeroblob(100) WHERE id = ?", [identifier]).rowcount
    connection.close()
    equal(changed, 1, "damaged records")


def test_sessions_of_all_callers_are_listed(world):
    equal(world.run("session", "list").expect(0, "session list").output, "No sessions.\n", "without sessions")
    equal(world.json("session", "list"), {"sessions": []}, "without sessions")
    page = world.browser().result("session.signIn")
    key = world.browser(connect=False).result("session.key", origin=None)
    listed = {row[0]: row[1:] for row in rows(world)}
    equal(listed, {page["session"]: ["valid", "signed-in", PAGE, SPACE, page["expiresAt"]],
                   key["session"]: ["valid", "key", f"chrome-extension://{EXTENSION}"]}, "the table")
    sessions = {session["session"]: session for session in world.json("session", "list")["sessions"]}
    equal((sessions[page["session"]]["caller"], sessions[page["session"]]["tinycloudSession"]["delegationCid"]),
          (f"chrome-extension://{EXTENSION}", page["tinycloudSession"]["delegationCid"]), "the result")


def test_a_session_is_shown_without_a_secret(world):
    session = world.browser().result("session.signIn")
    run = world.run("session", "show", session["session"]).expect(0, "session show")
    fields = dict(FIELD.fullmatch(line).groups() for line in run.output.splitlines())
    expected = {"Id": session["session"], "Status": "valid", "Kind": "signed-in", "For": f"chrome-extension://{EXTENSION}",
                "Page": PAGE, "Account": ADDRESS_ONE, "Chain id": "1", "Delegation": session["tinycloudSession"]["delegationCid"],
                "Space": SPACE, "Also": f"{SPACE.replace('default', 'public')} (public)", "Session key": session["did"],
                "Created": session["createdAt"], "Until": session["expiresAt"]}
    equal(fields, expected, "session show")
    shown = world.json("session", "show", session["session"])
    equal((shown["jwk"], "d" in shown["jwk"]), (session["jwk"], False), "the key of the result")
    refused(world, 1, "KEY_NOT_FOUND", "session", "show", "nobody")


def test_what_is_wrong_with_a_session_is_said(world):
    browser = world.browser()
    short = browser.result("session.signIn", {"expirationSeconds": 5})["session"]
    broken = browser.result("session.signIn")["session"]
    damage(world, broken)
    time.sleep(5.2)
    equal({row[0]: row[1] for row in rows(world)}, {short: "expired", broken: "corrupt"}, "statuses")
    for session, problem in ((short, "the session has expired"), (broken, "its record is damaged")):
        contains(world.run("session", "show", session).output, f"Problem:     {problem}", "session show")
        run = world.run("session", "logout", session, "--revoke").expect(0, "logout")
        contains(run.output, "There is nothing to revoke.", "logout --revoke")
    equal(world.json("session", "list")["sessions"], [], "sessions afterwards")


def test_logout_deletes_for_good(world):
    browser = world.browser()
    session = browser.result("session.signIn")["session"]
    invocation = {"session": session, "invocations": [{"path": "a", "actions": ["tinycloud.kv/get"]}]}
    browser.result("session.invoke", invocation)
    equal(world.run("session", "logout", session).expect(0, "logout").output,
          "Signed out: session and session key are deleted.\n", "session logout")
    equal((browser.reason("session.invoke", invocation), browser.result("session.restore")["status"]),
          ("KEY_NOT_FOUND", "missing"), "afterwards")
    before = world.json("log", "--limit", "0")
    refused(world, 1, "KEY_NOT_FOUND", "session", "logout", session)
    equal(browser.reason("session.signOut", {"session": session}), "KEY_NOT_FOUND", "signing out again")
    equal(world.json("log", "--limit", "0"), before, "a session that is not there leaves no line in the log")
    equal(world.json("session", "logout", browser.result("session.key")["session"], "--revoke"), {}, "of a key only")


def test_the_printed_revocation_ends_the_delegation_at_the_node(world):
    browser = world.browser()
    with TinyCloudNode() as node:
        host_space(node, browser)
        session = browser.result("session.signIn")
        equal(node.delegate(session["tinycloudSession"]["delegationHeader"]["Authorization"]).status, 200, "the sign-in")
        put = browser.result("session.invoke", {"session": session["session"], "invocations":
                                                [{"path": "a", "actions": ["tinycloud.kv/put"]}]})
        later = browser.result("session.invoke", {"session": session["session"], "invocations":
                                                  [{"path": "a", "actions": ["tinycloud.kv/get"]}]})
        equal(node.invoke(put["headers"]["Authorization"], b"value").status, 200, "put")
        lines = world.run("session", "logout", session["session"], "--revoke").expect(0, "logout").output.splitlines()
        words = re.fullmatch(r'curl -X POST -H "Authorization: (\S+)" NODE/revoke', lines[-1])
        check(words, f"no command in {lines}")
        equal(node.revoke(words[1]).status, 200, "the revocation")
        reply = node.invoke(later["headers"]["Authorization"])
        equal((reply.status, reply.text.split(":")[0]), (403, "delegation-revoked"), "an invocation afterwards")


def test_a_no_to_unlocking_the_vault_has_status_3(world):
    world.run("lock").expect(0, "lock")
    world.answer(False)
    for words in (["list"], ["show", "x"], ["logout", "x"]):
        refused(world, 3, "USER_REJECTED", "session", *words)


def test_doctor_misses_sealring_net(world):
    libexec = re.search(r'SR_LIBEXECDIR="?\\?"?([^"\\ ]+)', (BUILD / "flags").read_text())
    if libexec and Path(libexec[1], "sealring-net").exists():
        raise Skip("sealring-net is installed on this system")
    equal(next(item["state"] for item in world.json("doctor")["checks"] if item["name"] == "sealring-net"), "ok", "beside it")
    folder = world.folder / "programs"
    folder.mkdir()
    for name in ("sealring-cli", "sealring-agent", "sealring-host", "sealring-prompt"):
        shutil.copy(BUILD / name, folder)
    run = subprocess.run([folder / "sealring-cli", "doctor"], env=world.environment, capture_output=True, text=True, timeout=30)
    contains(run.stdout, "sealring-net", "doctor")
    line = next(line for line in run.stdout.splitlines() if "sealring-net" in line)
    check(line.startswith("warn") and "not found" in line, f"said {line!r}")
    contains(run.stdout, "OAuth accounts", "the advice")


if __name__ == "__main__":
    cli_world.main("tinycloud cli", dict(globals()), AgentWorld)
