#!/usr/bin/env -S python3 -B
"""What extension/ lets pages do: pages.js and what it stands on in Node.js, with the real host and agent.

A page is a port as the browser gives it to the background, with the browser's word on its sender."""
# tests/run: timeout=1500
import base64
import hashlib
import json
import re
import struct
import subprocess
from pathlib import Path

import cli_world
from agent_world import AgentWorld
from cli_world import ADDRESS_ONE, check, contains, equal
from extension_code import ExtensionCode
from extension_port import START
from oauth_provider import NODE

ROOT = Path(__file__).resolve().parents[2]
EXTENSION = ROOT / "extension"
OWN_ID = "dejmjgfpcmgkfnoekcfibcccgifpmjci"

PAGES = START + """
import { Pages } from "./pages.js";
const sealring = new Sealring();
const pages = new Pages(sealring);
function open(sender) {
  const listeners = [];
  const waiting = new Map();
  const page = { states: [], texts: 0 };
  const port = {
    sender: { frameId: 0, ...sender },
    onMessage: { addListener: (listener) => listeners.push(listener) },
    postMessage(text) {
      page.texts++;
      const { id, result, error, state } = JSON.parse(text);
      if (state) page.states.push(state.connected ? JSON.parse(state.accounts).length : state.connected);
      else waiting.get(id)(error ? error : { result });
    },
  };
  pages.add(port);
  page.send = (text) => listeners.forEach((listener) => listener(text));
  page.ask = (method, params) => new Promise((resolve) => {
    waiting.set(waiting.size + 1, resolve);
    page.send(JSON.stringify({ id: waiting.size, method, params, origin: "https://forged.example" }));
  });
  page.close = () => pages.remove(port);
  return page;
}
const until = async (condition) => { while (!condition()) await later(10); };
"""


def run(world, code):
    return ExtensionCode(world, packages=False).run(PAGES + code)[1]


# --- who asks -------------------------------------------------------------------------------------

def test_the_origin_is_the_browsers_word_and_nothing_else(world):
    answers = run(world, """
    const page = open({ origin: "https://app.example.com", url: "https://other.example.com/" });
    const old = open({ url: "https://old.example.com:8443/path?x" });
    done([await page.ask("eth_requestAccounts", []), await page.ask("wallet_getPermissions", []), await old.ask("eth_requestAccounts", [])]);""")
    equal(answers[2]["code"], 4100, "a page of which only the address is known")
    equal(answers[1]["result"][0]["invoker"], "https://app.example.com", "the page")
    equal([grant["origin"] for grant in world.json("grant", "list")["grants"]], ["https://app.example.com"], "who was connected")


def test_frames_and_pages_without_an_origin_are_refused(world):
    equal(run(world, """
    const senders = [{ origin: "https://app.example.com", frameId: 3 }, { origin: "https://app.example.com", frameId: undefined },
      { origin: "null", url: "https://app.example.com/" }, { origin: "file://" }, { origin: "http://app.example.com" },
      { origin: "http://localhost.evil.example" }, { origin: "http://192.168.1.1" }, { origin: "moz-extension://x" }, { origin: "data:," },
      { url: "https://app.example.com/" }, { url: "about:blank" }];
    const answers = await Promise.all(senders.map((sender) => open(sender).ask("eth_accounts", [])));
    done([new Set(answers.map(({ code, data }) => `${code} ${data.reason}`)).size, answers[0].code, browser.runtime.hosts.length]);"""),
          [1, 4100, 0], "refusals, and hosts that were started for them")


def test_pages_on_this_computer_may_ask_over_http(world):
    equal(run(world, """
    const answers = [];
    for (const origin of ["http://localhost", "http://localhost:3000", "http://127.0.0.1:8080"])
      answers.push((await open({ origin }).ask("eth_accounts", [])).data.reason);
    done(answers);"""), ["INVALID_PARAMS"] * 3, "what the agent says outside developer mode")


# --- the port -------------------------------------------------------------------------------------

