#!/usr/bin/env -S python3 -B
"""GnuTLS' p11tool and certtool: tokens, objects, keys, signatures and certificates."""
import re

from client_world import check, contains, equal, main

ACCOUNTS = "pkcs11:token=sealring%20accounts"
KEYS = "pkcs11:token=sealring%20keys"


def p11tool(world, *words, **options):
    return world.call("p11tool", "--batch", "--provider", world.module, *words, **options)


def test_both_tokens_are_listed(world):
    listed = p11tool(world, "--list-tokens").output
    for token in (ACCOUNTS, KEYS):
        contains(listed, token.replace("pkcs11:", ""), "tokens")
    contains(listed, "Manufacturer: sealring", "tokens")
    urls = p11tool(world, "--list-token-urls").output
    equal(urls.count("manufacturer=sealring"), 2, "URLs of the module")


def test_the_mechanisms_are_listed(world):
    contains(p11tool(world, "--list-mechanisms", KEYS).output, "CKM_ECDSA", "mechanisms")


def test_keys_are_made(world):
    made = p11tool(world, "--login", "--generate-privkey=ecc", "--curve=secp256r1", "--label=Work", "--outfile=work.pem", KEYS)
    contains(world.call("openssl", "pkey", "-pubin", "-in", "work.pem", "-noout", "-text").output, "P-256", made.output)
    p11tool(world, "--login", "--generate-privkey=eddsa", "--curve=ed25519", "--label=Light", "--outfile=light.pem", KEYS)
    contains(world.call("openssl", "pkey", "-pubin", "-in", "light.pem", "-noout", "-text").output, "ED25519", "its key")
    names = {key["name"] for key in world.json("key", "list")["keys"]}
    check({"Work", "Light"} <= names, f"keys: {names}")


def test_objects_are_listed_without_and_with_a_login(world):
    public = p11tool(world, "--list-all", KEYS).output
    contains(public, "Public key (EC/ECDSA", "public objects")
    check("Private key" not in public, "private keys before login")
    private = p11tool(world, "--login", "--list-privkeys", KEYS).output
    for part in ("Private key (EC/ECDSA-SECP256R1)", "CKA_SENSITIVE", "Label: Work", "CKA_NEVER_EXTRACTABLE", "CKA_PRIVATE"):
        contains(private, part, "private keys")
    contains(p11tool(world, "--list-all", ACCOUNTS).output, "Label: Main", "the account")


def test_a_public_key_is_exported(world):
    p11tool(world, "--login", "--export-pubkey", f"{KEYS};object=Work;type=private", "--outfile=again.pem")
    equal(world.file("again.pem"), world.file("work.pem"), "the exported key")


def test_keys_sign(world):
    for name, hash_name in (("Work", "SHA256"), ("Light", "SHA512")):
        said = p11tool(world, "--login", f"--hash={hash_name}", "--test-sign", f"{KEYS};object={name}")
        equal(len(re.findall(r"\.\.\. ok", said.output + said.errors)), 3, f"{name}: {said.output} {said.errors}")
    contains(world.shown(), "p11tool", "what the user was shown")


def test_a_user_who_says_no_is_obeyed(world):
    world.answer(False)
    said = p11tool(world, "--login", "--test-sign", f"{KEYS};object=Work", status=1)
    check("... ok" not in said.output + said.errors, f"signed: {said.output} {said.errors}")


def test_a_certificate_of_its_own_is_made_written_and_found(world):
    world.file("template", 'cn = "work.example"\nexpiration_days = 30\nsigning_key\n')
    world.call("certtool", "--provider", world.module, "--generate-self-signed", "--load-privkey", f"{KEYS};object=Work;type=private",
               "--load-pubkey", "work.pem", "--template", "template", "--outfile", "cert.pem")
    contains(world.call("openssl", "verify", "-CAfile", "cert.pem", "cert.pem").output, "OK", "openssl verify")
    number = re.search(r"ID: (\S+)", p11tool(world, "--list-all", f"{KEYS};object=Work").output)[1].replace(":", "")
    p11tool(world, "--login", "--write", "--load-certificate=cert.pem", "--label=Work", f"--id={number}", KEYS)
    contains(p11tool(world, "--list-all-certs", KEYS).output, "Label: Work", "certificates")
    p11tool(world, "--export", f"{KEYS};object=Work;type=cert", "--outfile=again.pem")
    equal(world.file("again.pem").split(), world.file("cert.pem").split(), "the certificate")
    contains(p11tool(world, "--login", "--list-certs", KEYS).output, "Label: Work", "certificates that have a key")


def test_label_and_id_are_changed(world):
    p11tool(world, "--login", "--set-label=Renamed", f"{KEYS};object=Light;type=private")
    p11tool(world, "--login", "--set-id=0badcafe", f"{KEYS};object=Renamed;type=private")
    listed = p11tool(world, "--login", "--list-privkeys", KEYS).output
    contains(listed, "Label: Renamed", "private keys")
    contains(listed, "0b:ad:ca:fe", "private keys")


def test_objects_are_deleted(world):
    p11tool(world, "--login", "--delete", f"{KEYS};object=Work;type=cert")
    check("Label: Work" not in p11tool(world, "--list-all-certs", KEYS, status=None).output, "the certificate is still there")
    p11tool(world, "--login", "--delete", f"{KEYS};object=Work;type=private")
    check("Work" not in p11tool(world, "--login", "--list-all", KEYS).output, "the key is still there")


def test_the_page_says_what_it_does(world):
    world.show_page("GnuTLS: p11tool")


if __name__ == "__main__":
    main("p11tool", globals(), ["p11tool", "certtool", "openssl"])
