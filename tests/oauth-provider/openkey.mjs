// OpenKey's OAuth provider for tests: better-auth with the options of OpenKey, in memory.
//
//     node openkey.mjs [--port N] [--access-ttl SECONDS] [--reuse-interval SECONDS] [--id-alg ALGORITHM]
//                      [--tls-cert FILE --tls-key FILE]
import { randomUUID } from "node:crypto";
import { betterAuth } from "better-auth";
import { jwt } from "better-auth/plugins/jwt";
import { memoryAdapter } from "better-auth/adapters/memory";
import { oauthProvider } from "@better-auth/oauth-provider";
import { argumentsWith, serve } from "./front.mjs";
import { administer } from "./openkey_admin.mjs";
import { PASSWORD, consentPage, loginPage } from "./pages.mjs";
import { json, redirect, reply } from "./reply.mjs";

const SCOPES = ["openid", "email", "keys", "offline_access"];
const WEEK = 7 * 24 * 3600;
const MODELS = ["user", "session", "account", "verification", "jwks", "oauthClient", "oauthRefreshToken", "oauthAccessToken",
                "oauthConsent", "oauthResource", "oauthClientResource", "oauthClientAssertion"];
const OAUTH = "/api/auth/oauth2/";
const DISCOVERY = "/.well-known/openid-configuration";
const METADATA = "/.well-known/oauth-authorization-server";
const ENDPOINTS = {
    [OAUTH + "authorize"]: "authorize", [OAUTH + "token"]: "token", [OAUTH + "userinfo"]: "userinfo",
    [OAUTH + "revoke"]: "revoke", [OAUTH + "register"]: "register", "/api/auth/jwks": "jwks",
    [METADATA]: "metadata", [METADATA + "/api/auth"]: "metadata", [DISCOVERY]: "metadata", ["/api/auth" + DISCOVERY]: "metadata",
};

const claims = ({ user, scopes }) => ({
    ...(scopes.includes("email") && { email: user.email, emailVerified: user.emailVerified }),
    ...(scopes.includes("keys") && { keys: [{ address: "0x7E5F4552091A69125d5DfCb7b8C2659029395Bdf", keyType: "MANAGED", keyId: "1" }] }),
});

const oauth = (options) => oauthProvider({
    loginPage: "/login",
    consentPage: "/consent",
    scopes: SCOPES,
    accessTokenExpiresIn: Number(options["access-ttl"]),
    refreshTokenExpiresIn: WEEK,
    idTokenExpiresIn: 3600,
    storeClientSecret: "hashed",
    allowDynamicClientRegistration: true,
    allowUnauthenticatedClientRegistration: true,
    refreshTokenReuseInterval: Number(options["reuse-interval"]),
    silenceWarnings: { oauthAuthServerConfig: true, openidConfig: true },
    customIdTokenClaims: claims,
    customUserInfoClaims: claims,
});

// Kept here, in clear, so that faults can sign with the provider's own key.
const keyStore = (keys, alg) => jwt({
    jwks: { disablePrivateKeyEncryption: true, keyPairConfig: { alg } },
    adapter: {
        getJwks: async () => [...keys],
        createJwk: async (key) => keys[keys.push({ id: randomUUID(), createdAt: new Date(), ...key }) - 1],
    },
});

// Passwords of test users need no slow hash.
const plain = { hash: async (password) => password, verify: async ({ hash, password }) => hash === password };

const authentication = (base, tables, keys, options) => betterAuth({
    baseURL: base,
    basePath: "/api/auth",
    secret: "secret of the provider of the tests, long enough",
    disabledPaths: ["/token"],
    logger: { level: "error" },
    telemetry: { enabled: false },
    rateLimit: { enabled: false },
    database: memoryAdapter(tables),
    emailAndPassword: { enabled: true, password: plain },
    session: { expiresIn: WEEK, updateAge: 24 * 3600 },
    plugins: [keyStore(keys, options["id-alg"]), oauth(options)],
});

