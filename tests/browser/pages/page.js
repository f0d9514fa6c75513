/* What every test page has: it finds sealring as dapps do (EIP-6963), asks it, and notes what it hears. */
"use strict";

window.announced = [];
window.addEventListener("eip6963:announceProvider", (event) => window.announced.push(event.detail));

/* The announcement of sealring. */
window.discover = async (rdns = "org.sealring") => {
  for (const end = performance.now() + 3000; performance.now() < end; ) {
    window.dispatchEvent(new Event("eip6963:requestProvider"));
    const found = window.announced.find((detail) => detail.info.rdns === rdns);
    if (found) return found;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error("no provider announced itself");
};

window.errorOf = (error) => ({ name: error.name, code: error.code, message: error.message, reason: error.data?.reason, isError: error instanceof Error });

/* The answer to one request as a value: { result } or { error }. */
window.ask = async (method, params) => {
  const { provider } = await window.discover();
  try {
    return { result: await provider.request({ method, params }) };
  } catch (error) {
    return { error: window.errorOf(error) };
  }
};

/* The same without waiting: the answer is in window.answers[name] when it is there. */
window.answers = {};
window.later = (name, method, params) => {
  const begin = performance.now();
  window.ask(method, params).then((answer) => (window.answers[name] = { ...answer, seconds: (performance.now() - begin) / 1000 }));
};

/* What the provider says by itself. */
window.heard = [];
window.listen = async () => {
  const { provider } = await window.discover();
  for (const name of ["connect", "disconnect", "accountsChanged", "chainChanged", "message"]) {
    provider.on(name, (value) => window.heard.push([name, value instanceof Error ? window.errorOf(value) : value]));
  }
};

/* The message of a sign-in at this site, with the server's nonce. */
window.post = async (path, value) => (await fetch(path, { method: "POST", body: JSON.stringify(value) })).json();
window.messageOf = async (address) => (await window.post("/message", { address })).message;

/* What frames in this page say that they got (framed.js). */
window.framed = [];
window.addEventListener("message", (event) => event.data?.framed && window.framed.push(event.data.framed));
