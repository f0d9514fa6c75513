#!/usr/bin/env python3
"""sealring-host against an agent played by this test: what the relay itself does.

The real agent is tested elsewhere. Each test runs a copy of the program in a folder of its own, so
that no other sealring-agent stands beside it.
"""
import contextlib
import json
import os
import select
import shutil
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import time

PROGRAM = os.path.join(os.environ.get("O", "build"), "sealring-host")
CHROMIUM = ["chrome-extension://abcdefghijklmnopabcdefghijklmnop/"]
FIREFOX = ["/usr/lib/mozilla/native-messaging-hosts/org.sealring.host.json", "wallet@example.org"]
LIMIT = 1 << 20
HEADER = struct.Struct("=I")


class Failure(Exception):
    pass


class Skip(Exception):
    pass


@contextlib.contextmanager
def meanwhile(function, *arguments):
    """Run the function in another process during the block."""
    child = os.fork()
    if child == 0:
        with contextlib.suppress(BaseException):
            function(*arguments)
        os._exit(0)
    try:
        yield
    finally:
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)


def check(condition, what):
    if not condition:
        raise Failure(what)


def equal(got, expected, what):
    if got != expected:
        raise Failure(f"{what}: got {str(got)[:300]!r}, expected {str(expected)[:300]!r}")


def frame(body):
    body = body if isinstance(body, bytes) else json.dumps(body, separators=(",", ":")).encode()
    return HEADER.pack(len(body)) + body


def request(number, method="sealring.hello"):
    return {"jsonrpc": "2.0", "id": number, "method": method}


def answer(number, result="done"):
    return {"jsonrpc": "2.0", "id": number, "result": result}


class Stream:
    """Frames over a pair of descriptors, with a limit on every wait."""

    def __init__(self, reader, writer):
        self.reader, self.writer = reader, writer
        self.held = b""

    def write(self, data):
        view = memoryview(data)
        while view:
            view = view[os.write(self.writer, view):]

    def send(self, body):
        self.write(frame(body))

    def read(self, size, timeout=20):
        """Exactly size bytes; fewer at the end of the stream."""
        deadline = time.monotonic() + timeout
        while len(self.held) < size:
            ready, _, _ = select.select([self.reader], [], [], max(0, deadline - time.monotonic()))
            if not ready:
                raise Failure(f"nothing came for {timeout} s ({len(self.held)} bytes held)")
            try:
                chunk = os.read(self.reader, 1 << 16)
            except ConnectionResetError:
                chunk = b""
            if not chunk:
                break
            self.held += chunk
        data, self.held = self.held[:size], self.held[size:]
        return data

    def receive_raw(self, timeout=20):
        header = self.read(4, timeout)
        if not header:
            return None
        size = HEADER.unpack(header)[0]
        body = self.read(size, timeout)
        equal(len(body), size, "size of a frame")
        return body

    def receive(self, timeout=20):
        body = self.receive_raw(timeout)
        return None if body is None else json.loads(body)

    def expect_end(self, timeout=20):
        equal(self.read(1, timeout), b"", "what comes before the end")


