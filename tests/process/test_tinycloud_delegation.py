#!/usr/bin/env -S python3 -B
"""TinyCloud delegations through sealring: a session hands a part of what it may on, an extension without any wallet key acts with it;
nobody gets more than there is, or longer."""
import copy
import json
import time

from tinycloud_clients import KV, SEEDS, WALLET, iso
from tinycloud_world import (ADDRESS_ONE, FIREFOX, NOTES, NOTES_REQUEST, NOTES_RESOURCE, OTHER_EXTENSION, OTHER_PAGE, SPACE, STRANGER_ADDRESS,
                             accepted, check, contains, equal, header_of, main, refused)

GET = [{"path": "notes", "actions": ["tinycloud.kv/get"]}]
SHARED = [{"path": "notes/shared", "actions": ["tinycloud.kv/get", "tinycloud.kv/put"]}]


def acting(session, action="get", path="notes/one"):
    return {"session": session["session"], "invocations": [{"path": path, "actions": [f"tinycloud.kv/{action}"]}]}


def bare(did):
    return did.split("#")[0]


def friend(world, extension=OTHER_EXTENSION):
    """(port, DID) of an extension that has no key of the user's, only a session key of its own."""
    port = world.browser(extension, connect=False)
    return port, port.result("session.key", {}, None)


def given(world, browser, session, key, **params):
    """A portable delegation to that session key, verified."""
    portable = world.delegate(browser, session, key["did"], **params)
    verdict = world.checker.accept("portable", delegation=portable, parents=[header_of(session)])
    equal((verdict["cid"], verdict["delegate"]), (portable["cid"], key["did"].split("#")[0]), "CID and recipient")
    return portable


# --- session-only mode ----------------------------------------------------------------------------

def test_an_extension_without_a_key_acts_with_what_it_was_given(world):
    browser, node = world.browser(), world.node
    session = world.signed_in_and_hosted(browser)
    accepted(node.invoke(world.invoke(browser, session, "put"), b"value"))
    other, key = friend(world)
    equal((key["kind"], sorted(key)), ("key", ["createdAt", "did", "jwk", "kind", "session"]), "a session that is only a key")
    world.shown()
    portable = given(world, browser, session, key)
    shown = world.shown()
    for part in ("Let somebody else act in your TinyCloud space?", key["did"].split("#")[0], "grant\tRead entries in your space \"default\"", "1 hour"):
        contains(shown, part, "the prompt")
    accepted(node.delegate(portable["delegationHeader"]["Authorization"]))
    theirs = other.result("session.useDelegation", {"delegation": portable}, None)
    equal((theirs["kind"], theirs["did"], theirs["address"], theirs["chainId"]), ("delegated", key["did"], ADDRESS_ONE, 1), "the session")
    equal(theirs["tinycloudSession"], {"delegationHeader": portable["delegationHeader"], "delegationCid": portable["cid"], "spaceId": SPACE,
                                       "verificationMethod": key["did"]}, "what it stands on")
    equal(node.invoke(world.invoke(other, theirs, origin=None)).body, b"value", "the value")
    equal(other.reason("session.invoke", acting(theirs, "put"), None), "NOT_GRANTED", "put")
    equal(other.reason("session.invoke", acting(theirs, "get", "other"), None), "NOT_GRANTED", "another path")
    equal(world.shown(), "", "prompts of session-only mode")
    equal(world.restored(other, None), ("restored", theirs), "restored")
    world.restart()
    other = world.browser(OTHER_EXTENSION, connect=False)
    equal(world.restored(other, None), ("restored", theirs), "restored by another agent")
    equal(node.invoke(world.invoke(other, theirs, origin=None)).body, b"value", "the value, later")
    own = other.result("session.signOut", {"session": theirs["session"], "revoke": True}, None)["revocation"]
    accepted(node.revoke(own["headers"]["Authorization"]))
    equal(world.ids(other, None), [key["session"]], "its key is left")


