/*
 * The background script: one way to sealring for all pages, and for the questions of the popup that
 * need it.
 */
import { Pages } from "./pages.js";
import { servePopup } from "./popup_requests.js";
import { Sealring } from "./sealring.js";

const IDLE_MS = 30_000; // so long after the last page has gone the host lives on

const api = globalThis.browser?.runtime ? globalThis.browser : globalThis.chrome;
const sealring = new Sealring();
const pages = new Pages(sealring);
const popup = servePopup(api, sealring, rest);
let idle = null;

/* Whether nobody is there who waits, or may ask next. */
function isAlone() {
  return pages.count === 0 && popup.asking === 0;
}

/* With nobody there for a while, host and worker may sleep. */
function rest() {
  clearTimeout(idle);
  if (isAlone()) idle = setTimeout(() => isAlone() && sealring.close(), IDLE_MS);
}

api.runtime.onConnect.addListener((port) => {
  clearTimeout(idle);
  pages.add(port);
  port.onDisconnect.addListener(() => {
    void api.runtime.lastError; // a page in the back/forward cache: nothing to say about it
    pages.remove(port);
    rest();
  });
});
