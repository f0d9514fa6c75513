/* What a hostile frame tries, to ask in the name of the page around it; it tells that page what it got. */
"use strict";

const got = [];
window.addEventListener("eip6963:announceProvider", (event) => got.push(`announced ${event.detail.info.rdns}`));
window.dispatchEvent(new Event("eip6963:requestProvider"));
for (const target of [document, window]) {
  const wire = document.createTextNode("");
  wire.addEventListener("ask", (event) => got.push(`wire ${event.detail}`));
  wire.addEventListener("taken", () => got.push("taken"));
  target.dispatchEvent(new MouseEvent("sealring:wire", { relatedTarget: wire }));
  target.addEventListener("sealring:wire", (event) => got.push(`offered ${event.relatedTarget}`));
  target.dispatchEvent(new Event("sealring:want"));
}
try {
  got.push(`parent ${typeof window.parent.discover}`);
} catch {
  // Another origin: as it should be.
}
const texts = ['{"id":1,"method":"eth_requestAccounts","params":[]}', '{"id":1,"result":["0x0000000000000000000000000000000000000000"]}'];
for (const text of texts)
  for (const value of [text, JSON.parse(text), { target: "sealring", origin: "https://bank.example", data: JSON.parse(text) }]) window.parent.postMessage(value, "*");
setTimeout(() => window.parent.postMessage({ framed: got }, "*"), 500);
