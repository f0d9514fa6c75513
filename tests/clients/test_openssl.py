#!/usr/bin/env -S python3 -B
"""OpenSSL through libp11's engine: signatures, requests, certificates, a TLS server."""
from client_world import ClientWorld, check, contains, equal, free_port, main

ENGINE = ["-engine", "pkcs11"]


class EngineWorld(ClientWorld):
    def set_up(self):
        super().set_up()
        self.make_key("p256", "Work")
        self.environment["PKCS11_MODULE_PATH"] = self.module

    def uri(self, token="keys", name="Work", kind="private"):
        return f"pkcs11:token=sealring%20{token};object={name};type={kind}"

    def openssl(self, command, *words, **options):
        return self.call("openssl", command, *ENGINE, *words, **options)


def sign_and_verify(world, token, name):
    world.file("message", "What is signed.")
    world.openssl("dgst", "-sha256", "-keyform", "engine", "-sign", world.uri(token, name), "-out", "sig", "message")
    world.openssl("pkey", "-pubin", "-inform", "engine", "-in", world.uri(token, name, "public"), "-pubout", "-out", "key.pem")
    contains(world.call("openssl", "dgst", "-sha256", "-verify", "key.pem", "-signature", "sig", "message").output,
             "Verified OK", f"the signature by {name}")


def test_a_key_signs(world):
    sign_and_verify(world, "keys", "Work")
    contains(world.shown(), "openssl", "what the user was shown")


def test_an_account_signs(world):
    sign_and_verify(world, "accounts", "Main")


def test_the_digest_of_an_account_is_named_as_unreadable(world):
    world.file("message", "Something else.")
    world.answer(False)
    world.openssl("dgst", "-sha256", "-keyform", "engine", "-sign", world.uri("accounts", "Main"), "-out", "refused", "message",
                  status=1)
    check(not (world.work / "refused").exists() or not world.file("refused"), "signed although the user said no")


def test_a_signing_request_is_made(world):
    world.openssl("req", "-new", "-keyform", "engine", "-key", world.uri(), "-subj", "/CN=work.example", "-out", "request.pem")
    run = world.call("openssl", "req", "-in", "request.pem", "-noout", "-verify", "-subject")
    contains(run.output + run.errors, "verify OK", "the request")
    contains(run.output, "work.example", "the request")


def test_a_certificate_of_its_own_is_made(world):
    world.openssl("req", "-new", "-x509", "-days", "30", "-keyform", "engine", "-key", world.uri(), "-subj", "/CN=work.example",
                  "-addext", "subjectAltName=DNS:work.example", "-out", "cert.pem")
    contains(world.call("openssl", "verify", "-CAfile", "cert.pem", "cert.pem").output, "OK", "openssl verify")


def test_a_file_is_signed_in_cms(world):
    world.file("letter", "Dear all.\n")
    world.openssl("cms", "-sign", "-in", "letter", "-signer", "cert.pem", "-keyform", "engine", "-inkey", world.uri(), "-outform",
                  "PEM", "-nodetach", "-out", "letter.cms")
    run = world.call("openssl", "cms", "-verify", "-in", "letter.cms", "-inform", "PEM", "-CAfile", "cert.pem", "-purpose", "any")
    equal(run.output.replace("\r", ""), "Dear all.\n", run.errors)


def test_a_tls_server_uses_the_key(world):
    port = free_port()
    server = world.spawn("openssl", "s_server", *ENGINE, "-accept", f"127.0.0.1:{port}", "-cert", "cert.pem", "-keyform", "engine",
                         "-key", world.uri(), "-www", "-naccept", "1")
    while b"ACCEPT" not in (line := server.stdout.readline()):
        check(line, "the server ended")
    said = world.call("openssl", "s_client", "-connect", f"127.0.0.1:{port}", "-CAfile", "cert.pem", "-verify_return_error",
                      "-servername", "work.example", stdin="GET / HTTP/1.0\r\n\r\n").output
    contains(said, "Verify return code: 0 (ok)", "the client")


def test_keys_that_libp11_does_not_know_do_not_disturb_it(world):
    world.make_key("ed25519", "Light")
    sign_and_verify(world, "keys", "Work")
    contains(world.tool("--token-label", "sealring keys", "--list-objects").output, "Light", "other programs see it")


def test_the_page_says_what_it_does(world):
    world.show_page("OpenSSL (libp11's engine)")


if __name__ == "__main__":
    main("openssl", globals(), ["openssl"], EngineWorld)
