// The one port of a provider: hands requests on to it, keeps a log of them, and does the faults that a test asks for.
import http from "node:http";
import https from "node:https";
import { readFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { Faults, DROP, HANG } from "./faults.mjs";
import { Record } from "./record.mjs";
import { json } from "./reply.mjs";

const COMMON = {
    port: { type: "string", default: "0" },
    "tls-cert": { type: "string" },
    "tls-key": { type: "string" },
    "access-ttl": { type: "string", default: "300" },
};
const HANG_SECONDS = 120;
const BODY_BYTES = 1 << 20;

export const argumentsWith = (more) => parseArgs({ options: { ...COMMON, ...more } }).values;

async function bodyOf(message) {
    const parts = [];
    let size = 0;
    for await (const part of message) {
        if ((size += part.length) > BODY_BYTES) throw new Error("the request is too large");
        parts.push(part);
    }
    return Buffer.concat(parts);
}

async function requestOf(message) {
    const url = new URL(message.url, "http://provider");
    return { method: message.method, url: message.url, path: url.pathname, query: url.searchParams,
             headers: message.headers, body: await bodyOf(message) };
}

function end(response, how) {
    if (how === DROP) response.socket?.destroy();
    if (how === HANG) setTimeout(() => response.socket?.destroy(), HANG_SECONDS * 1000).unref();
}

// A reply with @sent and @then has only so many bytes of its body, and then a bad end.
function send(response, answer) {
    if (answer === DROP || answer === HANG) return end(response, answer);
    const headers = answer.headers.filter(([name]) => !/^(content-length|transfer-encoding|connection|date)$/i.test(name));
    response.sendDate = false;
    response.writeHead(answer.status, [...headers, ["content-length", String(answer.body.length)]].flat());
    if (answer.then === undefined) return response.end(answer.body);
    response.write(answer.body.subarray(0, answer.sent), () => end(response, answer.then));
}

// What a test asks of the front itself, below /_test/.
async function control(request, front) {
    const { faults, record, provider } = front;
    const asked = request.body.length ? JSON.parse(request.body) : {};
    switch (`${request.method} ${request.path.slice("/_test/".length)}`) {
        case "GET log": return json(record.log);
        case "GET issued": return json(record.issued());
        case "GET sessions": return json({ sessions: await provider.sessions(request.query.get("user") ?? "a@example.com") });
        case "POST fault": faults.add(asked); return json({});
        case "POST user": Object.assign(front.user, asked); return json(front.user);
        case "POST forget": await provider.forget(asked.user); return json({});
        case "POST rotate-jwks": await provider.rotateKeys(); return json({});
        case "POST reset":
            faults.clear();
            record.clear();
            Object.assign(front.user, { answer: "page", email: "a@example.com" });
            return json({});
        default: return json({ error: "there is no such control" }, 404);
    }
}

async function answer(request, front) {
    if (request.path.startsWith("/_test/")) return control(request, front);
    const endpoint = front.provider.endpoint(request.path);
    const entry = front.record.request(request, endpoint);
    const forward = async () => front.record.reply(await front.provider.handle(request));
    const result = await front.faults.around(endpoint, entry, forward, front.provider);
    if (!result.status) return result; // no reply at all
    const location = result.headers.find(([name]) => name.toLowerCase() === "location");
    if (location && !entry.fault && new URL(location[1], front.base).origin !== front.base) {
        location[1] = front.faults.redirect(location[1], entry);
    }
    entry.status = result.status;
    return front.record.reply(result);
}

function makeServer(options, listener) {
    if (!options["tls-cert"]) return http.createServer(listener);
    return https.createServer({ cert: readFileSync(options["tls-cert"]), key: readFileSync(options["tls-key"]) }, listener);
}

// Serve what makeProvider(base, user) returns; says "ready BASE" and ends when stdin does.
//
// A provider has handle(request) → reply, endpoint(path) → "token", "authorize", … or undefined,
// sessions(email) → number, forget(email), rotateKeys(), signingKey() → { key, alg, kid }.
// The user answers login and consent pages: "page" shows them, "allow" and "deny" are at once.
export async function serve(options, makeProvider) {
    const front = { faults: new Faults(), record: new Record(), user: { answer: "page", email: "a@example.com" } };
    const server = makeServer(options, async (message, response) => {
        try {
            send(response, await answer(await requestOf(message), front));
        } catch (error) {
            console.error(error);
            send(response, json({ error: "front", error_description: String(error) }, 500));
        }
    });
    await new Promise((done) => server.listen(Number(options.port), "127.0.0.1", done));
    front.base = `${options["tls-cert"] ? "https" : "http"}://127.0.0.1:${server.address().port}`;
    front.provider = await makeProvider(front.base, front.user);
    console.log(`ready ${front.base}`);
    process.stdin.on("end", () => process.exit(0)).resume();
}
