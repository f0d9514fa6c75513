// What a browser gives an extension's background script, enough of it for the code of docs/OAUTH.md:
//     node oauth_page.mjs CODE HOST EXTENSION
// A line "flow URL" or "tab URL" asks the user (the test) to go there; for a flow, the line that comes
// back is the last redirect. CODE ends with a call of done(value), which is printed as JSON.
import { spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { createInterface } from "node:readline";

const [code, host, extension] = process.argv.slice(2);
const answers = createInterface({ input: process.stdin })[Symbol.asyncIterator]();

function connectNative() {
  const child = spawn(host, [`chrome-extension://${extension}/`], { stdio: ["pipe", "pipe", "inherit"] });
  const listeners = [];
  let bytes = Buffer.alloc(0);
  child.stdout.on("data", (chunk) => {
    bytes = Buffer.concat([bytes, chunk]);
    while (bytes.length >= 4 && bytes.length >= 4 + bytes.readUInt32LE()) {
      const end = 4 + bytes.readUInt32LE();
      const message = JSON.parse(bytes.subarray(4, end));
      bytes = bytes.subarray(end);
      for (const listener of listeners) listener(message);
    }
  });
  return {
    onMessage: { addListener: (listener) => listeners.push(listener) },
    postMessage(message) {
      const body = Buffer.from(JSON.stringify(message));
      const head = Buffer.alloc(4);
      head.writeUInt32LE(body.length);
      child.stdin.write(Buffer.concat([head, body]));
    },
  };
}

const browser = {
  runtime: { connectNative },
  tabs: { create: ({ url }) => console.log(`tab ${url}`) },
  identity: {
    getRedirectURL: (path) => `https://${extension}.chromiumapp.org/${path}`,
    async launchWebAuthFlow({ url }) {
      console.log(`flow ${url}`);
      return (await answers.next()).value;
    },
  },
};

function done(value) {
  console.log(`done ${JSON.stringify(value)}`);
  process.exit(0);
}

const AsyncFunction = (async () => {}).constructor;
await new AsyncFunction("browser", "done", readFileSync(code, "utf8"))(browser, done);
