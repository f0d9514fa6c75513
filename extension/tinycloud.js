/*
 * TinyCloud's SDKs with sealring: their signers and their session storage, on top of a function
 *
 *     request(method, params) → a promise of the result
 *
 * that talks to the native host for the page or extension in question (docs/PROTOCOL.md). It rejects
 * with an Error whose `reason` is that of the protocol ("STORE_LOCKED"). No build step, nothing to
 * import; docs/TINYCLOUD.md shows each part in use.
 */

const PREFIX = "tinycloud:session:"; // the SDK's own storages use it too

/* The store is not there, or not open. */
const UNAVAILABLE = new Set(["STORE_LOCKED", "STORE_UNAVAILABLE", "AGENT_UNAVAILABLE", "NO_PROMPT", "USER_REJECTED"]);

function hexOf(message) {
  const bytes = typeof message === "string" ? new TextEncoder().encode(message) : Uint8Array.from(message);
  return "0x" + Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/* What a stored text is: its status, and the session when it is good. */
function read(text) {
  try {
    const data = JSON.parse(text);
    const end = Date.parse(data.expiresAt);
    if (!Number.isFinite(end)) return { status: "corrupt", data: null };
    return end > Date.now() ? { status: "loaded", data } : { status: "expired", data: null };
  } catch {
    return { status: "corrupt", data: null };
  }
}

/*
 * The SDK's ISessionStorage in the keyring. A session is one record, its JSON as the SDK would write
 * it, at most 131 072 bytes. exists() and isAvailable() cannot wait, so they answer from what this
 * object has seen: call ready() once before the SDK does, and use one object for each page.
 */
export class SealringSessionStorage {
  #request;
  #prefix;
  #ends = new Map(); // lower-case address → when its session ends, milliseconds
  #available = false;

  /* keyPrefix: what the names of the records start with; another one for each of several apps. */
  constructor(request, { keyPrefix = PREFIX } = {}) {
    this.#request = request;
    this.#prefix = keyPrefix;
  }

  async #call(method, params) {
    try {
      const result = await this.#request(method, params);
      this.#available = true;
      return result;
    } catch (error) {
      if (UNAVAILABLE.has(error.reason)) this.#available = false;
      throw error;
    }
  }

  #key(address) {
    return this.#prefix + address.toLowerCase();
  }

  #note(address, { status, data }) {
    const name = address.toLowerCase();
    if (status === "loaded") this.#ends.set(name, Date.parse(data.expiresAt));
    else this.#ends.delete(name);
  }

  /* Learn which sessions are stored. Resolves to this object; rejects when the store cannot be read. */
  async ready() {
    const { keys } = await this.#call("storage.list", { prefix: this.#prefix });
    this.#ends.clear();
    for (const key of keys) await this.loadWithStatus(key.slice(this.#prefix.length));
    return this;
  }

  /* Store a session of the SDK, in place of the address's earlier one. */
  async save(address, session) {
    const value = JSON.stringify(session);
    await this.#call("storage.set", { key: this.#key(address), value });
    this.#note(address, read(value));
  }

  /* The session, or null when there is none, it has expired or is damaged. Rejects when the store
   * cannot be read: null would make the SDK ask for a new sign-in. */
  async load(address) {
    const { status, data, error } = await this.loadWithStatus(address);
    if (status === "storage-unavailable") throw error;
    return data;
  }

  /* The same with the SDK's statuses: loaded, missing, expired, corrupt, storage-unavailable (then
   * with the error). What has expired is removed. */
  async loadWithStatus(address) {
    let found;
    try {
      const { value } = await this.#call("storage.get", { key: this.#key(address) });
      found = value === null ? { status: "missing", data: null } : read(value);
      if (found.status === "expired") await this.#call("storage.delete", { key: this.#key(address) });
    } catch (error) {
      if (UNAVAILABLE.has(error.reason)) return { status: "storage-unavailable", data: null, error };
      if (error.reason !== "CORRUPT") throw error;
      found = { status: "corrupt", data: null };
    }
    this.#note(address, found);
    return found;
  }

  /* Remove the address's session for good; fine when there is none. */
  async clear(address) {
    await this.#call("storage.delete", { key: this.#key(address) });
    this.#ends.delete(address.toLowerCase());
  }

  /* Whether there is a session that has not expired, as far as this object has seen. */
  exists(address) {
    return (this.#ends.get(address.toLowerCase()) ?? 0) > Date.now();
  }

  /* Whether the last answer of the store was one; false before ready(). */
  isAvailable() {
    return this.#available;
  }
}

/* The SDK's ISigner. The address stays the one that was connected first. */
export function sealringSigner(request) {
  let address;
  const getAddress = async () => (address ??= (await request("eth_requestAccounts", []))[0]);
  return {
    getAddress,
    getChainId: async () => Number(await request("eth_chainId", [])),
    /* message: text or bytes. Resolves to "0x…", 65 bytes. */
    signMessage: async (message) => request("personal_sign", [hexOf(message), await getAddress()]),
  };
}

/*
 * The handler of the SDK's callback strategy: a SignRequest {address, chainId, message, type, purpose}
 * becomes {approved: true, signature}, or {approved: false, reason} when the user or sealring said no.
 * sealring asks the user itself, and judges by the message, not by type and purpose.
 */
export function sealringCallback(request) {
  return async ({ address, message }) => {
    try {
      return { approved: true, signature: await request("personal_sign", [hexOf(message), address]) };
    } catch (error) {
      if (!error.reason) throw error;
      return { approved: false, reason: `${error.message} (${error.reason})` };
    }
  };
}

/* An EIP-1193 provider, enough of one for TinyCloudWeb. */
export function sealringProvider(request) {
  return { request: ({ method, params = [] }) => request(method, params) };
}
