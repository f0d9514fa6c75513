"""Programs for the tests of the agent's PKCS#11 service: they speak src/wire/operation.h directly."""
import contextlib
import fcntl
import os
import select
import socket
import struct
import subprocess
import sys
import termios
import time

from agent_world import AgentWorld
from cli_world import Failure, wait_until

HELLO, TOKEN, LIST, LOGIN, LOGOUT, SIGN, VERIFY, DERIVE, GENERATE, IMPORT, CREATE, CHANGE, DESTROY, \
    INIT_TOKEN, SET_PIN, COPY = range(1, 17)
ACCOUNTS, KEYS, SESSION = range(3)
SECP256K1, P256, ED25519 = range(3)
DIGEST, SHA256, SHA384, SHA512, EDDSA, PERSONAL, SIWE = range(7)
SO, USER, CONTEXT = range(3)
SEALED, ALWAYS_AUTH, LOCAL = 1, 2, 4
WAIT = 0x7ffffffe

DATA, CERTIFICATE = 0, 1
CKA_CLASS, CKA_PRIVATE, CKA_LABEL, CKA_VALUE, CKA_ID = 0, 2, 3, 0x11, 0x102

RESULTS = {
    "OK": 0, "FUNCTION_FAILED": 6, "ARGUMENTS_BAD": 7, "ATTRIBUTE_READ_ONLY": 0x10,
    "ATTRIBUTE_VALUE_INVALID": 0x13, "DATA_INVALID": 0x20, "DATA_LEN_RANGE": 0x21, "DEVICE_ERROR": 0x30,
    "DEVICE_MEMORY": 0x31, "DEVICE_REMOVED": 0x32, "FUNCTION_CANCELED": 0x50,
    "FUNCTION_NOT_SUPPORTED": 0x54, "KEY_HANDLE_INVALID": 0x60, "KEY_TYPE_INCONSISTENT": 0x63,
    "MECHANISM_PARAM_INVALID": 0x71, "OBJECT_HANDLE_INVALID": 0x82, "PIN_INCORRECT": 0xa0,
    "PIN_LEN_RANGE": 0xa2, "PIN_LOCKED": 0xa4, "SIGNATURE_INVALID": 0xc0, "SIGNATURE_LEN_RANGE": 0xc1,
    "TOKEN_NOT_PRESENT": 0xe0, "TOKEN_WRITE_PROTECTED": 0xe2, "USER_NOT_LOGGED_IN": 0x101,
    "USER_TYPE_INVALID": 0x103, "FUNCTION_REJECTED": 0x200,
}
NAMES = {value: name for name, value in RESULTS.items()}

PROTECTED_PATH, USER_PIN_LOCKED, USER_PIN_LOW, USER_PIN_FINAL = 0x100, 0x40000, 0x10000, 0x20000


def u8(value):
    return struct.pack("=B", value)


def u32(value):
    return struct.pack("=I", value)


def u64(value):
    return struct.pack("=Q", value)


def counted(value):
    value = value.encode() if isinstance(value, str) else value
    return u32(len(value)) + value


def attributes(values):
    return b"".join(u32(kind) + counted(value) for kind, value in values.items())


def packet(code, body=b"", serial=1):
    return struct.pack("=III", len(body), code, serial) + body


class Reader:
    """A reply's body."""

    def __init__(self, body):
        self.body = body

    def take(self, size):
        if len(self.body) < size:
            raise Failure("a reply is too short")
        part, self.body = self.body[:size], self.body[size:]
        return part

    def number(self, form):
        return struct.unpack("=" + form, self.take(struct.calcsize("=" + form)))[0]

    def counted(self):
        return self.take(self.number("I"))

    def attributes(self):
        values, inner = {}, Reader(self.counted())
        while inner.body:
            kind = inner.number("I")
            values[kind] = inner.counted()
        return values

    def entry(self):
        kind = self.number("B")
        if kind == 1:
            return {"kind": "key", "object": self.number("Q"), "curve": self.number("B"), "flags": self.number("B"),
                    "created": self.number("Q"), "label": self.counted().decode(), "id": self.counted(),
                    "public": self.counted()}
        if kind == 2:
            return {"kind": "object", "object": self.number("Q"), "class": self.number("I"),
                    "attributes": self.attributes()}
        raise Failure(f"an entry of kind {kind}")

    def end(self):
        if self.body:
            raise Failure(f"{len(self.body)} bytes too many in a reply")
        return self