def test_a_question_of_the_popup_outlives_the_last_page(world):
    equal(run(world, """
    const setLater = setTimeout;
    globalThis.setTimeout = (act, ms) => setLater(act, ms === 30_000 ? 200 : ms); // when nobody is there
    const ends = [];
    const { runtime } = browser;
    const [connect, tell] = [[], []];
    runtime.onConnect = { addListener: (listener) => connect.push(listener) };
    runtime.onMessage = { addListener: (listener) => tell.push(listener) };
    runtime.id = "me";
    runtime.getURL = (path) => `chrome-extension://me/${path}`;
    runtime.connectNative = () => {
      const port = { onDisconnect: { addListener() {} } };
      port.onMessage = { addListener: (listener) => (port.answer = listener) };
      port.postMessage = ({ id, method }) => method === "keys.create" || setLater(() => port.answer({ id, result: { protocol: 1 } }));
      port.disconnect = () => ends.push("port");
      return port;
    };
    await import("./background.js");
    const gone = [];
    connect[0]({
      sender: { frameId: 0, origin: "https://app.example.com" }, postMessage() {},
      onMessage: { addListener() {} }, onDisconnect: { addListener: (listener) => gone.push(listener) },
    });
    await new Promise((resolve) => setLater(resolve, 100));
    gone.forEach((listener) => listener());
    tell[0]({ popup: "create" }, { id: "me", url: "chrome-extension://me/popup.html" });
    await new Promise((resolve) => setLater(resolve, 500));
    done(ends);"""), [], "what was ended while the user is asked")


# --- what is asked --------------------------------------------------------------------------------

def test_a_page_may_call_what_is_its_own_and_nothing_else(world):
    methods = re.findall(r"^### (\S+)$", (ROOT / "docs/PROTOCOL.md").read_text(), re.M)
    allowed, refused = run(world, f"""
    import {{ isForPages }} from "./page_methods.js";
    const page = open({{ origin: "https://app.example.com" }});
    const methods = {json.dumps(methods)}.concat(["sealring.attach", "eth_sendTransaction", "__proto__", "constructor", "toString", "", null, 5, undefined, []]);
    const refused = methods.filter((method) => !isForPages(method));
    const codes = await Promise.all(refused.map(async (method) => (await page.ask(method, [])).code));
    done([methods.filter(isForPages), [...new Set(codes)]]);""")
    groups = ("eth_", "personal_", "wallet_", "siwe.", "session.", "storage.")
    expected = {method for method in methods if method.startswith(groups)}
    expected |= {"keys.list", "oauth.login", "oauth.token", "oauth.accounts", "oauth.userinfo", "oauth.logout"}
    equal((sorted(allowed), refused), (sorted(expected), [4200]), "what pages may call")


def test_every_group_works_for_a_page(world):
    equal(run(world, """
    const page = open({ origin: "https://app.example.com" });
    const [address] = (await page.ask("eth_requestAccounts", [])).result;
    await page.ask("storage.set", { key: "k", value: "v" });
    const { message } = (await page.ask("siwe.build", {})).result;
    const answers = [
      (await page.ask("storage.get", { key: "k" })).result.value, (await page.ask("keys.list")).result.keys[0].address === address,
      (await page.ask("siwe.sign", { message })).result.address === address, (await page.ask("session.signIn")).result.kind,
      (await page.ask("oauth.accounts")).result.accounts, (await page.ask("personal_sign", ["0x61", address])).result.length];
    done(answers);"""), ["v", True, True, "signed-in", [], 132], "answers")


def test_a_pages_login_is_a_window_of_the_browser_one_at_a_time(world):
    equal(run(world, """
    const page = open({ origin: "https://app.example.com" });
    sealring.request = async (method, params, options) => {
      calls.push([method, options.origin, params.redirectUri ?? null]);
      return { "oauth.begin": { flow: "f", url: "https://id.example/" }, "oauth.complete": { account: { id: "a" } } }[method];
    };
    const calls = [];
    let back;
    browser.identity.launchWebAuthFlow = () => new Promise((resolve) => (back = resolve));
    const login = page.ask("oauth.login", { issuer: "https://id.example", redirectUri: "https://evil.example" });
    await until(() => back);
    const second = await open({ origin: "https://other.example.com" }).ask("oauth.login", { issuer: "https://id.example" });
    back("https://back");
    const first = await login;
    done([first, second.data.reason, calls.filter(([method]) => method.startsWith("oauth."))]);"""),
          [{"result": {"account": {"id": "a"}}}, "BUSY",
           [["oauth.begin", "https://app.example.com", f"https://{cli_world.EXTENSION}.chromiumapp.org/callback/app.example.com"],
            ["oauth.complete", "https://app.example.com", None]]], "the sign-in")


