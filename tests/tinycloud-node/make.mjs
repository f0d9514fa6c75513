// What a client other than sealring would send, for tests: one JSON object a line in, what it makes out.
//
//     { kind: "key", seed? }     { kind: "cacao", … }     { kind: "ucan", … }     { kind: "session", … }
//     { kind: "encode", siwe, signature: "0x…" }
//
// with the parameters of the functions in sign.mjs; the last one is what an SDK makes of a message that another has signed.
import { answerLines } from "./lines.mjs";
import { encodeSigned, sessionKey, signCacao, signSession, signUcan } from "./sign.mjs";

const MAKERS = { key: ({ seed }) => sessionKey(seed), cacao: signCacao, ucan: signUcan, session: signSession,
                 encode: encodeSigned };

await answerLines(({ kind, ...parameters }) => MAKERS[kind](parameters));
