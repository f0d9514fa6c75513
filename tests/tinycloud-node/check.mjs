// Verdicts over what sealring makes: one JSON object a line, one verdict a line.
//
//     { kind: "cacao", authorization }            or { kind: "cacao", siwe, signature: "0x…" }
//     { kind: "ucan", authorization }
//     { kind: "session", record }
//     { kind: "portable", delegation }
//
// With any: now (seconds since 1970), needs ([[resource, ability], …] that must be granted), parents (the
// Authorization headers of the delegations it stands on, roots first), role: "invocation", and once: true (the
// nonce must not have come with once before).
// The verdict is { ok: true, cid, delegator, delegate, … } or { ok: false, status, reason }.
import { Refusal, need, padded } from "./encoding.mjs";
import { Delegations, checkNeeds } from "./graph.mjs";
import { answerLines } from "./lines.mjs";
import { cacaoOf, checkTime, readCacao, readDelegation, readUcan, verifyPortable, verifySession } from "./verify.mjs";

const nonces = new Set();

async function read(asked, now) {
    switch (asked.kind) {
        case "session": return verifySession(asked.record, now);
        case "portable": return verifyPortable(asked.delegation, now);
        case "ucan": return readUcan(asked.authorization);
        case "cacao": return readCacao(asked.authorization ?? padded(cacaoOf(asked.siwe, Buffer.from(asked.signature.slice(2), "hex"))));
        default: throw new Refusal(400, `kind ${asked.kind}`);
    }
}

async function checkChain(info, asked, now) {
    const delegations = new Delegations();
    for (const parent of asked.parents) delegations.add(await readDelegation(parent));
    if (asked.role === "invocation") delegations.authorize(info, now);
    else delegations.add(info);
}

async function verify(asked) {
    const now = asked.now ?? Date.now() / 1000;
    const info = await read(asked, now);
    checkTime(info, now, "Delegation");
    if (asked.parents) await checkChain(info, asked, now);
    checkNeeds(info, asked.needs ?? []);
    if (asked.once) {
        need(!nonces.has(info.nonce), 409, "the nonce has been used");
        nonces.add(info.nonce);
    }
    const { capabilities, members, ...rest } = info;
    return { ok: true, ...rest, capabilities: capabilities.map(({ parsed, ...one }) => one) };
}

await answerLines(async (asked) => {
    try {
        return await verify(asked);
    } catch (error) {
        if (error instanceof Refusal) return { ok: false, status: error.status, reason: error.message };
        return { ok: false, status: 500, reason: error.stack };
    }
});