class World:
    """A private runtime folder with a copy of the host, and everything that was started."""

    def __init__(self):
        self.top = tempfile.mkdtemp(prefix="sealring-host-")
        self.run = os.path.join(self.top, "run")
        self.host = os.path.join(self.top, "sealring-host")
        self.socket_path = os.path.join(self.run, "agent.sock")
        self.environment = {"PATH": os.environ["PATH"], "SEALRING_RUNTIME_DIR": self.run}
        self.processes, self.sockets = [], []
        shutil.copy2(PROGRAM, self.host)

    def close(self):
        for process in self.processes:
            if process.poll() is None:
                process.kill()
            process.wait()
        for each in self.sockets:
            each.close()
        with contextlib.suppress(OSError, ValueError):
            with open(os.path.join(self.top, "agent.pid"), encoding="ascii") as file:
                os.kill(int(file.read()), signal.SIGKILL)
        shutil.rmtree(self.top, ignore_errors=True)

    def listen(self):
        os.makedirs(self.run, mode=0o700, exist_ok=True)
        with contextlib.suppress(FileNotFoundError):
            os.unlink(self.socket_path)
        listener = socket.socket(socket.AF_UNIX)
        listener.bind(self.socket_path)
        listener.listen(8)
        listener.settimeout(30)
        self.sockets.append(listener)
        return listener

    def accept(self, listener):
        client = listener.accept()[0]
        self.sockets.append(client)
        stream = Stream(client.fileno(), client.fileno())
        stream.socket = client
        return stream

    def start(self, arguments=None, **options):
        process = subprocess.Popen(
            [self.host] + (CHROMIUM if arguments is None else arguments), stdin=subprocess.PIPE,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=self.environment, bufsize=0,
            **options)
        self.processes.append(process)
        process.browser = Stream(process.stdout.fileno(), process.stdin.fileno())
        return process

    def pair(self, arguments=None, **options):
        """A running host and its agent, the attach frame read."""
        listener = self.listen()
        host = self.start(arguments, **options)
        agent = self.accept(listener)
        attach = agent.receive()
        equal(attach["method"], "sealring.attach", "the first frame")
        return host, agent, listener, attach

    def write_agent(self, script):
        path = os.path.join(self.top, "sealring-agent")
        with open(path, "w", encoding="ascii") as file:
            file.write(f"#!{sys.executable}\n" + script)
        os.chmod(path, 0o700)
        return path


def expect_fault(host, code, reason, words, timeout=20):
    """One error frame, then the end and exit status 1."""
    message = host.browser.receive(timeout)
    check(message is not None, "no error frame came")
    equal(message["jsonrpc"], "2.0", "jsonrpc")
    check("id" in message and message["id"] is None, "the id is not null")
    equal(message["error"]["code"], code, "code")
    equal(message["error"]["data"]["reason"], reason, "reason")
    check(words in message["error"]["message"], f"message: {message['error']['message']}")
    host.browser.expect_end()
    expect_exit(host, 1)


def expect_exit(host, status, timeout=2):
    try:
        equal(host.wait(timeout), status, "exit status")
    except subprocess.TimeoutExpired:
        raise Failure(f"still running after {timeout} s") from None


def is_sanitized():
    with open(PROGRAM, "rb") as file:
        return b"__asan_init" in file.read()


# --- the command line -----------------------------------------------------------------------------

def test_usage_for_people(world):
    upper = ["chrome-extension://ABCDEFGHIJKLMNOPABCDEFGHIJKLMNOP/"]
    wrong = [
        [], ["x"], upper, [CHROMIUM[0][:-1]], [CHROMIUM[0] + "x"], [CHROMIUM[0] + "/"],
        ["chrome-extension://abcdefghijklmnopabcdefghijklmnoq/"],
        ["chrome-extension://abcdefghijklmnopabcdefghijklmno/"],
        ["chrome-extension://abcdefghijklmnopabcdefghijklmnopa/"],
        ["moz-extension://abcdefghijklmnopabcdefghijklmnop/"], CHROMIUM + ["--parent-window=0"],
        ["relative.json", "wallet@example.org"], ["/x/manifest.txt", "wallet@example.org"],
        ["/.jso", "wallet@example.org"], [FIREFOX[0], ""], [FIREFOX[0], "wallet"],
        [FIREFOX[0], "wallet@"], [FIREFOX[0], "a@b@c"], [FIREFOX[0], "wallet@exam ple.org"],
        [FIREFOX[0], "wallet@example.org\n"], [FIREFOX[0], "a" * 250 + "@b.org"],
        [FIREFOX[0], "{d0e1f2a3-1111-2222-3333-44445555666}"],
        [FIREFOX[0], "{d0e1f2a3-1111-2222-3333-44445555666g}"],
        [FIREFOX[0], "{d0e1f2a3x1111-2222-3333-444455556666}"], FIREFOX + ["more"],
    ]
    for arguments in wrong:
        process = subprocess.run([world.host] + arguments, stdin=subprocess.DEVNULL,
                                 capture_output=True, env=world.environment, timeout=60, check=False)
        equal(process.returncode, 2, f"status of {arguments}")
        equal(process.stdout, b"", "stdout")
        check(b"usage: sealring-host" in process.stderr, "no usage text")
    check(not os.path.exists(world.run), "a folder was made")


