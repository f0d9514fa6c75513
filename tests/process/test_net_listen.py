#!/usr/bin/env -S python3 -B
"""sealring-net listen: the redirect gets through, whatever others on this machine send.
tests/run: timeout=1500
"""
import contextlib
import os
import re
import select
import signal
import socket
import subprocess
import sys
import threading
import time

import cli_world
from cli_world import Failure, Skip, check, contains, equal
from net_world import PROGRAM, NetWorld, check_confined, descriptors, open_ports, wait_until

GOOD = "/callback?code=c0de&state=5tate"
REDIRECTS_MAX = 64
LIFETIME = 305


class Listener:
    """The program, its port, and the lines it writes."""

    def __init__(self, world, *words):
        self.process = world.start("listen", *words)
        self.held = b""
        self.port = int(re.fullmatch(r"listening (\d+)", self.line())[1])

    def line(self, timeout=20):
        """The next line, None at the end."""
        deadline = time.monotonic() + timeout
        while b"\n" not in self.held:
            if not select.select([self.process.stdout], [], [], max(0, deadline - time.monotonic()))[0]:
                raise Failure(f"no line within {timeout} s")
            data = os.read(self.process.stdout.fileno(), 65536)
            if not data:
                equal(self.held, b"", "what is left at the end")
                return None
            self.held += data
        line, _, self.held = self.held.partition(b"\n")
        return line.decode()

    def expect_silence(self, seconds=0.2):
        if self.held or select.select([self.process.stdout], [], [], seconds)[0]:
            raise Failure(f"a line came: {self.line()!r}")

    def connect(self):
        return socket.create_connection(("127.0.0.1", self.port), timeout=30)

    def send(self, data):
        """The whole response to @data."""
        with self.connect() as connection:
            connection.sendall(data)
            return everything(connection)

    def head(self, target=GOOD, method="GET", version="1.1", host=None, more=""):
        host = f"127.0.0.1:{self.port}" if host is None else host
        return f"{method} {target} HTTP/{version}\r\nHost: {host}\r\n{more}\r\n".encode()

    def status(self, data):
        return int(self.send(data).split()[1])

    def expect_redirect(self, target=GOOD, within=2):
        """A redirect is answered and becomes a line, soon."""
        start = time.monotonic()
        equal(self.status(self.head(target)), 200, "status of the redirect")
        equal(self.line(), f"redirect {target}", "line")
        check(time.monotonic() - start < within, f"the redirect took {time.monotonic() - start:.1f} s")


def everything(connection):
    data = b""
    while chunk := connection.recv(65536):
        data += chunk
    return data


# --- the redirect ---------------------------------------------------------------------------------


def test_a_redirect_becomes_a_line_and_a_page(world):
    listener = Listener(world)
    answer = listener.send(listener.head(more="User-Agent: x\r\nAccept: text/html\r\n")).decode()
    equal(listener.line(), f"redirect {GOOD}", "line")
    head, _, body = answer.partition("\r\n\r\n")
    first, *lines = head.split("\r\n")
    equal(first, "HTTP/1.1 200 OK", "status line")
    headers = {name.lower(): value for name, value in (line.split(": ", 1) for line in lines)}
    equal(headers["content-length"], str(len(body)), "length")
    for name, value in (("connection", "close"), ("cache-control", "no-store"), ("referrer-policy", "no-referrer"),
                        ("x-content-type-options", "nosniff"), ("content-type", "text/html; charset=utf-8")):
        equal(headers[name], value, name)
    check(headers["content-security-policy"].startswith("default-src 'none'; style-src 'unsafe-inline'"), "policy")
    contains(body, "You can close this window", "page")
    check("c0de" not in answer and "5tate" not in answer, "the page repeats the answer")


def test_it_goes_on_listening_after_a_redirect(world):
    listener = Listener(world)
    for number in range(5):
        listener.expect_redirect(f"/callback?error=access_denied&state={number}")


def test_another_path_can_be_chosen(world):
    listener = Listener(world, "--path", "/mozoauth2/1234")
    equal(listener.status(listener.head()), 404, "the usual path")
    listener.expect_redirect("/mozoauth2/1234?code=a")


def test_a_request_in_small_pieces_is_understood(world):
    listener = Listener(world)
    with listener.connect() as connection:
        for byte in listener.head():
            connection.sendall(bytes([byte]))
            time.sleep(0.002)
        equal(everything(connection).split()[1], b"200", "status")
    equal(listener.line(), f"redirect {GOOD}", "line")


