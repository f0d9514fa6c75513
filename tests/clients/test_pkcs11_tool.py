#!/usr/bin/env -S python3 -B
"""OpenSC's pkcs11-tool: tokens, objects, keys of every curve, signatures that OpenSSL accepts."""
import hashlib
import re

from client_world import PAGE, check, contains, equal, main

ACCOUNTS = ["--token-label", "sealring accounts"]
KEYS = ["--token-label", "sealring keys"]
CURVES = [  # key type, token, name, CKA_ID, mechanism of one message, arguments by which OpenSSL verifies it
    ("EC:secp256k1", ACCOUNTS, "Spare", "a1", "ECDSA-SHA256", ["dgst", "-sha256"]),
    ("EC:prime256v1", KEYS, "Work", "a2", "ECDSA-SHA256", ["dgst", "-sha256"]),
    ("EC:edwards25519", KEYS, "Light", "a3", "EDDSA", None),
]


def login(world, token, *words, **options):
    return world.tool(*token, "--login", *words, **options)


def public_key(world, token, number, name):
    """The public key as OpenSSL reads it: a PEM file."""
    login(world, token, "--read-object", "--type", "pubkey", "--id", number, "--output-file", f"{name}.der")
    world.call("openssl", "pkey", "-pubin", "-in", f"{name}.der", "-out", f"{name}.pem")
    return f"{name}.pem"


def test_both_tokens_are_there(world):
    slots = world.tool("--list-slots").output
    equal(re.findall(r"token label +: (.*)", slots), ["sealring accounts", "sealring keys"], "tokens")
    for part in ("sealring", "login required", "token initialized"):
        contains(slots, part, "slots")
    contains(world.tool("--show-info").output, "sealring", "manufacturer")


def test_the_mechanisms_are_listed(world):
    for token, curve in ((ACCOUNTS, "secp256k1"), (KEYS, "P-256")):
        listed = world.tool(*token, "--list-mechanisms").output
        for name in ("ECDSA,", "ECDSA-SHA256,", "ECDSA-KEY-PAIR-GEN,", "SHA256,"):
            contains(listed, name, f"mechanisms for {curve}")
        equal("EDDSA," in listed, token is KEYS, "EDDSA")
        equal("ECDH1-DERIVE," in listed, token is KEYS, "ECDH")
        check("ECDSA-SHA1," not in listed, "SHA-1 is offered")
        page = re.findall(r"^\| `CKM_SEALRING_\w+` 0x(\w+) \|([^|]*)\|([^|]*)\|", PAGE.read_text(), re.M)
        shown = {number.upper() for number, *marks in page if marks[token is KEYS].strip()}
        equal(set(re.findall(r"mechtype-0x(\w+),", listed)), shown, "sealring's own, by their numbers on the page")


def test_public_objects_are_readable_without_a_login_and_private_ones_are_not(world):
    listed = world.tool(*ACCOUNTS, "--list-objects").output
    contains(listed, "label:      Main", "public key")
    contains(listed, "06052b8104000a", "EC_PARAMS")
    check("Private Key Object" not in listed, f"private keys before login: {listed}")
    listed = login(world, ACCOUNTS, "--list-objects").output
    contains(listed, "Private Key Object; EC", "after the login")
    contains(listed, "Access:     sensitive", "access")
    check("warning" not in listed.lower(), f"a warning: {listed}")


def test_the_user_is_asked_by_name_of_the_program(world):
    login(world, KEYS, "--list-objects")
    contains(world.shown(), "pkcs11-tool", "what the user was shown")
    world.answer(False)
    run = login(world, KEYS, "--list-objects", status=1)
    contains(run.output + run.errors, "CKR_FUNCTION_CANCELED", "a refused login")


def test_keys_of_every_curve_are_made(world):
    for curve, token, name, number, *_ in CURVES:
        made = login(world, token, "--keypairgen", "--key-type", curve, "--label", name, "--id", number)
        contains(made.output, "Key pair generated", curve)
        contains(made.output, "local", f"access of the key on {curve}")
        check("warning" not in (made.output + made.errors).lower(), f"a warning: {made.output} {made.errors}")
    names = {key["name"] for key in world.json("key", "list")["keys"]}
    check({"Main", "Spare", "Work", "Light"} <= names, f"keys: {names}")


def test_a_key_of_a_curve_that_the_token_has_not_is_refused(world):
    for token, curve in ((ACCOUNTS, "EC:prime256v1"), (KEYS, "EC:secp256k1"), (KEYS, "EC:secp384r1"), (KEYS, "rsa:2048")):
        run = login(world, token, "--keypairgen", "--key-type", curve, "--label", "No", "--id", "ff", status=1)
        check("failed: rv = " in run.errors or "supported" in run.errors, f"{curve}: {run.errors}")


