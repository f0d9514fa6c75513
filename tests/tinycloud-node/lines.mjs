// One JSON object a line in, one out, in order, until the input ends.
import { createInterface } from "node:readline";

export async function answerLines(answer) {
    for await (const line of createInterface({ input: process.stdin })) {
        if (line.trim()) console.log(JSON.stringify(await answer(JSON.parse(line))));
    }
}
