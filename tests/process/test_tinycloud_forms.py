#!/usr/bin/env -S python3 -B
"""Delegations, invocations and stored sessions have one form; what sealring is tested with refuses all others, for the right reason."""
import base64
import copy
import json
import time

from cli_world import ADDRESS_ONE, check, contains, equal
from tinycloud_clients import GRANTS, HOUR, KV, NOTES, OTHER_SPACE, SEEDS, SPACE, STRANGER, WALLET, accepted, iso, main, \
    refused, refuses, vectors
from tinycloud_node import padded

ORDER = 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141  # of secp256k1


# --- published vectors ----------------------------------------------------------------------------

def test_the_published_parent_and_its_ucan_are_accepted(world):
    published = vectors("grant-output-accept.json")
    parent, case = published["parentFormatVector"], published["cases"][0]
    world.node.set_clock(published["fixedInstantEpochSeconds"] - time.time())
    reply = accepted(world.node.delegate(padded(bytes.fromhex(parent["dagCborHex"])))).json()
    equal(reply["cid"], parent["expectedCid"], "the parent's CID")
    equal((reply["activated"], len(reply["skipped"])), ([], 1), "spaces")
    equal(accepted(world.node.delegate(case["ucan"]["encoded"])).json()["cid"], case["ucan"]["delegationId"], "the UCAN's CID")
    refused(world.node.delegate(parent["dagCborBase64Url"]), 401, "not base64url with padding")  # as the vector writes it
    world.node.set_clock(0)
    refused(world.node.delegate(case["ucan"]["encoded"]), 401, "expired or not yet valid")


def golden(world, case, **more):
    operation = case["operation"]
    resource = f"{operation['space'].rpartition(':')[0]}:{operation['path']}"
    return world.checker.verdict("cacao", siwe=case["siwe"], signature=case["signature"], now=1740000000,
                                 needs=[[resource, operation["action"]]], **more)


def test_the_valid_golden_vectors_are_accepted(world):
    cases = vectors("verifier-golden-vectors.json")["valid"]
    for case in cases:
        verdict = golden(world, case)
        check(verdict["ok"], f"{case['case']}: {verdict}")
        equal((verdict["signature"], len(verdict["parents"])), (case["signature"], len(case["proofCids"])), case["case"])
    equal(len(cases), 5, "cases")


def test_the_invalid_golden_vectors_are_refused_for_their_reason(world):
    cases = {case["case"]: case for case in vectors("verifier-golden-vectors.json")["invalid"]}
    refuses(golden(world, cases["expired"]), 401, "expired")
    refuses(golden(world, cases["wrong-ability"]), 403, "Unauthorized Action")
    check(golden(world, cases["replayed-nonce"]["replayOf"], once=True)["ok"], "the nonce is new")
    refuses(golden(world, cases["replayed-nonce"], once=True), 409, "nonce")
    # The message of the last one is good; what it is about, a block of a file, is not part of it.
    check(golden(world, cases["digest-mismatch"])["ok"], "the message of digest-mismatch")
    equal(len(cases), 4, "cases")


# --- forms of a CACAO -----------------------------------------------------------------------------

HEAD = bytes.fromhex("a1617467") + b"eip4361"  # the map h
HEAD_END = 1 + 2 + len(HEAD)
TAIL = 2 + 1 + 2 + 2 + 65 + 2 + 7  # the entry s


def mutations(data):
    """Other bytes for the same delegation, with the reason to refuse each."""
    head, p, s = data[1:HEAD_END], data[HEAD_END:-TAIL], data[-TAIL:]
    equal((data[:1], head[2:]), (b"\xa3", HEAD), "the bytes of a CACAO")
    version = data.index(b"gversion\x01")
    yield b"\xa3" + p + head + s, "not canonical DAG-CBOR"
    yield b"\xa3" + head + s + p, "not canonical DAG-CBOR"
    yield b"\xbf" + data[1:] + b"\xff", "not DAG-CBOR"
    yield data + b"\0", "not DAG-CBOR"
    yield data[:-1], "not DAG-CBOR"
    yield data[:version + 8] + b"\x18\x01" + data[version + 9:], "DAG-CBOR"
    yield data[:version + 8] + b"\x02" + data[version + 9:], "types in p"
    yield data.replace(b"eip191", b"eip190"), "types of the CACAO"
    yield data.replace(b"eip4361", b"eip4362"), "types of the CACAO"
    yield b"\xa4" + data[1:] + b"ax\x01", "members of the CACAO"


