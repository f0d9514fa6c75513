#!/usr/bin/env -S python3 -B
"""sealring-net exchange against servers that behave, misbehave, break and hang."""
import contextlib
import gzip
import os
import select
import shutil
import socket
import ssl
import struct
import subprocess
import threading
import time
import warnings
from pathlib import Path

import cli_world
from cli_world import Skip, check, contains, equal, open_proc
from net_world import SECRET, NetWorld, always, check_confined, descriptors, reply, request, wait_until

HTTP = "--loopback-http"
BODY_MAX = 256 * 1024
TOKEN = b'{"access_token":"a"}'


def http(server, path="/token"):
    return f"http://127.0.0.1:{server.port}{path}"


def https(server, host="127.0.0.1"):
    return f"https://{host}:{server.port}/token"


def expect(answer, outcome, *problems):
    equal(answer.outcome, outcome, f"outcome ({answer.problem or answer.status})")
    for problem in problems:
        contains(answer.problem, problem, "problem")


def sent_lines(server):
    """Request line and headers of the only request."""
    equal(len(server.requests), 1, "number of requests")
    return server.requests[0].partition(b"\r\n\r\n")[0].decode().split("\r\n")


def reset(connection):
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.close()


# --- what is sent and what comes back -------------------------------------------------------------


def test_a_post_is_sent_as_given_and_nothing_is_added(world):
    server = world.server(always(reply(TOKEN, headers=["Content-Type: application/json; charset=utf-8"])))
    body = f"grant_type=refresh_token&refresh_token={SECRET}".encode()
    answer = world.exchange(http(server, "/a/../token?x=%20"), HTTP, method="POST", body=body, headers=[
        "Authorization: Basic dTpw", "Content-Type: application/x-www-form-urlencoded", "DPoP: ey.J.x"])
    expect(answer, "answered")
    equal((answer.status, answer.body), (200, TOKEN), "reply")
    equal(answer.headers, {"Content-Type": "application/json; charset=utf-8", "Content-Length": str(len(TOKEN))}, "headers")
    first, *lines = sent_lines(server)
    equal(first, "POST /a/../token?x=%20 HTTP/1.1", "request line")
    names = sorted(line.partition(":")[0] for line in lines)
    equal(names, ["Accept", "Authorization", "Content-Length", "Content-Type", "DPoP", "Host", "User-Agent"], "headers")
    check("Authorization: Basic dTpw" in lines and "DPoP: ey.J.x" in lines, "headers with their values")
    check("Content-Type: application/x-www-form-urlencoded" in lines, "content type")
    check("Accept: application/json" in lines, "Accept")
    check(any(line.startswith("User-Agent: sealring/") for line in lines), "User-Agent")
    equal(server.requests[0].partition(b"\r\n\r\n")[2], body, "body")


def test_each_method_is_sent_with_and_without_a_body(world):
    for method in ("GET", "POST", "PATCH", "DELETE"):
        for body in (b"", b'{"a":1}'):
            server = world.server(always(reply()))
            kind = ["Content-Type: application/json"] if body else []
            expect(world.exchange(http(server), HTTP, method=method, headers=kind, body=body), "answered")
            lines = sent_lines(server)
            equal(lines[0], f"{method} /token HTTP/1.1", "request line")
            equal([line for line in lines if line.startswith("Content-Type")], kind, "content type")
            equal(server.requests[0].partition(b"\r\n\r\n")[2], body, "body")


def test_the_largest_request_is_sent_without_waiting_for_leave(world):
    server = world.server(always(reply()))
    body = b"x" * 60000
    expect(world.exchange(http(server), HTTP, method="POST", body=body), "answered")
    check(not any(line.lower().startswith("expect") for line in sent_lines(server)), "an Expect header")
    equal(server.requests[0].partition(b"\r\n\r\n")[2], body, "body")


