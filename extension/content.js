/*
 * Between a page and the background: texts go through, nothing is read here. Runs in the page's tab
 * in a world of its own, in the top frame only (the manifest says all_frames nowhere).
 *
 * The way to inpage.js, which runs among the page's scripts, is a node that only the two have: it is
 * in no document, so no script of the page can listen there or speak there. Events are dispatched
 * at once, so each side sees whether the other is there: it cancels what it has taken.
 */
(() => {
  const SIZE_MAX = 1_048_576; // of a text; more than that is no request
  const api = globalThis.browser?.runtime ? globalThis.browser : globalThis.chrome;
  const wire = document.createTextNode("");
  let port = null;
  let used = false; // whether the page has ever asked for anything
  let early = []; // what a page asked that is only being prepared
  let pinged = false; // and not answered yet

  const tell = (text) => wire.dispatchEvent(new CustomEvent("answer", { detail: text }));

  /* Throws when the extension has been updated or removed under this page. */
  function open() {
    const opened = api.runtime.connect({ name: "page" });
    opened.onMessage.addListener((text) => (text === "pong" ? (pinged = false) : tell(text)));
    opened.onDisconnect.addListener(() => {
      void api.runtime.lastError;
      if (port === opened) lose();
    });
    port = opened;
    pinged = false;
  }

  function lose() {
    port = null;
    tell('{"lost":true}');
  }

  function send(text) {
    used = true;
    if (!port) open();
    port.postMessage(text);
  }

  /* A text of the page. What is not taken is answered by inpage.js itself. */
  wire.addEventListener("ask", (event) => {
    const text = event.detail;
    if (typeof text !== "string" || text.length > SIZE_MAX) return;
    try {
      if (document.prerendering) early.push(text);
      else send(text);
      event.preventDefault();
    } catch {
      port = null;
    }
  });

  /* inpage.js asks while it waits: an extension that was removed says nothing any more. Asked again
   * before the background has answered the last time, there is none. */
  wire.addEventListener("alive", (event) => {
    if (early.length) return event.preventDefault();
    if (!api.runtime?.id || !port) return;
    if (pinged) {
      port.disconnect();
      port = null;
      return;
    }
    try {
      port.postMessage("ping");
      pinged = true;
      event.preventDefault();
    } catch {
      port = null;
    }
  });

  /* The background may have been restarted, the page may have been in the back/forward cache. */
  function resume() {
    if (!used || port || document.visibilityState !== "visible") return;
    try {
      open();
    } catch {
      // Updated or removed: the next request says so.
    }
  }

  /* A port does not survive the back/forward cache, and does not always say so. */
  addEventListener("pagehide", (event) => {
    if (!port || !event.persisted) return;
    port.disconnect();
    lose();
  });
  document.addEventListener("visibilitychange", resume);
  addEventListener("pageshow", resume);
  document.addEventListener("prerenderingchange", () => {
    const texts = early;
    early = [];
    try {
      texts.forEach(send);
    } catch {
      lose();
    }
  });

  /* Whichever of the two scripts comes first, they meet before the page's own run. */
  const offer = () => document.dispatchEvent(new MouseEvent("sealring:wire", { relatedTarget: wire }));
  wire.addEventListener("taken", () => document.removeEventListener("sealring:want", offer), { once: true });
  document.addEventListener("sealring:want", offer);
  offer();
})();
