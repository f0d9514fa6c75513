"""Looks for a marked private key and a marked passphrase in memory, environments and files."""
import base64
import contextlib
import ctypes
import os
import re
import signal
import time
from pathlib import Path

from agent_world import INSTRUMENTED
from cli_world import NEEDS_ROOT, Failure, Skip, open_proc

MARKED = bytes.fromhex("5ea1c0de" * 8)
PHRASE = "marked passphrase 5ea1c0de"
# Ends of them only: free() overwrites the first 16 bytes of what it takes back.
FORMS = {
    "bytes": MARKED[-12:],
    "limbs of a number": MARKED[::-1][-12:],
    "hexadecimal": MARKED.hex()[-24:].encode(),
    "upper case": MARKED.hex().upper()[-24:].encode(),
    "base64": base64.b64encode(MARKED)[16:40],
    "base64url": base64.urlsafe_b64encode(MARKED)[16:40],
    "passphrase": PHRASE[-10:].encode(),
    "passphrase in UTF-16": PHRASE[-10:].encode("utf-16-le"),
    "passphrase in UTF-32": PHRASE[-10:].encode("utf-32-le"),
}
# The flags that pages of an SrSecret have in smaps: locked, not in core dumps, wiped in forked children.
SECRET_PAGES = ("lo", "dd", "wf")

PTRACE_CONT, PTRACE_DETACH, PTRACE_SEIZE = 7, 17, 0x4206
PTRACE_O_TRACEEXIT, PTRACE_EVENT_EXIT = 0x40, 6
WAIT_ALL = 0x40000000  # __WALL


def memory_of(pid):
    """(flags of the mapping, content) of the memory of a process; flags as in smaps: lo, dd, wf… What is mapped
    from a file and cannot be written to holds nothing but the file, and is left out."""
    if INSTRUMENTED:
        raise Skip("memory cannot be searched under sanitizers")
    with open_proc(f"/proc/{pid}/smaps") as maps, open_proc(f"/proc/{pid}/mem", "rb") as memory:
        place = None
        for line in maps:
            words = line.split()
            if re.fullmatch("[0-9a-f]+-[0-9a-f]+", words[0]):
                rights, inode, name = words[1], words[4], words[5:6]
                wanted = rights[0] == "r" and (rights[1] == "w" or inode == "0") and not str(name).startswith("['[v")
                place = [int(number, 16) for number in words[0].split("-")] if wanted else None
            elif line.startswith("VmFlags:") and place:
                memory.seek(place[0])
                with contextlib.suppress(OSError):  # gone meanwhile, or of a device
                    # Stacks are empty for the most part; no form begins with a zero byte.
                    yield words[1:], memory.read(place[1] - place[0]).lstrip(b"\0")


def found_in(pid, apart_from=()):
    """The forms found in the memory of @pid, but in mappings that have all flags of @apart_from."""
    found = set()
    for flags, content in memory_of(pid):
        if not apart_from or not set(apart_from) <= set(flags):
            found |= {name for name, form in FORMS.items() if form in content}
    return sorted(found)


def left_in(pid, seconds=5):
    """The forms that stay in the memory of @pid; its threads have a moment to give back what they had."""
    deadline = time.monotonic() + seconds
    while (found := found_in(pid)) and time.monotonic() < deadline:
        time.sleep(0.1)
    return found


def found_in_process_tables():
    """Processes whose command line or environment holds a form."""
    found = []
    for table in Path("/proc").glob("[0-9]*/cmdline"):
        for path in (table, table.with_name("environ")):
            with contextlib.suppress(OSError):
                content = path.read_bytes()
                found += [f"{path}: {form}" for form, value in FORMS.items() if value in content]
    return found


def found_in_files(folder):
    found = []
    for place, _, names in os.walk(folder):
        for path in (Path(place, name) for name in names):
            with contextlib.suppress(FileNotFoundError):  # SQLite's come and go
                content = path.read_bytes() if path.is_file() else b""
                found += [f"{path}: {form}" for form, value in FORMS.items() if value in content]
    return found


def ptrace(request, pid, argument=0):
    call = ctypes.CDLL(None, use_errno=True).ptrace
    call.argtypes = [ctypes.c_long, ctypes.c_long, ctypes.c_void_p, ctypes.c_void_p]
    if call(request, pid, None, argument) < 0:
        raise OSError(ctypes.get_errno(), f"ptrace request {request:#x}: {os.strerror(ctypes.get_errno())}")


def wait_for_exit_stop(pid, timeout):
    deadline = time.monotonic() + timeout
    while time.monotonic() < deadline:
        stopped, status = os.waitpid(pid, os.WNOHANG | WAIT_ALL)
        if not stopped:
            time.sleep(0.01)
        elif not os.WIFSTOPPED(status):
            raise Failure("the process ended unseen")
        elif status >> 8 == signal.SIGTRAP | PTRACE_EVENT_EXIT << 8:
            return
        else:
            ptrace(PTRACE_CONT, pid, os.WSTOPSIG(status) if status >> 16 == 0 else 0)
    raise Failure(f"the process did not end within {timeout} s")


@contextlib.contextmanager
def held_at_its_end(pid, timeout=60):
    """Inside: a function that waits until the child @pid ends, and holds it there while its memory still
    exists. Afterwards it is let go."""
    try:
        ptrace(PTRACE_SEIZE, pid, PTRACE_O_TRACEEXIT)
    except PermissionError:
        raise Skip(NEEDS_ROOT) from None
    held = []

    def hold():
        wait_for_exit_stop(pid, timeout)
        held.append(pid)
    try:
        yield hold
    finally:
        if not held:
            os.kill(pid, signal.SIGKILL)
            with contextlib.suppress(Failure, OSError):
                wait_for_exit_stop(pid, timeout)
        with contextlib.suppress(OSError):
            ptrace(PTRACE_DETACH, pid)
