#!/usr/bin/env python3
"""The agent's PKCS#11 service as programs see it: tokens, logins, signatures, keys and objects, who may
do what, and what the user is asked. The programs here speak src/wire/operation.h themselves."""
import hashlib
import os
import shutil
import signal
import socket
import subprocess
import sys
import time

from cli_world import BUILD, Skip, check, contains, equal, main, message, wait_until
from program_world import (ACCOUNTS, ALWAYS_AUTH, CHANGE, CKA_ID, CKA_LABEL, CKA_PRIVATE, CKA_VALUE, CONTEXT, DERIVE, DIGEST,
                           ED25519, EDDSA, GENERATE, IMPORT, KEYS, LIST, LOCAL, P256, PERSONAL, PROTECTED_PATH,
                           SECP256K1, SESSION, SHA256, SHA384, SHA512, SIWE, SO, TOKEN, VERIFY, ProgramWorld,
                           attributes, child_says, counted, run_child, u32, u64, u8)

HASH = bytes(range(32))
SELF = os.path.realpath("/proc/self/exe")
NAME = os.path.basename(SELF)
CERTIFICATE, DATA = 1, 0


def make_key(world, name="work", kind="p256"):
    return world.json("key", "create", "--type", kind, "--name", name)["key"]


def logged_in(world, token=KEYS, **options):
    program = world.program(**options)
    equal(program.login(token), "OK", "login")
    world.shown()
    return program


def events(world, name):
    """The log's entries of that event."""
    return [entry for entry in world.json("log")["entries"] if entry["event"] == name]


def test_tokens_are_there_before_any_login(world):
    program = world.program()
    equal(program.tokens, 3, "both tokens are seen")
    for token, label in ((ACCOUNTS, "sealring accounts"), (KEYS, "sealring keys")):
        info = program.token(token)
        equal(info["label"], label, "label")
        check(info["flags"] & PROTECTED_PATH, "without a PIN the agent asks")
    equal(program.result(TOKEN, u32(2)), "ARGUMENTS_BAD", "a third token")
    equal(world.shown(), "", "nothing was asked")


def test_lists_show_public_parts_and_a_generation_that_changes(world):
    program = world.program()
    [account] = program.list(ACCOUNTS)
    equal((account["label"], account["curve"], len(account["public"]), len(account["id"])), ("One", 0, 65, 8), "account")
    equal(program.list(KEYS), [], "no other keys yet")
    generation, _, _ = program.page(KEYS)
    equal(program.page(KEYS, generation)[2], None, "nothing new")
    key = make_key(world)
    changed, _, entries = program.page(KEYS, generation)
    check(changed != generation, "another generation")
    equal([f"{entry['object']:016x}" for entry in entries], [key["id"]], "the new key")


def test_a_long_list_comes_in_pages(world):
    program = logged_in(world)
    for index in range(8):
        program.create(KEYS, DATA, {CKA_LABEL: f"data {index}".encode(), CKA_VALUE: bytes([index]) * 20000})
    pages, start = 0, 0
    values = []
    while True:
        _, start, entries = program.page(KEYS, 0, start)
        values += [entry["attributes"][CKA_VALUE][:1] for entry in entries]
        pages += 1
        if start == 0:
            break
    check(pages >= 3, f"{pages} pages")
    equal(sorted(values), [bytes([index]) for index in range(8)], "each object once")
    equal(program.page(KEYS, 0, 4000)[2], [], "beyond the end is nothing")


def test_locked_shows_nothing_and_asks_nothing(world):
    make_key(world)
    program = world.program()
    equal(len(program.list(KEYS)), 1, "open")
    generation = program.page(KEYS)[0]
    world.run("lock").expect(0, "lock")
    changed, _, entries = program.page(KEYS, generation)
    check(changed != generation, "the module hears of it")
    equal((entries, program.list(ACCOUNTS)), ([], []), "locked")
    equal(world.shown(), "", "nothing was asked")


def test_login_asks_who_and_what_for(world):
    make_key(world, "laptop")
    program = world.program()
    equal(program.login(KEYS), "OK", "login")
    shown = world.shown()
    for part in (f"title\tLet {NAME} use your keys?", f"asker\t{SELF} (process {os.getpid()})", "laptop (p256)",
                 "until", "action\tAllow"):
        contains(shown.lower(), part.lower(), "the question")
    equal(program.login(KEYS), "OK", "once more")
    equal(world.shown(), "", "not asked twice")


