"""Native hosts that are not sealring's, one program for each way to be wrong:

    silent    answers nothing                   mute      answers sealring.hello once, then nothing
    text      writes text without a length      garbage   answers with frames that are no JSON
    version   speaks protocol 2                 dead      is asked, and ends with status 3
    large     answers with more than 1 MiB      strange   answers with JSON that is no answer
    gone      ends at once, with status 3       fickle    is well, but takes back a connection at once
"""
import sys

from browser_world import ADDRESS_ONE

HELLO = '{"protocol":%d,"version":"0.1.0","methods":[],"limits":{},"store":{"name":"vault","state":"open"},"prompt":"command"}'

# Quick to start: hosts have ten seconds, and a test starts many of them at once.
TEXT = """#!/bin/sh
echo "Hello, I am a program that was started by mistake."
exec cat >/dev/null
"""

# Chromium's write must have come first: to one that is gone by then it says another error.
DEAD = """#!/bin/sh
head -c 1 >/dev/null
exit 3
"""

GONE = """#!/bin/sh
exit 3
"""

PROGRAM = """#!{python} -BIS
import json, struct, sys

def read():
    head = sys.stdin.buffer.read(4)
    if len(head) < 4:
        sys.exit(0)
    return json.loads(sys.stdin.buffer.read(struct.unpack("=I", head)[0]))

def write(body):
    sys.stdout.buffer.write(struct.pack("=I", len(body)) + body)
    sys.stdout.buffer.flush()

def answer(request, result):
    write(('{{"jsonrpc":"2.0","id":%s,"result":%s}}' % (json.dumps(request["id"]), result)).encode())

kind, greeted = {kind!r}, False
while True:
    request = read()
    if kind == "version":
        answer(request, {two!r})
    elif kind == "mute" and not greeted:
        greeted = True
        answer(request, {one!r})
    elif kind == "fickle":
        results = {{"sealring.hello": {one!r}, "eth_chainId": '"0x1"', "eth_accounts": "[]", "eth_requestAccounts": '["{account}"]'}}
        answer(request, results[request["method"]])
        if request["method"] == "eth_requestAccounts":
            write(b'{{"jsonrpc":"2.0","method":"sealring.changed","params":{{}}}}')
    elif kind == "garbage":
        write(b"this is no JSON")
    elif kind == "large":
        answer(request, '"' + "x" * (1 << 20) + '"')
    elif kind == "strange":
        for value in (5, None, [], "x", {{}}, {{"id": request["id"] + 1000, "result": 1}}, {{"method": 5}}, {{"id": [1], "error": 7}}):
            write(json.dumps(value).encode())
"""


def make(desk, kind):
    """The path of one."""
    program = PROGRAM.format(python=sys.executable, kind=kind, one=HELLO % 1, two=HELLO % 2, account=ADDRESS_ONE)
    return desk.write(f"broken-{kind}", {"text": TEXT, "dead": DEAD, "gone": GONE}.get(kind, program), 0o700)
