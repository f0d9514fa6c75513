"""sealring-net and the servers it meets: raw sockets, so that a server can break any rule of HTTP and TLS."""
import contextlib
import os
import shutil
import socket
import ssl
import subprocess
import tempfile
import threading
from pathlib import Path

from cli_world import BUILD, NEEDS_ROOT, Skip, check, equal, wait_until

PROGRAM = BUILD / "sealring-net"
SECRET = "5ea1c0de-refresh-token"
CONFIGURATION = """
[ca]
default_ca = here
[here]
database = {folder}/index
serial = {folder}/serial
new_certs_dir = {folder}
default_md = sha256
policy = any
x509_extensions = names
[any]
commonName = optional
[names]
subjectAltName = {names}
[req]
distinguished_name = subject
[subject]
"""


def reply(body=b"{}", status="200 OK", headers=(), length=None):
    """A reply with its length and the @headers (lines)."""
    lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(body) if length is None else length}", *headers]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


def always(data):
    """A behaviour: answer every request with @data."""
    return lambda connection, request: connection.sendall(data)


def read_request(connection):
    """The whole request, b"" when the client leaves first."""
    data = b""
    while b"\r\n\r\n" not in data:
        chunk = connection.recv(65536)
        if not chunk:
            return b""
        data += chunk
    head, _, body = data.partition(b"\r\n\r\n")
    sizes = [int(line[15:]) for line in head.split(b"\r\n") if line.lower().startswith(b"content-length:")]
    while len(body) < sum(sizes):
        body += connection.recv(65536)
    return head + b"\r\n\r\n" + body


class Server:
    """Accepts on loopback and keeps what came. @behave(connection, request) answers; then the connection is
    closed. With @meet the raw connection is given to that function before anything else."""

    def __init__(self, behave, tls=None, host="127.0.0.1", port=0, meet=None):
        self.behave, self.tls, self.meet = behave, tls, meet
        self.connections, self.requests = 0, []
        self.listener = socket.create_server((host, port), family=socket.AF_INET6 if ":" in host else socket.AF_INET)
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        with contextlib.suppress(OSError):
            while True:
                connection, _ = self.listener.accept()
                self.connections += 1
                threading.Thread(target=self.serve, args=[connection], daemon=True).start()

    def serve(self, connection):
        with contextlib.suppress(OSError, ValueError), connection:
            if self.meet:
                self.meet(connection)
            if self.tls:
                connection = self.tls.wrap_socket(connection, server_side=True, suppress_ragged_eofs=False)
            with connection:
                request = read_request(connection)
                if request:
                    self.requests.append(request)
                    self.behave(connection, request)

    def close(self):
        with contextlib.suppress(OSError):
            self.listener.shutdown(socket.SHUT_RDWR)  # ends the thread that accepts
        self.listener.close()


class Answer:
    """What sealring-net wrote: outcome "answered", "not-sent" or "unknown"."""

    def __init__(self, text):
        head, _, body = text.partition(b"\n\n")
        first, *lines = head.decode().split("\n")
        word, _, self.problem = first.partition(" ")
        self.outcome = word if word in ("not-sent", "unknown") else "answered"
        self.status = int(word) if self.outcome == "answered" else None
        self.headers = dict(line.split(": ", 1) for line in lines if line)
        self.body = body


