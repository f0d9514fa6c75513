#!/usr/bin/env -S python3 -B
"""Whatever goes wrong at a provider has a reason, hands out no token, and takes no account away that can be kept."""
# tests/run: timeout=1500
import collections
import contextlib
import random
import socket
import threading
import time

from cli_world import Failure
from oauth_provider import Provider
from oauth_world import LOOPBACK
from refresh_world import LIFE, OPENKEY, Crowd, check, end_of_life, equal, main, outcome, is_token, refreshes, state, token, until_left

PAUSE = 2  # seconds after a failure in which nothing is asked again
WRONG_ID_TOKENS = [
    *({"how": how} for how in ("other-key", "unknown-kid", "embedded-key", "none", "hs256")),
    {"set": {"iss": "https://evil.example"}}, {"set": {"aud": "other"}}, {"set": {"sub": "other"}}, {"set": {"exp": 1}},
    {"set": {"iat": 9999999999}}, {"del": ["sub"]}, {"header": {"alg": "RS512"}},
]

# A fault at the token endpoint when a refresh token comes, the reason that a client is told, the account's state then, and
# what is told when it is asked for again: the reason, or None for a token.
Row = collections.namedtuple("Row", "kind details reason state again")
KEPT, UNSURE, ENDED = "good", "uncertain", "needs-login"


def answers(code, reason, state_, again, body="", headers=None, **details):
    return Row("status", {"code": code, "body": body, "headers": headers or {}, **details}, reason, state_, again)


REFRESH_FAULTS = [
    # The provider did not hear of it, which nobody here can know.
    Row("dropBefore", {}, "NETWORK_ERROR", UNSURE, None),
    Row("html", {}, "PROVIDER_ERROR", UNSURE, None),
    answers(500, "PROVIDER_ERROR", UNSURE, None),
    answers(502, "PROVIDER_ERROR", UNSURE, None, body="<p>Bad gateway</p>"),
    answers(408, "PROVIDER_ERROR", UNSURE, None),
    answers(500, "PROVIDER_ERROR", UNSURE, None, body={"error": "server_error"}),
    # It did: the token is used up, and its successor lost.
    Row("dropAfter", {}, "NETWORK_ERROR", UNSURE, "LOGIN_REQUIRED"),
    Row("cut", {"bytes": 20}, "NETWORK_ERROR", UNSURE, "LOGIN_REQUIRED"),
    Row("truncate", {"bytes": 25}, "PROVIDER_ERROR", UNSURE, "LOGIN_REQUIRED"),
    Row("dup", {"values": {"access_token": "evil"}}, "PROVIDER_ERROR", UNSURE, "LOGIN_REQUIRED"),
    Row("pad", {"bytes": 2 << 20}, "NETWORK_ERROR", UNSURE, "LOGIN_REQUIRED"),
    answers(500, "PROVIDER_ERROR", UNSURE, "LOGIN_REQUIRED", after=True),
    # It says itself that it did not use the token.
    answers(503, "PROVIDER_ERROR", KEPT, None, headers={"Retry-After": "1"}),
    answers(429, "PROVIDER_ERROR", KEPT, None, headers={"Retry-After": "1"}),
    answers(400, "PROVIDER_ERROR", KEPT, None, body={"message": "Invalid body", "code": "VALIDATION_ERROR"}),
    answers(400, "PROVIDER_ERROR", KEPT, None, body={"error": "invalid_client"}),
    answers(401, "PROVIDER_ERROR", KEPT, None, body={"error": "invalid_client"}),
    answers(400, "PROVIDER_ERROR", KEPT, None, body={"error": "temporarily_unavailable"}),
    answers(403, "PROVIDER_ERROR", KEPT, None, body="<p>Forbidden</p>"),
    # It says that there is nothing more to use.
    answers(400, "LOGIN_REQUIRED", ENDED, "LOGIN_REQUIRED", body={"error": "invalid_grant"}),
    answers(401, "LOGIN_REQUIRED", ENDED, "LOGIN_REQUIRED", body={"error": "invalid_grant"}),
    # Answers that are wrong, with a refresh token that is not.
    Row("mac", {}, "PROVIDER_ERROR", KEPT, None),
    Row("set", {"values": {"token_type": "DPoP"}}, "PROVIDER_ERROR", KEPT, None),
    Row("del", {"names": ["access_token"]}, "PROVIDER_ERROR", KEPT, None),
    Row("del", {"names": ["token_type"]}, "PROVIDER_ERROR", KEPT, None),
    Row("set", {"values": {"access_token": "with a space"}}, "PROVIDER_ERROR", KEPT, None),
    Row("set", {"values": {"access_token": 17}}, "PROVIDER_ERROR", KEPT, None),
    *(Row("idToken", how, "ID_TOKEN_INVALID", KEPT, None) for how in WRONG_ID_TOKENS),
]

