#!/usr/bin/env -S python3 -B
"""Programs that use the module as no program should, and that are killed; an agent that is killed."""
import os
import signal
import subprocess
import time

from client_world import BUILD, INSTRUMENTED, ClientWorld, Skip, check, contains, equal, main, wait_until

APPLICATION = BUILD / "tests/support_programs/pkcs11_application"
LOST = {"0x30", "0x32", "0xe0", "0xb3", "0x101"}  # DEVICE_ERROR, DEVICE_REMOVED, TOKEN_NOT_PRESENT, …


class HostileWorld(ClientWorld):
    def set_up(self):
        super().set_up()
        self.make_key("p256", "Work")

    def application(self, scenario, **options):
        return self.call(APPLICATION, self.module, scenario, **options)

    def signing(self):
        """The application that signs until something goes wrong, already signing."""
        process = subprocess.Popen([APPLICATION, self.module, "forever"], env=self.environment, cwd=self.work,
                                   stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True)
        equal(process.stdout.readline(), b"signing\n", "the application")
        return process

    def connections(self):
        """What the agent knows of programs, and (where root may look) how many files it has open: also that of the
        command that asked it, if it has not seen its end yet."""
        programs = self.json("pkcs11", "status")["programs"]
        return len(programs), len(os.listdir(f"/proc/{self.agent_pid()}/fd")) if os.geteuid() == 0 else 0


def test_wrong_order_is_answered_by_the_right_error(world):
    world.application("order")


def test_absurd_handles_are_refused(world):
    world.application("handles")


def test_ten_thousand_sessions(world):
    world.application("sessions")


def test_no_descriptor_left_is_not_the_end(world):
    world.application("descriptors")


def test_two_threads_on_one_session(world):
    world.application("threads")


def test_children_start_anew_wherever_they_were_forked(world):
    world.application("fork")


def test_children_of_a_program_with_threads(world):
    world.application("fork-with-threads")


def test_every_way_to_end(world):
    for scenario in ("exit", "exit-late", "unload"):
        world.application(scenario)


def test_programs_that_are_killed_leave_nothing_in_the_agent(world):
    before = min(world.connections() for _ in range(10))
    for step in range(12):
        process = world.signing()
        time.sleep(step * 0.003)
        process.kill()
        process.communicate()
    wait_until(lambda: world.connections() == before, f"programs and open files of the agent stay at {world.connections()}")
    world.application("ordinary")


def test_an_agent_that_is_killed_is_an_error_and_the_next_one_is_used(world):
    process = world.signing()
    try:
        for _ in range(2):
            world.kill()
            result = process.stdout.readline().decode().strip()
            check(result in LOST, f"C_Sign said {result}")
            world.unlock()
            process.stdin.write(b"again\n")
            process.stdin.flush()
            equal(process.stdout.readline(), b"signing\n", "with the next agent")
    finally:
        process.kill()
        process.communicate()


def test_an_agent_that_does_not_answer_is_given_up_in_time(world):
    process = world.signing()
    pid = world.agent_pid()
    started = time.monotonic()
    os.kill(pid, signal.SIGSTOP)
    try:
        result = process.stdout.readline().decode().strip()
        seconds = time.monotonic() - started
        equal(result, "0x30", "C_Sign")
        check(4 < seconds < 12, f"after {seconds:.1f} s")
    finally:
        os.kill(pid, signal.SIGCONT)
        process.kill()
        process.communicate()


def test_locking_ends_a_login_at_once(world):
    process = world.signing()
    try:
        world.run("lock").expect(0, "lock")
        result = process.stdout.readline().decode().strip()
        check(result in LOST | {"0x60", "0x82"}, f"C_Sign said {result}")
    finally:
        process.kill()
        process.communicate()
        world.unlock()


def test_valgrind_finds_no_error_and_no_leak(world):
    if INSTRUMENTED:
        raise Skip("valgrind does not run what is built with sanitizers")
    if not os.path.exists("/usr/bin/valgrind"):
        raise Skip("valgrind is not installed")
    report = world.folder / "valgrind"
    world.call("valgrind", f"--log-file={report}", "--leak-check=full", "--show-leak-kinds=all", "--track-fds=yes",
               "--error-exitcode=9", "--errors-for-leak-kinds=definite,possible", "--keep-debuginfo=yes", APPLICATION, world.module,
               "ordinary", timeout=250)
    text = report.read_text()
    contains(text, "ERROR SUMMARY: 0 errors", "valgrind")
    check("sealring-pkcs11" not in text.split("HEAP SUMMARY")[1].replace("Command:", ""), f"the module left memory: {text[-1500:]}")


def test_zeros_and_absurd_numbers_do_no_harm(world):
    world.answer(False)  # last, because a program that is refused so often is not heard for a while
    world.application("zeros")


if __name__ == "__main__":
    main("hostile", globals(), [APPLICATION], HostileWorld, foreign=False)
