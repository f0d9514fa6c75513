#!/usr/bin/env -S python3 -B
"""The browsers start sealring-host themselves, and another author's extension uses it: over a port, by single
messages, by extension/sealring.js; up to what a frame may hold."""
from pathlib import Path

from browser_world import ADDRESS_ONE, BUILD, CALLER, Skip, check, contains, equal, json, main, wait_until

HELLO = {"jsonrpc": "2.0", "id": 1, "method": "sealring.hello"}
MIB = 1 << 20


def caller(desk, browser):
    tab = desk.open(browser, browser.caller + "caller.html")
    tab.wait_for("!!window.caller")
    return tab


def settle(tab, expression):
    """{"result"} or {"error"} of a promise; sealring and caller are at hand in it."""
    return tab.run(f"const {{sealring}} = caller; return caller.settle({expression})")


def request(tab, method, params=None):
    return settle(tab, f"sealring.request({json.dumps(method)}, {json.dumps(params)} ?? undefined)")


def parent(pid):
    return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])


def test_the_browser_starts_the_host_and_the_host_the_agent(desk, browser):
    desk.stop()
    tab = caller(desk, browser)
    equal(request(tab, "sealring.status")["result"]["store"]["name"], "vault", "status")
    host, = browser.hosts()
    words = Path(f"/proc/{host}/cmdline").read_bytes().split(b"\0")[:-1]
    own = f"chrome-extension://{CALLER['chromium']}/" if browser.kind == "chromium" else CALLER["firefox"]
    equal((words[0].decode(), words[-1].decode()), (str(BUILD / "sealring-host"), own), "how it was started")
    above = parent(host)
    check(above == browser.process.pid or parent(above) == browser.process.pid, "the host is not the browser's child")
    tab.run("caller.sealring.close()")
    wait_until(lambda: not browser.hosts(), "the end of the host")


def test_what_browser_install_writes_is_what_the_browser_wants(desk, browser):
    if not desk.install_manifest(browser):
        raise Skip("the build is in a folder that is open to everybody")
    tab = caller(desk, browser)
    tab.run("caller.sealring.close()")
    equal("result" in request(tab, "sealring.status"), True, "with the manifest")
    desk.run("browser", "uninstall", browser.kind).expect(0, "browser uninstall")
    browser.changed = True
    equal(tab.run(f"return caller.overPort({json.dumps(HELLO)})").get("answer"), None, "without it")


def test_a_port_and_a_single_message_get_the_same_answer(desk, browser):
    tab = caller(desk, browser)
    answers = [tab.run(f"return caller.{name}({json.dumps(HELLO)})")["answer"] for name in ("overPort", "overMessage")]
    for answer in answers:
        equal((answer["id"], answer["result"]["protocol"], answer["result"]["store"]["state"]), (1, 1, "open"), "hello")
    equal(answers[0], answers[1], "the answers")
    wait_until(lambda: not browser.hosts(), "the end of the hosts")


def test_an_extension_signs_with_the_module(desk, browser):
    tab = caller(desk, browser)
    equal(request(tab, "eth_requestAccounts", [])["result"], [ADDRESS_ONE], "accounts")
    shown = desk.shown()
    contains(shown, CALLER[browser.kind], "the extension in the prompt")
    signed = request(tab, "personal_sign", ["0x48656c6c6f", ADDRESS_ONE])["result"]
    equal(signed, desk.run("sign", "--personal", str(desk.write("text", "Hello"))).expect(0, "sign").output.strip(), "signature")


def test_values_survive_the_way(desk, browser):
    tab = caller(desk, browser)
    value = "zażółć 🔑 \x01 \"\\\" " + "é" * 1000
    equal(request(tab, "storage.set", {"key": "text", "value": value}), {"result": None}, "set")
    equal(request(tab, "storage.get", {"key": "text"})["result"]["value"], value, "get")


