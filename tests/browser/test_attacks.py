#!/usr/bin/env -S python3 -B
"""Hostile pages: they forge origins and messages, ask in the name of others, answer themselves, flood. They get
what their own origin may have, the right error, and an answer to every request."""
# tests/run: timeout=1500
import urllib.parse

from browser_world import ADDRESS_ONE, CALLER, COMPANION, check, equal, failed, json, main, succeeded, time, wait_until

STRANGER = "0x0000000000000000000000000000000000000000"


def nothing_asked(desk, what):
    equal(desk.shown(), "", f"{what}: what the user was asked")


def test_a_forged_origin_in_a_request_is_not_heard(desk, browser):
    bank, evil = desk.site(browser).connect(), desk.site(browser)
    desk.shown()
    forged = {"origin": bank.origin, "sender": {"origin": bank.origin, "frameId": 0}, "id": 1, "jsonrpc": "2.0", "extension": "x"}
    answer = evil.tab.run(f"const {{provider}} = await discover();"
                          f"return [await provider.request({{method: 'eth_accounts', params: [], ...{json.dumps(forged)}}}),"
                          f"        await provider.request(Object.assign(Object.create({json.dumps(forged)}), {{method: 'eth_accounts'}}))]")
    equal(answer, [[], []], "accounts")
    failed(evil.ask("personal_sign", ["0x" + bank.message().encode().hex(), ADDRESS_ONE]), 4100, "NOT_GRANTED")
    for params in ({"origin": bank.origin}, [{"origin": bank.origin}], [{"eth_accounts": {"origin": bank.origin}}]):
        evil.ask("eth_accounts", params)
        evil.ask("wallet_getPermissions", params)
    equal(succeeded(evil.ask("eth_accounts")), [], "accounts afterwards")
    nothing_asked(desk, "forged origins")


def test_forged_messages_and_events_reach_nobody(desk, browser):
    site = desk.site(browser).connect()
    desk.shown()
    site.tab.run("""
        const request = {id: 1, method: "wallet_revokePermissions", params: [{eth_accounts: {}}]};
        for (const value of [request, JSON.stringify(request), {type: "sealring", request}, {target: "sealring-content", data: request}])
            window.postMessage(value, "*");
        const wire = document.createTextNode("");
        for (const target of [window, document, document.documentElement, wire])
            for (const name of ["ask", "answer", "sealring:ask", "sealring:wire", "sealring:want", "alive", "taken"])
                for (const detail of [JSON.stringify(request), request, '{"lost":true}', '{"state":{"connected":false}}'])
                    target.dispatchEvent(new CustomEvent(name, {detail, cancelable: true}));
        document.dispatchEvent(new MouseEvent("sealring:wire", {relatedTarget: wire}));
        await new Promise((resolve) => setTimeout(resolve, 300));""")
    equal(succeeded(site.ask("eth_accounts")), [ADDRESS_ONE], "accounts")
    equal(len(desk.grants(site.origin)), 1, "connections")
    nothing_asked(desk, "forged messages")


def test_a_page_that_answers_itself_fools_only_itself(desk, browser):
    """It replaces what scripts share, and answers every message it sees."""
    site = desk.site(browser)
    site.tab.run(f"""
        const {{provider}} = await discover();
        window.seen = [];
        window.addEventListener("message", (event) => {{ if (event.data?.id) window.postMessage({{id: event.data.id, result: ["{STRANGER}"]}}, "*"); }});
        const dispatch = EventTarget.prototype.dispatchEvent;
        EventTarget.prototype.dispatchEvent = function (event) {{ window.seen.push(String(event.detail)); return dispatch.call(this, event); }};
        EventTarget.prototype.addEventListener = function () {{ window.seen.push("listener"); }};
        Set.prototype.add = function () {{ window.seen.push("add"); return this; }};
        JSON.parse = () => ({{id: 1, result: ["{STRANGER}"]}});
        Object.defineProperty(CustomEvent.prototype, "detail", {{get() {{ return '{{"id":1,"result":["{STRANGER}"]}}'; }}}});
        for (const name of ["error", "result", "state", "lost"]) Object.prototype[name] = ["{STRANGER}"];
        const accounts = await provider.request({{method: "eth_requestAccounts"}}), chain = await provider.request({{method: "eth_chainId"}});
        for (const name of ["error", "result", "state", "lost"]) delete Object.prototype[name];
        window.got = {{accounts, chain}};""")
    equal(site.tab.value("got"), {"accounts": [ADDRESS_ONE], "chain": "0x1"}, "what sealring answered")
    equal(site.tab.value("seen"), [], "what the page saw of the way")


