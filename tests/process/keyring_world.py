"""A world whose keys are in a real gnome-keyring, on a bus of its own."""
import contextlib
import sys
from pathlib import Path

from agent_world import AgentWorld

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "support"))
from keyring import Bus, Home, Keyring, missing_program, wait_until  # noqa: E402

__all__ = ["KeyringWorld", "wait_until"]


class KeyringWorld(AgentWorld):
    """A world on a bus of its own with an unlocked gnome-keyring; its agent uses store = auto."""

    def __init__(self, settings=()):
        absent = missing_program("dbus-daemon", "dbus-send", "gnome-keyring-daemon")
        self.stack = contextlib.ExitStack()
        super().__init__(settings=settings, setup=False)
        if absent:
            self.skip = f"{absent} is not installed"
            return
        self.skip = None
        self.home = self.stack.enter_context(Home())
        self.bus = self.stack.enter_context(Bus(self.home))
        self.keyring = self.stack.enter_context(Keyring(self.bus))
        self.environment["DBUS_SESSION_BUS_ADDRESS"] = self.bus.address
        self.configure("auto")

    def configure(self, store):
        path = self.folder / "config/sealring/sealring.conf"
        path.write_text(path.read_text().replace("store = vault", f"store = {store}"))

    def items(self):
        """Number of sealring's items in the keyring."""
        reply = self.bus.call("org.freedesktop.secrets", "/org/freedesktop/secrets/collection/login",
                              "org.freedesktop.Secret.Collection.SearchItems", "dict:string:string:kind,key")
        return reply.count("/org/freedesktop/secrets/collection/login/") if reply else 0

    def close(self):
        try:
            super().close()
        finally:
            self.stack.close()