def test_openssl_accepts_the_signatures(world):
    world.file("message", "What is signed.")
    for curve, token, name, number, mechanism, verify in CURVES:
        pem = public_key(world, token, number, name)
        form = ["--signature-format", "openssl"] if verify else []
        login(world, token, "--sign", "--mechanism", mechanism, "--id", number, "--input-file", "message",
              "--output-file", f"{name}.sig", *form)
        if verify:
            said = world.call("openssl", *verify, "-verify", pem, "-signature", f"{name}.sig", "message").output
            contains(said, "Verified OK", curve)
        else:
            said = world.call("openssl", "pkeyutl", "-verify", "-pubin", "-inkey", pem, "-rawin", "-in", "message",
                              "-sigfile", f"{name}.sig").output
            contains(said, "Verified Successfully", curve)


def test_digests_are_signed_and_s_is_low_on_secp256k1(world):
    half = 0x7FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF5D576E7357A4501DDFE92F46681B20A0
    for number in range(4):
        world.file("digest", hashlib.sha256(bytes([number])).digest())
        login(world, ACCOUNTS, "--sign", "--mechanism", "ECDSA", "--id", "a1", "--input-file", "digest", "--output-file", "sig")
        signature = world.file("sig")
        equal(len(signature), 64, "length of r || s")
        check(int.from_bytes(signature[32:], "big") <= half, "a high s")
    contains(world.shown(), "Nobody can read", "what the user was shown")


def test_the_module_verifies(world):
    world.file("message", "What is signed.")
    for curve, token, name, number, mechanism, _ in CURVES:
        login(world, token, "--sign", "--mechanism", mechanism, "--id", number, "--input-file", "message", "--output-file", "rs")
        verify = [*token, "--verify", "--mechanism", mechanism, "--id", number, "--input-file", "message", "--signature-file"]
        contains(world.tool(*verify, "rs").output, "Signature is valid", f"{curve}: verify without a login")
        world.file("wrong", world.file("rs")[:-1] + bytes([world.file("rs")[-1] ^ 1]))
        run = world.tool(*verify, "wrong", status=None)
        contains(run.output + run.errors, "Invalid signature", f"{curve}: a changed signature")


def test_a_shared_secret_is_derived(world):
    world.call("openssl", "genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256", "-out", "peer.pem")
    world.call("openssl", "pkey", "-in", "peer.pem", "-pubout", "-outform", "DER", "-out", "peer.der")
    login(world, KEYS, "--derive", "--mechanism", "ECDH1-DERIVE", "--id", "a2", "--input-file", "peer.der", "--output-file", "ours")
    pem = public_key(world, KEYS, "a2", "Work")
    world.call("openssl", "pkeyutl", "-derive", "-inkey", "peer.pem", "-peerkey", pem, "-out", "theirs")
    equal(world.file("ours").hex(), world.file("theirs").hex(), "the shared secret")


def test_hashes_and_random_numbers(world):
    world.file("message", "abc")
    for mechanism in ("SHA256", "SHA384", "SHA512"):
        world.tool(*KEYS, "--hash", "--mechanism", mechanism, "--input-file", "message", "--output-file", "hash")
        equal(world.file("hash").hex(), hashlib.new(mechanism.lower(), b"abc").hexdigest(), mechanism)
    world.tool(*KEYS, "--generate-random", "64", "--output-file", "random")
    equal((len(world.file("random")), len(set(world.file("random"))) > 20), (64, True), "random bytes")


def test_a_certificate_is_written_read_and_deleted(world):
    world.call("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout",
               "other.pem", "-subj", "/CN=Somebody", "-outform", "DER", "-out", "cert.der")
    login(world, KEYS, "--write-object", "cert.der", "--type", "cert", "--id", "a2", "--label", "Work")
    listed = world.tool(*KEYS, "--list-objects", "--type", "cert").output
    for part in ("Certificate Object; type = X.509 cert", "label:      Work", "CN=Somebody", "ID:         a2"):
        contains(listed, part, "certificates")
    world.tool(*KEYS, "--read-object", "--type", "cert", "--id", "a2", "--output-file", "again.der")
    equal(world.file("again.der"), world.file("cert.der"), "the certificate")
    login(world, KEYS, "--delete-object", "--type", "cert", "--id", "a2")
    equal(world.tool(*KEYS, "--list-objects", "--type", "cert").output, "", "certificates afterwards")


def test_data_is_written_read_and_deleted(world):
    world.file("data", b"\x00anything\xff")
    login(world, KEYS, "--write-object", "data", "--type", "data", "--label", "Notes", "--application-label", "tests")
    listed = world.tool(*KEYS, "--list-objects", "--type", "data").output
    contains(listed, "label:          'Notes'", "data objects")
    contains(listed, "application:    'tests'", "data objects")
    world.tool(*KEYS, "--read-object", "--type", "data", "--label", "Notes", "--output-file", "again")
    equal(world.file("again"), world.file("data"), "the data")
    login(world, KEYS, "--delete-object", "--type", "data", "--label", "Notes")
    equal(world.tool(*KEYS, "--list-objects", "--type", "data").output, "", "data objects afterwards")


