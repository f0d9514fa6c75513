/*
 * The pages that use sealring: what they ask is passed on in the name of their origin, and each is
 * told what it needs to know for the events of EIP-1193.
 *
 * A page is one port of a content script. It sends texts, JSON {id, method, params}, and gets texts:
 * {id, result}, {id, error} and {state}, where state is {connected, chainId, accounts}, the accounts
 * as text; an answer that tells accounts has that text too. The page finds out itself what of it is
 * new, so nothing is lost when this worker is. "ping" is answered by "pong".
 */
import { isForPages } from "./page_methods.js";
import { pageOrigin } from "./page_origin.js";
import { busy, providerError, unsupported } from "./provider_error.js";
import { signIn } from "./sealring.js";

const PENDING_MAX = 64; // requests of one origin, all its pages together
const DISCONNECTED = { connected: false };
const TELL_ACCOUNTS = new Set(["eth_requestAccounts", "eth_accounts"]);

/* One document at the other end of a port; its origin cannot change. */
class Page {
  #port;
  #life = new AbortController();

  constructor(port) {
    this.#port = port;
    try {
      this.origin = pageOrigin(port.sender);
    } catch (error) {
      this.refusal = error;
    }
  }

  /* Ends with the page. */
  get signal() {
    return this.#life.signal;
  }

  leave() {
    this.#life.abort();
  }

  send(text) {
    try {
      this.#port.postMessage(text);
    } catch {
      // It has gone meanwhile.
    }
  }
}

export class Pages {
  #sealring;
  #pages = new Map(); // port → Page
  #pending = new Map(); // origin → how many requests have no answer yet
  #states = new Map(); // origin → "asking", or "again" when something changed meanwhile
  #signingIn = false;

  constructor(sealring) {
    this.#sealring = sealring;
    sealring.addEventListener("sealring.changed", () => this.#origins().forEach((origin) => this.#refresh(origin)));
    sealring.addEventListener("connected", () => this.#origins().forEach((origin) => this.#states.has(origin) || this.#refresh(origin)));
    sealring.addEventListener("disconnected", () => this.#tell(() => true, DISCONNECTED));
  }

  /* A content script has opened a port. */
  add(port) {
    const page = new Page(port);
    this.#pages.set(port, page);
    port.onMessage.addListener((text) => this.#receive(page, text));
    if (page.origin) this.#refresh(page.origin);
  }

  /* The page has gone. What it had the user asked is withdrawn; its other requests go on, their answers go
   * nowhere. */
  remove(port) {
    this.#pages.get(port)?.leave();
    this.#pages.delete(port);
  }

  get count() {
    return this.#pages.size;
  }

  /* --- requests ---------------------------------------------------------------------------------- */

  async #receive(page, text) {
    if (text === "ping") return page.send("pong");
    const { id, method, params } = Object(parse(text));
    if (!Number.isSafeInteger(id)) return; // not from our content script
    try {
      const result = await this.#answer(page, method, params);
      const accounts = TELL_ACCOUNTS.has(method) ? JSON.stringify(result) : undefined;
      page.send(JSON.stringify({ id, result, accounts }));
    } catch (error) {
      page.send(JSON.stringify({ id, error: providerError(error) }));
    }
  }

  async #answer(page, method, params) {
    if (page.refusal) throw page.refusal;
    if (!isForPages(method)) throw unsupported(method);
    this.#begin(page.origin);
    try {
      const options = { origin: page.origin, signal: page.signal };
      if (method === "oauth.login") return await this.#login(params, options);
      return (await this.#sealring.request(method, params, options)) ?? null;
    } finally {
      this.#finish(page.origin);
    }
  }

  #begin(origin) {
    const pending = this.#pending.get(origin) ?? 0;
    if (pending >= PENDING_MAX) throw busy(`${PENDING_MAX} requests of ${origin} are pending`);
    this.#pending.set(origin, pending + 1);
  }

  #finish(origin) {
    const pending = this.#pending.get(origin) - 1;
    if (pending > 0) this.#pending.set(origin, pending);
    else this.#pending.delete(origin);
  }

  /* A page's oauth.login is the extension's sign-in, with a window; one at a time. */
  async #login(params, options) {
    if (this.#signingIn) throw busy("another sign-in is under way");
    this.#signingIn = true;
    try {
      return { account: await signIn(this.#sealring, params, options) };
    } finally {
      this.#signingIn = false;
    }
  }

  /* --- state ------------------------------------------------------------------------------------- */

  #origins() {
    return new Set([...this.#pages.values()].filter((page) => page.origin).map((page) => page.origin));
  }

  /* Ask, and ask again if something changed meanwhile: the answer may be older than the change. */
  async #refresh(origin) {
    if (this.#states.has(origin)) return this.#states.set(origin, "again");
    do {
      this.#states.set(origin, "asking");
      const state = await this.#stateOf(origin);
      this.#tell((page) => page.origin === origin, state);
    } while (this.#states.get(origin) === "again");
    this.#states.delete(origin);
  }

  async #stateOf(origin) {
    try {
      const chainId = await this.#sealring.request("eth_chainId", []);
      const accounts = await this.#sealring.request("eth_accounts", [], { origin }).catch((error) => {
        if (error.code === 4900) throw error;
        return []; // locked: there is none for the page now
      });
      return { connected: true, chainId, accounts: JSON.stringify(accounts) };
    } catch {
      return DISCONNECTED;
    }
  }

  #tell(whom, state) {
    for (const page of this.#pages.values()) if (whom(page)) page.send(JSON.stringify({ state }));
  }
}

function parse(text) {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
