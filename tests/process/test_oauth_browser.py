#!/usr/bin/env -S python3 -B
"""sealring login with a real browser: it is started, its user signs in, and ends on sealring's page."""
import contextlib

from chromium import Chromium
from cli_world import BUILD, check, contains, equal
from oauth_flows import main
from oauth_provider import KINDS, PASSWORD
from oauth_world import SCOPE

OLD, _, PANVA = KINDS
PERSON = "of-the-browser@example.com"


@contextlib.contextmanager
def login(world, provider, client):
    """(process, browser) of a login that has opened its browser."""
    with Chromium() as browser:
        world.environment["BROWSER"] = str(browser.command)
        process = world.start("login", "--issuer", provider.issuer, "--client-id", client.id, "--scope", SCOPE)
        try:
            browser.attach()
            yield process, browser
        finally:
            del world.environment["BROWSER"]
            process.kill()
            process.communicate()


def sign_in(browser):
    """The provider's page of names and passwords."""
    browser.fill_in("email", PERSON)
    browser.fill_in("password", PASSWORD)
    browser.click("#login")


def end(process):
    output, errors = process.communicate(timeout=30)
    return process.returncode, output.decode(), errors.decode()


def last_page(browser, kind, name):
    """The text of sealring's page; a picture of it stays in the build folder."""
    browser.wait_for("document.title.startsWith('sealring:') && document.readyState === 'complete'")
    browser.take_picture(BUILD / "screenshots" / f"login-{name}-{kind}.png")
    return browser.value("document.body.innerText")


def test_a_person_signs_in_with_a_browser(world):
    for kind in (OLD, PANVA):
        provider = world.provider(kind)
        client = provider.client("native")
        with login(world, provider, client) as (process, browser):
            sign_in(browser)
            browser.click("#allow")
            text = last_page(browser, kind, "allowed")
            contains(text, "You can close this window", "the last page")
            equal(browser.value("[document.scripts.length, document.querySelectorAll('[src], [href]').length]"), [0, 0], "what it loads")
            status, output, errors = end(process)
        equal(status, 0, f"login {output} {errors}")
        account = world.account_of(client)
        contains(output, account["id"], "what login says")
        check(world.run("token", account["id"]).expect(0, "token").output.strip() in provider.issued("access"), "the token")
        equal(world.ask("oauth.userinfo", {"account": account["id"]})["result"]["email"], PERSON, "the person")


def test_a_person_refuses_in_a_browser(world):
    provider = world.provider(OLD)
    client = provider.client("native")
    with login(world, provider, client) as (process, browser):
        sign_in(browser)
        browser.click("#deny")
        last_page(browser, OLD, "denied")
        status, _, errors = end(process)
    equal((status, world.accounts(client)), (3, []), f"login {errors}")
    contains(errors, "denied at the provider", "what is said")


if __name__ == "__main__":
    main("oauth browser", globals())
