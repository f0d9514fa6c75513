/*
 * The sites of the popup: what each may do, and a button that ends it.
 */
import { button, element, foreign } from "./element.js";
import { actingFor } from "./overview.js";

const date = new Intl.DateTimeFormat(undefined, { dateStyle: "medium" });
const until = (text) => (text ? `until ${date.format(new Date(text))}` : "");

export function shortAddress(address) {
  return `${address.slice(0, 6)}…${address.slice(-4)}`;
}

/* "https://" small, then the host. */
function title(origin) {
  const [scheme, host] = origin.split("://");
  return element("span", { className: "origin" }, element("span", { className: "scheme" }, `${scheme}://`), element("bdi", {}, host));
}

/* One thing that a site has: two lines and a button. */
function row(name, detail, label, id, act) {
  return element(
    "li",
    {},
    element("div", { className: "what" }, element("span", {}, name), detail && element("span", { className: "muted" }, detail)),
    button(label, "quiet", act, { id, "aria-label": `${label}: ${name.textContent ?? name}` }),
  );
}

function keyName(site, id) {
  const key = site.keys.find((one) => one.id === id);
  if (!key) return "an account";
  return key.address ? `${key.name} ${shortAddress(key.address)}` : key.name;
}

const GRANTS = {
  accounts: (site, grant) => ({
    name: foreign(`Connected to ${keyName(site, grant.key)}`),
    detail: `since ${date.format(new Date(grant.created))}`,
    label: "Disconnect",
    asks: "Disconnect this account?",
    means: "The site will not see it any more, and its TinyCloud sessions end.",
  }),
  siwe: (_, grant) => ({
    name: "Signs in without asking",
    detail: [foreign(grant.capabilities), ` · ${until(grant.expires)}`],
    label: "Revoke",
    asks: "Ask again at the next sign-in?",
    means: "The site stays connected; its next sign-in like this one is shown to you first.",
  }),
  "sign-in": (_, grant) => ({
    name: foreign(`Signs you in at ${new URL(grant.provider.split(" ")[0]).host}`),
    detail: foreign(`without asking · ${grant.provider.split(" ").slice(2).join(" ")}`), // "ISSUER CLIENT SCOPE…"
    label: "Revoke",
    asks: "Ask again before it signs you in?",
    means: "It gets no more tokens from this provider until you agree again.",
  }),
  tokens: (_, grant) => ({
    name: foreign("Uses an account that another one signed in"),
    detail: foreign(grant.account),
    label: "Revoke",
    asks: "Take this account from it?",
    means: "It gets no more tokens of this account until you agree again.",
  }),
};

function grantRow(site, grant, { ask, call }) {
  const { name, detail, label, asks, means } = GRANTS[grant.kind](site, grant);
  const revoke = async () => (await ask(asks, means, label)) && call("grants.revoke", { id: grant.id });
  return row(name, detail, label, `grant-${grant.id}`, revoke);
}

/* "tinycloud:pkh:eip155:1:0x…:notes" → "notes". */
function spaceName(session) {
  return session.tinycloudSession?.spaceId?.split(":").at(-1);
}

function sessionRow(site, session, { ask, call }) {
  const space = spaceName(session);
  const name = space ? foreign(`TinyCloud session for “${space}”`) : session.kind === "key" ? "TinyCloud session key" : "TinyCloud session, damaged";
  const detail = session.status === "expired" ? "expired" : until(session.expiresAt);
  const means = "Its key is deleted. The site must sign in again to use your space.";
  const end = async () =>
    (await ask("Sign out of this session?", means, "Sign out")) &&
    call("session.signOut", { session: session.session }, actingFor(site.origin));
  return row(name, detail, "Sign out", `session-${session.session}`, end);
}

function accountRow(site, account, { ask, call }) {
  const means = "The provider is told, and the tokens are forgotten.";
  const end = async () =>
    (await ask("Log out of this account?", means, "Log out")) &&
    call("oauth.logout", { account: account.id }, actingFor(site.origin));
  return row(foreign(account.name), account.state === "needs-login" ? "must sign in again" : foreign(account.issuer), "Log out", `account-${account.id}`, end);
}

/* The question names the site: rows may have moved under the pointer while a page changed something. */
function askingFor(site, { ask, ...others }) {
  const whose = site.origin === null ? "" : `For ${site.origin}. `;
  return { ...others, ask: (question, means, label) => ask(question, whose + means, label) };
}

/* The rows of @site: what it has, then what it may do without asking. */
export function siteRows(site, given) {
  const actions = askingFor(site, given);
  const grants = (...kinds) => site.grants.filter((grant) => kinds.includes(grant.kind)).map((grant) => grantRow(site, grant, actions));
  return element(
    "ul",
    { className: "rows" },
    grants("accounts"),
    site.sessions.map((session) => sessionRow(site, session, actions)),
    site.accounts.map((account) => accountRow(site, account, actions)),
    grants("siwe", "sign-in", "tokens"),
  );
}

function summary(site) {
  const parts = [
    site.keys[0]?.name,
    site.sessions.length && `${site.sessions.length} session${site.sessions.length > 1 ? "s" : ""}`,
    site.accounts.length && `${site.accounts.length} login${site.accounts.length > 1 ? "s" : ""}`,
  ];
  return parts.filter(Boolean).join(" · ");
}

/* A site that opens and closes. isOpen: at first; actions: {ask, call, toggled}. */
export function siteView(site, isOpen, actions) {
  const line = element("summary", { id: `site-${site.origin}` }, title(site.origin), foreign(summary(site), "muted"));
  const note =
    site.origin.includes("xn--") &&
    element("p", { className: "warning" }, "The name has letters outside the Latin alphabet. It may only look like one that you know.");
  const made = element("details", { className: "site", open: isOpen }, line, note, siteRows(site, actions));
  made.ontoggle = () => actions.toggled(site.origin, made.open);
  return made;
}
