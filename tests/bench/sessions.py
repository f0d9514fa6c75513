"""The TinyCloud part of `make bench`: sessions in the agent, beside raw Ed25519 and the npm libraries in node."""
import json
import statistics
import time

from agent_world import PAGE, AgentWorld
from cli_world import BUILD
from tinycloud_node import Skip, figures as node_figures

PIPELINE = BUILD / "tests/bench/bench_pipeline"
LIMITS = {"session.signIn": 2000, "session.invoke": 8000, "session.restore": 1000}


class Sessions:
    def __init__(self, host, output, figures, rounds):
        self.host, self.output, self.figures, self.rounds = host, output, figures, rounds
        self.world = AgentWorld()

    def rate(self, method, params, count, window):
        """Requests a second, the middle of some runs."""
        path = self.world.folder / "params.json"
        path.write_text(json.dumps(params))
        runs = []
        for _ in range(self.rounds):
            text = self.output([PIPELINE, "-n", count, "-w", window, "-m", method, path, "-", PAGE, *self.host], self.world.environment)
            runs.append(self.figures(text)["sign-through-host"])
            time.sleep(0.5)
        return statistics.median(runs)

    def measure(self):
        browser = self.world.browser()
        self.world.write("prompt", "#!/bin/sh\ncat >/dev/null\necho remember\nexit 0\n", 0o700)
        session = browser.result("session.signIn", {})
        write = {"path": "notes/1", "actions": ["tinycloud.kv/put"]}
        return {"session.invoke": self.rate("session.invoke", {"session": session["session"], "invocations": [write]}, 8000, 200),
                "session.restore": self.rate("session.restore", {"session": session["session"]}, 2000, 60),
                "session.signIn": self.rate("session.signIn", {}, 2000, 60)}

    def close(self):
        self.world.close()


def bench_sessions(row, host, output, figures, rounds):
    sessions = Sessions(host, output, figures, rounds)
    try:
        rates = sessions.measure()
    finally:
        sessions.close()
    for method, rate in rates.items():
        row(f"{method}, through the host", f"{rate:.0f} /s", f"{LIMITS[method]} /s", f"{rate / LIMITS[method]:.2f} ×")
    try:
        node = node_figures()
    except Skip as skip:
        print(f"bench: {skip}: the figures of node are left out")
        return
    for method, name in (("session.signIn", "signIn"), ("session.invoke", "invoke"), ("session.restore", "restore")):
        row("", "", f"{name} in node with the npm libraries, {node[name]:.0f} /s", f"{rates[method] / node[name]:.1f} ×")
