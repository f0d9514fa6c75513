// What a provider was asked and what secrets it gave out.
import { createHash } from "node:crypto";
import { membersOf } from "./reply.mjs";

const SECRETS = new Set(["code", "code_verifier", "refresh_token", "access_token", "id_token", "id_token_hint", "token",
                         "client_secret", "password", "device_code", "client_assertion", "subject_token"]);
const ISSUED = { access_token: "access", refresh_token: "refresh", id_token: "id", client_secret: "client_secret",
                 clientSecret: "client_secret", device_code: "device_code", registration_access_token: "registration" };
const SHOWN_HEX = 16;

const hidden = (value) => "sha256:" + createHash("sha256").update(value).digest("hex").slice(0, SHOWN_HEX);

// Names and values of a request, from its query and its body; a name that comes twice has a list.
function parametersOf({ query, body, headers }) {
    const pairs = [...query];
    const type = headers["content-type"] ?? "";
    if (type.startsWith("application/x-www-form-urlencoded")) pairs.push(...new URLSearchParams(body.toString()));
    if (type.startsWith("application/json")) pairs.push(...Object.entries(membersOf(body) ?? {}));
    const found = {};
    for (const [name, value] of pairs) {
        const shown = SECRETS.has(name) ? hidden(String(value)) : value;
        found[name] = name in found ? [found[name], shown].flat() : shown;
    }
    return found;
}

export class Record {
    constructor() {
        this.clear();
    }

    clear() {
        this.log = [];
        this.secrets = {};
    }

    // The entry of the log for @request; its fault and its status are added later.
    request(request, endpoint = null) {
        const params = parametersOf(request);
        const { redirect_uri = null, code_challenge_method = null, grant_type = null } = params;
        const scheme = request.headers.authorization?.split(" ")[0].toLowerCase() ?? null;
        const entry = { time: Date.now() / 1000, endpoint, method: request.method, path: request.path, params,
                        auth: scheme, redirect_uri, code_challenge_method, grant_type, dpop: "dpop" in request.headers,
                        secret_in_query: this.#hasSecret(request), fault: null, status: null };
        this.log.push(entry);
        return entry;
    }

    // The code of an authorization response is in a query, but not of a request to the provider.
    #hasSecret({ query, url }) {
        return [...query.keys()].some((name) => SECRETS.has(name))
            || Object.values(this.secrets).some((values) => [...values].some((value) => url.includes(encodeURIComponent(value))));
    }

    #issue(kind, value) {
        (this.secrets[kind] ??= new Set()).add(value);
    }

    #issueMembers(value) {
        if (typeof value !== "object" || value === null) return;
        for (const [name, member] of Object.entries(value)) {
            if (typeof member === "object") this.#issueMembers(member);
            else if (ISSUED[name] && typeof member === "string") this.#issue(ISSUED[name], member);
        }
    }

    // Notes what is secret in @reply, and returns it.
    reply(reply) {
        for (const [name, value] of reply.headers) {
            const code = name.toLowerCase() === "location" && new URL(value, "http://provider").searchParams.get("code");
            if (code) this.#issue("code", code);
        }
        if (reply.body.length && reply.body.length < 1 << 20) this.#issueMembers(membersOf(reply.body));
        return reply;
    }

    issued() {
        return Object.fromEntries(Object.entries(this.secrets).map(([kind, values]) => [kind, [...values]]));
    }
}