def test_a_frame_gets_no_provider_and_cannot_use_the_pages(desk, browser):
    evil = desk.server.origin()
    bank = desk.server.origin()
    for what, attributes in (("of another site", f'src="{evil}/framed"'), ("of the same site", f'src="{bank}/framed"'),
                             ("with a text", f'srcdoc="<script src={bank}/framed.js></script>"'),
                             ("in a sandbox", f'sandbox="allow-scripts" src="{bank}/framed"'),
                             ("of data", f'src="data:text/html,<script src={bank}/framed.js></script>"')):
        site = desk.site(browser, bank, "/frame?" + urllib.parse.quote(attributes)).connect()
        desk.shown()
        got, = wait_until(lambda site=site: site.tab.value("framed.length > 0 && framed"), f"the frame {what}")
        equal([line for line in got if not line.startswith("parent ")], [], f"frame {what}")
        equal("parent function" in got, what in ("of the same site", "with a text"), f"frame {what} reaches the page")
        nothing_asked(desk, f"frame {what}")
        equal(succeeded(site.ask("eth_accounts")), [ADDRESS_ONE], f"the page with a frame {what}")


def test_a_page_without_an_origin_of_its_own_gets_nothing(desk, browser):
    site = desk.site(browser, path="/sandboxed")
    for method in ("eth_requestAccounts", "eth_accounts"):
        failed(site.ask(method), 4100, "NOT_GRANTED")
    nothing_asked(desk, "sandboxed page")


def test_a_page_over_http_that_is_not_this_computer_gets_no_provider(desk, browser):
    site = desk.site(browser, desk.server.origin("example.localhost", "http"))
    equal(site.tab.run("try { await discover(); return 'found' } catch (error) { return error.message }"), "no provider announced itself", "provider")


def test_a_window_that_a_page_opens_has_its_own_origin(desk, browser):
    bank, evil = desk.site(browser).connect(), desk.site(browser)
    evil.tab.run(f"window.other = window.open({bank.origin + '/?opened'!r})")
    opened = browser.find(bank.origin + "/?opened")
    # A new window is complete, and its opener's, before it is where it is to be.
    opened.wait_for("location.search === '?opened' && document.readyState === 'complete'")
    evil.tab.run("for (const value of [{id: 1, method: 'eth_requestAccounts', params: []}, '{\"id\":1,\"method\":\"eth_accounts\"}'])"
                 " window.other.postMessage(value, '*')")
    equal(succeeded(evil.ask("eth_accounts")), [], "accounts of the opener")
    equal(evil.tab.run("try { return typeof window.other.discover } catch (error) { return error.name }"), "SecurityError", "the other window")
    opened.close()


def flood(site, method, count, params="[]"):
    """{code or "result": how many} of requests that are all made at once, and the seconds they took."""
    return site.tab.run(f"""
        const {{provider}} = await discover(), counts = {{}}, begin = performance.now();
        const all = Array.from({{length: {count}}}, () => provider.request({{method: {method!r}, params: {params}}}));
        const note = (name) => (counts[name] = (counts[name] ?? 0) + 1);
        await Promise.all(all.map((one) => one.then(() => note("result"), (error) => note(error.code))));
        return [counts, (performance.now() - begin) / 1000];""", 60)


def test_a_flood_is_answered_to_the_last_request(desk, browser):
    site, other = desk.site(browser).connect(), desk.site(browser).connect()
    counts, seconds = flood(site, "eth_accounts", 2000)
    equal(counts, {"result": 64, "-32005": 1936}, "answers")
    check(seconds < 30, f"it took {seconds} s")
    equal(succeeded(site.ask("eth_accounts")), [ADDRESS_ONE], "the next request")
    equal(succeeded(other.ask("eth_accounts")), [ADDRESS_ONE], "the other site")


