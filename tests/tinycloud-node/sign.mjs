// What a client of TinyCloud signs, made with the npm libraries: sign-ins, delegations, invocations.
import { randomBytes, randomUUID } from "node:crypto";
import { ed25519 } from "@noble/curves/ed25519.js";
import { privateKeyToAccount } from "viem/accounts";
import { base64url, cidOf, didKey, jcs, padded, toBase58, withFragment } from "./encoding.mjs";
import { messageOf, recapUri, statementOf } from "./siwe.mjs";
import { cacaoOf } from "./verify.mjs";

const NONCE_LETTERS = 17;
const LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";

export const newNonce = () => Array.from(randomBytes(NONCE_LETTERS), (byte) => LETTERS[byte % LETTERS.length]).join("");

// { seed, x, did, method } of a session key; of 32 bytes in hex or a new one.
export function sessionKey(seed = randomBytes(32).toString("hex")) {
    const publicKey = ed25519.getPublicKey(Buffer.from(seed, "hex"));
    const did = didKey(publicKey);
    return { seed, x: base64url(publicKey), did, method: withFragment(did) };
}

// att of { resource: [ability, …] } or of { resource: { ability: caveats } }.
const attOf = (grants) => Object.fromEntries(Object.entries(grants).map(([resource, abilities]) => [resource,
    Array.isArray(abilities) ? Object.fromEntries(abilities.map((ability) => [ability, [{}]])) : abilities]));

// A delegation signed by a wallet. @members replaces members of the message, @replace those of the CACAO when it has
// been signed, @v the last byte of the signature.
export async function signCacao({ privateKey, chainId = 1, grants = {}, parents = [], v, replace, ...members }) {
    const account = privateKeyToAccount(privateKey);
    const att = attOf(grants);
    const recap = Object.keys(att).length && { statement: statementOf(att), resources: [recapUri(att, parents.map(toBase58))] };
    const p = { domain: "app.example.com", nonce: newNonce(), ...recap, ...members, version: 1,
                iss: `did:pkh:eip155:${chainId}:${account.address}` };
    const message = messageOf(p);
    const signature = await account.signMessage({ message });
    const bytes = Buffer.from(signature.slice(2), "hex");
    if (v !== undefined) bytes[64] = v;
    const cacao = cacaoOf(message, bytes, replace);
    return { authorization: padded(cacao), cid: cidOf(cacao), siwe: message, signature: `0x${bytes.toString("hex")}`,
             address: account.address, chainId };
}

// The delegation that a message is with the signature ("0x…") of another wallet.
export function encodeSigned({ siwe, signature }) {
    const cacao = cacaoOf(siwe, Buffer.from(signature.slice(2), "hex"));
    return { authorization: padded(cacao), cid: cidOf(cacao) };
}

// A delegation or invocation signed by a session key; @head replaces members of its header, @text the JSON of the payload.
export function signUcan({ seed, grants = {}, parents = [], aud, exp, head, text, ...members }) {
    const key = sessionKey(seed);
    const payload = text ?? jcs({ att: attOf(grants), aud: aud ?? key.did, exp, iss: key.method, nnc: `urn:uuid:${randomUUID()}`,
                                  prf: parents, ...members });
    const jwk = { alg: "EdDSA", crv: "Ed25519", kty: "OKP", x: key.x };
    const header = jcs({ alg: "EdDSA", jwk, typ: "JWT", ucv: "0.10.0", ...head });
    const input = [header, payload].map((one) => base64url(Buffer.from(one))).join(".");
    const authorization = `${input}.${base64url(ed25519.sign(Buffer.from(input), Buffer.from(key.seed, "hex")))}`;
    return { authorization, cid: cidOf(Buffer.from(authorization)) };
}

// A stored session as the SDK has it, without the private key.
export async function signSession({ privateKey, grants, spaceId, spaces, iat, exp, key = sessionKey(), ...members }) {
    const { authorization, cid, ...signed } = await signCacao({ privateKey, grants, aud: key.method, iat, exp, ...members });
    const session = { delegationHeader: { Authorization: authorization }, delegationCid: cid, spaceId, verificationMethod: key.method };
    return { ...signed, tinycloudSession: spaces ? { ...session, spaces } : session, expiresAt: exp, createdAt: iat, version: "1.0" };
}