def test_denied_login_is_cancelled_and_logged(world):
    world.answer(False)
    program = world.program()
    equal(program.login(KEYS), "FUNCTION_CANCELED", "login")
    equal([entry["program"] for entry in events(world, "denied")], [SELF], "log")
    key = make_key(world)
    equal(program.try_sign(int(key["id"], 16), DIGEST, HASH), "USER_NOT_LOGGED_IN", "still out")


def test_a_program_that_is_refused_falls_silent(world):
    world.answer(False)
    program = world.program()
    for _ in range(3):
        program.login(KEYS)
    world.shown()
    equal(program.login(KEYS), "FUNCTION_CANCELED", "the fourth time")
    equal(world.shown(), "", "the user is left alone")


def test_login_reaches_no_other_application(world):
    key = int(make_key(world)["id"], 16)
    first = logged_in(world)
    second = world.program()
    check(first.application != second.application, "two applications")
    equal(first.try_sign(key, DIGEST, HASH), "OK", "the one that logged in")
    equal(second.try_sign(key, DIGEST, HASH), "USER_NOT_LOGGED_IN", "another one of the same process")
    joined = world.program(first.application)
    equal(joined.application, first.application, "a second connection")
    equal(joined.try_sign(key, DIGEST, HASH), "OK", "of the same application")
    other = run_child(world, f"""
again = Program(Folder, bytes.fromhex("{first.application.hex()}"))
print(again.application.hex() != "{first.application.hex()}", again.try_sign({key}, 0, bytes(32)))
""")
    equal(child_says(other), "True USER_NOT_LOGGED_IN", "another process that knows the value")


def test_logout_and_lock_end_the_use(world):
    key = int(make_key(world)["id"], 16)
    program = logged_in(world)
    program.sign(key, DIGEST, HASH)
    equal(program.logout(KEYS), "OK", "logout")
    equal(program.try_sign(key, DIGEST, HASH), "USER_NOT_LOGGED_IN", "after logout")
    program.login(KEYS)
    program.sign(key, DIGEST, HASH)
    world.run("lock").expect(0, "lock")
    equal(program.try_sign(key, DIGEST, HASH), "USER_NOT_LOGGED_IN", "after lock")
    world.unlock()
    equal(program.try_sign(key, DIGEST, HASH), "USER_NOT_LOGGED_IN", "unlocking does not log in again")


def test_every_curve_and_scheme_signs_and_verifies(world):
    program = logged_in(world)
    p256, edwards = program.generate(KEYS, P256), program.generate(KEYS, ED25519)
    cases = [(p256, DIGEST, HASH), (p256, DIGEST, b"\1"), (p256, DIGEST, bytes(64)), (p256, SHA256, b"text"),
             (p256, SHA384, b""), (p256, SHA512, b"x" * 100000), (edwards, EDDSA, b""), (edwards, EDDSA, b"y" * 1048576)]
    for key, scheme, data in cases:
        for _ in range(2):  # by the main loop, then by the thread
            signature = program.sign(key["object"], scheme, data)
            equal(program.verify(key, scheme, data, signature), "OK", f"scheme {scheme}, {len(data)} bytes")
            bad = bytes([signature[0] ^ 1]) + signature[1:]
            equal(program.verify(key, scheme, data, bad), "SIGNATURE_INVALID", "a changed signature")
    equal(program.verify(p256, DIGEST, HASH, program.sign(p256["object"], SHA256, b"")), "SIGNATURE_INVALID", "another message")
    digest = hashlib.sha256(b"text").digest()
    equal(program.verify(p256, DIGEST, digest, program.sign(p256["object"], SHA256, b"text")), "OK", "the same digest")


