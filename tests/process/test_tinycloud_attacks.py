#!/usr/bin/env -S python3 -B
"""Who may use a TinyCloud session and who may not: grants, owners, unconnected pages, garbage, too much of everything; and the log."""
import json
import time

from tinycloud_clients import SEEDS, iso
from tinycloud_world import (ADDRESS_ONE, EXTENSION, FIREFOX, NOTES_REQUEST, NOTES_RESOURCE, OTHER_EXTENSION, OTHER_PAGE, PAGE, SPACE,
                             check, contains, equal, header_of, main)

AGREE_AND_REMEMBER = "#!/bin/sh\ncat >>{0}/shown\necho remember\nexit 0\n"
GET = [{"path": "notes", "actions": ["tinycloud.kv/get"]}]
KEY_TWO = "0" * 63 + "2"


def remember(world):
    world.write("prompt", AGREE_AND_REMEMBER.format(world.folder), 0o700)


def asked(world, port, origin=PAGE, **params):
    """Sign in; whether the user was asked."""
    world.shown()
    world.sign_in(port, origin, **params)
    return "title\tSign in" in world.shown()


def grants(world, kind):
    return [grant["id"] for grant in world.json("grant", "list")["grants"] if grant["kind"] == kind]


def acting(session, **more):
    return {"session": session["session"], "invocations": GET, **more}


# --- grants ---------------------------------------------------------------------------------------

def test_a_remembered_sign_in_covers_the_like_and_nothing_else(world):
    world.import_key(KEY_TWO, "Two")
    browser = world.browser()
    browser.result("eth_requestAccounts", [])
    remember(world)
    check(asked(world, browser), "the first time")
    contains(world.json("log")["entries"][-1]["decision"], "remembered:", "the log")
    equal([asked(world, browser) for _ in range(3)], [False] * 3, "the same again")
    equal(asked(world, browser, expirationSeconds=3600), False, "for a shorter time")
    equal(asked(world, browser, nonce="abcdefgh12345678"), False, "with a nonce of its own")
    contains(world.json("log")["entries"][-1]["decision"], "grant:", "the log")
    more = {"resources": [*NOTES_REQUEST["resources"], {**NOTES_RESOURCE, "path": "more"}]}
    fewer = {"resources": [NOTES_RESOURCE]}
    world.write("prompt", "#!/bin/sh\ncat >>%s/shown\n" % world.folder, 0o700)  # yes, this once
    for what, params in [("more", {"capabilityRequest": more}), ("fewer", {"capabilityRequest": fewer}), ("longer", {"expirationSeconds": 604801}),
                         ("later", {"notBefore": iso(time.time())}), ("another chain", {"chainId": 10}),
                         ("another writing of the site", {"domain": "app.example.com:443"})]:
        check(asked(world, browser, **params), f"{what}: nobody was asked")
        equal(asked(world, browser), False, f"{what}, then the first one")
    browser.result("eth_requestAccounts", [], OTHER_PAGE)
    check(asked(world, browser, OTHER_PAGE), "another page")
    other = world.browser(OTHER_EXTENSION)
    check(asked(world, other), "another extension")
    check(asked(world, world.cli(), None, domain="app.example.com"), "the command line")


def test_a_grant_for_sessions_signs_no_message_and_the_other_way_round(world):
    browser = world.browser()
    remember(world)
    session = world.sign_in(browser)
    world.shown()
    world.write("prompt", "#!/bin/sh\ncat >>%s/shown\n" % world.folder, 0o700)
    own = world.programs.key()["method"]
    message = session["siwe"].replace(session["did"], own)
    for uri in (own, session["did"]):
        browser.result("siwe.sign", {"message": message.replace(own, uri).replace("Nonce: ", "Nonce: x" if uri == own else "Nonce: z")})
        contains(world.shown(), "title\tSign in", "the user is asked")
    text = message.replace(own, "a session key kept by sealring")
    equal(browser.reason("siwe.sign", {"message": text}), "MALFORMED_SIWE", "what the grant has for a URI is none")
    remember(world)
    browser.result("siwe.sign", {"message": message.replace("Nonce: ", "Nonce: y")})
    world.shown()
    world.run("grant", "revoke", next(iter(grants(world, "siwe")))).expect(0, "the session's grant")
    check(asked(world, browser), "the message's grant covers no session")