# The same for the code of a sign-in, which is lost in any case.
SIGN_IN_FAULTS = [
    *((kind, details, "NETWORK_ERROR") for kind, details in [
        ("dropBefore", {}), ("dropAfter", {}), ("cut", {"bytes": 20}), ("pad", {"bytes": 2 << 20})]),
    *((kind, details, "PROVIDER_ERROR") for kind, details in [
        ("html", {}), ("mac", {}), ("truncate", {"bytes": 25}), ("del", {"names": ["access_token"]}),
        ("set", {"values": {"token_type": "DPoP"}}), ("dup", {"values": {"access_token": "evil"}}),
        ("status", {"code": 500}), ("status", {"code": 503, "headers": {"Retry-After": "1"}}), ("status", {"code": 429}),
        ("status", {"code": 400, "body": {"error": "invalid_client"}})]),
    ("status", {"code": 400, "body": {"error": "invalid_grant"}}, "LOGIN_REQUIRED"),
    ("del", {"names": ["id_token"]}, "ID_TOKEN_INVALID"),
    *(("idToken", how, "ID_TOKEN_INVALID") for how in WRONG_ID_TOKENS if how != {"set": {"sub": "other"}}),
    *(("idToken", how, "ID_TOKEN_INVALID") for how in ({"set": {"nonce": "x"}}, {"del": ["nonce"]}, {"set": {"azp": "other"}})),
]

# Before anything is sent: what the provider publishes about itself.
DOCUMENT_FAULTS = [
    ("dropBefore", {}, "NETWORK_ERROR"), ("cut", {"bytes": 20}, "NETWORK_ERROR"), ("html", {}, "PROVIDER_ERROR"),
    ("status", {"code": 500}, "PROVIDER_ERROR"), ("status", {"code": 404}, "PROVIDER_ERROR"),
    ("truncate", {"bytes": 25}, "PROVIDER_ERROR"), ("redirect", {"to": "http://127.0.0.1:9/"}, "PROVIDER_ERROR"),
    ("pad", {"bytes": 2 << 20}, "NETWORK_ERROR"),
]
METADATA_FAULTS = [
    *DOCUMENT_FAULTS,
    ("set", {"values": {"issuer": "https://evil.example"}}, "PROVIDER_ERROR"),
    ("set", {"values": {"token_endpoint": "http://example.com/token"}}, "PROVIDER_ERROR"),
    ("del", {"names": ["token_endpoint"]}, "PROVIDER_ERROR"),
]


def differences(found, expected):
    """The lines in which two lists differ, for a message."""
    return [f"{one} instead of {other}" for one, other in zip(found, expected) if one != other]


def same(found, expected, what):
    check(found == expected, f"{what}: " + "; ".join(differences(found, expected)))


# --- one fault after the other --------------------------------------------------------------------

@contextlib.contextmanager
def in_background(crowd, kind):
    """An account whose refresh hangs (half a minute) while other things are tried; its reasons are in the list."""
    account, found = crowd.add(), []
    port = crowd.world.raw(client="cli")
    end_of_life()
    crowd.provider.fault("token", kind)

    def run():
        port.send("oauth.token", {"account": account}, None)
        found.append(outcome(port.receive(120)))

    thread = threading.Thread(target=run)
    thread.start()
    deadline = time.monotonic() + 60
    while not crowd.provider.log("token", fault=kind):
        check(time.monotonic() < deadline, f"{kind} did not happen")
        time.sleep(0.05)
    yield found
    thread.join()
    found.append(crowd.states()[account])
    time.sleep(PAUSE + 0.2)
    found.append(crowd.outcome(account))