def test_what_cannot_be_signed_is_told_apart(world):
    program = logged_in(world)
    p256, edwards = program.generate(KEYS, P256), program.generate(KEYS, ED25519)
    program.login(ACCOUNTS)
    [account] = program.list(ACCOUNTS)
    for key, scheme, data, expected in (
            (p256, EDDSA, b"x", "KEY_TYPE_INCONSISTENT"), (edwards, DIGEST, HASH, "KEY_TYPE_INCONSISTENT"),
            (edwards, SHA256, b"x", "KEY_TYPE_INCONSISTENT"), (p256, PERSONAL, b"x", "KEY_TYPE_INCONSISTENT"),
            (account, EDDSA, b"x", "KEY_TYPE_INCONSISTENT"), (p256, DIGEST, b"", "DATA_LEN_RANGE"),
            (p256, DIGEST, bytes(65), "DATA_LEN_RANGE"), (account, SHA256, bytes(65537), "DATA_LEN_RANGE"),
            (account, PERSONAL, bytes(65537), "DATA_LEN_RANGE"), (edwards, EDDSA, bytes(1048577), "DATA_LEN_RANGE"),
            (account, SIWE, b"no sign-in", "DATA_INVALID"), ({"object": 1}, DIGEST, HASH, "KEY_HANDLE_INVALID"),
            ({"object": 0}, DIGEST, HASH, "KEY_HANDLE_INVALID")):
        equal(program.try_sign(key["object"], scheme, data), expected, f"scheme {scheme}, {len(data)} bytes")
    equal(program.verify(p256, DIGEST, HASH, bytes(63)), "SIGNATURE_LEN_RANGE", "a short signature")
    equal(program.verify(p256, DIGEST, b"", bytes(64)), "DATA_LEN_RANGE", "no digest")
    equal(program.result(VERIFY, u8(P256) + counted(bytes(65)) + u32(DIGEST) + counted(HASH) + counted(bytes(64))),
          "ARGUMENTS_BAD", "a public key that is none")


def test_each_digest_of_an_account_is_asked_for(world):
    program = logged_in(world, ACCOUNTS)
    [account] = program.list(ACCOUNTS)
    for _ in range(2):
        signature = program.sign(account["object"], DIGEST, HASH)
        shown = world.shown()
        for part in ("cannot be shown", "Nobody can read", HASH.hex(), "remember\t", "One (0x7E5F"):
            contains(shown, part, "the question")
    equal(program.verify(account, DIGEST, HASH, signature), "OK", "the signature")
    half = 0x7fffffffffffffffffffffffffffffff5d576e7357a4501ddfe92f46681b20a0
    check(int.from_bytes(signature[32:], "big") <= half, "a low s")
    world.answer(False)
    equal(program.try_sign(account["object"], DIGEST, HASH), "FUNCTION_REJECTED", "the user said no")


def test_a_remembered_digest_is_for_this_run_of_the_program(world):
    world.write("prompt", f"#!/bin/sh\ncat >>'{world.folder}/shown'\necho remember\n", 0o700)
    program = logged_in(world, ACCOUNTS)
    [account] = program.list(ACCOUNTS)
    program.sign(account["object"], DIGEST, HASH)
    check(world.shown() != "", "asked once")
    for _ in range(5):
        program.sign(account["object"], DIGEST, HASH)
        program.sign(account["object"], SHA256, b"whatever")
    equal(world.shown(), "", "then no more")
    other = logged_in(world, ACCOUNTS)
    other.sign(account["object"], DIGEST, HASH)
    check(world.shown() != "", "another application is asked for")
    world.run("lock").expect(0, "lock")
    world.unlock()
    program.login(ACCOUNTS)
    program.sign(account["object"], DIGEST, HASH)
    check(world.shown() != "", "after locking it is asked again")


def test_messages_of_an_account_are_shown(world):
    program = logged_in(world, ACCOUNTS)
    [account] = program.list(ACCOUNTS)
    signature = program.sign(account["object"], SHA256, b"pay nothing\nto nobody")
    shown = world.shown()
    contains(shown, "text\tpay nothing\ntext\tto nobody\n", "the message")
    equal(program.verify(account, SHA256, b"pay nothing\nto nobody", signature), "OK", "the signature")
    signature = program.sign(account["object"], PERSONAL, b"hello")
    contains(world.shown(), "text\thello\n", "the message")
    equal((len(signature), program.verify(account, PERSONAL, b"hello", signature)), (65, "OK"), "r, s and v")
    text = message().encode()
    signature = program.sign(account["object"], SIWE, text)
    shown = world.shown()
    contains(shown, "app.example.com", "the site")
    contains(shown, "No browser vouches", "the warning")
    equal(program.verify(account, SIWE, text, signature), "OK", "a sign-in")
    equal(program.try_sign(account["object"], SIWE, text.replace(b"Hello.", b"Hallo.")), "DATA_INVALID",
          "the same nonce in another message")


