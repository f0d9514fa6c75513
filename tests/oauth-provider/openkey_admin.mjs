// OpenKey's admin API for OAuth clients, below /api/admin/oauth/clients.
import { createHash, randomBytes } from "node:crypto";
import { json } from "./reply.mjs";

export const ADMIN_KEY = "admin-key-of-the-tests";
const PATH = "/api/admin/oauth/clients";
const TYPES = ["spa", "native", "web"];
const SHOWN = ["id", "clientId", "name", "uri", "icon", "redirectUris", "type", "public", "disabled", "scopes",
               "tokenEndpointAuthMethod", "createdAt"];
const CHANGED = ["name", "redirectUris", "uri", "icon", "disabled", "scopes"];
const BLOCKED_SCHEMES = new Set(["about:", "blob:", "data:", "file:", "javascript:", "chrome-extension:", "moz-extension:",
                                 "ftp:", "mailto:", "urn:", "ws:", "wss:"]);

const refusal = (status, error) => json({ error }, status);
const shown = (client) => Object.fromEntries(SHOWN.map((name) => [name, client[name] ?? null]));
const isLoopback = (host) => host === "localhost" || host === "[::1]" || /^127(\.\d{1,3}){3}$/.test(host);

// https, http on loopback, and for native applications a scheme of their own.
function isRedirectUri(text, type) {
    if (typeof text !== "string" || !URL.canParse(text)) return false;
    const { protocol, hostname, hash, username } = new URL(text);
    if (BLOCKED_SCHEMES.has(protocol) || hash || username) return false;
    if (protocol === "https:") return true;
    return protocol === "http:" ? isLoopback(hostname) : type === "native";
}

function problem(asked, type) {
    if (!asked.name || typeof asked.name !== "string") return "name is required";
    if (!TYPES.includes(type)) return `type must be one of: ${TYPES.join(", ")}`;
    if (!Array.isArray(asked.redirectUris) || !asked.redirectUris.length) return "redirectUris must be a non-empty array";
    const wrong = asked.redirectUris.find((uri) => !isRedirectUri(uri, type));
    return wrong === undefined ? null : `${wrong} cannot be a redirect URI`;
}

function newClient(asked, type, scopes, secret) {
    const now = new Date();
    return {
        clientId: `ok_${randomBytes(16).toString("hex")}`,
        // better-auth compares with the base64url form of the hash; hexadecimal would never fit.
        clientSecret: secret && createHash("sha256").update(secret).digest("base64url"),
        name: asked.name, uri: asked.uri, icon: asked.icon, redirectUris: asked.redirectUris, scopes: asked.scopes ?? scopes,
        disabled: false, skipConsent: false, public: type !== "web", type,
        tokenEndpointAuthMethod: type === "web" ? "client_secret_basic" : "none",
        grantTypes: ["authorization_code", "refresh_token"], responseTypes: ["code"], createdAt: now, updatedAt: now,
    };
}

async function create(adapter, asked, scopes) {
    const type = asked.type ?? "spa";
    const wrong = problem(asked, type);
    if (wrong) return refusal(400, wrong);
    const clientSecret = type === "web" ? randomBytes(32).toString("base64url") : undefined;
    const client = await adapter.create({ model: "oauthClient", data: newClient(asked, type, scopes, clientSecret) });
    // The documentation has the secret inside `client`, the source beside it.
    return json({ success: true, client: { ...shown(client), clientSecret }, clientSecret }, 201);
}

async function one(adapter, method, clientId, asked) {
    const where = [{ field: "clientId", value: clientId }];
    const client = await adapter.findOne({ model: "oauthClient", where });
    if (!client) return refusal(404, "Client not found");
    if (method === "GET") return json({ client: shown(client) });
    if (method === "DELETE") {
        await adapter.delete({ model: "oauthClient", where });
        return json({ success: true });
    }
    if ("type" in asked) return refusal(400, "type cannot be changed after client creation");
    if (asked.redirectUris?.some((uri) => !isRedirectUri(uri, client.type))) return refusal(400, "redirectUris");
    const update = Object.fromEntries(CHANGED.filter((name) => name in asked).map((name) => [name, asked[name]]));
    return json({ success: true, client: shown(await adapter.update({ model: "oauthClient", where, update })) });
}

// The reply to @request, or null when it is not for the admin API. New clients get @scopes.
export async function administer(request, adapter, scopes) {
    if (request.path !== PATH && !request.path.startsWith(PATH + "/")) return null;
    const [, key] = /^Bearer (.*)$/.exec(request.headers.authorization ?? "") ?? [];
    if (key === undefined) return refusal(401, "Missing authorization header");
    if (key !== ADMIN_KEY) return refusal(403, "Invalid admin API key");
    const asked = request.body.length ? JSON.parse(request.body) : {};
    const clientId = decodeURIComponent(request.path.slice(PATH.length + 1));
    if (clientId && ["GET", "PATCH", "DELETE"].includes(request.method)) return one(adapter, request.method, clientId, asked);
    if (!clientId && request.method === "POST") return create(adapter, asked, scopes);
    if (!clientId && request.method === "GET") {
        return json({ clients: (await adapter.findMany({ model: "oauthClient" })).map(shown) });
    }
    return refusal(404, "Not found");
}
