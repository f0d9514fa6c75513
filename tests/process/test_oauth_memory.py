#!/usr/bin/env -S python3 -B
"""What an agent needs in memory for each OAuth account."""
import subprocess
import time

import cli_world
from agent_world import INSTRUMENTED, AgentWorld
from cli_world import BUILD, PASSPHRASE, Skip, check, equal, own_memory

ACCOUNTS = 300
BYTES = 2048  # for each
SETTLE_SECONDS = 6  # the agent gives back what was needed for a moment after one or two


def settled(pid):
    """The least that the process has had meanwhile."""
    end, least = time.monotonic() + SETTLE_SECONDS, own_memory(pid)
    while time.monotonic() < end:
        time.sleep(0.2)
        least = min(least, own_memory(pid))
    return least * 1024


def use(world, count):
    """The memory in bytes of a new agent that has listed all accounts and given a token of each, some time after that."""
    world.stop()
    world.unlock()
    port = world.cli()
    accounts = port.result("oauth.accounts", None, None)["accounts"]
    equal(len(accounts), count, "accounts")
    for account in accounts:
        port.result("oauth.token", {"account": account["id"]}, None)
    return settled(world.agent_pid())


def fill(world, count):
    subprocess.run([BUILD / "tests/support_programs/fill_accounts", world.folder / "data/sealring/vault.db", str(count)],
                   input=PASSPHRASE.encode(), check=True, timeout=120)


def test_an_account_takes_two_kilobytes_at_most(world):
    if INSTRUMENTED:
        raise Skip("sanitizers keep freed memory")
    fill(world, 1)  # what is needed for the first one is not for each
    few = use(world, 1)
    fill(world, ACCOUNTS)
    many = use(world, ACCOUNTS + 1)
    each = (many - few) / ACCOUNTS
    print(f"# {few // 1024} KiB with 1 account, {many // 1024} KiB with {ACCOUNTS + 1}: {each:.0f} bytes for each")
    check(each <= BYTES, f"{each:.0f} bytes for each account")


if __name__ == "__main__":
    cli_world.main("oauth memory", globals(), AgentWorld)
