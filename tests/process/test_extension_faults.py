#!/usr/bin/env -S python3 -B
"""extension/sealring.js in Node.js with hosts that are missing, silent, dying, or not sealring."""
import cli_world
from agent_world import AgentWorld
from cli_world import ADDRESS_ONE, check, contains, equal
from extension_port import host, run


def test_a_host_that_is_missing_is_said_so_in_either_browsers_words(world):
    for browser in ("chromium", "firefox"):
        code, problem, message, events = run(world, f"""
        const sealring = listen(new Sealring({{ runtime: runtimeOf("/nowhere/sealring-host", "{browser}") }}));
        const error = await sealring.request("eth_chainId", []).catch((e) => e);
        done([error.code, error.data.problem, error.message, seen]);""")
        equal((code, problem, events), (4900, "missing", ["disconnected missing"]), browser)
        contains(message, "sealring browser install", browser)


def test_words_of_browsers_become_problems(world):
    equal(run(world, """
    const ended = (text) => ({
      connectNative() {
        const port = { onMessage: { addListener() {} }, postMessage() {}, disconnect() {}, error: text && { message: text } };
        port.onDisconnect = { addListener: (listener) => setTimeout(() => listener(port)) };
        return port;
      },
    });
    const problems = [];
    for (const text of ["Access to the specified native messaging host is forbidden.", "Native host has exited.",
      "Error when communicating with the native messaging host.", "Invalid native messaging host name specified.", null,
      "An unexpected error occurred", "tried to send a message of 1819043176 bytes, which exceeds the limit of 1048576"])
      problems.push((await new Sealring({ runtime: ended(text) }).hello().catch((e) => e)).data.problem);
    problems.push((await new Sealring({ runtime: {} }).hello().catch((e) => e)).data.problem);
    done(problems);"""), ["forbidden", "exited", "garbage", "exited", "exited", "garbage", "garbage", "permission"], "problems")


def test_the_last_words_of_a_host_are_passed_on(world):
    program = host(world, "dying", 'read()\nsend(id=None, error={"code": 4900, "message": "no agent at /x", "data": {}})\n')
    for browser in ("chromium", "firefox"):
        equal(run(world, f"""
        const error = await new Sealring({{ runtime: runtimeOf("{program}", "{browser}") }}).hello().catch((e) => e);
        done([error.code, error.reason, error.data.problem, error.message]);"""),
              [4900, "AGENT_UNAVAILABLE", "exited", "no agent at /x"], browser)


def test_another_protocol_version_is_refused_with_both_numbers(world):
    program = host(world, "newer", "greet(2)\nread()\n")
    problem, message, pending = run(world, f"""
    const sealring = new Sealring({{ runtime: runtimeOf("{program}") }});
    const error = await sealring.request("eth_chainId", []).catch((e) => e);
    done([error.data.problem, error.message, sealring.pending]);""")
    equal((problem, pending), ("version", 0), "the problem")
    contains(message, "9.9.9 speaks protocol 2, this extension 1", "the message")


def test_text_in_place_of_frames_is_garbage(world):
    program = host(world, "printing", 'print("Welcome to this shell" * 10, flush=True)\ntime.sleep(60)\n')
    for browser in ("chromium", "firefox"):
        equal(run(world, f"""
        const error = await new Sealring({{ runtime: runtimeOf("{program}", "{browser}") }}).hello().catch((e) => e);
        done([error.code, error.data.problem]);"""), [4900, "garbage"], browser)


def test_frames_that_answer_nothing_are_ignored(world):
    program = host(world, "babbling", """
greet()
request = read()
for result in ([], None, 5, "x", {"id": 999}, {"id": "x", "result": 1}, {"method": 5}, {"id": {}, "result": 1}, {"id": True}):
    send_bytes(json.dumps(result).encode())
send(id=request["id"], result="0x1")
send(id=request["id"], result="0x2")
send(id=read()["id"], error="broken")
send(id=read()["id"], error={"code": 4001})
read()
""")
    equal(run(world, f"""
    const sealring = new Sealring({{ runtime: runtimeOf("{program}") }});
    const first = await sealring.request("eth_chainId", []);
    const second = await sealring.request("eth_chainId", []).catch((e) => [e.name, e.code ?? null]);
    done([first, second, await sealring.request("eth_chainId", []).catch((e) => [e.name, e.code])]);"""),
          ["0x1", ["SealringError", None], ["SealringError", 4001]], "answers")


def test_silent_hosts_leave_nothing_pending_for_30_seconds(world):
    """One that never says anything; one that stops after hello; one that sends what Chromium drops; one that only babbles."""
    never = host(world, "never", "time.sleep(60)\n")
    stops = host(world, "stops", "greet()\nread()\ntime.sleep(60)\n")
    drops = host(world, "drops", "while True:\n    read()\n    send_bytes(b'garbage')\n")
    babble = host(world, "babble", "greet()\nwhile True:\n    read()\n    send(method='sealring.changed', params={})\n")
    equal(run(world, f"""
    const programs = ["{never}", "{stops}", "{drops}", "{babble}"];
    done(await Promise.all(programs.map(async (program) => {{
      const start = Date.now();
      const sealring = new Sealring({{ runtime: runtimeOf(program) }});
      const asked = Array.from({{ length: 100 }}, () => sealring.request("eth_chainId", []));
      const problems = new Set((await Promise.allSettled(asked)).map(({{ reason }}) => reason?.data?.problem));
      return [[...problems], Date.now() - start < 30_000, sealring.pending];
    }})));"""), [[["silent"], True, 0]] * 4, "what became of the requests")


def test_a_question_may_take_longer_than_silence_would(world):
    world.write("prompt", "#!/bin/sh\nsleep 24\nexit 0\n", 0o700)
    equal(run(world, """
    const sealring = listen(new Sealring());
    done([await sealring.request("eth_requestAccounts", [], { origin }), seen[0], browser.runtime.hosts.length]);"""),
          [[ADDRESS_ONE], "connected", 1], "the answer")


def test_hosts_that_die_one_after_the_other_are_started_more_and_more_slowly(world):
    program = host(world, "flickering", "greet()\nread()\n")
    hosts, more = run(world, f"""
    const runtime = runtimeOf("{program}");
    const sealring = new Sealring({{ runtime }});
    const start = Date.now();
    while (Date.now() - start < 6000) await sealring.request("eth_chainId", []).catch(() => {{}});
    const hosts = runtime.hosts.length;
    sealring.close();
    sealring.hello().catch(() => {{}});
    await later(500); // less than the pause would be
    done([hosts, runtime.hosts.length - hosts]);""")
    check(2 <= hosts <= 8, f"{hosts} hosts in six seconds")
    equal(more, 1, "hosts for the user's own try, at once")


if __name__ == "__main__":
    cli_world.main("extension faults", dict(globals()), AgentWorld)
