/*
 * Errors as pages get them: EIP-1193's {code, message, data}, `data.reason` of docs/PROTOCOL.md.
 */
import { SealringError } from "./sealring.js";

const UNREACHABLE = "sealring cannot be reached: open it in the browser's toolbar, it says what to do";

/* What of @error a page may know. Why sealring is not there (paths, versions) is not for pages. */
export function providerError(error) {
  if (!(error instanceof SealringError)) return { code: -32603, message: "the extension failed", data: { reason: "INTERNAL" } };
  const { code, message, data } = error;
  if (code === 4900) return { code, message: UNREACHABLE, data: { reason: "AGENT_UNAVAILABLE" } };
  return { code, message, data };
}

export function busy(message) {
  return new SealringError(message, -32005, { reason: "BUSY" });
}

export function unsupported(method) {
  return new SealringError(`sealring does not offer ${method} to pages`, 4200, { reason: "UNSUPPORTED_METHOD", field: "method" });
}
