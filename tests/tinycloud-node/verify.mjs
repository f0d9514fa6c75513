// Delegations, invocations and stored sessions of TinyCloud, read and verified with nothing of sealring.
//
// Each function returns what has been found or throws a Refusal { status, message }.
// Times are in seconds since 1970.
import { ed25519 } from "@noble/curves/ed25519.js";
import { getAddress, recoverMessageAddress, toHex } from "viem";
import { cidOf, didKey, fromBase64url, fromCbor, fromJcs, fromPadded, keyOf, need, padded, principal, readCid, reading,
         secondsOf, toCbor, withFragment } from "./encoding.mjs";
import { parseResource, parseSpace } from "./resource.mjs";
import { capabilitiesOf, membersOf, messageOf, recapOf } from "./siwe.mjs";

const HALF_ORDER = 0x7fffffffffffffffffffffffffffffff5d576e7357a4501ddfe92f46681b20a0n; // of secp256k1
const RECOVERY = [0, 1, 27, 28];
const CACAO_TEXTS = ["aud", "domain", "exp", "iat", "iss", "nbf", "nonce", "request_id", "scheme", "statement"];
const TERMINAL = "xyz.tinycloud.policy/delegationMode";

const only = (value, names, optional = []) => typeof value === "object" && value !== null
    && names.every((name) => name in value) && Object.keys(value).every((name) => names.includes(name) || optional.includes(name));

const withResources = (capabilities) => capabilities.map((one) => ({ ...one, parsed: parseResource(one.resource) }));

// --- CACAO --------------------------------------------------------------------------------------

async function checkWallet(message, signature, address) {
    need(signature.length === 65, 401, "the signature has not 65 bytes");
    need(RECOVERY.includes(signature[64]), 401, `v is ${signature[64]}`);
    need(BigInt(toHex(signature.subarray(32, 64))) <= HALF_ORDER, 401, "s is in the upper half");
    const signer = await recoverMessageAddress({ message, signature: toHex(signature) }).catch(() => null);
    need(signer === address, 401, "Failed to verify signature");
}

function checkMembers(p) {
    need(only(p, ["aud", "domain", "iat", "iss", "nonce", "version"], [...CACAO_TEXTS, "resources"]), 401, "members of p");
    need(p.version === 1 && CACAO_TEXTS.every((name) => !(name in p) || typeof p[name] === "string"), 401, "types in p");
    need(!("resources" in p) || (Array.isArray(p.resources) && p.resources.every((one) => typeof one === "string")), 401, "resources");
    need(/^did:pkh:eip155:(0|[1-9][0-9]*):0x[0-9A-Fa-f]{40}$/.test(p.iss), 401, "iss is not did:pkh:eip155");
    for (const name of ["iat", "exp", "nbf"]) if (name in p) secondsOf(p[name]);
    const message = messageOf(p);
    // What the message says is what the members say: no line break in a member makes another line.
    const { resources = [], ...rest } = p;
    const { resources: written = [], ...found } = membersOf(message);
    need(toHex(toCbor({ ...rest, resources })) === toHex(toCbor({ ...found, resources: written })), 401, "p makes no message");
    return message;
}

function infoOfCacao(p, cid) {
    const { capabilities, parents } = recapOf(p);
    return { kind: "cacao", cid, delegator: principal(p.iss), delegate: principal(p.aud), audience: p.aud, parents, nonce: p.nonce,
             // As the node keeps them: the grants of a ReCap have no caveats at all.
             capabilities: withResources(capabilities.map((one) => ({ ...one, caveats: [] }))), issuedAt: secondsOf(p.iat),
             expiry: p.exp && secondsOf(p.exp), notBefore: p.nbf && secondsOf(p.nbf), terminal: false, members: p };
}

// A delegation signed by a wallet, from the Authorization header that has it.
export async function readCacao(authorization) {
    const bytes = fromPadded(authorization);
    const cacao = fromCbor(bytes);
    need(only(cacao, ["h", "p", "s"]) && only(cacao.h, ["t"]) && only(cacao.s, ["s", "t"]), 401, "members of the CACAO");
    need(cacao.h.t === "eip4361" && cacao.s.t === "eip191" && cacao.s.s instanceof Uint8Array, 401, "types of the CACAO");
    const message = checkMembers(cacao.p);
    await checkWallet(message, cacao.s.s, cacao.p.iss.split(":")[4]);
    return { ...infoOfCacao(cacao.p, cidOf(bytes)), message, signature: toHex(cacao.s.s) };
}

