#!/usr/bin/env python3
"""The PKCS#11 module as a guest in a program: bad pointers and order of calls, fork, loading again,
the end of the program. Each test runs in a process of its own, whose crash or output is a failure."""
import ctypes
import itertools
import os
import random
import signal
import subprocess
import sys
import tempfile
import traceback

from pkcs11_library import ACCOUNTS, CONSTANTS, FUNCTIONS, INVALID, KEYS, LISTS, MODULE, READ_WRITE, SERIAL, \
    ULONG, Agent, Interface, Mechanism, Module, is_pointer

SECONDS = 100
# What would take away what the calls after it need.
ENDS = {"C_Initialize", "C_Finalize", "C_CloseSession", "C_CloseAllSessions", "C_Logout", "C_DestroyObject"}
BEFORE_INITIALIZE = {"C_Initialize", "C_GetFunctionList", "C_GetInterfaceList", "C_GetInterface"}


def check(condition, what):
    if not condition:
        raise AssertionError(what)


def equal(got, expected, what):
    check(got == expected, f"{what}: got {got!r}, expected {expected!r}")


# --- calls with any arguments -------------------------------------------------------------------

# Pointers that may be NULL in a call that is right.
OPTIONAL = {
    "C_Initialize": {"args"}, "C_Finalize": {"reserved"}, "C_GetSlotList": {"ret_slots"},
    "C_GetMechanismList": {"ret_types"}, "C_InitToken": {"pin"}, "C_InitPIN": {"pin"},
    "C_SetPIN": {"old_pin", "new_pin"}, "C_OpenSession": {"application", "notify"}, "C_Login": {"pin"},
    "C_LoginUser": {"pin", "name"}, "C_GetInterfaceList": {"ret_interfaces"},
    "C_GetInterface": {"name", "version"}, "C_WaitForSlotEvent": {"reserved"}, "C_Sign": {"ret_signature"},
    "C_SignFinal": {"ret_signature"}, "C_Digest": {"ret_digest"}, "C_DigestFinal": {"ret_digest"},
    "C_GetOperationState": {"ret_state"},
}


class Caller:
    """Calls any function with valid arguments but those that are given."""

    def __init__(self):
        self.module = Module()
        self.session = self.module.start()
        self.key = self.module.find(self.session)
        self.public = self.module.find(self.session, kind="CKO_PUBLIC_KEY")
        self.kept = []

    def memory(self, kind, name):
        """Something to point to. A mechanism is one that suits; a template is empty."""
        if kind == "CK_MECHANISM_PTR":
            thing = Mechanism(CONSTANTS["CKM_ECDSA"], None, 0)
        elif name == "ret_count" or name.endswith("size") or name == "ret_size":
            thing = ULONG(64)
        else:
            thing = ctypes.create_string_buffer(512)
        self.kept.append(thing)
        return ctypes.addressof(thing)

    def number(self, name):
        return {"session": self.session, "slot": KEYS, "key": self.key, "object": self.key, "base_key": self.key,
                "user": 1, "type": CONSTANTS["CKM_ECDSA"], "flags": SERIAL}.get(name, 4 if "size" in name else 1)

    def arguments(self, function):
        values = []
        for kind, name in FUNCTIONS[function]:
            if name in ("notify", "application", "args", "reserved"):
                values.append(None)
            else:
                values.append(self.memory(kind, name) if is_pointer(kind, name) else self.number(name))
        return values

    def prepare(self, function):
        """The operation that the function needs to be active."""
        call = self.module.call
        call("C_SessionCancel", self.session, INVALID)
        if function in ("C_Sign", "C_SignUpdate", "C_SignFinal"):
            call("C_SignInit", self.session, Mechanism(CONSTANTS["CKM_ECDSA"], None, 0), self.key)
        elif function in ("C_Verify", "C_VerifyUpdate", "C_VerifyFinal"):
            call("C_VerifyInit", self.session, Mechanism(CONSTANTS["CKM_ECDSA"], None, 0), self.public)
        elif function.startswith("C_Digest") and function != "C_DigestInit":
            call("C_DigestInit", self.session, Mechanism(CONSTANTS["CKM_SHA256"], None, 0))
        elif function == "C_FindObjects":
            call("C_FindObjectsInit", self.session, None, 0)