def test_a_grant_that_was_taken_back_covers_nothing(world):
    browser = world.browser()
    remember(world)
    session = world.sign_in(browser)
    equal(asked(world, browser), False, "covered")
    [grant] = grants(world, "siwe")
    world.run("grant", "revoke", grant).expect(0, "revoke")
    check(asked(world, browser), "afterwards")
    browser.result("session.invoke", acting(session))


def test_a_page_that_is_not_connected_any_more_does_not_act(world):
    browser = world.browser()
    session = world.sign_in(browser)
    key = browser.result("session.key", {})
    portable = world.delegate(browser, session, key["did"])
    delegated = browser.result("session.useDelegation", {"delegation": portable})
    for restart in (False, True):
        for grant in grants(world, "accounts"):
            world.run("grant", "revoke", grant).expect(0, "revoke")
        if restart:
            world.restart()
            browser = world.browser(connect=False)
        for one in (session, delegated):
            equal(browser.reason("session.invoke", acting(one)), "NOT_GRANTED", "acting")
            wanted = {"session": one["session"], "delegateDID": key["did"], "resources": GET}
            equal(browser.reason("session.delegate", wanted), "NOT_GRANTED", "delegating")
        for method, params in [("session.list", {}), ("session.restore", {}), ("session.key", {}),
                               ("session.signIn", {"capabilityRequest": NOTES_REQUEST}),
                               ("session.useDelegation", {"delegation": portable}), ("session.signOut", {"session": session["session"], "revoke": True})]:
            equal(browser.reason(method, params), "NOT_GRANTED", method)
        browser.result("eth_requestAccounts", [])
        world.shown()
        browser.result("session.invoke", acting(session))
        browser.result("session.invoke", acting(delegated))
        equal(world.restored(browser, session=session["session"]), ("restored", session), "connected again")


def test_sessions_of_a_deleted_key_stop_with_it(world):
    browser = world.browser()
    session = world.sign_in(browser)
    world.run("key", "delete", "One").expect(0, "delete")
    equal(browser.reason("session.invoke", acting(session)), "NOT_GRANTED", "acting")


# --- owners ---------------------------------------------------------------------------------------

def test_nobody_else_sees_or_uses_a_session(world):
    browser, other, firefox = world.browser(), world.browser(OTHER_EXTENSION), world.browser(FIREFOX)
    browser.result("eth_requestAccounts", [], OTHER_PAGE)
    session = world.sign_in(browser)
    did = world.programs.key("friend")["did"]
    strangers = [(browser, OTHER_PAGE), (browser, None), (other, PAGE), (other, None), (firefox, PAGE), (firefox, None)]
    ids = [session["session"], session["session"].swapcase(), session["session"][:-1] + "0", session["session"][:20], "x", "../" + session["session"]]
    for port, origin in strangers:
        equal(world.ids(port, origin), [], f"{origin}: the list")
        equal(world.restored(port, origin), ("missing", None), f"{origin}: restore")
        for identifier in ids:
            for method, params in [("session.restore", {}), ("session.invoke", {"invocations": GET}), ("session.signOut", {}),
                                   ("session.signOut", {"revoke": True}), ("session.delegate", {"delegateDID": did, "resources": GET})]:
                equal(port.reason(method, {"session": identifier, **params}, origin), "KEY_NOT_FOUND", f"{origin}: {method} {identifier}")
    equal(world.restored(browser), ("restored", session), "the owner's")


def test_the_ids_of_owners_have_nothing_in_common_and_cannot_be_found_by_trying(world):
    browser = world.browser()
    browser.result("eth_requestAccounts", [], OTHER_PAGE)
    found = [world.sign_in(browser, origin)["session"] for origin in (PAGE, PAGE, OTHER_PAGE)]
    equal(len(set(found)), 3, "ids")
    equal(found[0][:20], found[1][:20], "the owner's part, 120 bits of a hash")
    check(found[0][:4] != found[2][:4], "another owner's part")
    check(found[0][-12:] != found[1][-12:], "the random part")


