#!/usr/bin/env python3
"""Bad input to the agent: frames, JSON, envelopes, parameters, attach frames. Each gets its reason, and
the agent goes on working for everybody."""
import contextlib
import json
import struct
import time

import cli_world
from agent_world import ADDRESS_ONE, INSTRUMENTED, PAGE, AgentWorld, frame
from cli_world import check, equal, wait_until


def call(connection, body):
    """Reply to one frame with these bytes or this value."""
    connection.send_bytes(frame(body))
    return connection.receive()


def reason(reply):
    return reply["error"]["data"]["reason"]


def alive(world):
    equal(world.cli().result("eth_chainId", [], None), "0x1", "the agent works")


def test_what_is_not_json_is_a_parse_error_with_its_offset(world):
    port = world.cli()
    for body, offset in ((b"{", 1), (b"nonsense", 0), (b'{"a":1,}', 7), (b'{"a":01}', 5), (b"[1,2", 4),
                         (b'{"a":"\xff"}', 6), (b'{"a":"\xc0\x80"}', 6), (b'{"a":"\xed\xa0\x80"}', 6),
                         (b'{"a":"\\ud800"}', 12), (b'{"a":"\\u0000"}', 12), (b'\xef\xbb\xbf{}', 0), (b'{"a":1e}', 7),
                         (b"{'a':1}", 1), (b'{"a":NaN}', 5), (b'{"a":9007199254740992}', 5), (b'{}{}', 2),
                         (b'{"a":"\n"}', 6), (b'{"id":1,"id":2}', 8), (b'{"id":1,"\\u0069d":2}', 8)):
        reply = call(port, body)
        equal(reason(reply), "PARSE_ERROR", body)
        equal(reply["id"], None, body)
        equal(reply["error"]["data"]["offset"], offset, body)


def test_ten_thousand_levels_deep_are_refused(world):
    port = world.cli()
    for body in (b"[" * 10000, b"[" * 10000 + b"]" * 10000, b'{"a":' * 10000 + b"1" + b"}" * 10000):
        equal(reason(call(port, body)), "PARSE_ERROR", body[:20])


def test_json_that_is_no_request_is_an_invalid_request(world):
    port = world.cli()
    good = {"jsonrpc": "2.0", "id": 1, "method": "eth_chainId"}
    for what, value in (("string", "text"), ("number", 5), ("list", [1]), ("empty", {}),
                        ("no version", {**good, "jsonrpc": None}), ("other version", {**good, "jsonrpc": "1.0"}),
                        ("no method", {k: v for k, v in good.items() if k != "method"}),
                        ("unknown member", {**good, "extra": 1}), ("id true", {**good, "id": True}),
                        ("id object", {**good, "id": {}}), ("long id", {**good, "id": "x" * 65}),
                        ("id fraction", {**good, "id": 1.5}), ("method number", {**good, "method": 1})):
        equal(reason(call(port, value)), "INVALID_REQUEST", what)
    equal(reason(call(port, b"true")), "INVALID_REQUEST", "true")
    equal(reason(call(port, b"null")), "PARSE_ERROR", "null")


def test_the_id_comes_back_as_it_was(world):
    port = world.cli()
    for number in (0, -5, 9007199254740991, "text", "\u00fc\"\\", "x" * 64):
        equal(call(port, {"jsonrpc": "2.0", "id": number, "method": "eth_chainId"})["id"], number, number)
        equal(call(port, {"jsonrpc": "2.0", "id": number, "method": "nothing"})["id"], number, number)


def test_unknown_and_forbidden_methods(world):
    browser = world.browser()
    for method, expected in (("nothing", "METHOD_NOT_FOUND"), ("", "METHOD_NOT_FOUND"), ("sealring.attach", "METHOD_NOT_FOUND"),
                             ("eth_sendTransaction", "UNSUPPORTED_METHOD"), ("wallet_addEthereumChain", "UNSUPPORTED_METHOD"),
                             ("keys.export", "NOT_GRANTED"), ("keys.delete", "NOT_GRANTED"), ("keys.import", "NOT_GRANTED"),
                             ("grants.add", "NOT_GRANTED"), ("sealring.stop", "NOT_GRANTED"), ("store.move", "NOT_GRANTED"),
                             ("sealring.unlock", "NOT_GRANTED"), ("prompt.answer", "NOT_GRANTED")):
        equal(browser.reason(method), expected, method)


