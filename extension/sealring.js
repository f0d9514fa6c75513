/*
 * sealring for extensions: one native port, promises, errors, notifications, sign-ins at providers.
 *
 *     const sealring = new Sealring();
 *     const [address] = await sealring.request("eth_requestAccounts", []);
 *
 * No build step, nothing to import; works in Chromium and Firefox, in background scripts and in pages
 * of the extension. The manifest needs the permission "nativeMessaging", for signIn "identity" too.
 * Methods and errors are those of docs/PROTOCOL.md; docs/EXTENSION.md shows each part in use.
 */

const PROTOCOL = 1;
const ANSWER_MS = 10_000; // within it a host that lives answers sealring.hello
const UNDER_WAY_MAX = 60; // of the 64 that the agent takes; the rest waits here
const PAUSE_MAX_MS = 2000; // between two hosts, when they end one after the other
const STEADY_MS = 10_000; // a port that lived so long was no failure
const FRAME_MAX = 1_048_576;
const DEPTH_MAX = 31; // 32 with the request around it
const MEMBERS_MAX = 256;

const HELLO = { jsonrpc: "2.0", method: "sealring.hello", params: { changes: true } };
const CANCEL = { jsonrpc: "2.0", method: "sealring.cancel" };
const PAUSE = Symbol("pause"); // stands among the ids of what is waited for

const api = globalThis.browser?.runtime ? globalThis.browser : globalThis.chrome;

/*
 * What went wrong: `code` of EIP-1193 or JSON-RPC, `reason` of docs/PROTOCOL.md ("STORE_LOCKED"),
 * `data` with both the reason and what else is known (`field`, `offset`). When there is no talking to
 * sealring (4900, AGENT_UNAVAILABLE), `data.problem` says why: "missing", "forbidden", "exited",
 * "silent", "garbage", "version", "permission" or "closed".
 */
export class SealringError extends Error {
  constructor(message, code, data, options) {
    super(message, options);
    this.name = "SealringError";
    this.code = code;
    this.data = data;
    this.reason = data?.reason;
  }
}

function unavailable(problem, message, cause) {
  return new SealringError(message, 4900, { reason: "AGENT_UNAVAILABLE", problem }, { cause });
}

function closed() {
  return unavailable("closed", "the connection to sealring was closed");
}

/* What a browser says when a port ends, in either browser's words. */
function whyItEnded(text) {
  const doctor = "`sealring doctor` says what is wrong";
  if (/not found|No such native application/.test(text))
    return unavailable("missing", "sealring is not installed for this browser: run `sealring browser install`", text);
  if (/forbidden/.test(text))
    return unavailable("forbidden", "sealring is not set up for this extension: run `sealring browser install`", text);
  if (/communicating|exceeds the limit|unexpected error/.test(text))
    return unavailable("garbage", `what the browser started is not sealring, or is broken; ${doctor}`, text);
  return unavailable("exited", `sealring-host has ended; ${doctor}`, text);
}

/* --- what a request may contain ------------------------------------------------------------------ */

function refuse(field, what) {
  throw new SealringError(`${field}: ${what}`, -32602, { reason: "INVALID_PARAMS", field });
}

/* The agent cannot say whose request it was that it could not read, so none is sent that it would not. */
function check(value, field, depth) {
  if (typeof value === "string" && !(value.isWellFormed() && !value.includes("\0")))
    refuse(field, "text with half a character, or with U+0000");
  if (typeof value === "number" && Number.isInteger(value) && !Number.isSafeInteger(value))
    refuse(field, "a number that others would round");
  if (typeof value !== "object" || value === null) return;
  if (depth === 0) refuse(field, "nested too deeply");
  const names = Object.keys(value);
  if (!Array.isArray(value) && names.length > MEMBERS_MAX) refuse(field, "an object with too many members");
  for (const name of names) {
    check(name, field, depth);
    check(value[name], Array.isArray(value) ? `${field}[${name}]` : `${field}.${name}`, depth - 1);
  }
}

function write(request) {
  try {
    return JSON.stringify(request);
  } catch {
    return refuse("params", "no JSON"); // a cycle, or a BigInt
  }
}

/* The request as it will be sent, with an id of 16 digits' room. A page whose origin is unknown must not pass
 * for the extension, so an origin that is there but no text is refused. */
function compose(method, params, options) {
  if (typeof method !== "string") refuse("method", "must be text");
  if ("origin" in options && typeof options.origin !== "string") refuse("origin", "must be text, or left out");
  const text = write({ jsonrpc: "2.0", id: 0, method, params, origin: options.origin });
  const request = JSON.parse(text); // as it arrives: what is no JSON is gone
  check(method, "method", 0);
  check(request.params, "params", DEPTH_MAX);
  if (text.length * 3 > FRAME_MAX && new TextEncoder().encode(text).length > FRAME_MAX - 16)
    throw new SealringError("the request is larger than 1 MiB", -32006, { reason: "LIMIT_EXCEEDED" });
  return request;
}

