#!/usr/bin/env -S python3 -B
"""Access tokens at hand: one refresh for everybody who waits, whoever it is, and never one too many."""
# tests/run: timeout=1500
import contextlib
import os
import sqlite3
import threading
import time

from cli_world import is_running, wait_until
from oauth_world import CHROMIUM_REDIRECT, LOOPBACK
from refresh_world import (LIFE, OPENKEY, Crowd, Neighbour, ask, at_once, check, end_of_life, equal, is_token, main, outcome, refreshes, state,
                           token, until_left)

ROUNDS = 1000 if os.environ.get("SOAK") else 60
RACES_AT_ONCE = 6  # accounts
LONGER = 8  # seconds of an access token, of which half must be left when it is adopted


def only_one(values, what):
    equal(len(set(values)), 1, f"{what}: {sorted(set(values))}")
    return values[0]


# --- for everybody who waits ----------------------------------------------------------------------

def test_64_that_wait_on_8_connections_need_one_request(world, kind):
    account = world.signed_in(kind)
    ports = [world.cli() for _ in range(8)]
    end_of_life()
    world.provider.fault("token", "delay", ms=1500)
    answers = at_once(8, lambda number: ask(ports[number], account, 8))
    check(is_token(only_one([one for list_ in answers for one in list_], "answers")), "no token")
    equal((refreshes(world.provider), world.sessions()), (1, 1), "requests, sessions")


def test_64_that_wait_behind_8_browsers_need_one_request(world):
    provider = world.on()
    world.client = provider.client("spa", [CHROMIUM_REDIRECT])
    browsers = [world.browser(connect=False) for _ in range(8)]
    world.sign_in(browsers[0], provider, world.client)
    end_of_life()
    provider.fault("token", "delay", ms=1500)

    def run(number):
        for _ in range(8):
            browsers[number].send("oauth.token", {}, None)
        return [outcome(browsers[number].receive(30)) for _ in range(8)]

    check(is_token(only_one([one for list_ in at_once(8, run) for one in list_], "answers")), "no token")
    equal((refreshes(provider), world.sessions()), (1, 1), "requests, sessions")


def test_a_token_at_hand_needs_no_provider(world):
    account = world.signed_in(access_ttl=300)
    world.provider.pause()
    try:
        started = time.monotonic()
        port = world.cli()
        only_one([ask(port, account)[0] for _ in range(50)], "answers")
        check(time.monotonic() - started < 2, "it was not at hand")
    finally:
        world.provider.resume()
    equal(world.provider.log(), [], "requests")


def timed_token(world, account, **params):
    """(token, whether it was there at once)"""
    started = time.monotonic()
    return token(world, account, **params), time.monotonic() - started < 3


def test_what_is_asked_for_longer_or_ends_soon_is_refreshed(world):
    account = world.signed_in(access_ttl=20)
    port = world.cli()
    first = until_left(port, account, 8)
    equal(token(world, account, minValid=0), first, "what is good for no time in particular")
    check(token(world, account, minValid=3600) != first, "it is good for less than half of its life")
    equal(refreshes(world.provider), 1, "requests")
    world.provider.fault("token", "delay", ms=5000)
    second = until_left(port, account, 4)
    equal(refreshes(world.provider), 1, "requests so far")
    second = until_left(port, account, 3)  # less than a fifth of its life
    equal(timed_token(world, account, minValid=0), (second, True), "shortly before the end nobody waits")
    wait_until(lambda: len(world.provider.log("token", grant_type="refresh_token", status=200)) == 2, "the second refresh")
    time.sleep(1)
    third, at_once_ = timed_token(world, account)
    check(is_token(third) and third not in (first, second), f"what came early: {third}")
    equal((at_once_, refreshes(world.provider)), (True, 2), "it was at hand; requests")


def test_a_client_that_leaves_ends_no_refresh(world):
    account = world.signed_in()
    end_of_life()
    world.provider.fault("token", "delay", ms=1500)
    leaving = world.cli()
    leaving.send("oauth.token", {"account": account}, None)
    wait_until(lambda: refreshes(world.provider), "the request")
    leaving.close()
    wait_until(lambda: world.provider.log("token", grant_type="refresh_token", status=200), "the answer")
    wait_until(lambda: state(world, account) == ("good", None), "the account")
    equal(refreshes(world.provider), 1, "requests")
    check(is_token(token(world, account)), "no token")
    equal(world.sessions(), 1, "sessions")


