#!/usr/bin/env -S python3 -B
"""sealring at a terminal: passphrases that are not shown, and questions answered by typing."""
import os
import signal
import time

from cli_world import ADDRESS_ONE, KEY_ONE, PASSPHRASE, World, check, contains, equal, main, message, terminal

ASK = "Type yes to agree"


def make_world():
    return World(prompt=False)


def unlocked(world):
    world.unlock()
    world.import_key()
    return world


def test_a_new_vault_passphrase_is_asked_twice_and_never_shown(world):
    with terminal(world, "unlock") as session:
        session.wait_for("vault: ")
        check(not session.echoes(), "the terminal shows what is typed")
        session.type("first try\n")
        session.wait_for("again: ")
        session.type("another one\n")
        session.wait_for("differ")
        for question in ("vault: ", "again: "):
            session.wait_for(question)
            session.type(PASSPHRASE + "\n")
        text = session.end()
        equal(session.status, 0, f"unlock ({text!r})")
        check(session.echoes(), "the terminal stays without echo")
        contains(text, "vault, open", "status")
        check(PASSPHRASE not in text, "the passphrase was shown")
    world.run("lock").expect(0, "lock")
    with terminal(world, "unlock") as session:
        session.wait_for("vault: ")
        session.type(PASSPHRASE + "\n")
        text = session.end()
        equal(session.status, 0, f"unlock of an old vault ({text!r})")
        check("again" not in text, "an old passphrase is asked twice")


def test_ctrl_c_end_of_input_and_nothing_are_a_no(world):
    for typed in ("\x03", "\x04", "\n"):
        with terminal(world, "unlock") as session:
            session.wait_for("vault: ")
            session.type(typed)
            session.end()
            equal(session.status, 3, f"after {typed!r}")
            check(session.echoes(), f"after {typed!r} the terminal stays without echo")
    equal(world.json("status")["store"]["state"], "empty", "the vault")


def test_a_signal_puts_the_terminal_back(world):
    for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT):
        with terminal(world, "unlock") as session:
            session.wait_for("vault: ")
            check(not session.echoes(), "the terminal shows what is typed")
            os.kill(session.pid, number)
            session.end()
            equal(session.status, -number, "status")
            check(session.echoes(), f"after {number.name} the terminal stays without echo")


def test_a_stopped_question_is_asked_again(world):
    with terminal(world, "unlock") as session:
        session.wait_for("vault: ")
        os.kill(session.pid, signal.SIGTSTP)
        # The session has no shell that would look after the stopped job: the kernel lets it go on.
        time.sleep(0.3)
        os.kill(session.pid, signal.SIGCONT)
        session.wait_for("vault: ")
        session.type(PASSPHRASE + "\n")
        session.wait_for("again: ")
        session.type(PASSPHRASE + "\n")
        session.end()
        equal(session.status, 0, "unlock")


def test_what_was_typed_before_the_question_does_not_count(world):
    unlocked(world)
    with terminal(world, "key", "delete", "One") as session:
        session.type("yes\n")
        session.wait_for(ASK)
        session.type("no\n")
        session.end()
        equal(session.status, 3, "key delete")
    equal(len(world.json("key", "list")["keys"]), 1, "keys")


def test_only_yes_agrees(world):
    unlocked(world)
    for typed, status in (("\n", 3), ("y\n", 3), ("no\n", 3), ("\x04", 3), ("\x03", 3), ("yes please\n", 3),
                          ("YES\n", 0)):
        with terminal(world, "key", "delete", "One") as session:
            shown = session.wait_for(ASK)
            contains(shown, "One", "the question")
            session.type(typed)
            text = session.end()
            equal(session.status, status, f"after {typed[:20]!r} ({text[-200:]!r})")
    equal(world.json("key", "list")["keys"], [], "keys")


def test_a_line_that_is_too_long_is_asked_for_again(world):
    with terminal(world, "unlock") as session:
        session.wait_for("vault: ")
        session.type("x" * 2000 + "\n")
        session.wait_for("too long")
        for question in ("vault: ", "again: "):
            session.wait_for(question)
            session.type("x" * 1024 + "\n")
        session.end()
        equal(session.status, 0, "unlock")


def test_a_sign_in_is_shown_and_signed(world):
    unlocked(world)
    file = world.write("message", message())
    with terminal(world, "siwe", "sign", str(file)) as session:
        shown = session.wait_for(ASK)
        for part in ("app.example.com", ADDRESS_ONE, "Nonce: abcdefgh12345678"):
            contains(shown, part, "the question")
        check(all(len(line.rstrip("\r")) <= 80 for line in shown.split("\n")), "a line is wider than the terminal")
        session.type("yes\n")
        text = session.end()
        equal(session.status, 0, "siwe sign")
        contains(text, "\n0x", "the signature")


def test_a_locked_vault_is_unlocked_on_the_way(world):
    unlocked(world)
    world.run("agent", "stop").expect(0, "agent stop")
    with terminal(world, "key", "list") as session:
        session.wait_for("Passphrase: ")
        check(not session.echoes(), "the terminal shows what is typed")
        session.type(PASSPHRASE + "\n")
        text = session.end()
        equal(session.status, 0, f"key list ({text!r})")
        contains(text, ADDRESS_ONE, "key list")


def test_a_private_key_is_typed_without_being_shown(world):
    world.unlock()
    with terminal(world, "key", "import", "--name", "Typed") as session:
        session.wait_for("digits): ")
        session.type(KEY_ONE + "\n")
        text = session.end()
        equal(session.status, 0, f"key import ({text!r})")
        contains(text, ADDRESS_ONE, "key import")
        check(KEY_ONE not in text, "the key was shown")


def test_exporting_to_the_terminal_warns(world):
    unlocked(world)
    with terminal(world, "key", "export", "One", "--format", "hex") as session:
        session.wait_for("warning")
        session.wait_for(ASK)
        session.type("yes\n")
        contains(session.end(), KEY_ONE, "the key")
        equal(session.status, 0, "key export")


def test_a_withdrawn_question_ends(world):
    world.write("config/sealring/sealring.conf", "store = vault\nscrypt-log2-n = 15\nprompt-timeout-seconds = 3\n")
    unlocked(world)
    with terminal(world, "key", "delete", "One") as session:
        session.wait_for(ASK)
        text = session.end()
        equal(session.status, 3, f"after the time-out ({text!r})")
        contains(text, "withdrawn", "key delete")
        check(session.echoes(), "the terminal stays without echo")
    equal(len(world.json("key", "list")["keys"]), 1, "keys")


def test_a_killed_agent_ends_the_question(world):
    unlocked(world)
    pid = world.agent_pid()
    with terminal(world, "key", "delete", "One") as session:
        session.wait_for(ASK)
        os.kill(pid, signal.SIGKILL)
        session.end()
        equal(session.status, 4, "after the agent died")
    world.unlock()
    equal(len(world.json("key", "list")["keys"]), 1, "keys")


def test_without_a_terminal_and_a_prompt_the_answer_is_no(world):
    unlocked(world)
    run = world.run("key", "delete", "One", "--json").expect(3, "key delete")
    equal(run.json["error"]["data"]["reason"], "NO_PROMPT", "reason")
    contains(world.run("key", "delete", "One").expect(3, "key delete").errors, "prompt-command", "advice")
    world.run("agent", "stop").expect(0, "agent stop")
    run = world.run("key", "list")
    equal((run.status, run.errors), (4, "sealring: sealring is locked; unlock it with: sealring unlock\n"), "key list of a locked vault")


if __name__ == "__main__":
    main("cli at a terminal", globals(), make_world)
