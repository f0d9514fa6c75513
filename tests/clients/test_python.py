#!/usr/bin/env -S python3 -B
"""Python: PyKCS11, as Debian's own Python has it."""
from client_world import ROOT, ClientWorld, contains, equal, main

LIBRARY = "/usr/lib/python3/dist-packages/PyKCS11/__init__.py"


class PythonWorld(ClientWorld):
    def set_up(self):
        super().set_up()
        self.make_key("p256", "Work")


def test_pykcs11_signs_and_verifies(world):
    said = world.call("/usr/bin/python3", "-B", ROOT / "tests/clients/python/client.py", world.module).output.splitlines()
    equal(said, ["sensitive: True None", "point: 67", "signature: 64 True", "changed: False",
                 "digest: ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"], "what it found")
    contains(world.shown(), "python3", "what the user was shown")


if __name__ == "__main__":
    main("python", globals(), ["/usr/bin/python3", (LIBRARY, "python3-pykcs11 is not installed")], PythonWorld)