def test_a_page_cannot_end_the_port_of_others_by_names_with_one_hash(world):
    equal(run(world, """
    const [page, other] = ["https://app.example.com", "https://other.example.com"].map((origin) => open({ origin }));
    await other.ask("eth_chainId", []);
    const answers = await Promise.all([page.ask("siwe.build", { "8yn0iYCKYHlIj4-BwPqk": 1, GReLUrM4wMqfg9yzV3KQ: 2 }), other.ask("eth_chainId", [])]);
    done([answers[0].code, answers[1].result, browser.runtime.hosts.length]);"""), [-32602, "0x1", 1], "answers, and hosts")


def test_a_flood_of_one_page_is_refused_above_64_and_harms_no_other(world):
    equal(run(world, """
    const [page, other] = ["https://app.example.com", "https://other.example.com"].map((origin) => open({ origin }));
    const asked = Array.from({ length: 1000 }, () => page.ask("eth_chainId", []));
    const others = await Promise.all(Array.from({ length: 64 }, () => other.ask("eth_chainId", [])));
    const answers = await Promise.all(asked);
    const count = (list, test) => list.filter(test).length;
    const again = await page.ask("eth_chainId", []);
    done([count(answers, ({ result }) => result), count(answers, ({ code, data }) => code === -32005 && data.reason === "BUSY"),
      count(others, ({ result }) => result), again.result]);"""), [64, 936, 64, "0x1"], "answers")


def test_a_page_that_is_loaded_again_and_again_has_no_more_room(world):
    equal(run(world, """
    let asked = 0;
    sealring.request = (method) => (method === "personal_sign" ? (asked++, new Promise(() => {})) : Promise.reject(new SealringError("no", 4100, {})));
    const answers = [];
    for (let i = 0; i < 20; i++) {
      const page = open({ origin: "https://app.example.com" });
      for (let j = 0; j < 10; j++) page.ask("personal_sign", []).then(({ data }) => answers.push(data.reason));
      page.close();
    }
    await later(100);
    done([asked, new Set(answers).size, answers.length, answers[0]]);"""), [64, 1, 136, "BUSY"], "requests under way")


def test_what_is_no_request_is_dropped(world):
    equal(run(world, """
    const page = open({ origin: "https://app.example.com" });
    await until(() => page.states.length);
    const before = page.texts;
    for (const text of ["", "{", "null", "5", "[]", "{}", '{"id":"1","method":"eth_chainId"}', '{"id":1.5}', '{"id":null}', undefined, null, 5, { id: 1 }])
      page.send(text);
    await later(200);
    const silent = page.texts === before;
    done([silent, (await page.ask("eth_accounts", { a: 1 })).data.reason, (await page.ask("personal_sign", ["\\0"])).data.reason]);"""),
          [True, "INVALID_PARAMS", "INVALID_PARAMS"], "what came back")


def test_a_page_that_has_gone_gets_nothing(world):
    equal(run(world, """
    const page = open({ origin: "https://app.example.com" });
    await page.ask("eth_chainId", []);
    page.close();
    const states = page.states.length;
    await open({ origin: "https://app.example.com" }).ask("eth_requestAccounts", []);
    await later(300);
    done([pages.count, page.states.length - states]);"""), [1, 0], "pages, and what the first one was told")


HANGING_FOR_ONE = """#!/bin/sh
text=$(cat)
echo "$text" >>"{folder}/shown"
case $text in *https://gone.example.com*) exec sleep 100;; esac
exit 0
"""


