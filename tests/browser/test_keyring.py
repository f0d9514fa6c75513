#!/usr/bin/env -S python3 -B
"""The key is in a real gnome-keyring, and the agent is started by the browser's host, with what the browser left of
the session's environment: Chromium says that there is no bus when it was not told of one."""
import os

from browser_world import ADDRESS_ONE, Desk, Skip, check, equal, failed, main, succeeded
from keyring import Bus, Home, Keyring, missing_program


class KeyringDesk(Desk):
    """Its bus is where login managers put it, in XDG_RUNTIME_DIR, and no variable names it."""

    def prepare(self):
        if absent := missing_program("dbus-daemon", "dbus-send", "gnome-keyring-daemon"):
            raise Skip(f"{absent} is not installed")
        home = self.stack.enter_context(Home())
        self.bus = self.stack.enter_context(Bus(home))
        self.keyring = self.stack.enter_context(Keyring(self.bus))
        os.symlink(self.bus.socket, self.folder / "run/bus")
        path = self.folder / "config/sealring/sealring.conf"
        path.write_text(path.read_text().replace("store = vault", "store = auto"))


def test_a_person_signs_in_with_a_key_of_the_keyring(desk, browser):
    desk.server.need_libraries()
    desk.stop()
    site = desk.site(browser, path="/viem").connect()
    signed = site.tab.run("return dapp.signIn(messageOf)")
    equal((signed["address"], signed["verified"]), (ADDRESS_ONE, True), f"signed {signed}")
    store = desk.json("status")["store"]
    equal((store["name"], store["state"]), ("secret-service", "open"), "the store")
    check(not (desk.folder / "data/sealring/vault.db").exists(), "there is a vault")


def test_a_locked_keyring_is_4100_and_works_once_it_is_unlocked(desk, browser):
    site = desk.site(browser).connect()
    desk.stop()
    desk.bus.lock()
    failed(site.ask("personal_sign", ["0x61", ADDRESS_ONE]), 4100, "STORE_LOCKED")
    desk.keyring.kill()
    desk.keyring.start()
    check(succeeded(site.ask("personal_sign", ["0x61", ADDRESS_ONE])).startswith("0x"), "no signature")


if __name__ == "__main__":
    main("keyring", dict(globals()), KeyringDesk)