def test_null_for_every_pointer(_agent):
    caller = Caller()
    wrong = []
    for function, parameters in FUNCTIONS.items():
        if function in ENDS:
            continue
        pointers = [index for index, parameter in enumerate(parameters) if is_pointer(*parameter)]
        for count in range(1, len(pointers) + 1):
            for chosen in itertools.combinations(pointers, count):
                caller.prepare(function)
                arguments = caller.arguments(function)
                for index in chosen:
                    arguments[index] = None
                names = {parameters[index][1] for index in chosen}
                result = caller.module.call(function, *arguments)
                required = names - OPTIONAL.get(function, set()) - {"notify", "application"}
                if required and result not in ("CKR_ARGUMENTS_BAD", "CKR_FUNCTION_NOT_SUPPORTED"):
                    wrong.append(f"{function}({', '.join(sorted(names))} NULL): {result}")
        caller.kept.clear()
    equal(wrong, [], "answers")
    equal(caller.module.sign(caller.session, caller.key), "CKR_OK", "a signature afterwards")


def test_nothing_works_before_initialize(_agent):
    module = Module()
    for function, parameters in FUNCTIONS.items():
        if function not in BEFORE_INITIALIZE:
            equal(module.call(function, *[None if is_pointer(*parameter) else 0 for parameter in parameters]),
                  "CKR_CRYPTOKI_NOT_INITIALIZED", function)


def test_every_function_checks_its_session(_agent):
    caller = Caller()
    for function, parameters in FUNCTIONS.items():
        if parameters[0][1] != "session":
            continue
        for handle in (0, 1, INVALID, caller.session + 1, caller.session ^ 1 << 40):
            arguments = caller.arguments(function)
            arguments[0] = handle
            equal(caller.module.call(function, *arguments), "CKR_SESSION_HANDLE_INVALID", f"{function}({handle})")


def test_any_order_of_calls(_agent):
    """Nothing of it crashes, and a session made afterwards works."""
    caller = Caller()
    dice = random.Random(11)
    sessions = [caller.session]
    names = [name for name in FUNCTIONS if name not in ("C_GetInterface", "C_GetFunctionList")]
    for _ in range(20000):
        function = dice.choice(names)
        arguments = caller.arguments(function)
        for index, parameter in enumerate(FUNCTIONS[function]):
            if parameter[1] == "session":
                arguments[index] = dice.choice(sessions)
            elif is_pointer(*parameter):
                arguments[index] = arguments[index] if dice.random() < 0.8 else None
            elif "handle" in parameter[0].lower() or parameter[1] in ("slot", "user", "flags"):
                arguments[index] = dice.choice([arguments[index], dice.randrange(60), INVALID])
            elif "size" not in parameter[1] and "count" not in parameter[1] and parameter[1] != "room":
                arguments[index] = dice.choice([arguments[index], dice.randrange(60), INVALID]) \
                    if parameter[0] != "CK_BBOOL" else dice.randrange(2)
        if function == "C_Initialize":
            arguments = [None]
        caller.module.call(function, *arguments)
        caller.kept.clear()
        if dice.random() < 0.02:
            caller.module.call("C_Initialize", None)
            session = ULONG()
            if caller.module.call("C_OpenSession", dice.choice([KEYS, ACCOUNTS]), READ_WRITE, None, None,
                                  session) == "CKR_OK":
                sessions.append(session.value)
    caller.module.call("C_Finalize", None)
    session = caller.module.start()
    equal(caller.module.sign(session, caller.module.find(session)), "CKR_OK", "a signature afterwards")


# --- interfaces ---------------------------------------------------------------------------------