def test_prompts_take_time_and_the_program_hears_of_it(world):
    world.slow()
    program = world.program()
    equal(program.login(KEYS), "OK", "login")
    check(program.waits >= 1, "packets that say: not yet")


def test_an_endless_question_ends_with_the_program(world):
    world.write("prompt", f"#!/bin/sh\necho $$ >'{world.folder}/pid'\nexec sleep 120\n", 0o700)
    program = world.program()
    program.send(3 + 1, program.login_body(KEYS))
    wait_until(lambda: (world.folder / "pid").exists() and (world.folder / "pid").read_text().endswith("\n"), "the prompt")
    pid = int((world.folder / "pid").read_text())
    program.close()
    wait_until(lambda: not os.path.exists(f"/proc/{pid}"), "the end of the prompt")


def test_keys_made_by_programs(world):
    program = logged_in(world)
    key = program.generate(KEYS, P256, label="ssh key", identifier=b"\x01\x02")
    equal((key["label"], key["id"], key["flags"] & LOCAL), ("ssh key", b"\x01\x02", LOCAL), "as asked")
    same = program.generate(KEYS, ED25519, label="ssh key")
    equal(same["label"], "ssh key", "a label may occur twice")
    names = [entry["name"] for entry in world.json("key", "list")["keys"]]
    equal(sorted(names), ["Key 1", "One", "ssh key"], "a name may not")
    program.login(ACCOUNTS)
    world.shown()
    program.generate(ACCOUNTS, SECP256K1, label="made")
    contains(world.shown(), "make a new Ethereum account?", "an account is asked for")
    equal(program.result(GENERATE, program.generate_body(KEYS, SECP256K1)), "ARGUMENTS_BAD", "the wrong token")
    equal(world.program().result(GENERATE, program.generate_body(KEYS, P256)), "USER_NOT_LOGGED_IN", "no login")
    restarted = sorted(entry["label"] for entry in program.list(KEYS))
    world.stop()
    world.unlock()
    equal(sorted(entry["label"] for entry in world.program().list(KEYS)), restarted, "after a restart")


def test_importing_keys(world):
    program = logged_in(world)
    body = program.generate_body(KEYS, P256, label="brought")
    key = program.ok(IMPORT, body + counted(bytes(31) + b"\x05")).entry()
    equal((key["label"], key["flags"] & LOCAL), ("brought", 0), "not made here")
    signature = program.sign(key["object"], DIGEST, HASH)
    equal(program.verify(key, DIGEST, HASH, signature), "OK", "it signs")
    equal(program.result(IMPORT, body + counted(bytes(31) + b"\x05")), "FUNCTION_REJECTED", "a second time")
    equal(program.result(IMPORT, body + counted(bytes(32))), "ATTRIBUTE_VALUE_INVALID", "0 is no key")
    equal(program.result(IMPORT, body + counted(bytes(31))), "ARGUMENTS_BAD", "31 bytes")


def test_session_keys_need_nobody_and_die_with_the_program(world):
    program = world.program()
    for curve, scheme in ((SECP256K1, DIGEST), (P256, DIGEST), (ED25519, EDDSA)):
        key = program.generate(SESSION, curve, label="mine")
        equal(program.verify(key, scheme, HASH, program.sign(key["object"], scheme, HASH)), "OK", "signs")
        equal(world.program().try_sign(key["object"], scheme, HASH), "USER_NOT_LOGGED_IN", "for nobody else")
    equal(program.try_sign(key["object"], DIGEST, HASH), "KEY_TYPE_INCONSISTENT", "the wrong scheme")
    world.run("lock").expect(0, "lock")
    equal(program.try_sign(key["object"], EDDSA, HASH), "OK", "sealring's lock is about the user's keys")
    equal(program.destroy(key["object"]), "OK", "destroyed")
    equal(program.try_sign(key["object"], EDDSA, HASH), "USER_NOT_LOGGED_IN", "gone")
    equal((world.shown(), len(world.json("log")["entries"])), ("", 2), "nothing asked, only the import and the lock logged")
    left = 64 - 2
    for _ in range(left):
        program.generate(SESSION, ED25519)
    equal(program.result(GENERATE, program.generate_body(SESSION, ED25519)), "DEVICE_MEMORY", "too many")


