#!/usr/bin/env -S python3 -B
"""The module over a real gnome-keyring: what a program stores is in the keyring, and there after a restart."""
import contextlib
import hashlib

from client_world import ClientWorld, Skip, check, contains, equal, main
from keyring import Bus, Home, Keyring, missing_program

KEYS = ["--token-label", "sealring keys", "--login"]
DIGEST = hashlib.sha256(b"What is signed.").digest()


class KeyringWorld(ClientWorld):
    def __init__(self):
        self.stack = contextlib.ExitStack()
        super().__init__()

    def set_up(self):
        absent = missing_program("dbus-daemon", "dbus-send", "gnome-keyring-daemon")
        if absent:
            raise Skip(f"{absent} is not installed")
        self.bus = self.stack.enter_context(Bus(self.stack.enter_context(Home())))
        self.stack.enter_context(Keyring(self.bus))
        self.environment["DBUS_SESSION_BUS_ADDRESS"] = self.bus.address
        path = self.folder / "config/sealring/sealring.conf"
        path.write_text(path.read_text().replace("store = vault", "store = secret-service"))
        self.run("agent", "start").expect(0, "agent start")
        self.make_key("secp256k1", "Main")
        equal(self.json("store", "show")["active"], "secret-service", "the store")

    def items(self, kind):
        reply = self.bus.call("org.freedesktop.secrets", "/org/freedesktop/secrets/collection/login",
                              "org.freedesktop.Secret.Collection.SearchItems", f"dict:string:string:kind,{kind}")
        return reply.count("/org/freedesktop/secrets/collection/login/") if reply else 0

    def end(self):
        try:
            super().end()
        finally:
            self.stack.close()


def verifies(world):
    world.file("digest", DIGEST)
    world.tool(*KEYS, "--sign", "--mechanism", "ECDSA", "--signature-format", "openssl", "--id", "0102",
               "--input-file", "digest", "--output-file", "sig")
    world.tool(*KEYS, "--read-object", "--type", "pubkey", "--id", "0102", "--output-file", "key.der")
    run = world.call("openssl", "pkeyutl", "-verify", "-pubin", "-inkey", "key.der", "-keyform", "DER", "-in", "digest",
                     "-sigfile", "sig")
    contains(run.output, "Verified Successfully", "OpenSSL")


def test_a_key_and_its_certificate_are_items_of_the_keyring(world):
    before = (world.items("key"), world.items("record"))
    world.tool(*KEYS, "--keypairgen", "--key-type", "EC:prime256v1", "--label", "Work", "--id", "0102")
    world.call("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", "/dev/null",
               "-subj", "/CN=work.example", "-outform", "DER", "-out", "cert.der")
    world.tool(*KEYS, "--write-object", "cert.der", "--type", "cert", "--label", "Work", "--id", "0102")
    # The key's CKA_ID is a record beside it, the certificate another one.
    equal((world.items("key"), world.items("record")), (before[0] + 1, before[1] + 2), "items")
    verifies(world)


def test_they_are_there_after_a_restart(world):
    world.run("agent", "stop").expect(0, "agent stop")
    world.run("agent", "start").expect(0, "agent start")
    listed = world.tool(*KEYS, "--list-objects").output
    for part in ("Private Key Object; EC", "ID:         0102", "Certificate Object", "CN=work.example"):
        contains(listed, part, "the objects")
    world.tool(*KEYS, "--read-object", "--type", "cert", "--id", "0102", "--output-file", "again.der")
    equal(world.file("again.der"), world.file("cert.der"), "the certificate")
    verifies(world)


def test_the_pin_is_kept_in_the_keyring(world):
    pin = world.set_pin()
    run = world.tool(*KEYS, "--pin", "0000", "--list-objects", status=1)
    contains(run.errors, "CKR_PIN_INCORRECT", "a wrong PIN")
    world.run("agent", "stop").expect(0, "agent stop")
    world.run("agent", "start").expect(0, "agent start")
    contains(world.tool(*KEYS, "--pin", pin, "--list-objects").output, "Private Key Object", "the right one after a restart")
    world.run("pkcs11", "pin", "remove").expect(0, "pkcs11 pin remove")


def test_what_is_destroyed_leaves_the_keyring(world):
    keys, records = world.items("key"), world.items("record")
    world.tool(*KEYS, "--delete-object", "--type", "cert", "--id", "0102")
    world.tool(*KEYS, "--delete-object", "--type", "privkey", "--id", "0102")
    equal((world.items("key"), world.items("record")), (keys - 1, records - 2), "items")
    check("Work" not in world.tool(*KEYS, "--list-objects").output, "it is gone for programs too")


if __name__ == "__main__":
    main("keyring", globals(), ["pkcs11-tool", "openssl"], KeyringWorld)
