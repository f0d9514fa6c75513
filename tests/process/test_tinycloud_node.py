#!/usr/bin/env -S python3 -B
"""The TinyCloud node that sealring is tested with allows what the real one allows, and refuses the rest for the right reason."""
import contextlib
import datetime
import signal
import subprocess
import sys
import time
from pathlib import Path

from cli_world import Failure, check, equal, is_running
from tinycloud_clients import HOUR, KV, NOTES, OTHER_SPACE, SEEDS, SPACE, STRANGER, WALLET, accepted, iso, main, refused
from tinycloud_node import TinyCloudNode


# --- the life of a session ------------------------------------------------------------------------

def test_a_space_is_hosted_by_its_owner_and_keeps_values(world):
    node, cacao = world.node, world.cacao()
    equal(node.info()["protocol"], 1, "protocol")
    reply = accepted(node.delegate(cacao["authorization"])).json()
    equal(reply, {"cid": cacao["cid"], "activated": [], "skipped": [SPACE]}, "before the space is hosted")
    refused(node.invoke(world.invocation(cacao)), 404, "Space not found")
    equal(world.host().json()["activated"], [SPACE], "hosted")
    equal(accepted(node.delegate(cacao["authorization"])).json()["activated"], [SPACE], "the same sign-in again")
    accepted(node.invoke(world.invocation(cacao, "tinycloud.kv/put"), b"value", "text/x-note"))
    reply = accepted(node.invoke(world.invocation(cacao)))
    equal((reply.body, reply.headers["Content-Type"]), (b"value", "text/x-note"), "the value")
    equal(node.invoke(world.invocation(cacao, "tinycloud.kv/list", "")).json(), ["notes/one"], "the list")
    accepted(node.invoke(world.invocation(cacao, "tinycloud.kv/del")))
    refused(node.invoke(world.invocation(cacao)), 404, "No Such Key")
    log = node.log("/invoke")
    equal([entry["status"] for entry in log], [404, 200, 200, 200, 200, 404], "the log")
    check(all(entry["cid"].startswith("bafkr4i") for entry in log), "CIDs in the log")


def test_a_space_is_hosted_only_by_its_owner_and_only_for_the_peer(world):
    cacao = world.cacao()
    equal(world.host(aud=world.key()["did"]).json()["skipped"], [SPACE], "another DID")
    equal(world.host(aud=world.node.peer(OTHER_SPACE)).json()["skipped"], [SPACE], "the peer of another space")
    refused(world.host(privateKey=STRANGER), 403, "Cannot find parent delegation")
    grants = {f"{SPACE}/space": ["tinycloud.space/host"]}
    parent = world.cacao(grants=grants)
    equal(world.node.delegate(parent["authorization"]).json()["skipped"], [SPACE], "the right to host, for a session key")
    child = world.delegation(parent, grants=grants, aud=world.node.peer(SPACE))
    equal(accepted(world.node.delegate(child["authorization"])).json()["skipped"], [SPACE], "a session key is not the owner")
    equal(world.node.delegate(cacao["authorization"]).json()["activated"], [], "hosted spaces")
    refused(world.node.request("GET", "/peer/generate/default"), 400, "Invalid space ID")


# --- what is covered ------------------------------------------------------------------------------

def test_an_invocation_does_what_its_session_may_and_nothing_else(world):
    cacao = world.signed_in(grants={NOTES: ["tinycloud.kv/put", "tinycloud.kv/delete"], f"{SPACE}/kv/all/": KV,
                                    f"{SPACE}/sql": ["tinycloud.sql/*"]})
    equal(world.host(OTHER_SPACE).json()["activated"], [OTHER_SPACE], "another space")
    may = [("tinycloud.kv/put", NOTES), ("tinycloud.kv/put", NOTES + "/a/b"), ("tinycloud.kv/put", f"{SPACE}/kv/all/x"),
           ("tinycloud.sql/read", f"{SPACE}/sql/db"), ("tinycloud.kv/del", NOTES)]
    not_ = [("tinycloud.kv/get", NOTES), ("tinycloud.kv/put", NOTES + "es"), ("tinycloud.kv/put", f"{SPACE}/kv/all"),
            ("tinycloud.kv/put", f"{SPACE}/kv"),
            ("tinycloud.kv/put", f"{OTHER_SPACE}/kv/notes"), ("tinycloud.kv/put", NOTES + "#x"),
            ("tinycloud.duckdb/read", f"{SPACE}/sql"),
            ("tinycloud.kv/*", NOTES), ("tinycloud.kv/put", f"{SPACE}/kv/notes/../x")]
    for ability, resource in may:
        accepted(world.node.invoke(world.invocation(cacao, grants={resource: [ability]}), b"x"))
    for ability, resource in not_:
        refused(world.node.invoke(world.invocation(cacao, grants={resource: [ability]})), 403, "Unauthorized Action")