def test_each_fault_of_a_refresh_has_its_reason_and_what_can_be_kept_is_kept(world):
    crowd = Crowd(world)
    with in_background(crowd, "hangBefore") as before, in_background(crowd, "hangAfter") as after:
        accounts = [crowd.add() for _ in REFRESH_FAULTS]
        end_of_life()
        found = []
        for account, row in zip(accounts, REFRESH_FAULTS):
            crowd.provider.fault("token", row.kind, **row.details)
            found.append(row._replace(reason=crowd.outcome(account)))
        states = crowd.states()
        time.sleep(PAUSE + 0.2)
        found = [row._replace(state=states[account], again=crowd.outcome(account)) for account, row in zip(accounts, found)]
        same(found, REFRESH_FAULTS, "faults")
        ended = [account for account, row in zip(accounts, REFRESH_FAULTS) if row.again]
        states = crowd.states()
        equal({states[account] for account in ended}, {ENDED}, "states of what has ended")
        equal({states[account] for account in accounts if account not in ended}, {KEPT}, "states of what has not")
    equal(before, ["NETWORK_ERROR", UNSURE, None], "hangBefore")
    equal(after, ["NETWORK_ERROR", UNSURE, "LOGIN_REQUIRED"], "hangAfter")


def test_each_fault_of_a_sign_in_has_its_reason_and_leaves_no_account(world):
    crowd = Crowd(world)
    found = []
    for kind, details, _ in SIGN_IN_FAULTS:
        flow = world.begin(crowd.browser, crowd.provider, crowd.client)
        url = crowd.provider.authorize(flow["url"], user=world.person)
        crowd.provider.fault("token", kind, **details)
        reply = crowd.browser.call("oauth.complete", {"flow": flow["flow"], "url": url}, None)
        found.append((kind, details, reply["error"]["data"]["reason"] if "error" in reply else None))
        equal(crowd.states(), {}, f"accounts after {kind}")
    same(found, SIGN_IN_FAULTS, "faults")
    crowd.add()


def document_faults(world, endpoint, rows):
    """The crowd after each of @rows has happened to an account, to an agent that knows nothing of the provider."""
    crowd = Crowd(world)
    accounts = [crowd.add() for _ in rows]
    end_of_life()
    world.restart()
    crowd.browser = world.browser(connect=False)
    found = []
    for account, (kind, details, _) in zip(accounts, rows):
        crowd.provider.reset()
        crowd.provider.fault(endpoint, kind, times=-1, **details)
        found.append((kind, details, crowd.outcome(account)))
        equal(refreshes(crowd.provider), int(endpoint != "metadata"), f"requests with {kind}")
    same(found, rows, "faults")
    equal(set(crowd.states().values()), {KEPT}, "states")
    crowd.provider.reset()
    time.sleep(PAUSE + 0.2)
    equal([crowd.outcome(account) for account in accounts], [None] * len(rows), "afterwards")


def test_faults_of_the_metadata_end_a_refresh_before_anything_is_sent(world):
    document_faults(world, "metadata", METADATA_FAULTS)


def test_faults_of_the_keys_show_no_token_and_keep_the_account(world):
    document_faults(world, "jwks", DOCUMENT_FAULTS)


def test_a_redirect_leads_nowhere(world):
    crowd = Crowd(world)
    accounts = {code: crowd.add() for code in (307, 308, 302)}
    end_of_life()
    with contextlib.closing(socket.create_server(("127.0.0.1", 0))) as trap:
        for code, account in accounts.items():
            crowd.provider.fault("token", "redirect", to=f"http://127.0.0.1:{trap.getsockname()[1]}/token", code=code)
            equal(crowd.outcome(account), "PROVIDER_ERROR", f"status {code}")
        trap.setblocking(False)
        with contextlib.suppress(BlockingIOError):
            trap.accept()
            raise Failure("one was followed")
    time.sleep(PAUSE + 0.2)
    equal([crowd.outcome(account) for account in accounts.values()], [None] * 3, "afterwards")


