#!/usr/bin/env -S python3 -B
"""Java's SunPKCS11: the key store, signatures, keys of the session, keytool."""
import re

from client_world import INSTALLED, PAGE, ROOT, ClientWorld, contains, equal, main

CLIENT = ROOT / "tests/clients/java/Client.java"
# A small virtual machine starts sooner.
OPTIONS = "-XX:+UseSerialGC -XX:TieredStopAtLevel=1 -Xshare:auto"


class JavaWorld(ClientWorld):
    """A key with its certificate: Java shows a private key only when there is one with the same CKA_ID."""

    def set_up(self):
        super().set_up()
        self.make_key("p256", "Work")
        self.make_key("ed25519", "Light")
        self.environment["JAVA_TOOL_OPTIONS"] = OPTIONS
        settings = re.search(r"^```\n(name = sealring\n.*?)^```$", PAGE.read_text(), re.M | re.S)[1]
        settings = settings.replace(INSTALLED, self.module)
        self.file("java.cfg", settings)
        # What this page once told people to add: keys of the token from the start.
        self.file("token.cfg", settings + "".join(f"attributes(generate, {kind}, *) = {{\n  CKA_TOKEN = true\n}}\n"
                                                  for kind in ("CKO_PRIVATE_KEY", "CKO_PUBLIC_KEY")))
        self.file("accounts.cfg", settings.replace("slotListIndex = 1", "slotListIndex = 0"))
        token = ["--token-label", "sealring keys"]
        number = re.search(r"label: +Work\n +ID: +([0-9a-f]+)", self.tool(*token, "--list-objects").output)[1]
        # Any certificate that holds the key will do: here one that another key signed.
        self.tool(*token, "--read-object", "--type", "pubkey", "--id", number, "--output-file", "key.der")
        self.call("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", "ca.pem",
                  "-subj", "/CN=Authority", "-out", "ca.crt")
        self.call("openssl", "x509", "-new", "-force_pubkey", "key.der", "-subj", "/CN=work.example", "-CA", "ca.crt", "-CAkey",
                  "ca.pem", "-outform", "DER", "-out", "cert.der")
        self.tool(*token, "--login", "--write-object", "cert.der", "--type", "cert", "--id", number, "--label", "Work")

    def keytool(self, *words, configuration="java.cfg", **options):
        return self.call("keytool", "-keystore", "NONE", "-storetype", "PKCS11", "-addprovider", "SunPKCS11", "-providerarg",
                         configuration, "-protected", *words, **options)


def test_a_program_signs_agrees_and_hashes(world):
    run = world.call("java", CLIENT, "java.cfg")
    said = dict(line.split(": ", 1) for line in run.output.splitlines())
    equal(said, {
        "key Work": "EC, encoded null", "signed by Work": "true", "verified by the token": "true", "a changed one": "false",
        "digest signed by Work": "true", "session key signs": "true", "agreement": "true", "random": "true",
        "digest": "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
    }, f"what it said ({run.errors[-500:]})")


def test_keys_of_a_session_are_gone_with_it(world):
    equal(sorted(key["name"] for key in world.json("key", "list")["keys"]), ["Light", "Main", "Work"], "keys")


def make_list_and_delete(world, configuration):
    before = len(world.json("key", "list")["keys"])
    objects = world.tool("--token-label", "sealring keys", "--login", "--list-objects").output.count("Object;")
    world.keytool("-genkeypair", "-keyalg", "EC", "-groupname", "secp256r1", "-alias", "made", "-dname", "CN=made.example",
                  configuration=configuration)
    listed = world.keytool("-list").output
    for alias in ("made, PrivateKeyEntry", "Work, PrivateKeyEntry"):
        contains(listed, alias, "keytool -list")
    equal(len(world.json("key", "list")["keys"]), before + 1, "keys of sealring")
    contains(world.call("java", CLIENT, "java.cfg").output, "signed by made: true", "a program with that key")
    world.keytool("-delete", "-alias", "made")
    equal(len(world.json("key", "list")["keys"]), before, "keys of sealring afterwards")
    equal(world.tool("--token-label", "sealring keys", "--login", "--list-objects").output.count("Object;"), objects, "objects")


def test_keytool_makes_lists_and_deletes_a_key(world):
    make_list_and_delete(world, "java.cfg")


def test_keytool_makes_a_key_that_is_on_the_token_from_the_start(world):
    make_list_and_delete(world, "token.cfg")


def test_the_accounts_do_no_harm(world):
    contains(world.keytool("-list", configuration="accounts.cfg").output, "0 entries", "keytool -list")


def test_the_page_says_what_it_does(world):
    world.show_page("Java", JAVA_TOOL_OPTIONS=None)


if __name__ == "__main__":
    main("java", globals(), ["java", "keytool", "javac", "pkcs11-tool", "openssl"], JavaWorld)
