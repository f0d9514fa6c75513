#!/usr/bin/env -S python3 -B
"""The life of a TinyCloud session whose keys stay with sealring, against a node that has none of its code: sign in, host the space,
act, restore, expire, sign out."""
import time

from tinycloud_clients import STRANGER, iso
from tinycloud_world import (ADDRESS_ONE, NOTES, NOTES_REQUEST, NOTES_RESOURCE, SPACE, SPACES, STRANGER_ADDRESS,
                             accepted, check, contains, equal, header_of, main, refused)

def test_a_session_lives_from_sign_in_to_sign_out_at_a_node(world):
    browser, node = world.browser(), world.node
    session = world.sign_in(browser)
    contains(world.shown(), "Sign in to app.example.com with TinyCloud access?", "the prompt")
    reply = accepted(node.delegate(header_of(session))).json()
    equal(reply, {"cid": session["tinycloudSession"]["delegationCid"], "activated": [], "skipped": [SPACE]}, "before the space is hosted")
    contains(world.host(browser), "Let a server host your TinyCloud space", "the prompt for hosting")
    equal(accepted(node.delegate(header_of(session))).json()["activated"], [SPACE], "the same sign-in again")
    world.shown()
    accepted(node.invoke(world.invoke(browser, session, "put"), b"value"))
    equal(node.invoke(world.invoke(browser, session)).body, b"value", "the value")
    equal(node.invoke(world.invoke(browser, session, "list", "notes")).json(), ["notes/one"], "the list")
    accepted(node.invoke(world.invoke(browser, session, "del")))
    refused(node.invoke(world.invoke(browser, session)), 404, "No Such Key")
    equal(world.restored(browser), ("restored", session), "restored")
    world.restart()
    browser = world.browser(connect=False)
    equal(world.restored(browser), ("restored", session), "restored by another agent")
    refused(node.invoke(world.invoke(browser, session)), 404, "No Such Key")
    equal(world.shown(), "", "prompts but for sign-in and hosting")


def test_signing_out_with_revoke_gives_what_ends_it_at_the_node(world):
    browser, node = world.browser(), world.node
    session = world.signed_in_and_hosted(browser)
    kept = world.invoke(browser, session, "put")
    result = browser.result("session.signOut", {"session": session["session"], "revoke": True})
    revocation = result["revocation"]
    equal(revocation["delegationCid"], session["tinycloudSession"]["delegationCid"], "what is revoked")
    equal(sorted(revocation), ["delegationCid", "headers"], "its members")
    equal(world.ids(browser), [], "sessions")
    equal(browser.reason("session.invoke", {"session": session["session"], "invocations": [{"path": "notes", "actions": ["tinycloud.kv/get"]}]}),
          "KEY_NOT_FOUND", "acting afterwards")
    accepted(node.revoke(revocation["headers"]["Authorization"]))
    refused(node.invoke(kept, b"value"), 403, "delegation-revoked")


def test_signing_out_without_revoke_is_local(world):
    browser, node = world.browser(), world.node
    session = world.signed_in_and_hosted(browser)
    kept = world.invoke(browser, session, "put")
    equal(browser.result("session.signOut", {"session": session["session"]}), {}, "the answer")
    equal(world.restored(browser), ("missing", None), "restore")
    accepted(node.invoke(kept, b"value"))  # it was made before, and the node was not told
    equal(browser.reason("session.signOut", {"session": session["session"]}), "KEY_NOT_FOUND", "a second time")


def test_a_host_message_that_an_sdk_built_is_signed_and_taken(world):
    browser = world.browser()
    made = world.programs.make("cacao", privateKey=STRANGER, aud=world.node.peer(SPACE), iat=iso(time.time()),
                               grants={f"{SPACE}/space": ["tinycloud.space/host"]})
    message = made["siwe"].replace(STRANGER_ADDRESS, ADDRESS_ONE)
    signed = browser.result("siwe.sign", {"message": message})
    shown = world.shown()
    for part in ("Let a server host your TinyCloud space", world.node.peer(SPACE), "This never expires", "Host all data in your space"):
        contains(shown, part, "the prompt")
    world.post_host(message, signed["signature"], [SPACE])
    signed = browser.result("personal_sign", ["0x" + message.encode().hex(), ADDRESS_ONE])  # as EIP-1193 wallets do
    world.post_host(message, signed, [SPACE])