def test_other_bytes_for_the_same_delegation_are_refused(world):
    data = base64.urlsafe_b64decode(world.cacao()["authorization"])
    for bytes_, reason in mutations(data):
        refused(world.node.delegate(padded(bytes_)), 401, reason)


def test_a_flipped_bit_anywhere_is_refused(world):
    cacao = world.cacao(grants={NOTES: ["tinycloud.kv/get"]})
    data = base64.urlsafe_b64decode(cacao["authorization"])
    for i in range(len(data)):
        changed = bytearray(data)
        changed[i] ^= 1 << i % 8
        verdict = world.checker.verdict("cacao", authorization=padded(changed))
        check(not verdict["ok"] and verdict["status"] in (401, 403), f"byte {i}: {verdict}")


def test_the_header_has_one_form(world):
    texts = [world.cacao(domain="a" * length)["authorization"] for length in (4, 5, 6)]
    equal(sorted(text.count("=") for text in texts), [0, 1, 2], "the padding")
    for text in texts:
        accepted(world.node.delegate(text))
        refused(world.node.delegate("Bearer " + text), 401, "not base64url with padding")
        refused(world.node.delegate(text + "="), 401, "not base64url with padding")
        if text.endswith("="):
            refused(world.node.delegate(text.rstrip("=")), 401, "not base64url with padding")
    refused(world.node.delegate(""), 401, "")
    refused(world.node.request("POST", "/delegate"), 401, "")


def test_v_has_four_values_and_must_fit(world):
    good = world.cacao(nonce="abcdefgh", iat="2026-11-27T12:00:00.000Z", exp="2999-11-27T12:00:00.000Z")
    v = int(good["signature"][-2:], 16)
    other = {27: 28, 28: 27}[v]
    same = {"nonce": "abcdefgh", "iat": "2026-11-27T12:00:00.000Z", "exp": "2999-11-27T12:00:00.000Z"}
    world.node.set_clock(1796083200 - time.time())
    accepted(world.node.delegate(good["authorization"]))
    short = world.cacao(v=v - 27, **same)
    check(accepted(world.node.delegate(short["authorization"])).json()["cid"] != good["cid"], "the CID is over all 65 bytes")
    for wrong, reason in [(other, "verify signature"), (other - 27, "verify signature"), (29, "v is"), (54, "v is"), (v + 27, "v is")]:
        refused(world.node.delegate(world.cacao(v=wrong, **same)["authorization"]), 401, reason)


def test_the_other_signature_of_the_same_message_is_refused(world):
    data = base64.urlsafe_b64decode(world.cacao()["authorization"])
    s_at = len(data) - TAIL + 7 + 32
    s, v = int.from_bytes(data[s_at:s_at + 32], "big"), data[s_at + 32]
    other = data[:s_at] + (ORDER - s).to_bytes(32, "big") + bytes([55 - v]) + data[s_at + 33:]
    refused(world.node.delegate(padded(other)), 401, "upper half")


def test_members_that_only_look_like_the_message_are_refused(world):
    good = world.cacao()
    accepted(world.node.delegate(good["authorization"]))
    recap = good["siwe"].rpartition("- ")[2]
    two = ["https://example.com/", recap]
    accepted(world.node.delegate(world.cacao(resources=two)["authorization"]))
    one = world.cacao(resources=two, replace={"resources": ["\n- ".join(two)]})  # the same text is signed
    refused(world.node.delegate(one["authorization"]), 401, "p makes no message")