def test_the_question_of_a_page_that_has_gone_is_withdrawn_and_no_other(world):
    world.write("prompt", HANGING_FOR_ONE.format(folder=world.folder), 0o700)
    equal(run(world, """
    import { existsSync, readFileSync } from "node:fs";
    const shown = SHOWN;
    const [gone, stays] = ["https://gone.example.com", "https://stays.example.com"].map((origin) => open({ origin }));
    const lost = gone.ask("eth_requestAccounts", []);
    await until(() => existsSync(shown) && readFileSync(shown, "utf8").includes("https://gone.example.com"));
    const kept = stays.ask("eth_requestAccounts", []);
    const begin = Date.now();
    gone.close();
    const { result } = await kept;
    done([result.length, Date.now() - begin < 30_000, (await lost).message !== undefined, browser.runtime.hosts.length]);"""
    .replace("SHOWN", json.dumps(str(world.folder / "shown")))),
          [1, True, True, 1], "the other page's answer, without waiting for the first window")
    shown = world.shown()
    equal([shown.count(f"https://{name}.example.com") > 0 for name in ("gone", "stays")], [True, True], "both were shown")
    grants = world.json("grant", "list")["grants"]
    equal([grant["origin"] for grant in grants], ["https://stays.example.com"], "what was allowed")


def test_a_page_learns_nothing_of_why_sealring_is_not_there(world):
    equal(run(world, """
    import { providerError } from "./provider_error.js";
    const gone = new SealringError("no agent at /home/alice/x", 4900, { reason: "AGENT_UNAVAILABLE", problem: "exited" });
    const { code, message, data } = providerError(gone);
    done([code, message.includes("/home"), data, providerError(new TypeError("x of /home/alice")).message]);"""),
          [4900, False, {"reason": "AGENT_UNAVAILABLE"}, "the extension failed"], "the error")


# --- what pages are told --------------------------------------------------------------------------

def test_pages_are_told_when_something_of_theirs_changes_whoever_did_it(world):
    code = """
    import { execFileSync } from "node:child_process";
    const command = (...words) => execFileSync(COMMAND, words, { stdio: "ignore" });
    const [page, same, other] = ["https://app.example.com", "https://app.example.com", "https://other.example.com"].map((origin) => open({ origin }));
    const last = () => [page, same, other].map(({ states }) => states.at(-1));
    const is = (expected) => until(() => JSON.stringify(last()) === JSON.stringify(expected));
    await is([0, 0, 0]);
    await page.ask("eth_requestAccounts", []);
    await is([1, 1, 0]);
    command("lock");
    await is([0, 0, 0]);
    execFileSync(COMMAND, ["unlock", "--passphrase-fd", "0"], { input: PASSPHRASE });
    await is([1, 1, 0]);
    await page.ask("wallet_revokePermissions", [{ eth_accounts: {} }]);
    await is([0, 0, 0]);
    browser.runtime.hosts.at(-1).kill("SIGKILL");
    await is([false, false, false]);
    await other.ask("eth_chainId", []);
    await is([0, 0, 0]);
    done("all seen");"""
    names = {"COMMAND": json.dumps(str(cli_world.SEALRING)), "PASSPHRASE": json.dumps(cli_world.PASSPHRASE)}
    for name, value in names.items():
        code = code.replace(name, value)
    equal(run(world, code), "all seen", "the states")


# --- what the popup shows -------------------------------------------------------------------------

def test_the_popup_shows_what_sites_have_and_asks_the_user_nothing(world):
    browser = world.browser(OWN_ID, connect=False)
    for origin in ("https://b.example.com", "https://a.example.com"):
        browser.result("eth_requestAccounts", [], origin)
    browser.result("session.signIn", {"spacePrefix": "notes"}, "https://a.example.com")
    world.browser(cli_world.EXTENSION)  # another extension's page
    world.shown()
    code = f"""
    import {{ overview }} from "./overview.js";
    const {{ store, account, sites, own }} = await overview(sealring, "chrome-extension://{OWN_ID}");
    done([store.state, account?.address ?? null, sites.map((site) => [site.origin, site.grants.length, site.keys.length, site.sessions.length]), own.grants]);"""
    show = lambda: ExtensionCode(world, packages=False).run(PAGES + code, OWN_ID)[1]
    equal(show(), ["open", ADDRESS_ONE, [["https://a.example.com", 1, 1, 1], ["https://b.example.com", 1, 1, 0]], []], "unlocked")
    world.run("lock").expect(0, "lock")
    equal(show(), ["locked", None, [["https://a.example.com", 1, 0, 0], ["https://b.example.com", 1, 0, 0]], []], "locked")
    equal(world.shown(), "", "what the user was asked")