def test_the_largest_request_is_understood(world):
    listener = Listener(world)
    target = "/callback?code=" + "x" * (8192 - len(listener.head("/callback?code=")))
    equal(len(listener.head(target)), 8192, "size of the request")
    listener.expect_redirect(target)


def test_the_page_is_whole_although_the_agent_ends_it_at_once(world):
    for _ in range(20):
        listener = Listener(world)
        with listener.connect() as connection:
            connection.sendall(listener.head())
            listener.line()
            listener.process.kill()
            contains(everything(connection), b"</html>", "page")


# --- others ---------------------------------------------------------------------------------------


def test_it_is_on_loopback_only(world):
    listener = Listener(world)
    equal(open_ports(listener.port), ["0100007F"], "addresses with its port")
    with contextlib.suppress(ConnectionRefusedError), socket.create_connection(("127.0.0.2", listener.port), timeout=2):
        raise Failure("it answers at another address")


def test_what_is_no_redirect_gets_its_status_and_no_line(world):
    listener = Listener(world)
    port = listener.port
    for status, data in ((404, listener.head("/favicon.ico")), (404, listener.head("/")), (404, listener.head("/callback/x?a=b")),
                         (400, listener.head("/callback")), (400, listener.head("/callback?")), (400, listener.head("/callback?a=b#c")),
                         (400, listener.head(host=f"localhost:{port}")), (400, listener.head(host="127.0.0.1")),
                         (400, listener.head(host=f"evil.example:{port}")), (400, listener.head(host=f"[::1]:{port}")),
                         (400, listener.head(more=f"Host: 127.0.0.1:{port}\r\n")), (400, listener.head(version="2.0")),
                         (400, f"GET {GOOD} HTTP/1.1\r\n\r\n".encode()), (400, b"\x16\x03\x01\x02\x00"), (400, b"\r\n\r\n"),
                         (400, listener.head(f"http://127.0.0.1:{port}{GOOD}")), (400, listener.head().replace(b"\r\n", b"\n")),
                         (405, listener.head(method="POST")), (405, listener.head(method="HEAD")), (405, listener.head(method="OPTIONS")),
                         (431, listener.head(more=f"X: {'x' * 9216}\r\n")), (431, listener.head("/callback?" + "x" * 9216))):
        equal(listener.status(data), status, f"status of {data[:60]}")
    listener.expect_silence()
    listener.expect_redirect()


def test_a_large_body_does_not_take_the_page_away(world):
    listener = Listener(world)
    answer = listener.send(listener.head(method="POST", more="Content-Length: 100000\r\n") + b"x" * 100000)
    contains(answer, b"405 Method Not Allowed\r\nAllow: GET\r\n", "head")
    contains(answer, b"</html>", "page")


def test_hundreds_of_wrong_requests_do_not_end_it(world):
    listener = Listener(world)
    for _ in range(300):
        equal(listener.status(listener.head("/guess?state=1")), 404, "status")
    listener.expect_silence()
    listener.expect_redirect()


def test_slow_clients_do_not_keep_the_redirect_waiting(world):
    listener = Listener(world)
    with contextlib.ExitStack() as stack:
        for number in range(100):
            connection = stack.enter_context(listener.connect())
            connection.sendall(listener.head()[:number % 20])
        listener.expect_redirect()
        for _ in range(30):
            stack.enter_context(listener.connect())
        listener.expect_redirect()


def test_a_client_has_five_seconds(world):
    listener = Listener(world)
    start = time.monotonic()
    with listener.connect() as connection:
        connection.sendall(b"GET ")
        equal(everything(connection), b"", "answer")
    check(4.5 < time.monotonic() - start < 7, f"it was dropped after {time.monotonic() - start:.1f} s")


def test_a_client_that_never_reads_or_leaves_is_dropped(world):
    listener = Listener(world)
    with listener.connect() as connection:
        connection.sendall(listener.head())
        listener.line()
        deadline = time.monotonic() + 5
        with contextlib.suppress(ConnectionError):
            while time.monotonic() < deadline:
                connection.sendall(b"x" * 1000)
                time.sleep(0.05)
            raise Failure("it is still read from after 5 s")
    listener.expect_redirect()


