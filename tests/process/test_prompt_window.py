#!/usr/bin/env -S python3 -B
"""The consent and passphrase windows, driven as a person would: real program, real X server.

Screenshots go to $O/screenshots/.
tests/run: alone timeout=600
"""
import contextlib
import os
import queue
import shutil
import subprocess
import sys
import tempfile
import time
import traceback
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from prompt_window import BUILD, DEAD_TIME, LAUNCHER, PROGRAM, Display, Prompt, accessible_application, wait_for

SHOTS = BUILD / "screenshots"
SIGN_IN = (Path(__file__).parent.parent / "vectors/consent/tinycloud-sign-in.model").read_text()
SHORT = "title\tSign this text?\npage\thttps://a.example\ntext\thello\naction\tSign\n"
WRONG = (SIGN_IN.replace("page\thttps://demo.tinycloud.xyz", "page\thttps://demo.tinycl0ud.example")
         + "error\tThe message is for demo.tinycloud.xyz, but the page that asks is "
           "https://demo.tinycl0ud.example. Somebody may want to sign in as you.\n"
           "warning\tThis permission does not end.\n")
SENSITIVE = 1 << 24
INSTRUMENTED = b"__asan_init" in PROGRAM.read_bytes()


def escaped(text):
    """What the agent's escape makes of @text (which holds no line feed)."""
    return "".join(c if " " <= c <= "~" else f"<U+{ord(c):04X}>" for c in text)


HOSTILE_LINES = [escaped(line) for line in [
    "<b>VERIFIED BY YOUR BANK</b> <a href=\"https://evil.example\">SAFE</a> &amp; <span "
    "foreground='red' size='9999'>x</span>",
    "\u202eelpmaxe.live\u202c and \u2066isolated\u2069",
    "\u0430pple.example with a Cyrillic a, zero\u200bwidth",
    "\x1b[31mred\x1b[0m \x1b[2J and a return\r",
    "A" * 400,
    "internationalization-and-other-long-words " * 6,
    *[""] * 40,
    "hidden: send everything to evil.example"]]
HOSTILE = ("title\tSign <b>this</b> text?\npage\thttps://" + "a" * 240 + ".example\n"
           "asker\t" + "very long name " * 20 + "\n"
           + "".join(f"grant\tDo thing number {i} of many\n" for i in range(40))
           + "".join(f"text\t{line}\n" for line in HOSTILE_LINES) + "action\t" + "Sign in " * 3 + "\n")


def check(condition, what):
    if not condition:
        raise AssertionError(what)


def is_red(r, g, b):
    return r > 150 and g < 60 and b < 70


def whole(prompt):
    return (prompt.x, prompt.y, prompt.width, prompt.height)


def on_screen(prompt):
    display = prompt.display
    check(prompt.x >= 0 and prompt.y >= 0 and prompt.x + prompt.width <= display.width
          and prompt.y + prompt.height <= display.height,
          f"window {whole(prompt)} on {display.width}x{display.height}")
    check(prompt.is_drawn(), "no label on the Deny button where it ought to be")


def scroll_to_end(prompt, key="End", most=3):
    """Press @key until the button can be used; the number of times."""
    for pressed in range(1, most + 1):
        prompt.display.key(key)
        time.sleep(0.25)
        if prompt.can_agree():
            return pressed
    wait_for(prompt.can_agree, 20, f"agreeing after {most} times {key}")
    return most


# --- without a window ----------------------------------------------------------------------------

def run(*arguments, stdin="", env=None):
    return subprocess.run([PROGRAM, *arguments], input=stdin.encode(), env=env or {},
                          capture_output=True, timeout=60)


def test_options():
    check(run("--version").stdout.startswith(b"sealring-prompt "), "--version")
    check(b"--passphrase" in run("--help").stdout, "--help")
    for bad in (["--nonsense"], ["--new"], ["model"], ["--display=:1"]):
        result = run(*bad)
        check(result.returncode == 2 and not result.stdout and b"usage" in result.stderr, bad)


def test_no_display():
    for display in ({}, {"DISPLAY": ":654321"}, {"WAYLAND_DISPLAY": "none"}):
        result = run(stdin=SHORT, env=display)
        check(result.returncode == 2, f"status {result.returncode} with {display}")
        check(b"cannot open a display" in result.stderr, result.stderr)
        check(not result.stdout, "output")


