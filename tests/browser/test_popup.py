#!/usr/bin/env -S python3 -B
"""The companion's popup: how sealring is, which sites may do what, how to end it, and what to do when sealring is
missing. Pictures of each state, light and dark, go to $O/screenshots/."""
# tests/run: timeout=1500
from broken_host import make
from browser_world import ADDRESS_ONE, COMPANION, HANGING, SHOTS, check, contains, equal, main, succeeded, time, wait_until

WIDTH, HEIGHT = 360, 600  # the largest that browsers show


def popup(desk, browser, expected):
    """It is opened, and shows @expected."""
    tab = desk.open(browser, browser.companion + "popup.html")
    tab.set_size(WIDTH, HEIGHT)
    wait_until(lambda: expected in text_of(tab), f"{expected!r} in the popup, which shows {text_of(tab)!r}", 2 * HANGING)
    return tab


def text_of(tab):
    return tab.value("document.body.innerText") or ""


def forget_everybody(desk):
    """Nobody is connected."""
    for grant in desk.json("grant", "list")["grants"]:
        desk.run("grant", "revoke", grant["id"]).expect(0, "revoke")


def answered(tab):
    """What the background asked has its answer, and the popup shows what is so now."""
    wait_until(lambda: tab.value("document.getElementById('step').getAttribute('aria-disabled')") == "false", f"the answer; {text_of(tab)!r}")


def pictures(tab, browser, name):
    """Light and dark; nothing may be wider than the popup."""
    for dark in (True, False):
        tab.set_dark(dark)
        wait_until(lambda dark=dark: tab.value("matchMedia('(prefers-color-scheme: dark)').matches") is dark, "the colours")
        tab.take_picture(SHOTS / f"popup-{name}-{'dark' if dark else 'light'}-{browser.kind}.png")
    equal(tab.value("[...document.querySelectorAll('body *')].filter((one) => one.scrollWidth > one.clientWidth + 1 && one.clientWidth > 0"
                    " && getComputedStyle(one).overflow === 'visible' && getComputedStyle(one).display !== 'inline').map((one) => one.outerHTML.slice(0, 80))"),
          [], "what is too wide")


def test_it_shows_account_and_sites_and_revokes_with_the_keyboard(desk, browser):
    site = desk.site(browser).connect().listen()
    tab = popup(desk, browser, site.host)
    text = text_of(tab)
    for part in ("Unlocked", "One", ADDRESS_ONE, "vault"):
        contains(text, part, "the popup")
    tab.run(f"document.getElementById('site-{site.origin}').focus()")
    if "Disconnect" not in text_of(tab):
        tab.press("Enter")
    wait_until(lambda: "Disconnect" in text_of(tab), "what the site may do")
    pictures(tab, browser, "connected")
    tab.press("Tab")
    equal(tab.value("document.activeElement.innerText"), "Disconnect", "the next thing")
    tab.press("Enter")
    wait_until(lambda: tab.value("document.querySelector('dialog').open"), "the question")
    equal(tab.value("document.activeElement.innerText"), "Cancel", "what has the focus")
    pictures(tab, browser, "question")
    tab.press("Escape")
    wait_until(lambda: not tab.value("document.querySelector('dialog').open"), "the end of the question")
    equal(len(desk.grants(site.origin)), 1, "after Escape")
    tab.run("document.querySelector(`[id^='grant-']`).focus()" if tab.value("document.querySelectorAll(`[id^='grant-']`).length") == 1 else
            f"document.getElementById('site-{site.origin}').closest('details').querySelector('button').focus()")
    tab.press("Enter")
    wait_until(lambda: tab.value("document.querySelector('dialog').open"), "the question")
    tab.press("Tab")
    tab.press("Enter")
    wait_until(lambda: not desk.grants(site.origin), "the end of the connection")
    wait_until(lambda: site.host not in text_of(tab), "the site is gone")
    wait_until(lambda: site.heard("accountsChanged")[-1] == [[]], "the site hears of it")


def test_it_follows_what_happens_elsewhere(desk, browser):
    site = desk.site(browser)
    tab = popup(desk, browser, "sealring")
    succeeded(site.ask("eth_requestAccounts"))
    wait_until(lambda: site.host in text_of(tab), f"the new site; {text_of(tab)!r}")
    desk.run("lock").expect(0, "lock")
    wait_until(lambda: "Locked" in text_of(tab), f"that it is locked; {text_of(tab)!r}")
    pictures(tab, browser, "locked")
    desk.unlock()
    wait_until(lambda: "Unlocked" in text_of(tab), f"that it is unlocked; {text_of(tab)!r}")
    tab.click("#lock")
    wait_until(lambda: desk.json("status")["store"]["state"] == "locked", "locked by the popup")