def test_interfaces(_agent):
    library = ctypes.CDLL(MODULE)
    count = ULONG()
    equal(library.C_GetInterfaceList(None, ctypes.byref(count)), 0, "how many")
    interfaces = (Interface * count.value)()
    short = ULONG(count.value - 1)
    equal(library.C_GetInterfaceList(interfaces, ctypes.byref(short)), CONSTANTS["CKR_BUFFER_TOO_SMALL"], "room")
    equal(library.C_GetInterfaceList(interfaces, ctypes.byref(count)), 0, "all")
    lists = {bytes((ctypes.c_ubyte * 2).from_address(interface.list)): interface for interface in interfaces}
    equal({interface.name for interface in interfaces}, {b"PKCS 11"}, "names")
    equal(sorted(lists), [b"\x02\x28", b"\x03\x00", b"\x03\x02"], "versions")
    for version, keys in ((b"\x02\x28", ["2_40"]), (b"\x03\x00", ["2_40", "3_0"]), (b"\x03\x02", list(LISTS))):
        length = sum(len(LISTS[key]) for key in keys)
        addresses = (ctypes.c_void_p * length).from_address(lists[version].list + 8)
        check(all(addresses), f"{version}: every function is there")
        info = ctypes.create_string_buffer(88)
        equal(ctypes.CFUNCTYPE(ULONG, ctypes.c_void_p)(addresses[0])(None), 0, "C_Initialize")
        equal(ctypes.CFUNCTYPE(ULONG, ctypes.c_void_p)(addresses[2])(info), 0, "C_GetInfo")
        equal(info.raw[:2], version, "each list's C_GetInfo says its version")
        equal(ctypes.CFUNCTYPE(ULONG, ctypes.c_void_p)(addresses[1])(None), 0, "C_Finalize")
    found = ctypes.POINTER(Interface)()
    for name, version, flags, expected in (
            (None, None, 0, b"\x03\x00"), (b"PKCS 11", None, 0, b"\x03\x00"),
            (b"PKCS 11", b"\x03\x02", 0, b"\x03\x02"), (None, b"\x02\x28", 0, b"\x02\x28"),
            (b"PKCS 11", b"\x03\x01", 0, None), (b"Vendor", None, 0, None), (None, None, 1, None)):
        result = library.C_GetInterface(name, version, ctypes.byref(found), ULONG(flags))
        equal(result, 0 if expected else CONSTANTS["CKR_FUNCTION_FAILED"], f"{name} {version} {flags}")
        if expected:
            equal(bytes((ctypes.c_ubyte * 2).from_address(found.contents.list)), expected, "version")
    address = ctypes.c_void_p()
    equal(library.C_GetFunctionList(ctypes.byref(address)), 0, "C_GetFunctionList")
    equal(address.value, lists[b"\x02\x28"].list, "its list")


# --- fork ---------------------------------------------------------------------------------------

def in_child(work):
    """Run it in a child, which must end well."""
    child = os.fork()
    if child == 0:
        try:
            work()
            os._exit(0)
        except BaseException:  # pylint: disable=broad-except
            traceback.print_exc()
        os._exit(1)
    equal(os.waitpid(child, 0)[1], 0, "the child's status")


def test_fork_at_every_function(_agent):
    caller = Caller()
    for function in FUNCTIONS:
        def work(function=function):
            if function not in BEFORE_INITIALIZE:
                equal(caller.module.call(function, *caller.arguments(function)), "CKR_CRYPTOKI_NOT_INITIALIZED",
                      f"{function} in the child")
            session = caller.module.start()
            equal(caller.module.sign(session, caller.module.find(session)), "CKR_OK", "the child's signature")
            caller.module.ok("C_Finalize", None)

        in_child(work)
        caller.prepare(function)
        if function not in ENDS:
            caller.module.call(function, *caller.arguments(function))
        caller.module.call("C_SessionCancel", caller.session, INVALID)
        equal(caller.module.sign(caller.session, caller.key), "CKR_OK", f"the parent's signature after {function}")
        caller.kept.clear()


def test_children_of_children(_agent):
    caller = Caller()

    def generation(depth):
        session = caller.module.start()
        equal(caller.module.sign(session, caller.module.find(session)), "CKR_OK", f"generation {depth}")
        if depth < 4:
            in_child(lambda: generation(depth + 1))
        equal(caller.module.sign(session, caller.module.find(session)), "CKR_OK", f"generation {depth} again")

    in_child(lambda: generation(1))
    equal(caller.module.sign(caller.session, caller.key), "CKR_OK", "the first one")


# --- what it leaves alone -----------------------------------------------------------------------

def state():
    """Threads, descriptors and signal actions of this process."""
    with open("/proc/self/status", encoding="ascii") as file:
        signals = [line for line in file if line.startswith(("SigIgn", "SigCgt", "SigBlk", "Threads"))]
    return signals, sorted(os.listdir("/proc/self/fd"))


def test_leaves_no_trace(_agent):
    module = Module()
    before = state()
    for _ in range(100):
        session = module.start()
        equal(module.sign(session, module.find(session)), "CKR_OK", "signature")
        equal(state()[0], before[0], "threads and signals while it is in use")
        module.ok("C_Finalize", None)
    equal(state(), before, "afterwards")


def test_killed_agent_raises_no_signal(agent):
    module = Module()
    signal.signal(signal.SIGPIPE, signal.SIG_DFL)
    session = module.start()
    key = module.find(session)
    agent.kill()
    equal(module.sign(session, key), "CKR_DEVICE_REMOVED", "signature")
    module.ok("C_CloseSession", session)
    module.ok("C_Finalize", None)


