#!/usr/bin/env -S python3 -B
"""The whole of it as a person lives it: a page asks, the browser starts the host, the real sealring-prompt opens on
the browser's display, the person reads and clicks, and the page signs in. Pictures go to $O/screenshots/.
"""
import contextlib
import shutil

from browser_world import ADDRESS_ONE, SHOTS, Desk, Skip, check, equal, failed, main, succeeded, time, wait_until
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


class Question(Window):
    """The window of a question that is not one of @others. It is known by its process: the X server gives the number
    of a window that was closed to the next one."""

    def __init__(self, desk, *others):
        self.display = desk.display
        known = {other.process for other in others}
        self.process = wait_until(lambda: next(iter(self.processes() - known), None), "the prompt's window")

    def processes(self):
        """Those that show a window."""
        return {self.display.xdotool("getwindowpid", window).strip() for window in self.find()} - {""}

    def is_open(self):
        return self.process in self.processes()

    def close_by(self, act):
        """@act until it is closed: the window does not hear what comes too early."""
        def is_closed():
            if self.is_open():
                with contextlib.suppress(IndexError, KeyError):  # it closed meanwhile
                    act()
            return not self.is_open()

        wait_until(is_closed, "the end of the window")


def allow(question, name):
    """Read to the end, and agree."""
    def agree():
        question.keys("End")
        question.click_action()

    time.sleep(1)  # until it is painted
    question.keys("End")
    question.save(name)
    question.close_by(agree)


def test_a_person_connects_and_signs_in(desk, browser):
    desk.server.need_libraries()
    site = desk.site(browser, path="/viem")
    site.tab.run("window.signed = null; dapp.signIn(messageOf).then((value) => (window.signed = value), (error) => (window.signed = {error: String(error)}))")
    for name in ("connect", "sign-in"):
        allow(Question(desk), f"prompt-{name}-{browser.kind}.png")
    signed = wait_until(lambda: site.tab.value("signed"), "the signature")
    equal((signed.get("address"), signed.get("verified")), (ADDRESS_ONE, True), f"signed {signed}")
    verdict = site.tab.run("return post('/verify', {message: signed.message, signature: signed.signature})")
    equal(verdict, {"ok": True, "address": ADDRESS_ONE}, "the site's verdict")
    check((SHOTS / f"prompt-sign-in-{browser.kind}.png").exists(), "no picture")


def test_escape_is_4001_for_the_page(desk, browser):
    site = desk.site(browser)
    site.later("connect", "eth_requestAccounts")
    question = Question(desk)
    question.close_by(lambda: question.keys("Escape"))
    failed(site.answer("connect"), 4001, "USER_REJECTED")


def test_a_page_that_is_closed_takes_its_window_with_it(desk, browser):
    site = desk.site(browser)
    site.later("connect", "eth_requestAccounts")
    question = Question(desk)
    desk.close_tab(site.tab)
    wait_until(lambda: not question.is_open(), "the window closes")


def test_the_window_of_a_closed_page_makes_room_for_that_of_another(desk, browser):
    """Both pages are on one port, which stays."""
    site, other = desk.site(browser), desk.site(browser)
    site.later("connect", "eth_requestAccounts")
    first = Question(desk)
    other.later("connect", "eth_requestAccounts")
    wait_until(lambda: desk.json("status")["promptsWaiting"] == 2, "both questions")
    desk.close_tab(site.tab)
    wait_until(lambda: desk.json("status")["promptsWaiting"] == 1, "the other one alone")
    allow(Question(desk, first), f"prompt-after-another-{browser.kind}.png")
    equal(succeeded(other.answer("connect")), [ADDRESS_ONE], "the other page's account")


if __name__ == "__main__":
    main("window", dict(globals()), WindowDesk)
