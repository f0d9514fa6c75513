#!/usr/bin/env -S python3 -B
"""The life of a TinyCloud session whose keys stay with sealring, against a node that has none of its code: sign in, host the space,
act, restore, expire, sign out; and what an application may ask for."""
import time

from tinycloud_clients import KV, STRANGER, iso
from tinycloud_world import (ADDRESS_ONE, NOTES, NOTES_REQUEST, NOTES_RESOURCE, OTHER_PAGE, PAGE, SPACE, SPACES,
                             STRANGER_ADDRESS, accepted, check, contains, equal, header_of, main, record_of, refused)

PUT_GET = [("put", b"value"), ("get", None)]
MANIFEST = {"app_id": "com.example.notes", "name": "Notes"}


# --- the whole life -------------------------------------------------------------------------------

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
        header = world.invoke(browser, session, **more)
        verdict = world.checker.accept("ucan", authorization=header, parents=parents, role="invocation", once=True,
                                       needs=[[NOTES + "/one", "tinycloud.kv/get"]])
        check(expected - 2 <= verdict["expiry"] - time.time() <= expected, f"{seconds}: it ends in {verdict['expiry'] - time.time()} s")
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
    session = world.sign_in(browser, expirationSeconds=4)
    end = time.time() + 4
    world.host(browser)
    accepted(node.delegate(header_of(session)))
    late = world.invoke(browser, session, "put", expirationSeconds=3600)
    accepted(node.invoke(world.invoke(browser, session, "put"), b"value"))
    node.set_clock(5)
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
    start = time.time() + 3
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


# --- what an application may ask for --------------------------------------------------------------

def ability_map(verdict):
    found = {}
    for one in verdict["capabilities"]:
        found.setdefault(one["resource"], []).append(one["ability"].split(".", 1)[1])
    return {resource: sorted(abilities) for resource, abilities in found.items()}


def test_a_plain_sign_in_has_the_spaces_of_the_sdk(world):
    browser = world.browser()
    for prefix in (None, "", "default", "work"):
        session = browser.result("session.signIn", {} if prefix is None else {"spacePrefix": prefix})
        found = ability_map(world.verify(session))
        primary = SPACE.replace(":default", ":" + (prefix or "default"))
        equal(session["tinycloudSession"]["spaceId"], primary, "the primary space")
        equal(sorted({resource.split("/")[0] for resource in found if resource.startswith("tinycloud")}), sorted({SPACES[0], primary, SPACES[2]}), "spaces")
        equal(found[f"urn:tinycloud:encryption:did:pkh:eip155:1:{ADDRESS_ONE}:default"], ["encryption/decrypt", "encryption/network.create"], "network")


def test_manifests_become_what_the_sdk_makes_of_them(world):
    browser = world.browser()
    apps = SPACE.replace(":default", ":applications")
    session = browser.result("session.signIn", {"manifest": MANIFEST})
    verdict = world.verify(session)
    found = ability_map(verdict)
    equal(session["tinycloudSession"]["spaceId"], apps, "the space")
    equal(found[f"{apps}/kv/com.example.notes/"], ["kv/del", "kv/get", "kv/list", "kv/metadata", "kv/put"], "its own folder")
    equal(round(verdict["expiry"] - verdict["issuedAt"]), 30 * 86400, "a manifest's own length")
    two = [{**MANIFEST, "expiry": "2h"}, {"app_id": "b", "name": "B", "defaults": False, "expiry": "1h", "prefix": "", "space": "shared",
                                          "permissions": [{"service": "tinycloud.kv", "path": "/x/", "actions": ["get"]}]}]
    session = browser.result("session.signIn", {"manifest": two})
    verdict = world.verify(session)
    found = ability_map(verdict)
    equal(found[SPACE.replace(":default", ":shared") + "/kv//x/"], ["kv/get"], "the second one's")
    equal(round(verdict["expiry"] - verdict["issuedAt"]), 7200, "the longest")
    browser.result("session.signIn", {"manifest": MANIFEST, "expirationSeconds": 60})


