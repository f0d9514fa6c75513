/*
 * What a page may call: all that is the page's own by docs/PROTOCOL.md, (extension, origin) being its
 * owner, and nothing that touches other pages or the user's keys as such. So not sealring.* (a page
 * could lock everybody out, or learn which sealring it talks to), grants.*, keys.create, rename and
 * setDefault; these are for the popup and the command line. Of oauth.begin, complete and cancel the
 * background has the use: a page cannot carry a redirect back; it calls oauth.login.
 */
const METHODS = new Set([
  "eth_requestAccounts", "eth_accounts", "eth_chainId", "personal_sign", "eth_signTypedData_v4",
  "wallet_getPermissions", "wallet_requestPermissions", "wallet_revokePermissions",
  "keys.list",
  "siwe.build", "siwe.parse", "siwe.sign", "siwe.verify",
  "session.signIn", "session.restore", "session.list", "session.invoke", "session.delegate",
  "session.key", "session.useDelegation", "session.signOut",
  "storage.get", "storage.set", "storage.list", "storage.delete",
  "oauth.login", "oauth.token", "oauth.accounts", "oauth.userinfo", "oauth.logout",
]);

export function isForPages(method) {
  return METHODS.has(method);
}