def test_the_command_line_sees_all_and_whose_they_are(world):
    browser, firefox, cli = world.browser(), world.browser(FIREFOX), world.cli()
    sessions = [world.sign_in(browser), world.sign_in(firefox), world.sign_in(cli, None, domain="a.example.com")]
    own = firefox.result("session.key", {}, None)
    listed = {one["session"]: (one["caller"], one["origin"], one["kind"]) for one in cli.result("session.list", {}, None)["sessions"]}
    equal(listed, {sessions[0]["session"]: (f"chrome-extension://{EXTENSION}", PAGE, "signed-in"),
                   sessions[1]["session"]: (FIREFOX, PAGE, "signed-in"),
                   sessions[2]["session"]: ("cli", "cli", "signed-in"), own["session"]: (FIREFOX, FIREFOX, "key")}, "the list")
    equal(world.restored(cli, None), ("restored", sessions[2]), "restore: its own")
    equal(world.restored(cli, None, session=sessions[0]["session"]), ("restored", sessions[0]), "restore: any")
    cli.result("session.signOut", {"session": sessions[0]["session"]}, None)
    equal(browser.reason("session.invoke", acting(sessions[0])), "KEY_NOT_FOUND", "signed out by the command line")
    listed = browser.result("session.list")["sessions"]
    equal(listed, [], "the page's")
    check("caller" not in firefox.result("session.list")["sessions"][0], "a page is not told who it is")


def test_an_unconnected_page_gets_nothing(world):
    browser = world.browser(connect=False)
    for method, params in [("session.list", {}), ("session.restore", {}), ("session.key", {}),
                           ("session.signIn", {"capabilityRequest": NOTES_REQUEST}),
                           ("session.signIn", {"capabilityRequest": NOTES_REQUEST, "key": ADDRESS_ONE}),
                           ("session.signIn", {"capabilityRequest": NOTES_REQUEST, "key": "One"}), ("session.useDelegation", {"delegation": {}})]:
        equal(browser.reason(method, params), "NOT_GRANTED", method)
    equal(world.shown(), "", "prompts")
    equal(world.cli().result("session.list", {}, None)["sessions"], [], "sessions")


def test_no_page_reads_anothers_space_through_a_key_that_it_may_not_use(world):
    two = world.import_key(KEY_TWO, "Two")
    browser = world.browser()
    for key in (two["address"], two["id"], "Two"):
        equal(browser.reason("session.signIn", {"capabilityRequest": NOTES_REQUEST, "key": key}), "NOT_GRANTED", key)
    curve = world.json("key", "create", "--name", "Curve", "--type", "p256")["key"]["id"]
    params = {"capabilityRequest": NOTES_REQUEST, "domain": "a.example.com", "key": curve}
    equal(world.cli().reason("session.signIn", params, None), "INVALID_PARAMS", "P-256")


# --- garbage --------------------------------------------------------------------------------------

METHODS = {  # params that would be right but for one
    "session.signIn": {"capabilityRequest": NOTES_REQUEST},
    "session.restore": {}, "session.list": {}, "session.key": {},
    "session.invoke": {"session": None, "invocations": GET},
    "session.delegate": {"session": None, "delegateDID": None, "resources": GET},
    "session.useDelegation": {},
    "session.signOut": {"session": None},
}
TYPES = [5, -1, 1.5, True, "text", "", [], {}, [[]], [{}], {"a": []}, "ü" * 300, [None], "a\u0000b"]
TAKES = {  # what is right, or could be
    "key": ["text", ""], "domain": [], "chainId": [5], "spacePrefix": ["text", "", "ü" * 300],  # it is not used beside a request
    "manifest": [], "capabilityRequest": [], "expirationSeconds": [5],
    "nonce": [], "notBefore": [], "address": ["text", "", "ü" * 300], "spaceId": ["text", "", "ü" * 300], "session": [], "invocations": [],
    "facts": [[], [[]], [{}], [None]], "delegateDID": [], "resources": [], "disableSubDelegation": [True], "host": ["text", "", "ü" * 300],
    "delegation": [], "revoke": [True],
}
PARAMS = {
    "session.signIn": ["key", "domain", "chainId", "spacePrefix", "manifest", "capabilityRequest", "expirationSeconds", "nonce", "notBefore"],
    "session.restore": ["session", "address", "spaceId"], "session.list": [], "session.key": [],
    "session.invoke": ["session", "invocations", "facts", "expirationSeconds"],
    "session.delegate": ["session", "delegateDID", "resources", "expirationSeconds", "disableSubDelegation", "host"],
    "session.useDelegation": ["delegation"], "session.signOut": ["session", "revoke"],
}
EXPECTED = {"INVALID_PARAMS", "MALFORMED_SIWE", "KEY_NOT_FOUND", "DOMAIN_MISMATCH", "NOT_GRANTED", "PARSE_ERROR"}