// The bytes of the delegation that a signed message is; @replace: other members.
export const cacaoOf = (message, signature, replace = {}) =>
    toCbor({ h: { t: "eip4361" }, p: { ...membersOf(message), ...replace }, s: { s: signature, t: "eip191" } });

// --- UCAN ---------------------------------------------------------------------------------------

function checkHead(head) {
    need(only(head, ["alg", "jwk", "typ", "ucv"]), 401, "members of the UCAN's header");
    need(head.alg === "EdDSA" && head.typ === "JWT" && head.ucv === "0.10.0", 401, "the UCAN's header");
    need(only(head.jwk, ["alg", "crv", "kty", "x"]), 401, "members of the UCAN's jwk");
    need(head.jwk.alg === "EdDSA" && head.jwk.crv === "Ed25519" && head.jwk.kty === "OKP", 401, "the UCAN's jwk");
    const key = fromBase64url(head.jwk.x);
    need(key.length === 32, 401, "the key has not 32 bytes");
    return key;
}

function checkPayload(payload, key) {
    need(only(payload, ["att", "aud", "exp", "iss", "nnc", "prf"], ["fct", "nbf"]), 401, "members of the UCAN");
    need(["aud", "iss", "nnc"].every((name) => typeof payload[name] === "string" && payload[name]), 401, "types in the UCAN");
    const times = ["exp", "nbf"].filter((name) => name in payload).map((name) => payload[name]);
    need(times.every((time) => Number.isFinite(time) && time >= 0), 401, "times of the UCAN");
    need(Array.isArray(payload.prf) && (!("fct" in payload) || Array.isArray(payload.fct)), 401, "lists in the UCAN");
    need(payload.iss === withFragment(didKey(key)), 401, "iss is not the DID URL of the key");
    need(payload.aud.startsWith("did:key:") ? keyOf(payload.aud) : /^did:[a-z0-9]+:[^#]+$/.test(payload.aud), 401, "aud is not a DID");
}

// A delegation or an invocation signed by a session key.
export function readUcan(authorization) {
    const parts = authorization.split(".");
    need(parts.length === 3, 401, "a UCAN has three parts");
    const [head, body, signature] = parts.map(fromBase64url);
    const key = checkHead(fromJcs(head, "the UCAN's header"));
    // serde writes whole seconds with a fraction; nothing else differs from JCS.
    const payload = fromJcs(body, "the UCAN", (text) => text.replace(/("(?:exp|nbf)":\d+)\.0(?=[,}])/g, "$1"));
    checkPayload(payload, key);
    const good = signature.length === 64 && ed25519.verify(signature, Buffer.from(`${parts[0]}.${parts[1]}`), key, { zip215: false });
    need(good, 401, "Failed to verify signature");
    const { att, aud, exp, fct = [], iss, nbf, nnc, prf } = payload;
    return { kind: "ucan", cid: cidOf(Buffer.from(authorization)), delegator: principal(iss), delegate: principal(aud), audience: aud,
             capabilities: withResources(capabilitiesOf(att)), parents: prf.map((cid) => readCid(cid)), nonce: nnc,
             expiry: exp, notBefore: nbf, facts: fct, terminal: fct.some((fact) => fact?.[TERMINAL] === "terminal") };
}

// A delegation of either form.
export const readDelegation = async (authorization) => (authorization.includes(".") ? readUcan(authorization) : readCacao(authorization));

// --- times --------------------------------------------------------------------------------------

export const isValidAt = ({ kind, expiry = Infinity, notBefore = -Infinity }, now) =>
    now <= expiry && (kind === "cacao" ? notBefore < now : notBefore <= now);

export function checkTime(info, now, what) {
    need(isValidAt(info, now), 401, `${what} expired or not yet valid`);
}

// --- what an SDK stores -------------------------------------------------------------------------

const RECORD = ["address", "chainId", "siwe", "signature", "tinycloudSession", "expiresAt", "createdAt", "version"];
const STORED = ["delegationHeader", "delegationCid", "spaceId", "verificationMethod"];

function checkRecord(record) {
    need(only(record, RECORD, ["sessionKey", "ens", "tinycloudHosts"]), 401, "members of the record");
    need(only(record.tinycloudSession, STORED, ["spaces"]), 401, "members of tinycloudSession");
    need(only(record.tinycloudSession.delegationHeader, ["Authorization"]), 401, "members of delegationHeader");
    need(record.version === "1.0", 401, "another version");
    need(/^0x[0-9a-fA-F]{40}$/.test(record.address) && getAddress(record.address.toLowerCase()) === record.address, 401, "the address");
    need(Number.isSafeInteger(record.chainId) && record.chainId > 0, 401, "the chain");
    need(/^0x[0-9a-f]{130}$/i.test(record.signature), 401, "the signature is not 65 bytes in hex");
    secondsOf(record.createdAt);
    const { spaceId, spaces = {} } = record.tinycloudSession;
    need([spaceId, ...Object.values(spaces)].every((space) => parseSpace(space)?.id === space), 401, "a space");
}

function checkSessionKey({ sessionKey }, verificationMethod) {
    const key = keyOf(verificationMethod.split("#")[0]);
    need(key && verificationMethod === withFragment(didKey(key)), 401, "verificationMethod is not the DID URL of an Ed25519 key");
    if (sessionKey === undefined) return;
    const jwk = reading("sessionKey is not JSON", () => JSON.parse(sessionKey));
    need(jwk.kty === "OKP" && jwk.crv === "Ed25519" && [undefined, "EdDSA"].includes(jwk.alg), 401, "the session key");
    need(Buffer.compare(fromBase64url(jwk.x), key) === 0, 401, "the session key is another");
}

// A stored session, by all that validatePersistedSession and its callers check; the private key is not needed.
export async function verifySession(record, now) {
    checkRecord(record);
    const { delegationHeader, delegationCid, spaceId, verificationMethod } = record.tinycloudSession;
    checkSessionKey(record, verificationMethod);
    const p = membersOf(record.siwe);
    need(p.iss === `did:pkh:eip155:${record.chainId}:${record.address}`, 401, "address or chain are not those of the message");
    need(p.aud === verificationMethod, 401, "the message is for another session key");
    const signature = Buffer.from(record.signature.slice(2), "hex");
    const bytes = cacaoOf(record.siwe, signature);
    need(delegationHeader.Authorization === padded(bytes) && delegationCid === cidOf(bytes), 401,
         "header or CID are not those of the message");
    const info = await readCacao(delegationHeader.Authorization);
    need(info.message === record.siwe, 401, "the message is written another way");
    checkTime(info, now, "Session");
    need(p.exp === record.expiresAt, 401, "expiresAt is not that of the message");
    const covered = info.capabilities.map(({ parsed }) => parsed.space?.id);
    need(!covered.length || covered.includes(spaceId), 401, "the ReCap does not cover the space");
    return info;
}

// --- a delegation to carry along ----------------------------------------------------------------

const PORTABLE = ["cid", "delegationHeader", "ownerAddress", "chainId", "spaceId", "path", "actions", "expiry", "delegateDID"];
const PORTABLE_MAY = ["host", "caveats", "delegatorDID", "parentCid", "disableSubDelegation", "resources"];

// One entry of resources for each resource of a delegation.
function entriesOf(capabilities) {
    const entries = new Map();
    for (const { resource, ability, parsed } of capabilities) {
        const { space, service, path = "" } = parsed;
        const entry = entries.get(resource) ?? (space ? { service, space: space.id, path, actions: [] }
            : { service: "encryption", space: "encryption", path: resource, actions: [] });
        entry.actions.push(ability);
        entries.set(resource, entry);
    }
    return [...entries.values()];
}

const listed = (entries) => entries.map(({ service, space, path, actions }) =>
    JSON.stringify([service, space, path, [...actions].sort()])).sort().join();

// A PortableDelegation says what its UCAN (or CACAO) says.
export async function verifyPortable(portable, now) {
    need(only(portable, PORTABLE, PORTABLE_MAY) && only(portable.delegationHeader, ["Authorization"]), 401, "members of the delegation");
    const info = await readDelegation(portable.delegationHeader.Authorization);
    checkTime(info, now, "Delegation");
    const space = parseSpace(portable.spaceId);
    need(info.cid === portable.cid, 401, "cid is another");
    need(info.audience === portable.delegateDID, 401, "delegateDID is not aud");
    need(!("delegatorDID" in portable) || principal(portable.delegatorDID) === info.delegator, 401, "delegatorDID is not iss");
    need(!("parentCid" in portable) || info.parents.includes(portable.parentCid), 401, "parentCid is not in prf");
    need(space?.owner === `did:pkh:eip155:${portable.chainId}:${portable.ownerAddress}`, 401,
         "owner or chain are not those of the space");
    need(Math.abs(secondsOf(portable.expiry) - info.expiry) < 0.001, 401, "expiry is not exp");
    const entries = entriesOf(info.capabilities);
    if (portable.resources) need(listed(portable.resources) === listed(entries), 401, "resources are not att");
    const first = entries.find((one) => one.space === portable.spaceId && one.path === portable.path
        && listed([one]) === listed([{ ...one, actions: portable.actions }]));
    need(first, 401, "path and actions are not in att");
    return info;
}