def test_without_a_key_it_says_so_and_offers_to_make_one(desk, browser):
    desk.run("key", "delete", "One").expect(0, "delete")
    desk.shown()
    tab = popup(desk, browser, "Create a key")
    equal(desk.shown(), "", "what the user was asked")
    equal(tab.value("document.getElementById('state').innerText"), "No key yet", "the state")
    pictures(tab, browser, "no-key")
    tab.run("document.getElementById('step').focus()")
    desk.answer(False)
    tab.press("Enter")
    answered(tab)
    contains(desk.shown(), "Create a new key?", "the question")
    contains(text_of(tab), "Create a key", "the offer, still")
    equal(tab.value("document.getElementById('refusal')"), None, "words on what the user did")
    desk.answer(True)
    tab.press("Enter")
    wait_until(lambda: "Key 1" in text_of(tab) and "Unlocked" in text_of(tab), f"the account; {text_of(tab)!r}")
    desk.run("key", "delete", "Key 1").expect(0, "delete")
    desk.import_key()


def test_with_keys_for_other_things_only_it_offers_to_make_one(desk, browser):
    desk.run("key", "delete", "One").expect(0, "delete")
    desk.run("key", "create", "--type", "p256", "--name", "Work").expect(0, "create")
    tab = popup(desk, browser, "Show my account")
    tab.run("document.getElementById('step').focus()")
    tab.press("Enter")
    wait_until(lambda: "Create a key" in text_of(tab), f"the offer; {text_of(tab)!r}")
    equal(tab.value("document.activeElement.innerText"), "Create a key", "what has the focus")
    desk.run("key", "delete", "Work").expect(0, "delete")
    desk.import_key()


def test_a_key_that_is_made_elsewhere_ends_the_offer(desk, browser):
    desk.run("key", "delete", "One").expect(0, "delete")
    tab = popup(desk, browser, "Create a key")
    desk.import_key()
    wait_until(lambda: "Show my account" in text_of(tab) and "Unlocked" in text_of(tab), f"no offer; {text_of(tab)!r}")


def test_what_went_wrong_is_said_and_stays(desk, browser):
    forget_everybody(desk)
    tab = popup(desk, browser, "Show my account")
    desk.write("answer", "2")  # as a prompt program that has no window (docs/PROMPT.md)
    tab.click("#step")
    wait_until(lambda: "could not ask you" in text_of(tab), f"what went wrong; {text_of(tab)!r}")
    equal(tab.value("document.getElementById('refusal').role"), "alert", "read out")
    pictures(tab, browser, "refused")
    time.sleep(5)
    contains(text_of(tab), "could not ask you", "the words, later")
    desk.answer(True)
    tab.click("#step")
    wait_until(lambda: ADDRESS_ONE in text_of(tab), f"the account; {text_of(tab)!r}")
    check("could not ask you" not in text_of(tab), "they are still there")
    forget_everybody(desk)


def test_it_unlocks(desk, browser):
    tab = popup(desk, browser, "Unlocked")
    desk.run("lock").expect(0, "lock")
    wait_until(lambda: "Locked" in text_of(tab), f"that it is locked; {text_of(tab)!r}")
    contains(text_of(tab), "sealring unlock", "the command for it")
    desk.answer(False)
    tab.run("document.getElementById('step').focus()")
    tab.press("Enter")
    answered(tab)
    contains(desk.shown(), "Unlock your sealring vault", "the question")
    contains(text_of(tab), "Locked", "after a no")
    desk.answer(True)
    tab.press("Enter")
    wait_until(lambda: "Unlocked" in text_of(tab), f"that it is unlocked; {text_of(tab)!r}")
    equal(desk.json("status")["store"]["state"], "open", "the store")


def test_a_sign_in_without_permissions_is_said_in_words(desk, browser):
    forget_everybody(desk)
    site = desk.site(browser).connect()
    desk.write_prompt("#!/bin/sh\ncat >/dev/null\necho remember\n")
    try:
        message = site.message(issued=time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()))
        succeeded(site.ask("siwe.sign", {"message": message}))
    finally:
        desk.write_prompt()
    tab = popup(desk, browser, "Signs in without asking")
    contains(text_of(tab), "no permissions", "the remembered sign-in")
    pictures(tab, browser, "remembered")


def test_questions_that_wait_are_told_and_go_when_they_are_answered(desk, browser):
    site = desk.site(browser).connect()
    with desk.slow():
        for number in range(2):
            site.later(str(number), "personal_sign", ["0x61", ADDRESS_ONE])
        tab = popup(desk, browser, "2 questions wait in sealring's window.")
        tab.take_picture(SHOTS / f"popup-questions-{browser.kind}.png")
    succeeded(site.answer("0")), succeeded(site.answer("1"))
    wait_until(lambda: "in sealring's window" not in text_of(tab), f"nothing waits; {text_of(tab)!r}")