def test_params_of_every_wrong_type_are_refused_with_their_name(world):
    browser = world.browser()
    session, did = world.sign_in(browser), world.programs.key("friend")["did"]
    world.shown()
    wrong = []
    for method, names in PARAMS.items():
        filled = {"session": session["session"], "delegateDID": did}
        fine = {name: filled[name] if value is None else value for name, value in METHODS[method].items()}
        for name in [*names, "more"]:
            for value in TYPES:
                if any(value == one and type(value) is type(one) for one in TAKES.get(name, [])):
                    continue
                number = browser.send(method, {**fine, name: value})
                reply = browser.receive()
                data = reply["error"]["data"] if "error" in reply else {"reason": "done"}
                field = data.get("field", "")
                named = field.startswith(name) or reply["id"] is None or (name, field) == ("manifest", "capabilityRequest")
                good = data["reason"] in EXPECTED and named
                if not good or reply["id"] not in (number, None):
                    wrong.append(f"{method} {name}={value!r:.40}: {data['reason']} {field} {reply.get('error', {}).get('message')}")
    check(not wrong, "\n# ".join(wrong))
    equal(world.shown(), "", "prompts")
    equal(world.ids(browser), [session["session"]], "sessions")


def nested(depth):
    value = "x"
    for _ in range(depth):
        value = [value]
    return value


def test_facts_are_whole_numbers_and_no_deeper_than_json_may_be(world):
    browser = world.browser()
    session = world.sign_in(browser)
    for facts in ([1.5], [{"a": [0.1]}], [1e300]):
        equal(browser.reason("session.invoke", acting(session, facts=facts)), "INVALID_PARAMS", str(facts))
    header = world.invoke(browser, session, facts=nested(25))
    equal(world.checker.accept("ucan", authorization=header)["facts"], nested(25), "deep facts")
    browser.send("session.invoke", acting(session, facts=nested(40)))
    equal(browser.receive()["error"]["data"]["reason"], "PARSE_ERROR", "too deep")
    browser.result("session.invoke", acting(session))


def test_frames_of_a_megabyte_are_refused_and_nothing_is_kept(world):
    browser = world.browser()
    session = world.sign_in(browser)
    world.shown()
    large = "x" * 1040000
    many = [{"path": f"notes/{number}", "actions": ["tinycloud.kv/get"]} for number in range(10000)]
    resources = [{**NOTES_RESOURCE, "path": f"a{number}"} for number in range(255)]
    own, did = {"session": session["session"]}, world.programs.key()["did"]
    calls = [("session.invoke", acting(session, facts=[large]), "LIMIT_EXCEEDED"),
             ("session.invoke", {**own, "invocations": many}, "INVALID_PARAMS"),
             ("session.invoke", {"session": large, "invocations": GET}, "KEY_NOT_FOUND"),
             ("session.signIn", {"capabilityRequest": {"resources": resources}}, "UNSUPPORTED_RECAP"),
             ("session.signIn", {"manifest": {"app_id": large, "name": "n"}}, "INVALID_PARAMS"),
             ("session.signIn", {"manifest": {"app_id": "a", "name": large}}, "INVALID_PARAMS"),
             ("session.signIn", {"capabilityRequest": NOTES_REQUEST, "nonce": large}, "MALFORMED_SIWE"),
             ("session.signIn", {"spacePrefix": large}, "INVALID_PARAMS"),
             ("session.signIn", {"capabilityRequest": NOTES_REQUEST, "domain": large}, "MALFORMED_SIWE"),
             ("session.useDelegation", {"delegation": {"delegationHeader": {"Authorization": large}}}, "INVALID_PARAMS"),
             ("session.delegate", {**own, "delegateDID": "did:key:" + large, "resources": GET}, "INVALID_PARAMS"),
             ("session.delegate", {**own, "delegateDID": "did:web:" + large, "resources": GET}, "INVALID_PARAMS"),
             ("session.delegate", {**own, "delegateDID": did, "resources": GET, "host": large}, "INVALID_PARAMS"),
             ("session.restore", {"session": large}, "KEY_NOT_FOUND")]
    for method, params, reason in calls:
        reply = browser.call(method, params)
        equal(reply.get("error", {}).get("data", {}).get("reason"), reason, f"{method} {list(params)}")
        check(len(json.dumps(reply)) < 3000, "a short answer")
    equal(world.shown(), "", "prompts")
    equal(world.ids(browser), [session["session"]], "sessions")
    browser.result("session.invoke", acting(session, facts=["y" * 40000]))


