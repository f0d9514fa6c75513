"""A browser for the tests of the agent: an extension that talks through the real sealring-host."""
import contextlib
import json
import os
import select
import socket
import struct
import subprocess
import time

from cli_world import ADDRESS_ONE, BUILD, EXTENSION, PAGE, Failure, World, is_running

# Sanitizers keep freed memory, map terabytes and do not lock: what measures memory does not run then.
INSTRUMENTED = b"__asan_init" in (BUILD / "sealring-agent").read_bytes()

__all__ = ["INSTRUMENTED", "ADDRESS_ONE", "PAGE", "EXTENSION", "Browser", "Raw", "AgentWorld", "frame"]


def frame(value):
    body = value if isinstance(value, bytes) else json.dumps(value).encode()
    return struct.pack("=I", len(body)) + body


class Frames:
    """Frames over two descriptors, with a deadline."""

    def __init__(self, reader, writer):
        self.reader, self.writer, self.buffer, self.last_id = reader, writer, b"", 0

    def send_bytes(self, data):
        while data:
            data = data[os.write(self.writer, data):]

    def receive(self, timeout=30):
        """The next frame as a value, None at the end of the stream."""
        deadline = time.monotonic() + timeout
        while True:
            if len(self.buffer) >= 4:
                (length,) = struct.unpack("=I", self.buffer[:4])
                if len(self.buffer) >= 4 + length:
                    body, self.buffer = self.buffer[4:4 + length], self.buffer[4 + length:]
                    return json.loads(body)
            if not select.select([self.reader], [], [], max(0, deadline - time.monotonic()))[0]:
                raise Failure(f"no frame within {timeout} s")
            try:
                data = os.read(self.reader, 1 << 20)
            except ConnectionResetError:
                data = b""
            if not data:
                return None
            self.buffer += data

    def send(self, method, params=None, origin=PAGE):
        self.last_id += 1
        request = {"jsonrpc": "2.0", "id": self.last_id, "method": method}
        if params is not None:
            request["params"] = params
        if origin is not None:
            request["origin"] = origin
        self.send_bytes(frame(request))
        return self.last_id

    def call(self, method, params=None, origin=PAGE, timeout=30):
        """The whole reply."""
        number = self.send(method, params, origin)
        reply = self.receive(timeout)
        if reply is None or reply.get("id") != number:
            raise Failure(f"{method}: an unexpected frame {reply!r}")
        return reply

    def result(self, method, params=None, origin=PAGE, timeout=30):
        reply = self.call(method, params, origin, timeout)
        if "result" not in reply:
            raise Failure(f"{method}: {reply['error']}")
        return reply["result"]

    def reason(self, method, params=None, origin=PAGE, timeout=30):
        """The reason of the error; a result is a failure."""
        reply = self.call(method, params, origin, timeout)
        if "error" not in reply:
            raise Failure(f"{method} succeeded: {reply['result']!r:.200}")
        return reply["error"]["data"]["reason"]


class Browser(Frames):
    """One native-messaging port of the extension."""

    def __init__(self, world, extension=EXTENSION):
        """@extension: the id of Chromium's, or of Firefox's (with "@")."""
        words = ["/x/manifest.json", extension] if "@" in extension else [f"chrome-extension://{extension}/"]
        self.process = subprocess.Popen([BUILD / "sealring-host", *words], env=world.environment,
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        super().__init__(self.process.stdout.fileno(), self.process.stdin.fileno())

    def close(self):
        with contextlib.suppress(OSError):
            self.process.stdin.close()
        try:
            self.process.wait(20)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            raise Failure("sealring-host did not end with its browser") from None
        finally:
            self.process.stdout.close()


class Raw(Frames):
    """A connection to the agent's socket that has not said who it is."""

    def __init__(self, world):
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.connect(f"{world.environment['SEALRING_RUNTIME_DIR']}/agent.sock")
        super().__init__(self.socket.fileno(), self.socket.fileno())

    def attach(self, **members):
        params = {"version": "0.1.0", "client": "cli", **members}
        self.send_bytes(frame({"jsonrpc": "2.0", "method": "sealring.attach", "params": params}))
        return self

    def close(self):
        self.socket.close()


class AgentWorld(World):
    """A world with an open vault, key one in it, and everything closed at the end."""

    def __init__(self, prompt=True, settings=(), setup=True):
        self.ports = []
        super().__init__(prompt, settings)
        if setup:
            self.unlock()
            self.import_key()

    def browser(self, extension=EXTENSION, connect=True):
        browser = Browser(self, extension)
        self.ports.append(browser)
        if connect:
            browser.result("eth_requestAccounts", [])
            self.shown()
        return browser

    def raw(self, **members):
        connection = Raw(self)
        self.ports.append(connection)
        return connection.attach(**members) if members else connection

    def stop(self):
        """End the agent, and wait until it has."""
        pid = self.agent_pid()
        self.run("agent", "stop").expect(0, "stop")
        while is_running(pid):
            time.sleep(0.01)

    def cli(self):
        return self.raw(client="cli")

    def close(self):
        try:
            for port in self.ports:
                port.close()
        finally:
            super().close()