/* --- the port ------------------------------------------------------------------------------------ */

/*
 * The way to sealring. The native port is opened by the first request and again by the next one after
 * it has ended, with a growing pause when hosts end one after the other. Events:
 *
 *     "connected"     the host has said hello; `detail` is its answer
 *     "disconnected"  a host that had, or that should have, is gone; `detail` is the SealringError
 *     notifications   by their method ("sealring.changed", "oauth.open"); `detail` has the params
 */
export class Sealring extends EventTarget {
  #runtime;
  #host;
  #port = null;
  #greeting = null; // promise of the answer to hello on this port
  #waiting = new Map(); // id → {resolve, reject, timer}
  #queue = []; // {request, resolve, reject}: not sent yet, so without an id
  #last = 0;
  #failures = 0; // ports that ended one after the other
  #since = 0; // when this port was opened
  #greeted = 0; // when the last hello was sent
  #heart = null;

  /* runtime: for tests; host: the name in the host's manifest. */
  constructor({ runtime = api.runtime, host = "org.sealring.host" } = {}) {
    super();
    this.#runtime = runtime;
    this.#host = host;
  }

  /*
   * Ask sealring; resolves to the result, rejects with a SealringError. options: {origin} of the page
   * you act for, always as the browser gave it to you (sender.origin), never the page's own words;
   * left out, you act for yourself. {signal}, an AbortSignal, rejects with its reason and withdraws what the
   * user is being asked. Pending as long as the user is being asked, otherwise 30 s at most.
   */
  async request(method, params, options = {}) {
    const { signal } = options;
    const asked = { request: compose(method, params, options) };
    const withdraw = () => this.#withdraw(asked, signal.reason);
    await this.hello();
    if (!this.#port) throw closed(); // meanwhile
    signal?.throwIfAborted();
    signal?.addEventListener("abort", withdraw);
    try {
      return await new Promise((resolve, reject) => {
        this.#queue.push(Object.assign(asked, { resolve, reject }));
        this.#pump();
      });
    } finally {
      signal?.removeEventListener("abort", withdraw);
    }
  }

  /* What sealring.hello said when the port was opened: versions, methods, limits. Opens it if need be. */
  hello() {
    this.#greeting ??= this.#connect();
    return this.#greeting;
  }

  /* How many requests have no answer yet. */
  get pending() {
    return this.#waiting.size + this.#queue.length;
  }

  /* End the port and everything pending; the next request opens another one, at once. */
  close() {
    this.#end(closed());
    this.#failures = 0;
  }

  async #connect() {
    await this.#pause();
    const port = this.#open();
    try {
      const greeting = await this.#greet();
      if (greeting?.protocol !== PROTOCOL)
        throw unavailable("version", `sealring ${greeting?.version} speaks protocol ${greeting?.protocol}, this extension ${PROTOCOL}: update the older one`);
      this.#emit("connected", greeting);
      return greeting;
    } catch (error) {
      if (port === this.#port) this.#end(error);
      throw error;
    }
  }

  /* After the first failure none, then longer and longer. */
  #pause() {
    const milliseconds = this.#failures > 1 ? Math.min(125 << this.#failures, PAUSE_MAX_MS) : 0;
    return new Promise((resolve, reject) => {
      const go = () => this.#waiting.delete(PAUSE) && resolve();
      this.#waiting.set(PAUSE, { reject, timer: setTimeout(go, milliseconds) });
    });
  }

  #open() {
    let port;
    try {
      port = this.#runtime.connectNative(this.#host);
    } catch (cause) {
      const error = unavailable("permission", "this extension may not use native messaging", cause);
      this.#end(error);
      throw error;
    }
    port.onMessage.addListener((message) => port === this.#port && this.#receive(message));
    port.onDisconnect.addListener(() => {
      const text = port.error?.message ?? this.#runtime.lastError?.message ?? "";
      if (port === this.#port) this.#end(whyItEnded(text));
    });
    this.#port = port;
    this.#since = Date.now();
    return port;
  }

  /* Nothing of this port is pending or comes any more. */
  #end(error) {
    const port = this.#port;
    this.#port = null;
    this.#greeting = null;
    clearTimeout(this.#heart);
    this.#heart = null;
    if (port) {
      this.#failures = Date.now() - this.#since < STEADY_MS ? Math.min(this.#failures + 1, 8) : 1;
      port.disconnect();
    }
    const lost = [...this.#waiting.values(), ...this.#queue.splice(0)];
    this.#waiting.clear();
    for (const { reject, timer } of lost) {
      clearTimeout(timer);
      reject(error);
    }
    if (port) this.#emit("disconnected", error);
  }

  #emit(type, detail) {
    this.dispatchEvent(new CustomEvent(type, { detail }));
  }

  /* --- requests and answers ---------------------------------------------------------------------- */

  /* Send now. milliseconds: without an answer by then the host counts as dead. */
  #ask(request, milliseconds, id = ++this.#last) {
    return new Promise((resolve, reject) => {
      const silent = () => this.#end(unavailable("silent", "sealring-host does not answer; `sealring doctor` says what is wrong"));
      this.#waiting.set(id, { resolve, reject, timer: milliseconds && setTimeout(silent, milliseconds) });
      try {
        this.#port.postMessage({ ...request, id });
      } catch (cause) {
        this.#end(whyItEnded(cause.message)); // the port has ended, and the event is on its way
      }
    });
  }