def test_a_question_of_the_popup_names_the_site(world):
    asked = run(world, """
    const buttons = [];
    globalThis.document = {
      createElement(tag) {
        const made = { append() {}, setAttribute() {} };
        if (tag === "button") buttons.push(made);
        return made;
      },
    };
    const { siteRows } = await import("./popup_sites.js");
    const asked = [];
    const actions = { ask: async (...words) => (asked.push(words.join(" ")), false), call() {} };
    const has = { keys: [], grants: [{ id: "g", kind: "accounts", key: "k", created: "2026-01-01T00:00:00Z" }],
      sessions: [{ session: "s", kind: "key" }], accounts: [{ id: "a", name: "me", issuer: "https://id.example" }] };
    siteRows({ ...has, origin: "https://app.example.com" }, actions);
    siteRows({ ...has, origin: null }, actions);
    for (const button of buttons) await button.onclick();
    done(asked);""")
    equal(["https://app.example.com" in question for question in asked], [True] * 3 + [False] * 3, "questions that name the site")


POPUP = """
import { servePopup } from "./popup_requests.js";
const api = { runtime: { id: "me", getURL: (path) => `chrome-extension://me/${path}`, onMessage: browser.runtime.onMessage } };
let ended = 0;
const served = servePopup(api, sealring, () => ended++);
const popup = { id: "me", url: "chrome-extension://me/popup.html" };
const tell = (what, sender = popup) => new Promise((resolve) => browser.runtime.onMessage.fire({ popup: what }, sender, resolve));
"""


def test_only_the_popup_has_the_background_ask_and_only_for_three_things(world):
    equal(run(world, POPUP + """
    const page = { id: "me", url: "https://app.example.com/popup.html", origin: "https://app.example.com" };
    const methods = [];
    const heard = [];
    sealring.request = async (method) => methods.push(method);
    for (const [message, sender] of [[{ popup: "create" }, page], [{ popup: "unlock" }, page], [{ popup: "account" }, { ...popup, id: "other" }],
      [{ popup: "account" }, { id: "me" }], [{ popup: "toString" }, popup], [{ popup: "__proto__" }, popup], [{}, popup], [null, popup],
      [{ popup: "lock" }, popup], [{ popup: "sealring.unlock" }, popup]])
      browser.runtime.onMessage.fire(message, sender, (answer) => heard.push(answer));
    await later(50);
    const refused = [served.asking, methods.length, heard.length, browser.runtime.hosts.length];
    const told = [tell("create"), tell("account", { ...popup, url: `${popup.url}#x` }), tell("unlock")];
    const asking = served.asking;
    const answers = await Promise.all(told);
    await until(() => ended === 3);
    done([refused, asking, served.asking, methods, answers]);"""),
          [[0, 0, 0, 0], 3, 0, ["keys.create", "eth_requestAccounts", "sealring.unlock"], [{}, {}, {}]], "what was asked")


def test_the_popup_hears_what_became_of_its_request_but_not_what_the_answer_was(world):
    answers = run(world, POPUP + """
    const answers = [await tell("account"), await tell("create")];
    done([answers, (await sealring.request("keys.list")).keys.length, served.asking]);""")
    equal(answers, [[{}, {}], 2, 0], "the answers")
    world.answer(False)
    equal(run(world, POPUP + """done(await tell("create"));""")["reason"], "USER_REJECTED", "after a no")


def test_the_popup_hears_that_there_is_no_key_without_a_question(world):
    world.run("key", "delete", "One").expect(0, "delete")
    world.shown()
    answer = run(world, POPUP + """done(await tell("account"));""")
    equal(answer["reason"], "KEY_NOT_FOUND", "what the popup hears")
    equal(world.shown(), "", "what the user was asked")