def test_an_invocation_stands_on_known_delegations_to_its_signer(world):
    cacao = world.signed_in()
    unknown = world.cacao()
    for more, reason in [({"parents": [unknown["cid"]]}, "Cannot find parent"), ({"parents": []}, "Cannot find parent"),
                         ({"parents": [cacao["cid"], unknown["cid"]]}, "Cannot find parent"),
                         ({"parents": [cacao["cid"]] * 2}, "Cannot find parent"),
                         ({"seed": SEEDS["stranger"]}, "Unauthorized Invoker")]:
        refused(world.node.invoke(world.invocation(cacao, **more)), 403, reason)
    orphan = world.cacao(parents=[unknown["cid"]])  # its owner needs no parent, what stands on it does
    accepted(world.node.delegate(orphan["authorization"]))
    refused(world.node.invoke(world.invocation(orphan)), 403, "Cannot find parent")
    for cid in ("z" + cacao["cid"], cacao["cid"].upper(), cacao["cid"].replace("bafkr", "bafyr")):
        refused(world.node.invoke(world.invocation(cacao, parents=[cid])), 401, "CID")


# --- delegations of delegations -------------------------------------------------------------------

def test_a_session_gives_a_friend_a_part(world):
    cacao = world.signed_in()
    part = world.delegation(cacao, grants={NOTES + "/shared": ["tinycloud.kv/get", "tinycloud.kv/put"]})
    reply = accepted(world.node.delegate(part["authorization"])).json()
    equal(reply, {"cid": part["cid"], "activated": [SPACE], "skipped": []}, "the answer")
    accepted(world.node.invoke(world.invocation(part, "tinycloud.kv/put", "/shared/x", seed=SEEDS["friend"]), b"hello"))
    equal(world.node.invoke(world.invocation(cacao, path="/shared/x")).body, b"hello", "the value")
    refused(world.node.invoke(world.invocation(part, path="/own", seed=SEEDS["friend"])), 403, "Unauthorized Action")
    refused(world.node.invoke(world.invocation(part, path="/shared/x", seed=SEEDS["stranger"])), 403, "Unauthorized Invoker")


def test_a_delegation_is_refused_that_gives_more_than_its_parent(world):
    now = time.time()
    end = iso(now + HOUR)
    cacao = world.signed_in(exp=end, nbf=iso(now - 30))
    whole = datetime.datetime.fromisoformat(end.replace("Z", "+00:00")).timestamp()
    good = {"exp": whole, "nbf": now - 10}
    cases = [({"grants": {NOTES: ["tinycloud.kv/*"]}}, "Unauthorized Capability"),
             ({"grants": {f"{SPACE}/kv": KV}}, "Unauthorized Capability"),
             ({"grants": {f"{OTHER_SPACE}/kv/notes": KV}}, "Unauthorized Capability"), ({"exp": whole + 0.5}, "expiry exceeds parent"),
             ({"nbf": now - 60}, "not_before precedes parent"), ({"parents": []}, "Cannot find parent"),
             ({"seed": SEEDS["stranger"]}, "Cannot find parent")]
    for more, reason in cases:
        refused(world.node.delegate(world.delegation(cacao, **{**good, **more})["authorization"]), 403, reason)
    accepted(world.node.delegate(world.delegation(cacao, **good)["authorization"]))


def test_caveats_stay_and_a_terminal_delegation_ends_the_chain(world):
    cacao = world.signed_in()
    terminal = world.delegation(cacao, fct=[{"xyz.tinycloud.policy/delegationMode": "terminal"}])
    limited = world.delegation(cacao, grants={NOTES: {"tinycloud.kv/get": [{"only": "this"}]}})
    for parent in (terminal, limited):
        accepted(world.node.delegate(parent["authorization"]))
    next_ = {"seed": SEEDS["friend"], "aud": world.key("stranger")["did"], "grants": {NOTES: ["tinycloud.kv/get"]}, "seconds": 30}
    refused(world.node.delegate(world.delegation(terminal, **next_)["authorization"]), 403, "terminal-parent-cannot-redelegate")
    refused(world.node.delegate(world.delegation(limited, **next_)["authorization"]), 403, "child-caveats-not-subset-of-parent")
    refused(world.node.invoke(world.invocation(limited, seed=SEEDS["friend"])), 403, "invocation-caveats-not-subset")
    same = {**next_, "grants": {NOTES: {"tinycloud.kv/get": [{"only": "this"}]}}}
    accepted(world.node.delegate(world.delegation(limited, **same)["authorization"]))