def test_a_request_for_nothing_but_an_account_or_a_network_works_or_is_refused(world):
    """Whatever is signed can be restored and used."""
    browser = world.browser()
    network = f"urn:tinycloud:encryption:did:pkh:eip155:1:{ADDRESS_ONE}:default"
    account = {"service": "tinycloud.kv", "space": "account", "path": "spaces/", "actions": ["tinycloud.kv/get"]}
    for params in ({"manifest": {**MANIFEST, "defaults": False}}, {"manifest": {**MANIFEST, "defaults": False, "permissions": []}},
                   {"capabilityRequest": {"resources": [account]}},
                   {"capabilityRequest": {"resources": [{"service": "tinycloud.encryption", "path": network,
                                                         "actions": ["tinycloud.encryption/decrypt"]}]}}):
        reply = browser.call("session.signIn", params)
        if "error" in reply:
            equal(reply["error"]["data"]["reason"], "INVALID_PARAMS", f"{params}")
            equal(world.restored(browser)[0], "missing", f"{params}: restore")
            continue
        session = reply["result"]
        world.verify(session)
        equal(world.restored(browser), ("restored", session), f"{params}")
        browser.result("session.signOut", {"session": session["session"]})


def test_a_space_of_somebody_else_is_asked_for_in_the_users_own_name(world):
    browser = world.browser()
    theirs = SPACE.replace(ADDRESS_ONE, STRANGER_ADDRESS)
    request = {"resources": [{**NOTES_RESOURCE, "space": theirs}]}
    session = browser.result("session.signIn", {"capabilityRequest": request})
    world.verify(session)
    equal((session["address"], session["tinycloudSession"]["spaceId"]), (ADDRESS_ONE, theirs), "who signed, what for")
    equal(world.restored(browser, address=ADDRESS_ONE), ("restored", session), "by the signer's address")
    equal(world.restored(browser, address=STRANGER_ADDRESS)[0], "missing", "by the other one's")


def test_networks_are_created_with_decrypt_and_only_own_ones(world):
    browser = world.browser()
    own, other = (f"urn:tinycloud:encryption:did:pkh:eip155:1:{address}:default" for address in (ADDRESS_ONE, STRANGER_ADDRESS))
    decrypt = {"service": "tinycloud.encryption", "actions": ["tinycloud.encryption/decrypt"]}
    request = {"resources": [NOTES_RESOURCE, {**decrypt, "path": own}, {**decrypt, "path": other}]}
    found = ability_map(world.verify(world.sign_in(browser, capabilityRequest=request)))
    equal(found[own], ["encryption/decrypt", "encryption/network.create"], "an own one")
    equal(found[other], ["encryption/decrypt"], "somebody else's")
    session = world.sign_in(browser, capabilityRequest={"resources": [NOTES_RESOURCE, {**decrypt, "path": own}]})
    decrypting = world.invocation(browser, session, [{"service": "encryption", "path": own, "actions": ["tinycloud.encryption/decrypt"]}])
    world.checker.accept("ucan", authorization=decrypting, parents=[header_of(session)], role="invocation",
                         needs=[[own, "tinycloud.encryption/decrypt"]])


def test_asterisks_are_shown_as_what_they_are_and_not_remembered(world):
    browser = world.browser()
    for resource in ({**NOTES_RESOURCE, "actions": ["tinycloud.kv/*"]}, {**NOTES_RESOURCE, "path": "*"}, {**NOTES_RESOURCE, "path": "/*"}):
        session = world.sign_in(browser, capabilityRequest={"resources": [resource]})
        shown = world.shown()
        check("remember\t" not in shown, f"{resource}: it could be remembered: {shown}")
        contains(shown, "*", "the prompt")
        check("warning\t" in shown, f"{resource}: no warning: {shown}")
        browser.result("session.signOut", {"session": session["session"]})


