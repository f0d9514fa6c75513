#!/usr/bin/env -S python3 -B
"""A person signs in at web sites: pages with viem and with ethers, sites that verify with npm's siwe, and what
they get when the user says no, sealring is locked, or the permission is taken back."""
# tests/run: timeout=1500
import os
import signal

from broken_host import make
from browser_world import ADDRESS_ONE, check, contains, equal, failed, main, succeeded, wait_until


def hexed(text):
    return "0x" + text.encode().hex()


def sign_in(site):
    """By the library of the page, with the site's own message and nonce; what the site says."""
    signed = site.tab.run("return dapp.signIn(messageOf)")
    equal((signed["address"], signed["verified"]), (ADDRESS_ONE, True), "what the library verified")
    verdict = site.tab.run(f"return post('/verify', {{message: {signed['message']!r}, signature: {signed['signature']!r}}})")
    return signed, verdict


def shown_sign_in(desk, site):
    """The two questions that the user answered."""
    shown = desk.shown()
    contains(shown, site.origin, "the origin in the prompt")
    contains(shown, "Sign in to the test site.", "the statement in the prompt")


def page_signs_in(desk, browser, library, scheme, host=None):
    desk.server.need_libraries()
    site = desk.site(browser, desk.server.origin(host, scheme), f"/{library}")
    signed, verdict = sign_in(site)
    equal(verdict, {"ok": True, "address": ADDRESS_ONE}, "the site's verdict")
    shown_sign_in(desk, site)
    again = site.tab.run(f"return post('/verify', {{message: {signed['message']!r}, signature: {signed['signature']!r}}})")
    equal(again, {"ok": False, "reason": "no such nonce"}, "the same sign-in again")


def test_viem_signs_in_at_a_site_that_verifies_with_siwe(desk, browser):
    page_signs_in(desk, browser, "viem", "https")


def test_ethers_signs_in_at_a_site_that_verifies_with_siwe(desk, browser):
    page_signs_in(desk, browser, "ethers", "https")


def test_a_developers_page_on_localhost_signs_in(desk, browser):
    page_signs_in(desk, browser, "viem", "http", "localhost")


def test_a_developers_page_on_127_0_0_1_signs_in(desk, browser):
    page_signs_in(desk, browser, "ethers", "http", "127.0.0.1")


def test_a_site_refuses_what_was_signed_for_another(desk, browser):
    desk.server.need_libraries()
    one, other = (desk.site(browser, path="/viem") for _ in range(2))
    signed, _ = sign_in(one)
    fresh = other.tab.run(f"return (await messageOf({ADDRESS_ONE!r})).match(/Nonce: (.*)/)[1]")
    foreign = signed["message"].replace(signed["message"].split("Nonce: ")[1].split("\n")[0], fresh)
    verdict = other.tab.run(f"return post('/verify', {{message: {foreign!r}, signature: {signed['signature']!r}}})")
    equal(verdict["ok"], False, f"verdict {verdict}")


def test_the_announcement_is_what_eip_6963_asks_for(desk, browser):
    site = desk.site(browser)
    info = site.tab.run("return (await discover()).info")
    equal((info["name"], info["rdns"]), ("sealring", "org.sealring"), "info")
    check(len(info["uuid"]) == 36 and info["uuid"][14] == "4", f"uuid {info['uuid']}")
    check(info["icon"].startswith("data:image/"), f"icon {info['icon'][:40]}")
    frozen = site.tab.run("const detail = await discover(); return [Object.isFrozen(detail), Object.isFrozen(detail.info)]")
    equal(frozen, [True, True], "frozen")
    size = site.tab.run("const image = new Image(); image.src = (await discover()).info.icon; await image.decode(); return image.width")
    check(size >= 32, f"the icon is {size} wide")
    other = desk.site(browser, site.origin).tab.run("return (await discover()).info.uuid")
    check(other != info["uuid"], "the same uuid in two pages")


def test_the_domain_of_another_site_is_refused(desk, browser):
    site = desk.site(browser).connect()
    desk.shown()
    for domain in ("bank.example", f"x{site.host}", site.host.partition(":")[0], site.host.replace("site", "SITE").replace("localhost", "localhost.evil")):
        failed(site.ask("personal_sign", [hexed(site.message(domain)), ADDRESS_ONE]), -32007, "DOMAIN_MISMATCH")
    equal(desk.shown(), "", "what the user was asked")
    succeeded(site.ask("personal_sign", [hexed(site.message()), ADDRESS_ONE]))


def test_a_users_no_is_4001(desk, browser):
    site = desk.site(browser)
    desk.answer(False)
    failed(site.ask("eth_requestAccounts"), 4001, "USER_REJECTED")
    desk.answer(True)
    site.connect()
    desk.answer(False)
    failed(site.ask("personal_sign", [hexed(site.message()), ADDRESS_ONE]), 4001, "USER_REJECTED")


def test_libraries_understand_a_no(desk, browser):
    desk.server.need_libraries()
    desk.answer(False)
    for library, name in (("viem", "UserRejectedRequestError"), ("ethers", "ACTION_REJECTED")):
        equal(desk.site(browser, path=f"/{library}").tab.run("return dapp.nameOfRefusal()"), name, library)


