#!/usr/bin/env python3
"""Records of pages: how many and how large, in both stores, where little memory can be locked."""
import os
import resource
import subprocess

import cli_world
from agent_world import INSTRUMENTED, AgentWorld
from cli_world import PAGE, SEALRING, Skip, check, equal
from keyring_world import KeyringWorld

LOCKED_MEMORY = 1 << 20
LARGE = 128 * 1024
COUNT = 12  # all of them would take twice what may be locked
OTHER = "https://other.example"


def start_with_little_memory(world):
    """Start the agent as the process of a user who may lock 1 MiB, which root may exceed otherwise."""
    if INSTRUMENTED:
        raise Skip("memory is not locked under sanitizers")
    if world.agent_pid():
        world.stop()
    words = [SEALRING, "agent", "start"]
    if os.getuid() == 0:
        words = ["setpriv", "--bounding-set=-ipc_lock", "--inh-caps=-ipc_lock", *words]
    limit = (LOCKED_MEMORY, LOCKED_MEMORY)
    subprocess.run(words, env=world.environment, stdout=subprocess.DEVNULL, check=True, timeout=20,
                   preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_MEMLOCK, limit))


def large_value(number):
    return f"{number:04d}".ljust(LARGE, "v")


def use_more_than_can_be_locked(world):
    browser = world.browser()
    names = [f"key {number:02d}" for number in range(COUNT)]
    for number, name in enumerate(names):
        browser.result("storage.set", {"key": name, "value": large_value(number)})
    equal(browser.result("storage.list", {}), {"keys": names}, "storage.list")
    equal(browser.result("storage.list", {"prefix": "key 1"}), {"keys": names[10:]}, "those with a prefix")
    for number in (0, COUNT - 1):
        value = browser.result("storage.get", {"key": names[number]})["value"]
        check(value == large_value(number), f"storage.get of {names[number]}")
    browser.result("storage.set", {"key": names[0], "value": "small"})
    equal(browser.result("storage.get", {"key": names[0]}), {"value": "small"}, "a replaced record")
    browser.result("storage.delete", {"key": names[1]})
    equal(browser.result("storage.list", {}), {"keys": names[:1] + names[2:]}, "after storage.delete")
    return browser


def test_large_records_in_a_vault_need_little_locked_memory(world):
    start_with_little_memory(world)
    world.unlock()
    use_more_than_can_be_locked(world)
    world.run("sign", "--personal", "-", stdin="x").expect(0, "signing beside them")


def test_large_records_in_a_keyring_need_little_locked_memory(world):
    world = KeyringWorld()
    try:
        if world.skip:
            raise Skip(world.skip)
        world.import_key()
        start_with_little_memory(world)
        use_more_than_can_be_locked(world)
        world.run("sign", "--personal", "-", stdin="x").expect(0, "signing beside them")
    finally:
        world.close()


def test_large_records_move_between_the_stores_with_little_locked_memory(world):
    world = KeyringWorld()
    try:
        if world.skip:
            raise Skip(world.skip)
        world.import_key()
        start_with_little_memory(world)
        browser = use_more_than_can_be_locked(world)
        moved = world.json("store", "move", "vault", "--passphrase-fd", "{fd}", passphrase=cli_world.PASSPHRASE)
        equal((moved["moved"], moved["damaged"]), (COUNT, []), "moved")
        equal(len(browser.result("storage.list", {})["keys"]), COUNT - 1, "records in the vault")
    finally:
        world.close()


def test_each_page_has_so_many_records_and_no_more(world):
    browser = world.browser()
    browser.result("eth_requestAccounts", [], OTHER)
    for number in range(256):
        browser.result("storage.set", {"key": f"{number:03d}", "value": "x"})
    equal(browser.reason("storage.set", {"key": "one more", "value": "x"}), "LIMIT_EXCEEDED", "the 257th")
    browser.result("storage.set", {"key": "007", "value": "y"})
    equal(len(browser.result("storage.list", {})["keys"]), 256, "records")
    browser.result("storage.set", {"key": "mine", "value": "x"}, OTHER)
    equal(browser.result("storage.list", {}, OTHER), {"keys": ["mine"]}, "another page")
    browser.result("storage.delete", {"key": "008"}, PAGE)
    browser.result("storage.set", {"key": "one more", "value": "x"})


if __name__ == "__main__":
    cli_world.main("storage", dict(globals()), AgentWorld)