def test_without_a_refresh_token_the_end_of_the_token_is_the_end(world):
    world.on(access_ttl=LONGER)
    world.provider.fault("token", "del", names=["refresh_token"])
    account = world.account(world.provider, world.client)
    check(is_token(token(world, account)), "no token at first")
    end_of_life(LONGER)
    world.provider.pause()  # there is nothing to ask it
    try:
        equal(token(world, account), "LOGIN_REQUIRED", "after its end")
    finally:
        world.provider.resume()


def test_a_permission_that_is_taken_back_meanwhile_covers_no_token(world):
    account = world.signed_in()
    browser = world.browser()
    browser.result("oauth.token", {"account": account})
    grant = next(item["id"] for item in world.json("grant", "list")["grants"] if item["kind"] == "tokens")
    end_of_life()
    world.provider.fault("token", "delay", ms=4000)
    browser.send("oauth.token", {"account": account})
    wait_until(lambda: refreshes(world.provider), "the request")
    world.run("grant", "revoke", grant).expect(0, "revoke")
    equal(outcome(browser.receive()), "NOT_GRANTED", "the answer")


def test_a_client_with_a_secret_refreshes_with_it(world):
    world.on()
    world.client = world.provider.client("web", [LOOPBACK])
    account = world.account(world.provider, world.client, "--client-secret-fd", "{fd}", passphrase=world.client.secret)
    for _ in range(2):
        end_of_life()
        check(is_token(new := token(world, account)), f"the answer: {new}")
    equal({entry["auth"] for entry in world.provider.log("token")}, {"basic"}, "how it says who it is")
    equal((refreshes(world.provider), world.sessions()), (2, 1), "requests, sessions")


def test_a_token_that_is_bound_to_a_key_is_refreshed_with_it(world):
    world.on("panva", dpop_nonce=True)
    account = world.account(world.provider, world.client, "--dpop")
    world.provider.reset()
    for _ in range(2):
        end_of_life()
        port = world.cli()
        port.send("oauth.token", {"account": account}, None)
        equal(port.receive()["result"]["tokenType"], "DPoP", "the type")
    log = world.provider.log("token", grant_type="refresh_token")
    equal({entry["dpop"] for entry in log}, {True}, "proofs")
    equal([entry["status"] for entry in log], [400, 200] * 2, "the provider wants a nonce of its own each time")
    equal(world.sessions(), 1, "sessions")


def test_a_provider_that_hangs_holds_up_no_other(world):
    crowd = Crowd(world)
    hanging = [crowd.add() for _ in range(7)]
    account = world.signed_in("openkey-1.7.5")
    end_of_life()
    crowd.provider.fault("token", "hangBefore", times=-1)
    for one in hanging:
        crowd.browser.send("oauth.token", {"account": one}, None)
    time.sleep(1)
    started = time.monotonic()
    check(is_token(new := token(world, account)), f"the answer: {new}")
    check(time.monotonic() - started < 5, f"it came after {time.monotonic() - started:.1f} s")


# --- two agents on one vault ----------------------------------------------------------------------

def test_what_another_agent_refreshed_is_adopted(world, kind):
    account = world.signed_in(kind, LONGER)
    other = world.neighbour()
    old = token(other, account)
    time.sleep(LONGER / 2 + 0.1)
    new = token(world, account, minValid=3600)
    check(is_token(new) and new != old, f"the first agent's answer: {new}")
    world.provider.pause()  # it is not needed
    try:
        equal(token(other, account, minValid=3600), new, "the other's answer")
    finally:
        world.provider.resume()
    equal((refreshes(world.provider), world.sessions()), (1, 1), "requests, sessions")


def test_a_slow_agent_and_a_fast_one_send_one_request(world, kind):
    account = world.signed_in(kind, LONGER)
    other = world.neighbour()
    token(other, account)
    time.sleep(LONGER / 2 + 0.1)
    world.provider.fault("token", "delay", ms=700)
    answers = at_once(2, lambda number: token([world, other][number], account, minValid=3600))
    check(is_token(only_one(answers, "answers")), "no token")
    equal((refreshes(world.provider), world.sessions()), (1, 1), "requests, sessions")


def race(worlds, account, rounds):
    """Every agent wants a token about when it has ended, several clients of each at once; all the answers."""
    ports = [world.cli() for world in worlds for _ in range(2)]
    answers = []
    for _ in range(rounds):
        end_of_life(LIFE - 0.95)
        answers += [one for list_ in at_once(len(ports), lambda number: ask(ports[number], account, 2)) for one in list_]
    return answers


