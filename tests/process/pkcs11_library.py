"""The built PKCS#11 module through ctypes, for tests of what it is to the program that loads it."""
import contextlib
import ctypes
import os
import re
import subprocess
from pathlib import Path

BUILD = Path(os.environ.get("O", "build")).resolve()
MODULE = str(BUILD / "sealring-pkcs11.so")
HEADERS = Path(__file__).resolve().parents[2] / "src/pkcs11"

ULONG = ctypes.c_ulong
INVALID = 2**64 - 1
SERIAL, READ_WRITE = 4, 6
ACCOUNTS, KEYS = 1, 2


def read_constants():
    text = (HEADERS / "cryptoki.h").read_text()
    return {name: int(value.rstrip("UL"), 0) for name, value in
            re.findall(r"^#define (CK[A-Z]_\w+) (0x[0-9a-f]+UL|\d+UL?)$", text, re.M)}


CONSTANTS = read_constants()
NAMES = {value: name for name, value in CONSTANTS.items() if name.startswith("CKR_")}


def read_functions():
    """{version: [(name, [(type, parameter)])]}, in the order of the standard's lists."""
    text = re.sub(r"\s*\\\n\s*", " ", (HEADERS / "cryptoki_functions.h").read_text())
    lists = {}
    for version, body in re.findall(r"#define SR_CRYPTOKI_(\w+)\(X\) (X\(C_.*)", text):
        lists[version] = [(name, [tuple(parameter.strip().rsplit(" ", 1)) for parameter in parameters.split(",")])
                          for name, parameters in re.findall(r"X\((C_\w+), \(([^()]*)\)\)", body)]
    return lists


LISTS = read_functions()
FUNCTIONS = {name: parameters for functions in LISTS.values() for name, parameters in functions}


def is_pointer(kind, name):
    return kind.endswith(("_PTR", "_PTR_PTR", "CK_NOTIFY")) or name.startswith("*")


class Attribute(ctypes.Structure):
    _fields_ = [("type", ULONG), ("value", ctypes.c_void_p), ("size", ULONG)]


class Mechanism(ctypes.Structure):
    _fields_ = [("type", ULONG), ("parameter", ctypes.c_void_p), ("size", ULONG)]


class Interface(ctypes.Structure):
    _fields_ = [("name", ctypes.c_char_p), ("list", ctypes.c_void_p), ("flags", ULONG)]


class Module:
    """The functions of the 3.2 list by name; each call returns the name of its CKR value."""

    def __init__(self):
        self.library = ctypes.CDLL(MODULE)
        interface = ctypes.POINTER(Interface)()
        version = (ctypes.c_ubyte * 2)(3, 2)
        result = self.library.C_GetInterface(None, version, ctypes.byref(interface), ULONG(0))
        assert result == 0, result
        at = interface.contents.list + ctypes.sizeof(ctypes.c_void_p)
        self.functions = {}
        for name in FUNCTIONS:
            address = ctypes.c_void_p.from_address(at).value
            kinds = [ctypes.c_void_p if is_pointer(*parameter) else
                     ctypes.c_ubyte if parameter[0] == "CK_BBOOL" else ULONG for parameter in FUNCTIONS[name]]
            self.functions[name] = ctypes.CFUNCTYPE(ULONG, *kinds)(address)
            at += ctypes.sizeof(ctypes.c_void_p)

    def call(self, name, *arguments):
        passed = [ctypes.addressof(argument) if isinstance(argument, (ctypes.Structure, ctypes.Array, ULONG))
                  else argument for argument in arguments]
        result = self.functions[name](*passed)
        return NAMES.get(result, hex(result))

    def ok(self, name, *arguments):
        result = self.call(name, *arguments)
        if result != "CKR_OK":
            raise AssertionError(f"{name}: {result}")

    # --- the usual steps --------------------------------------------------------------------------

    def start(self):
        self.ok("C_Initialize", None)
        return self.log_in()

    def log_in(self, slot=KEYS):
        session = ULONG()
        self.ok("C_OpenSession", slot, READ_WRITE, None, None, session)
        self.ok("C_Login", session.value, 1, None, 0)
        return session.value

    def find(self, session, label="p256", kind="CKO_PRIVATE_KEY"):
        wanted, text = ULONG(CONSTANTS[kind]), ctypes.create_string_buffer(label.encode(), len(label))
        template = (Attribute * 2)((0, ctypes.addressof(wanted), ctypes.sizeof(wanted)),
                                   (3, ctypes.addressof(text), len(label)))
        found, count = ULONG(), ULONG()
        self.ok("C_FindObjectsInit", session, template, 2)
        self.ok("C_FindObjects", session, found, 1, count)
        self.ok("C_FindObjectsFinal", session)
        assert count.value == 1, count.value
        return found.value

    def sign(self, session, key):
        """The CKR value of a signature, which must be the fake agent's when there is one."""
        data = ctypes.create_string_buffer(os.urandom(32), 32)
        signature, size = ctypes.create_string_buffer(64), ULONG(64)
        result = self.call("C_SignInit", session, Mechanism(CONSTANTS["CKM_ECDSA"], None, 0), key)
        if result == "CKR_OK":
            result = self.call("C_Sign", session, data, 32, signature, size)
        if result == "CKR_OK" and signature.raw != data.raw * 2:
            raise AssertionError("the signature of something else")
        return result


class Agent:
    """The fake agent, in a process of its own."""

    def __init__(self):
        self.process = subprocess.Popen([BUILD / "tests/support_programs/pkcs11_agent"], stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE, text=True)
        os.environ["SEALRING_RUNTIME_DIR"] = self.process.stdout.readline().strip()

    def kill(self):
        self.process.kill()
        self.process.wait()

    def close(self):
        with contextlib.suppress(BrokenPipeError):
            self.process.stdin.close()
        self.process.stdout.close()
        self.process.wait(30)
