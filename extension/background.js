/*
 * The background script: one way to sealring for all pages. The popup has its own; nothing here
 * serves it, so nothing here does more than a page may ask for.
 */
import { Pages } from "./pages.js";
import { Sealring } from "./sealring.js";

const IDLE_MS = 30_000; // so long after the last page has gone the host may live

const api = globalThis.browser?.runtime ? globalThis.browser : globalThis.chrome;
const sealring = new Sealring();
const pages = new Pages(sealring);
let idle = null;

api.runtime.onConnect.addListener((port) => {
  clearTimeout(idle);
  pages.add(port);
  port.onDisconnect.addListener(() => {
    void api.runtime.lastError; // a page in the back/forward cache: nothing to say about it
    if (pages.remove(port) === 0) idle = setTimeout(() => sealring.close(), IDLE_MS);
  });
});