def test_what_is_not_offered_and_what_is_malformed(desk, browser):
    site = desk.site(browser).connect()
    failed(site.ask("eth_sendTransaction", [{}]), 4200, "UNSUPPORTED_METHOD")
    failed(site.ask("personal_sign", [hexed("Hello")]), -32602, "INVALID_PARAMS")
    failed(site.ask("personal_sign", {"message": 1}), -32602)
    for expression in ("provider.request()", "provider.request(5)", "provider.request({})", "provider.request({method: 5})",
                       "provider.request({method: 'eth_accounts', params: [1n]})"):
        answer = site.tab.run(f"const {{provider}} = await discover(); "
                              f"try {{ return {{result: await {expression}}} }} catch (error) {{ return {{error: errorOf(error)}} }}")
        failed(answer, -32602)
    for method in ("sealring.lock", "sealring.hello", "grants.list", "keys.delete", "audit.list", "sealring.attach"):
        check("error" in site.ask(method, {}), f"{method} succeeded")
    equal(succeeded(site.ask("eth_chainId")), "0x1", "afterwards")


def test_a_locked_vault_is_4100_for_what_never_asks(desk, browser):
    site = desk.site(browser).connect().listen()
    desk.run("lock").expect(0, "lock")
    failed(site.ask("eth_accounts"), 4100, "STORE_LOCKED")
    desk.answer(False)
    failed(site.ask("personal_sign", [hexed(site.message()), ADDRESS_ONE]), 4001 if desk.shown() else 4100)
    desk.answer(True)
    desk.unlock()
    equal(succeeded(site.ask("eth_accounts")), [ADDRESS_ONE], "accounts after unlocking")


def hears_accounts(site, accounts):
    """At last; before it may have heard that it was connected."""
    wait_until(lambda: site.heard("accountsChanged")[-1] == [accounts], f"hearing of {accounts}")


def test_a_page_hears_of_lock_and_unlock(desk, browser):
    site = desk.site(browser).connect().listen()
    desk.run("lock").expect(0, "lock")
    hears_accounts(site, [])
    desk.unlock()
    hears_accounts(site, [ADDRESS_ONE])


def test_a_page_hears_that_its_connection_was_revoked(desk, browser):
    site, bystander = desk.site(browser).connect().listen(), desk.site(browser).connect().listen()
    grant, = desk.grants(site.origin)
    desk.run("grant", "revoke", grant["id"]).expect(0, "revoke")
    hears_accounts(site, [])
    equal(succeeded(site.ask("eth_accounts")), [], "what is answered")
    failed(site.ask("personal_sign", [hexed(site.message()), ADDRESS_ONE]), 4100, "NOT_GRANTED")
    equal(bystander.tab.value("heard.filter(([name, value]) => name === 'accountsChanged' && value.length === 0)"), [], "what the other site heard")


def test_a_page_hears_that_a_connection_ended_at_once(desk, browser):
    """Before anything but the answer has told it that it was connected."""
    desk.write_manifest(browser, host=make(desk, "fickle"))
    for host in browser.hosts():
        os.kill(host, signal.SIGKILL)
    site = desk.site(browser).listen()
    answer = site.ask("eth_accounts")
    if "error" in answer:  # the extension had not noticed yet that its host is dead; then the next request works
        failed(answer, 4900, "AGENT_UNAVAILABLE")
        answer = site.ask("eth_accounts")
    equal(succeeded(answer), [], "accounts")
    equal(succeeded(site.ask("eth_requestAccounts")), [ADDRESS_ONE], "accounts")
    wait_until(lambda: site.heard("accountsChanged") == [[[ADDRESS_ONE]], [[]]], "both changes")


def test_a_page_disconnects_itself(desk, browser):
    site = desk.site(browser).connect().listen()
    succeeded(site.ask("wallet_revokePermissions", [{"eth_accounts": {}}]))
    hears_accounts(site, [])
    equal((succeeded(site.ask("eth_accounts")), desk.grants(site.origin)), ([], []), "afterwards")


def test_tabs_share_what_their_site_was_given_and_nothing_else(desk, browser):
    site = desk.site(browser).connect()
    twin, stranger = desk.site(browser, site.origin), desk.site(browser)
    equal([succeeded(each.ask("eth_accounts")) for each in (site, twin, stranger)], [[ADDRESS_ONE], [ADDRESS_ONE], []], "accounts")
    with desk.slow():
        for number, each in enumerate((site, twin)):
            each.later("sign", "personal_sign", [hexed(each.message(nonce=f"tabs00000{number}")), ADDRESS_ONE])
        wait_until(lambda: desk.json("status")["promptsWaiting"] == 2, "both questions")
    check(succeeded(site.answer("sign")) != succeeded(twin.answer("sign")), "both tabs got the same signature")


def test_a_request_of_a_tab_that_closes_ends_with_it(desk, browser):
    site, other = desk.site(browser).connect(), desk.site(browser).connect()
    with desk.slow():
        site.later("sign", "personal_sign", [hexed(site.message()), ADDRESS_ONE])
        wait_until(lambda: desk.json("status")["promptsWaiting"], "the question")
        desk.close_tab(site.tab)
        equal(succeeded(other.ask("eth_accounts")), [ADDRESS_ONE], "the other tab")
        wait_until(lambda: not desk.json("status")["promptsWaiting"], "the end of the question")


def test_two_browsers_use_one_agent_at_once(desk):
    def use(browser):
        site = desk.site(browser).connect()
        signatures = [succeeded(site.ask("personal_sign", [hexed(site.message(nonce=f"both000000{number}")), ADDRESS_ONE])) for number in range(5)]
        return site.origin, signatures

    pid = desk.agent_pid()
    values = desk.at_once(use)
    equal(len({signature for _, signatures in values for signature in signatures}), 5 * len(values), "signatures")
    for origin, _ in values:
        equal(len(desk.grants(origin)), 1, f"grants of {origin}")
    equal(desk.agent_pid(), pid, "the agent")


if __name__ == "__main__":
    main("sign in", dict(globals()))
