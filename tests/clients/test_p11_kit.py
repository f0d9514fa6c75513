#!/usr/bin/env -S python3 -B
"""p11-kit: the module in its configuration, through its proxy, and from another machine."""
import atexit
import hashlib
import os
import re
import shutil
import tempfile
from pathlib import Path

NOBODY = 65534


def share_programs():
    """For root, who is nobody below: the programs and the page in a folder that nobody may read. Returns it."""
    folder = Path(tempfile.mkdtemp(prefix="sr-p11-kit-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    for program in Path(os.environ.get("O", "build")).glob("sealring*"):
        shutil.copy(program, folder)
    shutil.copy(Path(__file__).resolve().parents[2] / "docs/PKCS11.md", folder)
    for path in (folder, *folder.iterdir()):
        os.chown(path, NOBODY, NOBODY)
    os.environ["O"] = str(folder)
    return folder


SHARED = share_programs() if os.geteuid() == 0 else None

import client_world  # noqa: E402
from client_world import ClientWorld, check, contains, equal, main, wait_until  # noqa: E402

KEYS = "pkcs11:token=sealring%20keys"
FOLDERS = [Path("/usr/lib/x86_64-linux-gnu"), Path("/usr/lib/aarch64-linux-gnu"), Path("/usr/lib64"), Path("/usr/lib")]


def library(name):
    found = [folder / name for folder in FOLDERS if (folder / name).exists()]
    return str(found[0] if found else FOLDERS[0] / name)


PROXY, CLIENT = library("p11-kit-proxy.so"), library("pkcs11/p11-kit-client.so")


class KitWorld(ClientWorld):
    """The module is in the configuration of this user only, which p11-kit does not read for root."""

    def __init__(self):
        if SHARED:
            client_world.PAGE = SHARED / "PKCS11.md"
            os.setgroups([])
            os.setresgid(NOBODY, NOBODY, NOBODY)
            os.setresuid(NOBODY, NOBODY, NOBODY)
        super().__init__()

    def set_up(self):
        super().set_up()
        self.make_key("p256", "Work")
        modules = self.folder / "config/pkcs11/modules"
        modules.mkdir(parents=True)
        (modules / "sealring.module").write_text(f"module: {self.module}\n")

    def through(self, library_path, *words, **options):
        return self.call("pkcs11-tool", "--module", library_path, *words, **options)


def sign_through(world, library_path, **environment):
    """A signature by the key "Work" that OpenSSL accepts."""
    world.file("digest", hashlib.sha256(b"What is signed.").digest())
    words = ["--token-label", "sealring keys", "--login", "--label", "Work"]
    world.through(library_path, *words, "--sign", "--mechanism", "ECDSA", "--signature-format", "openssl", "--input-file", "digest",
                  "--output-file", "sig", **environment)
    world.through(library_path, *words, "--read-object", "--type", "pubkey", "--output-file", "key.der", **environment)
    run = world.call("openssl", "pkeyutl", "-verify", "-pubin", "-inkey", "key.der", "-keyform", "DER", "-in", "digest", "-sigfile", "sig")
    contains(run.output, "Verified Successfully", "OpenSSL")


def test_the_module_and_its_tokens_are_listed(world):
    listed = world.call("p11-kit", "list-modules").output
    own = re.search(r"^sealring: .*\n((?: .*\n)+)", listed, re.M)
    check(own, f"no module sealring in {listed}")
    for part in ("sealring accounts", "sealring keys", "manufacturer: sealring", "library-description"):
        contains(own[0], part, "p11-kit list-modules")


def test_the_doctor_sees_that_p11_kit_knows_the_module(world):
    found = {item["name"]: (item["state"], item["next"]) for item in world.json("doctor")["checks"]}
    for name in ("PKCS#11 module", "PKCS#11 socket", "p11-kit"):
        equal(found[name], ("ok", None), name)
    state, advice = found["ssh-agent"]  # which does not load modules from a build folder
    equal(state, "warn", "ssh-agent")
    contains(advice, f"ssh-agent -P '{Path(world.module).parent}/*'", "advice")
    path = world.folder / "config/pkcs11/modules/sealring.module"
    path.rename(world.folder / "aside")
    found = {item["name"]: (item["state"], item["next"]) for item in world.json("doctor")["checks"]}
    (world.folder / "aside").rename(path)
    equal(found["p11-kit"][0], "warn", "without the file")
    contains(found["p11-kit"][1], f"echo 'module: {world.module}'", "advice")


def test_programs_of_gnutls_find_the_tokens_by_themselves(world):
    contains(world.call("p11tool", "--list-token-urls").output, "token=sealring%20keys", "tokens")


def test_keys_sign_through_the_proxy(world):
    contains(world.through(PROXY, "--list-token-slots").output, "sealring keys", "tokens of the proxy")
    sign_through(world, PROXY)


def test_the_module_can_be_kept_from_a_program(world):
    path = world.folder / "config/pkcs11/modules/sealring.module"
    path.write_text(f"module: {world.module}\ndisable-in: p11tool\n")
    try:
        equal("sealring" in world.call("p11tool", "--list-token-urls").output, False, "the tokens are shown")
    finally:
        path.write_text(f"module: {world.module}\n")


def test_keys_sign_for_a_client_at_the_end_of_a_socket(world):
    said = world.call("p11-kit", "server", "--sh", "--provider", world.module, "--name", world.folder / "kit.sock", KEYS).output
    address = {"P11_KIT_SERVER_ADDRESS": re.search(r"P11_KIT_SERVER_ADDRESS=([^;\n]+)", said)[1].strip("'\"")}
    try:
        list_slots = ["--list-token-slots"]
        wait_until(lambda: "sealring keys" in world.through(CLIENT, *list_slots, status=None, **address).output, "no token at the client")
        listed = world.through(CLIENT, *list_slots, **address).output
        check("sealring accounts" not in listed, "the token that was not offered is there")
        sign_through(world, CLIENT, **address)
        contains(world.shown(), "p11-kit", "the user was shown the program that has the module")
    finally:
        world.call("p11-kit", "server", "--kill", P11_KIT_SERVER_PID=re.search(r"P11_KIT_SERVER_PID=(\d+)", said)[1])


def test_the_page_says_what_it_does(world):
    (world.folder / "config/pkcs11/modules/sealring.module").unlink()
    said = world.show_page("p11-kit")
    world.call("p11-kit", "server", "--kill", P11_KIT_SERVER_PID=re.search(r"P11_KIT_SERVER_PID=(\d+)", said)[1])


def test_the_page_says_what_the_doctor_finds(world):
    world.show_page("Installation")


if __name__ == "__main__":
    main("p11-kit", globals(), ["p11-kit", "p11tool", "pkcs11-tool", "openssl", PROXY, CLIENT], KitWorld)
