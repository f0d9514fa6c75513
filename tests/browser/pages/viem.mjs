/* A dapp with viem: window.dapp.signIn(message of an address) → { address, message, signature, verified }. */
import { createWalletClient, custom } from "viem";
import { mainnet } from "viem/chains";
import { verifyMessage } from "viem/utils";

async function signIn(messageOf) {
  const { provider } = await window.discover();
  const client = createWalletClient({ chain: mainnet, transport: custom(provider, { retryCount: 0 }) });
  const [address] = await client.requestAddresses();
  const message = await messageOf(address);
  const signature = await client.signMessage({ account: address, message });
  return { address, message, signature, verified: await verifyMessage({ address, message, signature }) };
}

async function nameOfRefusal() {
  const { provider } = await window.discover();
  const client = createWalletClient({ chain: mainnet, transport: custom(provider, { retryCount: 0 }) });
  try {
    await client.requestAddresses();
    return "none";
  } catch (error) {
    return error.name;
  }
}

window.dapp = { signIn, nameOfRefusal };
