/*
 * What the popup cannot do itself: sealring's window takes the focus, the popup closes, and a question
 * whose asker has gone is withdrawn. So the background asks, and for these three things only. A popup
 * that is still there (no window came, or it has the focus again) hears what has become of it.
 */
const REQUESTS = {
  account: ["eth_requestAccounts", []],
  create: ["keys.create", {}],
  unlock: ["sealring.unlock", {}],
};

/* Whether a message comes from the extension's own popup. Content scripts have the same sender.id. */
function isPopup(sender, api) {
  return sender.id === api.runtime.id && sender.url?.split(/[?#]/)[0] === api.runtime.getURL("popup.html");
}

/* Answer the popup with {} or {reason, message} of the error; done: called after each request. Returns
 * {asking}, how many are under way. */
export function servePopup(api, sealring, done) {
  const served = { asking: 0 };
  api.runtime.onMessage.addListener((message, sender, reply) => {
    if (!isPopup(sender, api) || !Object.hasOwn(REQUESTS, message?.popup)) return undefined;
    served.asking++;
    sealring
      .request(...REQUESTS[message.popup])
      .then(
        () => reply({}), // what came is the popup's own to ask for
        ({ reason, message }) => reply({ reason, message }),
      )
      .finally(() => {
        served.asking--;
        done();
      });
    return true; // the reply comes later
  });
  return served;
}