def run_races(world, kind, rounds):
    account = world.signed_in(kind)
    others = [world.account(world.provider, world.provider.client("native", ["http://127.0.0.1/callback"]))
              for _ in range(RACES_AT_ONCE - 1)]
    accounts = [account, *others]
    worlds = [world, world.neighbour()]
    world.provider.reset()
    answers = at_once(RACES_AT_ONCE, lambda number: race(worlds, accounts[number], rounds))
    found = [one for list_ in answers for one in list_]
    reasons = [one for one in found if not is_token(one)]
    sent = refreshes(world.provider)
    print(f"# {kind}: {RACES_AT_ONCE * rounds} races, {len(found)} answers, {len(reasons)} without a token, {sent} requests")
    equal(world.sessions(), RACES_AT_ONCE, "accounts that are still signed in")
    equal({state(world, one)[0] for one in accounts}, {"good"}, "states")
    # On a machine that is busy, so short a life may be over before anyone hears of the token.
    equal({*reasons} - {"PROVIDER_ERROR"}, set(), "reasons")
    check(len(reasons) < len(found) / 10, f"{len(reasons)} answers without a token")
    check(sent <= RACES_AT_ONCE * rounds * 1.5, f"{sent} requests")


def test_forced_races_sign_nobody_out(world):
    run_races(world, OPENKEY, ROUNDS // RACES_AT_ONCE)


def test_a_few_races_at_the_other_providers(world):
    for kind in ("openkey-1.7.5", "panva"):
        run_races(world, kind, 2)


def stranger(world):
    """An agent on the same vault that does not keep to our turns: its folder is another one."""
    folder = world.folder / "data2/sealring"
    folder.mkdir(parents=True)
    os.link(world.folder / "data/sealring/vault.db", folder / "vault.db")
    world.environment["XDG_DATA_HOME"] = str(folder.parent)
    try:
        agent = Neighbour(world, 9)
    finally:
        world.environment["XDG_DATA_HOME"] = str(world.folder / "data")
    world.neighbours.append(agent)
    return agent


def test_a_loser_does_not_remove_what_the_winner_has_stored(world):
    account = world.signed_in(access_ttl=LONGER)
    other = stranger(world)
    token(other, account)
    end_of_life(LONGER)
    world.provider.fault("token", "delay", ms=3000)
    answers = []
    thread = threading.Thread(target=lambda: answers.append(token(world, account)))
    thread.start()
    wait_until(lambda: world.provider.log("token", fault="delay"), "the loser's request")
    won = token(other, account)
    thread.join()
    check(is_token(won), "the winner has a token")
    equal(answers, [won], "the loser adopts it")
    equal((state(world, account), state(other, account)), (("good", None), ("good", None)), "states")
    world.restart()
    equal(state(world, account), ("good", None), "in the store")


# --- what crosses a refresh -----------------------------------------------------------------------

@contextlib.contextmanager
def refreshing(world, account, ms=700, **params):
    """A refresh that is under way inside the block, and ends after it; its outcome is in the list."""
    answers = []
    world.provider.fault("token", "delay", ms=ms, after=True)
    thread = threading.Thread(target=lambda: answers.append(token(world, account, **params)))
    thread.start()
    wait_until(lambda: refreshes(world.provider), "the request")
    yield answers
    thread.join()


def test_a_sign_out_waits_for_the_refresh_and_ends_what_came_of_it(world):
    account = world.signed_in()
    end_of_life()
    with refreshing(world, account) as answers:
        world.run("account", "logout", account).expect(0, "logout")
    check(answers[0] == "NOT_GRANTED" or is_token(answers[0]), f"the token: {answers}")
    equal((state(world, account), world.sessions()), (None, 0), "account, sessions")
    world.restart()
    equal(state(world, account), None, "the account after a restart")


def test_a_token_asked_for_during_a_sign_out_brings_nothing_back(world):
    account = world.signed_in()
    end_of_life()
    world.provider.fault("revoke", "delay", ms=3000)
    leaving = world.start("account", "logout", account)
    wait_until(lambda: world.provider.log("revoke"), "the revocation")
    equal(token(world, account), "NOT_GRANTED", "the answer")
    leaving.communicate(timeout=60)
    equal((leaving.returncode, refreshes(world.provider)), (0, 0), "status, requests")
    world.restart()
    equal(state(world, account), None, "the account after a restart")


def test_a_sign_out_of_one_agent_ends_the_account_of_the_other(world):
    account = world.signed_in()
    other = world.neighbour()
    token(other, account)
    end_of_life()
    with refreshing(world, account):
        other.run("account", "logout", account).expect(0, "logout")
    equal(world.sessions(), 0, "sessions")
    end_of_life()
    equal(token(world, account), "NOT_GRANTED", "it is gone")
    equal(state(world, account), None, "and forgotten")
    world.restart()
    equal(state(world, account), None, "the account after a restart")


def test_an_account_that_another_agent_signed_out_can_be_signed_out(world):
    account = world.signed_in()
    other = world.neighbour()
    token(other, account)
    world.run("account", "logout", account).expect(0, "logout")
    other.run("account", "logout", account).expect(0, "logout of what is not there")
    equal((state(world, account), state(other, account)), (None, None), "states")


def test_signing_in_again_waits_for_the_refresh_and_wins(world):
    account = world.signed_in()
    end_of_life()
    with refreshing(world, account, ms=1500) as answers:
        again = world.account(world.provider, world.client)
    equal(again, account, "the account")
    check(is_token(answers[0]), f"the refresh: {answers}")
    world.restart()
    end_of_life()
    check(is_token(token(world, account)), "it works")
    equal((state(world, account), refreshes(world.provider)), (("good", None), 2), "state, requests")


def test_an_agent_that_is_to_end_keeps_what_comes_back(world):
    account = world.signed_in()
    end_of_life()
    with refreshing(world, account, ms=4000) as answers:
        world.stop()
    equal(answers, ["AGENT_UNAVAILABLE"], "the answer")
    world.unlock()
    equal((state(world, account), refreshes(world.provider)), (("good", None), 1), "state, requests")
    end_of_life()
    check(is_token(token(world, account)), "it works")
    equal(world.sessions(), 1, "sessions")


def test_an_agent_ends_at_once_when_nothing_was_sent(world):
    account = world.signed_in()
    other = world.neighbour()
    token(other, account)
    end_of_life()
    pid = other.agent_pid()
    with refreshing(world, account, ms=12000):
        port, started = other.cli(), time.monotonic()
        port.send("oauth.token", {"account": account}, None)
        port.result("eth_chainId", [], None)  # what came before has been begun
        time.sleep(0.3)
        other.run("agent", "stop").expect(0, "stop")
        while is_running(pid):
            time.sleep(0.01)
        check(time.monotonic() - started < 8, "it waited for its turn")
        equal(outcome(port.receive()), "AGENT_UNAVAILABLE", "the answer")


def test_a_lock_ends_a_refresh_that_has_not_been_sent(world):
    account = world.signed_in()
    world.restart()  # it does not know the provider yet
    end_of_life()
    world.provider.fault("metadata", "delay", ms=3000)
    port = world.cli()
    port.send("oauth.token", {"account": account}, None)
    wait_until(lambda: world.provider.log("metadata"), "the question")
    world.run("lock").expect(0, "lock")
    equal(outcome(port.receive()), "STORE_LOCKED", "the answer")
    time.sleep(3)
    world.unlock()
    equal((refreshes(world.provider), state(world, account)), (0, ("good", None)), "requests, state")


# --- a store that does not answer -----------------------------------------------------------------

@contextlib.contextmanager
def vault_busy(world):
    """The vault's file is one that nobody else can write, nor read."""
    database = sqlite3.connect(world.folder / "data/sealring/vault.db", isolation_level=None, timeout=10)
    try:
        database.execute("PRAGMA locking_mode = EXCLUSIVE")
        database.execute("BEGIN EXCLUSIVE")
        yield
    finally:
        with contextlib.suppress(sqlite3.Error):
            database.execute("ROLLBACK")
        database.close()


def test_nothing_is_sent_while_the_store_does_not_answer(world):
    account = world.signed_in()
    end_of_life()
    with vault_busy(world):
        started = time.monotonic()
        equal(token(world, account), "STORE_UNAVAILABLE", "the answer")
        check(time.monotonic() - started < 5, "it came late")
        equal(refreshes(world.provider), 0, "requests")
    time.sleep(0.5)
    check(is_token(token(world, account)), "afterwards")
    equal((state(world, account), world.sessions()), (("good", None), 1), "state, sessions")


def test_what_comes_back_while_the_store_does_not_answer_is_in_the_journal(world):
    account = world.signed_in(access_ttl=24)  # a token is at hand for half its life
    first = token(world, account)
    time.sleep(12.2)
    with refreshing(world, account, ms=300, minValid=3600) as answers, vault_busy(world):
        time.sleep(3.5)
    check(is_token(answers[0]) and answers != [first], f"the answer: {answers}")
    world.kill()
    world.unlock()
    equal(state(world, account), ("good", None), "state after a kill")
    equal(token(world, account), answers[0], "the token after a kill")
    time.sleep(12.2 - 3.5)
    check(is_token(token(world, account, minValid=3600)), "it works")
    equal((refreshes(world.provider), world.sessions()), (2, 1), "requests, sessions")


if __name__ == "__main__":
    main("oauth refresh", globals())