def test_frames_up_to_a_mebibyte_pass_and_larger_ones_are_refused(desk, browser):
    tab = caller(desk, browser)
    frame = {"jsonrpc": "2.0", "id": 1, "method": "siwe.parse", "params": {"message": ""}}
    room = MIB - len(json.dumps(frame, separators=(",", ":")))
    sized = f"{{...{json.dumps(frame)}, params: {{message: 'x'.repeat({room} + MORE)}}}}"
    for name in ("overPort", "overMessage"):
        whole = tab.run(f"return caller.{name}({sized.replace('MORE', '0')})")["answer"]
        equal(whole["error"]["data"]["reason"] in ("MALFORMED_SIWE", "LIMIT_EXCEEDED", "INVALID_PARAMS"), True, f"{name}: 1 MiB: {whole}")
        larger = tab.run(f"return caller.{name}({sized.replace('MORE', '1')})")
        reason = larger.get("answer", {}).get("error", {}).get("data", {}).get("reason")
        check(reason in ("LIMIT_EXCEEDED", "INVALID_REQUEST") or "ended" in larger, f"{name}: 1 MiB and a byte: {larger}")
        equal(tab.run(f"return caller.{name}({json.dumps(HELLO)})")["answer"]["id"], 1, "the next")


def test_the_module_refuses_what_is_too_large_and_goes_on(desk, browser):
    tab = caller(desk, browser)
    answer = settle(tab, f"sealring.request('siwe.parse', {{message: 'x'.repeat({MIB})}})")
    equal((answer["error"]["name"], answer["error"]["reason"]), ("SealringError", "LIMIT_EXCEEDED"), "error")
    equal("result" in request(tab, "sealring.status"), True, "the next")


def test_large_records_come_back_whole(desk, browser):
    tab = caller(desk, browser)
    value = "r" * 131072
    equal(settle(tab, "sealring.request('storage.set', {key: 'large', value: 'r'.repeat(131072)})"), {"result": None}, "set")
    equal(request(tab, "storage.get", {"key": "large"})["result"]["value"] == value, True, "get")
    answer = settle(tab, "sealring.request('storage.set', {key: 'large', value: 'r'.repeat(131073)})")
    equal(answer["error"]["reason"] in ("LIMIT_EXCEEDED", "INVALID_PARAMS"), True, f"a byte more: {answer}")


def test_many_requests_at_once_are_all_answered(desk, browser):
    tab = caller(desk, browser)
    counts = tab.run("const all = Array.from({length: 500}, () => caller.sealring.request('eth_chainId', []));"
                     "return (await Promise.all(all)).filter((value) => value === '0x1').length")
    equal(counts, 500, "answers")


def test_what_is_no_request_is_an_error_and_not_the_end(desk, browser):
    tab = caller(desk, browser)
    for frame in ({}, {"jsonrpc": "2.0", "id": 1}, {"jsonrpc": "1.0", "id": 1, "method": "sealring.hello"}, {"jsonrpc": "2.0", "id": 1, "method": "no.such"},
                  {**HELLO, "extension": "x"}, {"jsonrpc": "2.0", "id": 1, "method": "sealring.attach", "params": {"client": "cli"}}):
        answer = tab.run(f"return caller.overPort({json.dumps(frame)})")
        check("error" in answer.get("answer", {}), f"{frame}: {answer}")


def test_an_extension_that_the_manifest_does_not_name_is_told_so(desk, browser):
    desk.write_manifest(browser, extensions=["x" * 32 if browser.kind == "chromium" else "other@example.org"])
    tab = caller(desk, browser)
    answer = request(tab, "sealring.status")["error"]
    equal((answer["code"], answer["reason"]), (4900, "AGENT_UNAVAILABLE"), "error")
    contains(answer["message"], "sealring browser install", "what to do")
    desk.write_manifest(browser)
    equal("result" in request(tab, "sealring.status"), True, "once it is named")


if __name__ == "__main__":
    main("native messaging", dict(globals()))