async function toReply(response) {
    return { status: response.status, headers: [...response.headers], body: Buffer.from(await response.arrayBuffer()) };
}

class OpenKey {
    constructor(base, user, options) {
        this.base = base;
        this.user = user;
        this.tables = Object.fromEntries(MODELS.map((model) => [model, []]));
        this.keys = [];
        this.auth = authentication(base, this.tables, this.keys, options);
    }

    async start() {
        this.adapter = (await this.auth.$context).adapter;
        await this.pass("GET", "/api/auth/jwks"); // makes the key
        return this;
    }

    endpoint(path) {
        return ENDPOINTS[path];
    }

    async pass(method, url, headers, body) {
        return toReply(await this.auth.handler(new Request(this.base + url, { method, headers, body })));
    }

    post(path, value, cookie) {
        const headers = { "content-type": "application/json", accept: "application/json", origin: this.base, cookie: cookie ?? "" };
        return this.pass("POST", path, headers, JSON.stringify(value));
    }

    async handle(request) {
        if (request.path === "/login") return this.login(request);
        if (request.path === "/consent") return this.consent(request);
        const administration = await administer(request, this.adapter, SCOPES);
        if (administration) return administration;
        if (ENDPOINTS[request.path] === "metadata") return this.metadata(request);
        return this.pass(request.method, request.url, request.headers, request.body.length ? request.body : undefined);
    }

    // better-auth leaves it to the application where the two documents are.
    async metadata({ method, path }) {
        if (method !== "GET") return reply(405);
        const { getOAuthServerConfig, getOpenIdConfig } = this.auth.api;
        const document = await (path.startsWith(METADATA) ? getOAuthServerConfig : getOpenIdConfig)();
        return json(document);
    }

    // A user who is not known yet gets an account.
    async login(request) {
        const form = new URLSearchParams(request.body.toString());
        if (request.method === "GET" && this.user.answer === "page") return loginPage(request.url, this.user.email);
        const email = form.get("email") ?? this.user.email;
        const password = form.get("password") ?? PASSWORD;
        if (!this.tables.user.some((one) => one.email === email)) {
            await this.auth.api.signUpEmail({ body: { email, password: PASSWORD, name: email } });
        }
        return this.onward(await this.post("/api/auth/sign-in/email", { email, password, oauth_query: request.url.split("?")[1] }));
    }

    async consent(request) {
        if (request.method === "GET" && this.user.answer === "page") {
            return consentPage(request.url, request.query.get("scope") ?? "");
        }
        const answer = new URLSearchParams(request.body.toString()).get("answer") ?? this.user.answer;
        const asked = { accept: answer === "allow", oauth_query: request.url.split("?")[1] };
        return this.onward(await this.post("/api/auth/oauth2/consent", asked, request.headers.cookie));
    }

    // better-auth tells a script of the page where to go: the page of this provider has none.
    onward(answer) {
        const { url } = JSON.parse(answer.body.toString() || "{}");
        return url ? redirect(url, answer.headers.filter(([name]) => name === "set-cookie")) : answer;
    }

    #userId(email) {
        return this.tables.user.find((one) => one.email === email)?.id;
    }

    async sessions(email) {
        const living = ({ userId, revoked, expiresAt }) => userId === this.#userId(email) && !revoked && expiresAt > new Date();
        return this.tables.oauthRefreshToken.filter(living).length;
    }

    async forget(email) {
        this.tables.oauthConsent = this.tables.oauthConsent.filter(({ userId }) => userId !== this.#userId(email));
    }

    // Not at the same time as the old key, or the newer one would not be known by its date.
    async rotateKeys() {
        this.keys.length = 0;
        await this.pass("GET", "/api/auth/jwks");
    }

    signingKey() {
        const { id, alg, privateKey } = this.keys.at(-1);
        return { kid: id, alg, key: JSON.parse(privateKey) };
    }
}

const options = argumentsWith({
    "reuse-interval": { type: "string", default: "0" },
    "id-alg": { type: "string", default: "EdDSA" },
});
await serve(options, (base, user) => new OpenKey(base, user, options).start());