def test_two_hundred_invocations_at_once_are_all_answered_and_each_is_one_of_its_own(world):
    browser = world.browser()
    session = world.sign_in(browser)
    browser.result("session.invoke", acting(session))  # it is in memory
    count = 200
    wanted = [{"session": session["session"], "invocations": [{"path": f"notes/{number}", "actions": ["tinycloud.kv/get"]}]}
              for number in range(count)]
    numbers = [browser.send("session.invoke", params) for params in wanted]
    replies = {reply["id"]: reply["result"]["headers"]["Authorization"] for reply in (browser.receive() for _ in range(count))}
    equal(sorted(replies), numbers, "replies")
    for place, number in enumerate(numbers):
        world.checker.accept("ucan", authorization=replies[number], parents=[header_of(session)], role="invocation", once=True,
                             needs=[[f"{SPACE}/kv/notes/{place}", "tinycloud.kv/get"]])


def test_more_invocations_than_may_wait_are_refused_and_none_is_lost(world):
    browser = world.browser()
    session = world.sign_in(browser)  # it is not in memory yet
    count = 200
    for _ in range(count):
        browser.send("session.invoke", acting(session))
    replies = [browser.receive() for _ in range(count)]
    reasons = [reply["error"]["data"]["reason"] for reply in replies if "error" in reply]
    equal(set(reasons) - {"BUSY"}, set(), "reasons")
    check(count - len(reasons) >= 64, f"{len(reasons)} were refused")


# --- the log --------------------------------------------------------------------------------------

def test_the_log_says_what_was_done_and_no_secret(world):
    browser = world.browser()
    session = world.sign_in(browser)
    invocation = browser.result("session.invoke", acting(session))
    portable = world.delegate(browser, session, world.programs.key("friend")["did"])
    key = browser.result("session.key", {})
    taken = browser.result("session.useDelegation", {"delegation": world.delegate(browser, session, key["did"])})
    browser.result("session.signOut", {"session": session["session"], "revoke": True})
    entries = [entry for entry in world.json("log", "--limit", "1000")["entries"] if entry["method"].startswith("session.")]
    events = [(entry["event"], entry["method"], entry["origin"]) for entry in entries]
    for event, method in [("sign-in", "session.signIn"), ("invoke", "session.invoke"), ("delegate", "session.delegate"),
                          ("session-ended", "session.signOut")]:
        check((event, method, PAGE) in events, f"{event} is not in {events}")
    for entry in entries:
        if entry["event"] in ("invoke", "delegate"):
            equal((entry["session"], entry["capabilities"]), (session["session"], {f"{SPACE}/kv/notes": {"tinycloud.kv/get": [{}]}}), entry["event"])
        if entry["event"] == "session-ended":
            equal(entry["session"], session["session"], "which session")
    text = json.dumps(entries)
    for secret in (header_of(session), session["signature"][2:], invocation["headers"]["Authorization"], portable["delegationHeader"]["Authorization"],
                   header_of(taken), SEEDS["friend"]):
        check(secret not in text, "a token is in the log")
    contains(world.run("log", "--verify").expect(0, "verify").output, "entries", "verify")
    equal(world.json("log", "--verify")["valid"], True, "verify")


def test_what_was_refused_is_not_in_the_log_as_done(world):
    browser = world.browser()
    session = world.sign_in(browser)
    before = len(world.json("log", "--limit", "1000")["entries"])
    browser.reason("session.invoke", {"session": session["session"], "invocations": [{"path": "x", "actions": ["tinycloud.kv/get"]}]})
    unknown = session["session"][:-1] + ("1" if session["session"].endswith("0") else "0")
    equal(browser.reason("session.signOut", {"session": unknown}), "KEY_NOT_FOUND", "a session that is not there")
    browser.reason("session.invoke", acting(session, facts=[0.5]))
    equal(len(world.json("log", "--limit", "1000")["entries"]), before, "entries")


if __name__ == "__main__":
    main("tinycloud attacks", globals())
