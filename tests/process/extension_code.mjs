// What a browser gives an extension's background script, enough of it for extension/ and for the code of the pages of
// docs/:
//     node extension_code.mjs MODULE HOST EXTENSION
// A line "flow URL" or "tab URL" asks the user (the test) to go there; for a flow, the line that comes
// back is the last redirect. Each line that MODULE prints comes as "say LINE", its mark() as "mark". It
// ends with a call of done(value), which is printed as JSON.
import { createInterface } from "node:readline";
import { pathToFileURL } from "node:url";
import { format } from "node:util";
import { event, nativeRuntime } from "./native_port.mjs";

const [module, host, extension] = process.argv.slice(2);
const answers = createInterface({ input: process.stdin })[Symbol.asyncIterator]();
const tell = (line) => process.stdout.write(`${line}\n`);

globalThis.location = { host: extension, origin: `chrome-extension://${extension}` };

globalThis.browser = {
  runtime: Object.assign(nativeRuntime({ program: host, args: [`chrome-extension://${extension}/`] }), { onMessage: event() }),
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

// The same for another program, as if it were in the host's manifest.
globalThis.runtimeOf = (program, browser) => nativeRuntime({ program, browser });

globalThis.mark = () => tell("mark");

globalThis.done = (value) => {
  process.stdout.write(`done ${JSON.stringify(value)}\n`, () => process.exit(0));
};

await import(pathToFileURL(module));