def test_the_popup_unlocks_when_the_user_agrees_and_a_page_cannot(world):
    world.run("lock").expect(0, "lock")
    page = run(world, """done((await open({ origin: "https://app.example.com" }).ask("sealring.unlock", {})).code);""")
    equal((page, world.shown()), (4200, ""), "a page")
    world.answer(False)
    equal(run(world, POPUP + """done(await tell("unlock"));""")["reason"], "USER_REJECTED", "after a no")
    equal(world.json("status")["store"]["state"], "locked", "the store")
    world.answer(True)
    equal(run(world, POPUP + """done([await tell("unlock"), (await sealring.request("sealring.status")).store.state]);"""), [{}, "open"], "after a yes")


# --- the extension as it is shipped ---------------------------------------------------------------

def manifest():
    return json.loads((EXTENSION / "manifest.json").read_text())


def test_the_manifest_asks_for_no_more_than_is_needed(world):
    found = manifest()
    equal(sorted(found["permissions"]), ["identity", "nativeMessaging"], "permissions")
    check(not {"host_permissions", "optional_permissions", "web_accessible_resources", "externally_connectable"} & set(found), "more than that")
    check(all("all_frames" not in script and "match_about_blank" not in script for script in found["content_scripts"]), "top frames only")
    contains(found["content_security_policy"]["extension_pages"], "default-src 'none'; script-src 'self'", "what may be loaded")
    equal(found["version"], world.browser(connect=False).result("sealring.hello", origin=None)["version"], "the version")


def test_the_manifest_has_the_id_that_the_host_lets_in(world):
    digest = hashlib.sha256(base64.b64decode(manifest()["key"])).hexdigest()[:32]
    equal("".join(chr(ord("a") + int(digit, 16)) for digit in digest), OWN_ID, "Chromium's")
    equal(manifest()["browser_specific_settings"]["gecko"]["id"], "companion@sealring.org", "Firefox's")


def test_every_file_that_is_named_is_there_and_every_script_parses(world):
    text = (EXTENSION / "manifest.json").read_text() + (EXTENSION / "popup.html").read_text()
    for name in re.findall(r'"([\w/-]+\.(?:js|png|svg|css|html))"', text):
        check((EXTENSION / name).exists(), f"{name} is missing")
    for script in sorted(EXTENSION.glob("*.js")):
        is_module = re.search(r"^(import|export) ", script.read_text(), re.M)
        words = [NODE, "--input-type=module", "--check"] if is_module else [NODE, "--check", script]
        ran = subprocess.run(words, input=script.read_text() if is_module else None, capture_output=True, text=True)
        equal((ran.returncode, ran.stderr), (0, ""), script.name)


def test_no_script_makes_code_or_markup_of_text(world):
    for path in sorted(EXTENSION.glob("*.js")):
        text = re.sub(r"/\*.*?\*/|//.*", "", path.read_text(), flags=re.S)
        for word in ("innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval(", "new Function", "importScripts", "import(", "fetch("):
            check(word not in text, f"{path.name} has {word}")
    page = (EXTENSION / "popup.html").read_text()
    check(not re.search(r"<script(?! type=\"module\" src=\"popup\.js\")|<style|\son\w+=|style=|https?://", page), "the popup has code or styles of its own")


def test_the_icon_that_pages_get_is_the_icon(world):
    embedded = re.search(r"data:image/svg\+xml;base64,([\w+/=]+)", (EXTENSION / "inpage.js").read_text())[1]
    equal(base64.b64decode(embedded).decode().strip(), (EXTENSION / "icons/sealring.svg").read_text().strip(), "the icon")
    for size in (16, 32, 48, 128):
        png = (EXTENSION / f"icons/sealring-{size}.png").read_bytes()
        equal(struct.unpack(">II", png[16:24]), (size, size), f"icon of {size}")


if __name__ == "__main__":
    cli_world.main("extension background", dict(globals()), AgentWorld)
