#!/usr/bin/env python3
"""The main job end to end, through sealring-host: what is signed without asking, what is asked, what
is refused, and what the user sees."""
import json
import subprocess
from datetime import datetime, timedelta, timezone

import cli_world
from agent_world import ADDRESS_ONE, PAGE, AgentWorld
from cli_world import check, contains, equal, message, wait_until

OTHER = "https://other.example.com"
DELEGATE = "did:key:z6MkhaXgBZDvotDkL5257faiztiGiC2QtKLGpbnnEGta2doK"


def now(seconds=0):
    time_ = datetime.now(timezone.utc) + timedelta(seconds=seconds)
    return time_.strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z"


def hexed(text):
    return "0x" + text.encode().hex()


def recap_message(browser, nonce, path="default/kv/app", seconds=3600, ability="get", **more):
    resource = f"tinycloud:pkh:eip155:1:{ADDRESS_ONE}:{path}"
    params = {"uri": DELEGATE, "nonce": nonce, "expirationSeconds": seconds,
              "attenuations": {resource: {f"tinycloud.kv/{ability}": [{}]}}, **more}
    return browser.result("siwe.build", params)["message"]


def verify(browser, text, signature):
    return browser.result("siwe.verify", {"message": text, "signature": signature})


def test_a_sign_in_is_shown_signed_and_verifies(world):
    browser = world.browser()
    text = recap_message(browser, "firstnonce1")
    signature = browser.result("personal_sign", [hexed(text), ADDRESS_ONE])
    equal(verify(browser, text, signature)["valid"], True, "verification")
    shown = world.shown()
    contains(shown, "title\tSign in to app.example.com", "the question")
    contains(shown, f"page\t{PAGE}", "the page")
    contains(shown, "grant\tRead entries in your space \"default\" (key-value store, below \"app\")", "the capability")
    contains(shown, f"fact\tActs for you: {DELEGATE}", "the delegate")
    for line in text.split("\n"):
        contains(shown, f"text\t{line}\n", "the full text")


def test_personal_sign_and_siwe_sign_give_the_same_bytes(world):
    browser = world.browser()
    text = recap_message(browser, "samebytes12")
    first = browser.result("personal_sign", [hexed(text), ADDRESS_ONE])
    second = browser.result("siwe.sign", {"message": text})
    third = browser.result("siwe.sign", {"messageHex": hexed(text)})
    delegation = {name: second.pop(name) for name in ("delegationHeader", "delegationCid")}
    equal(second, {"signature": first, "address": ADDRESS_ONE}, "siwe.sign")
    check(delegation["delegationCid"].startswith("bafkr4i"), f"a message with a ReCap has the delegation too: {delegation}")
    equal(third["signature"], first, "messageHex")


def test_text_and_hexadecimal_and_swapped_parameters_are_the_same_request(world):
    browser = world.browser()
    first = browser.result("personal_sign", [hexed("Hello"), ADDRESS_ONE])
    second = browser.result("personal_sign", ["Hello", ADDRESS_ONE.lower()])
    swapped = browser.result("personal_sign", [ADDRESS_ONE, hexed("Hello")])
    equal([second, swapped], [first, first], "signatures")


def test_no_means_no(world):
    browser = world.browser()
    world.answer(False)
    equal(browser.reason("personal_sign", [hexed("Hello"), ADDRESS_ONE]), "USER_REJECTED", "reason")
    log = world.json("log")["entries"]
    equal(log[-1]["event"], "denied", "the log")


def test_a_page_that_is_not_connected_learns_nothing(world):
    browser = world.browser()
    equal(browser.result("eth_accounts", [], OTHER), [], "accounts")
    equal(browser.result("keys.list", None, OTHER), {"keys": []}, "keys")
    equal(browser.reason("personal_sign", [hexed("Hello"), ADDRESS_ONE], OTHER), "NOT_GRANTED", "existing key")
    equal(browser.reason("personal_sign", [hexed("Hello"), "0x" + "11" * 20], OTHER), "NOT_GRANTED", "no such key")
    equal(world.shown(), "", "nothing is asked")


