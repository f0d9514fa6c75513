#!/usr/bin/env python3
"""What an extension does not want to ask any more: its window closes, the others' questions come up."""
import cli_world
from agent_world import AgentWorld, frame
from cli_world import PAGE, check, equal, is_running
from keyring_world import wait_until

OTHER_PAGE = "https://other.example.com"
HANGING = """#!/bin/sh
cat >/dev/null
echo $$ >>"{folder}/windows"
[ ! -e "{folder}/hang" ] || exec sleep 60
"""


class CancelWorld(AgentWorld):
    """Its prompt says who it is; while there is a file "hang", it waits for a user who does not come."""

    def __init__(self):
        super().__init__()
        self.port = self.browser()
        self.write("prompt", HANGING.format(folder=self.folder), 0o700)
        self.write("hang", "")

    def windows(self):
        path = self.folder / "windows"
        return [int(line) for line in path.read_text().split()] if path.exists() else []

    def open_windows(self):
        return [pid for pid in self.windows() if is_running(pid)]

    def ask(self, port=None, origin=PAGE):
        """A question is sent; its request."""
        return (port or self.port).send("personal_sign", ["0x61", cli_world.ADDRESS_ONE], origin)

    def window(self):
        wait_until(lambda: len(self.open_windows()) == 1, "a window")
        return self.open_windows()[0]

    def cancel(self, request, port=None):
        """Returns the answers to the request and to the cancellation."""
        number = (port or self.port).send("sealring.cancel", {"id": request}, None)
        replies = {reply["id"]: reply for reply in ((port or self.port).receive(), (port or self.port).receive())}
        return replies[request], replies[number]


def test_a_question_that_is_withdrawn_closes_and_is_answered(world):
    request = world.ask()
    window = world.window()
    answer, cancelled = world.cancel(request)
    equal((answer["error"]["code"], answer["error"]["data"]["reason"], cancelled["result"]), (4001, "USER_REJECTED", None), "the answers")
    wait_until(lambda: not is_running(window), "the end of the window")
    equal(world.json("status")["promptsWaiting"], 0, "questions")


def test_a_question_that_waits_behind_another_is_never_shown(world):
    first = world.ask()
    world.window()
    second, third = world.ask(origin=OTHER_PAGE), world.ask()
    equal(world.cancel(second)[0]["error"]["data"]["reason"], "NOT_GRANTED", "a page without an account is not asked about")
    equal(world.cancel(third)[0]["error"]["data"]["reason"], "USER_REJECTED", "the answer")
    (world.folder / "hang").unlink()
    world.cancel(first)
    equal(len(world.windows()), 1, "windows in all")


def test_an_extension_sees_how_many_questions_of_its_own_wait(world):
    status = lambda port, origin=None: port.result("sealring.status", None, origin)  # noqa: E731
    other = world.browser("p" * 32, connect=False)
    requests = [world.ask(), world.ask()]
    world.window()
    equal(status(other)["promptsWaiting"], 0, "another extension's")
    second = world.browser(connect=False)
    equal(status(second)["promptsWaiting"], 2, "its own, on another port")
    check("promptsWaiting" not in status(second, PAGE), "a page is told nothing")
    for request in requests:
        world.cancel(request)
    equal(status(second)["promptsWaiting"], 0, "afterwards")


def test_the_next_question_comes_up_when_one_is_withdrawn(world):
    first = world.ask()
    window = world.window()
    second = world.ask()
    world.cancel(first)
    wait_until(lambda: world.open_windows() not in ([], [window]), "the next window")
    equal(world.cancel(second)[0]["error"]["data"]["reason"], "USER_REJECTED", "the answer")


def test_there_is_nothing_to_cancel_of_what_is_answered_unknown_or_anothers(world):
    answered = world.port.send("eth_chainId", [])
    world.port.receive()
    other = world.browser(connect=False)
    request = world.ask()
    world.window()
    other.last_id = request
    for number in (answered, 10 ** 9, other.last_id + 1, str(request), f"{request}.0"):
        equal(world.port.result("sealring.cancel", {"id": number}, None), None, f"of {number!r}")
    equal(other.result("sealring.cancel", {"id": request}, None), None, "another client's of the same number")
    check(world.open_windows(), "the question is still there")
    world.cancel(request)


def test_ids_that_are_text_are_told_from_numbers(world):
    world.port.send_bytes(frame({"jsonrpc": "2.0", "id": "a\"1", "method": "personal_sign", "params": ["0x61", cli_world.ADDRESS_ONE], "origin": PAGE}))
    world.window()
    equal(world.cancel('a"1')[0]["error"]["data"]["reason"], "USER_REJECTED", "the answer")


def test_a_cancellation_that_names_no_request_is_refused(world):
    for params in (None, {}, {"id": None}, {"id": 1.5}, {"id": [1]}, {"id": "x" * 65}, {"id": 1, "why": "x"}):
        equal(world.port.reason("sealring.cancel", params, None), "INVALID_PARAMS", str(params)[:40])


def test_a_page_cancels_nothing(world):
    request = world.ask()
    world.window()
    equal(world.port.reason("sealring.cancel", {"id": request}), "NOT_GRANTED", "in a page's name")
    check(world.open_windows(), "the question is still there")


def test_who_shows_and_withdraws_again_and_again_is_silenced_and_no_other(world):
    (world.folder / "hang").unlink()
    world.port.result("eth_requestAccounts", [], OTHER_PAGE)
    world.write("hang", "")
    for _ in range(3):
        request = world.ask()
        world.window()
        world.cancel(request)
        wait_until(lambda: not world.open_windows(), "the end of the window")
    equal(world.port.reason("personal_sign", ["0x61", cli_world.ADDRESS_ONE]), "BUSY", "the fourth time")
    request = world.ask(origin=OTHER_PAGE)
    world.window()
    equal(world.cancel(request)[0]["error"]["data"]["reason"], "USER_REJECTED", "another page is asked for")


if __name__ == "__main__":
    cli_world.main("cancel", dict(globals()), CancelWorld)
