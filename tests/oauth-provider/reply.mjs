// Replies: { status, headers: [[name, value]], body: Buffer }, whatever gives them.
export const reply = (status, body, headers = []) => ({ status, headers, body: Buffer.from(body ?? "") });
export const json = (value, status = 200) => reply(status, JSON.stringify(value), [["content-type", "application/json"]]);
export const html = (text, status = 200) => reply(status, text, [["content-type", "text/html; charset=utf-8"]]);
export const redirect = (location, headers = [], status = 302) => reply(status, "", [...headers, ["location", location]]);

// The JSON object of @text, or null.
export function membersOf(text) {
    try {
        const value = JSON.parse(text);
        return typeof value === "object" ? value : null;
    } catch {
        return null;
    }
}