NETWORK = "urn:tinycloud:encryption:did:pkh:eip155:1:"
BAD = [  # params, reason, field
    ({"manifest": MANIFEST, "capabilityRequest": NOTES_REQUEST}, "INVALID_PARAMS", "capabilityRequest"),
    ({"manifest": {**MANIFEST, "permission": []}}, "INVALID_PARAMS", "manifest.permission"),
    ({"manifest": [MANIFEST, {**MANIFEST, "x": 1}]}, "INVALID_PARAMS", "manifest[1].x"),
    ({"manifest": []}, "INVALID_PARAMS", "manifest"),
    ({"manifest": {**MANIFEST, "defaults": "none"}}, "INVALID_PARAMS", "manifest.defaults"),
    ({"manifest": {**MANIFEST, "expiry": "soon"}}, "INVALID_PARAMS", "manifest.expiry"),
    ({"manifest": {**MANIFEST, "expiry": "0"}}, "INVALID_PARAMS", "manifest.expiry"),
    ({"manifest": {**MANIFEST, "expiry": "-1d"}}, "INVALID_PARAMS", "manifest.expiry"),
    ({"manifest": {**MANIFEST, "expiry": "2y"}}, "INVALID_PARAMS", "manifest"),
    ({"manifest": {**MANIFEST, "expiry": "1ms"}}, "INVALID_PARAMS", "manifest"),
    ({"manifest": {**MANIFEST, "permissions": [{"service": "tinycloud.kv", "path": "a%20b", "actions": ["get"]}]}}, "INVALID_PARAMS",
     "manifest.permissions[0].path"),
    ({"manifest": {**MANIFEST, "permissions": [{"service": "tinycloud.kv", "path": "a b", "actions": ["get"]}]}}, "INVALID_PARAMS",
     "manifest.permissions[0].path"),
    ({"manifest": {**MANIFEST, "permissions": [{"service": "tinycloud.kv", "path": "a", "actions": ["get"], "expiry": "1d"},
                                               {"service": "tinycloud.kv", "path": "a", "actions": ["put"], "expiry": "2d"}]}},
     "INVALID_PARAMS", "manifest.permissions[1].expiry"),
    ({"manifest": {**MANIFEST, "permissions": [{"service": "tinycloud.mail", "path": "a", "actions": ["get"]}]}}, "INVALID_PARAMS",
     "manifest.permissions[0].service"),
    ({"capabilityRequest": {"resources": [{**NOTES_RESOURCE, "path": "a/../b"}]}}, "INVALID_PARAMS", "capabilityRequest.resources[0].path"),
    ({"capabilityRequest": {"resources": [{**NOTES_RESOURCE, "path": "ü"}]}}, "INVALID_PARAMS", "capabilityRequest.resources[0].path"),
    ({"capabilityRequest": {"resources": [{**NOTES_RESOURCE, "path": "a?b"}]}}, "INVALID_PARAMS", "capabilityRequest.resources[0].path"),
    ({"capabilityRequest": {"resources": [{**NOTES_RESOURCE, "space": "de fault"}]}}, "INVALID_PARAMS", "capabilityRequest.resources[0].space"),
    ({"capabilityRequest": {"resources": [{**NOTES_RESOURCE, "space": "tinycloud:default"}]}}, "INVALID_PARAMS", "capabilityRequest.resources[0].space"),
    ({"capabilityRequest": {"resources": [NOTES_RESOURCE, {**NOTES_RESOURCE, "space": SPACE}]}}, "INVALID_PARAMS",
     "capabilityRequest.resources[1].space"),
    ({"capabilityRequest": {"resources": [{**NOTES_RESOURCE, "actions": ["get"]}]}}, "INVALID_PARAMS", "capabilityRequest.resources[0].actions[0]"),
    ({"capabilityRequest": {"resources": [{**NOTES_RESOURCE, "actions": ["tinycloud.kv/g't"]}]}}, "INVALID_PARAMS",
     "capabilityRequest.resources[0].actions[0]"),
    ({"capabilityRequest": {"resources": [{**NOTES_RESOURCE, "more": 1}]}}, "INVALID_PARAMS", "capabilityRequest.resources[0].more"),
    ({"capabilityRequest": {"resources": []}}, "INVALID_PARAMS", "capabilityRequest.resources"),
    ({"capabilityRequest": {}}, "INVALID_PARAMS", "capabilityRequest.resources"),
    ({"capabilityRequest": {"resources": [NOTES_RESOURCE], "expiryMs": 400 * 86400000}}, "INVALID_PARAMS", "capabilityRequest.expiryMs"),
    ({"capabilityRequest": {"resources": [NOTES_RESOURCE], "expiryMs": 1.5}}, "INVALID_PARAMS", "capabilityRequest.expiryMs"),
    ({"capabilityRequest": {"resources": [{"service": "tinycloud.encryption", "path": NETWORK + STRANGER_ADDRESS + ":default",
                                           "actions": ["tinycloud.encryption/network.create"]}]}}, "INVALID_PARAMS",
     "capabilityRequest.resources[0].actions[0]"),
    ({"capabilityRequest": {"resources": [{"service": "tinycloud.encryption", "path": "urn:tinycloud:encryption:default",
                                           "actions": ["tinycloud.encryption/decrypt"]}]}}, "INVALID_PARAMS",
     "capabilityRequest.resources[0].path"),
    ({"expirationSeconds": 0}, "INVALID_PARAMS", "expirationSeconds"),
    ({"expirationSeconds": -5}, "INVALID_PARAMS", "expirationSeconds"),
    ({"expirationSeconds": 367 * 86400}, "INVALID_PARAMS", "expirationSeconds"),
    ({"notBefore": iso(time.time() + 8 * 86400)}, "INVALID_PARAMS", "notBefore"),
    ({"notBefore": iso(time.time() + 90), "expirationSeconds": 60}, "INVALID_PARAMS", "notBefore"),
    ({"notBefore": "tomorrow"}, "INVALID_PARAMS", "notBefore"),
    ({"nonce": "short"}, "INVALID_PARAMS", "nonce"),
    ({"nonce": ""}, "INVALID_PARAMS", "nonce"),
    ({"nonce": "abc def 123"}, "INVALID_PARAMS", "nonce"),
    ({"nonce": "a" * 257}, "INVALID_PARAMS", "nonce"),
    ({"domain": "evil.example.com"}, "ORIGIN_MISMATCH", "domain"),
    ({"domain": "app.example.com\nURI: x"}, "INVALID_PARAMS", "domain"),
    ({"domain": ""}, "INVALID_PARAMS", "domain"),
    ({"chainId": 0}, "INVALID_PARAMS", "chainId"),
    ({"chainId": "1"}, "INVALID_PARAMS", "chainId"),
    ({"spacePrefix": "a:b"}, "INVALID_PARAMS", "spacePrefix"),
    ({"spacePrefix": "a/b"}, "INVALID_PARAMS", "spacePrefix"),
    ({"spacePrefix": "a%b"}, "INVALID_PARAMS", "spacePrefix"),
    ({"key": STRANGER_ADDRESS}, "NOT_GRANTED", "key"),
    ({"more": True}, "INVALID_PARAMS", "more"),
]


