// The encodings of TinyCloud, each in its one form: whatever is written another way is refused.
import { decode as decodeCbor, encode as encodeCbor } from "@ipld/dag-cbor";
import { blake3 } from "@noble/hashes/blake3.js";
import { base58btc } from "multiformats/bases/base58";
import { CID } from "multiformats/cid";
import { create } from "multiformats/hashes/digest";
import { getAddress } from "viem";

const RAW = 0x55;
const BLAKE3_256 = 0x1e;
const ED25519_PUBLIC = [0xed, 0x01];

// What is not accepted, with the status of the answer.
export class Refusal extends Error {
    constructor(status, reason) {
        super(reason);
        this.status = status;
    }
}

export function need(condition, status, reason) {
    if (!condition) throw new Refusal(status, reason);
}

// What @read returns; 401 with @reason when it cannot.
export function reading(reason, read) {
    try {
        return read();
    } catch (error) {
        throw error instanceof Refusal ? error : new Refusal(401, `${reason}: ${error.message}`);
    }
}

// --- base64url, JSON, DAG-CBOR ------------------------------------------------------------------

export const base64url = (bytes) => Buffer.from(bytes).toString("base64url");

export function padded(bytes) {
    const text = base64url(bytes);
    return text + "=".repeat(-text.length & 3);
}

export function fromBase64url(text) {
    const bytes = Buffer.from(text, "base64url");
    need(base64url(bytes) === text, 401, "not base64url without padding");
    return bytes;
}

export function fromPadded(text) {
    const bytes = Buffer.from(text, "base64url");
    need(padded(bytes) === text, 401, "not base64url with padding");
    return bytes;
}

// RFC 8785; numbers and strings are written by JSON.stringify as it wants them.
export function jcs(value) {
    if (Array.isArray(value)) return `[${value.map(jcs).join()}]`;
    if (typeof value !== "object" || value === null) return JSON.stringify(value);
    return `{${Object.keys(value).sort().map((name) => `${JSON.stringify(name)}:${jcs(value[name])}`).join()}}`;
}

// The value of canonical JSON; a member that is there twice is not.
export function fromJcs(bytes, what, asWritten = (text) => text) {
    const text = reading(`${what} is not UTF-8`, () => new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes));
    const value = reading(`${what} is not JSON`, () => JSON.parse(text));
    need(jcs(value) === asWritten(text), 401, `${what} is not in the order of JCS`);
    return value;
}

export function fromCbor(bytes) {
    const value = reading("not DAG-CBOR", () => decodeCbor(bytes));
    need(Buffer.compare(encodeCbor(value), bytes) === 0, 401, "not canonical DAG-CBOR");
    return value;
}

export const toCbor = (value) => encodeCbor(value);

// --- CIDs ---------------------------------------------------------------------------------------

export const cidOf = (bytes) => CID.createV1(RAW, create(BLAKE3_256, blake3(bytes))).toString();

// A CID of a delegation, as UCANs have it (base32) or, with @base58, as ReCaps do; returned in base32.
export function readCid(text, base58 = false) {
    const cid = reading("not a CID", () => (base58 ? CID.parse(text, base58btc) : CID.parse(text)));
    need((base58 ? cid.toString(base58btc) : cid.toString()) === text, 401, `a CID in another form: ${text}`);
    need(cid.version === 1 && cid.code === RAW && cid.multihash.code === BLAKE3_256 && cid.multihash.digest.length === 32,
         401, `not the CID of a delegation: ${text}`);
    return cid.toString();
}

export const toBase58 = (cid) => CID.parse(cid).toString(base58btc);

// --- DIDs ---------------------------------------------------------------------------------------

export const didKey = (publicKey) => "did:key:" + base58btc.encode(Uint8Array.from([...ED25519_PUBLIC, ...publicKey]));
export const withFragment = (did) => `${did}#${did.slice("did:key:".length)}`;

// The Ed25519 key of a did:key, or null.
export function keyOf(did) {
    if (!did.startsWith("did:key:z")) return null;
    try {
        const bytes = base58btc.decode(did.slice("did:key:".length));
        return bytes.length === 34 && didKey(bytes.slice(2)) === did ? bytes.slice(2) : null;
    } catch {
        return null;
    }
}

// @did without its fragment; an address of did:pkh:eip155 with its checksum.
export function principal(did) {
    const [whole] = did.split("#");
    const found = /^did:pkh:eip155:([1-9][0-9]*):(0x[0-9a-fA-F]{40})$/.exec(whole);
    return found ? `did:pkh:eip155:${found[1]}:${getAddress(found[2].toLowerCase())}` : whole;
}

// --- times --------------------------------------------------------------------------------------

const RFC3339 = /^(\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d)(\.\d+)?(Z|z|[+-]\d\d:\d\d)$/;

// Seconds since 1970 of an RFC 3339 time.
export function secondsOf(text) {
    const found = RFC3339.exec(text);
    need(found, 401, `not a time: ${text}`);
    const seconds = Date.parse(found[1].toUpperCase() + found[3].toUpperCase()) / 1000;
    const day = new Date(Date.parse(found[1].toUpperCase() + "Z"));
    need(Number.isFinite(seconds) && day.toISOString().startsWith(found[1].toUpperCase()), 401, `no such time: ${text}`);
    return seconds + Number(found[2] ?? 0);
}
