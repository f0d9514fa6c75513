// What TinyCloud's SDKs do with a signer, a strategy and a storage: the calls that js-sdk makes of them, its
// messages and stored sessions made by the npm libraries. Nothing is sent to a node. It stands in for
// @tinycloud/web-sdk and @tinycloud/node-sdk, which are in no registry, where code for them is run.
import { getAddress, verifyMessage } from "viem";
import { base64url, cidOf, padded } from "./encoding.mjs";
import { newNonce, sessionKey } from "./sign.mjs";
import { messageOf, recapUri, statementOf } from "./siwe.mjs";
import { cacaoOf } from "./verify.mjs";

const SESSION_MS = 7 * 24 * 3600 * 1000;

const hexOf = (text) => `0x${Buffer.from(text).toString("hex")}`;

// BrowserWalletSigner, as ethers has it: the address is lower-case in personal_sign.
class ProviderSigner {
    constructor(provider) {
        this.provider = provider;
    }

    async getAddress() {
        this.address ??= (await this.provider.request({ method: "eth_requestAccounts", params: [] }))[0];
        return this.address;
    }

    async getChainId() {
        return Number(await this.provider.request({ method: "eth_chainId", params: [] }));
    }

    async signMessage(message) {
        const address = await this.getAddress();
        return this.provider.request({ method: "personal_sign", params: [hexOf(message), address.toLowerCase()] });
    }
}

export class NodeUserAuthorization {
    constructor({ signer, signStrategy = { type: "auto-sign" }, sessionStorage, domain, sessionExpirationMs = SESSION_MS }) {
        Object.assign(this, { signer, signStrategy, sessionStorage, domain, sessionExpirationMs });
    }

    async prepareSessionForSigning() {
        const address = getAddress(await this.signer.getAddress());
        const chainId = await this.signer.getChainId();
        const key = sessionKey();
        const spaceId = `tinycloud:pkh:eip155:${chainId}:${address}:default`;
        const att = { [`${spaceId}/kv`]: { "tinycloud.kv/get": [{}], "tinycloud.kv/put": [{}] } };
        const now = Date.now();
        const siwe = messageOf({ domain: this.domain, iss: `did:pkh:eip155:${chainId}:${address}`, statement: statementOf(att),
                                 aud: key.method, version: 1, nonce: newNonce(), iat: new Date(now).toISOString(),
                                 exp: new Date(now + this.sessionExpirationMs).toISOString(), resources: [recapUri(att, [])] });
        const jwk = { kty: "OKP", crv: "Ed25519", x: key.x, d: base64url(Buffer.from(key.seed, "hex")), kid: "default" };
        return { prepared: { siwe, jwk, spaceId, verificationMethod: key.method }, keyId: `session-${now}`, jwk, address, chainId };
    }

    async signInWithPreparedSession(prepared, signature, keyId, jwk) {
        const address = getAddress(await this.signer.getAddress());
        const chainId = await this.signer.getChainId();
        if (!await verifyMessage({ address, message: prepared.siwe, signature })) throw new Error("the signature is not the signer's");
        const cacao = cacaoOf(prepared.siwe, Buffer.from(signature.slice(2), "hex"));
        const [, createdAt] = /Issued At: (.+)/.exec(prepared.siwe);
        const [, expiresAt] = /Expiration Time: (.+)/.exec(prepared.siwe);
        await this.sessionStorage?.save(address, {
            address, chainId, sessionKey: JSON.stringify(jwk), siwe: prepared.siwe, signature,
            tinycloudSession: { delegationHeader: { Authorization: padded(cacao) }, delegationCid: cidOf(cacao), spaceId: prepared.spaceId,
                                verificationMethod: prepared.verificationMethod },
            expiresAt, createdAt, version: "1.0",
        });
        return { address, walletAddress: address, chainId, sessionKey: keyId, siwe: prepared.siwe, signature };
    }

    async signIn() {
        const { prepared, keyId, jwk, address, chainId } = await this.prepareSessionForSigning();
        const signature = await this.#sign({ address, chainId, message: prepared.siwe, type: "siwe", purpose: "sign-in" });
        return this.signInWithPreparedSession(prepared, signature, keyId, jwk);
    }

    async #sign(request) {
        if (this.signStrategy.type === "auto-sign") return this.signer.signMessage(request.message);
        const response = await this.signStrategy.handler(request);
        if (!response.approved) throw new Error(response.reason ?? "Sign request rejected by callback");
        return response.signature ?? this.signer.signMessage(request.message);
    }

    async restoreSession() {
        if (!this.sessionStorage.isAvailable()) return { status: "storage-unavailable" };
        const { status, data } = await this.sessionStorage.loadWithStatus(await this.signer.getAddress());
        return status === "loaded" ? { status: "restored", session: data } : { status };
    }

    async isSessionPersisted() {
        return this.sessionStorage.exists(await this.signer.getAddress());
    }

    async signOut() {
        await this.sessionStorage.clear(await this.signer.getAddress());
    }
}

export class TinyCloudNode extends NodeUserAuthorization {
    constructor(config) {
        super({ domain: "app.tinycloud.xyz", ...config });
    }
}

export class TinyCloudWeb extends NodeUserAuthorization {
    constructor({ provider, ...config }) {
        super({ signer: new ProviderSigner(provider), ...config });
    }
}

export class NodeWasmBindings {}