def test_derive_agrees_on_both_sides(world):
    program = logged_in(world)
    first, second = program.generate(KEYS, P256), program.generate(SESSION, P256)
    for _ in range(2):
        secret = program.derive(first["object"], second["public"])
        equal((len(secret), secret), (32, program.derive(second["object"], first["public"])), "the secret")
    bad = b"\x04" + bytes(64)
    for key in (first, second):
        equal(program.result(DERIVE, u64(key["object"]) + counted(bad)), "MECHANISM_PARAM_INVALID", "no point")
    equal(program.result(DERIVE, u64(first["object"]) + counted(b"\x04")), "MECHANISM_PARAM_INVALID", "short")
    edwards = program.generate(KEYS, ED25519)
    equal(program.result(DERIVE, u64(edwards["object"]) + counted(second["public"])), "KEY_TYPE_INCONSISTENT", "Ed25519")
    wait_until(lambda: any(entry["use"] == "ecdh" for entry in events(world, "program-sign") + events(world, "program-uses")), "logged")


def test_certificates_and_data(world):
    program = logged_in(world)
    made = program.create(KEYS, CERTIFICATE, {CKA_LABEL: b"cert", CKA_ID: b"\x01", CKA_VALUE: b"\x30" * 900})
    equal((made["class"], made["attributes"][CKA_ID]), (CERTIFICATE, b"\x01"), "as given")
    name, reply = program.change(made["object"], {CKA_LABEL: b"renamed"})
    equal((name, reply.entry()["attributes"]), ("OK", {CKA_LABEL: b"renamed", CKA_ID: b"\x01", CKA_VALUE: b"\x30" * 900}),
          "one attribute changed")
    other = world.program()
    equal([entry["attributes"][CKA_LABEL] for entry in other.list(KEYS)], [b"renamed"], "public")
    equal(other.destroy(made["object"]), "USER_NOT_LOGGED_IN", "but not for everybody to destroy")
    equal(other.change(made["object"], {})[0], "USER_NOT_LOGGED_IN", "or to change")
    world.stop()
    world.unlock()
    program = logged_in(world)
    equal([entry["object"] for entry in program.list(KEYS)], [made["object"]], "the same number after a restart")
    equal(program.destroy(made["object"]), "OK", "destroyed")
    equal(program.list(KEYS), [], "gone")
    equal(program.destroy(made["object"]), "KEY_HANDLE_INVALID", "twice")


def labels(entries):
    return [entry["attributes"][CKA_LABEL] for entry in entries]


def test_private_objects_are_for_programs_that_logged_in(world):
    """What a program may not see before its login the agent does not send: the module is no guard."""
    owner = logged_in(world)
    owner.create(KEYS, DATA, {CKA_LABEL: b"secret", CKA_VALUE: b"the recovery code", CKA_PRIVATE: b"\x01"})
    owner.create(KEYS, DATA, {CKA_LABEL: b"open", CKA_VALUE: b"hello", CKA_PRIVATE: b"\x00"})
    other = world.program()
    before, _, entries = other.page(KEYS)
    equal(labels(entries), [b"open"], "before the login")
    equal(other.page(KEYS, before)[2], None, "unchanged")
    equal(other.login(KEYS), "OK", "login")
    after, _, entries = other.page(KEYS, before)
    equal(sorted(labels(entries)), [b"open", b"secret"], "the login changes the list")
    equal(other.page(KEYS, after)[2], None, "unchanged")
    equal(other.token(KEYS)["generation"], after, "the same number with the token")
    equal(other.logout(KEYS), "OK", "logout")
    equal(labels(other.page(KEYS, after)[2]), [b"open"], "after the logout")
    world.run("lock")
    world.unlock()
    equal(labels(owner.list(KEYS)), [b"open"], "a lock ends the login")


