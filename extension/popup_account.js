/*
 * The popup's first card: your account, or the next step on the way to it.
 */
import { button, element, foreign } from "./element.js";
import { commandLine } from "./popup_problem.js";

/* Why a request of the background came to nothing, by its reason. Null: the card shows it, or the user did it. */
const REFUSALS = {
  USER_REJECTED: null,
  KEY_NOT_FOUND: null,
  NO_PROMPT: "sealring could not ask you, or got no answer in time.",
  BUSY: "sealring does not ask you just now: other questions are open, or you said no several times. Try again in a minute.",
  STORE_LOCKED: "It is still locked.",
  WRONG_PASSPHRASE: "The passphrase was wrong.",
  NOT_GRANTED: "The sealring on this computer is too old to do this from here.",
};

/* What the background answered, {} or {reason, message}, for people; null when there is nothing to say. */
export function refusalText({ reason, message }) {
  if (Object.hasOwn(REFUSALS, reason)) return REFUSALS[reason];
  return message ? `That did not work: ${message}` : null;
}

/* The next step, in sealring's window. Its id is the same in each state, so that the focus stays with it. */
function step(label, className, what, { inBackground }) {
  return button(label, className, () => inBackground(what), { id: "step" });
}

function emptyCard(store, actions) {
  return [
    element("h2", {}, "No key yet"),
    element("p", {}, `Sites know you by a key. It is made in ${store.name === "vault" ? "sealring's vault" : "your keyring"} and stays there.`),
    step("Create a key", "main", "create", actions),
  ];
}

function lockedCard(store, actions) {
  return [
    element("h2", {}, "Locked"),
    element("p", {}, store.name === "vault" ? "It opens with your passphrase: now, or when a site needs it." : "Until you unlock it, sites see no account and get nothing signed."),
    step("Unlock", "main", "unlock", actions),
    element("p", { className: "muted" }, "In a terminal this does the same:"),
    commandLine("sealring unlock", actions.copy),
  ];
}

function unknownCard(_, actions) {
  return [
    element("p", {}, "No site is connected yet. Sites that offer “Connect” find sealring by themselves."),
    step("Show my account", "quiet", "account", actions),
  ];
}

function accountCard(account, { copy }) {
  return element(
    "section",
    { className: "card account", "aria-label": "Your account" },
    element("h2", {}, foreign(account.name)),
    element("code", { className: "address" }, account.address),
    button("Copy", "quiet", () => copy(account.address), { "aria-label": "Copy the address" }),
  );
}

/* The card for @account in @state; refusal: why the last step came to nothing, or null; actions: {copy, inBackground}. */
export function accountView({ account, store }, state, refusal, actions) {
  if (account && state === "open") return accountCard(account, actions);
  const card = { empty: emptyCard, locked: lockedCard }[state] ?? unknownCard;
  return element("section", { className: "card" }, card(store, actions), refusal && element("p", { className: "warning", id: "refusal", role: "alert" }, foreign(refusal)));
}