def test_nothing_works_on_an_expired_parent(world):
    cacao = world.signed_in(seconds=300)
    child = world.delegation(cacao, seconds=100)
    accepted(world.node.delegate(child["authorization"]))
    accepted(world.node.invoke(world.invocation(child, "tinycloud.kv/put", seed=SEEDS["friend"]), b"x"))
    world.node.set_clock(110)
    later = time.time() + 400
    refused(world.node.invoke(world.invocation(child, seed=SEEDS["friend"], exp=later)), 403, "Unauthorized Action")
    equal(world.node.invoke(world.invocation(cacao, exp=later)).body, b"x", "the session itself")
    world.node.set_clock(310)
    refused(world.node.invoke(world.invocation(cacao, exp=later)), 403, "Unauthorized Action")
    refused(world.node.delegate(world.delegation(cacao, seconds=400)["authorization"]), 403, "expiry exceeds parent")


# --- revocations ----------------------------------------------------------------------------------

def revocation(world, cid, form="ucan:", **more):
    return world.make("cacao", **{"privateKey": WALLET, "aud": form + cid, "iat": iso(time.time()), **more})["authorization"]


def test_a_revoked_delegation_is_dead_with_all_that_stands_on_it(world):
    cacao = world.signed_in()
    child = world.delegation(cacao)
    accepted(world.node.delegate(child["authorization"]))
    refused(world.node.revoke(revocation(world, cacao["cid"], privateKey=STRANGER)), 403, "Unauthorized Revoker")
    refused(world.node.revoke(revocation(world, child["cid"], "did:key:")), 401, "Invalid Target")
    refused(world.node.revoke(revocation(world, world.cacao()["cid"])), 403, "Cannot find parent")
    equal(accepted(world.node.revoke(revocation(world, cacao["cid"]))).json(), {"revoked": True, "cid": cacao["cid"]}, "the answer")
    refused(world.node.invoke(world.invocation(cacao)), 403, f"delegation-revoked: {cacao['cid']}")
    refused(world.node.invoke(world.invocation(child, seed=SEEDS["friend"])), 403,
            f"delegation-ancestor-revoked: ancestor={cacao['cid']}")
    refused(world.node.delegate(world.delegation(cacao)["authorization"]), 403, "delegation-parent-revoked")
    grandchild = world.delegation(child, seed=SEEDS["friend"], aud=world.key("stranger")["did"], seconds=10)
    refused(world.node.delegate(grandchild["authorization"]), 403, "delegation-ancestor-revoked")


def test_a_session_revokes_what_it_gave_and_asks_how_it_stands(world):
    cacao = world.signed_in()
    child = world.delegation(cacao)
    equal(world.status_of(cacao, child["cid"]).json()["status"], "not_found", "before")
    accepted(world.node.delegate(child["authorization"]))
    equal(world.status_of(cacao, child["cid"]).json(), {"cid": child["cid"], "status": "active", "exists": True, "active": True,
                                                        "revoked": False, "expired": False}, "then")
    revoke = {"seed": SEEDS["session"], "exp": time.time() + 60, "grants": {f"urn:cid:{child['cid']}": ["tinycloud.delegation/revoke"]}}
    refused(world.node.revoke(world.make("ucan", **{**revoke, "seed": SEEDS["stranger"]})["authorization"]), 403, "Unauthorized Revoker")
    accepted(world.node.revoke(world.make("ucan", parents=[cacao["cid"]], **revoke)["authorization"]))
    equal(world.status_of(cacao, child["cid"]).json()["status"], "revoked", "after")
    refused(world.node.invoke(world.invocation(child, seed=SEEDS["friend"])), 403, "delegation-revoked")
    other = world.delegation(cacao, seconds=30)
    accepted(world.node.delegate(other["authorization"]))
    world.node.set_clock(45)
    equal(world.status_of(cacao, other["cid"]).json()["status"], "expired", "in the end")


# --- its own life ---------------------------------------------------------------------------------

def test_the_node_ends_with_its_block_and_with_the_one_who_started_it(world):
    equal(world.node.info()["protocol"], 1, "the node runs")  # or the test is skipped here
    with contextlib.suppress(Failure), TinyCloudNode() as node:
        process = node.process
        raise Failure("in the block")
    check(process.poll() is not None, "the node outlives its block")
    program = ("import tinycloud_node, time\nwith tinycloud_node.TinyCloudNode() as node:\n"
               " print(node.process.pid, node.folder, flush=True)\n time.sleep(60)")
    starter = subprocess.Popen([sys.executable, "-B", "-c", program], cwd=Path(__file__).parent, stdout=subprocess.PIPE, text=True)
    pid, folder = starter.stdout.readline().split()
    starter.send_signal(signal.SIGKILL)
    starter.wait()
    starter.stdout.close()
    deadline = time.monotonic() + 30
    while is_running(pid) and time.monotonic() < deadline:
        time.sleep(0.05)
    subprocess.run(["rm", "-r", folder], check=True)
    check(not is_running(pid), "the node outlives the one who started it")


if __name__ == "__main__":
    main("tinycloud node", globals())
