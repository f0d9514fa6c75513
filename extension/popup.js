/*
 * The popup: how sealring is, your account, what sites may do. It has a native port of its own and
 * asks sealring itself; only what makes sealring's window appear goes to the background, because the
 * popup closes when that window comes up (popup_requests.js).
 */
import { element } from "./element.js";
import { overview } from "./overview.js";
import { accountView, refusalText } from "./popup_account.js";
import { commandLine, problemPage } from "./popup_problem.js";
import { siteRows, siteView } from "./popup_sites.js";
import { Sealring } from "./sealring.js";

const api = globalThis.browser?.runtime ? globalThis.browser : globalThis.chrome;
const SELF = api.runtime.getURL("").startsWith("chrome") ? location.origin : api.runtime.id;
const SAID_MS = 4000;
const SLOW_MS = 200; // until then it would only flicker
const WATCH_MS = 2000;

const sealring = new Sealring();
const byId = (id) => document.getElementById(id);
const opened = new Map(); // origin → whether its rows are shown, where the user said so
let loading = null;
let isShown = false; // what sealring said, not a problem
let saying = null;
let watching = null;
let isAsking = false; // the background, for this popup
let isKeyless = false; // no key is an account, which only a request for one finds out
let refusal = null; // why the last one came to nothing

/* --- small things -------------------------------------------------------------------------------- */

function say(text, isLasting = false) {
  byId("said").textContent = text;
  clearTimeout(saying);
  saying = isLasting ? null : setTimeout(() => (byId("said").textContent = ""), SAID_MS);
}

async function copy(text) {
  await navigator.clipboard.writeText(text);
  say("Copied");
}

/* Whether the user agrees. Escape, Cancel: no. */
function ask(question, means, label) {
  const dialog = byId("question");
  byId("asked").textContent = question;
  byId("means").textContent = means;
  byId("yes").textContent = label;
  dialog.returnValue = "no";
  dialog.showModal();
  return new Promise((resolve) => dialog.addEventListener("close", () => resolve(dialog.returnValue === "yes"), { once: true }));
}

/* Do it, and show what has become of it. */
async function call(method, params, options) {
  try {
    const result = await sealring.request(method, params, options);
    say(result?.problem ? `Done here; the provider could not be told: ${result.problem}` : "Done");
  } catch (error) {
    say(error.message);
  }
  await load();
}

/* The next step's button keeps the focus, but does nothing meanwhile. */
function setAsking(value) {
  isAsking = value;
  byId("step")?.setAttribute("aria-disabled", String(value));
}

/* Through the background; sealring asks in a window of its own, and this popup goes, as a rule. One that stays shows
 * what has become of it. */
async function inBackground(what) {
  if (isAsking) return;
  setAsking(true);
  byId("refusal")?.remove();
  const slow = setTimeout(() => say("Answer in sealring's window", true), SLOW_MS);
  const answer = await api.runtime.sendMessage({ popup: what }).catch(() => ({ message: "the browser ended the extension's background script" }));
  clearTimeout(slow);
  isKeyless = answer.reason === "KEY_NOT_FOUND" || (isKeyless && Object.hasOwn(answer, "message"));
  refusal = refusalText(answer);
  say("");
  await load();
  setAsking(false);
}

const actions = { ask, call, copy, inBackground, toggled: (origin, isOpen) => opened.set(origin, isOpen) };

/* --- what is shown ------------------------------------------------------------------------------- */

function showState(state) {
  const words = { open: "Unlocked", locked: "Locked", empty: "No key yet" };
  byId("state").textContent = words[state] ?? "";
  byId("state").className = state;
  byId("state").hidden = !words[state];
  byId("lock").hidden = state !== "open";
}

/* A window may be behind others. */
function questionsView({ promptsWaiting }) {
  if (!promptsWaiting) return null;
  const text = promptsWaiting === 1 ? "A question waits" : `${promptsWaiting} questions wait`;
  return element("section", { className: "card notice", role: "status" }, element("p", {}, `${text} in sealring's window.`));
}

/* Nobody tells when a question is answered. */
function watchQuestions({ promptsWaiting }) {
  clearTimeout(watching);
  if (!promptsWaiting) return;
  watching = setTimeout(async () => {
    const now = await sealring.request("sealring.status").catch(() => ({}));
    if (now.promptsWaiting === promptsWaiting) watchQuestions(now);
    else load();
  }, WATCH_MS);
}

/* Without a prompt program every question counts as a no. */
function promptView({ prompt }) {
  return (
    prompt === "none" &&
    element(
      "section",
      { className: "card notice" },
      element("p", {}, "sealring has no window to ask you with, so it refuses everything that needs your yes. This command says what is missing:"),
      commandLine("sealring doctor", copy),
    )
  );
}

function sitesView({ sites, own, store }) {
  const only = sites.length === 1;
  const isOpen = (site) => opened.get(site.origin) ?? only;
  const rows = siteRows(own, actions);
  return [
    sites.length > 0 && element("h2", { className: "part" }, "Sites"),
    sites.map((site) => siteView(site, isOpen(site), actions)),
    sites.length > 0 && store.state === "locked" && element("p", { className: "muted" }, "Sessions and logins are shown when it is unlocked."),
    rows.childElementCount > 0 && element("h2", { className: "part" }, "This extension"),
    rows.childElementCount > 0 && element("div", { className: "site" }, rows),
  ];
}

/* Put @nodes in place of what is there; the focus stays where it was, if that is still there. */
function show(...nodes) {
  const focused = document.activeElement?.id;
  const content = byId("content");
  content.replaceChildren(...nodes.flat().filter(Boolean));
  content.ariaBusy = "false";
  if (focused) (byId(focused) ?? content).focus();
}

function showProblem(error) {
  const problem = error.data?.problem ?? (error.reason === "STORE_UNAVAILABLE" ? "unavailable" : "other");
  const retry = () => {
    sealring.close();
    load();
  };
  isShown = false;
  showState(null);
  byId("about").hidden = true;
  show(problemPage(problem, error, { id: api.runtime.id, retry, copy }));
}

/* The store's, or that there is no key in it. */
function stateOf({ account, store }) {
  return isKeyless && !account && store.state === "open" ? "empty" : store.state;
}

function showOverview(found) {
  const state = stateOf(found);
  isShown = true;
  showState(state);
  byId("about").textContent = `sealring ${found.version} · ${found.store.name === "vault" ? "vault" : "system keyring"}`;
  byId("about").hidden = false;
  if (found.store.state === "unavailable") showProblem({ reason: "STORE_UNAVAILABLE" });
  else show(promptView(found), questionsView(found), accountView(found, state, refusal, actions), ...sitesView(found));
  setAsking(isAsking);
  watchQuestions(found);
}

async function load() {
  const mine = (loading = {});
  const slow = setTimeout(() => byId("content").childElementCount || show(element("p", { className: "muted" }, "Connecting…")), SLOW_MS);
  try {
    const found = await overview(sealring, SELF);
    if (loading === mine) showOverview(found);
  } catch (error) {
    if (loading === mine) showProblem(error);
  }
  clearTimeout(slow);
}

byId("lock").onclick = () => call("sealring.lock");
sealring.addEventListener("sealring.changed", () => {
  isKeyless = false; // a key may have been made
  refusal = null;
  load();
});
sealring.addEventListener("disconnected", () => isShown && load()); // once; a second time it is a problem
load();
