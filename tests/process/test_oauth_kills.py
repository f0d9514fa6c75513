#!/usr/bin/env -S python3 -B
"""Agent and sealring-net killed anywhere in a refresh: no account is lost, but for the one whose answer was on its way;
and what comes back while the vault is locked or the disk is full is kept."""
# tests/run: timeout=1500
import collections
import contextlib
import os
import random
import select
import signal
import subprocess
import threading
import time
from pathlib import Path

from cli_world import Failure, Skip, is_alive
from oauth_world import LOOPBACK
from refresh_world import (check, end_of_life, equal, is_token, main, outcome, refreshes, state, token,
                           until_left)

SOAK = bool(os.environ.get("SOAK"))
ACCOUNTS = 5  # refreshed at once, so that a kill of the agent has as many points
AGENT_KILLS = 40 if SOAK else 8
NET_KILLS = 200 if SOAK else 40
DELAY_MS = 120  # of a reply, so that there is time to be killed in
LOST = "the provider's answer to a refresh was lost"

Account = collections.namedtuple("Account", "id client")


def accounts_of(world, count):
    """Accounts of one person with a client each, by which the provider's log can tell them apart."""
    provider = world.on()
    clients = [provider.client("native", [LOOPBACK]) for _ in range(count)]
    return [Account(world.account(provider, client), client) for client in clients]


def posts_of(provider, account):
    """The refreshes that the provider has got of @account, all of them done; a client that is gone does not stop one."""
    deadline = time.monotonic() + 20
    while True:
        entries = provider.log("token", grant_type="refresh_token")
        own = [entry for entry in entries if entry["params"]["client_id"] == account.client.id]
        if all(entry["status"] is not None for entry in own):
            return own
        check(time.monotonic() < deadline, "a request at the provider does not end")
        time.sleep(0.02)


def committed(provider, account):
    return sum(entry["status"] == 200 for entry in posts_of(provider, account))


def delay_replies(provider, count):
    """Half of the next replies are late because they are done late, half were done before that."""
    for number in range(count):
        provider.fault("token", "delay", ms=DELAY_MS, after=number % 2 == 0)


def ask_all(world, accounts, spread):
    """Threads that ask for a token of each account, within @spread seconds; the agent may die under them."""
    def run(account):
        time.sleep(random.random() * spread)
        with contextlib.suppress(Failure, OSError, KeyError):
            token(world, account.id)

    threads = [threading.Thread(target=run, args=(account,)) for account in accounts]
    for thread in threads:
        thread.start()
    return threads


def duration_of(world, accounts):
    """Seconds in which all accounts are refreshed, as they are when a kill comes."""
    end_of_life()
    delay_replies(world.provider, len(accounts))
    started = time.monotonic()
    for thread in ask_all(world, accounts, 0.2):
        thread.join()
    return time.monotonic() - started


def judge(world, account, cause):
    """What a kill has left of @account, as a word; anything that may not be is a failure."""
    done, (found, _) = committed(world.provider, account), state(world, account.id)
    new = token(world, account.id)
    after = committed(world.provider, account)
    what = f"{done} done, {found}, then {new if not is_token(new) else 'a token'}, {after} done"
    if found == "good" or done == 0:
        check(is_token(new) and after <= done + 1, f"it was lost: {what}")
        return "kept" if done else "not sent"
    check(found in ("in-flight", "uncertain") and done == 1, f"it cannot be: {what}")
    equal((new, after), ("LOGIN_REQUIRED", 1), f"it is not known, and was tried once more: {what}")
    equal(state(world, account.id), ("needs-login", cause), what)
    equal(len(posts_of(world.provider, account)), 2, "requests in all")
    world.account(world.provider, account.client)
    equal(state(world, account.id), ("good", None), "signed in again")
    return "lost"


def report(what, found):
    counts = collections.Counter(found)
    print(f"# {what}: {len(found)} points; " + ", ".join(f"{count} {word}" for word, count in sorted(counts.items())))


