/*
 * What the popup says when there is nothing to show: what is wrong, and exactly what to do.
 */
import { button, element, foreign } from "./element.js";

const INSTALL = "sealring browser install";
const DOCTOR = "sealring doctor";

/* By the `problem` of a SealringError (sealring.js) or the state of the store. */
const PAGES = {
  missing: {
    title: "Not set up for this browser",
    text: "The browser found no sealring to start. Install the sealring package if you have not yet; then tell your browsers about it, in a terminal:",
    commands: [INSTALL, DOCTOR],
    after: "The second command says what is still missing. Browsers from a snap or Flatpak need more; it says what.",
  },
  forbidden: {
    title: "This extension is not let in",
    text: "sealring is installed, but not set up for this extension's id. In a terminal:",
    commands: [INSTALL, DOCTOR],
    namesId: true,
  },
  exited: { title: "sealring did not start", text: "What it said is below. This command finds out more:", commands: [DOCTOR], showsCause: true },
  silent: {
    title: "sealring does not answer",
    text: "It was started, but says nothing. This command finds out why:",
    commands: [DOCTOR],
  },
  garbage: {
    title: "Something else answered",
    text: "What the browser started is not sealring, or is damaged. Set it up again:",
    commands: [INSTALL, DOCTOR],
  },
  version: {
    title: "Versions do not fit",
    text: "This extension and the sealring on this computer are too far apart. Update both.",
    commands: [DOCTOR],
    showsCause: true,
  },
  permission: {
    title: "Not allowed to reach sealring",
    text: "The browser does not let this extension use native messaging; a policy of your organisation may forbid it.",
    commands: [DOCTOR],
  },
  unavailable: {
    title: "No place for keys",
    text: "sealring runs, but cannot reach your keyring. This command says what is wrong:",
    commands: [DOCTOR],
  },
};

/* A command to be copied. Its lines break between words only, not behind the "--" of an option. */
export function commandLine(text, copy) {
  const words = text.split(" ").flatMap((word) => [" ", element("span", {}, word)]);
  return element("div", { className: "command" }, element("code", {}, words.slice(1)), button("Copy", "quiet", () => copy(text), { "aria-label": `Copy: ${text}` }));
}

/* The page for @problem. retry: when the user says that it is done; copy: takes a text. */
export function problemPage(problem, error, { id, retry, copy }) {
  const page = PAGES[problem] ?? { title: "Something went wrong", text: "This command finds out more:", commands: [DOCTOR], showsCause: true };
  return element(
    "section",
    { className: "problem", role: "alert" },
    element("h2", {}, page.title),
    element("p", {}, page.text),
    page.commands.map((text) => commandLine(page.namesId && text === INSTALL ? `${text} --extension ${id}` : text, copy)),
    page.after && element("p", { className: "muted" }, page.after),
    page.showsCause && error && element("p", { className: "cause" }, foreign(error.message)),
    button("Try again", "main", retry, { id: "retry" }),
  );
}
