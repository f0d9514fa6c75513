/* A dapp with ethers: window.dapp.signIn(message of an address) → { address, message, signature, verified }. */
import { BrowserProvider, verifyMessage } from "ethers";

async function signIn(messageOf) {
  const { provider } = await window.discover();
  const signer = await new BrowserProvider(provider).getSigner();
  const address = await signer.getAddress();
  const message = await messageOf(address);
  const signature = await signer.signMessage(message);
  return { address, message, signature, verified: verifyMessage(message, signature) === address };
}

async function nameOfRefusal() {
  const { provider } = await window.discover();
  try {
    await new BrowserProvider(provider).getSigner();
    return "none";
  } catch (error) {
    return error.code;
  }
}

window.dapp = { signIn, nameOfRefusal };