def test_version_and_help(world):
    version = subprocess.run([world.host, "--version"], capture_output=True, timeout=60, check=True)
    check(version.stdout.startswith(b"sealring-host "), version.stdout)
    text = subprocess.run([world.host, "--help"], capture_output=True, timeout=60, check=True)
    check(b"usage:" in text.stdout, text.stdout)


# --- attaching ------------------------------------------------------------------------------------

def test_attach_from_chromium(world):
    world.environment.update(DISPLAY=":0", WAYLAND_DISPLAY="wayland-0", XAUTHORITY='/a "b"\\c',
                             DBUS_SESSION_BUS_ADDRESS="unix:path=/run/bus")
    attach = world.pair()[3]
    version = subprocess.run([world.host, "--version"], capture_output=True, check=True).stdout
    equal(attach, {
        "jsonrpc": "2.0", "method": "sealring.attach",
        "params": {
            "version": version.decode().split()[1], "client": "native-messaging",
            "browser": "chromium", "extension": "chrome-extension://abcdefghijklmnopabcdefghijklmnop",
            "display": ":0", "waylandDisplay": "wayland-0", "xauthority": '/a "b"\\c',
            "sessionBus": "unix:path=/run/bus"}}, "attach")


def test_attach_from_firefox(world):
    for extension in ("wallet@example.org", "@x", "{d0e1f2a3-1111-2222-3333-44445555666F}"):
        params = world.pair([FIREFOX[0], extension])[3]["params"]
        equal((params["browser"], params["extension"]), ("firefox", extension), "caller")


def test_attach_leaves_out_odd_environment(world):
    world.environment.update(DISPLAY="", WAYLAND_DISPLAY="x" * 256, XAUTHORITY="/tmp/\n",
                             DBUS_SESSION_BUS_ADDRESS="disabled:")
    equal(set(world.pair()[3]["params"]), {"version", "client", "browser", "extension"}, "members")
    world.environment.update(WAYLAND_DISPLAY="x" * 255, XAUTHORITY="/tmp/\u00e4")
    equal(world.pair()[3]["params"].get("waylandDisplay"), "x" * 255, "255 bytes")
    check("xauthority" not in world.pair()[3]["params"], "non-ASCII was passed on")


# --- relaying -------------------------------------------------------------------------------------

def test_round_trip_is_byte_exact(world):
    host, agent, _, _ = world.pair()
    bodies = [b'{"jsonrpc":"2.0","id":1,"method":"x"}', b" \n{}", b"\xff\xfe\x00", b"x",
              "{\"\u00e4\":\"\U0001f512\"}".encode(), bytes(range(256)) * 300, b"not json at all"]
    for body in bodies:
        host.browser.send(body)
        equal(agent.receive_raw(), body, "what the agent gets")
        agent.send(body)
        equal(host.browser.receive_raw(), body, "what the browser gets")


def test_largest_frames_pass(world):
    host, agent, _, _ = world.pair()
    body = os.urandom(LIMIT)
    with meanwhile(host.browser.send, body):
        equal(agent.receive_raw(), body, "1 MiB to the agent")
    with meanwhile(agent.send, body):
        equal(host.browser.receive_raw(), body, "1 MiB to the browser")
    host.browser.send(request(1))
    equal(agent.receive(), request(1), "afterwards")


def test_one_byte_at_a_time(world):
    host, agent, _, _ = world.pair()
    for byte in frame(request(1)):
        host.browser.write(bytes([byte]))
    equal(agent.receive(), request(1), "request")
    for byte in frame(answer(1)):
        agent.write(bytes([byte]))
    equal(host.browser.receive(), answer(1), "answer")


def test_ten_in_one_write(world):
    host, agent, _, _ = world.pair()
    host.browser.write(b"".join(frame(request(i)) for i in range(10)) + frame(request(10))[:7])
    for i in range(10):
        equal(agent.receive(), request(i), "request")
    host.browser.write(frame(request(10))[7:])
    equal(agent.receive(), request(10), "the cut one")
    agent.write(b"".join(frame(answer(i)) for i in reversed(range(11))))
    for i in reversed(range(11)):
        equal(host.browser.receive(), answer(i), "answer")


