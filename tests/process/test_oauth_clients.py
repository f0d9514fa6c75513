#!/usr/bin/env -S python3 -B
"""sealring client: the OAuth clients of an OpenKey server, by its admin API."""
import json

from agent_world import PAGE
from cli_world import PASSPHRASE, check, contains, equal
from oauth_flows import Login, main, refused, succeeds
from oauth_provider import ADMIN_KEY, KINDS, Client
from oauth_world import LOOPBACK

OLD, NEW, _ = KINDS


def client(world, provider, *words, key=ADMIN_KEY, options=()):
    """A finished `sealring client`, the key passed by descriptor unless it is None."""
    passed = ["--admin-key-fd", "{fd}"] if key is not None else []
    return world.run("client", *words, "--server", provider.base, *passed, *options, passphrase=key)


def result(world, provider, *words, **options):
    return client(world, provider, *words, "--json", **options).expect(0, " ".join(words)).json


def register(world, provider, type, *words, uris=LOOPBACK, **options):
    return client(world, provider, "register", "--name", f"A {type} client", "--type", type, "--redirect-uris", uris, *words, **options)


def administration(provider):
    return [(entry["method"], entry["status"]) for entry in provider.log() if entry["path"].startswith("/api/admin/")]


def test_a_client_is_registered_shown_changed_disabled_and_deleted(world):
    for kind in (OLD, NEW):
        provider = world.provider(kind)
        made = register(world, provider, "native", "--uri", "https://app.example/", uris=f"{LOOPBACK} com.example.app:/callback")
        contains(made.expect(0, "register").output, "com.example.app:/callback", "what register says")
        id = next(one["clientId"] for one in result(world, provider, "list")["clients"] if one["name"] == "A native client")
        contains(client(world, provider, "list").output, id, "client list")
        shown = result(world, provider, "show", id)["client"]
        equal((shown["redirectUris"], shown["uri"], shown["disabled"]),
              ([LOOPBACK, "com.example.app:/callback"], "https://app.example/", False), "client show")
        changed = result(world, provider, "update", id, "--name", "Renamed", "--redirect-uris", LOOPBACK)["client"]
        equal((changed["name"], changed["redirectUris"]), ("Renamed", [LOOPBACK]), "client update")
        contains(client(world, provider, "disable", id).output, "disabled", "client disable")
        equal(result(world, provider, "show", id)["client"]["disabled"], True, "a disabled client")
        equal(result(world, provider, "enable", id)["client"]["disabled"], False, "an enabled client")
        delete_it(world, provider, id)
        contains(client(world, provider, "show", id).expect(1, "show").errors, "Client not found", "what is said of a client that is gone")
        events = world.events("admin", provider=provider.base, client=id)
        equal([event["method"].rpartition(".")[2] for event in events],
              ["register", "show", "update", "update", "show", "update", "show", "delete"], "entries of the log")


def delete_it(world, provider, id):
    world.shown()
    world.answer(False)
    client(world, provider, "delete", id).expect(3, "a refused deletion")
    world.answer(True)
    shown = world.shown()
    for part in (f"Delete the OAuth client {id}?", provider.base, "is signed out"):
        contains(shown, part, "the question")
    equal(result(world, provider, "show", id)["client"]["clientId"], id, "after a refusal")
    equal(result(world, provider, "delete", id), {}, "client delete")


def test_the_keys_that_are_not_right(world):
    provider = world.provider(OLD)
    wrong = client(world, provider, "list", key="wrong").expect(3, "a wrong key")
    contains(wrong.errors, "Invalid admin API key", "what is said of a wrong key")
    for key in ("", "a key with blanks", "x" * 2000, "caf\u00e9"):
        check(client(world, provider, "list", key=key).status == 1, f"the key {key[:20]!r}")
    equal(administration(provider), [("GET", 403)], "what the server was asked")
    world.ask("admin.clients.list", {"server": provider.base, "adminKey": True})  # without a file
    equal(administration(provider), [("GET", 403)], "what the server was asked")
    provider.fault("metadata", "html")  # the server has no documents, only the API
    equal(client(world, provider, "list").status, 0, "the right key")


def test_a_key_that_is_typed_is_used_once(world):
    provider = world.provider(OLD)
    world.write("passphrase", ADMIN_KEY)
    try:
        world.shown()
        for _ in range(2):
            client(world, provider, "list", key=None).expect(0, "list")
            contains(world.shown(), f"The admin key of {provider.base}", "the question")
        world.answer(False)
        client(world, provider, "list", key=None).expect(3, "a refused question")
    finally:
        world.answer(True)
        world.write("passphrase", PASSPHRASE)