def test_another_extension_has_its_own_connections(world):
    world.browser()
    stranger = world.browser("ponmlkjihgfedcbaponmlkjihgfedcba", connect=False)
    equal(stranger.result("eth_accounts", []), [], "accounts")


def test_a_page_cannot_sign_in_to_another_site(world):
    browser = world.browser()
    for domain in ("bank.example", "app.example.com.evil.example", "example.com", "sub.app.example.com",
                   "app.example.com:8443", "app.example.com@evil.example", "http://app.example.com"):
        text = message(ADDRESS_ONE, domain=domain).replace(f"https://{domain}/login", "https://x.example/")
        equal(browser.reason("personal_sign", [hexed(text), ADDRESS_ONE]), "DOMAIN_MISMATCH", domain)
    equal(world.shown(), "", "nothing is asked")


def test_text_that_only_resembles_a_sign_in_is_refused_with_the_place(world):
    browser = world.browser()
    good = message(ADDRESS_ONE)
    for what, text, field in (("a trailing line feed", good + "\n", "end"), ("CRLF", good.replace("\n", "\r\n"), None),
                              ("text before", "Hi! " + good, None), ("short nonce", message(nonce="abc"), "nonce"),
                              ("Cyrillic a", good.replace("wants", "w\u0430nts", 1), None)):
        reply = browser.call("personal_sign", [hexed(text), ADDRESS_ONE])
        equal(reply["error"]["data"]["reason"], "MALFORMED_SIWE", what)
        if field:
            equal(reply["error"]["data"]["field"], field, what)
    equal(world.shown(), "", "nothing is asked")


def test_a_nonce_goes_into_one_message_only(world):
    browser = world.browser()
    text = recap_message(browser, "onlyonce123")
    browser.result("siwe.sign", {"message": text})
    browser.result("siwe.sign", {"message": text})
    other = recap_message(browser, "onlyonce123", path="default/kv/other")
    equal(browser.reason("siwe.sign", {"message": other}), "NONCE_REUSED", "another message")
    world.run("agent", "stop").expect(0, "stop")
    world.unlock()
    browser = world.browser()
    equal(browser.reason("siwe.sign", {"message": other}), "NONCE_REUSED", "after a restart")


def test_expired_messages_are_not_signed(world):
    browser = world.browser()
    text = message(ADDRESS_ONE, extra="\nExpiration Time: 2026-11-24T10:00:01.000Z")
    equal(browser.reason("siwe.sign", {"message": text}), "EXPIRED", "reason")


def test_a_message_for_another_key_is_not_signed(world):
    browser = world.browser()
    text = message("0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266")
    equal(browser.reason("personal_sign", [hexed(text), ADDRESS_ONE]), "INVALID_PARAMS", "reason")


def test_a_recap_whose_statement_says_less_is_refused(world):
    browser = world.browser()
    text = recap_message(browser, "statement12", ability="put").replace("'put'", "'get'")
    equal(browser.reason("siwe.sign", {"message": text}), "UNSUPPORTED_RECAP", "reason")
    equal(world.shown(), "", "nothing is asked")


