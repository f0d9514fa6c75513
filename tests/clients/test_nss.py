#!/usr/bin/env -S python3 -B
"""NSS (Firefox, Thunderbird, LibreOffice): modutil, certutil, cmsutil."""
import os
import re

from client_world import ClientWorld, check, contains, equal, main

DATABASE = ["-d", "sql:database"]


class NssWorld(ClientWorld):
    """A certificate store of NSS that knows the module."""

    def set_up(self):
        super().set_up()
        self.make_key("p256", "Work")
        self.make_key("ed25519", "Light")
        self.file("noise", os.urandom(64))
        self.set_pin()
        (self.work / "database").mkdir()
        self.call("certutil", *DATABASE, "-N", "--empty-password")
        self.call("modutil", "-dbdir", "sql:database", "-add", "sealring", "-libfile", self.module, "-mechanisms", "FRIENDLY", "-force")

    def certutil(self, *words, **options):
        return self.call("certutil", *DATABASE, *words, "-f", "pin.txt", **options)

    def key_number(self, name):
        """The CKA_ID of a key, in hexadecimal."""
        return re.search(rf"ec +([0-9a-f]+) +{name}$", self.certutil("-K", "-h", "sealring keys").output, re.M)[1]


def test_the_module_and_its_tokens_are_listed(world):
    listed = world.call("modutil", "-dbdir", "sql:database", "-list", "sealring").output
    for part in ("Token Name: sealring accounts", "Token Name: sealring keys", "Status: Enabled", "Login Type: Login required"):
        contains(listed, part, "modutil -list")


def test_keys_are_listed_and_unknown_curves_do_no_harm(world):
    listed = world.certutil("-K", "-h", "sealring keys").output
    check(re.search(r"ec +[0-9a-f]+ +Work$", listed, re.M), f"keys: {listed}")
    contains(world.certutil("-K", "-h", "sealring accounts").output, "Main", "accounts")


def test_a_signing_request_is_made_with_a_key_that_was_there(world):
    world.certutil("-R", "-k", world.key_number("Work"), "-s", "CN=work.example", "-h", "sealring keys", "-a", "-o", "request")
    run = world.call("openssl", "req", "-in", "request", "-noout", "-verify", "-subject")
    contains(run.output + run.errors, "verify OK", "the request")


def test_a_key_and_its_certificate_are_made(world):
    world.certutil("-S", "-s", "CN=mail.example", "-n", "Mail", "-x", "-t", "P,P,P", "-k", "ec", "-q", "nistp256", "-z", "noise",
                   "-m", "1", "-h", "sealring keys")
    contains(world.certutil("-L", "-h", "sealring keys").output, "sealring keys:Mail", "certificates")
    world.certutil("-L", "-n", "sealring keys:Mail", "-a", "-o", "cert.pem")
    contains(world.call("openssl", "verify", "-CAfile", "cert.pem", "cert.pem").output, "OK", "openssl verify")


def test_a_certificate_is_found_by_its_key(world):
    world.certutil("-R", "-k", "sealring keys:Mail", "-s", "CN=again.example", "-h", "sealring keys", "-a", "-o", "request")
    contains(world.call("openssl", "req", "-in", "request", "-noout", "-subject").output, "again.example", "the request")


def test_mail_is_signed(world):
    world.file("letter", "Dear all.\n")
    world.call("cmsutil", *DATABASE, "-S", "-N", "sealring keys:Mail", "-f", "pin.txt", "-i", "letter", "-o", "letter.p7s")
    equal(world.call("cmsutil", *DATABASE, "-D", "-i", "letter.p7s").output, "Dear all.\n", "cmsutil -D")
    run = world.call("openssl", "cms", "-verify", "-in", "letter.p7s", "-inform", "DER", "-CAfile", "cert.pem", "-purpose", "any")
    equal(run.output, "Dear all.\n", run.errors)


def test_certificate_and_key_are_deleted(world):
    world.certutil("-F", "-n", "sealring keys:Mail")
    check("Mail" not in world.certutil("-L", "-h", "sealring keys").output, "the certificate is still there")


def test_the_page_says_what_it_does(world):
    world.call("certutil", "-d", "sql:.", "-N", "--empty-password")
    world.show_page("NSS: Firefox, Thunderbird, Chromium, LibreOffice")


if __name__ == "__main__":
    main("nss", globals(), ["modutil", "certutil", "cmsutil", "openssl"], NssWorld)
