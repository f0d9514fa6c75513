#!/usr/bin/env -S python3 -B
"""extension/sealring.js in Node.js with the real host and agent.

The browser's part, a native port, is native_port.mjs; tests/browser/ has the same in real browsers."""
import cli_world
from agent_world import AgentWorld
from cli_world import ADDRESS_ONE, EXTENSION, check, equal
from extension_port import run


def test_a_request_gets_its_result_and_each_its_own(world):
    equal(run(world, """
    const sealring = listen(new Sealring());
    const answers = await Promise.all([
      sealring.request("eth_requestAccounts", [], { origin }), sealring.request("eth_chainId", []),
      sealring.request("eth_accounts", [], { origin: "https://other.example.com" })]);
    answers.push(await sealring.request("sealring.lock"));
    done([answers, seen.slice(0, 1), sealring.pending]);"""), [[[ADDRESS_ONE], "0x1", [], None], ["connected"], 0], "answers")


def test_an_error_has_code_reason_and_what_else_is_known(world):
    equal(run(world, """
    const error = await new Sealring().request("storage.get", { key: 5 }, { origin }).catch((e) => e);
    const other = await new Sealring().request("siwe.parse", { message: "x wants" }).catch((e) => e);
    done([error instanceof SealringError, error.name, error.code, error.reason, error.data.reason, other.data.offset >= 0, other.message.length > 10]);
    """), [True, "SealringError", 4100, "NOT_GRANTED", "NOT_GRANTED", True, True], "errors")


def test_notifications_are_events(world):
    equal(run(world, """
    const sealring = listen(new Sealring());
    await sealring.hello();
    await new Sealring().request("eth_requestAccounts", [], { origin });
    while (seen.length < 2) await later(10);
    done(seen);"""), ["connected", "sealring.changed"], "events")


def test_what_the_agent_could_not_read_is_refused_here_and_harms_nobody(world):
    equal(run(world, """
    const sealring = new Sealring();
    const deep = (depth) => (depth ? [deep(depth - 1)] : 1);
    const many = (count) => Object.fromEntries(Array.from({ length: count }, (_, i) => [`m${i}`, 1]));
    const cycle = [];
    cycle.push(cycle);
    const call = (params) => sealring.request("storage.get", params);
    const good = sealring.request("eth_chainId", []);
    const got = await reasons([
      call({ key: "\\ud800" }), call({ key: "\\0" }), call({ ["\\udfff"]: 1 }), call({ key: 2 ** 53 }), call({ key: -(2 ** 53) }),
      call({ key: deep(31) }), call({ key: many(257) }), call(cycle), call({ key: 1n }), sealring.request(5), sealring.request("a\\0"),
      call({ key: "x".repeat(1_048_576) }), call({ key: "ß".repeat(524_288) })]);
    const field = await call({ list: [{ key: "\\0" }] }).catch((e) => e.data.field);
    const fine = await reasons([call({ key: deep(30) }), call({ key: many(256) }), call({ key: "\\u2028\\ud83d\\ude00" }), call({ key: 2 ** 53 - 1 })]);
    done([new Set(got.slice(0, 11)).size, got[0], got.slice(11), field, fine, await good]);
    """), [1, "INVALID_PARAMS", ["LIMIT_EXCEEDED", "LIMIT_EXCEEDED"], "params.list[0].key",
           ["INVALID_PARAMS", "INVALID_PARAMS", "fine", "INVALID_PARAMS"], "0x1"], "what was refused")


def test_the_largest_request_that_is_let_through_is_one_the_host_takes(world):
    equal(run(world, """
    const sealring = new Sealring();
    const size = (n) => sealring.request("siwe.parse", { message: "x".repeat(n) }).catch((e) => e.reason);
    const around = JSON.stringify({ jsonrpc: "2.0", id: 0, method: "siwe.parse", params: { message: "" } }).length;
    done([await size(1_048_576 - 16 - around), await size(1_048_576 - 15 - around), await sealring.request("eth_chainId", [])]);
    """), ["MALFORMED_SIWE", "LIMIT_EXCEEDED", "0x1"], "the reasons")