class Program:
    """One connection of a program. @application ties it to an earlier one."""

    def __init__(self, world, application=b"", program="/usr/bin/testing", hello=True):
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.settimeout(60)
        self.socket.connect(str(world.folder / "run/s/pkcs11.sock"))
        self.buffer, self.serial, self.waits = b"", 0, 0
        if hello:
            self.hello(application, program)

    def hello(self, application=b"", program="/usr/bin/testing", version=1):
        reply = self.ok(HELLO, u32(version) + counted(application) + counted(program) + counted("") * 4)
        self.application = reply.counted()
        self.tokens = reply.number("B")
        reply.end()

    def receive_exactly(self, size):
        while len(self.buffer) < size:
            data = self.socket.recv(1 << 20)
            if not data:
                raise EOFError
            self.buffer += data
        part, self.buffer = self.buffer[:size], self.buffer[size:]
        return part

    def receive(self):
        """(code, serial, body), also of packets that say: not yet."""
        size, code, serial = struct.unpack("=III", self.receive_exactly(12))
        return code, serial, self.receive_exactly(size)

    def send(self, operation, body=b""):
        self.serial += 1
        self.socket.sendall(packet(operation, body, self.serial))

    def answer(self):
        while True:
            code, serial, body = self.receive()
            if serial != self.serial:
                raise Failure(f"a reply to {serial} instead of {self.serial}")
            if code != WAIT:
                return code, body
            self.waits += 1

    def call(self, operation, body=b""):
        """The name of the CKR value, and the reply."""
        self.send(operation, body)
        code, body = self.answer()
        if code != 0 and body:
            raise Failure("an error with a body")
        return NAMES.get(code, hex(code)), Reader(body)

    def ok(self, operation, body=b""):
        name, reply = self.call(operation, body)
        if name != "OK":
            raise Failure(f"operation {operation}: {name}")
        return reply

    def taken(self):
        """Until the agent has read all that was sent to it, and had time to begin."""
        wait_until(lambda: not int.from_bytes(fcntl.ioctl(self.socket, termios.TIOCOUTQ, bytes(4)), sys.byteorder), "the agent reads")
        time.sleep(0.2)

    def result(self, operation, body=b""):
        return self.call(operation, body)[0]

    # --- operations -------------------------------------------------------------------------------

    def token(self, token):
        reply = self.ok(TOKEN, u32(token))
        flags, label, generation = reply.number("I"), reply.counted().decode(), reply.number("Q")
        reply.end()
        return {"flags": flags, "label": label, "generation": generation}

    def page(self, token, generation=0, start=0):
        reply = self.ok(LIST, u32(token) + u64(generation) + u32(start))
        generation, following, count = reply.number("Q"), reply.number("I"), reply.number("I")
        if count == 0xffffffff:
            reply.end()
            return generation, following, None
        entries = [reply.entry() for _ in range(count)]
        reply.end()
        return generation, following, entries

    def list(self, token):
        entries, start = [], 0
        while True:
            _, start, part = self.page(token, 0, start)
            entries += part
            if start == 0:
                return entries

    def login_body(self, token, pin=None, user=USER, number=0):
        return u32(token) + u32(user) + u64(number) + u8(pin is not None) + counted(pin or "")

    def login(self, token, pin=None, user=USER, number=0):
        return self.result(LOGIN, self.login_body(token, pin, user, number))

    def logout(self, token):
        return self.result(LOGOUT, u32(token))

    def sign_body(self, number, scheme, data):
        return u64(number) + u32(scheme) + counted(data)

    def try_sign(self, number, scheme, data):
        return self.result(SIGN, self.sign_body(number, scheme, data))

    def sign(self, number, scheme, data):
        reply = self.ok(SIGN, self.sign_body(number, scheme, data))
        signature = reply.counted()
        reply.end()
        return signature

    def verify(self, key, scheme, data, signature):
        return self.result(VERIFY, u8(key["curve"]) + counted(key["public"]) + u32(scheme) + counted(data) +
                           counted(signature))

    def derive(self, number, point):
        reply = self.ok(DERIVE, u64(number) + counted(point))
        return reply.counted()

    def generate_body(self, token, curve, flags=0, label="", identifier=b""):
        return u32(token) + u8(curve) + u8(flags) + counted(label) + counted(identifier)

    def generate(self, token, curve, **options):
        reply = self.ok(GENERATE, self.generate_body(token, curve, **options))
        entry = reply.entry()
        reply.end()
        return entry

    def import_key(self, token, curve, private_key, **options):
        return self.ok(IMPORT, self.generate_body(token, curve, **options) + counted(private_key)).entry()

    def copy_body(self, number, token, label="", identifier=b""):
        return u64(number) + u32(token) + counted(label) + counted(identifier)

    def copy(self, number, token, **options):
        reply = self.ok(COPY, self.copy_body(number, token, **options))
        entry = reply.entry()
        reply.end()
        return entry

    def try_copy(self, number, token, **options):
        return self.result(COPY, self.copy_body(number, token, **options))

    def create(self, token, kind, values):
        reply = self.ok(CREATE, u32(token) + u32(kind) + counted(attributes(values)))
        return reply.entry()

    def change(self, number, values):
        return self.call(CHANGE, u64(number) + counted(attributes(values)))

    def destroy(self, number):
        return self.result(DESTROY, u64(number))

    def set_pin(self, old, new, init=False, token=KEYS, given=True):
        return self.result(SET_PIN, u32(token) + u8(given) + counted(old) + counted(new) + u8(init))

    def init_token(self, pin=None, label="", token=KEYS):
        return self.result(INIT_TOKEN, u32(token) + u8(pin is not None) + counted(pin or "") +
                           counted(label.ljust(32)))

    def is_closed(self, timeout=30):
        """Whether the agent closes the connection within @timeout."""
        end = time.monotonic() + timeout
        while time.monotonic() < end:
            if select.select([self.socket], [], [], 0.05)[0]:
                try:
                    if not self.socket.recv(65536):
                        return True
                except ConnectionResetError:
                    return True
        return False

    def close(self):
        self.socket.close()