def test_an_agent_killed_anywhere_loses_only_what_was_on_its_way(world):
    accounts = accounts_of(world, ACCOUNTS)
    duration = duration_of(world, accounts)
    found = []
    for number in range(AGENT_KILLS):
        end_of_life()
        world.provider.reset()
        delay_replies(world.provider, ACCOUNTS)
        pid = world.agent_pid()
        threads = ask_all(world, accounts, 0.2)
        time.sleep(duration * (number + random.random()) / AGENT_KILLS)
        kill(pid)
        for thread in threads:
            thread.join()
        world.unlock()
        found += [judge(world, account, LOST) for account in accounts]
    report("sealring-agent", found)
    check(world.sessions() >= ACCOUNTS, "sessions")


def kill(pid):
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, signal.SIGKILL)
    while any(is_alive(thread) for thread in Path(f"/proc/{pid}/task").glob("*")):
        time.sleep(0.002)


def net_processes(agent):
    """The running sealring-net of the agent."""
    children = Path(f"/proc/{agent}/task/{agent}/children").read_text().split()
    with contextlib.suppress(OSError):  # one has just ended
        return [int(pid) for pid in children if Path(f"/proc/{pid}/comm").read_text() == "sealring-net\n"]
    return []


def wait_for_net(agent, port, timeout=20):
    """The running sealring-net, none when the answer was there before one was seen."""
    deadline = time.monotonic() + timeout
    while time.monotonic() < deadline:
        if found := net_processes(agent):
            return found
        if select.select([port.reader], [], [], 0)[0]:
            return []
    raise Failure("sealring-net was not started")


def kill_net(world, agent, account, delay):
    """Refresh @account, whose sealring-net is killed after @delay seconds; how many were, and the outcome."""
    port = world.cli()
    port.send("oauth.token", {"account": account.id}, None)
    found = wait_for_net(agent, port)
    time.sleep(delay)
    for pid in found:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    told = outcome(port.receive(60))
    port.close()  # the agent has a limit on connections
    return len(found), told


