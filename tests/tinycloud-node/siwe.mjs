// EIP-4361 messages and the ReCap in them, from and to the members of a CACAO.
import { getAddress } from "viem";
import { fromBase64url, fromJcs, jcs, need, readCid } from "./encoding.mjs";

const PREFIX = "urn:recap:";
const PREAMBLE = "I further authorize the stated URI to perform the following actions on my behalf:";
const URI = "[A-Za-z][A-Za-z0-9+.-]*:(?:[A-Za-z0-9._~:/?#\\[\\]@!$&'()*+,;=-]|%[0-9A-Fa-f]{2})*";
const TIME = "[0-9TtZz:.+-]+";
const ABILITY = /^[A-Za-z0-9.*_+-]+\/[A-Za-z0-9.*_+-]+$/;
const FORM = new RegExp([
    "^(?:(?<scheme>[A-Za-z][A-Za-z0-9+.-]*)://)?(?<domain>[A-Za-z0-9._~:@!$&'()*+,;=%\\[\\]-]+)",
    " wants you to sign in with your Ethereum account:\\n(?<address>0x[0-9A-Fa-f]{40})\\n\\n(?:(?<statement>[^\\n]+)\\n)?\\n",
    `URI: (?<aud>${URI})\\nVersion: 1\\nChain ID: (?<chain>0|[1-9][0-9]*)\\nNonce: (?<nonce>[A-Za-z0-9]{8,})\\n`,
    `Issued At: (?<iat>${TIME})(?:\\nExpiration Time: (?<exp>${TIME}))?(?:\\nNot Before: (?<nbf>${TIME}))?`,
    `(?:\\nRequest ID: (?<request_id>[A-Za-z0-9._~:@!$&'()*+,;=%-]*))?(?:\\nResources:(?<resources>(?:\\n- ${URI})+))?$`,
].join(""));

// The message that has been signed for the members @p of a CACAO.
export function messageOf(p) {
    const [, , , chain, address] = p.iss.split(":");
    const lines = [`${p.scheme ? `${p.scheme}://` : ""}${p.domain} wants you to sign in with your Ethereum account:`, address, ""];
    if (p.statement !== undefined) lines.push(p.statement);
    lines.push("", `URI: ${p.aud}`, `Version: ${p.version}`, `Chain ID: ${chain}`, `Nonce: ${p.nonce}`, `Issued At: ${p.iat}`);
    if (p.exp !== undefined) lines.push(`Expiration Time: ${p.exp}`);
    if (p.nbf !== undefined) lines.push(`Not Before: ${p.nbf}`);
    if (p.request_id !== undefined) lines.push(`Request ID: ${p.request_id}`);
    if (p.resources?.length) lines.push("Resources:", ...p.resources.map((resource) => `- ${resource}`));
    return lines.join("\n");
}

// The members of a CACAO for a message.
export function membersOf(message) {
    const found = FORM.exec(message);
    need(found, 401, "not a message of EIP-4361");
    const { address, chain, resources, ...members } = found.groups;
    need(getAddress(address.toLowerCase()) === address, 401, "the address has no checksum of EIP-55");
    const given = Object.entries(members).filter(([, value]) => value !== undefined);
    return { ...Object.fromEntries(given), version: 1, iss: `did:pkh:eip155:${chain}:${address}`,
             ...(resources && { resources: resources.split("\n- ").slice(1) }) };
}

// --- ReCap --------------------------------------------------------------------------------------

const byBytes = ([a], [b]) => Buffer.compare(Buffer.from(a), Buffer.from(b));

// What a ReCap grants, in words; as siwe-recap writes it: by resource, by namespace, numbered through.
export function statementOf(att) {
    const groups = Object.entries(att).sort(byBytes).flatMap(([resource, abilities]) => {
        const names = {};
        for (const ability of Object.keys(abilities)) {
            const [namespace, name] = ability.split("/");
            (names[`.${namespace}`] ??= []).push([name]); // the dot keeps names like 10 from being sorted as numbers
        }
        return Object.entries(names).sort(byBytes).map(([namespace, found]) =>
            `'${namespace.slice(1)}': ${found.sort(byBytes).map(([name]) => `'${name}'`).join(", ")} for '${resource}'.`);
    });
    return PREAMBLE + groups.map((group, i) => ` (${i + 1}) ${group}`).join("");
}

export const recapUri = (att, prf) => PREFIX + Buffer.from(jcs({ att, prf })).toString("base64url");

const isObject = (value) => typeof value === "object" && value !== null && !Array.isArray(value);

// The capabilities of an att of a ReCap or a UCAN.
export function capabilitiesOf(att) {
    need(isObject(att), 401, "att is no object");
    return Object.entries(att).sort(byBytes).flatMap(([resource, abilities]) => {
        need(new RegExp(`^${URI}$`).test(resource), 401, `not a URI: ${resource}`);
        need(isObject(abilities) && Object.keys(abilities).length, 401, `no abilities for ${resource}`);
        return Object.entries(abilities).sort(byBytes).map(([ability, caveats]) => {
            need(ABILITY.test(ability), 401, `not an ability: ${ability}`);
            need(Array.isArray(caveats) && caveats.length && caveats.every(isObject), 401, `no caveats for ${ability}`);
            return { resource, ability, caveats };
        });
    });
}

// { capabilities, parents } of the ReCap in the members @p of a CACAO; empty without one.
export function recapOf({ resources = [], statement }) {
    const found = resources.filter((resource) => resource.startsWith(PREFIX));
    if (!found.length) return { capabilities: [], parents: [] };
    need(found.length === 1 && resources.at(-1) === found[0], 401, "the ReCap is not the last resource");
    const { att, prf, ...more } = fromJcs(fromBase64url(found[0].slice(PREFIX.length)), "the ReCap");
    need(Object.keys(more).length === 0 && Array.isArray(prf), 401, "a ReCap has att and prf");
    const capabilities = capabilitiesOf(att);
    const parents = prf.map((cid) => readCid(cid, true));
    // The node reads the caveats of a ReCap as empty ones.
    need(capabilities.every(({ caveats }) => caveats.every((caveat) => !Object.keys(caveat).length)), 401, "a ReCap with caveats");
    const words = statementOf(att);
    need(statement === words || statement?.endsWith(` ${words}`), 401, `the statement does not end with: ${words}`);
    return { capabilities, parents };
}
