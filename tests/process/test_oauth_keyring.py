#!/usr/bin/env -S python3 -B
"""OAuth accounts in a real gnome-keyring: one that dies with what it has acknowledged, hangs or is locked; two agents on
it; and moving everything while an account is refreshed."""
# tests/run: timeout=1500
import shutil
import signal
import threading
import time

from cli_world import PASSPHRASE
from keyring_world import KeyringWorld
from refresh_world import (RefreshWorld, Skip, at_once, check, end_of_life, equal, is_token, main, refreshes,
                           state, token)


class RefreshKeyringWorld(RefreshWorld, KeyringWorld):
    """Accounts are in the keyring; a neighbour is on the same bus."""

    def signed_in(self, *words, **options):
        if self.skip:
            raise Skip(self.skip)
        self.run("agent", "start").expect(0, "start")
        return super().signed_in(*words, **options)


def snapshot(world):
    """What is on disk of the keyring now."""
    kept = world.folder / "snapshot"
    shutil.rmtree(kept, ignore_errors=True)
    shutil.copytree(world.keyring.home.keyrings, kept)
    return kept


def crash(world, kept):
    """The keyring is killed, and what it wrote since @kept has not reached the disk."""
    world.keyring.kill()
    shutil.rmtree(world.keyring.home.keyrings)
    shutil.copytree(kept, world.keyring.home.keyrings)
    world.keyring.start()


def check_works(world, account, what):
    equal(state(world, account), ("good", None), f"{what}: state")
    end_of_life()
    check(is_token(new := token(world, account)), f"{what}: {new}")
    equal(world.sessions(), 1, f"{what}: sessions")


def test_what_a_keyring_acknowledged_and_lost_is_in_the_journal(world):
    account = world.signed_in()
    end_of_life()
    token(world, account)  # makes the journal's key
    kept = snapshot(world)
    for times in (1, 2):
        end_of_life()
        before = refreshes(world.provider)
        check(is_token(token(world, account)), "a refresh")
        world.stop()
        crash(world, kept)
        check_works(world, account, f"lost {times} times")
        equal(refreshes(world.provider), before + 2, "requests")


def test_an_agent_that_goes_on_gives_the_keyring_what_it_lost(world):
    account = world.signed_in()
    end_of_life()
    token(world, account)
    kept = snapshot(world)
    end_of_life()
    token(world, account)
    crash(world, kept)
    check_works(world, account, "the same agent")
    (world.folder / "state/sealring/state.db").unlink()
    world.kill()
    check_works(world, account, "without the journal")


def check_kept(world, account, before, what):
    """The account works. It may be marked as one whose refresh is on its way when nothing was sent: the keyring had
    written that, and died before it said so."""
    if (found := state(world, account)) != ("good", None):
        equal((found, refreshes(world.provider)), (("in-flight", None), before), f"{what}: state, requests")
        end_of_life()
        check(is_token(new := token(world, account)), f"{what}: {new}")
    check_works(world, account, what)


def test_a_keyring_killed_at_any_time_of_a_refresh_loses_no_account(world):
    account = world.signed_in()
    for number in range(6):
        end_of_life()
        before = refreshes(world.provider)
        world.provider.fault("token", "delay", ms=100, after=True)
        answers = []
        thread = threading.Thread(target=lambda: answers.append(token(world, account)))
        thread.start()
        time.sleep(0.08 * number)
        world.keyring.kill()
        thread.join()
        world.keyring.start()
        world.stop()
        check_kept(world, account, before, f"killed at {number}, which gave {answers}")


def test_nothing_is_sent_while_the_keyring_hangs_or_is_gone(world):
    account = world.signed_in()
    end_of_life()
    token(world, account)
    end_of_life()
    before = refreshes(world.provider)
    world.keyring.signal(signal.SIGSTOP)
    try:
        started = time.monotonic()
        equal(token(world, account), "STORE_UNAVAILABLE", "hanging")
        check(time.monotonic() - started < 4, "it came late")
    finally:
        world.keyring.signal(signal.SIGCONT)
    equal(refreshes(world.provider), before, "requests")
    check_works(world, account, "it goes on")
    end_of_life()
    world.keyring.kill()
    before = refreshes(world.provider)
    equal((token(world, account), refreshes(world.provider)), ("STORE_UNAVAILABLE", before), "gone")
    world.keyring.start()
    check_works(world, account, "it is back")


def test_nothing_is_sent_while_the_keyring_is_locked(world):
    account = world.signed_in()
    end_of_life()
    world.bus.lock()
    equal((token(world, account), refreshes(world.provider)), ("STORE_LOCKED", 0), "locked")
    world.keyring.kill()
    world.keyring.start()
    check_works(world, account, "unlocked")


def test_two_agents_on_one_keyring_send_one_request(world):
    account = world.signed_in(access_ttl=12)
    other = world.neighbour()
    token(other, account)
    time.sleep(6.2)
    world.provider.fault("token", "delay", ms=500)
    answers = at_once(2, lambda number: token([world, other][number], account, minValid=3600))
    check(is_token(answers[0]) and answers[0] == answers[1], f"answers: {answers}")
    equal((refreshes(world.provider), world.sessions()), (1, 1), "requests, sessions")


# --- moving ---------------------------------------------------------------------------------------

def move(world, target):
    words = ["--passphrase-fd", "{fd}"] if target == "vault" else []
    return world.start("store", "move", target, *words, passphrase=PASSPHRASE if target == "vault" else None)


def test_a_move_waits_for_a_refresh_and_takes_what_came_of_it(world):
    account = world.signed_in()
    for target in ("vault", "secret-service"):
        end_of_life()
        world.provider.reset()
        world.provider.fault("token", "delay", ms=2500, after=True)
        answers = []
        thread = threading.Thread(target=lambda: answers.append(token(world, account)))
        thread.start()
        while not world.provider.issued("refresh"):
            time.sleep(0.02)
        moving = move(world, target)
        output, errors = moving.communicate(timeout=60)
        thread.join()
        equal(moving.returncode, 0, f"the move: {output} {errors}")
        check(is_token(answers[0]), f"the answer: {answers}")
        equal(world.json("store", "show")["active"], target, "the store")
        check_works(world, account, f"in the {target}")
        world.stop()
        if target == "vault":
            world.unlock()
        check_works(world, account, f"in the {target}, after a restart")


def test_moving_and_refreshing_at_once_loses_no_account(world):
    account = world.signed_in()
    for number in range(6):
        target = ("vault", "secret-service")[number % 2]
        end_of_life()
        world.provider.fault("token", "delay", ms=50)
        answers = []
        thread = threading.Thread(target=lambda: answers.append(token(world, account)))
        thread.start()
        time.sleep(0.05 * number)
        moving = move(world, target)
        moving.communicate(timeout=60)
        thread.join()
        equal(moving.returncode, 0, f"move {number}")
        check(is_token(answers[0]) or answers[0] in ("BUSY", "STORE_UNAVAILABLE"), f"answer {number}: {answers}")
        check_works(world, account, f"after move {number}")


if __name__ == "__main__":
    main("oauth keyring", globals(), RefreshKeyringWorld)
