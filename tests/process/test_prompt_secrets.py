#!/usr/bin/env -S python3 -B
"""Where a passphrase typed into the real window is: in locked memory until it was handed over, then
nowhere, neither in the prompt nor in the agent that asked. docs/SECURITY.md says what is not promised.
tests/run: alone timeout=600
"""
import os
import re
import shutil
import time

import cli_world
from agent_world import AgentWorld
from cli_world import Skip, check, equal, open_proc
from prompt_window import Display, Prompt, wait_for
from secret_search import PHRASE, found_in, found_in_files, found_in_process_tables, held_at_its_end, left_in

MODEL = "title\tPassphrase for the vault\nasker\tsealring unlock, a program\naction\tUnlock\n"
LOCKED_PAGES = ("lo", "dd")  # as GtkPasswordEntryBuffer's: locked, not in core dumps


class DisplayWorld(AgentWorld):
    """A display, and an agent without a vault that opens its windows there."""

    def __init__(self):
        super().__init__(prompt=False, setup=False)
        absent = [name for name in ("Xvfb", "xdotool") if not shutil.which(name)]
        self.skip = f"{absent[0]} is not installed" if absent else None
        self.display = None if absent else Display(1366, 768).__enter__()

    def close(self):
        try:
            super().close()
        finally:
            if self.display:
                self.display.__exit__(None, None, None)


def answer(world, keys, *arguments, typed=(PHRASE,)):
    """Type @typed into the entries, look, press @keys, look again when the prompt ends; what it wrote."""
    if world.skip:
        raise Skip(world.skip)
    with Prompt(world.display, MODEL, "--passphrase", *arguments) as prompt:
        pid = prompt.process.pid
        time.sleep(0.3)
        with held_at_its_end(pid) as hold:
            for number, text in enumerate(typed):
                if number:
                    world.display.key("Tab")
                world.display.type(text)
            wait_for(lambda: "passphrase" in found_in(pid), 30, "the test finds what was typed")
            time.sleep(0.3)
            equal(found_in(pid, apart_from=LOCKED_PAGES), [], "outside of locked pages while the window is open")
            world.display.key(*keys)
            hold()
            equal(found_in(pid), [], "in the prompt at its end")
        equal(found_in_process_tables(), [], "in command lines and environments")
        equal(found_in_files(world.folder) + found_in_files(world.display.home.name), [], "in files")
        return prompt.wait()


def test_nothing_is_left_of_a_passphrase_that_was_handed_over(world):
    equal(answer(world, ["Return"]), (0, PHRASE.encode()), "answer")


def test_nothing_is_left_of_a_new_passphrase_typed_twice(world):
    equal(answer(world, ["Return"], "--new", typed=(PHRASE, PHRASE)), (0, PHRASE.encode()), "answer")


def test_nothing_is_left_of_a_cancelled_passphrase(world):
    equal(answer(world, ["Escape"]), (1, b""), "answer")


def test_nothing_is_left_of_characters_taken_back(world):
    equal(answer(world, ["BackSpace", "BackSpace", "Return"]), (0, PHRASE[:-2].encode()), "answer")


def test_the_agent_keeps_nothing_of_a_passphrase_from_the_window(world):
    if world.skip:
        raise Skip(world.skip)
    world.environment |= {name: world.display.env[name] for name in ("DISPLAY", "XDG_RUNTIME_DIR")}
    command = world.start("unlock")
    try:
        wait_for(lambda: world.display.xdotool("search", "--onlyvisible", "--name", ".").split(), 60, "the window")
        time.sleep(1)
        for following in ("Tab", "Return"):
            world.display.type(PHRASE)
            world.display.key(following)
        _, errors = command.communicate(timeout=60)
        equal(command.returncode, 0, f"status of unlock, which said {errors[-300:]}")
    finally:
        command.kill()
        command.communicate()
    equal(world.json("status")["store"]["state"], "open", "the vault")
    equal(left_in(world.agent_pid()), [], "in the agent")
    equal(found_in_process_tables(), [], "in command lines and environments")
    equal(found_in_files(world.folder) + found_in_files(world.display.home.name), [], "in files")


def test_the_prompt_leaves_no_core_file(world):
    if world.skip:
        raise Skip(world.skip)
    with Prompt(world.display, MODEL, "--passphrase") as prompt:
        with open_proc(f"/proc/{prompt.process.pid}/limits") as file:
            check(re.search(r"Max core file size\s+0\s+0", file.read()), "core dumps are possible")
        equal(os.stat(f"/proc/{prompt.process.pid}/environ").st_uid, 0, "owner of its /proc files: not dumpable")


if __name__ == "__main__":
    cli_world.main("prompt's secrets", dict(globals()), DisplayWorld)