def test_headers_of_the_reply_are_passed_on(world):
    server = world.server(always(reply(b"", "429 Too Many Requests", ["Retry-After: 17", "dpop-nonce: n0nce", "X-Other: 1"])))
    answer = world.exchange(http(server), HTTP)
    equal((answer.status, answer.body), (429, b""), "reply")
    equal(answer.headers, {"Retry-After": "17", "DPoP-Nonce": "n0nce"}, "headers")


def test_a_date_in_retry_after_becomes_seconds(world):
    date = time.strftime("%a, %d %b %Y %H:%M:%S GMT", time.gmtime(time.time() + 100))
    server = world.server(always(reply(b"", "503 Service Unavailable", [f"Retry-After: {date}"])))
    seconds = int(world.exchange(http(server), HTTP).headers["Retry-After"])
    check(95 <= seconds <= 100, f"{seconds} s")


def test_a_chunked_reply_is_put_together(world):
    server = world.server(always(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\n{\"a\r\n4\r\n\":1}\r\n0\r\n"
                                 b"Retry-After: 9\r\n\r\n"))
    answer = world.exchange(http(server), HTTP)
    equal((answer.body, "Retry-After" in answer.headers), (b'{"a":1}', False), "body; no trailer")


def test_interim_replies_are_skipped(world):
    server = world.server(always(b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nDPoP-Nonce: x\r\n\r\n" + reply(TOKEN)))
    answer = world.exchange(http(server), HTTP)
    equal((answer.status, answer.body, "DPoP-Nonce" in answer.headers), (200, TOKEN, False), "reply")


def test_nothing_is_decompressed(world):
    packed = gzip.compress(b"x" * 100000)
    server = world.server(always(reply(packed, headers=["Content-Encoding: gzip"])))
    equal(world.exchange(http(server), HTTP).body, packed, "body")


# --- never twice ----------------------------------------------------------------------------------


def test_redirects_are_not_followed(world):
    target = world.server(always(reply()))
    for status in ("301 Moved", "302 Found", "303 See Other", "307 Temporary Redirect", "308 Permanent Redirect"):
        server = world.server(always(reply(b"", status, [f"Location: {http(target)}"])))
        answer = world.exchange(http(server), HTTP, method="POST", body=b"a=b")
        equal(answer.status, int(status[:3]), "status")
        equal(len(server.requests), 1, "requests to the server")
    equal(target.connections, 0, "connections to the target")


def test_no_status_makes_it_ask_again(world):
    for status, header in (("401 Unauthorized", 'WWW-Authenticate: Basic realm="x"'), ("401 No", "WWW-Authenticate: Negotiate"),
                           ("407 Proxy Authentication Required", "Proxy-Authenticate: Basic"), ("408 Request Timeout", "X: y"),
                           ("417 Expectation Failed", "X: y"), ("421 Misdirected", "X: y"), ("425 Too Early", "X: y"),
                           ("503 Service Unavailable", "Retry-After: 0"), ("200 OK", "Set-Cookie: a=b")):
        server = world.server(always(reply(b"", status, [header])))
        equal(world.exchange(http(server), HTTP, method="POST", body=b"a=b").status, int(status[:3]), "status")
        equal((server.connections, len(server.requests)), (1, 1), f"connections and requests, {status}")


def lose(world, behave, *problems, options=()):
    """The reply is lost behind one request, over http and over TLS."""
    context, file = world.tls()
    for tls, scheme in ((None, "http"), (context, "https")):
        server = world.server(behave, tls=tls)
        answer = world.exchange(f"{scheme}://127.0.0.1:{server.port}/token", HTTP, "--ca-file", file, *options,
                                method="POST", body=f"refresh_token={SECRET}".encode())
        expect(answer, "unknown", *problems)
        check(SECRET not in answer.problem and "127.0.0.1" not in answer.problem, "the problem names the request")
        time.sleep(0.1)
        equal((server.connections, len(server.requests)), (1, 1), f"connections and requests, {scheme}")


def test_a_server_that_takes_the_request_and_closes_is_not_asked_again(world):
    lose(world, lambda connection, _: None)


def test_a_server_that_resets_is_not_asked_again(world):
    lose(world, lambda connection, _: reset(connection))


def test_a_reply_cut_in_its_headers_is_unknown(world):
    lose(world, always(b"HTTP/1.1 200 OK\r\nContent-Type: appl"))
    lose(world, always(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"))
    lose(world, always(b"HTT"))


def test_a_reply_cut_after_its_headers_is_unknown(world):
    lose(world, always(reply(b"", length=20)))


def test_a_reply_cut_in_its_body_is_unknown(world):
    lose(world, always(reply(TOKEN[:7], length=len(TOKEN))), "cut off")
    lose(world, always(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n14\r\n" + TOKEN + b"\r\n"))


def test_only_interim_replies_are_no_answer(world):
    lose(world, always(b"HTTP/1.1 100 Continue\r\n\r\n"))


def test_what_is_not_http_is_unknown(world):
    lose(world, always(b"220 mail.example ESMTP\r\n"))
    lose(world, always(b"HTTP/1.1 999 Odd\r\nContent-Length: 0\r\n\r\n"))


def test_a_reply_without_a_length_ends_with_the_connection(world):
    """Nobody can tell whether it is whole but who reads it: a JSON object that was cut is none."""
    context, file = world.tls()
    start = b"HTTP/1.0 200 OK\r\n\r\n" + TOKEN

    def end(connection, _):
        connection.sendall(start)
        connection.unwrap()
    equal(world.exchange(https(world.server(end, tls=context)), "--ca-file", file).body, TOKEN, "body that TLS ends")
    equal(world.exchange(http(world.server(always(start))), HTTP).body, TOKEN, "body over http")

    def break_off(connection, _):
        connection.sendall(start)
        time.sleep(0.2)
        reset(connection)
    expect(world.exchange(http(world.server(break_off)), HTTP), "unknown")


def test_a_server_that_hangs_is_unknown_in_time(world):
    release = threading.Event()

    def hang(connection, _):
        release.wait(20)

    def drip(connection, _):
        connection.sendall(reply(b"", length=1000))
        while not release.wait(0.1):
            connection.sendall(b"x")
    for behave in (hang, drip):
        start = time.monotonic()
        lose(world, behave, "in time", options=["--timeout", "1"])
        check(time.monotonic() - start < 5, "it took too long")
    release.set()


# --- limits ---------------------------------------------------------------------------------------


def test_a_body_up_to_the_limit_is_whole(world):
    body = os.urandom(BODY_MAX)
    equal(world.exchange(http(world.server(always(reply(body)))), HTTP).body, body, "body")


def test_a_body_over_the_limit_is_unknown(world):
    large = b"x" * (BODY_MAX + 1)
    lose(world, always(reply(large)), "too large")
    lose(world, always(b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n" + large), "too large")
    lose(world, always(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n%x\r\n%s\r\n0\r\n\r\n" % (len(large), large)), "too large")


def test_headers_over_the_limit_are_unknown(world):
    lose(world, always(reply(headers=[f"X-{number}: {'x' * 1000}" for number in range(40)])), "too large")
    lose(world, always(b"HTTP/1.1 100 Continue\r\n\r\n" * 20000 + reply()), "too large")


# --- not sent -------------------------------------------------------------------------------------


def test_a_refused_connection_is_not_sent(world):
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))  # nobody listens, and nobody else can
        expect(world.exchange(f"https://127.0.0.1:{nobody.getsockname()[1]}/"), "not-sent", "cannot connect")


def test_an_unknown_name_is_not_sent(world):
    start = time.monotonic()
    expect(world.exchange("https://sealring-test.invalid/"), "not-sent", "name of the server")
    check(time.monotonic() - start < 7, "it took too long")


def test_a_connection_that_breaks_before_tls_is_done_is_not_sent(world):
    for meet in (reset, lambda connection: connection.sendall(b"220 mail.example ESMTP\r\n")):
        server = world.server(always(reply()), meet=meet)
        expect(world.exchange(https(server), method="POST", body=b"a=b"), "not-sent")


def test_a_server_that_hangs_before_tls_is_done_is_not_sent(world):
    server = world.server(always(reply()), meet=lambda connection: time.sleep(10))
    start = time.monotonic()
    expect(world.exchange(https(server), "--timeout", "1"), "not-sent", "in time")
    check(time.monotonic() - start < 3, "it took too long")


# --- TLS ------------------------------------------------------------------------------------------


def test_a_self_signed_certificate_needs_its_file(world):
    context, file = world.tls()
    server = world.server(always(reply(TOKEN)), tls=context)
    expect(world.exchange(https(server), method="POST", body=b"a=b"), "not-sent", "self-signed")
    equal(server.requests, [], "requests without the file")
    equal(world.exchange(https(server), "--ca-file", file).body, TOKEN, "body with the file")


def test_another_ca_file_does_not_help(world):
    context, _ = world.tls()
    other, _ = world.certificate()
    expect(world.exchange(https(world.server(always(reply()), tls=context)), "--ca-file", other), "not-sent", "certificate")
    expect(world.exchange(https(world.server(always(reply()), tls=context)), "--ca-file", "/nonexistent"), "not-sent")


def test_a_certificate_for_another_name_is_refused(world):
    for names in ("DNS:other.example", "DNS:127.0.0.1", "IP:127.0.0.2", "DNS:*.0.0.1"):
        context, file = world.tls(names)
        server = world.server(always(reply()), tls=context)
        expect(world.exchange(https(server), "--ca-file", file), "not-sent", "another server")
        equal(server.requests, [], f"requests, {names}")


def test_a_certificate_out_of_its_time_is_refused(world):
    for times, problem in ((("20200101000000Z", "20200201000000Z"), "expired"), (("20900101000000Z", "21000101000000Z"), "not valid yet")):
        context, file = world.tls(start=times[0], end=times[1])
        server = world.server(always(reply()), tls=context)
        expect(world.exchange(https(server), "--ca-file", file), "not-sent", problem)
        equal(server.requests, [], "requests")


def test_tls_before_1_2_is_refused(world):
    warnings.simplefilter("ignore", DeprecationWarning)  # of Python, for what this test is about
    for version, outcome in ((ssl.TLSVersion.TLSv1, "not-sent"), (ssl.TLSVersion.TLSv1_1, "not-sent"),
                             (ssl.TLSVersion.TLSv1_2, "answered"), (ssl.TLSVersion.TLSv1_3, "answered")):
        context, file = world.tls()
        context.set_ciphers("ALL:@SECLEVEL=0")
        context.minimum_version = ssl.TLSVersion.TLSv1
        context.maximum_version = version
        equal(world.exchange(https(world.server(always(reply()), tls=context)), "--ca-file", file).outcome, outcome, str(version))


def test_only_http_1_1_is_offered(world):
    context, file = world.tls()
    context.set_alpn_protocols(["h2", "http/1.1"])
    server = world.server(lambda connection, _: connection.sendall(reply(connection.selected_alpn_protocol().encode())), tls=context)
    equal(world.exchange(https(server), "--ca-file", file).body, b"http/1.1", "protocol")


# --- where it connects to -------------------------------------------------------------------------


def test_http_is_for_loopback_and_only_where_allowed(world):
    server = world.server(always(reply()))
    expect(world.exchange(http(server)), "not-sent", "https")
    elsewhere = world.server(always(reply()), host="127.0.0.2")
    for url in (f"http://127.0.0.2:{elsewhere.port}/", f"http://127.0.0.1@127.0.0.2:{elsewhere.port}/",
                f"http://sealring-test.invalid:{elsewhere.port}/"):
        status, output, _ = world.run("exchange", HTTP, text=request(url))
        equal((status, output), (2, b""), url)
    equal((server.connections, elsewhere.connections), (0, 0), "connections")


def test_loopback_has_three_names(world):
    expect(world.exchange(http(world.server(always(reply()))), HTTP), "answered")
    expect(world.exchange(f"http://localhost:{world.server(always(reply())).port}/", HTTP), "answered")
    try:
        server = world.server(always(reply()), host="::1")
    except OSError:
        raise Skip("no IPv6 here") from None
    expect(world.exchange(f"http://[::1]:{server.port}/", HTTP), "answered")


def in_mounts(world, files):
    """Words before a command that runs it with other content in system files; needs root."""
    if os.getuid() != 0 or not shutil.which("unshare"):
        raise Skip("needs root to change the resolver's files for one process")
    script = ""
    for number, (path, content) in enumerate(files.items()):
        replacement = world.folder / f"file{number}"
        replacement.write_text(content)
        script += f"mount --bind '{replacement}' {path} && "
    before = ["unshare", "--mount", "sh", "-c", script + 'exec "$@"', "sh"]
    if subprocess.run([*before, "true"], capture_output=True, check=False).returncode:
        raise Skip("no mount namespaces here")
    return before


def test_localhost_is_this_machine_whatever_the_hosts_file_says(world):
    server, elsewhere = world.server(always(reply(b"here"))), None
    with contextlib.suppress(OSError):
        elsewhere = world.server(always(reply(b"there")), host="127.0.0.2", port=server.port)
    before = in_mounts(world, {"/etc/hosts": "127.0.0.2 localhost\n"})
    equal(world.exchange(f"http://localhost:{server.port}/", HTTP, before=before).body, b"here", "body")
    equal(elsewhere.connections if elsewhere else 0, 0, "connections elsewhere")


class NameServer:
    """Answers every question for an IPv4 address with 127.0.0.1, others with nothing; or is silent."""

    def __init__(self, silent=False):
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.silent, self.ended = silent, False
        try:
            self.socket.bind(("127.53.53.53", 53))
        except OSError:
            raise Skip("port 53 of 127.53.53.53 is not free for the test") from None
        self.thread = threading.Thread(target=self.serve, daemon=True)
        self.thread.start()

    def serve(self):
        with contextlib.suppress(OSError):
            while not self.ended:
                if not select.select([self.socket], [], [], 0.1)[0]:
                    continue
                question, client = self.socket.recvfrom(512)
                end = question.index(b"\0", 12) + 5
                is_address = question[end - 4:end - 2] == b"\0\1"
                record = b"\xc0\x0c\0\1\0\1\0\0\0\0\0\4\x7f\0\0\1" if is_address else b""
                head = question[:2] + struct.pack(">HHHHH", 0x8180, 1, 1 if is_address else 0, 0, 0)
                if not self.silent:
                    self.socket.sendto(head + question[12:end] + record, client)

    def close(self):
        self.ended = True
        self.thread.join()
        self.socket.close()


RESOLVER = {"/etc/resolv.conf": "nameserver 127.53.53.53\n", "/etc/nsswitch.conf": "hosts: files dns\n"}


def test_names_are_resolved_inside_the_sandbox(world):
    before = in_mounts(world, RESOLVER)
    context, file = world.tls("DNS:op.sealring-test.example")
    server = world.server(always(reply(TOKEN)), tls=context)
    world.servers.append(NameServer())
    equal(world.exchange(https(server, "op.sealring-test.example"), "--ca-file", file, before=before).body, TOKEN, "body")


def test_a_resolver_that_hangs_is_not_waited_for(world):
    before = in_mounts(world, RESOLVER)
    world.servers.append(NameServer(silent=True))
    start = time.monotonic()
    expect(world.exchange("https://op.sealring-test.example/", "--timeout", "1", before=before), "not-sent")
    check(time.monotonic() - start < 3, "it took too long")


# --- proxies --------------------------------------------------------------------------------------


def pump(source, target):
    with contextlib.suppress(OSError):
        while data := source.recv(65536):
            target.sendall(data)
        target.shutdown(socket.SHUT_WR)


def tunnel_to(port):
    """A behaviour: CONNECT leads to @port, whatever was asked for."""
    def behave(connection, _):
        with socket.create_connection(("127.0.0.1", port)) as other:
            connection.sendall(b"HTTP/1.1 200 Connected\r\nRetry-After: 5\r\n\r\n")
            back = threading.Thread(target=pump, args=[other, connection], daemon=True)
            back.start()
            pump(connection, other)
            back.join(5)
    return behave


def test_a_proxy_sees_the_name_and_nothing_else(world):
    context, file = world.tls("DNS:op.sealring-test.example")
    server = world.server(always(reply(TOKEN)), tls=context)
    proxy = world.server(tunnel_to(server.port))
    answer = world.exchange("https://op.sealring-test.example/token", "--ca-file", file, "--proxy", f"http://127.0.0.1:{proxy.port}",
                            method="POST", headers=["Authorization: Basic dTpw"], body=SECRET.encode())
    equal((answer.status, answer.body, "Retry-After" in answer.headers), (200, TOKEN, False), "reply")
    lines = sent_lines(proxy)
    equal(lines[0], "CONNECT op.sealring-test.example:443 HTTP/1.1", "request to the proxy")
    check(not any("Authorization" in line or "token" in line for line in lines), "the proxy sees the request")
    equal(sent_lines(server)[0], "POST /token HTTP/1.1", "request to the server")


def test_the_certificate_is_checked_behind_a_proxy(world):
    context, _ = world.tls("DNS:op.sealring-test.example")
    server = world.server(always(reply()), tls=context)
    proxy = world.server(tunnel_to(server.port))
    expect(world.exchange("https://op.sealring-test.example/", "--proxy", f"http://127.0.0.1:{proxy.port}"), "not-sent", "certificate")
    equal(server.requests, [], "requests")


def test_a_proxy_that_refuses_means_not_sent(world):
    for status, header in (("403 Forbidden", "X: y"), ("407 Authenticate", "Proxy-Authenticate: Basic"), ("502 Bad Gateway", "X: y")):
        proxy = world.server(always(reply(b"no", status, [header])))
        answer = world.exchange("https://op.sealring-test.example/", "--proxy", f"http://127.0.0.1:{proxy.port}", method="POST", body=b"a=b")
        expect(answer, "not-sent")
        equal(len(proxy.requests), 1, f"requests to the proxy, {status}")


def test_loopback_needs_no_proxy(world):
    proxy, server = world.server(always(reply())), world.server(always(reply(TOKEN)))
    equal(world.exchange(http(server), HTTP, "--proxy", f"http://127.0.0.1:{proxy.port}").body, TOKEN, "body")
    context, file = world.tls()
    server = world.server(always(reply(TOKEN)), tls=context)
    equal(world.exchange(https(server), "--ca-file", file, "--proxy", f"http://127.0.0.1:{proxy.port}").body, TOKEN, "body")
    equal(proxy.connections, 0, "connections to the proxy")


# --- the process ----------------------------------------------------------------------------------


def test_the_environment_changes_nothing(world):
    proxy = world.server(always(reply()))
    context, file = world.tls()
    server = world.server(always(reply(TOKEN)), tls=context)
    keys = world.folder / "keys"
    netrc = world.folder / ".netrc"
    netrc.write_text("machine 127.0.0.1 login user password pass\n")
    address = f"http://127.0.0.1:{proxy.port}"
    world.environment |= {"https_proxy": address, "ALL_PROXY": address, "SSLKEYLOGFILE": str(keys), "HOME": str(world.folder),
                          "SSL_CERT_FILE": file, "CURL_CA_BUNDLE": file, "SSL_CERT_DIR": str(world.folder)}
    expect(world.exchange(https(server)), "not-sent", "certificate")
    expect(world.exchange("https://sealring-test.invalid/"), "not-sent")
    equal(world.exchange(https(server), "--ca-file", file).body, TOKEN, "body")
    equal((proxy.connections, keys.exists()), (0, False), "connections to the proxy; a log of keys")
    check(not any(line.startswith("Authorization") for line in sent_lines(server)), "a password from .netrc was sent")


def test_secrets_are_nowhere_to_be_seen_while_it_runs(world):
    release = threading.Event()
    server = world.server(lambda connection, _: release.wait(20))
    process = world.start("exchange", HTTP)
    process.stdin.write(request(http(server), "POST", [f"Authorization: Bearer {SECRET}"], SECRET.encode()))
    process.stdin.close()
    wait_until(lambda: server.requests, "the request")
    check_confined(process.pid)
    cmdline = Path(f"/proc/{process.pid}/cmdline").read_bytes()
    equal(cmdline.split(b"\0")[1:], [b"exchange", HTTP.encode(), b""], "command line")
    with open_proc(f"/proc/{process.pid}/environ", "rb") as file:
        check(SECRET.encode() not in file.read(), "secret in the environment")
    equal(set(descriptors(process.pid)) - {"pipe", "socket"}, set(), "open files")
    release.set()


def test_a_descriptor_that_was_left_open_is_closed(world):
    server = world.server(always(reply()))
    reader, writer = os.pipe()
    process = world.start("exchange", HTTP, pass_fds=[writer])
    os.close(writer)
    check(select.select([reader], [], [], 30)[0], "somebody still has the pipe while the program waits for its request")
    equal(process.poll(), None, "exit status")
    os.close(reader)
    process.communicate(request(http(server)))
    equal(process.returncode, 0, "exit status")


def test_malformed_requests_are_refused_without_a_word_of_them(world):
    server = world.server(always(reply()))
    good = request(http(server), "POST", ["Authorization: Basic x"], SECRET.encode())
    for text in (b"", b"\n", SECRET.encode(), good[:-1], good + b"x", good.replace(b"POST", b"PUT"), good.replace(b"\nAuth", b"\r\nAuth"),
                 good.replace(b"Authorization", b"Cookie"), good.replace(b"http:", b"ftp:"), good.replace(b"http:", b"file:"),
                 request(http(server), "POST", body=SECRET.encode() * 4000)):
        status, output, errors = world.run("exchange", HTTP, text=text)
        equal((status, output), (2, b""), f"status and output for {text[:60]}")
        check(SECRET.encode() not in errors and b"127.0.0.1" not in errors, f"content in {errors}")
    equal(server.connections, 0, "connections")


def test_wrong_usage_is_said(world):
    for words in ([], ["fetch"], ["exchange", "--retry"], ["exchange", "--timeout"], ["exchange", "--timeout", "0"], ["exchange", "--timeout", "301"],
                  ["exchange", "--timeout", "1s"], ["exchange", "--ca-file", "relative.pem"], ["exchange", "--proxy", f"http://u:{SECRET}@p:1"],
                  ["exchange", "--path", "/x"], ["exchange", "more"], ["listen", "--path", "x"], ["listen", "--path", "/a?b"], ["listen", HTTP]):
        status, output, errors = world.run(*words)
        equal((status, output), (2, b""), f"status and output of {words}")
        check(errors.startswith(b"usage:") and SECRET.encode() not in errors, f"errors of {words}: {errors}")
    status, output, errors = world.run("--version")
    check(status == 0 and output.startswith(b"sealring-net ") and not errors, "version")


def test_a_file_is_refused_as_output_before_anything_is_sent(world):
    server = world.server(always(reply()))
    for words in (["exchange", HTTP], ["listen"]):
        with open(world.folder / "output", "wb") as output:
            run = subprocess.run([cli_world.BUILD / "sealring-net", *words], input=request(http(server)), stdout=output,
                                 stderr=subprocess.PIPE, check=False)
        equal(run.returncode, 2, "exit status")
        contains(run.stderr, b"a pipe", "errors")
    equal(server.connections, 0, "connections")


if __name__ == "__main__":
    cli_world.main("net exchange", dict(globals()), NetWorld)
