// A TinyCloud node for tests, in memory: takes delegations, hosts spaces, keeps values, revokes.
//
//     node node.mjs [--port N]
//
// Says "ready BASE" and ends when stdin does. Statuses are finer than those of tinycloud-node, which
// answers 401 to nearly all: 401 form, signature or time, 403 capability, 404 space or value, 409 again.
// Below /_test/: GET log, POST clock {offset}, POST reset.
import http from "node:http";
import { randomBytes } from "node:crypto";
import { parseArgs } from "node:util";
import { blake3 } from "@noble/hashes/blake3.js";
import { ed25519 } from "@noble/curves/ed25519.js";
import { Refusal, didKey, need, readCid } from "./encoding.mjs";
import { Delegations } from "./graph.mjs";
import { parseSpace } from "./resource.mjs";
import { checkTime, readDelegation, readUcan } from "./verify.mjs";

const BODY_BYTES = 16 << 20;
const INVOCATION_SECONDS = 3600; // the longest an invocation may have left
const BYTES = "application/octet-stream";
const VERSION = "1.16.0";
const COMPLETE = { "x-tinycloud-truncated": "false" };
const FEATURES = ["kv", "delegation", "sharing", "encryption"];

class Node {
    constructor() {
        this.secret = randomBytes(32);
        this.reset();
    }

    reset() {
        this.delegations = new Delegations();
        this.nonces = new Set();
        this.spaces = new Map(); // of hosted spaces: values by path
        this.offset = 0;
        this.log = [];
    }

    now() {
        return Date.now() / 1000 + this.offset;
    }

    peer(space) {
        return didKey(ed25519.getPublicKey(blake3(Buffer.concat([this.secret, Buffer.from(space)]))));
    }

    // The spaces that @info says this node hosts; their owner must say so, to the peer that was made for them.
    #hosted(info) {
        return info.capabilities.filter(({ ability, parsed }) => ability === "tinycloud.space/host"
            && parsed.space?.owner === info.delegator && this.peer(parsed.space.id) === info.delegate
            && parsed.service === "space" && [parsed.path, parsed.query, parsed.fragment].every((part) => part === undefined))
            .map(({ parsed }) => parsed.space.id);
    }

    async delegate(authorization, entry) {
        const info = await readDelegation(authorization);
        entry.cid = info.cid;
        checkTime(info, this.now(), "Delegation");
        this.delegations.add(info);
        for (const space of this.#hosted(info)) if (!this.spaces.has(space)) this.spaces.set(space, new Map());
        const spaces = [...new Set(info.capabilities.flatMap(({ parsed }) => parsed.space?.id ?? []))].sort();
        const isHosted = (space) => this.spaces.has(space);
        return { cid: info.cid, activated: spaces.filter(isHosted), skipped: spaces.filter((space) => !isHosted(space)) };
    }

    // An invocation that is genuine and new.
    #invocation(authorization, entry) {
        const info = readUcan(authorization);
        entry.cid = info.cid;
        checkTime(info, this.now(), "Invocation");
        need(info.expiry <= this.now() + INVOCATION_SECONDS, 401, "Invocation lifetime exceeds server maximum");
        need(info.audience === info.delegator, 401, "an invocation is for its own DID");
        need(!this.nonces.has(info.nonce), 409, "duplicate invocation");
        this.nonces.add(info.nonce);
        return info;
    }

    // What is done with one value: [status, body or null, headers].
    #kv(operation, values, path, body, type) {
        const stored = values.get(path);
        const headers = stored && { etag: `"blake3-${Buffer.from(blake3(stored.body)).toString("hex")}"`, "content-type": stored.type };
        switch (operation) {
            case "put": values.set(path, { body, type }); return [200, null];
            case "get": need(stored, 404, `No Such Key: ${path}`); return [200, stored.body, headers];
            case "metadata": need(stored, 404, `No Such Key: ${path}`); return [200, null, headers];
            case "del": need(values.delete(path), 404, `No Such Key: ${path}`); return [200, null];
            case "list": return [200, [...values.keys()].filter((key) => key.startsWith(path)).sort(), COMPLETE];
            default: throw new Refusal(501, `tinycloud.kv/${operation} is not in this node`);
        }
    }

    invoke(authorization, entry, body, type) {
        const info = this.#invocation(authorization, entry);
        for (const { parsed } of info.capabilities) need(!parsed.space || this.spaces.has(parsed.space.id), 404, "Space not found");
        this.delegations.authorize(info, this.now());
        need(info.capabilities.length === 1, 501, "this node does one thing at a time");
        const [{ ability, parsed: { space, service, path } }] = info.capabilities;
        entry.invoked = ability;
        if (!space || service !== "kv" || path === undefined) return [200, null];
        return this.#kv(ability.replace(/^tinycloud\.kv\//, "").replace(/^delete$/, "del"), this.spaces.get(space.id), path, body, type);
    }

    // The CID that a revocation names: in aud of a message, in the resource of a UCAN.
    #target(info) {
        const [one, ...more] = info.capabilities;
        const resource = one?.ability === "tinycloud.delegation/revoke" && !more.length ? one.resource : "";
        const found = /^(?:urn:cid|ucan):(.+)$/.exec(info.kind === "cacao" ? info.audience : resource);
        need(found, 401, "Invalid Target");
        return readCid(found[1]);
    }

    async revoke(authorization, entry) {
        const info = await readDelegation(authorization);
        entry.cid = this.#target(info);
        checkTime(info, this.now(), "Revocation");
        this.delegations.revoke(info, entry.cid, this.now());
        return { revoked: true, cid: entry.cid };
    }

    status(authorization, entry, { cid }) {
        const info = this.#invocation(authorization, entry);
        entry.cid = cid;
        const [one, ...more] = info.capabilities;
        need(!more.length && one?.resource === `urn:cid:${cid}` && one.ability === "tinycloud.delegation/status", 403,
             "Status invocation is not bound to the requested CID");
        const status = this.delegations.status(info, readCid(cid), this.now());
        const is = Object.fromEntries(["active", "revoked", "expired"].map((name) => [name, status === name]));
        return [status === "not_found" ? 404 : 200, { cid, status, exists: status !== "not_found", ...is }];
    }

    info() {
        return { protocol: 1, version: VERSION, features: FEATURES, nodeId: this.peer("node"), inTEE: false };
    }
}