# --- answers that say less than they should -------------------------------------------------------

def test_what_an_answer_leaves_out_stays_as_it_was(world):
    """No new refresh token, no life, no scope; lives that make no sense; a narrower scope."""
    crowd = Crowd(world)
    lives = [{"expires_in": -1}, {"expires_in": 0}, {"expires_in": "300"}, {"expires_in": 1e99}, {"expires_in": None}]
    edits = [("del", {"names": ["expires_in"]}), ("del", {"names": ["scope"]}), ("del", {"names": ["id_token"]}),
             ("set", {"values": {"scope": "openid"}}), *(("set", {"values": values}) for values in lives)]
    accounts = [crowd.add() for _ in edits]
    end_of_life()
    for account, (kind, details) in zip(accounts, edits):
        crowd.provider.fault("token", kind, **details)
        reply = crowd.reply(account)
        check("result" in reply, f"{kind} {details}: {reply}")
        result, is_life = reply["result"], "expires_in" in str(details)
        check(result["expiresIn"] in (range(298, 301) if is_life else range(LIFE + 1)), f"{details}: life of {result['expiresIn']}")
        equal(result["scope"], "openid" if "scope" in details.get("values", {}) else "openid email offline_access",
              f"scope after {details}")
    equal(set(crowd.states().values()), {KEPT}, "states")


def test_without_a_new_refresh_token_the_old_one_is_used_again(world):
    crowd = Crowd(world)
    account = crowd.add()
    end_of_life()
    crowd.provider.fault("token", "del", names=["refresh_token"])
    equal(crowd.outcome(account), None, "the first")
    end_of_life()
    equal(crowd.outcome(account), "LOGIN_REQUIRED", "what this provider says to the old one")
    equal(crowd.states()[account], ENDED, "state")


# --- a lost answer --------------------------------------------------------------------------------

def test_a_token_whose_fate_is_not_known_is_not_sent_before_the_other_has_ended(world):
    account = world.signed_in(access_ttl=16)
    first = until_left(world.cli(), account, 7)
    ends = time.monotonic() + 8
    world.provider.fault("token", "dropAfter")
    equal(token(world, account, minValid=3600), first, "what is still good serves")
    equal(state(world, account), (UNSURE, None), "state")
    time.sleep(PAUSE + 0.2)
    equal([token(world, account, minValid=3600) for _ in range(3)], [first] * 3, "also afterwards")
    equal(refreshes(world.provider), 1, "requests until it ends")
    world.restart()
    equal(token(world, account, minValid=3600), first, "also after a restart")
    equal((refreshes(world.provider), state(world, account)), (1, (UNSURE, None)), "requests, state")
    time.sleep(max(0, ends - time.monotonic()))
    equal(token(world, account), "LOGIN_REQUIRED", "when it has ended")
    equal(state(world, account), (ENDED, "the provider's answer to a refresh was lost"), "the cause")
    equal(token(world, account), "LOGIN_REQUIRED", "and from then on")
    equal(refreshes(world.provider), 2, "requests in all")
    equal(world.account(world.provider, world.client), account, "signing in again")
    equal(state(world, account), ("good", None), "state")


def test_a_token_that_the_provider_has_not_seen_works_when_it_is_sent_again(world):
    account = world.signed_in(access_ttl=12)
    first = token(world, account)
    time.sleep(6.2)
    world.provider.fault("token", "dropBefore")
    equal(token(world, account, minValid=3600), first, "what is still good serves")
    time.sleep(6.2)
    check(is_token(new := token(world, account)) and new != first, f"a new one: {new}")
    equal((state(world, account), refreshes(world.provider), world.sessions()), (("good", None), 2, 1), "state, requests, sessions")


