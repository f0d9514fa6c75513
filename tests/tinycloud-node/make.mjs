// What a client other than sealring would send, for tests: one JSON object a line in, what it makes out.
//
//     { kind: "key", seed? }     { kind: "cacao", … }     { kind: "ucan", … }     { kind: "session", … }
//
// with the parameters of the functions in sign.mjs.
import { answerLines } from "./lines.mjs";
import { sessionKey, signCacao, signSession, signUcan } from "./sign.mjs";

const MAKERS = { key: ({ seed }) => sessionKey(seed), cacao: signCacao, ucan: signUcan, session: signSession };

await answerLines(({ kind, ...parameters }) => MAKERS[kind](parameters));
