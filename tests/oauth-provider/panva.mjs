// panva's oidc-provider for tests, in memory: pushed requests, DPoP, the device grant, open registration.
//
//     node panva.mjs [--port N] [--access-ttl SECONDS] [--id-alg ALGORITHM] [--par] [--dpop-nonce]
//                    [--client-secret TEXT] [--tls-cert FILE --tls-key FILE]
//
// --par: authorization requests must be pushed; --dpop-nonce: proofs must have a nonce of the server;
// --client-secret: what clients with a secret get as theirs.
import http from "node:http";
import { generateKeyPairSync, randomBytes, randomUUID } from "node:crypto";
import { Provider } from "oidc-provider";
import { argumentsWith, serve } from "./front.mjs";
import { PASSWORD, consentPage, loginPage } from "./pages.mjs";
import { Storage } from "./panva_storage.mjs";

const SOCKET = "provider.sock"; // in the folder of the process
const INTERACTION = "/interaction/";
const WEEK = 7 * 24 * 3600;
const ENDPOINTS = {
    "/auth": "authorize", "/token": "token", "/me": "userinfo", "/token/revocation": "revoke", "/reg": "register",
    "/jwks": "jwks", "/device/auth": "device", "/request": "par",
    "/.well-known/openid-configuration": "metadata", "/.well-known/oauth-authorization-server": "metadata",
};
const KEY_TYPES = {
    EdDSA: ["ed25519"], ES256: ["ec", { namedCurve: "P-256" }],
    RS256: ["rsa", { modulusLength: 2048 }], PS256: ["rsa", { modulusLength: 2048 }],
};

function newKey(alg) {
    const { privateKey } = generateKeyPairSync(...KEY_TYPES[alg]);
    return { ...privateKey.export({ format: "jwk" }), alg, use: "sig", kid: randomUUID() };
}

const features = (options) => ({
    devInteractions: { enabled: false },
    deviceFlow: { enabled: true },
    dPoP: { enabled: true, nonceSecret: randomBytes(32), requireNonce: () => Boolean(options["dpop-nonce"]) },
    introspection: { enabled: true },
    pushedAuthorizationRequests: { enabled: true, requirePushedAuthorizationRequests: Boolean(options.par) },
    registration: { enabled: true, secretFactory: () => options["client-secret"] ?? randomBytes(32).toString("base64url") },
    revocation: { enabled: true },
});

const configuration = (options, storage, key) => ({
    adapter: storage.adapter(),
    jwks: { keys: [key] },
    enabledJWA: { idTokenSigningAlgValues: [key.alg] },
    clientDefaults: { id_token_signed_response_alg: key.alg },
    features: features(options),
    scopes: ["openid", "email", "offline_access"],
    claims: { openid: ["sub"], email: ["email", "email_verified"] },
    findAccount: async (_, id) => ({ accountId: id, claims: async () => ({ sub: id, email: id, email_verified: true }) }),
    interactions: { url: (_, { uid }) => INTERACTION + uid },
    rotateRefreshToken: true,
    clientBasedCORS: () => false,
    cookies: { keys: [randomBytes(16).toString("hex")] },
    ttl: { AccessToken: Number(options["access-ttl"]), RefreshToken: WEEK, IdToken: 3600, DeviceCode: 600,
           Grant: WEEK, Session: WEEK, Interaction: 600 },
});

async function formOf(message) {
    const parts = [];
    for await (const part of message) parts.push(part);
    return new URLSearchParams(Buffer.concat(parts).toString());
}

function show(response, { status, headers, body }) {
    response.writeHead(status, headers.flat()).end(body);
}

class Panva {
    constructor(base, user, options) {
        this.base = base;
        this.user = user;
        this.options = options;
        this.storage = new Storage();
    }

    // oidc-provider wants Node's own requests, so it has a server of its own, behind the front.
    async start() {
        await this.rotateKeys();
        const server = http.createServer((message, response) => {
            const answer = message.url.startsWith(INTERACTION) ? this.#interact(message, response) : this.callback(message, response);
            Promise.resolve(answer).catch((error) => {
                console.error(error);
                response.writeHead(500).end(String(error));
            });
        });
        await new Promise((done) => server.listen(SOCKET, done));
        return this;
    }

    endpoint(path) {
        return ENDPOINTS[path];
    }

    handle({ method, url, headers, body }) {
        const forwarded = { ...headers, "x-forwarded-proto": new URL(this.base).protocol.slice(0, -1) };
        return new Promise((done, failed) => {
            const request = http.request({ socketPath: SOCKET, method, path: url, headers: forwarded, agent: false }, async (message) => {
                const parts = [];
                for await (const part of message) parts.push(part);
                const pairs = message.rawHeaders.flatMap((name, i, all) => (i % 2 ? [] : [[name, all[i + 1]]]));
                done({ status: message.statusCode, headers: pairs, body: Buffer.concat(parts) });
            });
            request.on("error", failed).end(body);
        });
    }

    // The pages where the user signs in and agrees.
    async #interact(message, response) {
        const { prompt, params } = await this.provider.interactionDetails(message, response);
        const form = message.method === "POST" ? await formOf(message) : null;
        if (!form && this.user.answer === "page") {
            return show(response, prompt.name === "login" ? loginPage(message.url, this.user.email) : consentPage(message.url, params.scope));
        }
        const result = prompt.name === "login" ? this.#login(form) : await this.#consent(form, prompt, params, message, response);
        if (!result) return show(response, loginPage(message.url, this.user.email));
        return this.provider.interactionFinished(message, response, result, { mergeWithLastSubmission: prompt.name !== "login" });
    }

    #login(form) {
        if ((form?.get("password") ?? PASSWORD) !== PASSWORD) return null;
        return { login: { accountId: form?.get("email") ?? this.user.email } };
    }

    async #consent(form, { details }, { client_id: clientId }, message, response) {
        if ((form?.get("answer") ?? this.user.answer) !== "allow") {
            return { error: "access_denied", error_description: "User denied access" };
        }
        const { grantId, session } = await this.provider.interactionDetails(message, response);
        const known = grantId && await this.provider.Grant.find(grantId);
        const grant = known || new this.provider.Grant({ accountId: session.accountId, clientId });
        if (details.missingOIDCScope) grant.addOIDCScope(details.missingOIDCScope.join(" "));
        if (details.missingOIDCClaims) grant.addOIDCClaims(details.missingOIDCClaims);
        return { consent: { grantId: await grant.save() } };
    }

    async sessions(email) {
        return this.storage.living("RefreshToken").filter(({ accountId }) => accountId === email).length;
    }

    async forget() {} // every browser is asked anyway

    async rotateKeys() {
        this.key = newKey(this.options["id-alg"]);
        this.provider = new Provider(this.base, configuration(this.options, this.storage, this.key));
        this.provider.proxy = true;
        this.callback = this.provider.callback();
    }

    signingKey() {
        return { kid: this.key.kid, alg: this.key.alg, key: this.key };
    }
}

const options = argumentsWith({
    "id-alg": { type: "string", default: "RS256" },
    par: { type: "boolean" },
    "dpop-nonce": { type: "boolean" },
    "client-secret": { type: "string" },
});
await serve(options, (base, user) => new Panva(base, user, options).start());