def test_loaded_again(_agent):
    """dlclose and dlopen, initialised or not: the module is still there and knows its state."""
    closing = ctypes.CDLL(None).dlclose
    closing.argtypes = [ctypes.c_void_p]
    for initialized in (False, True):
        module = Module()
        session = module.start()
        if not initialized:
            module.ok("C_Finalize", None)
        for _ in range(50):
            closing(module.library._handle)
            module = Module()
        if not initialized:
            session = module.start()
        equal(module.sign(session, module.find(session)), "CKR_OK", "signature")
        module.ok("C_Finalize", None)


ENDINGS = {
    "without C_Finalize": "",
    "with C_Finalize at exit": "atexit.register(lambda: module.ok('C_Finalize', None))",
    "unloaded": "ctypes.CDLL(None).dlclose(ctypes.c_void_p(module.library._handle))",
    "unloaded, C_Finalize at exit": "atexit.register(lambda: module.ok('C_Finalize', None))\n"
                                    "ctypes.CDLL(None).dlclose(ctypes.c_void_p(module.library._handle))",
    "in a thread": "threading.Thread(target=lambda: ctypes.CDLL(None).exit(0)).start()",
    "at once": "os._exit(0)",
    "finalized twice": "module.ok('C_Finalize', None)\nmodule.call('C_Finalize', None)",
}


def test_exit_in_any_order(_agent):
    for name, ending in ENDINGS.items():
        script = ("import atexit, ctypes, os, threading\nfrom pkcs11_library import Module\nmodule = Module()\n"
                  "session = module.start()\nassert module.sign(session, module.find(session)) == 'CKR_OK'\n" + ending)
        run = subprocess.run([sys.executable, "-B", "-c", script], cwd=os.path.dirname(os.path.abspath(__file__)),
                             capture_output=True, timeout=SECONDS, check=False)
        equal((run.returncode, run.stdout, run.stderr), (0, b"", b""), name)


# --- running the tests --------------------------------------------------------------------------

def run_test(function):
    """None, or what went wrong. In a child, so that a crash or output of the module is seen."""
    with tempfile.TemporaryFile() as output, tempfile.TemporaryFile() as report:
        child = os.fork()
        if child == 0:
            os.dup2(output.fileno(), 1)
            os.dup2(output.fileno(), 2)
            status, agent = 1, Agent()
            try:
                signal.alarm(SECONDS)
                function(agent)
                status = 0
            except BaseException:  # pylint: disable=broad-except
                report.write(traceback.format_exc().encode())
                report.flush()
            agent.close()
            os._exit(status)
        status = os.waitpid(child, 0)[1]
        output.seek(0)
        report.seek(0)
        said, problem = output.read(), report.read()
    if status == 0 and not said:
        return None
    return f"status {status:#x}; it wrote {said[-2000:].decode(errors='replace')!r}\n{problem.decode()}"


def load_sanitizer():
    """Start again with the sanitizer's library in front, when the module was built with one."""
    with open(MODULE, "rb") as file:
        text = file.read()
    name = next((name for name in ("asan", "tsan") if f"__{name}_init".encode() in text), None)
    if name is None or "LD_PRELOAD" in os.environ:
        return
    found = subprocess.run([os.environ.get("CC", "gcc"), f"-print-file-name=lib{name}.so"], capture_output=True,
                           text=True, check=False).stdout.strip()
    if name == "tsan" or not os.path.isabs(found):
        print(f"1..0 # SKIP Python cannot run a module that was built with {name}")
        sys.exit(0)
    os.environ["LD_PRELOAD"] = found
    os.environ["ASAN_OPTIONS"] = "detect_leaks=0"  # Python's own
    os.execv(sys.executable, [sys.executable, "-B", *sys.argv])


def main():
    load_sanitizer()
    tests = [(name[5:].replace("_", "-"), function) for name, function in globals().items()
             if name.startswith("test_")]
    chosen = [test for test in tests if len(sys.argv) < 2 or sys.argv[1] in test[0]]
    print(f"1..{len(chosen)}", flush=True)
    good = True
    for number, (name, function) in enumerate(chosen, 1):
        problem = run_test(function)
        if problem:
            print("".join(f"# {line}\n" for line in problem.splitlines()), end="")
        print(f"{'not ok' if problem else 'ok'} {number} - pkcs11-library: {name}", flush=True)
        good = good and not problem
    sys.exit(0 if good else 1)


main()