def test_a_remembered_sign_in_covers_exactly_its_like(world):
    browser = world.browser()
    world.write("prompt", "#!/bin/sh\ncat >>{0}/shown\necho remember\nexit 0\n".format(world.folder), 0o700)
    browser.result("siwe.sign", {"message": recap_message(browser, "remember123")})
    contains(world.shown(), "remember\t", "the offer")
    world.answer(False)
    world.write("prompt", cli_world.PROMPT.format(folder=world.folder), 0o700)
    browser.result("siwe.sign", {"message": recap_message(browser, "remember124")})
    equal(world.shown(), "", "the same again is not asked")
    for what, text in (("another ability", recap_message(browser, "remember125", ability="put")),
                       ("another path", recap_message(browser, "remember126", path="default/kv/app2")),
                       ("longer", recap_message(browser, "remember127", seconds=7200)),
                       ("old", recap_message(browser, "remember128", issuedAt=now(-3000)))):
        equal(browser.reason("siwe.sign", {"message": text}), "USER_REJECTED", what)
        check(world.shown(), f"{what}: is asked")
        world.answer(True)  # a yes, or three refusals in a row would silence the page
        browser.result("personal_sign", [hexed("Hello"), ADDRESS_ONE])
        world.answer(False)
        world.shown()
        browser.result("siwe.sign", {"message": recap_message(browser, "again" + what.replace(" ", "").ljust(8, "x"))})
    grants = world.json("grant", "list")["grants"]
    siwe = [grant for grant in grants if grant["kind"] == "siwe"]
    equal(len(siwe), 1, "grants")
    world.run("grant", "revoke", siwe[0]["id"]).expect(0, "revoke")
    equal(browser.reason("siwe.sign", {"message": recap_message(browser, "remember129")}), "USER_REJECTED",
          "after the grant was revoked")


def test_a_free_form_message_is_asked_for_every_time(world):
    browser = world.browser()
    world.write("prompt", "#!/bin/sh\ncat >>{0}/shown\necho remember\nexit 0\n".format(world.folder), 0o700)
    for _ in range(2):
        browser.result("personal_sign", [hexed("Hello"), ADDRESS_ONE])
        check(world.shown(), "it is asked")
    equal([g["kind"] for g in world.json("grant", "list")["grants"]], ["accounts"], "grants")


def test_hostile_text_is_shown_escaped_and_whole(world):
    browser = world.browser()
    text = "<b>VERIFIED</b>\u202egnp.exe \u200bzero\x1b[31mred\tA\rB <U+202E>\n" + "x" * 400 + "\n" * 40 + "hidden"
    browser.result("personal_sign", [hexed(text), ADDRESS_ONE])
    shown = world.shown()
    check(all(32 <= ord(c) < 127 or c in "\t\n" for c in shown), "printable ASCII only")
    for part in ("<U+202E>gnp.exe", "<U+200B>zero", "<U+001B>[31mred", "text\thidden", "x" * 400):
        contains(shown, part, "shown")


def test_bytes_that_are_not_text_are_shown_as_such(world):
    browser = world.browser()
    browser.result("personal_sign", ["0x" + "ff00" * 40, ADDRESS_ONE])
    shown = world.shown()
    contains(shown, "warning\tThis is not text", "warning")
    equal(shown.count("ff00"), 40, "all bytes are there")


def test_typed_data_is_shown_field_by_field(world):
    browser = world.browser()
    data = {"types": {"EIP712Domain": [{"name": "name", "type": "string"}, {"name": "chainId", "type": "uint256"}],
                      "Order": [{"name": "to", "type": "address"}, {"name": "amount", "type": "uint256"}]},
            "primaryType": "Order", "domain": {"name": "Shop", "chainId": 10},
            "message": {"to": "0x" + "11" * 20, "amount": "115792089237316195423570985008687907853269984665640564039457584007913129639935"}}
    first = browser.result("eth_signTypedData_v4", [ADDRESS_ONE, data])
    shown = world.shown()
    contains(shown, "message.amount: uint256 = 1157920892373161954235709850086879078532699846656405640394575840079131296399", "amount")
    contains(shown, "warning\tThis is for chain 10", "the other chain")
    equal(browser.result("eth_signTypedData_v4", [ADDRESS_ONE, json.dumps(data)]), first, "as JSON text")
    data["message"]["extra"] = 1
    equal(browser.reason("eth_signTypedData_v4", [ADDRESS_ONE, data]), "MALFORMED_TYPED_DATA", "extra member")


