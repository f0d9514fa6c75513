#!/usr/bin/env -S python3 -B
"""What an application may ask for when it signs in to TinyCloud through sealring: it is signed as an SDK would have it, or refused
with its place, and then nothing is asked, signed or kept."""
import time

from tinycloud_clients import iso
from tinycloud_world import (ADDRESS_ONE, NOTES_REQUEST, NOTES_RESOURCE, SPACE, SPACES, STRANGER_ADDRESS, check, contains, equal,
                             header_of, main)

MANIFEST = {"app_id": "com.example.notes", "name": "Notes"}


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
    equal(round(verdict["expiry"] - verdict["issuedAt"]), 7 * 86400, "a manifest's month is no longer than the SDK's week")
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
    ({"notBefore": iso(time.time() + 600), "expirationSeconds": 60}, "INVALID_PARAMS", "notBefore"),
    ({"notBefore": "tomorrow"}, "MALFORMED_SIWE", "notBefore"),
    ({"nonce": "short"}, "MALFORMED_SIWE", "nonce"),
    ({"nonce": ""}, "MALFORMED_SIWE", "nonce"),
    ({"nonce": "abc def 123"}, "MALFORMED_SIWE", "nonce"),
    ({"nonce": "a" * 257}, "MALFORMED_SIWE", "nonce"),
    ({"domain": "evil.example.com"}, "DOMAIN_MISMATCH", "domain"),
    ({"domain": "app.example.com\nURI: x"}, "MALFORMED_SIWE", "domain"),
    ({"domain": ""}, "MALFORMED_SIWE", "domain"),
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
    check(not wrong, "\n# ".join(wrong))
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
    main("tinycloud requests", globals())
