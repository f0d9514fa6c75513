// The delegations a node knows, and what follows from them: the rules of tinycloud-core/src/models.
import { need } from "./encoding.mjs";
import { abilityMatches, caveatsContain, ownerOf, parseResource, resourceExtends } from "./resource.mjs";

const CHAIN_MAX = 64;

const isOwner = ({ parsed }, who) => ownerOf(parsed) === who;
const supports = (held, wanted) => resourceExtends(wanted.parsed, held.parsed) && abilityMatches(held.ability, wanted.ability);

// Whether something may stand on a delegation now.
const isOpen = ({ expiry = Infinity, notBefore = -Infinity }, now) => now < expiry && now >= notBefore;

export class Delegations {
    constructor() {
        this.known = new Map();
        this.revoked = new Set();
    }

    // All delegations that @cid stands on, itself first.
    #chain(cid) {
        const found = new Set([cid]);
        for (const one of found) {
            for (const parent of this.known.get(one)?.parents ?? []) found.add(parent);
            need(found.size <= CHAIN_MAX, 403, "delegation-chain-traversal-limit-exceeded");
        }
        return [...found];
    }

    #revokedAncestor(cid) {
        return this.#chain(cid).slice(1).find((one) => this.revoked.has(one));
    }

    // Each of @wanted is held by one of @parents, with its caveats.
    #checkCapabilities(wanted, parents, refusal, caveatRefusal) {
        for (const one of wanted) {
            const held = parents.flatMap(({ capabilities }) => capabilities).filter((other) => supports(other, one));
            need(held.length, 403, `${refusal}: ${one.resource} / ${one.ability}`);
            need(held.some(({ caveats }) => caveatsContain(caveats, one.caveats)), 403, caveatRefusal);
        }
    }

    #checkParents(info, wanted) {
        const parents = info.parents.map((cid) => this.known.get(cid)).filter((parent) => parent?.delegate === info.delegator);
        need(parents.length, 403, "Cannot find parent delegation");
        for (const { cid, terminal } of parents) {
            need(!this.revoked.has(cid), 403, `delegation-parent-revoked: ${cid}`);
            const ancestor = this.#revokedAncestor(cid);
            need(!ancestor, 403, `delegation-ancestor-revoked: ancestor=${ancestor} parent=${cid}`);
            need(!terminal, 403, "terminal-parent-cannot-redelegate");
        }
        const { expiry = Infinity, notBefore = -Infinity } = info;
        const ending = parents.filter((parent) => expiry <= (parent.expiry ?? Infinity));
        need(ending.length, 403, "Child delegation expiry exceeds parent expiry");
        const fitting = ending.filter((parent) => notBefore >= (parent.notBefore ?? -Infinity));
        need(fitting.length, 403, "Child delegation not_before precedes parent not_before");
        this.#checkCapabilities(wanted, fitting, "Unauthorized Capability", "child-caveats-not-subset-of-parent");
    }

    // Keep a delegation whose signature and times are good. That a parent has expired follows from the
    // child's times: it may not outlive it.
    add(info) {
        const wanted = info.capabilities.filter((one) => !isOwner(one, info.delegator));
        if (wanted.length) this.#checkParents(info, wanted);
        this.known.set(info.cid, info);
    }

    #parentsOf(invocation) {
        const { parents } = invocation;
        need(parents.length && new Set(parents).size === parents.length && parents.every((cid) => this.known.has(cid)), 403,
             "Cannot find parent delegation");
        return parents.map((cid) => this.known.get(cid));
    }

    // An invocation whose signature and times are good may do what it says.
    authorize(invocation, now) {
        const wanted = invocation.capabilities.filter((one) => !isOwner(one, invocation.delegator));
        if (!wanted.length) return;
        const parents = this.#parentsOf(invocation);
        for (const { cid, delegate } of parents) {
            need(delegate === invocation.delegator, 403, "Unauthorized Invoker");
            need(!this.revoked.has(cid), 403, `delegation-revoked: ${cid}`);
            const ancestor = this.#revokedAncestor(cid);
            need(!ancestor, 403, `delegation-ancestor-revoked: ancestor=${ancestor} invoked=${cid}`);
            const chain = this.#chain(cid).map((one) => this.known.get(one));
            need(chain.every(Boolean), 403, "Cannot find parent delegation");
            need(chain.every((one) => isOpen(one, now)), 403,
                 `Unauthorized Action: ${wanted[0].resource} / ${wanted[0].ability}`);
        }
        this.#checkCapabilities(wanted, parents, "Unauthorized Action", "invocation-caveats-not-subset-of-chain");
    }

    // Who asks by a request about @target: its signer, or whom its one proof speaks for; undefined: nobody.
    #principal(request, action, target, now) {
        if (!request.parents.length) return request.delegator;
        const proof = request.parents.length === 1 && this.known.get(request.parents[0]);
        if (!proof || proof.delegate !== request.delegator || !isOpen(proof, now)) return undefined;
        if (this.#chain(proof.cid).some((cid) => this.revoked.has(cid))) return undefined;
        const allowed = proof.capabilities.some(({ ability, resource, parsed }) => ability === action && (resource === `urn:cid:${target}`
            || (parsed.space && parsed.service === "delegation" && !parsed.path && parsed.space.owner === proof.delegator)));
        return allowed ? proof.delegator : undefined;
    }

    #concerns(info, who) {
        return who !== undefined && (info.delegator === who || info.delegate === who
            || info.capabilities.some(({ parsed }) => parsed.space?.owner === who));
    }

    revoke(request, target, now) {
        const info = this.known.get(target);
        need(info, 403, "Cannot find parent delegation");
        const who = this.#principal(request, "tinycloud.delegation/revoke", target, now);
        need(this.#concerns(info, who), 403, "Unauthorized Revoker");
        this.revoked.add(target);
    }

    // "active", "revoked", "expired", "unavailable" or "not_found", for the signer of @request.
    status(request, target, now) {
        const info = this.known.get(target);
        if (!info || !this.#concerns(info, this.#principal(request, "tinycloud.delegation/status", target, now))) return "not_found";
        if (this.#chain(target).some((cid) => this.revoked.has(cid))) return "revoked";
        const chain = this.#chain(target).map((cid) => this.known.get(cid));
        if (!chain.every(Boolean)) return "unavailable";
        return chain.every((one) => isOpen(one, now)) ? "active" : "expired";
    }
}

// Whether @info gives all of @needs, [[resource, ability], …].
export function checkNeeds(info, needs) {
    for (const [resource, ability] of needs) {
        const wanted = { ability, parsed: parseResource(resource) };
        need(info.capabilities.some((held) => supports(held, wanted)), 403, `Unauthorized Action: ${resource} / ${ability}`);
    }
}