def test_what_programs_say_of_a_key(world):
    key = int(make_key(world)["id"], 16)
    program = logged_in(world)
    name, reply = program.change(key, {CKA_LABEL: b"other", CKA_ID: b"\x07"})
    entry = reply.entry()
    equal((name, entry["label"], entry["id"]), ("OK", "other", b"\x07"), "changed")
    equal(world.json("key", "list")["keys"][1]["name"], "work", "the name the user sees stays")
    equal(program.change(key, {CKA_VALUE: b"\x01"})[0], "ATTRIBUTE_READ_ONLY", "nothing else")
    equal(program.result(CHANGE, u64(key) + counted(attributes({CKA_ID: b""}) * 2)), "ARGUMENTS_BAD", "twice the same")


def test_destroying_a_key_asks(world):
    key = int(make_key(world, "precious")["id"], 16)
    program = logged_in(world)
    program.sign(key, DIGEST, HASH)
    world.answer(False)
    equal(program.destroy(key), "FUNCTION_REJECTED", "no")
    contains(world.shown(), f'Let {NAME} delete the key "precious" for ever?', "the question")
    world.answer(True)
    equal(program.destroy(key), "OK", "yes")
    equal(program.try_sign(key, DIGEST, HASH), "KEY_HANDLE_INVALID", "gone")


def test_a_key_that_goes_ends_its_use(world):
    key = make_key(world)
    program = logged_in(world)
    program.sign(int(key["id"], 16), DIGEST, HASH)
    world.run("key", "delete", "work").expect(0, "delete")
    equal(program.try_sign(int(key["id"], 16), DIGEST, HASH), "KEY_HANDLE_INVALID", "gone")


def test_a_sealed_key_wants_its_passphrase(world):
    key = make_key(world)
    program = logged_in(world)
    program.sign(int(key["id"], 16), DIGEST, HASH)
    world.run("key", "seal", "work", "--passphrase-fd", "{fd}", passphrase="correct horse battery").expect(0, "seal")
    world.shown()
    program.sign(int(key["id"], 16), DIGEST, HASH)
    contains(world.shown(), 'Passphrase of the key "work"', "the question")


def test_always_authenticate_asks_for_each_use(world):
    program = logged_in(world)
    key = program.generate(KEYS, P256, flags=ALWAYS_AUTH)["object"]
    equal(program.try_sign(key, DIGEST, HASH), "USER_NOT_LOGGED_IN", "without its own login")
    for _ in range(2):
        equal(program.login(KEYS, user=CONTEXT, number=key), "OK", "for this use")
        contains(world.shown(), "once?", "the question")
        program.sign(key, DIGEST, HASH)
        equal(program.try_sign(key, DIGEST, HASH), "USER_NOT_LOGGED_IN", "once is once")
    equal(program.login(KEYS, user=CONTEXT, number=5), "KEY_HANDLE_INVALID", "no such key")
    equal(world.program().login(KEYS, user=CONTEXT, number=key), "USER_NOT_LOGGED_IN", "only behind a login")


def test_a_granted_program_is_not_asked_for(world):
    key, other = make_key(world), make_key(world, "other")
    world.run("grant", "add", "--program", SELF, "--key", "work").expect(0, "grant")
    shown = world.shown()
    contains(shown, f"fact\tProgram: {SELF}", "the question")
    contains(shown, "asker\tThe sealring command, without a terminal", "who asks")
    [grant] = world.json("grant", "list")["grants"]
    equal((grant["kind"], grant["program"], grant["key"]), ("program", SELF, key["id"]), "listed")
    program = world.program()
    equal(program.login(KEYS), "OK", "login")
    program.sign(int(key["id"], 16), DIGEST, HASH)
    equal(world.shown(), "", "nothing was asked")
    program.sign(int(other["id"], 16), DIGEST, HASH)
    contains(world.shown(), 'use the key "other"?', "a key without a grant")
    program.sign(int(other["id"], 16), DIGEST, HASH)
    equal(world.shown(), "", "once for as long as it runs")
    world.run("grant", "revoke", grant["id"]).expect(0, "revoke")
    program.sign(int(key["id"], 16), DIGEST, HASH)
    contains(world.shown(), 'use the key "work"?', "taken back at once")


def test_a_grant_for_an_account_covers_digests(world):
    world.run("grant", "add", "--program", SELF, "--token", "accounts", "--days", "1").expect(0, "grant")
    contains(world.shown(), "that nobody has read", "the warning")
    program = world.program()
    program.login(ACCOUNTS)
    [account] = program.list(ACCOUNTS)
    program.sign(account["object"], DIGEST, HASH)
    program.sign(account["object"], SHA256, b"text")
    equal(world.shown(), "", "nothing was asked")
    decisions = {entry["decision"] for entry in events(world, "program-sign")}
    check(all(decision.startswith("grant:") for decision in decisions), f"logged: {decisions}")