def test_what_an_sdk_built_is_verified_likewise_and_has_the_same_form(world):
    browser = world.browser()
    session = world.sign_in(browser)
    verdict = world.verify(session)
    key = world.programs.key()
    same = world.programs.make("cacao", privateKey=STRANGER, aud=key["method"], nonce=verdict["nonce"], iat=session["createdAt"],
                               exp=session["expiresAt"], grants={NOTES: NOTES_RESOURCE["actions"], f"{SPACE}/delegation": [
                                   "tinycloud.delegation/revoke", "tinycloud.delegation/status"]})
    equal(session["siwe"], same["siwe"].replace(STRANGER_ADDRESS, ADDRESS_ONE).replace(key["method"], session["did"]), "the message")


def test_every_member_of_a_session_says_what_was_signed(world):
    browser = world.browser()
    before = time.time()
    session = world.sign_in(browser, expirationSeconds=3600, nonce="abcdefgh12345678", chainId=10)
    verdict = world.verify(session)
    equal(sorted(session), sorted(["session", "kind", "did", "jwk", "createdAt", "address", "chainId", "siwe", "signature", "tinycloudSession",
                                   "expiresAt", "version"]), "members")
    equal((session["kind"], session["address"], session["chainId"], session["version"]), ("signed-in", ADDRESS_ONE, 10, "1.0"), "members")
    equal((verdict["nonce"], round(verdict["expiry"] - verdict["issuedAt"], 3)), ("abcdefgh12345678", 3600), "nonce and length")
    check(before - 1 <= verdict["issuedAt"] <= time.time() + 1, "issued now")
    equal(session["tinycloudSession"]["spaceId"], SPACE.replace(":1:", ":10:"), "the space")
    equal(sorted(session["jwk"]), ["alg", "crv", "kid", "kty", "x"], "members of the public key")
    week = world.verify(world.sign_in(browser))
    equal(round(week["expiry"] - week["issuedAt"], 3), 604800, "the length of one that asks for none")


def test_an_invocation_has_its_form_and_its_time(world):
    browser = world.browser()
    session = world.sign_in(browser)
    parents = [header_of(session)]
    for seconds, expected in [(None, 60), (1, 1), (3600, 3600)]:
        more = {} if seconds is None else {"expirationSeconds": seconds}
        before = time.time()
        header = world.invoke(browser, session, **more)
        after = time.time()
        verdict = world.checker.accept("ucan", authorization=header, parents=parents, role="invocation", once=True, now=before,
                                       needs=[[NOTES + "/one", "tinycloud.kv/get"]])
        check(before + expected - 1 <= verdict["expiry"] <= after + expected, f"{seconds}: it ends in {verdict['expiry'] - before} s")
        equal((verdict["delegator"], verdict["facts"]), (session["did"].split("#")[0], []), "who asks, facts")
    wanted = [{"path": "notes/one", "actions": ["tinycloud.kv/get", "tinycloud.kv/put"]}, {"service": "kv", "space": SPACE, "path": "notes/two",
                                                                                      "actions": ["tinycloud.kv/del"]}]
    facts = [{"note": "x", "list": [1, None, True, {"ü": "☃"}]}, {}]
    result = browser.result("session.invoke", {"session": session["session"], "invocations": wanted, "facts": facts})
    verdict = world.checker.accept("ucan", authorization=result["headers"]["Authorization"], parents=parents, role="invocation", once=True,
                                   needs=[[NOTES + "/one", "tinycloud.kv/put"], [NOTES + "/two", "tinycloud.kv/del"]])
    equal((verdict["cid"], verdict["facts"], len(verdict["capabilities"])), (result["cid"], facts, 3), "what it says")
    equal(result["expiresAt"], iso(verdict["expiry"]), "expiresAt")


