#!/usr/bin/env python3
"""Many requests in one write. Two threads sign them, and everything must be as if each had come alone."""
import sqlite3
import time

import cli_world
from agent_world import EXTENSION, AgentWorld, frame
from cli_world import PAGE, check, equal
from secret_search import SECRET_PAGES, found_in, left_in
from test_agent_races import AGREE_AND_REMEMBER, events, outcome
from test_agent_secrets import marked_world
from test_agent_signing import recap_message, verify


def page_with_grant(world):
    """A connection of the extension whose page may sign in without being asked."""
    page = world.raw(client="native-messaging", extension=f"chrome-extension://{EXTENSION}/", browser="test")
    page.result("eth_requestAccounts", [])
    world.write("prompt", AGREE_AND_REMEMBER.format(world.folder), 0o700)
    page.result("siwe.sign", {"message": recap_message(page, "beforethebursts")})
    world.shown()
    world.write("prompt", cli_world.PROMPT.format(folder=world.folder), 0o700)
    world.answer(False)
    return page


def send_at_once(page, requests):
    """Send (method, params) pairs in one write; the ids."""
    first = page.last_id + 1
    page.last_id += len(requests)
    page.socket.sendall(b"".join(frame({"jsonrpc": "2.0", "id": first + i, "method": method, "params": params,
                                        "origin": PAGE}) for i, (method, params) in enumerate(requests)))
    return list(range(first, page.last_id + 1))


def burst(page, requests):
    """The replies to requests sent in one write, which must come in their order."""
    numbers = send_at_once(page, requests)
    replies = [page.receive(20) for _ in requests]
    equal([reply["id"] for reply in replies], numbers, "the order of the replies")
    return replies


def sign_ins(page, count, name):
    return [("siwe.sign", {"message": recap_message(page, f"{name}{i:05}")}) for i in range(count)]


def digests(world, count):
    return [entry["digest"] for entry in world.json("log", "--limit", str(count))["entries"]]


def test_a_burst_gets_the_signatures_and_the_log_that_each_gets_alone(world):
    page = page_with_grant(world)
    requests = sign_ins(page, 200, "burst")
    together = [reply.get("result") for reply in burst(page, requests)]
    logged = digests(world, 200)
    equal(together, [page.result(*request) for request in requests], "signatures")
    equal(logged, digests(world, 200), "the log")
    check(all(verify(page, params["message"], result["signature"])["valid"]
              for (_, params), result in zip(requests, together)), "they verify")
    equal(world.shown(), "", "nothing was asked")
    equal(world.run("log", "--verify").status, 0, "the chain")


def test_what_follows_a_revocation_in_the_same_write_is_refused(world):
    page = page_with_grant(world)
    revoke = ("wallet_revokePermissions", [{"eth_accounts": {}}])
    before, after = sign_ins(page, 20, "before"), sign_ins(page, 20, "after")
    replies = burst(page, [*before, revoke, *after])
    equal([outcome(reply) for reply in replies], 21 * ["done"] + 20 * ["NOT_GRANTED"], "outcomes")
    equal(events(world)[-21:], 20 * ["sign-in"] + ["disconnect"], "the log")


def test_a_nonce_goes_into_one_message_of_a_burst_only(world):
    page = page_with_grant(world)
    requests = sign_ins(page, 20, "other")
    twice = [("siwe.sign", {"message": recap_message(page, "onlyoncehere", seconds=seconds)}) for seconds in (60, 61)]
    replies = burst(page, [*requests, twice[0], twice[1], *sign_ins(page, 20, "third")])
    equal([outcome(reply) for reply in replies], 21 * ["done"] + ["NONCE_REUSED"] + 20 * ["done"], "outcomes")
    equal(outcome(page.call(*twice[0])), "done", "the first message again")


def test_refusals_in_a_burst_touch_no_other_request(world):
    page = page_with_grant(world)
    requests = sign_ins(page, 30, "among")
    expired = ("siwe.sign", {"message": requests[0][1]["message"].replace("Expiration Time: 2", "Expiration Time: 1")})
    numbers = send_at_once(page, [item for request in requests for item in (request, expired, ("eth_chainId", []))])
    replies = {reply["id"]: outcome(reply) for reply in (page.receive(20) for _ in numbers)}
    equal([replies[number] for number in numbers], 30 * ["done", "EXPIRED", "done"], "outcomes")


def test_no_signature_comes_after_the_answer_to_a_lock(world):
    page, cli = page_with_grant(world), world.cli()
    requests = sign_ins(page, 200, "locked")
    for pause in (0, 0.002, 0.004, 0.008):
        world.unlock()
        page.result(*requests[0])  # opens the key
        before = events(world).count("sign-in")
        numbers = send_at_once(page, requests)
        time.sleep(pause)
        cli.result("sealring.lock", None, None)
        signed = events(world).count("sign-in") - before
        outcomes = [outcome(page.receive(20)) for _ in numbers]
        equal((outcomes.count("done"), outcomes[:signed].count("done")), (signed, signed), f"signed after {pause} s")


def test_without_the_log_no_request_of_a_burst_is_signed(world):
    page = page_with_grant(world)
    state = sqlite3.connect(world.folder / "state/sealring/state.db", isolation_level=None, timeout=10)
    state.execute("CREATE TRIGGER no BEFORE INSERT ON audit WHEN NEW.seq % 5 = 0 BEGIN SELECT RAISE(ROLLBACK, 'no'); END")
    replies = burst(page, sign_ins(page, 50, "nolog"))
    check(all(outcome(reply) == "STORE_UNAVAILABLE" for reply in replies[4:]), "outcomes")
    state.execute("DROP TRIGGER no")
    state.close()
    equal(outcome(page.call(*sign_ins(page, 1, "again")[0])), "done", "afterwards")
    equal(world.run("log", "--verify").status, 0, "the chain")


def test_a_client_that_leaves_in_its_burst_harms_nobody(world):
    page = page_with_grant(world)
    requests = sign_ins(page, 150, "leaves")
    pid = world.agent_pid()
    for _ in range(5):
        leaving = world.raw(client="native-messaging", extension=f"chrome-extension://{EXTENSION}/", browser="test")
        send_at_once(leaving, requests)
        leaving.close()
    equal(outcome(page.call(*requests[0])), "done", "another client")
    equal(world.agent_pid(), pid, "the agent")
    equal(world.run("log", "--verify").status, 0, "the chain")


def test_neither_thread_leaves_a_copy_of_the_key(world):
    marked_world(world)
    page = page_with_grant(world)
    equal({outcome(reply) for reply in burst(page, sign_ins(page, 200, "marked"))}, {"done"}, "outcomes")
    pid = world.agent_pid()
    check("bytes" in found_in(pid), "the test can find an unlocked key")
    equal(found_in(pid, apart_from=SECRET_PAGES), [], "in ordinary memory")
    world.run("lock").expect(0, "lock")
    equal(left_in(pid), [], "left in the agent after lock")


if __name__ == "__main__":
    cli_world.main("bursts", dict(globals()), AgentWorld)