def test_an_sdks_delegation_is_used_likewise(world):
    """Made by the npm libraries, as the SDK of another user would."""
    node = world.programs.node
    cacao = world.programs.signed_in()
    other, key = friend(world, FIREFOX)
    end = round(time.time() + 60, 3)
    made = world.programs.delegation(cacao, aud=bare(key["did"]), grants={NOTES: ["tinycloud.kv/get", "tinycloud.kv/put"]}, exp=end)
    accepted(node.delegate(made["authorization"]))
    portable = {"cid": made["cid"], "delegationHeader": {"Authorization": made["authorization"]}, "ownerAddress": ADDRESS_ONE, "chainId": 1,
                "spaceId": SPACE, "path": "notes", "actions": ["tinycloud.kv/get", "tinycloud.kv/put"], "expiry": iso(end), "delegateDID": key["did"],
                "host": "https://node.example.com"}
    theirs = other.result("session.useDelegation", {"delegation": portable}, None)
    accepted(node.invoke(world.invoke(other, theirs, "put", origin=None), b"hello"))
    equal(node.invoke(world.invoke(other, theirs, origin=None)).body, b"hello", "the value")
    lower = world.programs.delegation(cacao, aud=bare(key["did"]), grants={NOTES.replace(ADDRESS_ONE, ADDRESS_ONE.lower()): ["tinycloud.kv/get"]}, exp=end)
    portable = {**portable, "cid": lower["cid"], "delegationHeader": {"Authorization": lower["authorization"]}, "actions": ["tinycloud.kv/get"]}
    reply = other.call("session.useDelegation", {"delegation": portable}, None)
    if "result" in reply:  # then it can be used
        other.result("session.invoke", acting(reply["result"]), None)


def test_a_delegation_straight_from_a_wallet_is_used_too(world):
    other, key = friend(world)
    end = time.time() + 60
    made = world.programs.make("cacao", privateKey=WALLET, aud=key["did"], grants={NOTES: KV}, iat=iso(time.time()), exp=iso(end))
    portable = {"cid": made["cid"], "delegationHeader": {"Authorization": made["authorization"]}, "ownerAddress": ADDRESS_ONE, "chainId": 1,
                "spaceId": SPACE, "path": "notes", "actions": KV, "expiry": iso(end), "delegateDID": key["did"]}
    theirs = other.result("session.useDelegation", {"delegation": portable}, None)
    header = world.invoke(other, theirs, "put", origin=None)
    world.checker.accept("ucan", authorization=header, parents=[made["authorization"]], role="invocation", needs=[[NOTES + "/one", "tinycloud.kv/put"]])


# --- handing on -----------------------------------------------------------------------------------

def test_what_was_handed_on_is_handed_on_further_in_part_and_never_longer(world):
    browser, node = world.browser(), world.node
    session = world.signed_in_and_hosted(browser)
    other, key = friend(world)
    portable = given(world, browser, session, key, resources=SHARED, expirationSeconds=600)
    accepted(node.delegate(portable["delegationHeader"]["Authorization"]))
    theirs = other.result("session.useDelegation", {"delegation": portable}, None)
    third = world.programs.key("friend")
    wanted = {"session": theirs["session"], "delegateDID": third["method"], "resources": [{"path": "notes/shared/x", "actions": ["tinycloud.kv/get"]}]}
    child = other.result("session.delegate", wanted, None)
    parents = [header_of(session), portable["delegationHeader"]["Authorization"]]
    verdict = world.checker.accept("portable", delegation=child, parents=parents)
    equal((verdict["expiry"], child["parentCid"]), (world.checker.accept("portable", delegation=portable)["expiry"], portable["cid"]), "end, parent")
    accepted(node.delegate(child["delegationHeader"]["Authorization"]))
    for more, reason in [({"resources": GET}, "NOT_GRANTED"), ({"expirationSeconds": 900}, "INVALID_PARAMS")]:
        equal(other.reason("session.delegate", {**wanted, **more}, None), reason, str(more))
    get = world.programs.make("ucan", seed=SEEDS["friend"], parents=[child["cid"]], exp=time.time() + 60,
                              grants={f"{NOTES}/shared/x": ["tinycloud.kv/get"]})
    refused(node.invoke(get["authorization"]), 404, "No Such Key")  # it may


def test_a_child_that_would_outlive_the_session_is_refused_and_one_without_a_wish_ends_with_it(world):
    browser = world.browser()
    session = world.sign_in(browser, expirationSeconds=600)
    end = world.verify(session)["expiry"]
    did = world.programs.key("friend")["did"]
    reply = browser.call("session.delegate", {"session": session["session"], "delegateDID": did, "resources": GET, "expirationSeconds": 700})
    equal((reply["error"]["data"]["reason"], reply["error"]["data"]["field"]), ("INVALID_PARAMS", "expirationSeconds"), "longer")
    for seconds in (0, -1, 367 * 86400, 1.5, "60"):
        equal(browser.reason("session.delegate", {"session": session["session"], "delegateDID": did, "resources": GET, "expirationSeconds": seconds}),
              "INVALID_PARAMS", f"{seconds} s")
    check("Let somebody else" not in world.shown(), "nobody was asked")
    portable = world.delegate(browser, session, did)
    verdict = world.checker.accept("portable", delegation=portable, parents=[header_of(session)])
    check(end - 1 < verdict["expiry"] <= end, f"it ends at {verdict['expiry']}, the session at {end}")


