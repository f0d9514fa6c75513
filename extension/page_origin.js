/*
 * Which page is at the other end of a port, by the browser's word alone.
 */
import { SealringError } from "./sealring.js";

const LOOPBACK = new Set(["localhost", "127.0.0.1"]);

function refuse(message) {
  throw new SealringError(message, 4100, { reason: "NOT_GRANTED" });
}

/*
 * The origin of the page with this MessageSender. Throws NOT_GRANTED for frames within a page, which
 * would ask in its name, for pages without an origin of their own, and for what is neither https nor
 * on this computer.
 */
export function pageOrigin(sender) {
  if (sender.frameId !== 0) refuse("only the page itself may ask, not a frame in it");
  const { origin } = sender; // never the address, which a sandboxed page has as well
  if (!URL.canParse(origin)) refuse("this page has no origin of its own"); // "null": sandboxed
  const { protocol, hostname } = new URL(origin);
  if (protocol !== "https:" && !(protocol === "http:" && LOOPBACK.has(hostname)))
    refuse("only pages over https may ask");
  return origin;
}
