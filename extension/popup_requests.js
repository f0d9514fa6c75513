/*
 * What the popup cannot do itself: sealring's window takes the focus, the popup closes, and a question
 * whose asker has gone is withdrawn. So the background asks, and for these two things only.
 */
const REQUESTS = {
  account: ["eth_requestAccounts", []],
  create: ["keys.create", {}],
};

/* Whether a message comes from the extension's own popup. Content scripts have the same sender.id. */
function isPopup(sender, api) {
  return sender.id === api.runtime.id && sender.url?.split(/[?#]/)[0] === api.runtime.getURL("popup.html");
}

/* Answer the popup; done: called after each request. Returns {asking}, how many are under way. */
export function servePopup(api, sealring, done) {
  const served = { asking: 0 };
  api.runtime.onMessage.addListener((message, sender) => {
    if (!isPopup(sender, api) || !Object.hasOwn(REQUESTS, message?.popup)) return;
    served.asking++;
    sealring
      .request(...REQUESTS[message.popup])
      .catch(() => {}) // the popup shows what has become of it, when it is opened again
      .finally(() => {
        served.asking--;
        done();
      });
  });
  return served;
}