def test_malformed_models():
    for model in ("", "nonsense", "title\ta", "text\ta\n", "title\t\x1b[1m\n",
                  "title\t" + "a" * (256 * 1024) + "\n"):
        result = run(stdin=model, env={"DISPLAY": ":654321"})
        check(result.returncode == 2 and b"model" in result.stderr, (model[:20], result.stderr))


# --- the question --------------------------------------------------------------------------------

def test_scroll_and_agree(display):
    with Prompt(display, SIGN_IN) as prompt:
        prompt.settle()
        display.screenshot(SHOTS / "sign-in.png")
        on_screen(prompt)
        check(not prompt.can_agree(), "can agree before the end was seen")
        check(display.pixels().count(whole(prompt), is_red) < 20, "red without an error")
        scroll_to_end(prompt)
        display.screenshot(SHOTS / "sign-in-seen.png")
        prompt.click_action()
        check(prompt.wait() == (0, b""), "agreeing")


def test_page_down(display):
    with Prompt(display, SIGN_IN) as prompt:
        prompt.settle()
        check(scroll_to_end(prompt, "Page_Down", 12) > 1, "one page was enough")
        display.key("Tab", "Return")
        check(prompt.wait()[0] == 0, "agreeing with the keyboard")


def test_wheel(display):
    with Prompt(display, SIGN_IN) as prompt:
        display.wheel_down(prompt.x + 300, prompt.y + prompt.height - 160, 40)
        wait_for(prompt.can_agree, 30, "agreeing after scrolling with the wheel")


def test_no_agreement_before_the_end(display):
    with Prompt(display, SIGN_IN) as prompt:
        prompt.settle()
        prompt.click_action()
        display.key("Tab", "space", "Page_Down")
        prompt.click_action()
        time.sleep(0.5)
        check(prompt.is_waiting(), "a click on the disabled button ended the prompt")
        check(not prompt.can_agree(), "one page of several was enough")


def test_going_back_keeps_the_button(display):
    with Prompt(display, SIGN_IN) as prompt:
        prompt.settle()
        scroll_to_end(prompt)
        display.key("Home")
        time.sleep(0.3)
        check(prompt.can_agree(), "reading again took the button away")


def test_dead_time(display):
    """Everything is visible at once, and the button still needs its time."""
    for _ in range(5):
        with Prompt(display, SHORT) as prompt:
            prompt.click_action()
            time.sleep(0.1)
            if time.monotonic() - prompt.started > DEAD_TIME:
                continue  # too slow a machine to be sure who was faster
            check(prompt.is_waiting(), "agreed within the dead time")
            wait_for(prompt.can_agree, 30, "the button after the dead time")
            prompt.click_action()
            check(prompt.wait()[0] == 0, "agreeing after the dead time")
            return None
    return "the machine is too slow to click within 700 ms"


def test_denying_keys(display):
    for key in ("Return", "KP_Enter", "Escape", "space"):
        with Prompt(display, SIGN_IN) as prompt:
            display.key(key)
            check(prompt.wait() == (1, b""), f"{key} at once")
        with Prompt(display, SHORT) as prompt:
            wait_for(prompt.can_agree, 30, "the button")
            display.key(key)
            check(prompt.wait() == (1, b""), f"{key} when the button can be used")


def test_closing(display):
    with Prompt(display, SHORT) as prompt:
        display.ask_to_close(prompt.window)
        check(prompt.wait() == (1, b""), "closing the window")


def test_killed_server():
    with Display(800, 600) as display, Prompt(display, SHORT) as prompt:
        display.processes[0].kill()
        check(prompt.wait()[0] != 0, "status 0 after the display went away")


def test_remember(display):
    with Prompt(display, SIGN_IN) as prompt:
        prompt.settle()
        display.click(prompt.x + 28, prompt.y + prompt.height - 78)
        scroll_to_end(prompt)
        display.screenshot(SHOTS / "remember.png")
        prompt.click_action()
        check(prompt.wait() == (0, b"remember\n"), "remember was ticked")
    with Prompt(display, SIGN_IN) as prompt:
        display.click(prompt.x + 28, prompt.y + prompt.height - 78)
        display.key("Escape")
        check(prompt.wait() == (1, b""), "remember was ticked, then denied")


def test_errors(display):
    with Prompt(display, WRONG) as prompt:
        prompt.settle()
        display.screenshot(SHOTS / "error.png")
        on_screen(prompt)
        band = (prompt.x + 20, prompt.y, prompt.width - 60, 90)
        check(display.pixels().count(band, is_red) > 8000, "no red band at the top")
        scroll_to_end(prompt)
        check(display.pixels().count(prompt.action_box(), is_red) > 2000, "button is not red")
        display.screenshot(SHOTS / "error-seen.png")
        display.key("Return")
        check(prompt.wait()[0] == 1, "Return with an error")