async function bodyOf(message) {
    const parts = [];
    let size = 0;
    for await (const part of message) {
        need((size += part.length) <= BODY_BYTES, 413, "the body is too large");
        parts.push(part);
    }
    return Buffer.concat(parts);
}

function jsonOf(body) {
    try {
        return JSON.parse(body);
    } catch {
        throw new Refusal(400, "the body is not JSON");
    }
}

function control(node, what, body) {
    switch (what) {
        case "GET log": return [200, node.log];
        case "POST clock": node.offset = jsonOf(body).offset; return [200, {}];
        case "POST reset": node.reset(); return [200, {}];
        default: throw new Refusal(404, "there is no such control");
    }
}

function peerOf(node, path) {
    const space = parseSpace(decodeURIComponent(path));
    need(space, 400, "Invalid space ID");
    return [200, node.peer(space.id)];
}

async function answer(node, message, entry) {
    const { pathname } = new URL(message.url, "http://node");
    const body = await bodyOf(message);
    const authorization = message.headers.authorization ?? "";
    if (pathname.startsWith("/_test/")) return control(node, `${message.method} ${pathname.slice("/_test/".length)}`, body);
    node.log.push(Object.assign(entry, { time: node.now(), method: message.method, path: pathname }));
    if (message.method === "OPTIONS") return [204, null];
    if (message.method === "GET" && pathname.startsWith("/peer/generate/")) return peerOf(node, pathname.slice("/peer/generate/".length));
    switch (`${message.method} ${pathname}`) {
        case "GET /info": return [200, node.info()];
        case "POST /delegate": return [200, await node.delegate(authorization, entry)];
        case "POST /invoke": return node.invoke(authorization, entry, body, message.headers["content-type"] ?? BYTES);
        case "POST /revoke": return [200, await node.revoke(authorization, entry)];
        case "POST /delegation/status": return node.status(authorization, entry, jsonOf(body));
        default: throw new Refusal(404, "there is nothing here");
    }
}

const CORS = { "access-control-allow-origin": "*", "access-control-allow-headers": "*", "access-control-allow-methods": "*",
               "access-control-expose-headers": "*" };

function send(response, status, value, headers = {}) {
    const isJson = value !== null && typeof value === "object" && !Buffer.isBuffer(value);
    const body = isJson ? JSON.stringify(value) : value ?? "";
    response.writeHead(status, { ...CORS, "content-type": isJson ? "application/json" : "text/plain; charset=utf-8", ...headers,
                                 "content-length": Buffer.byteLength(body) }).end(body);
}

const { port } = parseArgs({ options: { port: { type: "string", default: "0" } } }).values;
const node = new Node();
const server = http.createServer(async (message, response) => {
    const entry = { cid: null, verdict: "ok" };
    try {
        const [status, value, headers] = await answer(node, message, entry);
        send(response, entry.status = status, value, headers);
    } catch (error) {
        if (!(error instanceof Refusal)) console.error(error);
        Object.assign(entry, { status: error.status ?? 500, verdict: error.message });
        send(response, entry.status, error.message);
    }
});
await new Promise((done) => server.listen(Number(port), "127.0.0.1", done));
console.log(`ready http://127.0.0.1:${server.address().port}`);
process.stdin.on("end", () => process.exit(0)).resume();
