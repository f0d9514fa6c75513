/* The page of a small extension: sealring by the module, and the browser's native messaging itself. */
import { Sealring, SealringError, redirectAddress, signIn } from "./sealring.js";

const api = globalThis.browser?.runtime ? globalThis.browser : globalThis.chrome;
const HOST = "org.sealring.host";

const describe = (error) => ({ name: error.name, code: error.code, message: error.message, reason: error.reason, problem: error.data?.problem });

async function settle(promise) {
  try {
    return { result: await promise };
  } catch (error) {
    return { error: describe(error) };
  }
}

/* One frame through a port of its own: the answer, or what the browser says at its end. */
function overPort(message) {
  return new Promise((resolve) => {
    const port = api.runtime.connectNative(HOST);
    port.onMessage.addListener((answer) => {
      port.disconnect();
      resolve({ answer });
    });
    port.onDisconnect.addListener(() => resolve({ ended: port.error?.message ?? api.runtime.lastError?.message ?? "" }));
    port.postMessage(message);
  });
}

/* The same without a port. */
async function overMessage(message) {
  try {
    return { answer: await api.runtime.sendNativeMessage(HOST, message) };
  } catch (error) {
    return { ended: error.message };
  }
}

/* Milliseconds of @count round trips one after the other over one port to @host. */
function trips(host, message, count) {
  return new Promise((resolve, reject) => {
    const port = api.runtime.connectNative(host);
    let left = count + 1; // the first one starts the host
    let begin = 0;
    port.onMessage.addListener(() => {
      if (left-- === count + 1) begin = performance.now();
      if (left > 0) return port.postMessage(message);
      port.disconnect();
      resolve(performance.now() - begin);
    });
    port.onDisconnect.addListener(() => reject(new Error(`the host ended: ${api.runtime.lastError?.message}`)));
    port.postMessage(message);
  });
}

/* Milliseconds of each of @count single messages. */
async function startings(host, message, count) {
  const times = [];
  for (let number = 0; number < count; number++) {
    const begin = performance.now();
    await api.runtime.sendNativeMessage(host, message);
    times.push(performance.now() - begin);
  }
  return times;
}

window.caller = { Sealring, SealringError, sealring: new Sealring(), redirectAddress, signIn, settle, overPort, overMessage, trips, startings };
