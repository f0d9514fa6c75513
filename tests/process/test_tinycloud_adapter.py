#!/usr/bin/env -S python3 -B
"""extension/tinycloud.js in Node.js with a real host, agent and vault: what TinyCloud's SDKs get of it."""
import sqlite3

import cli_world
from agent_world import AgentWorld
from cli_world import ADDRESS_ONE, contains, equal
from extension_code import ExtensionCode

START = """
import assert from "node:assert/strict";
import { verifyMessage } from "viem";
import { NodeUserAuthorization, TinyCloudWeb } from "@tinycloud/web-sdk";
import { SealringSessionStorage, sealringCallback, sealringProvider, sealringSigner } from "./tinycloud.js";

const port = browser.runtime.connectNative("org.sealring.host");
const waiting = new Map();
let last = 0;
port.onMessage.addListener(({ id, result, error }) => {
  const { resolve, reject } = waiting.get(id);
  if (error) reject(Object.assign(new Error(error.message), { reason: error.data.reason }));
  else resolve(result);
});
const calls = [];
function request(method, params) {
  calls.push(method);
  return new Promise((resolve, reject) => {
    waiting.set(++last, { resolve, reject });
    port.postMessage({ jsonrpc: "2.0", id: last, method, params, origin: "https://app.example.com" });
  });
}
const [address] = await request("eth_requestAccounts", []);
const hour = () => new Date(Date.now() + 3600_000).toISOString();
const later = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
const storage = await new SealringSessionStorage(request).ready();
const text = async () => (await request("storage.get", { key: `tinycloud:session:${address.toLowerCase()}` })).value;
"""


def run(world, code):
    return ExtensionCode(world).run(START + code)[1]


def test_a_session_of_64_kib_is_stored_as_the_sdk_would_write_it(world):
    stored, sizes = run(world, """
    const session = { address, siwe: "ß\\u2028\\n\\"".repeat(8000), n: 1.5, nothing: null, expiresAt: hour(), version: "1.0" };
    await storage.save(address, session);
    assert.equal(await text(), JSON.stringify(session));
    assert.deepEqual(await storage.load(address.toLowerCase()), session);
    const other = await new SealringSessionStorage(request).ready();
    assert.deepEqual(await other.load(address), session);
    done([await request("storage.list", {}), Buffer.byteLength(await text()) > 65536]);""")
    equal((stored, sizes), ({"keys": [f"tinycloud:session:{ADDRESS_ONE.lower()}"]}, True), "what is stored")


def test_exists_answers_at_once(world):
    equal(run(world, """
    const seen = [new SealringSessionStorage(request).exists(address), storage.exists(address)];
    await storage.save(address, { expiresAt: hour() });
    const other = await new SealringSessionStorage(request).ready();
    const before = calls.length;
    seen.push(storage.exists(address), other.exists(address.toLowerCase()), other.exists("0x" + "0".repeat(40)));
    assert.equal(calls.length, before);
    await storage.clear(address);
    await storage.clear(address);
    seen.push(storage.exists(address), await storage.load(address), (await storage.loadWithStatus(address)).status);
    done(seen);"""), [False, False, True, True, False, False, None, "missing"], "what exists")


def test_storages_with_other_prefixes_are_apart(world):
    equal(run(world, """
    const other = await new SealringSessionStorage(request, { keyPrefix: "other:" }).ready();
    await other.save(address, { expiresAt: hour(), who: "other" });
    await storage.save(address, { expiresAt: hour(), who: "one" });
    await storage.clear(address);
    done([(await other.load(address)).who, storage.exists(address), other.exists(address)]);"""), ["other", False, True], "what is left")


def test_what_has_expired_is_gone(world):
    equal(run(world, """
    await storage.save(address, { expiresAt: new Date(Date.now() + 4000).toISOString() });
    const seen = [storage.exists(address)];
    await later(4100);
    seen.push(storage.exists(address), (await storage.loadWithStatus(address)).status, await text());
    done(seen);"""), [True, False, "expired", None], "a session that ended")