def test_a_hundred_clients_at_once_are_all_answered(world):
    listener = Listener(world)
    statuses = []
    together = threading.Barrier(100)

    def ask(data):
        together.wait()
        with contextlib.suppress(OSError, IndexError):
            statuses.append(listener.status(data))
    heads = [listener.head("/favicon.ico"), listener.head(method="POST"), listener.head(host="x"), listener.head()]
    threads = [threading.Thread(target=ask, args=[heads[number % 4]]) for number in range(100)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    equal({status: statuses.count(status) for status in set(statuses)}, {404: 25, 405: 25, 400: 25, 200: 25}, "statuses")
    equal([listener.line() for _ in range(25)], [f"redirect {GOOD}"] * 25, "lines")
    listener.expect_silence()


# --- the end --------------------------------------------------------------------------------------


def expect_closed(port, what):
    start = time.monotonic()
    wait_until(lambda: not open_ports(port), f"port closed after {what}", seconds=1)
    with contextlib.suppress(ConnectionRefusedError), socket.create_connection(("127.0.0.1", port), timeout=1):
        raise Failure("somebody answers")
    check(time.monotonic() - start < 1, "it took a second")


def test_the_port_is_closed_when_it_is_killed(world):
    listener = Listener(world)
    listener.process.kill()
    expect_closed(listener.port, "a kill")


def test_it_ends_when_its_input_ends(world):
    listener = Listener(world)
    listener.process.stdin.write(b"what comes here is dropped\n")
    listener.process.stdin.flush()
    listener.expect_redirect()
    listener.process.stdin.close()
    expect_closed(listener.port, "the end of its input")
    equal(listener.process.wait(2), 0, "exit status")


def test_it_ends_when_nobody_reads_its_lines(world):
    listener = Listener(world)
    listener.process.stdout.close()
    listener.status(listener.head())
    expect_closed(listener.port, "the end of its reader")
    equal(listener.process.wait(2), 0, "exit status")


def test_it_ends_with_its_parent(world):
    """The test holds the pipe to its input, so that nothing but the parent's end can end it."""
    reader, writer = os.pipe()
    code = "import subprocess, sys, time; subprocess.Popen(sys.argv[1:], stdin=0, stdout=1); time.sleep(60)"
    with subprocess.Popen([sys.executable, "-c", code, PROGRAM, "listen"], stdin=reader, stdout=subprocess.PIPE) as parent:
        try:
            port = int(parent.stdout.readline().split()[1])
            equal(open_ports(port), ["0100007F"], "addresses with its port")
        finally:
            parent.kill()
        expect_closed(port, "the end of its parent")
    os.close(reader)
    os.close(writer)


def test_it_ends_after_64_redirects(world):
    listener = Listener(world)
    for number in range(REDIRECTS_MAX):
        listener.expect_redirect(f"/callback?state={number}")
    equal(listener.line(), None, "line behind the last redirect")
    equal(listener.process.wait(2), 0, "exit status")
    expect_closed(listener.port, "64 redirects")


def test_it_ends_by_itself(world):
    if os.environ.get("SOAK") != "1":
        raise Skip(f"takes {LIFETIME} s; SOAK=1 runs it")
    start = time.monotonic()
    listener = Listener(world)
    time.sleep(LIFETIME - 10)
    listener.expect_redirect()
    equal(listener.process.wait(2), 0, "exit status")
    check(abs(time.monotonic() - start - LIFETIME) < 3, f"it ended after {time.monotonic() - start:.0f} s")


# --- the process ----------------------------------------------------------------------------------


def test_it_is_confined(world):
    listener = Listener(world)
    check_confined(listener.process.pid)
    equal(sorted(descriptors(listener.process.pid)), ["pipe", "pipe", "pipe", "socket"], "descriptors")


def test_signals_of_its_reader_are_no_crash(world):
    listener = Listener(world)
    listener.process.send_signal(signal.SIGPIPE)
    listener.expect_redirect()


def test_it_is_silent_on_standard_error(world):
    listener = Listener(world)
    listener.status(listener.head("/favicon.ico"))
    listener.expect_redirect()
    listener.process.stdin.close()
    listener.process.wait(2)
    equal(listener.process.stderr.read(), b"", "errors")


if __name__ == "__main__":
    cli_world.main("net listen", dict(globals()), NetWorld)