def test_what_the_message_says_must_be_what_the_recap_grants(world):
    good = world.make("cacao", privateKey=WALLET, aud=world.key()["method"], grants=GRANTS, iat=iso(time.time()))
    statement = good["siwe"].split("\n")[3]
    recap = good["siwe"].rpartition("- ")[2]
    cases = [({"statement": statement[:-1]}, "the statement does not end with"),
             ({"statement": statement.replace("(1)", "(2)")}, "the statement does not end with"),
             ({"statement": "I accept." + statement}, "the statement does not end with"),
             ({"resources": [recap, "https://example.com/"]}, "not the last resource"),
             ({"resources": [recap, recap]}, "not the last resource"),
             ({"resources": [recap + "="]}, "not base64url without padding"),
             ({"resources": [recap_of({"prf": [], "att": {NOTES: {"a/b": [{}]}}})]}, "not in the order of JCS"),
             ({"resources": [recap_of({"att": {NOTES: {"a/b": []}}, "prf": []})]}, "no caveats"),
             ({"resources": [recap_of({"att": {NOTES: {"a/b": [{"x": 1}]}}, "prf": []})]}, "a ReCap with caveats"),
             ({"resources": [recap_of({"att": {"urn:x'. (2) 'kv": {"a/b": [{}]}}, "prf": []})]}, "not a URI"),
             ({"resources": [recap_of({"att": {NOTES: {"get": [{}]}}, "prf": []})]}, "not an ability"),
             ({"resources": [recap_of({"att": {}, "prf": [good["cid"]]})]}, "not a CID")]
    for members, reason in cases:
        refused(world.node.delegate(world.cacao(**members)["authorization"]), 401, reason)
    accepted(world.node.delegate(world.cacao(statement="I accept. " + statement)["authorization"]))


def recap_of(value):
    return "urn:recap:" + padded(json.dumps(value, separators=(",", ":")).encode()).rstrip("=")


def test_the_statement_is_in_the_order_of_the_rust_library(world):
    grants = {NOTES: ["a.b/x", "a/z", "a/y", "10/b", "9/a"], f"{SPACE}/kv": ["a/x"]}
    statement = world.cacao(grants=grants)["siwe"].split("\n")[3]
    contains(statement, f"(1) 'a': 'x' for '{SPACE}/kv'. (2) '10': 'b' for '{NOTES}'. (3) '9': 'a' for '{NOTES}'. "
             f"(4) 'a': 'y', 'z' for '{NOTES}'. (5) 'a.b': 'x' for '{NOTES}'.", "the statement")


def test_a_delegation_has_its_time(world):
    now = time.time()
    for times, reason in [({"exp": iso(now - 1)}, "expired"), ({"nbf": iso(now + 9)}, "not yet valid"),
                          ({"exp": "2026-02-30T00:00:00Z"}, "no such time")]:
        refused(world.node.delegate(world.cacao(**times)["authorization"]), 401, reason)
    cacao = world.cacao()
    world.node.set_clock(HOUR + 1)
    refused(world.node.delegate(cacao["authorization"]), 401, "expired or not yet valid")


# --- forms of a UCAN ------------------------------------------------------------------------------

def payload_of(token):
    part = token.split(".")[1]
    return json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))


def dump(value):
    return json.dumps(value, separators=(",", ":"), sort_keys=True)


def test_other_texts_of_the_same_invocation_are_refused(world):
    cacao = world.signed_in()
    payload = payload_of(world.invocation(cacao))
    text = dump(payload)
    reverse = json.dumps(dict(reversed(payload.items())), separators=(",", ":"))
    cases = [(reverse, "order of JCS"), (json.dumps(payload), "order of JCS"),
             (text.replace('"iss"', '"iss":"x","iss"'), "order of JCS"),
             (text.replace("kv/get", "kv\\/get"), "order of JCS"), (text[:-1], "not JSON"),
             (dump({**payload, "nnc": None}), "types in the UCAN"),
             (dump({**payload, "exp": "1"}), "times of the UCAN"), (dump({**payload, "more": 1}), "members of the UCAN"),
             (dump({**payload, "iss": payload["aud"]}), "iss is not"),
             (dump({**payload, "iss": world.key("friend")["method"]}), "iss is not"),
             (dump({**payload, "aud": world.key("friend")["did"]}), "for its own DID"),
             (dump({**payload, "att": {}, "prf": [""]}), "not a CID")]
    for changed, reason in cases:
        refused(world.node.invoke(world.invocation(cacao, text=changed)), 401, reason)
    accepted(world.node.invoke(world.invocation(cacao, "tinycloud.kv/put", text=text.replace("kv/get", "kv/put"))))