def test_repeated_refusals_silence_the_caller_but_nobody_else(world):
    browser = world.browser()
    other = world.browser("ponmlkjihgfedcbaponmlkjihgfedcba")
    world.answer(False)
    for _ in range(3):
        equal(browser.reason("personal_sign", [hexed("Hello"), ADDRESS_ONE]), "USER_REJECTED", "refusal")
    equal(browser.reason("personal_sign", [hexed("Hello"), ADDRESS_ONE]), "BUSY", "then silence")
    equal(other.reason("personal_sign", [hexed("Hello"), ADDRESS_ONE]), "USER_REJECTED", "another extension")


def test_at_most_four_questions_wait_and_one_is_shown(world):
    browser = world.browser()
    world.hold()
    ids = [browser.send("personal_sign", [hexed(f"message {i}"), ADDRESS_ONE]) for i in range(6)]
    refused = [browser.receive() for _ in range(2)]
    world.wait_for_question()
    world.release()
    replies = {reply["id"]: reply for reply in (*refused, *(browser.receive() for _ in range(4)))}
    busy = [i for i in ids if "error" in replies[i] and replies[i]["error"]["data"]["reason"] == "BUSY"]
    equal(busy, ids[4:], "the fifth and sixth")
    check(all("result" in replies[i] for i in ids[:4]), "the others are answered")


def test_closing_the_port_closes_its_prompt(world):
    browser = world.browser()
    world.hold()
    browser.send("personal_sign", [hexed("Hello"), ADDRESS_ONE])
    world.wait_for_question()
    world.ports.remove(browser)
    browser.close()
    wait_until(lambda: world.json("status")["promptsWaiting"] == 0, "no open question")
    check("sign-message" not in [entry["event"] for entry in world.json("log")["entries"]], "nothing was signed")


def test_locking_denies_the_open_prompt_and_later_requests(world):
    browser = world.browser()
    world.hold()
    number = browser.send("personal_sign", [hexed("Hello"), ADDRESS_ONE])
    world.wait_for_question()
    world.run("lock").expect(0, "lock")
    reply = browser.receive()
    equal((reply["id"], reply["error"]["data"]["reason"]), (number, "STORE_LOCKED"), "the open one")
    equal(browser.reason("eth_accounts", []), "STORE_LOCKED", "a later one")


def test_a_locked_vault_asks_for_its_passphrase_and_goes_on(world):
    browser = world.browser()
    world.run("lock").expect(0, "lock")
    signature = browser.result("personal_sign", [hexed("Hello"), ADDRESS_ONE], timeout=20)
    equal(len(signature), 132, "signature")
    contains(world.shown(), "title\tUnlock your sealring vault", "the question")


def test_three_wrong_passphrases_end_the_request(world):
    browser = world.browser()
    world.run("lock").expect(0, "lock")
    world.write("passphrase", "wrong")
    equal(browser.reason("personal_sign", [hexed("Hello"), ADDRESS_ONE], timeout=30), "WRONG_PASSPHRASE", "reason")
    equal(world.shown().count("title\tUnlock"), 3, "questions")


def test_a_sealed_key_asks_for_its_own_passphrase(world):
    browser = world.browser()
    world.run("key", "seal", "One", "--passphrase-fd", "{fd}", passphrase="own words").expect(0, "seal")
    world.write("passphrase", "own words")
    world.shown()
    browser.result("personal_sign", [hexed("Hello"), ADDRESS_ONE], timeout=20)
    contains(world.shown(), "title\tPassphrase of the key", "the question")
    world.run("key", "unseal", "One", "--passphrase-fd", "{fd}", passphrase="not it").expect(1, "wrong one")
    world.run("key", "unseal", "One", "--passphrase-fd", "{fd}", passphrase="own words").expect(0, "unseal")
    browser.result("personal_sign", [hexed("Hello"), ADDRESS_ONE])