def test_grants_are_for_that_program_only(world):
    key = int(make_key(world)["id"], 16)
    world.run("grant", "add", "--program", "/bin/true", "--key", "work").expect(0, "grant")
    world.shown()
    world.answer(False)
    equal(world.program(program="/bin/true").login(KEYS), "FUNCTION_CANCELED", "what it says of itself counts for nothing")
    equal(world.program(program="/bin/true").try_sign(key, DIGEST, HASH), "USER_NOT_LOGGED_IN", "nor without a login")


def test_a_script_gets_no_grant(world):
    script = world.write("script", "#!/bin/sh\nexit 0\n", 0o700)
    run = world.run("grant", "add", "--program", script, "--token", "keys")
    equal((run.status, "is a script" in run.errors), (1, True), f"the error: {run.errors}")
    equal(world.json("grant", "list")["grants"], [], "grants")
    equal(world.shown(), "", "nobody is asked")


def test_free_logins_do_not_fill_the_log(world):
    program = world.program()
    for _ in range(20):
        equal(program.login(ACCOUNTS), "OK", "login")
        program.logout(ACCOUNTS)
    equal(len(events(world, "program-login")), 1, "lines for twenty logins")
    world.run("lock").expect(0, "lock")
    world.unlock()
    equal(program.login(ACCOUNTS), "OK", "after a lock")
    equal(len(events(world, "program-login")), 2, "a line after a lock")


def test_a_mount_of_its_own_does_not_make_another_program(world):
    key = int(make_key(world)["id"], 16)
    target = os.path.realpath("/bin/true")
    probe = subprocess.run(["unshare", "-m", "mount", "--bind", SELF, target], capture_output=True)
    if probe.returncode != 0:
        raise Skip("no mount namespaces here")
    world.run("grant", "add", "--program", target, "--key", "work").expect(0, "grant")
    world.answer(False)
    world.shown()
    child = run_child(world, f"print(os.readlink('/proc/self/exe'), program.login(1), program.try_sign({key}, 0, bytes(32)))",
                      executable=target, prefix=["unshare", "-m", "sh", "-c", f"mount --bind {SELF} {target} && exec \"$@\"", "x"])
    equal(child_says(child), f"{target} FUNCTION_CANCELED USER_NOT_LOGGED_IN", "no grant")
    contains(world.shown(), "as reported by the program itself", "the question says so")


def test_a_program_that_the_kernel_does_not_name_is_only_reported(world):
    make_key(world)
    copy = world.folder / "copy"
    shutil.copy(SELF, copy)
    child = run_child(world, f"""
os.unlink("{copy}")
later = Program(Folder, program="/opt/bin/ssh")
print(program.tokens, later.tokens, later.login(1))
""", executable=str(copy))
    equal(child_says(child), "3 2 OK", "hidden by the name it gives")
    contains(world.shown(), "asker\t/opt/bin/ssh, as reported by the program itself", "the question")


def make_hiding(prompt=True, settings=()):
    return ProgramWorld(prompt, (f"pkcs11-hide-accounts = other {NAME}", *settings))


def test_hidden_accounts(world):
    world.close()
    hiding = make_hiding()
    try:
        program = hiding.program()
        equal(program.tokens, 2, "only keys")
        equal(program.result(TOKEN, u32(ACCOUNTS)), "TOKEN_NOT_PRESENT", "no token")
        equal(program.result(LIST, u32(ACCOUNTS) + u64(0) + u32(0)), "TOKEN_NOT_PRESENT", "no list")
        equal(program.login(ACCOUNTS), "TOKEN_NOT_PRESENT", "no login")
        equal(program.login(KEYS), "OK", "the other token is there")
        account = hiding.json("key", "list")["keys"][0]
        equal(program.try_sign(int(account["id"], 16), DIGEST, HASH), "KEY_HANDLE_INVALID", "no key")
        equal(program.destroy(int(account["id"], 16)), "KEY_HANDLE_INVALID", "nothing to destroy")
    finally:
        hiding.close()