  #greet() {
    this.#greeted = Date.now();
    return this.#ask(HELLO, ANSWER_MS);
  }

  /* After a pause with a hello in front: the host may have another agent meanwhile, which has not been
   * asked to tell of changes; and a host that hangs is found out sooner. */
  #pump() {
    if (this.#port && this.#queue.length && Date.now() - this.#greeted > ANSWER_MS) this.#greet().catch(() => {});
    while (this.#port && this.#queue.length && this.#waiting.size < UNDER_WAY_MAX) {
      const asked = this.#queue.shift();
      asked.id = ++this.#last;
      this.#ask(asked.request, 0, asked.id).then(asked.resolve, asked.reject);
    }
    if (this.#port && this.#waiting.size) this.#heart ??= setTimeout(() => this.#beat(), ANSWER_MS);
  }

  /* What was sent is waited for until its answer comes, but for nobody. */
  #withdraw(asked, reason) {
    asked.reject(reason);
    this.#queue = this.#queue.filter((other) => other !== asked);
    if (this.#waiting.has(asked.id)) this.#ask({ ...CANCEL, params: { id: asked.id } }).catch(() => {});
  }

  /* While something is pending: does the host live? Chromium drops garbage without a word. */
  async #beat() {
    const port = this.#port;
    if (this.#waiting.size) await this.#greet().catch(() => {});
    if (port !== this.#port) return;
    this.#heart = null;
    this.#pump();
  }

  #receive(message) {
    const { id, method, params, result, error } = Object(message);
    if (typeof method === "string" && id === undefined) {
      this.#emit(method, params);
    } else if (this.#waiting.has(id)) {
      const { resolve, reject, timer } = this.#waiting.get(id);
      this.#waiting.delete(id);
      clearTimeout(timer);
      if (error) reject(new SealringError(String(error.message), error.code, error.data));
      else resolve(result);
      this.#pump();
    } else if (id === null && error) {
      this.#end(unavailable("exited", String(error.message), error)); // the host's last words
    }
  }
}

/* --- OAuth --------------------------------------------------------------------------------------- */

/*
 * Sign in at an OAuth provider in a window of the browser; resolves to the account (docs/OAUTH.md).
 * params: of oauth.begin but for redirectUri (issuer, clientId, scope, …). options: as for request().
 * Register redirectAddress(origin) with the provider. Run it in the background script: a popup closes when
 * the provider's window opens. A window that the user closes is 4001, USER_REJECTED. A signal withdraws the question
 * before it; once it is open, it is the user's to close.
 */
export async function signIn(sealring, params, options) {
  const { flow, url } = await sealring.request("oauth.begin", { ...params, redirectUri: redirectAddress(options?.origin) }, options);
  const rest = { ...options, signal: undefined };
  try {
    const back = await goTo(url);
    return (await sealring.request("oauth.complete", { flow, url: back }, rest)).account;
  } catch (error) {
    await sealring.request("oauth.cancel", { flow }, rest).catch(() => {}); // over already, as a rule
    throw error;
  }
}

/* The address of this extension that the provider sends the user back to. Each page that you act for has one of its
 * own: the provider knows a client by its address, and no page is to sign in as the client of another. */
export function redirectAddress(origin = "") {
  return api.identity.getRedirectURL(/^https?:/.test(origin) ? `callback/${new URL(origin).host}` : "callback");
}

/* The address that the user comes back with. */
async function goTo(url) {
  try {
    return await api.identity.launchWebAuthFlow({ url, interactive: true });
  } catch (cause) {
    if (/loaded/.test(cause.message))
      throw new SealringError("the provider's page could not be loaded", -32015, { reason: "NETWORK_ERROR" }, { cause });
    throw new SealringError("the sign-in window was closed", 4001, { reason: "USER_REJECTED" }, { cause });
  }
}
