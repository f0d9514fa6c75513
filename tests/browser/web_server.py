"""Web sites on loopback: any name below localhost has the same pages, over http and https.

    /            a page with page.js                /viem, /ethers   the same with that library: window.dapp
    /frame?…     a page with a frame with these attributes; /framed is what such a frame may have: framed.js
    /sandboxed   a page without an origin of its own
    POST /message, /verify: what a site asks its visitors, and what it says of the answer, by the npm package siwe
"""
import http.server
import json
import os
import secrets
import ssl
import subprocess
import threading
import urllib.parse
from pathlib import Path

from browsers import ROOT
from cli_world import BUILD, Failure, Skip
from tinycloud_node import NODE
from oauth_provider import node_missing

PAGES = ROOT / "tests/browser/pages"
PACKAGES = BUILD / "browser-pages"
LIBRARIES = ("viem", "ethers")


def missing():
    """Why there are no libraries, or None."""
    if reason := node_missing():
        return reason
    if (PACKAGES / "missing").exists():
        return f"pages: {(PACKAGES / 'missing').read_text().strip()}"
    return None if (PACKAGES / "installed").exists() else f"pages: run tests/browser/pages/install {BUILD.name}"


def make_certificate(folder):
    """A self-signed one: the browsers are told to take any."""
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2", "-subj",
                    "/CN=localhost", "-addext", "subjectAltName=DNS:localhost,DNS:*.localhost", "-keyout", folder / "tls.key", "-out",
                    folder / "tls.crt"], check=True, capture_output=True)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "tls.crt", folder / "tls.key")
    return context


class RelyingParty:
    """The sign-in of a site: nonces that are good once, and verdicts of npm's siwe."""

    def __init__(self):
        self.lock, self.nonces = threading.Lock(), set()
        # Node looks for packages beside the program, and other test programs may be starting it.
        program = PACKAGES / "relying_party.mjs"
        fresh = program.with_suffix(f".{os.getpid()}")
        fresh.write_text((PAGES / "relying_party.mjs").read_text())
        fresh.replace(program)
        self.process = subprocess.Popen([NODE, program], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1)

    def ask(self, kind, **asked):
        with self.lock:
            self.process.stdin.write(json.dumps({"kind": kind, **asked}) + "\n")
            return json.loads(self.process.stdout.readline())

    def message(self, host, origin, address):
        nonce = self.ask("nonce")["nonce"]
        self.nonces.add(nonce)
        return self.ask("message", address=address, nonce=nonce, domain=host, uri=f"{origin}/login")

    def verify(self, host, message, signature):
        nonce = next((nonce for nonce in self.nonces if f"Nonce: {nonce}\n" in message), None)
        self.nonces.discard(nonce)
        if not nonce:
            return {"ok": False, "reason": "no such nonce"}
        return self.ask("verify", message=message, signature=signature, domain=host, nonce=nonce)

    def close(self):
        self.process.stdin.close()
        self.process.wait()
        self.process.stdout.close()


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def reply(self, text, kind="text/html", status=200, headers=()):
        data = text.encode() if isinstance(text, str) else text
        self.send_response(status)
        self.send_header("Content-Type", f"{kind}; charset=utf-8")
        self.send_header("Content-Length", str(len(data)))
        for name, value in headers:
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(data)

    def page(self, body="", scripts=("page.js",), headers=()):
        tags = "".join(f'<script src="/{script}"></script>' for script in scripts)
        self.reply(f'<!doctype html><html lang="en"><link rel="icon" href="data:,"><title>Test page</title>{tags}<h1>Test page</h1>{body}</html>',
                   headers=headers)

    def do_GET(self):
        path, _, query = self.path.partition("?")
        name = path.strip("/")
        if name in ("page.js", "framed.js"):
            self.reply((PAGES / name).read_bytes(), "text/javascript")
        elif name.endswith(".js") and name[:-3] in LIBRARIES:
            self.reply((PACKAGES / "bundles" / name).read_bytes(), "text/javascript")
        elif name in LIBRARIES:
            self.page(scripts=("page.js", f"{name}.js"))
        elif name == "frame":
            self.page(f'<iframe id="frame" {urllib.parse.unquote(query)}></iframe>')
        elif name == "framed":
            self.page(scripts=("framed.js",))
        elif name == "sandboxed":
            self.page(headers=[("Content-Security-Policy", "sandbox allow-scripts")])
        elif name == "":
            self.page()
        else:
            self.reply("nothing here", status=404)

    def do_POST(self):
        asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        host, party = self.headers["Host"], self.server.party()
        if self.path == "/message":
            answer = party.message(host, f"{self.server.scheme}://{host}", asked["address"])
        else:
            answer = party.verify(host, asked["message"], asked["signature"])
        self.reply(json.dumps(answer), "application/json")


class Listener(http.server.ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, scheme, party, context=None):
        super().__init__(("127.0.0.1", 0), Handler)
        self.scheme, self.party = scheme, party
        if context:
            # The handshake is made by the thread of the connection, when it reads.
            self.socket = context.wrap_socket(self.socket, server_side=True, do_handshake_on_connect=False)
        self.thread = threading.Thread(target=self.serve_forever, args=(0.05,), daemon=True)
        self.thread.start()

    def handle_error(self, request, client_address):
        """A browser that breaks off is no news."""

    def close(self):
        self.shutdown()
        self.thread.join()
        self.server_close()


class WebServer:
    def __init__(self, folder):
        self.names, self._party = 0, None
        self.listeners = {"http": Listener("http", self.party), "https": Listener("https", self.party, make_certificate(Path(folder)))}

    def party(self):
        if reason := missing():
            raise Skip(reason)
        self._party = self._party or RelyingParty()
        return self._party

    def origin(self, host=None, scheme="https"):
        """That of a site that nobody has been at, or of @host."""
        if not host:
            self.names += 1
            host = f"page{self.names}-{secrets.token_hex(3)}.site.localhost"  # pages of one site share a process
        return f"{scheme}://{host}:{self.listeners[scheme].server_port}"

    def need_libraries(self):
        if reason := missing():
            raise Skip(reason)

    def close(self):
        for listener in self.listeners.values():
            listener.close()
        if self._party:
            self._party.close()


__all__ = ["Failure", "WebServer"]
