/*
 * The EIP-1193 provider, announced by EIP-6963. Runs among the page's own scripts, before them; in the
 * top frame only. It adds nothing to window.
 *
 * What the page may change later (prototypes, globals) is taken hold of here first, and nothing below
 * looks anything up in it: no array method, no iteration, no lookup on objects that have a prototype.
 * This keeps the provider whole; it protects no secret, since any script of the page may use it.
 */
(() => {
  "use strict";
  const NAME = "sealring";
  const RDNS = "org.sealring";
  const ICON = "data:image/svg+xml;base64,PHN2ZyB4bWxucz0iaHR0cDovL3d3dy53My5vcmcvMjAwMC9zdmciIHZpZXdCb3g9IjAgMCAxMjggMTI4Ij48cmVjdCB3aWR0aD0iMTI4IiBoZWlnaHQ9IjEyOCIgcng9IjI4IiBmaWxsPSIjMTc0NzVhIi8+PGNpcmNsZSBjeD0iNjQiIGN5PSI4MyIgcj0iMjciIGZpbGw9Im5vbmUiIHN0cm9rZT0iI2Y0ZWZlNCIgc3Ryb2tlLXdpZHRoPSIxMSIvPjxjaXJjbGUgY3g9IjY0IiBjeT0iNDQiIHI9IjMxIiBmaWxsPSIjZTBhODNlIiBzdHJva2U9IiMxNzQ3NWEiIHN0cm9rZS13aWR0aD0iNiIvPjxwYXRoIGQ9Ik02NCAyN2ExMCAxMCAwIDAgMSA1LjUwMCAxOC4zNTBMNzMgNjBINTVsMy41MDAtMTQuNjUwQTEwIDEwIDAgMCAxIDY0IDI3eiIgZmlsbD0iIzE3NDc1YSIvPjwvc3ZnPg==";
  const PENDING_MAX = 64;
  const SIZE_MAX = 1_048_576;
  const LIFE_MS = 10_000; // while something is pending: whether the extension is still there
  const EVENTS = { __proto__: null, connect: 1, disconnect: 1, accountsChanged: 1, chainChanged: 1, message: 1 };

  const { parse, stringify } = JSON;
  const { apply } = Reflect;
  const { freeze, defineProperties, getOwnPropertyDescriptor } = Object;
  const { isArray } = Array;
  const { CustomEvent, Error, Event, Promise, Set, setTimeout, reportError } = window;
  const own = (object) => ({ __proto__: null, ...object }); // what it does not have is undefined
  const bound = (method) => (object, ...values) => apply(method, object, values);
  const on = bound(EventTarget.prototype.addEventListener);
  const dispatch = bound(EventTarget.prototype.dispatchEvent);
  const add = bound(Set.prototype.add);
  const remove = bound(Set.prototype.delete);
  const forEach = bound(Set.prototype.forEach);
  const detailOf = bound(getOwnPropertyDescriptor(CustomEvent.prototype, "detail").get);
  const otherOf = bound(getOwnPropertyDescriptor(MouseEvent.prototype, "relatedTarget").get);
  const uuid = crypto.randomUUID();

  class ProviderRpcError extends Error {
    constructor({ code, message, data }) {
      super(message);
      defineProperties(this, {
        name: { __proto__: null, value: "ProviderRpcError" },
        code: { __proto__: null, value: code, enumerable: true },
        data: { __proto__: null, value: data, enumerable: true },
      });
    }
  }

  const failure = (code, reason, message) => new ProviderRpcError({ __proto__: null, code, message, data: { reason } });

  /* --- events of EIP-1193 ------------------------------------------------------------------------ */

  const listeners = { __proto__: null };
  for (const name in EVENTS) listeners[name] = new Set();

  function emit(name, value) {
    forEach(listeners[name], ({ listener }) => {
      try {
        apply(listener, provider, [value]);
      } catch (error) {
        reportError(error); // as for a listener of the page that fails anywhere else
      }
    });
  }

  /* What was said last; null: nothing yet. Accounts are a text, JSON, so that they compare. */
  const known = { __proto__: null, connected: null, chainId: null, accounts: null };

  /* From a state, or from an answer, after which there may be no other state that says so. */
  function learnAccounts(accounts) {
    const before = known.accounts;
    known.accounts = accounts;
    if (before !== null && before !== accounts) emit("accountsChanged", parse(accounts));
  }

  function learn({ connected, chainId, accounts }) {
    const before = own(known);
    known.connected = connected;
    if (connected) {
      known.chainId = chainId;
      if (before.connected !== true) emit("connect", { chainId });
      if (before.chainId !== null && before.chainId !== chainId) emit("chainChanged", chainId);
      learnAccounts(accounts);
    } else if (before.connected === true) {
      emit("disconnect", failure(1013, "AGENT_UNAVAILABLE", "sealring is not there just now")); // CloseEvent: try again later
    }
  }

  /* --- requests ---------------------------------------------------------------------------------- */

  const pending = { __proto__: null }; // id → {resolve, reject}
  let count = 0;
  let last = 0;
  let wire = null; // to content.js
  let watching = false;

  function settle(id, error, result) {
    const asked = pending[id];
    if (!asked) return;
    delete pending[id];
    count--;
    if (error) asked.reject(error);
    else asked.resolve(result);
  }

  function loseAll(message) {
    for (const id in pending) settle(id, failure(4900, "AGENT_UNAVAILABLE", message));
  }

  const GONE = "sealring was updated or removed; load this page again";

  /* An extension that is removed in the middle says nothing any more. */
  function watch() {
    if (watching) return;
    watching = true;
    setTimeout(() => {
      watching = false;
      if (count === 0) return;
      if (dispatch(wire, new CustomEvent("alive", { __proto__: null, cancelable: true }))) loseAll(GONE);
      else watch();
    }, LIFE_MS);
  }

  function receive(event) {
    const answer = own(parse(detailOf(event)));
    if (answer.state) learn(own(answer.state));
    else if (answer.lost) loseAll("sealring's extension was interrupted; ask again");
    else settle(answer.id, answer.error && new ProviderRpcError(own(answer.error)), answer.result);
    if (answer.accounts) learnAccounts(answer.accounts);
  }

  /* The request's text, or throws what is wrong with it. */
  function compose(id, args) {
    if (typeof args !== "object" || args === null || isArray(args))
      throw failure(-32602, "INVALID_PARAMS", "request: must be an object with a method");
    const { method, params } = args;
    if (typeof method !== "string" || method === "") throw failure(-32602, "INVALID_PARAMS", "method: must be text");
    if (params !== undefined && (typeof params !== "object" || params === null))
      throw failure(-32602, "INVALID_PARAMS", "params: must be an array or an object");
    let text;
    try {
      text = stringify({ __proto__: null, id, method, params });
    } catch {
      throw failure(-32602, "INVALID_PARAMS", "params: no JSON");
    }
    if (text.length > SIZE_MAX) throw failure(-32006, "LIMIT_EXCEEDED", "the request is larger than 1 MiB");
    return text;
  }

  function request(args) {
    return new Promise((resolve, reject) => {
      const id = ++last;
      const text = compose(id, args);
      if (count >= PENDING_MAX) throw failure(-32005, "BUSY", `${PENDING_MAX} requests of this page are pending`);
      pending[id] = { __proto__: null, resolve, reject };
      count++;
      if (!wire || dispatch(wire, new CustomEvent("ask", { __proto__: null, detail: text, cancelable: true })))
        settle(id, failure(4900, "AGENT_UNAVAILABLE", GONE));
      else watch();
    });
  }

  const provider = defineProperties({}, {
    request: { __proto__: null, value: request, enumerable: true },
    on: {
      __proto__: null,
      enumerable: true,
      value(name, listener) {
        if (EVENTS[name] && typeof listener === "function") add(listeners[name], { __proto__: null, listener });
        return provider;
      },
    },
    removeListener: {
      __proto__: null,
      enumerable: true,
      value(name, listener) {
        let found = null;
        if (EVENTS[name]) forEach(listeners[name], (entry) => (found = entry.listener === listener ? entry : found));
        if (found) remove(listeners[name], found);
        return provider;
      },
    },
  });

  /* --- meeting content.js, and the page ---------------------------------------------------------- */

  on(
    document,
    "sealring:wire",
    (event) => {
      wire = otherOf(event);
      on(wire, "answer", receive);
      dispatch(wire, new Event("taken"));
    },
    { once: true },
  );
  dispatch(document, new Event("sealring:want"));

  const detail = freeze({ info: freeze({ uuid, name: NAME, icon: ICON, rdns: RDNS }), provider });
  const announce = () => dispatch(window, new CustomEvent("eip6963:announceProvider", { __proto__: null, detail }));

  on(window, "eip6963:requestProvider", announce);
  announce();
})();