def test_notifications_pass(world):
    host, agent, _, _ = world.pair()
    note = {"jsonrpc": "2.0", "method": "accountsChanged", "params": []}
    agent.send(note)
    equal(host.browser.receive(), note, "notification")


def send_requests(stream, count):
    for i in range(count):
        stream.send(request(i))


def serve_answers(agent, count):
    for i in range(count):
        equal(agent.receive(), request(i), "request")
        agent.send(answer(i))


def test_many_requests_before_any_answer(world):
    host, agent, _, _ = world.pair()
    with meanwhile(send_requests, host.browser, 5000), meanwhile(serve_answers, agent, 5000):
        for i in range(5000):
            equal(host.browser.receive(), answer(i), "answer")


# --- what cannot go on ----------------------------------------------------------------------------

def test_frame_of_length_zero(world):
    host, agent, _, _ = world.pair()
    host.browser.write(frame(request(1)) + HEADER.pack(0))
    expect_fault(host, -32600, "INVALID_REQUEST", "length 0")
    equal(agent.receive(), request(1), "the frame before it")
    agent.expect_end()


def test_frame_over_the_limit(world):
    for size in (LIMIT + 1, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF):
        host, agent, _, _ = world.pair()
        host.browser.write(HEADER.pack(size))
        expect_fault(host, -32006, "LIMIT_EXCEEDED", str(LIMIT))
        agent.expect_end()


def test_unfinished_frame_times_out(world):
    host = world.pair()[0]
    begin = time.monotonic()
    host.browser.write(frame(request(1))[:-1])
    expect_fault(host, -32600, "INVALID_REQUEST", "10 s", timeout=13)
    check(9.5 < time.monotonic() - begin < 12, "not after 10 s")


def test_end_between_frames(world):
    host, agent, _, _ = world.pair()
    host.browser.send(request(1))
    equal(agent.receive(), request(1), "request")
    host.stdin.close()
    expect_exit(host, 0, timeout=0.5)
    agent.expect_end()
    equal(host.stdout.read(), b"", "what the browser got")


def test_end_inside_a_frame(world):
    for cut in (1, 3, 4, 10):
        host, agent, _, _ = world.pair()
        host.browser.write(frame(request(1))[:cut])
        host.stdin.close()
        expect_exit(host, 2)
        agent.expect_end()


def test_answer_over_the_limit(world):
    host, agent, _, _ = world.pair()
    host.browser.send(request(1))
    agent.receive()
    agent.write(HEADER.pack(LIMIT + 1) + b"x" * 1000)
    expect_fault(host, -32006, "LIMIT_EXCEEDED", "larger than a browser takes")


def test_empty_answer(world):
    host, agent, _, _ = world.pair()
    agent.write(frame(answer(1)) + HEADER.pack(0))
    equal(host.browser.receive(), answer(1), "the answer before it")
    expect_fault(host, 4900, "AGENT_UNAVAILABLE", "length 0")


def fill(descriptor):
    """Write large frames until nothing was taken for 0.3 s."""
    os.set_blocking(descriptor, False)
    body = frame(answer(1, "x" * 60000))
    sent = 0
    last = time.monotonic()
    while time.monotonic() - last < 0.3:
        try:
            sent += os.write(descriptor, body[sent % len(body):])
            last = time.monotonic()
        except BlockingIOError:
            time.sleep(0.02)
    check(sent > 2 * len(body), "nothing was taken")


def test_browser_that_does_not_read(world):
    host, agent, _, _ = world.pair()
    begin = time.monotonic()
    fill(agent.writer)
    expect_exit(host, 1, timeout=8)
    check(4.5 < time.monotonic() - begin < 7.5, "not after 5 s")


def test_slow_browser_gets_everything(world):
    host, agent, _, _ = world.pair()
    text = "x" * 50000
    with meanwhile(lambda: [agent.send(answer(i, text)) for i in range(40)]):
        for i in range(40):
            time.sleep(0.02)
            equal(host.browser.receive(), answer(i, text), "answer")


def test_end_while_the_browser_does_not_read(world):
    host, agent, _, _ = world.pair()
    fill(agent.writer)
    host.stdin.close()
    expect_exit(host, 0)


