// Signatures a second of viem and ethers over the message in the file given, with private key 1.
import { readFileSync } from "node:fs";
import { Wallet } from "ethers";
import { privateKeyToAccount } from "viem/accounts";

const message = readFileSync(process.argv[2], "utf8");
const key = "0x" + "1".padStart(64, "0");
const account = privateKeyToAccount(key);
const wallet = new Wallet(key);

async function measure(name, sign) {
  for (let i = 0; i < 50; i++) await sign();
  const begin = process.hrtime.bigint();
  let count = 0;
  while (process.hrtime.bigint() - begin < 1_000_000_000n) {
    await sign();
    count++;
  }
  console.log(`${name} ${Math.round(count / (Number(process.hrtime.bigint() - begin) / 1e9))}`);
}

if ((await account.signMessage({ message })) !== (await wallet.signMessage(message))) throw new Error("they disagree");
await measure("viem", () => account.signMessage({ message }));
await measure("ethers", () => wallet.signMessage(message));