def test_hostile(display):
    with Prompt(display, HOSTILE) as prompt:
        prompt.settle()
        display.screenshot(SHOTS / "hostile.png")
        on_screen(prompt)
        pressed = 0
        while not prompt.can_agree():
            check(pressed < 60, "the end is never reached")
            display.key("Page_Down")
            pressed += 1
            if pressed == 7:
                display.screenshot(SHOTS / "hostile-middle.png")
        check(pressed > 6, f"{pressed} pages for 40 grants and 60 rows")
        display.screenshot(SHOTS / "hostile-end.png")


def test_small_screen():
    for width, height in ((1024, 600), (800, 480)):
        with Display(width, height) as display:
            for name, model in (("sign-in", SIGN_IN), ("error", WRONG), ("hostile", HOSTILE)):
                with Prompt(display, model) as prompt:
                    prompt.settle()
                    display.screenshot(SHOTS / f"{name}-{width}x{height}.png")
                    on_screen(prompt)
                    scroll_to_end(prompt)


def test_dark_theme(display):
    dark = {"GTK_THEME": "Adwaita:dark"}
    with Prompt(display, WRONG, env=dark) as prompt:
        prompt.settle()
        display.screenshot(SHOTS / "error-dark.png")
        check(max(display.pixels().at(prompt.x + 4, prompt.y + 300)) < 90, "not dark")
        scroll_to_end(prompt)
    with Prompt(display, SIGN_IN, env=dark) as prompt:
        prompt.settle()
        display.screenshot(SHOTS / "sign-in-dark.png")