def test_damaged_sessions_are_none(world):
    equal(run(world, """
    const seen = [];
    for (const value of ["{", "null", "{}", '{"expiresAt":"soon"}']) {
      await request("storage.set", { key: `tinycloud:session:${address.toLowerCase()}`, value });
      const fresh = await new SealringSessionStorage(request).ready();
      seen.push((await fresh.loadWithStatus(address)).status, await fresh.load(address), fresh.exists(address));
    }
    done(seen);"""), ["corrupt", None, False] * 4, "damaged texts")
    connection = sqlite3.connect(world.folder / "data/sealring/vault.db")
    with connection:
        connection.execute("UPDATE record SET sealed = zeroblob(100) WHERE kind = 'record'")
    connection.close()
    equal(run(world, "done([(await storage.loadWithStatus(address)).status, storage.isAvailable()]);"), ["corrupt", True],
          "a damaged record")


def test_a_locked_store_is_unavailable_and_not_empty(world):
    equal(run(world, f"""
    import {{ writeFileSync }} from "node:fs";
    await storage.save(address, {{ expiresAt: hour() }});
    const seen = [storage.isAvailable()];
    await request("sealring.lock");
    writeFileSync("{world.folder}/answer", "1");
    const {{ status, error }} = await storage.loadWithStatus(address);
    seen.push(status, error.reason, storage.isAvailable(), await storage.load(address).catch((e) => e.reason));
    seen.push(await new SealringSessionStorage(request).ready().catch((e) => e.reason), storage.exists(address));
    done(seen);"""), [True, "storage-unavailable", "USER_REJECTED", False, "USER_REJECTED", "USER_REJECTED", True], "a locked vault")


def test_the_signer_signs_text_and_bytes(world):
    equal(run(world, """
    const signer = sealringSigner(request);
    const seen = [await signer.getAddress(), await signer.getChainId()];
    for (const message of ["Grüße\\n", new TextEncoder().encode("Grüße\\n")]) {
      const signature = await signer.signMessage(message);
      assert.match(signature, /^0x[0-9a-f]{130}$/);
      seen.push(await verifyMessage({ address, message: "Grüße\\n", signature }));
    }
    done(seen);"""), [ADDRESS_ONE, 1, True, True], "the signer")


def test_the_callback_says_why_not(world):
    signed, refused = run(world, f"""
    import {{ writeFileSync }} from "node:fs";
    const handler = sealringCallback(request);
    const asked = {{ address: address.toLowerCase(), chainId: 1, message: "Hello", type: "message" }};
    const {{ approved, signature }} = await handler(asked);
    assert.ok(await verifyMessage({{ address, message: "Hello", signature }}));
    writeFileSync("{world.folder}/answer", "1");
    done([approved, await handler({{ ...asked, message: "Hello again" }})]);""")
    equal((signed, refused["approved"]), (True, False), "approved")
    contains(refused["reason"], "(USER_REJECTED)", "the reason")


def test_every_strategy_of_the_sdk_signs_in(world):
    equal(run(world, """
    const signer = sealringSigner(request);
    const domain = "app.example.com";
    const web = new TinyCloudWeb({ provider: sealringProvider(request), sessionStorage: storage, domain });
    const strategy = { type: "callback", handler: sealringCallback(request) };
    const callback = new NodeUserAuthorization({ signer, signStrategy: strategy, sessionStorage: storage, domain });
    const phases = new NodeUserAuthorization({ signer, sessionStorage: storage, domain });
    const seen = [(await web.restoreSession()).status];
    for (const auth of [web, callback]) {
      await auth.signIn();
      seen.push((await auth.restoreSession()).status, await auth.isSessionPersisted());
      await auth.signOut();
    }
    const { prepared, keyId, jwk } = await phases.prepareSessionForSigning();
    await phases.signInWithPreparedSession(prepared, await signer.signMessage(prepared.siwe), keyId, jwk);
    const session = await storage.load(address);
    seen.push(session.siwe === prepared.siwe, session.sessionKey === JSON.stringify(jwk));
    done(seen);"""), ["missing", "restored", True, "restored", True, True, True], "the strategies")
    contains(world.shown(), "title\tSign in to app.example.com with TinyCloud access?", "what the user was shown")


if __name__ == "__main__":
    cli_world.main("tinycloud adapter", dict(globals()), AgentWorld)