class NetWorld:
    """A folder with certificates, and everything that was started."""

    def __init__(self):
        self.folder = Path(tempfile.mkdtemp(prefix="sealring-net-"))
        self.servers, self.processes = [], []
        self.environment = {"PATH": os.environ["PATH"]}

    def close(self):
        for process in self.processes:
            process.kill()
            process.wait()
            for stream in (process.stdin, process.stdout, process.stderr):
                with contextlib.suppress(BrokenPipeError):
                    stream.close()
        for each in self.servers:
            each.close()
        shutil.rmtree(self.folder, ignore_errors=True)

    def server(self, behave, **options):
        self.servers.append(Server(behave, **options))
        return self.servers[-1]

    def certificate(self, names="IP:127.0.0.1,DNS:localhost", start="20200101000000Z", end="21000101000000Z"):
        """Files of a self-signed certificate and its key."""
        folder = Path(tempfile.mkdtemp(dir=self.folder))
        (folder / "index").touch()
        (folder / "serial").write_text("01\n")
        (folder / "conf").write_text(CONFIGURATION.format(folder=folder, names=names))

        def openssl(*words):
            subprocess.run(["openssl", *words], cwd=folder, check=True, capture_output=True)
        openssl("req", "-new", "-config", "conf", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
                "-keyout", "key.pem", "-subj", "/CN=test", "-out", "request.pem")
        openssl("ca", "-batch", "-notext", "-config", "conf", "-selfsign", "-keyfile", "key.pem", "-startdate", start,
                "-enddate", end, "-in", "request.pem", "-out", "certificate.pem")
        return folder / "certificate.pem", folder / "key.pem"

    def tls(self, *arguments, **options):
        """(server context, certificate file)"""
        certificate, key = self.certificate(*arguments, **options)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate, key)
        return context, str(certificate)

    def start(self, *words, before=(), **options):
        process = subprocess.Popen([*before, PROGRAM, *words], env=self.environment, stdin=subprocess.PIPE,
                                   stdout=subprocess.PIPE, stderr=subprocess.PIPE, **options)
        self.processes.append(process)
        return process

    def run(self, *words, text=b"", timeout=60, before=()):
        """(exit status, output, errors)"""
        process = self.start(*words, before=before)
        output, errors = process.communicate(text, timeout=timeout)
        return process.returncode, output, errors

    def exchange(self, url, *options, method="GET", headers=(), body=b"", before=()):
        """The answer to one exchange."""
        status, output, errors = self.run("exchange", *options, text=request(url, method, headers, body), before=before)
        equal((status, errors), (0, b""), "status and errors")
        return Answer(output)


def request(url, method="GET", headers=(), body=b""):
    """The text of a request; @headers are lines in the order that is wanted."""
    length = [f"Content-Length: {len(body)}"] if body else []
    return "\n".join([f"{method} {url}", *headers, *length, "", ""]).encode() + body


def open_ports(port):
    """Local addresses (as in /proc/net/tcp) at which something listens on @port."""
    found = []
    for table in ("/proc/net/tcp", "/proc/net/tcp6"):
        with contextlib.suppress(FileNotFoundError), open(table, encoding="ascii") as lines:
            for words in map(str.split, list(lines)[1:]):
                address, _, number = words[1].partition(":")
                if words[3] == "0A" and int(number, 16) == port:
                    found.append(address)
    return found


def descriptors(pid):
    """What the descriptors of a process are: "pipe", "socket", a path."""
    try:
        return [os.readlink(path).partition(":")[0] for path in Path(f"/proc/{pid}/fd").iterdir()]
    except PermissionError:
        raise Skip(NEEDS_ROOT) from None


def check_confined(pid):
    """The process has lost what the sandbox takes away, as far as /proc tells."""
    status = dict(line.split(":\t", 1) for line in Path(f"/proc/{pid}/status").read_text().splitlines() if ":\t" in line)
    equal(status["NoNewPrivs"], "1", "no new privileges")
    if os.uname().machine in ("x86_64", "aarch64") and "Seccomp" in status:
        equal(status["Seccomp"], "2", "filter of system calls")
    limits = Path(f"/proc/{pid}/limits").read_text()
    for name in ("Max core file size", "Max file size"):
        check(limits.partition(name)[2].split()[:2] == ["0", "0"], f"{name} is not 0")
    if os.getuid() != 0:
        equal(os.stat(f"/proc/{pid}/environ").st_uid, 0, "owner of its /proc files: not dumpable")