def test_an_extension_cannot_introduce_itself_anew(world):
    browser = world.browser()
    params = {"version": "0.1.0", "client": "cli"}
    equal(browser.reason("sealring.attach", params), "METHOD_NOT_FOUND", "with an id")
    browser.send_bytes(frame({"jsonrpc": "2.0", "method": "sealring.attach", "params": params}))
    equal(reason(browser.receive()), "INVALID_REQUEST", "without one")
    equal(browser.reason("keys.delete", {"key": "One"}), "NOT_GRANTED", "still an extension")


def test_wrong_parameters_name_their_field(world):
    browser = world.browser()
    for method, params, field in (
            ("personal_sign", [], "message"), ("personal_sign", ["0x00"], "address"), ("personal_sign", [5, ADDRESS_ONE], "message"),
            ("personal_sign", ["0x00", "0x12"], "address"), ("personal_sign", {"message": "x"}, "params"),
            ("eth_signTypedData_v4", [ADDRESS_ONE], "typedData"), ("wallet_requestPermissions", [{"other": {}}], "params"),
            ("siwe.sign", {}, "message"), ("siwe.sign", {"message": "x", "messageHex": "0x00"}, "message"),
            ("siwe.sign", {"messageHex": "0x0"}, "messageHex"), ("siwe.sign", [1], "params"), ("siwe.sign", {"message": 1}, "message"),
            ("siwe.build", {"chainId": 0}, "chainId"), ("siwe.build", {"resources": [1]}, "resources"),
            ("siwe.build", {"surprise": 1}, "surprise"), ("siwe.build", {"expirationSeconds": -1}, "expirationSeconds"),
            ("storage.get", {}, "key"), ("storage.get", {"key": ""}, "key"), ("storage.get", {"key": "k" * 257}, "key"),
            ("storage.set", {"key": "k"}, "value"), ("storage.list", {"prefix": 1}, "prefix"),
            ("keys.create", {"type": "rsa"}, "type"), ("keys.create", {"name": ""}, "name"), ("keys.create", {"name": "a\nb"}, "name"),
            ("keys.create", {"name": "n" * 65}, "name"), ("keys.rename", {"key": "One"}, "name")):
        reply = browser.call(method, params)
        equal(reason(reply), "INVALID_PARAMS", (method, params))
        equal(reply["error"]["data"].get("field"), field, (method, params))


def test_origins_that_are_none_are_refused(world):
    browser = world.browser()
    for origin in ("http://app.example.com", "https://", "https://app.example.com/", "HTTPS://app.example.com", "null", "",
                   "https://user@app.example.com", "file:///etc", "chrome-extension://" + "a" * 32, "https://app.example.com:443",
                   "javascript:alert(1)", "https://b\u00fccher.example", "https://a b", "https://app.example.com."):
        reply = browser.call("eth_accounts", [], origin)
        equal(reason(reply), "INVALID_PARAMS", origin)
    equal(reason(browser.call("eth_accounts", [], 5)), "INVALID_PARAMS", "a number")
    equal(world.cli().reason("eth_accounts", [], PAGE), "INVALID_REQUEST", "from the command line")


def test_length_zero_and_lengths_over_the_limit_end_the_connection(world):
    for length, expected in ((0, "INVALID_REQUEST"), (1048577, "LIMIT_EXCEEDED"), (0xFFFFFFFF, "LIMIT_EXCEEDED"),
                             (0x80000000, "LIMIT_EXCEEDED")):
        port = world.cli()
        port.send_bytes(struct.pack("=I", length))
        equal(reason(port.receive()), expected, hex(length))
        equal(port.receive(), None, "the end")
    alive(world)