def test_end_while_the_agent_does_not_read(world):
    host, _, _, _ = world.pair()
    fill(host.stdin.fileno())
    host.stdin.close()
    expect_exit(host, 0)


def test_closed_output_ends_the_host(world):
    host, agent, _, _ = world.pair()
    host.stdout.close()
    agent.send(answer(1))
    expect_exit(host, 1)


# --- the agent goes -------------------------------------------------------------------------------

def test_idle_agent_is_replaced(world):
    host, agent, listener, attach = world.pair()
    for i in range(3):
        host.browser.send(request(i))
        equal(agent.receive(), request(i), "request")
        agent.send(answer(i))
        equal(host.browser.receive(), answer(i), "answer")
        agent.socket.close()
        listener.close()
        time.sleep(0.05)
        listener = world.listen()
        listener.settimeout(0.1)
        with contextlib.suppress(TimeoutError):
            listener.accept()
            raise Failure("reconnected without need")
        listener.settimeout(30)
        host.browser.send(request(100 + i))
        agent = world.accept(listener)
        equal(agent.receive(), attach, "attach again")
        equal(agent.receive(), request(100 + i), "the request")
        agent.send(answer(100 + i))
        equal(host.browser.receive(), answer(100 + i), "answer")


def test_request_that_meets_a_closing_agent(world):
    """The agent closes after poll said nothing, before the request is written."""
    host, agent, listener, attach = world.pair()
    host.send_signal(signal.SIGSTOP)
    host.browser.send(request(1))
    agent.socket.close()
    host.send_signal(signal.SIGCONT)
    agent = world.accept(listener)
    equal(agent.receive(), attach, "attach")
    equal(agent.receive(), request(1), "the request")


def test_agent_lost_with_requests(world):
    for count, words in ((1, "1 request was lost"), (3, "3 requests were lost")):
        host, agent, _, _ = world.pair()
        for i in range(count + 1):
            host.browser.send(request(i))
            agent.receive()
        agent.send(answer(0))
        equal(host.browser.receive(), answer(0), "answer")
        agent.socket.close()
        expect_fault(host, 4900, "AGENT_UNAVAILABLE", words)


def test_notifications_do_not_count_as_answers(world):
    host, agent, _, _ = world.pair()
    host.browser.send(request(1))
    agent.receive()
    note = {"jsonrpc": "2.0", "method": "accountsChanged", "params": []}
    agent.send(note)
    equal(host.browser.receive(), note, "notification")
    agent.socket.close()
    expect_fault(host, 4900, "AGENT_UNAVAILABLE", "1 request was lost")


def test_agent_that_dies_inside_an_answer(world):
    host, agent, _, _ = world.pair()
    host.browser.send(request(1))
    agent.receive()
    agent.write(frame(answer(1))[:-3])
    agent.socket.close()
    expect_fault(host, 4900, "AGENT_UNAVAILABLE", "1 request was lost")


def test_answers_before_the_loss_arrive(world):
    host, agent, _, _ = world.pair()
    host.send_signal(signal.SIGSTOP)
    for i in range(5):
        host.browser.send(request(i))
    host.send_signal(signal.SIGCONT)
    for i in range(5):
        agent.receive()
    host.send_signal(signal.SIGSTOP)
    for i in range(3):
        agent.send(answer(i))
    agent.socket.close()
    host.send_signal(signal.SIGCONT)
    for i in range(3):
        equal(host.browser.receive(), answer(i), "answer")
    expect_fault(host, 4900, "AGENT_UNAVAILABLE", "2 requests were lost")


REFUSAL = {"jsonrpc": "2.0", "id": None, "error": {"code": 4900, "message": "another version"}}


def test_attach_refusal_loses_no_request_silently(world):
    """As after an upgrade: the old agent refuses the new host and goes."""
    host, agent, _, _ = world.pair()
    host.browser.send(request(1))
    agent.receive()
    agent.send(REFUSAL)
    agent.socket.close()
    equal(host.browser.receive(), REFUSAL, "refusal")
    expect_fault(host, 4900, "AGENT_UNAVAILABLE", "1 request was lost")