def test_two_lost_answers_are_the_end(world):
    account = world.signed_in()
    end_of_life()
    world.provider.fault("token", "dropBefore", times=2)
    equal(token(world, account), "NETWORK_ERROR", "the first")
    time.sleep(PAUSE + 0.2)
    equal(token(world, account), "LOGIN_REQUIRED", "the second")
    equal(state(world, account), (ENDED, "the provider's answers to two refreshes were lost"), "state")
    time.sleep(PAUSE + 0.2)
    equal(token(world, account), "LOGIN_REQUIRED", "and from then on")
    equal(refreshes(world.provider), 2, "requests")


# --- a provider that is down ----------------------------------------------------------------------

def posts(provider):
    return [entry["time"] for entry in provider.log("token", grant_type="refresh_token")]


def test_a_provider_that_fails_is_left_alone_for_longer_and_longer_and_the_account_survives(world):
    account = world.signed_in()
    end_of_life()
    world.provider.fault("token", "status", times=-1, code=500)
    port, deadline = world.cli(), time.monotonic() + 12
    while time.monotonic() < deadline:
        port.send("oauth.token", {"account": account}, None)
        equal(outcome(port.receive()), "PROVIDER_ERROR", "each answer")
        time.sleep(0.1)
    times = posts(world.provider)
    equal(len(times), 3, "requests")
    check(times[1] - times[0] >= 2 and times[2] - times[1] >= 4, f"pauses: {times}")
    equal(state(world, account), (UNSURE, None), "state")
    world.provider.reset()
    world.restart()  # it need not wait for the pause
    check(is_token(token(world, account)), "a token at last")
    equal((state(world, account), world.sessions()), (("good", None), 1), "state, sessions")


def test_a_provider_that_asks_for_time_gets_it(world):
    account = world.signed_in()
    end_of_life()
    world.provider.fault("token", "status", code=503, headers={"Retry-After": "8"})
    equal(token(world, account), "PROVIDER_ERROR", "at first")
    time.sleep(PAUSE + 0.5)
    equal((token(world, account), refreshes(world.provider)), ("PROVIDER_ERROR", 1), "before the time")
    time.sleep(8 - PAUSE)
    check(is_token(token(world, account)), "after it")
    equal((refreshes(world.provider), world.sessions()), (2, 1), "requests, sessions")


def free_port():
    """One that no connection gets by chance: the kernel takes theirs from 32768 on."""
    while True:
        with contextlib.suppress(OSError), socket.create_server(("127.0.0.1", random.randrange(20000, 30000))) as server:
            return server.getsockname()[1]


def test_a_provider_that_is_not_there_takes_nothing_away(world):
    port = free_port()
    with Provider(OPENKEY, access_ttl=8, port=port) as provider:
        world.provider, world.client = provider, provider.client("native", [LOOPBACK])
        account = world.account(provider, world.client)
        first = token(world, account)
        provider.stop()
        equal(token(world, account, minValid=3600), first, "what is good serves")
        time.sleep(8.2)
        equal(token(world, account), "NETWORK_ERROR", "after its end")
        equal(state(world, account), ("good", None), "state")
        world.restart()
        equal(token(world, account), "NETWORK_ERROR", "after a restart")
        equal(state(world, account), ("good", None), "state")


def test_a_client_that_is_disabled_or_deleted_takes_no_account_away(world):
    account = world.signed_in()
    world.provider.admin("PATCH", "/" + world.client.id, {"disabled": True})
    end_of_life()
    equal(token(world, account), "PROVIDER_ERROR", "disabled")
    equal(state(world, account), ("good", None), "state")
    world.provider.admin("PATCH", "/" + world.client.id, {"disabled": False})
    time.sleep(PAUSE + 0.2)
    check(is_token(token(world, account)), "enabled again")
    world.provider.admin("DELETE", "/" + world.client.id)
    end_of_life()
    equal(token(world, account), "PROVIDER_ERROR", "deleted")
    equal(state(world, account), ("good", None), "state")


if __name__ == "__main__":
    main("oauth refresh faults", globals())
