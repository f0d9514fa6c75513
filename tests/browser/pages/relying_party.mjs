/*
 * What a site verifies sign-ins with: the npm package siwe. A line of JSON in, a line out:
 *
 *     {"kind":"nonce"}                                        → {"nonce":TEXT}
 *     {"kind":"message","address",…,"nonce","domain","uri"}   → {"message":TEXT}
 *     {"kind":"verify","message","signature","domain","nonce"} → {"ok":true,"address"} or {"ok":false,"reason"}
 */
import readline from "node:readline";
import { generateNonce, SiweMessage } from "siwe";

const answers = {
  nonce: () => ({ nonce: generateNonce() }),
  message: ({ address, domain, uri, nonce }) => {
    const fields = { address, domain, uri, nonce, version: "1", chainId: 1, statement: "Sign in to the test site." };
    return { message: new SiweMessage(fields).prepareMessage() };
  },
  verify: async ({ message, signature, domain, nonce }) => {
    try {
      const { success, data, error } = await new SiweMessage(message).verify({ signature, domain, nonce }, { suppressExceptions: true });
      return success ? { ok: true, address: data.address } : { ok: false, reason: String(error?.type ?? error) };
    } catch (error) {
      return { ok: false, reason: String(error) };
    }
  },
};

for await (const line of readline.createInterface({ input: process.stdin })) {
  const { kind, ...asked } = JSON.parse(line);
  console.log(JSON.stringify(await answers[kind](asked)));
}