def test_largest_model(display):
    """GTK lays such a text out in the background: its end must not seem near before that."""
    line = "text\t" + "x" * 194 + "\n"
    model = SHORT + line * ((256 * 1024 - len(SHORT)) // len(line))
    with Prompt(display, model) as prompt:
        end = time.monotonic() + DEAD_TIME + 1
        while time.monotonic() < end:
            check(not prompt.can_agree(), "could agree while the text was laid out")
        prompt.click_action()
        time.sleep(0.2)
        check(prompt.is_waiting(), "agreed while the text was laid out")
        wait_for(lambda: display.key("End") or prompt.can_agree(), 120, "agreeing at the end")


def test_trailing_spaces(display):
    """Pango lets a space hang over the edge; the end must be found all the same."""
    model = SHORT + f"text\t{' ' * 5000}end\n" + "text\tw\n" * 3
    with Prompt(display, model) as prompt:
        prompt.settle()
        check(not prompt.can_agree(), "5000 spaces were taken for nothing")
        display.screenshot(SHOTS / "spaces.png")
        scroll_to_end(prompt)


def test_no_hyphens(display):
    """Full rows of one letter repeat from edge to edge; a hyphen where a row is wrapped would not."""
    with Prompt(display, SHORT.replace("hello", "n" * 400)) as prompt:
        wait_for(prompt.can_agree, 30, "the button")
        pixels = display.pixels()
        bottom = prompt.y + prompt.height - 160
        rows = range(bottom - 40, bottom)
        columns = [[max(pixels.at(x, y)) < 110 for y in rows]
                   for x in range(prompt.x + 55, prompt.x + prompt.width - 25)]
        inked = [i for i, column in enumerate(columns) if any(column)]
        row = columns[inked[0]:inked[-1] + 1]
        check(len(row) > 480, f"a row is {len(row)} pixels wide")
        check(any(row[width:] == row[:-width] for width in range(5, 20)),
              "something else than the letter stands in the rows")


def processor_time(pid):
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def test_start_up(display):
    seconds, used = [], []
    for _ in range(3):
        with Prompt(display, SIGN_IN) as prompt:
            seconds.append(prompt.shown - prompt.started)
            used.append(processor_time(prompt.process.pid))
    print(f"# first visible window after {min(seconds) * 1000:.0f} ms, {min(used) * 1000:.0f} ms of the processor")
    check(min(used) < (20 if INSTRUMENTED else 2), f"start-up took {used} of the processor")
    check(min(seconds) < (5 if INSTRUMENTED else 0.6), f"start-up took {seconds}")


def test_starts_nothing(display):
    with Prompt(display, SHORT) as prompt:
        time.sleep(0.5)
        pid = prompt.process.pid
        children = "".join(p.read_text() for p in Path(f"/proc/{pid}/task").glob("*/children"))
        check(not children.strip(), f"started {children}")
        if os.getuid() != 0:
            return "no process was started; needs root to look at the sockets of a non-dumpable process"
        links = [os.readlink(fd) for fd in Path(f"/proc/{pid}/fd").iterdir()]
        sockets = {link[8:-1] for link in links if link.startswith("socket:[")}
        check(sockets, "not even the display's connection was found")
        for table in ("tcp", "tcp6", "udp", "udp6", "raw", "raw6", "netlink", "packet"):
            path = Path(f"/proc/{pid}/net/{table}")
            lines = path.read_text().splitlines()[1:] if path.exists() else []
            inodes = {line.split()[8 if table == "packet" else 9] for line in lines}
            check(not sockets & inodes, f"holds a socket of {table}")


# --- assistive technology -------------------------------------------------------------------------

def test_accessible_text():
    """What a screen reader is told: all texts, and of the message each character and no other."""
    with Display(1366, 768, accessible=True) as display, Prompt(display, HOSTILE) as prompt:
        nodes = [(node.role(), node) for node in accessible_application(display).walk()]
        labels = [node.label() for role, node in nodes if role == "label"]
        texts = [node.text() for role, node in nodes if role == "text box"]
        buttons = {node.label(): node.states() for role, node in nodes if role == "button"}
        check(texts == ["\n".join(HOSTILE_LINES)], "the full text differs from the model's")
        for line in HOSTILE.splitlines():
            name, text = line.split("\t")
            if name in ("title", "page", "grant", "asker"):
                check(text in labels, f"{name} is not shown as it is: {text[:40]}")
        check(any("hidden or unusual" in label for label in labels), "escapes are not counted")
        check(set(buttons) == {"Deny", "Sign in " * 3}, f"buttons {list(buttons)}")
        check(buttons["Deny"] & SENSITIVE and not buttons["Sign in " * 3] & SENSITIVE,
              "states of the buttons")
        check(prompt.is_waiting(), "asking an accessible object ended the prompt")


# --- passphrases ----------------------------------------------------------------------------------

PASSPHRASE = ("title\tPassphrase for the vault\nasker\tsealring unlock, a program\n"
              "action\tUnlock\n")


def type_text(display, text):
    display.type(text)
    time.sleep(0.3)


def test_passphrase(display):
    for text in ("correct horse", "a\"'\\$`<b>&%s ", "Gr\u00fc\u00dfe\u20ac"):
        with Prompt(display, PASSPHRASE, "--passphrase") as prompt:
            time.sleep(0.3)
            type_text(display, text)
            display.screenshot(SHOTS / "passphrase.png")
            display.key("Return")
            check(prompt.wait() == (0, text.encode()), f"typed {text!r}")


def test_passphrase_cancelled(display):
    with Prompt(display, PASSPHRASE, "--passphrase") as prompt:
        type_text(display, "secret")
        display.key("Escape")
        check(prompt.wait() == (1, b""), "Escape")
    with Prompt(display, PASSPHRASE, "--passphrase") as prompt:
        time.sleep(0.3)
        display.key("Return")
        time.sleep(0.3)
        check(prompt.is_waiting(), "an empty passphrase was accepted")
        display.ask_to_close(prompt.window)
        check(prompt.wait() == (1, b""), "closing")


def test_new_passphrase(display):
    with Prompt(display, PASSPHRASE, "--passphrase", "--new") as prompt:
        time.sleep(0.3)
        type_text(display, "first")
        display.key("Return")
        display.key("Tab")
        type_text(display, "fist")
        display.key("Return")
        time.sleep(0.3)
        display.screenshot(SHOTS / "passphrase-new.png")
        check(prompt.is_waiting(), "two different passphrases were accepted")
        display.key("BackSpace", "BackSpace")
        type_text(display, "rst")
        display.key("Return")
        check(prompt.wait() == (0, b"first"), "the same twice")


def test_memory_is_protected():
    """Run as an ordinary user: what debuggers and core dumps may read shows in /proc."""
    as_user = ["setpriv", "--reuid", "65534", "--clear-groups"] if os.getuid() == 0 else []
    with tempfile.TemporaryDirectory() as folder:
        os.chmod(folder, 0o755)
        copy = shutil.copy(PROGRAM, folder)
        owners = {}
        for command in ([copy, "--passphrase"], ["cat"]):
            process = subprocess.Popen([*as_user, *command], stdin=subprocess.PIPE,
                                       stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            name = Path(command[0]).name
            proc = Path(f"/proc/{process.pid}")
            wait_for(lambda: (proc / "comm").read_text().strip() == name, 30, name)
            end = time.monotonic() + 10
            while name != "cat" and (proc / "mem").stat().st_uid != 0 and time.monotonic() < end:
                time.sleep(0.05)  # it has just begun
            owners[name] = (proc / "mem").stat().st_uid
            limits = (proc / "limits").read_text()
            process.communicate(b"")
            if name != "cat":
                core = next(line for line in limits.splitlines() if "core file size" in line)
                check(core.split()[4:6] == ["0", "0"], core)
    check(owners["cat"] == (65534 if as_user else os.getuid()), "this test sees nothing")
    check(owners["sealring-prompt"] == 0, "its memory is open to the user's other programs")


CASES = [
    ("options", test_options),
    ("without a display the status is 2", test_no_display),
    ("malformed models have status 2", test_malformed_models),
    ("scrolled to the end, then agreed", test_scroll_and_agree),
    ("pages and keyboard only", test_page_down),
    ("mouse wheel", test_wheel),
    ("agreeing is impossible before the end", test_no_agreement_before_the_end),
    ("going back keeps the button", test_going_back_keeps_the_button),
    ("agreeing is impossible for 700 ms", test_dead_time),
    ("Return, Enter, Escape and space deny", test_denying_keys),
    ("closing denies", test_closing),
    ("a display that goes away denies", test_killed_server),
    ("remember is written only when ticked and agreed", test_remember),
    ("errors stand in a red band", test_errors),
    ("hostile text fits and needs all its pages", test_hostile),
    ("small screens show the buttons", test_small_screen),
    ("dark theme", test_dark_theme),
    ("256 KiB cannot be agreed to before they are laid out", test_largest_model),
    ("spaces count", test_trailing_spaces),
    ("wrapping adds no hyphens", test_no_hyphens),
    ("start-up time", test_start_up),
    ("starts no process and opens no network socket", test_starts_nothing),
    ("assistive technology is told every character", test_accessible_text),
    ("passphrase: exactly the typed bytes", test_passphrase),
    ("passphrase: cancelled", test_passphrase_cancelled),
    ("passphrase: a new one twice", test_new_passphrase),
    ("no core dump, no debugger", test_memory_is_protected),
]


def run_case(test, display):
    """None when it passed, ("skip" or "fail", why) otherwise."""
    if test is test_accessible_text and not os.path.exists(LAUNCHER):
        return "skip", f"{LAUNCHER} is not installed"
    try:
        needs_display = test.__code__.co_argcount == 1
        reason = test(display) if needs_display else test()
        return reason and ("skip", reason)
    except (AssertionError, OSError, subprocess.SubprocessError):
        return "fail", traceback.format_exc()


def run_cases(cases):
    """Yield what came out, in the order of @cases: those that measure time one by one, the others on two displays."""
    with Display(1366, 768) as one, Display(1366, 768) as other, ThreadPoolExecutor(2) as pool:
        timed = {test: run_case(test, one) for _, test in cases if test in (test_dead_time, test_start_up)}
        displays = queue.SimpleQueue()
        displays.put(one)
        displays.put(other)

        def run_somewhere(test):
            display = displays.get()
            try:
                return run_case(test, display)
            finally:
                displays.put(display)
        running = {test: pool.submit(run_somewhere, test) for _, test in cases if test not in timed}
        for _, test in cases:
            yield timed[test] if test in timed else running[test].result()


def main():
    SHOTS.mkdir(parents=True, exist_ok=True)
    chosen = [case for case in CASES if not sys.argv[1:] or sys.argv[1] in case[0]]
    failed = 0
    print(f"1..{len(chosen)}", flush=True)
    with contextlib.closing(run_cases(chosen)) as outcomes:
        for number, (name, _) in enumerate(chosen, 1):
            outcome = next(outcomes)
            if not outcome:
                print(f"ok {number} - {name}", flush=True)
            elif outcome[0] == "skip":
                print(f"ok {number} - {name} # SKIP {outcome[1]}", flush=True)
            else:
                failed += 1
                print(f"not ok {number} - {name}")
                print("# " + outcome[1].replace("\n", "\n# "), flush=True)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