def test_a_child_of_a_session_that_begins_later_does_not_begin_before_it(world):
    browser = world.browser()
    session = browser.result("session.signIn", {"capabilityRequest": NOTES_REQUEST, "notBefore": iso(time.time() - 30)})
    world.verify(session)
    world.host(browser)
    accepted(world.node.delegate(header_of(session)))
    portable = world.delegate(browser, session, world.programs.key("friend")["did"])
    world.checker.accept("portable", delegation=portable, parents=[header_of(session)])
    accepted(world.node.delegate(portable["delegationHeader"]["Authorization"]))


def test_an_end_of_the_chain_is_an_end(world):
    browser = world.browser()
    session = world.sign_in(browser)
    other, key = friend(world)
    wanted = {"delegateDID": world.programs.key("friend")["did"], "resources": GET}
    portable = given(world, browser, session, key, disableSubDelegation=True)
    equal(portable["disableSubDelegation"], True, "it says so")
    theirs = other.result("session.useDelegation", {"delegation": portable}, None)
    equal(other.reason("session.delegate", {"session": theirs["session"], **wanted}, None), "NOT_GRANTED", "disableSubDelegation")
    other.result("session.invoke", acting(theirs), None)
    cacao = world.programs.cacao()
    made = world.programs.delegation(cacao, aud=bare(key["did"]), fct=[{"xyz.tinycloud.policy/delegationMode": "terminal"}], exp=int(time.time()) + 60)
    end = world.checker.accept("ucan", authorization=made["authorization"])["expiry"]
    portable = {"cid": made["cid"], "delegationHeader": {"Authorization": made["authorization"]}, "ownerAddress": ADDRESS_ONE, "chainId": 1,
                "spaceId": SPACE, "path": "notes", "actions": KV, "expiry": iso(end), "delegateDID": key["did"]}
    theirs = other.result("session.useDelegation", {"delegation": portable}, None)
    equal(other.reason("session.delegate", {"session": theirs["session"], **wanted}, None), "NOT_GRANTED", "terminal")
    world.restart()
    other = world.browser(OTHER_EXTENSION, connect=False)
    equal(other.reason("session.delegate", {"session": theirs["session"], **wanted}, None), "NOT_GRANTED", "terminal, after a restart")
    other.result("session.invoke", acting(theirs), None)


def test_several_resources_and_a_caveat_are_handed_on_as_they_are(world):
    browser = world.browser()
    request = {"resources": [NOTES_RESOURCE, {**NOTES_RESOURCE, "path": "a", "actions": ["tinycloud.kv/put", "tinycloud.kv/del"]}]}
    session = world.sign_in(browser, capabilityRequest=request)
    other, key = friend(world)
    wanted = [{"service": "kv", "space": SPACE, "path": "a/b", "actions": ["tinycloud.kv/del"]}, *GET]
    portable = given(world, browser, session, key, resources=wanted)
    equal(sorted(one["path"] for one in portable["resources"]), ["a/b", "notes"], "resources")
    theirs = other.result("session.useDelegation", {"delegation": portable}, None)
    other.result("session.invoke", acting(theirs, "del", "a/b/c"), None)
    limited = [{**GET[0], "caveats": [{"only": ["this", 1]}]}]
    portable = world.delegate(browser, session, key["did"], resources=limited)
    verdict = world.checker.accept("ucan", authorization=portable["delegationHeader"]["Authorization"], parents=[header_of(session)])
    equal([one["caveats"] for one in verdict["capabilities"]], [[{"only": ["this", 1]}]], "the caveat")


def test_who_says_no_hands_nothing_on(world):
    browser = world.browser()
    session = world.sign_in(browser)
    world.answer(False)
    params = {"session": session["session"], "delegateDID": world.programs.key("friend")["did"], "resources": GET}
    equal(browser.reason("session.delegate", params), "USER_REJECTED", "reason")
    events = [entry["event"] for entry in world.json("log", "--limit", "1000")["entries"]]
    check("delegate" not in events, f"the log: {events}")


def test_a_session_signed_out_while_the_user_is_asked_hands_nothing_on(world):
    browser, second = world.browser(), world.browser(connect=False)
    session = world.sign_in(browser)
    world.shown()
    world.hold()
    browser.send("session.delegate", {"session": session["session"], "delegateDID": world.programs.key("friend")["did"], "resources": GET})
    world.wait_for_question()
    second.result("session.signOut", {"session": session["session"]})
    world.release()
    equal(browser.receive()["error"]["data"]["reason"], "KEY_NOT_FOUND", "the answer")