def test_without_a_prompt_nothing_is_signed(world):
    (world.folder / "config/sealring/sealring.conf").write_text("store = vault\nscrypt-log2-n = 15\n")
    browser = world.browser()
    world.run("agent", "stop")
    world.unlock()
    browser = world.browser(connect=False)
    equal(browser.result("sealring.hello")["prompt"], "none", "hello")
    equal(browser.reason("personal_sign", [hexed("Hello"), ADDRESS_ONE]), "NO_PROMPT", "reason")


def test_the_extension_acts_for_itself_with_its_own_id_as_domain(world):
    browser = world.browser()
    browser.result("eth_requestAccounts", [], None)
    text = message(ADDRESS_ONE, domain=cli_world.EXTENSION).replace(f"https://{cli_world.EXTENSION}/login", "https://x.example/")
    signature = browser.result("siwe.sign", {"message": text}, None)["signature"]
    equal(verify(browser, text, signature)["valid"], True, "verification")
    equal(browser.reason("siwe.sign", {"message": message(ADDRESS_ONE)}, None), "DOMAIN_MISMATCH", "another domain")


def test_records_belong_to_their_page(world):
    browser = world.browser()
    value = "line\n\"quoted\" \u00fc" + "v" * 100000
    browser.result("storage.set", {"key": "k", "value": value})
    equal(browser.result("storage.get", {"key": "k"}), {"value": value}, "the same page")
    equal(browser.reason("storage.get", {"key": "k"}, OTHER), "NOT_GRANTED", "a page that is not connected")
    browser.result("eth_requestAccounts", [], OTHER)
    equal(browser.result("storage.get", {"key": "k"}, OTHER), {"value": None}, "another page")
    equal(browser.result("storage.list", {}, OTHER), {"keys": []}, "another page's list")
    browser.result("storage.delete", {"key": "k"}, OTHER)
    equal(browser.result("storage.list", {}), {"keys": ["k"]}, "after another page deleted its own")
    equal(browser.reason("storage.set", {"key": "k", "value": "v" * 131073}), "LIMIT_EXCEEDED", "too long")


def test_the_log_is_chained_and_shows_tampering(world):
    browser = world.browser()
    browser.result("personal_sign", [hexed("Hello"), ADDRESS_ONE])
    equal(world.run("log", "--verify").status, 0, "before")
    world.stop()
    database = world.folder / "state/sealring/state.db"
    subprocess.run(["sqlite3", str(database), "UPDATE audit SET entry = replace(entry, 'sign-message', 'lock') WHERE seq = 3"],
                   check=True)
    check(world.run("log", "--verify").status != 0, "after a change")


def test_disconnecting_takes_everything_back(world):
    browser = world.browser()
    browser.result("wallet_revokePermissions", [{"eth_accounts": {}}])
    equal(browser.result("eth_accounts", []), [], "accounts")
    equal(browser.reason("personal_sign", [hexed("Hello"), ADDRESS_ONE]), "NOT_GRANTED", "signing")


def test_a_firefox_add_on_signs_in_under_the_origin_that_it_names(world):
    addon = world.raw(client="native-messaging", extension="notes@example.org", browser="firefox")
    uuid = "01234567-89ab-4cde-8f01-23456789abcd"
    for origin in (None, f"moz-extension://{uuid}"):
        addon.result("eth_requestAccounts", [], origin)
    text = message(ADDRESS_ONE, nonce="fromanaddon", domain=uuid)
    reply = addon.call("siwe.sign", {"message": text}, None)
    equal(reply["error"]["data"], {"reason": "DOMAIN_MISMATCH", "field": "domain"}, "as itself")
    contains(reply["error"]["message"], "location.origin", "what to do")
    signature = addon.result("siwe.sign", {"message": text}, f"moz-extension://{uuid}")["signature"]
    check(verify(addon, text, signature)["valid"], "under its own origin")


if __name__ == "__main__":
    cli_world.main("signing", dict(globals()), AgentWorld)