def test_what_the_session_does_not_give_is_not_signed(world):
    browser = world.browser()
    session = world.sign_in(browser)
    for wanted in ([{"path": "notes", "actions": ["tinycloud.kv/metadata"]}], [{"path": "notes2", "actions": ["tinycloud.kv/get"]}],
                   [{"path": "", "actions": ["tinycloud.kv/get"]}], [{"actions": ["tinycloud.kv/get"]}],
                   [{"path": "notes", "actions": ["tinycloud.kv/*"]}], [{"path": "notes", "actions": ["tinycloud.sql/read"]}],
                   [{"space": SPACES[0], "path": "notes", "actions": ["tinycloud.kv/get"]}],
                   [{"space": SPACE.replace(":1:", ":2:"), "path": "notes", "actions": ["tinycloud.kv/get"]}],
                   [{"path": "notes", "actions": ["tinycloud.kv/get"]}, {"path": "other", "actions": ["tinycloud.kv/get"]}]):
        params = {"session": session["session"], "invocations": wanted}
        equal(browser.reason("session.invoke", params), "NOT_GRANTED", str(wanted))
        equal(browser.reason("session.delegate", {"session": session["session"], "delegateDID": world.programs.key("friend")["did"],
                                                  "resources": wanted}), "NOT_GRANTED", f"delegating {wanted}")


def test_a_session_ends_at_the_node_and_with_us(world):
    browser, node = world.browser(), world.node
    session = world.sign_in(browser, expirationSeconds=15)
    end = time.time() + 15
    world.host(browser)
    accepted(node.delegate(header_of(session)))
    late = world.invoke(browser, session, "put", expirationSeconds=3600)
    accepted(node.invoke(world.invoke(browser, session, "put"), b"value"))
    node.set_clock(16)
    refused(node.invoke(late, b"value"), 403, "Unauthorized Action")
    node.set_clock(0)
    time.sleep(max(0, end + 0.2 - time.time()))
    equal(browser.reason("session.invoke", {"session": session["session"], "invocations": [{"path": "notes", "actions": ["tinycloud.kv/get"]}]}),
          "EXPIRED", "acting")
    equal(world.restored(browser)[0], "expired", "restore")
    listed = browser.result("session.list")["sessions"]
    equal([(one["session"], one["status"]) for one in listed], [(session["session"], "expired")], "the list")
    newer = world.sign_in(browser)
    equal(world.restored(browser), ("restored", newer), "a newer one")
    equal(world.restored(browser, session=session["session"])[0], "expired", "the old one by its id")
    browser.result("session.signOut", {"session": session["session"]})
    equal(world.ids(browser), [newer["session"]], "signed out of the old one")


def test_a_session_with_an_end_of_its_own_begins_when_it_says(world):
    browser = world.browser()
    start = time.time() + 10
    params = {"capabilityRequest": NOTES_REQUEST, "notBefore": iso(start)}
    session = browser.result("session.signIn", params)
    world.verify(session, now=start + 1)
    wanted = {"session": session["session"], "invocations": [{"path": "notes", "actions": ["tinycloud.kv/get"]}]}
    equal(browser.reason("session.invoke", wanted), "EXPIRED", "too early")
    equal(world.restored(browser)[0], "expired", "restore, too early")
    time.sleep(max(0, start + 1.1 - time.time()))
    equal(world.restored(browser)[0], "restored", "restore")
    browser.result("session.invoke", wanted)


def test_restore_finds_the_one_that_is_meant(world):
    browser = world.browser()
    equal(world.restored(browser), ("missing", None), "none")
    one, two = world.sign_in(browser), world.sign_in(browser, chainId=10)
    equal(world.restored(browser), ("restored", two), "the newest")
    equal(world.restored(browser, session=one["session"]), ("restored", one), "by its id")
    equal(world.restored(browser, spaceId=SPACE), ("restored", one), "by its space")
    equal(world.restored(browser, spaceId=SPACE.replace(":1:", ":10:"), address=ADDRESS_ONE.lower()), ("restored", two), "by space and address")
    for params in ({"spaceId": SPACES[0]}, {"address": STRANGER_ADDRESS}, {"address": "default"}, {"address": ADDRESS_ONE[:20]},
                   {"address": ""}, {"session": one["session"], "spaceId": SPACES[0]}, {"session": one["session"][:-1]},
                   {"session": one["session"][:8]}, {"session": one["session"] + "x"}):
        reply = browser.call("session.restore", params)
        found = reply["result"]["status"] if "result" in reply else reply["error"]["data"]["reason"]
        check(found in ("missing", "KEY_NOT_FOUND", "INVALID_PARAMS"), f"{params}: {found}")

if __name__ == "__main__":
    main("tinycloud session", globals())
