// Faults that a test asks for: each happens to the next requests of one endpoint.
import { forged } from "./id_token.mjs";
import { html, membersOf, redirect, reply } from "./reply.mjs";

export const DROP = Symbol("close the connection");
export const HANG = Symbol("never answer");

const ENDPOINTS = ["token", "authorize", "jwks", "metadata", "userinfo", "revoke", "register", "device", "par"];
const wait = (ms) => new Promise((done) => setTimeout(done, ms));

// The reply with its JSON members changed by @change; one that has none stays as it is.
function edited(answer, change) {
    const members = membersOf(answer.body);
    return members ? { ...answer, body: Buffer.from(JSON.stringify(change(members))) } : answer;
}

const without = (members, names) => Object.fromEntries(Object.entries(members).filter(([name]) => !names.includes(name)));

// A name may come twice in the text of an object, but not in a value.
function doubled(answer, values) {
    const members = membersOf(answer.body);
    const text = `${JSON.stringify(members).slice(0, -1)},${JSON.stringify(values).slice(1)}`;
    return members ? { ...answer, body: Buffer.from(text) } : answer;
}

// "Before": the provider does not hear of the request. "After": it does what was asked, so that a token is spent.
const KINDS = {
    async status({ code, headers = {}, body = "", after = false }, forward) {
        if (after) await forward();
        const type = typeof body === "string" ? [] : [["content-type", "application/json"]];
        return reply(code, typeof body === "string" ? body : JSON.stringify(body), [...type, ...Object.entries(headers)]);
    },
    set: async ({ values }, forward) => edited(await forward(), (members) => ({ ...members, ...values })),
    del: async ({ names }, forward) => edited(await forward(), (members) => without(members, names)),
    dup: async ({ values }, forward) => doubled(await forward(), values),
    mac: async (_, forward) => edited(await forward(), (members) => ({ ...members, token_type: "mac" })),
    pad: async ({ bytes }, forward) => edited(await forward(), (members) => ({ ...members, padding: "x".repeat(bytes) })),
    async truncate({ bytes }, forward) {
        const answer = await forward();
        return { ...answer, body: answer.body.subarray(0, bytes) };
    },
    cut: async ({ bytes }, forward) => ({ ...await forward(), sent: bytes, then: DROP }),
    stall: async ({ bytes }, forward) => ({ ...await forward(), sent: bytes, then: HANG }),
    dropBefore: async () => DROP,
    hangBefore: async () => HANG,
    async dropAfter(_, forward) {
        await forward();
        return DROP;
    },
    async hangAfter(_, forward) {
        await forward();
        return HANG;
    },
    async delay({ ms, after = false }, forward) {
        if (!after) await wait(ms);
        const answer = await forward();
        if (after) await wait(ms);
        return answer;
    },
    redirect: async ({ to, code = 307 }) => redirect(to, [], code),
    html: async () => html("<!DOCTYPE html><title>Welcome to the hotel</title>"),
    idToken: async (fault, forward, provider) => edited(await forward(), ({ id_token, ...members }) => (
        { ...members, ...(id_token && { id_token: forged(id_token, provider.signingKey(), fault) }) })),
};

// What happens to an authorization response, which is the query of a redirect.
const IN_QUERY = {
    set: (query, { values }) => Object.entries(values).forEach(([name, value]) => query.set(name, value)),
    del: (query, { names }) => names.forEach((name) => query.delete(name)),
    dup: (query, { values }) => Object.entries(values).forEach(([name, value]) => query.append(name, value)),
};
const isInQuery = ({ endpoint, kind }) => endpoint === "authorize" && kind in IN_QUERY;

export class Faults {
    constructor() {
        this.clear();
    }

    clear() {
        this.waiting = [];
    }

    // @fault: { endpoint, kind, times = 1 (-1: always), … what the kind needs }.
    add(fault) {
        if (!ENDPOINTS.includes(fault.endpoint)) throw new Error(`there is no endpoint ${fault.endpoint}`);
        if (!(fault.kind in KINDS)) throw new Error(`there is no fault ${fault.kind}`);
        this.waiting.push({ times: 1, ...fault });
    }

    #take(fits) {
        const fault = this.waiting.find(fits);
        if (fault && --fault.times === 0) this.waiting.splice(this.waiting.indexOf(fault), 1);
        return fault;
    }

    // What @forward replies to a request of @endpoint, or what goes wrong instead; noted in @entry of the log.
    async around(endpoint, entry, forward, provider) {
        const fault = this.#take((one) => one.endpoint === endpoint && !isInQuery(one));
        if (!fault) return forward();
        entry.fault = fault.kind;
        return KINDS[fault.kind](fault, forward, provider);
    }

    // @location, which leads back to a client, or what it is changed to.
    redirect(location, entry) {
        const fault = this.#take(isInQuery);
        if (!fault) return location;
        entry.fault = fault.kind;
        const url = new URL(location);
        IN_QUERY[fault.kind](url.searchParams, fault);
        return url.href;
    }
}
