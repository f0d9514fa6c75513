#!/usr/bin/env -S python3 -B
"""Node.js: pkcs11js and graphene-pk11 sign for Ethereum."""
import shutil

from client_world import BUILD, ROOT, ClientWorld, contains, equal, main

FOLDER = BUILD / "node-clients"  # filled by tests/clients/node/install
NATIVE = FOLDER / "node_modules/pkcs11js/build/Release/pkcs11.node"


def why_not():
    missing = FOLDER / "missing"
    return missing.read_text().strip() if missing.exists() else f"run tests/clients/node/install {BUILD.name}"


class NodeWorld(ClientWorld):
    def set_up(self):
        super().set_up()
        shutil.copy(ROOT / "tests/clients/node/ethereum.mjs", self.work)
        (self.work / "node_modules").symlink_to(FOLDER / "node_modules")
        self.address = self.json("key", "list")["keys"][0]["address"]

    def ethereum(self, way, **options):
        return self.call("node", "ethereum.mjs", way, self.module, self.address, **options)


def said(run):
    return dict(line.split(": ", 1) for line in run.output.splitlines())


def test_pkcs11js_signs_digests_messages_and_sign_ins(world):
    address = world.address.lower()
    found = said(world.ethereum("pkcs11js"))
    contains(["27", "28"], found.pop("v of a digest"), "v")
    equal(found, {"address of the public key": address, "s was low": "true", "keccak": "true",
                  "signer of a message": address, "signer of a sign-in": address}, "what it found")
    shown = world.shown()
    for part in ("What is signed.", "app.example.com", "node"):
        contains(shown, part, "what the user was shown")


def test_graphene_signs(world):
    found = said(world.ethereum("graphene"))
    contains(["27", "28"], found.pop("v of a digest"), "v")
    equal(found, {"sensitive": "true", "s was low": "true", "mechanisms": "true", "key of the session": "true"}, "what it found")


def test_a_user_who_says_no_is_an_error(world):
    world.answer(False)
    run = world.ethereum("graphene", status=1)
    contains(run.errors, "CKR_", "the error")


def test_the_page_says_what_it_does(world):
    world.show_page("Node.js: pkcs11js, graphene-pk11, and the Ethereum recipe", ADDRESS=world.address)


if __name__ == "__main__":
    main("node", globals(), ["node", (NATIVE, why_not())], NodeWorld)
