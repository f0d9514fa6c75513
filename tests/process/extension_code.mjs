// What a browser gives an extension's background script, enough of it for the code of docs/OAUTH.md and
// docs/TINYCLOUD.md:
//     node extension_code.mjs MODULE HOST EXTENSION
// A line "flow URL" or "tab URL" asks the user (the test) to go there; for a flow, the line that comes
// back is the last redirect. Each line that MODULE prints comes as "say LINE", its mark() as "mark". It
// ends with a call of done(value), which is printed as JSON.
import { spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { pathToFileURL } from "node:url";
import { format } from "node:util";

const [module, host, extension] = process.argv.slice(2);
const answers = createInterface({ input: process.stdin })[Symbol.asyncIterator]();
const tell = (line) => process.stdout.write(`${line}\n`);

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

globalThis.location = { host: extension, origin: `chrome-extension://${extension}` };

globalThis.browser = {
  runtime: { connectNative },
  tabs: { create: ({ url }) => tell(`tab ${url}`) },
  identity: {
    getRedirectURL: (path) => `https://${extension}.chromiumapp.org/${path}`,
    async launchWebAuthFlow({ url }) {
      tell(`flow ${url}`);
      return (await answers.next()).value;
    },
  },
};

console.log = (...values) => format(...values).split("\n").forEach((line) => tell(`say ${line}`));

globalThis.mark = () => tell("mark");

globalThis.done = (value) => {
  process.stdout.write(`done ${JSON.stringify(value)}\n`, () => process.exit(0));
};

await import(pathToFileURL(module));