def test_bad_requests_are_refused_with_their_place_and_leave_nothing(world):
    browser = world.browser()
    wrong = []
    for params, reason, field in BAD:
        reply = browser.call("session.signIn", params)
        data = reply["error"]["data"] if "error" in reply else {"reason": "signed"}
        if (data["reason"], data.get("field")) != (reason, field):
            wrong.append(f"{str(params)[:150]}: {data['reason']} {data.get('field')} {reply.get('error', {}).get('message')}, not {reason} {field}")
    equal(wrong, [], "wrong answers")
    equal(world.shown(), "", "prompts")
    equal(world.ids(browser), [], "sessions")
    events = [entry["event"] for entry in world.json("log", "--limit", "1000")["entries"]]
    check("sign-in" not in events, f"the log: {events}")


def test_who_says_no_has_no_session(world):
    browser = world.browser()
    world.answer(False)
    equal(browser.reason("session.signIn", {"capabilityRequest": NOTES_REQUEST}), "USER_REJECTED", "reason")
    equal(world.ids(browser), [], "sessions")


def test_the_command_line_names_a_domain_itself(world):
    cli = world.cli()
    equal(cli.reason("session.signIn", {"capabilityRequest": NOTES_REQUEST}, None), "INVALID_PARAMS", "without a domain")
    session = cli.result("session.signIn", {"capabilityRequest": NOTES_REQUEST, "domain": "notes.example.com"}, None)
    world.verify(session)
    contains(session["siwe"], "notes.example.com wants you", "the domain")
    equal(world.restored(cli, None), ("restored", session), "restore")


def test_a_nonce_comes_once(world):
    browser = world.browser()
    world.sign_in(browser, nonce="abcdefgh12345678")
    equal(browser.reason("session.signIn", {"capabilityRequest": NOTES_REQUEST, "nonce": "abcdefgh12345678"}), "NONCE_REUSED", "reason")
    equal(len(world.ids(browser)), 1, "sessions")


if __name__ == "__main__":
    main("tinycloud session", globals())