def test_more_requests_than_the_agent_takes_at_once_wait_here(world):
    world.write("slow", "")
    equal(run(world, f"""
    import {{ unlinkSync }} from "node:fs";
    const sealring = new Sealring();
    const asked = Array.from({{ length: 3 }}, (_, i) => sealring.request("eth_requestAccounts", [], {{ origin: `https://${{i}}.example.com` }}));
    await later(300);
    unlinkSync("{world.folder}/slow");
    const many = await reasons(Array.from({{ length: 5000 }}, () => sealring.request("eth_chainId", [])));
    done([new Set(many).size, many[0], await reasons(asked)]);"""), [1, "fine", ["fine"] * 3], "5000 requests")


def test_everything_pending_is_rejected_when_the_host_dies_and_the_next_request_works(world):
    world.hold()
    equal(run(world, """
    const runtime = browser.runtime;
    const sealring = listen(new Sealring());
    await sealring.hello();
    const asked = [0, 1, 2].map((i) => sealring.request("eth_requestAccounts", [], { origin: `https://${i}.example.com` }));
    await later(300);
    runtime.hosts.at(-1).kill("SIGKILL");
    const errors = (await Promise.allSettled(asked)).map(({ reason }) => reason);
    const next = await sealring.request("eth_chainId", []);
    assert.ok(errors.every((error) => error === errors[0]));
    const [{ code, reason, data }] = errors;
    done([code, reason, data.problem, next, runtime.hosts.length, sealring.pending, seen]);
    """), [4900, "AGENT_UNAVAILABLE", "exited", "0x1", 2, 0, ["connected", "disconnected exited", "connected"]], "what happened")


def test_an_agent_that_is_killed_is_started_again_by_the_next_request(world):
    pid = world.agent_pid()
    equal(run(world, f"""
    const sealring = new Sealring();
    await sealring.hello();
    process.kill({pid}, "SIGKILL");
    const first = await sealring.request("eth_chainId", []).catch((e) => e.code);
    done([first === "0x1" || first === 4900, await sealring.request("eth_chainId", [])]);"""), [True, "0x1"], "what happened")
    check(world.agent_pid() not in (None, pid), "another agent")


def test_an_agent_that_took_the_place_of_another_tells_of_changes_too(world):
    """The host goes on with it, without a word; it was another that had been asked to tell."""
    equal(run(world, f"""
    import {{ execFileSync }} from "node:child_process";
    const sealring = listen(new Sealring());
    await sealring.request("eth_requestAccounts", [], {{ origin }});
    execFileSync("{cli_world.SEALRING}", ["agent", "stop"]);
    await later(11_000);
    await sealring.request("eth_chainId", []);
    seen.length = 0;
    execFileSync("{cli_world.SEALRING}", ["unlock", "--passphrase-fd", "0"], {{ input: "{cli_world.PASSPHRASE}", stdio: ["pipe", "ignore", "ignore"] }});
    for (let i = 0; i < 600 && !seen.includes("sealring.changed"); i++) await later(50);
    done([seen.includes("sealring.changed"), browser.runtime.hosts.length]);"""), [True, 1], "what was heard")


def test_close_rejects_what_is_pending_and_the_next_request_opens_again(world):
    equal(run(world, """
    const sealring = new Sealring();
    const early = sealring.request("eth_chainId", []);
    sealring.close();
    const got = await reasons([early]);
    await sealring.hello();
    const late = sealring.request("eth_chainId", []);
    await Promise.resolve();
    const latest = sealring.request("eth_chainId", []);
    sealring.close();
    sealring.close();
    done([got, await reasons([late, latest]), await sealring.request("eth_chainId", []), browser.runtime.hosts.length]);
    """), [["AGENT_UNAVAILABLE"], ["AGENT_UNAVAILABLE"] * 2, "0x1", 2], "what happened")


def test_an_aborted_request_is_withdrawn_wherever_it_is(world):
    world.hold()
    equal(run(world, """
    import { existsSync, readFileSync, unlinkSync } from "node:fs";
    const until = async (condition) => { while (!condition()) await later(10); };
    const folder = FOLDER;
    const sealring = new Sealring();
    const one = new AbortController();
    const asked = (at, signal, method = "eth_requestAccounts") =>
      sealring.request(method, [], { origin: `https://${at}.example.com`, signal }).catch((error) => error.message);
    const early = asked("early", AbortSignal.abort());
    const sent = asked("sent", one.signal);
    const answered = await asked("answered", one.signal, "eth_chainId");
    const stays = asked("stays", new AbortController().signal);
    await until(() => existsSync(`${folder}/shown`) && readFileSync(`${folder}/shown`, "utf8").includes("https://sent.example.com"));
    const many = Array.from({ length: 100 }, () => asked("many", one.signal, "eth_accounts"));
    one.abort(new Error("gone"));
    const got = await Promise.all([sent, ...many]);
    await until(() => sealring.pending <= 1); // "stays" alone: the others' answers have come
    await later(500);
    const pending = sealring.pending;
    unlinkSync(`${folder}/hold`);
    done([[...new Set(got)], await early, answered, pending, (await stays).length, sealring.pending, browser.runtime.hosts.length]);
    """.replace("FOLDER", f'"{world.folder}"')), [["gone"], "This operation was aborted", "0x1", 1, 1, 0, 1], "what happened")
    shown = world.shown()
    check("https://sent.example.com" in shown, "it had been shown")
    check("https://early.example.com" not in shown, "what was aborted before was not asked")


