#!/usr/bin/env -S python3 -B
"""The whole of it as a person lives it: a page asks, the browser starts the host, the real sealring-prompt opens on
the browser's display, the person reads and clicks, and the page signs in. Pictures go to $O/screenshots/.
"""
import shutil

from browser_world import ADDRESS_ONE, SHOTS, Desk, Skip, check, equal, failed, main, succeeded, wait_until
from prompt_window import Display
from test_agent_window import Window


class WindowDesk(Desk):
    def __init__(self):
        for program in ("Xvfb", "xdotool"):
            if not shutil.which(program):
                raise Skip(f"{program} is not installed")
        display = Display(1366, 768).__enter__()
        try:
            super().__init__(display=display)
        except BaseException:
            display.close()
            raise
        # Last, when everybody who shows something there has gone.
        self.closing = display

    def close(self):
        try:
            super().close()
        finally:
            self.closing.close()


def allow(desk, name):
    """Read to the end, and agree."""
    window = Window(desk.display)
    window.keys("End")
    window.save(name)
    window.click_action()
    wait_until(lambda: not window.find(), "the end of the window")


def test_a_person_connects_and_signs_in(desk, browser):
    desk.server.need_libraries()
    site = desk.site(browser, path="/viem")
    site.tab.run("window.signed = null; dapp.signIn(messageOf).then((value) => (window.signed = value), (error) => (window.signed = {error: String(error)}))")
    allow(desk, f"prompt-connect-{browser.kind}.png")
    allow(desk, f"prompt-sign-in-{browser.kind}.png")
    signed = wait_until(lambda: site.tab.value("signed"), "the signature")
    equal((signed.get("address"), signed.get("verified")), (ADDRESS_ONE, True), f"signed {signed}")
    verdict = site.tab.run("return post('/verify', {message: signed.message, signature: signed.signature})")
    equal(verdict, {"ok": True, "address": ADDRESS_ONE}, "the site's verdict")
    check((SHOTS / f"prompt-sign-in-{browser.kind}.png").exists(), "no picture")


def test_escape_is_4001_for_the_page(desk, browser):
    site = desk.site(browser)
    site.later("connect", "eth_requestAccounts")
    Window(desk.display).keys("Escape")
    failed(site.answer("connect"), 4001, "USER_REJECTED")


def test_a_page_that_is_closed_takes_its_window_with_it(desk, browser):
    site = desk.site(browser)
    site.later("connect", "eth_requestAccounts")
    window = Window(desk.display)
    desk.close_tab(site.tab)
    wait_until(lambda: not window.find(), "the window closes", 5)


def test_the_window_of_a_closed_page_makes_room_for_that_of_another(desk, browser):
    """Both pages are on one port, which stays."""
    site, other = desk.site(browser), desk.site(browser)
    site.later("connect", "eth_requestAccounts")
    Window(desk.display)
    other.later("connect", "eth_requestAccounts")
    wait_until(lambda: desk.json("status")["promptsWaiting"] == 2, "both questions")
    desk.close_tab(site.tab)
    wait_until(lambda: desk.json("status")["promptsWaiting"] == 1, "the other one alone")
    allow(desk, f"prompt-after-another-{browser.kind}.png")
    equal(succeeded(other.answer("connect")), [ADDRESS_ONE], "the other page's account")


if __name__ == "__main__":
    main("window", dict(globals()), WindowDesk)
