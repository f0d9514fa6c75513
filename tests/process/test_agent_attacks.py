#!/usr/bin/env python3
"""What a hostile page, extension or program of the same user tried once, and what it gets now."""
import os
import select
import signal
import socket
import time

import cli_world
from agent_world import ADDRESS_ONE, PAGE, AgentWorld, frame
from cli_world import EXTENSION, KEY_ONE, PASSPHRASE, check, contains, equal, message, wait_until
from test_agent_signing import OTHER, hexed, now, recap_message

AGREE_AND_REMEMBER = "#!/bin/sh\ncat >>{0}/shown\necho remember\nexit 0\n"


def memory_file(content):
    fd = os.memfd_create("secret")
    os.write(fd, content.encode())
    return fd


def send_with_fd(port, request, fd):
    data = frame(request)
    sent = socket.send_fds(port.socket, [data], [fd])
    port.send_bytes(data[sent:])
    os.close(fd)


def test_a_backdated_message_is_not_remembered(world):
    browser = world.browser()
    world.write("prompt", AGREE_AND_REMEMBER.format(world.folder), 0o700)
    text = message(ADDRESS_ONE, nonce="backdated1", extra=f"\nExpiration Time: {now(300)}") \
        .replace("2026-11-24T10:00:00.000Z", "2001-01-01T00:00:00Z")
    browser.result("siwe.sign", {"message": text})
    check("remember\t" not in world.shown(), "remembering is not offered")
    equal([grant["kind"] for grant in world.json("grant", "list")["grants"]], ["accounts"], "grants")


def test_a_remembered_sign_in_does_not_cover_a_request_id(world):
    browser = world.browser()
    world.write("prompt", AGREE_AND_REMEMBER.format(world.folder), 0o700)
    browser.result("siwe.sign", {"message": recap_message(browser, "request001")})
    world.shown()
    browser.result("siwe.sign", {"message": recap_message(browser, "request002")})
    equal(world.shown(), "", "the like is covered")
    browser.result("siwe.sign", {"message": recap_message(browser, "request003", requestId="pay-me")})
    contains(world.shown(), "pay-me", "a request id is shown")


def test_a_grant_is_in_the_log_and_needs_a_signature(world):
    browser = world.browser()
    world.write("prompt", "#!/bin/sh\ncat >/dev/null\nsleep 1.5\necho remember\nexit 0\n", 0o700)
    equal(browser.reason("siwe.sign", {"message": recap_message(browser, "toolate001", seconds=1)}), "EXPIRED", "reason")
    equal([grant["kind"] for grant in world.json("grant", "list")["grants"]], ["accounts"], "no grant without a signature")
    browser.result("siwe.sign", {"message": recap_message(browser, "intime0001")})
    contains(world.json("log")["entries"][-1]["decision"], "remembered:", "the log")


def test_an_origin_of_null_is_not_the_extension(world):
    browser = world.browser()
    for request in ({"jsonrpc": "2.0", "id": 1, "method": "eth_requestAccounts", "origin": None},):
        browser.send_bytes(frame(request))
        equal(browser.receive()["error"]["data"], {"reason": "INVALID_PARAMS", "field": "origin"}, "reply")


def test_spellings_of_a_domain_share_its_nonces(world):
    browser = world.browser()
    browser.result("siwe.sign", {"message": message(ADDRESS_ONE, nonce="spelling01")})
    for domain in ("APP.example.com", "app.example.com:443", "App.Example.Com:443"):
        text = message(ADDRESS_ONE, nonce="spelling01", domain=domain)
        equal(browser.reason("siwe.sign", {"message": text}), "NONCE_REUSED", domain)


def test_a_page_that_is_not_connected_leaves_nothing_on_disk(world):
    browser = world.browser()
    for method, params in (("storage.set", {"key": "k", "value": "v"}), ("storage.get", {"key": "k"}), ("storage.list", {}),
                           ("storage.delete", {"key": "k"})):
        equal(browser.reason(method, params, OTHER), "NOT_GRANTED", method)
    before = len(world.json("log")["entries"])
    for _ in range(20):
        browser.result("wallet_revokePermissions", [{"eth_accounts": {}}], OTHER)
    equal(len(world.json("log")["entries"]), before, "entries of the log")


def test_a_page_learns_neither_names_nor_counts(world):
    browser = world.browser()
    world.answer(False)
    equal(browser.reason("keys.create", {"name": "One"}, OTHER), "USER_REJECTED", "an existing name")
    equal(browser.reason("keys.create", {"name": "None such"}, OTHER), "USER_REJECTED", "a free name")
    check("keys" not in browser.result("sealring.status", None, OTHER), "status without counts")


def test_a_name_cannot_stand_for_another_key(world):
    browser = world.browser()
    for name in (ADDRESS_ONE, ADDRESS_ONE.lower(), "0123456789abcdef"):
        equal(browser.reason("keys.create", {"name": name, "type": "p256"}), "INVALID_PARAMS", name)
    browser.result("personal_sign", [hexed("Hello"), ADDRESS_ONE])


def test_a_key_that_was_deleted_meanwhile_is_not_connected(world):
    browser = world.browser()
    cli = world.cli()
    world.hold()
    number = browser.send("eth_requestAccounts", [], OTHER)
    world.wait_for_question()
    cli.send("keys.delete", {"key": "One"}, None)
    wait_until(lambda: world.json("status")["promptsWaiting"] == 2, "the deletion waits")
    browser.send("personal_sign", [hexed("Hello"), ADDRESS_ONE])
    wait_until(lambda: world.json("status")["promptsWaiting"] == 3, "the signature waits")
    world.release()
    cli.receive()
    replies = {reply["id"]: reply for reply in (browser.receive(), browser.receive())}
    check("result" in replies[number], "asked before the deletion")
    equal(replies[number + 1]["error"]["data"]["reason"], "KEY_NOT_FOUND", "asked after it")
    world.import_key(KEY_ONE)
    equal(browser.result("eth_accounts", [], OTHER), [], "the connection went with the key")