def test_other_heads_of_an_invocation_are_refused(world):
    cacao = world.signed_in()
    other = {"alg": "EdDSA", "crv": "Ed25519", "kty": "OKP", "x": world.key("friend")["x"]}
    for head, reason in [({"alg": "none"}, "header"), ({"alg": "ES256"}, "header"), ({"ucv": "0.9.0"}, "header"),
                         ({"kid": "default"}, "members"),
                         ({"jwk": other}, "iss is not"), ({"jwk": {**other, "d": "x"}}, "jwk"), ({"typ": "jwt"}, "header")]:
        refused(world.node.invoke(world.invocation(cacao, head=head)), 401, reason)


def test_a_damaged_invocation_is_refused(world):
    cacao = world.signed_in()
    token = world.invocation(cacao)
    head, body, signature = token.split(".")
    raw = bytearray(base64.urlsafe_b64decode(signature + "=="))
    for i in range(0, 64, 7):
        damaged = bytes(raw[:i]) + bytes([raw[i] ^ 1]) + bytes(raw[i + 1:])
        refused(world.node.invoke(f"{head}.{body}.{padded(damaged).rstrip('=')}"), 401, "Failed to verify signature")
    for text, reason in [(token + "==", "base64url"), (f"{head}.{body}", "three parts"), (f"{token}.", "three parts"),
                         (f"{head}.{body}.", "Failed to verify"), ("Bearer " + token, "base64url")]:
        refused(world.node.invoke(text), 401, reason)
    refused(world.node.invoke(token), 404, "No Such Key")  # it was good


def test_an_invocation_has_its_time_and_comes_once(world):
    cacao, now = world.signed_in(), time.time()
    for times, reason in [({"exp": now - 1}, "expired"), ({"nbf": now + 30}, "not yet valid"),
                          ({"exp": now + 2 * HOUR}, "lifetime exceeds")]:
        refused(world.node.invoke(world.invocation(cacao, **times)), 401, reason)
    put = world.invocation(cacao, "tinycloud.kv/put", nnc="urn:uuid:one")
    accepted(world.node.invoke(put, b"1"))
    refused(world.node.invoke(put, b"2"), 409, "duplicate invocation")
    refused(world.node.invoke(world.invocation(cacao, nnc="urn:uuid:one")), 409, "duplicate invocation")
    equal(world.node.invoke(world.invocation(cacao)).body, b"1", "the value")
    accepted(world.node.invoke(world.invocation(cacao, exp=int(time.time()) + 60)))


# --- stored sessions ------------------------------------------------------------------------------

def test_a_stored_session_is_good_until_it_expires(world):
    record = world.record()
    equal(world.checker.accept("session", record=record)["cid"], record["tinycloudSession"]["delegationCid"], "the CID")
    refuses(world.checker.verdict("session", record=record, now=time.time() + HOUR + 1), 401, "expired")


def test_the_checker_follows_the_chain_without_a_node(world):
    cacao = world.cacao()
    child = world.delegation(cacao)
    chain = [cacao["authorization"], child["authorization"]]
    get = world.invocation(child, seed=SEEDS["friend"])
    needs = [[NOTES + "/one", "tinycloud.kv/get"]]
    world.checker.accept("ucan", authorization=get, parents=chain, role="invocation", needs=needs)
    refuses(world.checker.verdict("ucan", authorization=get, parents=chain[:1], role="invocation"), 403, "Cannot find parent")
    refuses(world.checker.verdict("ucan", authorization=get, parents=chain[1:], role="invocation"), 403, "Cannot find parent")
    other = world.invocation(child, path="/two", seed=SEEDS["friend"])
    refuses(world.checker.verdict("ucan", authorization=other, needs=needs), 403, "Unauthorized Action")


