"""For the tests of extension/sealring.js: code that has it, and hosts that are no sealring-host."""
from extension_code import ExtensionCode

START = """
import assert from "node:assert/strict";
import { Sealring, SealringError, signIn } from "./sealring.js";

const origin = "https://app.example.com";
const later = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
const reasons = (promises) => Promise.all(promises.map((one) => one.then(() => "fine", (e) => e.reason ?? String(e))));
const seen = [];
function listen(sealring) {
  for (const type of ["connected", "disconnected", "sealring.changed"])
    sealring.addEventListener(type, ({ detail }) => seen.push(detail instanceof SealringError ? `${type} ${detail.data.problem}` : type));
  return sealring;
}
"""

# A host of the test's own: read() and send() frames, then what the test adds.
HOST = """#!/usr/bin/env -S python3 -B
import json, struct, sys, time
def read():
    head = sys.stdin.buffer.read(4)
    if len(head) < 4: raise SystemExit
    return json.loads(sys.stdin.buffer.read(struct.unpack("=I", head)[0]))
def send_bytes(body):
    sys.stdout.buffer.write(struct.pack("=I", len(body)) + body)
    sys.stdout.buffer.flush()
def send(**members):
    send_bytes(json.dumps({"jsonrpc": "2.0", **members}).encode())
def greet(protocol=1):
    send(id=read()["id"], result={"protocol": protocol, "version": "9.9.9"})
"""


def run(world, code):
    return ExtensionCode(world, packages=False).run(START + code)[1]


def host(world, name, code):
    """A program that is no sealring-host; its path."""
    return str(world.write(name, HOST + code, 0o700))