def test_long_names_do_not_make_long_errors(world):
    browser = world.browser()
    reply = browser.call("siwe.build", {"x" * 600000: 1})
    equal(reply["error"]["data"]["reason"], "INVALID_PARAMS", "reason")
    check(len(str(reply)) < 2000, "the reply is short")
    browser.send_bytes(frame({"jsonrpc": "2.0", "id": 7, "method": "eth_chainId", "y" * 600000: 1}))
    equal(browser.receive()["id"], 7, "the id of the second")


def test_what_is_no_memory_file_is_not_read(world):
    cli = world.cli()
    reader, writer = os.pipe()
    for fd in (os.eventfd(0), reader):
        send_with_fd(cli, {"jsonrpc": "2.0", "id": 1, "method": "keys.import", "params": {"format": "hex"}}, fd)
        equal(cli.receive()["error"]["data"]["reason"], "INVALID_PARAMS", "reply")
    os.close(writer)


def test_a_passed_secret_goes_to_its_own_request_only(world):
    cli = world.cli()
    cli.send_bytes(frame({"jsonrpc": "2.0", "id": 1, "method": "keys.seal", "params": {"key": "One", "passphrase": True}}))
    send_with_fd(cli, {"jsonrpc": "2.0", "id": 2, "method": "keys.import", "params": {"format": "hex"}}, memory_file("22" * 32))
    replies = {reply["id"]: reply for reply in (cli.receive(20), cli.receive(20))}
    equal(replies[1]["error"]["data"]["reason"], "INVALID_PARAMS", "the one that passed none")
    check("result" in replies[2], "the one that passed it")


def test_one_connection_cannot_pile_up_requests(world):
    page = world.raw(client="native-messaging", extension=f"chrome-extension://{EXTENSION}", browser="test")
    page.result("eth_requestAccounts", [])
    page.result("storage.list", {})
    agent = world.agent_pid()
    os.kill(agent, signal.SIGSTOP)  # so that it finds them all at once
    try:
        request = {"jsonrpc": "2.0", "id": 7, "method": "storage.list", "params": {}, "origin": PAGE}
        page.send_bytes(frame(request) * 400)
    finally:
        os.kill(agent, signal.SIGCONT)
    replies = [page.receive() for _ in range(400)]
    check(any("error" in reply and reply["error"]["data"]["reason"] == "BUSY" for reply in replies), "some are told to wait")
    check(any("result" in reply for reply in replies), "some are answered")


def test_locking_while_a_key_is_made_keeps_the_default(world):
    default = world.json("key", "list")["keys"][0]["id"]
    cli, other = world.cli(), world.cli()
    for number in range(5):
        cli.send("keys.create", {"name": f"Made {number}"}, None)
        other.send("sealring.lock", None, None)
        cli.receive(20)
        other.receive(20)
        world.unlock()
        keys = world.json("key", "list")["keys"]
        equal([key["id"] for key in keys if key["default"]], [default], f"default after {number}")


def test_a_command_line_cannot_speak_for_an_extension(world):
    port = world.raw(client="cli", extension=f"chrome-extension://{EXTENSION}")
    equal(port.receive()["error"]["data"]["reason"], "INVALID_PARAMS", "reason")


def test_an_ending_agent_asks_nothing_more(world):
    browser = world.browser()
    world.run("lock").expect(0, "lock")
    world.write("passphrase", "wrong")
    browser.send("personal_sign", [hexed("Hello"), ADDRESS_ONE])
    time.sleep(0.25)
    begin = time.monotonic()
    world.stop()
    check(time.monotonic() - begin < 3, "it ends at once")
    world.write("passphrase", PASSPHRASE)


def answers(ports, count):
    """The reasons of the next @count errors, whichever ports they come to."""
    reasons = []
    while len(reasons) < count:
        held = [port for port in ports if port.buffer]
        ready = select.select([port.reader for port in ports], [], [], 0 if held else 30)[0]
        check(held or ready, f"only {len(reasons)} answers")
        port = next(port for port in ports if port.buffer or port.reader in ready)
        reasons.append(port.receive()["error"]["data"]["reason"])
    return reasons


def test_one_extension_cannot_fill_the_queue_of_questions(world):
    other = world.browser(extension="p" * 32)
    ports = [world.browser(connect=number == 0) for number in range(8)]
    world.write("prompt", "#!/bin/sh\ncat >/dev/null\nexec sleep 120\n", 0o700)
    for port in ports:
        for _ in range(2):
            port.send("personal_sign", [hexed("Hello"), ADDRESS_ONE])
    cli = world.cli()
    reasons = answers(ports, 12)
    equal(cli.result("sealring.status", None, None)["promptsWaiting"], 4, "questions of one page, over all ports")
    for number, port in enumerate(ports):
        for page in range(2):
            port.send("eth_requestAccounts", [], f"https://p{number}{page}.example.com")
    reasons += answers(ports, 12)
    equal(cli.result("sealring.status", None, None)["promptsWaiting"], 8, "questions of one extension")
    other.send("personal_sign", [hexed("Hello"), ADDRESS_ONE])
    wait_until(lambda: cli.result("sealring.status", None, None)["promptsWaiting"] == 9, "another extension still gets in")
    world.run("lock").expect(0, "lock")
    reasons += answers(ports, 8)
    equal((reasons.count("BUSY"), reasons.count("STORE_LOCKED")), (24, 8), "answers")


if __name__ == "__main__":
    cli_world.main("attacks", dict(globals()), AgentWorld)