def replaced(record, path, value):
    changed = copy.deepcopy(record)
    *way, last = path
    place = changed
    for name in way:
        place = place[name]
    place[last] = value
    return changed


def test_a_stored_session_with_another_member_is_refused(world):
    record, other = world.record(), world.record(privateKey=STRANGER)
    inner = "tinycloudSession"
    spaces = SPACE.replace(ADDRESS_ONE, ADDRESS_ONE.lower())
    cases = [(["version"], "1.1", "version"), (["address"], other["address"], "address or chain"),
             (["address"], ADDRESS_ONE.lower(), "the address"),
             (["chainId"], 5, "address or chain"), (["siwe"], other["siwe"], "address or chain"),
             (["siwe"], record["siwe"] + "\n", "EIP-4361"),
             (["signature"], other["signature"], "header or CID"), (["signature"], record["signature"][2:], "in hex"),
             (["expiresAt"], iso(time.time() + 2 * HOUR), "expiresAt"), (["createdAt"], "now", "not a time"),
             ([inner, "delegationCid"], other[inner]["delegationCid"], "header or CID"),
             ([inner, "delegationHeader", "Authorization"], record[inner]["delegationHeader"]["Authorization"] + "=", "header or CID"),
             ([inner, "spaceId"], OTHER_SPACE, "does not cover"), ([inner, "spaceId"], spaces, "a space"),
             ([inner, "verificationMethod"], other[inner]["verificationMethod"], "another session key"),
             ([inner, "verificationMethod"], record[inner]["verificationMethod"].split("#")[0], "not the DID URL"),
             (["more"], 1, "members"),
             (["sessionKey"], dump({"kty": "OKP", "crv": "Ed25519", "x": "A" * 43}), "the session key is another")]
    for path, value, reason in cases:
        refuses(world.checker.verdict("session", record=replaced(record, path, value)), 401, reason)


def test_a_portable_delegation_says_what_its_ucan_says(world):
    cacao, end = world.cacao(), round(time.time() + 60, 3)
    made = world.delegation(cacao, grants={NOTES: ["tinycloud.kv/get"]}, exp=end)
    good = {"cid": made["cid"], "delegationHeader": {"Authorization": made["authorization"]}, "ownerAddress": ADDRESS_ONE, "chainId": 1,
            "spaceId": SPACE, "path": "notes", "actions": ["tinycloud.kv/get"], "expiry": iso(end),
            "delegateDID": world.key("friend")["did"], "delegatorDID": world.key()["did"], "parentCid": cacao["cid"],
            "resources": [{"service": "kv", "space": SPACE, "path": "notes", "actions": ["tinycloud.kv/get"]}]}
    world.checker.accept("portable", delegation=good, parents=[cacao["authorization"]])
    for name, value, reason in [("cid", cacao["cid"], "cid"), ("ownerAddress", ADDRESS_ONE.lower(), "owner"), ("chainId", 5, "owner"),
                                ("spaceId", OTHER_SPACE, "path and actions"), ("path", "note", "path and actions"),
                                ("actions", KV, "path and actions"),
                                ("expiry", iso(end + 1), "expiry"), ("delegateDID", world.key()["did"], "delegateDID"),
                                ("parentCid", made["cid"], "parentCid"),
                                ("delegatorDID", world.key("friend")["did"], "delegatorDID"), ("resources", [], "resources"),
                                ("sessionKey", {}, "members")]:
        refuses(world.checker.verdict("portable", delegation={**good, name: value}, parents=[cacao["authorization"]]), 401, reason)
    refuses(world.checker.verdict("portable", delegation=good, parents=[]), 403, "Cannot find parent")


if __name__ == "__main__":
    main("tinycloud forms", globals())