def test_a_signal_holds_nothing_of_what_was_answered(world):
    equal(run(world, """
    const sealring = new Sealring();
    const { signal } = new AbortController();
    let listeners = 0;
    for (const [name, by] of [["addEventListener", 1], ["removeEventListener", -1]]) {
      const original = signal[name].bind(signal);
      signal[name] = (...words) => { listeners += by; return original(...words); };
    }
    for (let i = 0; i < 10; i++) await sealring.request("eth_chainId", [], { signal });
    await sealring.request("no_such_method", [], { signal }).catch(() => {});
    done(listeners);"""), 0, "listeners that stay")


def test_a_page_without_an_origin_does_not_pass_for_the_extension(world):
    equal(run(world, """
    const sealring = new Sealring();
    const call = (options) => sealring.request("sealring.status", {}, options).then(() => "fine", (e) => e.data.field);
    done(await Promise.all([call({ origin: undefined }), call({ origin: null }), call({ origin: 5 }), call({ origin: "" }), call({ origin: "null" }),
      call({}), call(undefined)]));"""), ["origin"] * 5 + ["fine"] * 2, "who may ask")


# --- sign-ins -------------------------------------------------------------------------------------

FLOW = """
function provider(answer) {
  browser.identity.launchWebAuthFlow = answer;
  const calls = [];
  const sealring = { async request(method, params, options) {
    calls.push([method, params.redirectUri ?? params.flow, params.url ?? null, options.origin]);
    if (method === "oauth.begin") return { flow: "f", url: "https://id.example/authorize" };
    if (method === "oauth.complete" && params.url.includes("bad")) throw new SealringError("no", -32016, { reason: "STATE_MISMATCH" });
    return method === "oauth.complete" ? { account: { id: "a" } } : null;
  } };
  return [sealring, calls];
}
"""


def test_a_sign_in_is_begun_carried_back_and_ended_whatever_happens(world):
    back = f"https://{EXTENSION}.chromiumapp.org/callback/app.example.com"
    equal(run(world, FLOW + """
    const all = [];
    for (const answer of [async ({ url }) => url + "?back", async () => { throw new Error("The user did not approve access."); },
      async () => { throw new Error("Authorization page could not be loaded."); }, async () => "https://bad"]) {
      const [sealring, calls] = provider(answer);
      const got = await signIn(sealring, { issuer: "https://id.example" }, { origin }).catch((e) => [e.code, e.reason]);
      all.push([got, calls.map(([method]) => method), calls[0][1], calls.every((call) => call[3] === origin)]);
    }
    done(all);"""), [
        [{"id": "a"}, ["oauth.begin", "oauth.complete"], back, True],
        [[4001, "USER_REJECTED"], ["oauth.begin", "oauth.cancel"], back, True],
        [[-32015, "NETWORK_ERROR"], ["oauth.begin", "oauth.cancel"], back, True],
        [[-32016, "STATE_MISMATCH"], ["oauth.begin", "oauth.complete", "oauth.cancel"], back, True]], "sign-ins")


def test_each_page_has_a_redirect_address_of_its_own(world):
    own = f"https://{EXTENSION}.chromiumapp.org/callback"
    equal(run(world, """
    import { redirectAddress } from "./sealring.js";
    done([undefined, location.origin, "moz-extension://0-1", "https://a.example", "https://b.example:8443", "http://localhost:3000"]
      .map((origin) => redirectAddress(origin)));"""),
          [own, own, own, f"{own}/a.example", f"{own}/b.example:8443", f"{own}/localhost:3000"], "addresses")


if __name__ == "__main__":
    cli_world.main("extension port", dict(globals()), AgentWorld)
