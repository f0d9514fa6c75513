// runtime.connectNative() as the browsers have it, for a program given by its path:
//     nativeRuntime({ program, args, browser }) → {connectNative, lastError, hosts}
// browser: "chromium" or "firefox"; they differ in what they say when a port ends, and in garbage: Chromium drops
// a frame that is not JSON, Firefox ends the port. hosts: the processes that were started.
import { spawn } from "node:child_process";
import { existsSync } from "node:fs";

const FRAME_MAX = 1_048_576;
const DISCONNECTED_MS = 2000; // so long a host may go on after its port; Chromium

const WORDS = {
  chromium: {
    missing: "Specified native messaging host not found.",
    exited: "Native host has exited.",
    oversized: "Error when communicating with the native messaging host.",
  },
  firefox: {
    missing: "No such native application org.sealring.host",
    exited: null,
    oversized: "An unexpected error occurred",
    garbage: "An unexpected error occurred",
  },
};

export function event() {
  const listeners = [];
  return { addListener: (listener) => listeners.push(listener), fire: (...values) => listeners.forEach((listener) => listener(...values)) };
}

/* The frames in @stream, each as it is complete; take(null): one that is too long to be one. */
function readFrames(stream, take) {
  let bytes = Buffer.alloc(0);
  stream.on("data", (chunk) => {
    bytes = Buffer.concat([bytes, chunk]);
    while (bytes.length >= 4) {
      const end = 4 + bytes.readUInt32LE();
      if (end - 4 > FRAME_MAX) return take(null);
      if (bytes.length < end) return;
      const body = bytes.subarray(4, end);
      bytes = bytes.subarray(end);
      take(body);
    }
  });
}

function frame(message) {
  const body = Buffer.from(JSON.stringify(message));
  const head = Buffer.alloc(4);
  head.writeUInt32LE(body.length);
  return Buffer.concat([head, body]);
}

export function nativeRuntime({ program, args = [], browser = "chromium" }) {
  const words = WORDS[browser];
  const runtime = { hosts: [], lastError: undefined, connectNative };

  function connectNative() {
    const port = { onMessage: event(), onDisconnect: event() };
    let open = true;
    let child = null;

    function end(what) {
      if (!open) return;
      open = false;
      child?.kill("SIGKILL");
      const error = words[what] ? { message: words[what] } : null;
      if (browser === "firefox") port.error = error;
      else runtime.lastError = error;
      port.onDisconnect.fire(port);
      runtime.lastError = undefined;
    }

    function take(body) {
      if (!open) return;
      if (!body) return end("oversized");
      let message;
      try {
        message = JSON.parse(body);
      } catch {
        if (words.garbage) end("garbage");
        return;
      }
      port.onMessage.fire(message, port);
    }

    port.postMessage = (message) => {
      if (!open) throw new Error("Attempting to use a disconnected port object");
      child?.stdin.write(frame(message));
    };
    port.disconnect = () => {
      open = false;
      child?.stdin.end();
      setTimeout(() => child?.kill("SIGKILL"), DISCONNECTED_MS).unref();
    };
    if (!existsSync(program)) {
      setTimeout(() => end("missing"));
      return port;
    }
    child = spawn(program, args, { stdio: ["pipe", "pipe", "inherit"] });
    process.on("exit", () => child.kill("SIGKILL"));
    child.stdin.on("error", () => {}); // the host has gone; "close" says so
    child.on("close", () => end("exited"));
    readFrames(child.stdout, take);
    runtime.hosts.push(child);
    return port;
  }

  return runtime;
}