def test_a_flooding_page_does_not_stop_another(desk, browser):
    site, other = desk.site(browser).connect(), desk.site(browser).connect()
    site.tab.run("const {provider} = await discover(); window.flooding = true; window.done = 0;"
                 "const one = () => flooding && provider.request({method: 'eth_accounts'}).then(() => { done++; one(); }, () => setTimeout(one, 5));"
                 "for (let number = 0; number < 100; number++) one();")
    begin = time.monotonic()
    for _ in range(10):
        equal(succeeded(other.ask("eth_accounts")), [ADDRESS_ONE], "the other site")
    seconds = time.monotonic() - begin
    wait_until(lambda: site.tab.value("done > 100"), f"so many answers to the flood; {site.tab.value('done')}")
    site.tab.run("flooding = false")
    check(seconds < 30, f"ten requests took {seconds:.1f} s")


def test_a_flood_of_questions_asks_few(desk, browser):
    site = desk.site(browser).connect()
    desk.shown()
    desk.answer(False)
    counts, _ = flood(site, "personal_sign", 200, json.dumps(["0x48656c6c6f", ADDRESS_ONE]))
    equal(sum(counts.values()), 200, f"answers {counts}")
    check(set(counts) <= {"4001", "-32005"}, f"answers {counts}")
    asked = desk.shown().count("Hello")
    check(0 < asked < 30, f"the user was asked {asked} times")


def test_what_is_larger_than_a_frame_is_refused_in_the_page(desk, browser):
    site = desk.site(browser).connect()
    answer = site.tab.run("return ask('personal_sign', ['0x' + '41'.repeat(600000), '0x'])")
    failed(answer, -32006, "LIMIT_EXCEEDED")
    answer = site.tab.run(f"return ask('personal_sign', ['0x' + '41'.repeat(500000), '{ADDRESS_ONE}'])")
    failed(answer, -32006, "LIMIT_EXCEEDED")
    equal(succeeded(site.ask("eth_accounts")), [ADDRESS_ONE], "the next request")


def test_odd_parameters_are_errors_of_their_request_alone(desk, browser):
    site = desk.site(browser).connect()
    for params in ("new Proxy([], {get() { throw new Error('x') }})", "(() => { const a = []; a.push(a); return a })()", "['\\u0000']", "['\\ud800']",
                   "[1e300 * 10]", "[2 ** 60]", "Array(100000).fill('x')", "[{toJSON() { throw 1 }}]",
                   "(() => { let a = []; for (let i = 0; i < 2000; i++) a = [a]; return a })()"):
        answer = site.tab.run(f"const {{provider}} = await discover();"
                              f"return Promise.race([provider.request({{method: 'personal_sign', params: {params}}}).then(() => 'result', () => 'error'),"
                              f" new Promise((resolve) => setTimeout(resolve, 20000, 'hanging'))])")
        equal(answer, "error", params)
    equal(succeeded(site.ask("eth_accounts")), [ADDRESS_ONE], "the next request")


def test_a_page_cannot_reach_the_companions_own_pages(desk, browser):
    site = desk.site(browser)
    for name in ("manifest.json", "popup.html", "sealring.js"):
        url = browser.companion + name
        equal(site.tab.run(f"try {{ await fetch({url!r}); return 'read' }} catch (error) {{ return error.name }}"), "TypeError", url)
    site.tab.run(f"const frame = document.createElement('iframe'); frame.src = {browser.companion + 'popup.html'!r}; document.body.append(frame);"
                 "await new Promise((resolve) => setTimeout(resolve, 500))")
    equal(site.tab.run("const api = globalThis.chrome ?? globalThis.browser; return typeof api?.runtime?.sendMessage"), "undefined", "messages to extensions")


def test_another_extension_cannot_use_the_companion(desk, browser):
    tab = desk.open(browser, browser.caller + "caller.html")
    tab.wait_for("!!window.caller")
    companion = COMPANION[browser.kind]
    for message in ({"popup": "account"}, {"id": 1, "method": "eth_requestAccounts", "params": []}):
        said = tab.run(f"const api = globalThis.browser?.runtime ? browser : chrome; const wait = new Promise((resolve) => setTimeout(resolve, 1000, 'nothing'));"
                       f"return Promise.race([api.runtime.sendMessage({companion!r}, {json.dumps(message)}).then(() => 'answer', (error) => 'refused'), wait])")
        check(said in ("refused", "nothing"), f"{CALLER[browser.kind]} got {said}")
    nothing_asked(desk, "another extension")


if __name__ == "__main__":
    main("attacks", dict(globals()))