# --- bad input ------------------------------------------------------------------------------------

def test_bad_delegations_are_refused_before_anybody_is_asked(world):
    browser = world.browser()
    session = world.sign_in(browser)
    world.shown()
    good = {"session": session["session"], "delegateDID": world.programs.key("friend")["did"], "resources": GET}
    many = [{"path": f"notes/{'x' * 200}{number}", "actions": ["tinycloud.kv/get"]} for number in range(200)]
    wrong = []
    for more, reason, field in [
            ({"delegateDID": "friend"}, "INVALID_PARAMS", "delegateDID"), ({"delegateDID": ""}, "INVALID_PARAMS", "delegateDID"),
            ({"delegateDID": 5}, "INVALID_PARAMS", "delegateDID"), ({"delegateDID": "did:" + "x" * 2000}, "INVALID_PARAMS", "delegateDID"),
            ({"delegateDID": "did:key:z6\n"}, "INVALID_PARAMS", "delegateDID"), ({"delegateDID": "did:"}, "INVALID_PARAMS", "delegateDID"),
            ({"delegateDID": "did:key:zz#zz"}, "INVALID_PARAMS", "delegateDID"), ({"delegateDID": "did:web:x?y"}, "INVALID_PARAMS", "delegateDID"),
            ({"resources": []}, "INVALID_PARAMS", "resources"), ({"resources": {}}, "INVALID_PARAMS", "resources"),
            ({"resources": many}, "INVALID_PARAMS", "resources"), ({"resources": many * 2}, "INVALID_PARAMS", "resources"),
            ({"resources": [{**GET[0], "caveats": [{"x": 1.5}]}]}, "INVALID_PARAMS", "resources"),
            ({"resources": [{**GET[0], "caveats": {}}]}, "INVALID_PARAMS", "resources[0].caveats"),
            ({"resources": [{**GET[0], "caveats": [1]}]}, "INVALID_PARAMS", "resources[0].caveats[0]"),
            ({"disableSubDelegation": "yes"}, "INVALID_PARAMS", "disableSubDelegation"), ({"disableSubDelegation": 1}, "INVALID_PARAMS", "disableSubDelegation"),
            ({"host": 5}, "INVALID_PARAMS", "host"), ({"host": ["x"]}, "INVALID_PARAMS", "host"), ({"more": 1}, "INVALID_PARAMS", "more")]:
        reply = browser.call("session.delegate", {**good, **more})
        data = reply["error"]["data"] if "error" in reply else {"reason": "signed"}
        if (data["reason"], data.get("field")) != (reason, field):
            wrong.append(f"{str(more)[:120]}: {data['reason']} {data.get('field')} {reply.get('error', {}).get('message')}, not {reason} {field}")
    check(not wrong, "\n# ".join(wrong))
    equal(world.shown(), "", "prompts")