class ProgramWorld(AgentWorld):
    """An agent with an open vault, the account of key one, and programs."""

    def program(self, *arguments, **options):
        program = Program(self, *arguments, **options)
        self.ports.append(program)
        return program

    def slow(self, on=True):
        """Whether prompts take two seconds."""
        if on:
            self.write("slow", "")
        else:
            with contextlib.suppress(FileNotFoundError):
                os.unlink(self.folder / "slow")


CHILD = """
import os, sys
sys.path.insert(0, sys.argv[1])
from program_world import *
class Folder:
    folder = __import__("pathlib").Path(sys.argv[2])
program = Program(Folder, program=sys.argv[3])
"""


def run_child(world, code, executable=sys.executable, reported="/usr/bin/testing", prefix=(), **options):
    """Start @code as a program of its own, with `program` connected."""
    folder = os.path.dirname(os.path.abspath(__file__))
    environment = dict(os.environ, PYTHONHOME=f"{sys.base_prefix}:{sys.base_exec_prefix}")
    return subprocess.Popen([*prefix, executable, "-c", CHILD + code, folder, str(world.folder), reported],
                            stdout=subprocess.PIPE, stdin=subprocess.PIPE, text=True, env=environment,
                            start_new_session=True, **options)


def child_says(process, timeout=60):
    """What it printed, once it has ended."""
    try:
        output, _ = process.communicate(timeout=timeout)
    except subprocess.TimeoutExpired:
        process.kill()
        process.communicate()
        raise Failure("a program did not end") from None
    if process.returncode != 0:
        raise Failure(f"a program ended with {process.returncode}: {output[-300:]}")
    return output.strip()