def test_a_private_key_is_imported_and_signs(world):
    for curve, token, number in (("P-256", KEYS, "b1"), ("secp256k1", ACCOUNTS, "b2")):
        world.call("openssl", "genpkey", "-algorithm", "EC", "-pkeyopt", f"ec_paramgen_curve:{curve}", "-out", "k.pem")
        world.call("openssl", "pkey", "-in", "k.pem", "-outform", "DER", "-out", "k.der")
        world.call("openssl", "pkey", "-in", "k.pem", "-pubout", "-out", "k.pub")
        login(world, token, "--write-object", "k.der", "--type", "privkey", "--id", number, "--label", f"From {curve}",
              "--usage-sign")
        world.file("message", "by an imported key")
        login(world, token, "--sign", "--mechanism", "ECDSA-SHA256", "--id", number, "--input-file", "message",
              "--output-file", "sig", "--signature-format", "openssl")
        contains(world.call("openssl", "dgst", "-sha256", "-verify", "k.pub", "-signature", "sig", "message").output,
                 "Verified OK", curve)
        listed = login(world, token, "--list-objects", "--type", "privkey").output
        contains(listed, f"From {curve}", "private keys")


def test_an_id_is_changed(world):
    login(world, KEYS, "--set-id", "b9", "--type", "privkey", "--id", "b1")
    listed = login(world, KEYS, "--list-objects").output
    equal((listed.count("ID:         b9"), listed.count("ID:         b1")), (2, 0), "both halves have the new id")


def test_deleting_a_key_asks_and_takes_both_halves(world):
    world.answer(False)
    refused = login(world, KEYS, "--delete-object", "--type", "privkey", "--id", "b9", status=None)
    check(refused.status != 0, "deleted without the user")
    world.answer(True)
    world.shown()
    login(world, KEYS, "--delete-object", "--type", "privkey", "--id", "b9")
    contains(world.shown(), "From P-256", "what the user was shown")
    check("ID:         b9" not in world.tool(*KEYS, "--list-objects").output, "the public half is still there")
    check("From P-256" not in {key["name"] for key in world.json("key", "list")["keys"]}, "the key is still there")


def test_its_own_tests_find_no_error(world):
    for token in (ACCOUNTS, KEYS):
        said = login(world, token, "--test")
        contains(said.output, "No errors", f"--test on {token[1]}")
        check("ERR" not in said.output + said.errors, said.output + said.errors)
    said = world.tool("--test-fork")
    check("CKR_" not in said.errors, said.errors)
    world.tool("--use-locking", "--test-threads", "IN", "--test-threads", "IN", "--list-slots")


def test_the_curve_test_ends_only_where_it_wants_sha_1(world):
    said = login(world, KEYS, "--session-rw", "--test-ec", "--key-type", "EC:prime256v1", "--id", "c1", "--label", "Tested", status=1)
    for part in ("Generating EC key pair", "Changing the CKA_ID", "Doing a signature", "C_SignInit failed: rv = CKR_MECHANISM_INVALID"):
        contains(said.output + said.errors, part, "--test-ec")


def test_a_key_can_want_a_question_for_every_use(world):
    login(world, KEYS, "--keypairgen", "--key-type", "EC:prime256v1", "--label", "Careful", "--id", "c2", "--always-auth")
    world.file("message", "What is signed.")
    sign = ["--sign", "--mechanism", "ECDSA-SHA256", "--id", "c2", "--input-file", "message", "--output-file", "sig"]
    world.shown()
    login(world, KEYS, *sign)
    contains(world.shown(), 'use the key "Careful" once?', "what the user was shown")


def test_a_pin_is_changed_and_needed(world):
    pin = world.set_pin()
    world.shown()
    run = world.tool(*KEYS, "--change-pin", "--pin", pin, "--new-pin", "another one")
    contains(run.output + run.errors, "PIN successfully changed", "--change-pin")
    for given, status in ((pin, 1), ("another one", 0)):
        run = world.tool(*KEYS, "--login", "--pin", given, "--list-objects", status=status)
        equal("CKR_PIN_INCORRECT" in run.errors, status == 1, f"with {given}")
    equal(world.shown(), "", "nobody was asked")
    world.run("pkcs11", "pin", "remove").expect(0, "pkcs11 pin remove")


def test_without_an_agent_the_slots_are_empty_and_nothing_hangs(world):
    world.environment["SEALRING_RUNTIME_DIR"], kept = str(world.folder / "elsewhere"), world.environment["SEALRING_RUNTIME_DIR"]
    try:
        equal(world.tool("--list-slots", timeout=30).output.count("(empty)"), 2, "empty slots")
        world.tool(*KEYS, "--list-objects", timeout=30, status=1)
    finally:
        world.environment["SEALRING_RUNTIME_DIR"] = kept


def test_the_page_says_what_it_does(world):
    world.show_page("OpenSC: pkcs11-tool")


def test_the_page_says_how_programs_are_let_in(world):
    world.show_page("Login, PIN and grants")


if __name__ == "__main__":
    main("pkcs11-tool", globals(), ["pkcs11-tool", "openssl"])