def test_a_killed_sealring_net_loses_only_what_was_on_its_way(world):
    accounts = accounts_of(world, 10)
    end_of_life()
    token(world, accounts[0].id)  # so that the provider is known
    agent, kills, found = world.agent_pid(), 0, []
    for _ in range(NET_KILLS // len(accounts)):
        end_of_life()
        world.provider.reset()
        delay_replies(world.provider, len(accounts))
        killed = [kill_net(world, agent, account, random.random() ** 2 * DELAY_MS / 500) for account in accounts]
        equal({told for _, told in killed if not is_token(told)} - {"NETWORK_ERROR"}, set(), "reasons")
        kills += sum(count for count, _ in killed)
        time.sleep(2.2)  # the pause after a failure
        found += [judge(world, account, LOST) for account in accounts]
    report("sealring-net", found)
    check(kills > NET_KILLS / 2, f"only {kills} killed")


def test_a_kill_between_commit_and_reply_is_not_sent_again_before_the_other_token_has_ended(world):
    account = world.signed_in(access_ttl=14)
    first = until_left(world.cli(), account, 6)
    ends = time.monotonic() + 7
    world.provider.fault("token", "delay", ms=3000, after=True)
    port = world.cli()
    port.send("oauth.token", {"account": account, "minValid": 3600}, None)
    while not world.provider.issued("refresh"):
        time.sleep(0.02)
    kill(world.agent_pid())
    world.unlock()
    equal(state(world, account), ("in-flight", None), "state")
    equal([token(world, account, minValid=3600) for _ in range(3)], [first] * 3, "what is still good serves")
    equal(refreshes(world.provider), 1, "requests until it ends")
    time.sleep(max(0, ends - time.monotonic()))
    equal((token(world, account), refreshes(world.provider)), ("LOGIN_REQUIRED", 2), "then it is tried once more")
    equal(state(world, account), ("needs-login", LOST), "state")


# --- the vault ------------------------------------------------------------------------------------

@contextlib.contextmanager
def answered_late(world, account, ms=3000):
    """A refresh that the provider has done and not yet answered; its outcome is in the list afterwards."""
    answers, port = [], world.cli()
    world.provider.fault("token", "delay", ms=ms, after=True)
    port.send("oauth.token", {"account": account}, None)
    while not world.provider.issued("refresh"):
        time.sleep(0.02)
    yield answers
    answers.append(outcome(port.receive(60)))


def check_works(world, account, what):
    """The account is good, and its next refresh works too."""
    equal(state(world, account), ("good", None), f"{what}: state")
    end_of_life()
    check(is_token(new := token(world, account)), f"{what}: {new}")
    equal(world.sessions(), 1, f"{what}: sessions")


def test_what_comes_back_to_a_locked_vault_is_kept(world):
    account = world.signed_in()
    end_of_life()
    with answered_late(world, account) as answers:
        world.run("lock").expect(0, "lock")
    equal(answers, ["STORE_LOCKED"], "the answer")
    world.unlock()
    equal(refreshes(world.provider), 1, "requests")
    check_works(world, account, "unlocked again")


def test_what_comes_back_to_a_locked_vault_survives_a_kill(world):
    account = world.signed_in()
    end_of_life()
    with answered_late(world, account):
        world.run("lock").expect(0, "lock")
    kill(world.agent_pid())
    world.unlock()
    check_works(world, account, "after a kill")
    world.restart()
    check_works(world, account, "after a restart")


@contextlib.contextmanager
def small_disk(folder):
    """A file system of one megabyte on @folder; gives a function that fills it or makes room."""
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m,mode=0700", "tmpfs", folder], capture_output=True).returncode:
        raise Skip("cannot mount a small file system")

    def fill(full):
        if not full:
            (folder / "fill").unlink()
            return
        with open(folder / "fill", "wb", 0) as file, contextlib.suppress(OSError):
            while True:
                file.write(bytes(1024))

    try:
        yield fill
    finally:
        subprocess.run(["umount", "-l", folder], check=True)


def test_nothing_is_sent_when_the_vaults_disk_is_full(world):
    world.stop()
    with small_disk(world.folder / "data/sealring") as fill:
        world.unlock()
        account = world.signed_in()
        fill(True)
        end_of_life()
        equal((token(world, account), refreshes(world.provider)), ("STORE_UNAVAILABLE", 0), "the answer, requests")
        fill(False)
        check_works(world, account, "with room again")
        equal(refreshes(world.provider), 1, "requests")
        world.stop()


def test_what_comes_back_to_a_full_disk_is_kept(world):
    world.stop()
    with small_disk(world.folder / "data/sealring") as fill:
        world.unlock()
        account = world.signed_in(access_ttl=8)
        end_of_life(8)
        with answered_late(world, account) as answers:
            fill(True)
        check(is_token(answers[0]), f"the answer: {answers}")
        kill(world.agent_pid())
        world.unlock()
        equal((state(world, account), token(world, account)), (("good", None), answers[0]), "while it is full")
        fill(False)
        end_of_life(8)
        check(is_token(token(world, account)), "with room again")
        equal((refreshes(world.provider), world.sessions()), (2, 1), "requests, sessions")
        world.stop()


def test_a_token_that_can_be_kept_nowhere_is_not_shown(world):
    """Both files are on the disk that is full; the agent waits until one of them takes it."""
    world.stop()
    world.environment["XDG_STATE_HOME"] = str(world.folder / "data")  # state.db beside vault.db
    with small_disk(world.folder / "data/sealring") as fill:
        world.unlock()
        account = world.signed_in()
        end_of_life()
        port = world.cli()
        with answered_late(world, account) as answers:
            fill(True)
            time.sleep(6)  # the answer comes after three
            port.send("sealring.hello", None, None)
            check("result" in port.receive(), "the agent goes on meanwhile")
            fill(False)
        equal(answers, ["STORE_UNAVAILABLE"], "the answer")
        check_works(world, account, "with room again")
        world.stop()


if __name__ == "__main__":
    main("oauth kills", globals())