def test_hidden_ed25519_keys(world):
    world.close()
    hiding = ProgramWorld(True, (f"pkcs11-hide-ed25519 = other {NAME}",))
    try:
        for kind in ("p256", "ed25519"):
            hiding.json("key", "create", "--type", kind, "--name", kind)
        equal([entry["label"] for entry in hiding.program().list(KEYS)], ["p256"], "the keys")
        other = hiding.folder / "copy"
        shutil.copy(SELF, other)
        seen = run_child(hiding, "print(len(Program(Folder).list(1)))", executable=str(other))
        equal(child_says(seen), "2", "another program")
    finally:
        hiding.close()


def test_every_use_is_counted_in_the_log(world):
    program = logged_in(world)
    key = program.generate(KEYS, P256)
    for _ in range(20):
        program.sign(key["object"], DIGEST, HASH)
    program.close()
    decided = len(events(world, "program-sign"))
    counted_ = lambda: decided + sum(entry["count"] for entry in events(world, "program-uses"))  # noqa: E731
    wait_until(lambda: counted_() >= 20, "all signatures")
    equal(counted_(), 20, "signatures")
    uses = events(world, "program-uses")
    equal({(entry["use"], entry["program"]) for entry in uses}, {("digest", SELF)}, "which, and whose")


def test_without_a_cache_every_use_is_decided(world):
    world.close()
    strict = ProgramWorld(settings=("key-cache-seconds = 0",))
    try:
        program = logged_in(strict)
        key = program.generate(KEYS, P256)
        for _ in range(3):
            program.sign(key["object"], DIGEST, HASH)
        equal(len(events(strict, "program-sign")), 3, "decisions")
        equal(strict.json("pkcs11", "status")["programs"][0]["keysInUse"], 0, "nothing stays open")
    finally:
        strict.close()


def test_a_key_is_closed_when_it_was_not_used(world):
    world.close()
    short = ProgramWorld(settings=("key-cache-seconds = 5",))
    try:
        program = logged_in(short)
        key = program.generate(KEYS, P256)
        program.sign(key["object"], DIGEST, HASH)
        equal(short.json("pkcs11", "status")["programs"][0]["keysInUse"], 1, "open")
        wait_until(lambda: short.json("pkcs11", "status")["programs"][0]["keysInUse"] == 0, "closed")
        program.sign(key["object"], DIGEST, HASH)
        equal(len(events(short, "program-sign")), 2, "decided anew")
    finally:
        short.close()


def test_sockets_from_systemd_are_told_apart(world):
    world.stop()
    names = ("pkcs11.sock", "agent.sock")  # not in the order of the agent
    listeners = []
    for name in names:
        listener = socket.socket(socket.AF_UNIX)
        listener.bind(str(world.folder / "run/s" / name))
        listener.listen(8)
        listeners.append(listener)
    agent = BUILD / "sealring-agent"
    pid = os.fork()
    if pid == 0:
        try:
            spare = [os.dup(listener.fileno()) for listener in listeners]
            for number, descriptor in enumerate(spare):
                os.dup2(descriptor, 3 + number)
                os.set_inheritable(3 + number, True)
            os.execve(agent, [str(agent)], dict(world.environment, LISTEN_FDS="2", LISTEN_PID=str(os.getpid())))
        finally:
            os._exit(1)
    try:
        equal(world.json("status")["pid"], pid, "the agent that answers")
        equal(world.program().token(KEYS)["label"], "sealring keys", "programs")
        os.kill(pid, signal.SIGTERM)
    finally:
        os.waitpid(pid, 0)
        for listener in listeners:
            listener.close()
    for name in names:
        check((world.folder / "run/s" / name).exists(), f"{name} is systemd's and stays")
        (world.folder / "run/s" / name).unlink()


def test_status_tells_who_is_there(world):
    program = logged_in(world)
    program.generate(KEYS, P256)
    [entry] = world.json("pkcs11", "status")["programs"]
    equal((entry["program"], entry["confirmed"], entry["pid"], entry["loggedIn"]), (SELF, True, os.getpid(), ["keys"]), "status")
    equal(world.json("status")["programs"], 1, "programs")
    contains(world.run("pkcs11", "status").output, SELF, "for people")


if __name__ == "__main__":
    main("program service", {name: value for name, value in globals().items() if name.startswith("test_")}, ProgramWorld)
