// Id tokens that a client must refuse.
import { constants, createHmac, createPrivateKey, createPublicKey, generateKeyPairSync, sign } from "node:crypto";

const base64url = (value) => Buffer.from(JSON.stringify(value)).toString("base64url");
const parsed = (part) => JSON.parse(Buffer.from(part, "base64url"));

const SIGN = {
    EdDSA: (data, key) => sign(null, data, key),
    ES256: (data, key) => sign("sha256", data, { key, dsaEncoding: "ieee-p1363" }),
    RS256: (data, key) => sign("sha256", data, key),
    PS256: (data, key) => sign("sha256", data, { key, padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: 32 }),
};
const NEW_KEY = {
    EdDSA: () => generateKeyPairSync("ed25519"),
    ES256: () => generateKeyPairSync("ec", { namedCurve: "P-256" }),
    RS256: () => generateKeyPairSync("rsa", { modulusLength: 2048 }),
    PS256: () => generateKeyPairSync("rsa", { modulusLength: 2048 }),
};

const signer = (alg, key) => (data) => SIGN[alg](data, key);
const mac = (secret) => (data) => createHmac("sha256", secret).update(data).digest();
const pem = (key) => createPublicKey(key).export({ type: "spki", format: "pem" });

// Each gives what the header gets and who signs.
const HOW = {
    claims: (alg, key) => [{}, signer(alg, key)],
    "no-kid": (alg, key) => [{ kid: undefined }, signer(alg, key)],
    "other-key": (alg) => [{}, signer(alg, NEW_KEY[alg]().privateKey)],
    "unknown-kid": (alg) => [{ kid: "unknown" }, signer(alg, NEW_KEY[alg]().privateKey)],
    "embedded-key"(alg) {
        const { privateKey, publicKey } = NEW_KEY[alg]();
        return [{ jwk: publicKey.export({ format: "jwk" }) }, signer(alg, privateKey)];
    },
    none: () => [{ alg: "none" }, () => Buffer.alloc(0)],
    hs256: (alg, key) => [{ alg: "HS256" }, mac(pem(key))],
};

// @token with the claims of @set and without those of @del, its header changed by @header, signed as @how says:
// by the provider itself ("claims", "no-kid"), or by somebody who hopes that nobody looks.
export function forged(token, { alg, key }, { how = "claims", set = {}, del = [], header = {} }) {
    const [head, body] = token.split(".");
    const [changes, signature] = HOW[how](alg, createPrivateKey({ key, format: "jwk" }));
    const claims = { ...parsed(body), ...set };
    for (const name of del) delete claims[name];
    const data = `${base64url({ ...parsed(head), ...changes, ...header })}.${base64url(claims)}`;
    return `${data}.${signature(Buffer.from(data)).toString("base64url")}`;
}