def test_attach_refusal_before_any_request(world):
    host, agent, listener, attach = world.pair()
    agent.send(REFUSAL)
    agent.socket.close()
    equal(host.browser.receive(), REFUSAL, "refusal")
    host.browser.send(request(1))
    agent = world.accept(listener)
    equal(agent.receive(), attach, "attach to the next agent")
    equal(agent.receive(), request(1), "the request")


def test_refused_frames_count_as_answered(world):
    host, agent, listener, attach = world.pair()
    host.browser.send(request(1))
    host.browser.send(b"garbage")
    agent.receive()
    agent.receive_raw()
    for reply in (answer(1), REFUSAL):
        agent.send(reply)
        equal(host.browser.receive(), reply, "reply")
    agent.socket.close()
    host.browser.send(request(2))
    agent = world.accept(listener)
    equal(agent.receive(), attach, "attach to the next agent")
    equal(agent.receive(), request(2), "the request")


# --- starting the agent ---------------------------------------------------------------------------

AGENT = """
import os, socket, struct, sys
folder = os.environ["SEALRING_RUNTIME_DIR"]
with open(os.path.dirname(sys.argv[0]) + "/agent.pid", "w") as out: out.write(str(os.getpid()))
listener = socket.socket(socket.AF_UNIX)
listener.bind(folder + "/agent.sock")
listener.listen(8)
client = listener.accept()[0]
stream = client.makefile("rb")
stream.read(struct.unpack("=I", stream.read(4))[0])
while True:
    header = stream.read(4)
    if not header: break
    body = stream.read(struct.unpack("=I", header)[0])
    client.sendall(header + body)
"""


def test_agent_is_started(world):
    world.write_agent(AGENT)
    host = world.start()
    host.browser.send(request(1))
    equal(host.browser.receive(), request(1), "echo")
    with open(os.path.join(world.top, "agent.pid"), encoding="ascii") as file:
        pid = int(file.read())
    check(os.getsid(pid) != os.getsid(0), "the agent is in the browser's session")
    equal(os.stat(world.run).st_mode & 0o777, 0o700, "mode of the folder")
    with open(f"/proc/{pid}/cmdline", "rb") as file:
        equal(file.read().split(b"\0")[1:], [world.top.encode() + b"/sealring-agent", b""], "argv")
    host.stdin.close()
    expect_exit(host, 0)


def test_agent_that_starts_slowly_is_waited_for(world):
    """As on a machine that has just started, or does much else."""
    world.write_agent("import time\ntime.sleep(3)\n" + AGENT)
    host = world.start()
    host.browser.send(request(1))
    equal(host.browser.receive(), request(1), "echo")


def test_agent_is_restarted_once_it_is_gone(world):
    world.write_agent(AGENT)
    host, agent, listener, _ = world.pair()
    agent.socket.close()
    listener.close()
    os.unlink(world.socket_path)
    host.browser.send(request(1))
    equal(host.browser.receive(), request(1), "echo of the started agent")


def test_agent_not_installed(world):
    installed = subprocess.run(["strings", "-n", "8", world.host], capture_output=True, text=True,
                               check=False).stdout
    paths = [line for line in installed.splitlines() if line.endswith("/sealring-agent")]
    if any(os.path.exists(path) for path in paths):
        raise Skip("sealring-agent is installed on this machine")
    host = world.start()
    expect_fault(host, 4900, "AGENT_UNAVAILABLE", "sealring-agent is not installed at /")


def test_agent_that_does_not_come_up(world):
    world.write_agent("raise SystemExit(1)\n")
    begin = time.monotonic()
    host = world.start()
    expect_fault(host, 4900, "AGENT_UNAVAILABLE", "was started but does not answer")
    check(time.monotonic() - begin < 6, "took more than 6 s")


def test_foreign_folder(world):
    os.makedirs(world.run)
    os.chmod(world.run, 0o755)
    world.write_agent(AGENT)
    host = world.start()
    expect_fault(host, 4900, "AGENT_UNAVAILABLE", "open to others")


# --- the process ----------------------------------------------------------------------------------