def test_a_delegation_that_says_something_else_than_what_is_signed_is_refused(world):
    browser = world.browser()
    session = world.sign_in(browser)
    other, key = friend(world)
    good = given(world, browser, session, key)
    second = given(world, browser, session, key, resources=SHARED)
    header = good["delegationHeader"]["Authorization"]
    head, body, signature = header.split(".")
    wrong = []
    for more, field in [
            ({"cid": second["cid"]}, "delegation.cid"), ({"delegationHeader": second["delegationHeader"]}, "delegation.cid"),
            ({"delegationHeader": {"Authorization": f"{head}.{body}.{signature[::-1]}"}}, "delegation.delegationHeader.Authorization"),
            ({"delegationHeader": {"Authorization": ""}}, "delegation.delegationHeader.Authorization"),
            ({"delegationHeader": {"Authorization": header + "="}}, "delegation.delegationHeader.Authorization"),
            ({"delegationHeader": {"Authorization": header, "X": "y"}}, "delegation.delegationHeader.X"),
            ({"delegationHeader": header}, "delegation.delegationHeader"), ({"delegateDID": world.programs.key("friend")["did"]}, "delegation.delegateDID"),
            ({"delegatorDID": world.programs.key("friend")["did"]}, "delegation.delegatorDID"), ({"parentCid": second["cid"]}, "delegation.parentCid"),
            ({"expiry": iso(time.time() + 90000)}, "delegation.expiry"), ({"expiry": "later"}, "delegation.expiry"), ({"expiry": 5}, "delegation.expiry"),
            ({"ownerAddress": STRANGER_ADDRESS}, "delegation.ownerAddress"), ({"ownerAddress": "0x12"}, "delegation.ownerAddress"),
            ({"chainId": 5}, "delegation.chainId"), ({"spaceId": "default"}, "delegation.spaceId"),
            ({"spaceId": SPACE.replace(":default", ":other")}, "delegation.spaceId"),
            ({"path": 5}, "delegation.path"), ({"actions": "x"}, "delegation.actions"), ({"host": 5}, "delegation.host"),
            ({"resources": [{**good["resources"][0], "actions": ["tinycloud.kv/put"]}]}, "delegation.resources"),
            ({"resources": []}, "delegation.resources"), ({"disableSubDelegation": "no"}, "delegation.disableSubDelegation"),
            ({"sessionKey": {}}, "delegation.sessionKey")]:
        reply = other.call("session.useDelegation", {"delegation": {**good, **more}}, None)
        data = reply["error"]["data"] if "error" in reply else {"reason": "taken"}
        if (data["reason"], data.get("field")) != ("INVALID_PARAMS", field):
            wrong.append(f"{str(more)[:150]}: {data['reason']} {data.get('field')} {reply.get('error', {}).get('message')}, not {field}")
    for name in ("cid", "delegationHeader", "ownerAddress", "spaceId", "expiry", "delegateDID"):
        without = {member: value for member, value in good.items() if member != name}
        data = other.call("session.useDelegation", {"delegation": without}, None)["error"]["data"]
        if (data["reason"], data["field"]) != ("INVALID_PARAMS", f"delegation.{name}"):
            wrong.append(f"without {name}: {data}")
    check(not wrong, "\n# ".join(wrong))
    equal(world.ids(other, None), [key["session"]], "sessions")


def test_every_flipped_byte_of_a_delegation_is_refused(world):
    browser = world.browser()
    session = world.sign_in(browser)
    other, key = friend(world)
    good = given(world, browser, session, key)
    header = good["delegationHeader"]["Authorization"]
    for place in range(0, len(header), 5):
        changed = copy.deepcopy(good)
        letter = "A" if header[place] != "A" else "B"
        changed["delegationHeader"]["Authorization"] = header[:place] + letter + header[place + 1:]
        equal(other.reason("session.useDelegation", {"delegation": changed}, None), "INVALID_PARAMS", f"byte {place}")
    equal(world.ids(other, None), [key["session"]], "sessions")
    other.result("session.useDelegation", {"delegation": good}, None)


def test_a_delegation_to_somebody_elses_key_is_not_taken(world):
    browser = world.browser()
    session = world.sign_in(browser)
    other, key = friend(world)
    third, _ = friend(world, FIREFOX)
    portable = given(world, browser, session, key)
    equal(third.reason("session.useDelegation", {"delegation": portable}, None), "KEY_NOT_FOUND", "another extension")
    equal(browser.reason("session.useDelegation", {"delegation": portable}), "KEY_NOT_FOUND", "the page that gave it")
    equal(other.reason("session.useDelegation", {"delegation": portable}, OTHER_PAGE), "NOT_GRANTED", "a page of the right extension")
    other.result("session.useDelegation", {"delegation": portable}, None)


def test_a_delegation_that_has_ended_is_not_taken_and_one_that_ends_is_not_used(world):
    browser = world.browser()
    session = world.sign_in(browser)
    other, key = friend(world)
    portable = given(world, browser, session, key, expirationSeconds=12)
    theirs = other.result("session.useDelegation", {"delegation": portable}, None)
    other.result("session.invoke", acting(theirs), None)
    time.sleep(12.2)
    equal(other.reason("session.invoke", acting(theirs), None), "EXPIRED", "acting")
    equal(other.reason("session.useDelegation", {"delegation": portable}, None), "EXPIRED", "taking it again")
    equal(world.restored(other, None)[0], "expired", "restore")


def test_a_key_alone_does_nothing(world):
    other, key = friend(world)
    equal(other.reason("session.invoke", acting(key), None), "NOT_GRANTED", "invoke")
    equal(other.reason("session.delegate", {"session": key["session"], "delegateDID": key["did"], "resources": GET}, None), "NOT_GRANTED", "delegate")
    equal(world.restored(other, None), ("missing", None), "restore")
    equal(other.result("session.signOut", {"session": key["session"], "revoke": True}, None), {}, "sign out")
    equal(json.dumps(world.ids(other, None)), "[]", "sessions")


if __name__ == "__main__":
    main("tinycloud delegation", globals())