def test_the_largest_frame_is_read(world):
    port = world.cli()
    head, tail = b'{"jsonrpc":"2.0","id":1,"method":"eth_chainId","params":["', b'"]}'
    body = head + b"x" * (1048576 - len(head) - len(tail)) + tail
    equal(call(port, body)["result"], "0x1", "1 048 576 bytes")


def test_one_byte_at_a_time(world):
    port = world.cli()
    for byte in frame({"jsonrpc": "2.0", "id": 1, "method": "eth_chainId"}):
        port.send_bytes(bytes([byte]))
        time.sleep(0.001)
    equal(port.receive()["result"], "0x1", "reply")


def test_ten_frames_in_one_write(world):
    port = world.cli()
    port.send_bytes(b"".join(frame({"jsonrpc": "2.0", "id": i, "method": "eth_chainId"}) for i in range(10)))
    equal([port.receive()["id"] for _ in range(10)], list(range(10)), "replies")


def test_a_frame_cut_in_the_middle_harms_nobody(world):
    port = world.cli()
    port.send_bytes(frame({"jsonrpc": "2.0", "id": 1, "method": "eth_chainId"})[:-3])
    port.close()
    world.ports.remove(port)
    alive(world)


def test_the_first_frame_must_introduce_the_client(world):
    for body in (b"{}", b"[]", b'"x"', json.dumps({"jsonrpc": "2.0", "id": 1, "method": "sealring.hello"}).encode()):
        port = world.raw()
        equal(reason(call(port, body)), "INVALID_REQUEST", body)
        equal(port.receive(), None, "the end")
    for members in ({"client": "other"}, {"client": "native-messaging"}, {"client": "cli", "extra": 1}, {"client": "cli", "display": "a\nb"},
                    {"client": "cli", "display": "d" * 300}, {"client": "cli", "terminal": "yes"}):
        port = world.raw(**members)
        equal(reason(port.receive()), "INVALID_PARAMS", members)
        equal(port.receive(), None, "the end")
    alive(world)


def test_a_client_that_never_reads_is_not_served_for_ever(world):
    port = world.cli()
    port.socket.setblocking(False)
    request = frame({"jsonrpc": "2.0", "id": 1, "method": "sealring.hello"})
    sent = 0
    deadline = time.monotonic() + 3
    while time.monotonic() < deadline and sent < 64 << 20:
        try:
            sent += port.socket.send(request * 200)
        except BlockingIOError:
            time.sleep(0.05)
    status = world.json("status")
    with open(f"/proc/{status['pid']}/statm") as file:
        resident = int(file.read().split()[1]) * 4096
    check(INSTRUMENTED or resident < 80 << 20, f"the agent holds {resident >> 20} MiB")


def test_sixty_clients_are_served_and_the_seventieth_is_not(world):
    ports = [world.cli() for _ in range(60)]
    for port in ports:
        equal(port.result("eth_chainId", [], None), "0x1", "one of sixty")
    for _ in range(10):
        last = None
        # It may be closed before it has said who it is.
        with contextlib.suppress(cli_world.Failure, OSError):
            last = world.cli().call("eth_chainId", [], None, timeout=2)
    equal(last, None, "the seventieth")
    for port in world.ports:
        port.close()
    world.ports[:] = []
    wait_until(lambda: is_served(world), "room for another")
    alive(world)


def is_served(world):
    with contextlib.suppress(cli_world.Failure, OSError):
        return world.cli().result("eth_chainId", [], None)
    return None


def test_who_does_not_say_who_it_is_is_closed(world):
    begin = time.monotonic()
    silent, slow = world.raw(), world.raw()
    slow.send_bytes(frame({"jsonrpc": "2.0"})[:6])
    for port in (silent, slow):
        equal(reason(port.receive()), "INVALID_REQUEST", "the reason")
        equal(port.receive(), None, "the end")
    check(4 < time.monotonic() - begin < 8, "after five seconds")
    alive(world)


if __name__ == "__main__":
    cli_world.main("frames", dict(globals()), AgentWorld)
