#!/usr/bin/env -S python3 -B
"""The whole main job as a person lives it: an extension asks through sealring-host, the real
sealring-prompt opens on the display the browser has, the text is read to its end, a click signs.

Screenshots go to $O/screenshots/.
tests/run: alone
"""
import shutil
import time

import cli_world
from agent_world import ADDRESS_ONE, AgentWorld
from cli_world import BUILD, Skip, check, contains, equal
from prompt_window import Display, wait_for
from test_agent_signing import hexed, recap_message, verify

SHOTS = BUILD / "screenshots"


class Window:
    """The prompt's window on @display, wherever it was started from."""

    def __init__(self, display):
        self.display = display
        wait_for(self.find, 60, "the prompt's window")
        time.sleep(1)

    def find(self):
        return self.display.xdotool("search", "--onlyvisible", "--name", ".").split()

    def keys(self, *keys):
        self.display.key(*keys)
        time.sleep(0.3)

    def action(self):
        """Where the agreeing button is, from the lower right corner."""
        text = self.display.xdotool("getwindowgeometry", "--shell", self.find()[-1])
        place = dict(line.split("=", 1) for line in text.split() if "=" in line)
        return int(place["X"]) + int(place["WIDTH"]) - 85, int(place["Y"]) + int(place["HEIGHT"]) - 35

    def can_agree(self):
        """Whether that has its strong colour."""
        x, y = self.action()
        return self.display.pixels().count((x - 50, y - 15, 100, 30), lambda r, g, b: max(r, g, b) - min(r, g, b) > 90) > 1500

    def click_action(self):
        self.display.click(*self.action())

    def save(self, name):
        SHOTS.mkdir(parents=True, exist_ok=True)
        self.display.screenshot(SHOTS / name)


class WindowWorld(AgentWorld):
    """No prompt-command: the agent must find the window program and the browser's display."""

    def __init__(self):
        super().__init__()
        if not shutil.which("Xvfb") or not shutil.which("xdotool"):
            self.display = None
            return
        path = self.folder / "config/sealring/sealring.conf"
        self.browser()  # connected while the prompt-command still agrees
        self.stop()
        path.write_text("store = vault\nscrypt-log2-n = 15\n")
        self.unlock()
        self.display = Display(1366, 768).__enter__()
        self.environment["DISPLAY"] = self.display.env["DISPLAY"]

    def close(self):
        try:
            super().close()
        finally:
            if self.display:
                self.display.__exit__(None, None, None)


def started(world):
    if not world.display:
        raise Skip("Xvfb or xdotool is not installed")
    browser = world.browser(connect=False)
    equal(browser.result("sealring.hello")["prompt"], "window", "the prompt")
    return browser


def test_reading_to_the_end_and_agreeing_signs(world):
    browser = started(world)
    text = recap_message(browser, "window00001", path="default/kv/notes/")
    browser.send("personal_sign", [hexed(text), ADDRESS_ONE])
    window = Window(world.display)
    window.keys("End")
    wait_for(lambda: window.can_agree() or window.keys("End"), 60, "agreeing at the end")
    window.save("agent-sign-in.png")
    window.click_action()
    reply = browser.receive()
    check("result" in reply, f"reply: {reply}")
    equal(verify(browser, text, reply["result"])["valid"], True, "verification")


def test_return_at_once_and_escape_are_no(world):
    browser = started(world)
    for key in ("Return", "Escape"):
        browser.send("personal_sign", [hexed("Hello"), ADDRESS_ONE])
        Window(world.display).keys(key)
        equal(browser.receive()["error"]["data"]["reason"], "USER_REJECTED", key)


def test_the_vault_is_unlocked_in_a_window(world):
    browser = started(world)
    world.run("lock").expect(0, "lock")
    browser.send("eth_accounts", [])
    equal(browser.receive()["error"]["data"]["reason"], "STORE_LOCKED", "what never asks")
    browser.send("eth_requestAccounts", [])
    window = Window(world.display)
    window.save("agent-unlock.png")
    world.display.type(cli_world.PASSPHRASE)
    window.keys("Return")
    equal(browser.receive().get("result"), [ADDRESS_ONE], "accounts")


def test_a_browser_that_goes_away_takes_its_window_with_it(world):
    browser = started(world)
    browser.send("personal_sign", [hexed("Hello"), ADDRESS_ONE])
    window = Window(world.display)
    browser.process.kill()
    wait_for(lambda: not window.find(), 30, "the window closes")


def test_the_terminal_is_asked_where_the_display_does_not_answer(world):
    started(world)
    world.environment["DISPLAY"] = ":4711"
    with cli_world.terminal(world, "sign", "--personal", str(world.write("text", "Hello"))) as terminal:
        shown = terminal.wait_for("Type yes", 60)
        contains(shown, "Sign this message?", "the question")
        terminal.type("yes\n")
        contains(terminal.end(), "0x", "the signature")


if __name__ == "__main__":
    cli_world.main("window", dict(globals()), WindowWorld)