def test_descriptors(world):
    leak = os.dup2(0, 17)
    host, _, _, _ = world.pair(pass_fds=(leak,))
    os.close(leak)
    folder = f"/proc/{host.pid}/fd"
    links = {int(fd): os.readlink(f"{folder}/{fd}") for fd in os.listdir(folder)}
    stderr = os.readlink(f"/proc/self/fd/{host.stderr.fileno()}")
    equal(links[0], "/dev/null", "fd 0")
    equal((links[1], links[2]), (stderr, stderr), "fd 1 and 2")
    equal(len(links), 6, f"descriptors {links}")
    check(17 not in links, "a leaked descriptor is open")


def test_closed_standard_streams(world):
    """Started without any: it must not take the agent's socket for the browser."""
    listener = world.listen()
    process = subprocess.Popen(
        ["sh", "-c", f'exec "{world.host}" "$0" <&- >&- 2>&-', CHROMIUM[0]], env=world.environment)
    world.processes.append(process)
    agent = world.accept(listener)
    equal(agent.receive()["method"], "sealring.attach", "attach")
    equal(agent.receive(), None, "anything after attach")
    expect_exit(process, 0)


def test_process_state(world):
    host = world.pair()[0]
    with open(f"/proc/{host.pid}/status", encoding="ascii") as file:
        status = dict(line.split(":\t", 1) for line in file.read().splitlines() if ":\t" in line)
    equal(status["Umask"].strip(), "0077", "umask")
    check(int(status["SigIgn"], 16) >> (signal.SIGPIPE - 1) & 1, "SIGPIPE is not ignored")
    with open(f"/proc/{host.pid}/limits", encoding="ascii") as file:
        core = [line.split() for line in file if line.startswith("Max core")][0]
    equal(core[4:6], ["0", "0"], "core limit")


def rss_kib(pid):
    """Counted page by page where that can be seen: the kernel's own figures are some hundred KiB behind."""
    try:
        with open(f"/proc/{pid}/smaps_rollup", encoding="ascii") as file:
            return next(int(line.split()[1]) for line in file if line.startswith("Rss:"))
    except OSError:
        with open(f"/proc/{pid}/status", encoding="ascii") as file:
            return next(int(line.split()[1]) for line in file if line.startswith("VmRSS"))


def echo_frames(stream):
    while (body := stream.receive_raw(60)) is not None:
        stream.send(body)


def test_memory_is_small_and_flat(world):
    if is_sanitized():
        raise Skip("memory figures mean nothing under a sanitizer")
    host, agent, _, _ = world.pair()

    def trips(count, body):
        for _ in range(count):
            with meanwhile(host.browser.send, body) if len(body) > 4096 else contextlib.nullcontext(
                    host.browser.send(body)):
                equal(host.browser.receive_raw(), body, "echo")

    with meanwhile(echo_frames, agent):
        trips(100, b"x" * 230)
        before = rss_kib(host.pid)
        trips(10000, b"x" * 230)
        trips(3, b"x" * LIMIT)
        after = rss_kib(host.pid)
    print(f"# RSS before {before} KiB, after {after} KiB")
    check(after <= 2048, f"{after} KiB resident")
    check(after - before <= 256, f"grew from {before} to {after} KiB")


def test_only_libc_is_linked(world):
    if is_sanitized():
        raise Skip("a sanitizer links its own libraries")
    output = subprocess.run(["readelf", "-d", world.host], capture_output=True, text=True,
                            check=True).stdout
    needed = [line.split("[")[1].rstrip("]") for line in output.splitlines() if "(NEEDED)" in line]
    equal(needed, ["libc.so.6"], "libraries")


def run(name, function):
    world = World()
    try:
        function(world)
    except Skip as skip:
        return f" # SKIP {skip}", True
    except (Failure, OSError, ValueError, KeyError) as error:
        print(f"# {name}: {type(error).__name__}: {error}")
        return "", False
    finally:
        world.close()
    return "", True


def main():
    tests = [(name[5:].replace("_", "-"), function) for name, function in globals().items()
             if name.startswith("test_")]
    good = True
    print(f"1..{len(tests)}")
    for number, (name, function) in enumerate(tests, 1):
        note, passed = run(name, function)
        good = good and passed
        print(f"{'ok' if passed else 'not ok'} {number} - host: {name}{note}", flush=True)
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