def test_a_key_is_kept_when_it_was_right_and_asked_to(world):
    provider = world.provider(NEW)
    client(world, provider, "list", key="wrong", options=["--remember-key"]).expect(3, "a wrong key")
    world.answer(False)
    try:
        client(world, provider, "list", key=None).expect(3, "it was kept")
        client(world, provider, "list", options=["--remember-key"]).expect(0, "the right key")
        client(world, provider, "list", key=None).expect(0, "with the kept key")
        client(world, provider, "list", key="wrong", options=["--remember-key"]).expect(3, "a wrong key again")
        client(world, provider, "list", key=None).expect(0, "with the kept key, still")
    finally:
        world.answer(True)


def test_the_secret_of_a_web_client_is_printed_once(world):
    for kind in (OLD, NEW):
        provider = world.provider(kind)
        made = register(world, provider, "web", "--json").expect(0, "register")
        described, secret = made.output.splitlines()
        id = json.loads(described)["client"]["clientId"]
        equal([secret], provider.issued("client_secret"), "the secret")
        for text in (described, made.errors, client(world, provider, "list", "--json").output, client(world, provider, "show", id).output,
                     json.dumps(world.json("log", "--limit", "0"))):
            check(secret not in text, "the secret is shown elsewhere")
        with Login(world, provider, Client(id, secret), "--client-secret-fd", "{fd}", passphrase=secret) as login:
            succeeds(login.finish(), "login with that secret")
        check("secret" in register(world, provider, "web").expect(0, "register").errors, "nothing is said of it")


def test_a_kept_secret_signs_in_without_being_seen(world):
    for kind in (OLD, NEW):
        provider = world.provider(kind)
        made = register(world, provider, "web", "--keep-for", provider.issuer, "--json").expect(0, "register")
        secret, = provider.issued("client_secret")
        equal(made.json["secret"], "kept", "what is said of the secret")
        check(secret not in made.output + made.errors, "the secret is shown")
        world.sign_in_as(provider, Client(made.json["client"]["clientId"], None))
        equal([entry["auth"] for entry in provider.log("token")], ["basic"], "authentication")
        check(secret not in json.dumps(world.json("log", "--limit", "0")), "the secret is in the log")
    run = register(world, provider, "web", "--keep-for", "https://op.example?x=1")
    check(run.status == 1 and "issuer" in run.errors, f"an issuer that is none: {run.errors}")


def test_a_public_client_has_no_secret_to_keep(world):
    provider = world.provider(NEW)
    made = register(world, provider, "spa", "--keep-for", provider.issuer, "--json").expect(0, "register")
    check("secret" not in made.json and len(made.output.splitlines()) == 1, f"what is said: {made.output}")


def test_what_the_server_refuses_is_said(world):
    provider = world.provider(OLD)
    for words, part in ((["register", "--name", "x", "--type", "spa", "--redirect-uris", "javascript:alert(1)"], "redirect URI"),
                        (["register", "--name", "x", "--type", "other", "--redirect-uris", LOOPBACK], "type must be"),
                        (["show", "nobody"], "not found"), (["update", "nobody", "--name", "x"], "not found")):
        contains(client(world, provider, *words).expect(1, words[0]).errors, part, "what is said")
    for words in (["list"], ["update", "x"], ["register", "--name", "x"], ["show"]):
        world.run("client", *words, *([] if words == ["list"] else ["--server", provider.base])).expect(2, str(words))
    for id in ("../../x", "..", ".", "a b\n", "x" * 600):
        check(client(world, provider, "show", id).status == 1, f"the client {id[:10]!r}")
    check(all(entry["path"].startswith("/api/admin/oauth/clients") for entry in provider.log()), "another path was asked for")
    contains(world.run("client", "list", "--server", "http://op.example", "--admin-key-fd", "{fd}", passphrase="x").errors,
             "must be https", "what is said of a server without TLS")


def test_no_extension_and_no_page_administrates(world):
    browser = world.browser(connect=False)
    for origin in (None, PAGE):
        refused(browser.call("admin.clients.list", {"server": "https://op.example"}, origin=origin), "NOT_GRANTED", "method")


if __name__ == "__main__":
    main("oauth clients", globals())