def test_many_sites_and_long_names_fit(desk, browser):
    names = ["a-site-with-a-very-long-name-that-somebody-chose.to-look-important.and-more.localhost", "xn--bnk-0na.localhost"]
    for name in names:
        desk.site(browser, desk.server.origin(name)).connect()
    tab = popup(desk, browser, names[0])
    tab.run("for (const details of document.querySelectorAll('details')) details.open = true")
    contains(text_of(tab), "letters outside the Latin alphabet", "the warning")
    pictures(tab, browser, "many")
    for name in names:
        for grant in desk.grants(desk.server.origin(name)):
            desk.run("grant", "revoke", grant["id"]).expect(0, "revoke")


def problem(desk, browser, name, title, *parts, host=None, extensions=None):
    """What it says without a proper host, and that it works again once there is one."""
    desk.write_manifest(browser, host=host, extensions=extensions)
    tab = popup(desk, browser, title)
    for part in parts:
        contains(text_of(tab), part, "what to do")
    pictures(tab, browser, name)
    desk.write_manifest(browser)
    tab.click("#retry")
    wait_until(lambda: "Unlocked" in text_of(tab), f"working again; {text_of(tab)!r}")


def test_a_missing_host(desk, browser):
    browser.changed = True
    (browser.manifests() / "org.sealring.host.json").unlink()
    tab = popup(desk, browser, "Not set up for this browser")
    contains(text_of(tab), "sealring browser install", "what to do")
    pictures(tab, browser, "missing")
    desk.write_manifest(browser)
    tab.run("document.querySelector('#retry').focus()")
    tab.press("Enter")
    wait_until(lambda: "Unlocked" in text_of(tab), f"working again; {text_of(tab)!r}")


def test_an_extension_that_the_manifest_does_not_name(desk, browser):
    # Firefox says the same as for a host that is missing.
    title, parts = ("This extension is not let in", (COMPANION["chromium"],)) if browser.kind == "chromium" else ("Not set up for this browser", ())
    problem(desk, browser, "forbidden", title, "sealring browser install", *parts, extensions=["a" * 32 if browser.kind == "chromium" else "other@example.org"])


def test_a_host_of_another_version(desk, browser):
    problem(desk, browser, "version", "Versions do not fit", "protocol 2", host=make(desk, "version"))


def test_something_that_is_not_sealring(desk, browser):
    problem(desk, browser, "garbage", "Something else answered", "sealring browser install", host=make(desk, "text"))


def test_a_host_that_ends_at_once(desk, browser):
    problem(desk, browser, "exited", "sealring did not start", "sealring doctor", host=make(desk, "dead"))


def test_a_host_that_does_not_answer(desk):
    def run(browser):
        desk.write_manifest(browser, host=make(desk, "silent"))
        tab = popup(desk, browser, "sealring does not answer")
        pictures(tab, browser, "silent")

    desk.at_once(run)


def test_every_control_has_a_name_and_every_text_contrast(desk, browser):
    desk.site(browser).connect()
    tab = popup(desk, browser, "Unlocked")
    unnamed = "[...document.querySelectorAll('button, summary, a, input')].filter((one) => !(one.ariaLabel || one.innerText.trim() || one.closest('dialog'))).length"
    equal(tab.value(unnamed), 0, "controls without a name")
    for dark in (True, False):
        tab.set_dark(dark)
        wait_until(lambda dark=dark: tab.value("matchMedia('(prefers-color-scheme: dark)').matches") is dark, "the colours")
        poor = tab.run(CONTRAST)
        equal(poor, [], f"texts of little contrast, {'dark' if dark else 'light'}")


# WCAG 2.1 §1.4.3: 4.5 to 1. The background is that of the nearest ancestor that has one.
CONTRAST = """
    const channels = (text) => text.match(/[\\d.]+/g).map(Number);
    const light = (colour) => { const [r, g, b] = channels(colour).map((v) => (v /= 255) <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4);
                                return 0.2126 * r + 0.7152 * g + 0.0722 * b; };
    const behind = (one) => { for (; one; one = one.parentElement) { const colour = getComputedStyle(one).backgroundColor;
                              if ((channels(colour)[3] ?? 1) > 0.99) return colour; } return "rgb(255, 255, 255)"; };
    const texts = [...document.querySelectorAll("body *")].filter((one) => one.offsetParent && [...one.childNodes].some((node) => node.nodeType === 3 && node.data.trim()));
    return texts.map((one) => { const [a, b] = [light(getComputedStyle(one).color), light(behind(one))];
                                return [one.innerText.slice(0, 40), (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05)]; })
                .filter(([, ratio]) => ratio < 4.5);
"""


if __name__ == "__main__":
    main("popup", dict(globals()))
