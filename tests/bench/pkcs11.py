"""The PKCS#11 part of `make bench`: sealring's module beside SoftHSM2 and the raw libraries, in turns."""
import os
import shutil
import statistics
import subprocess
import tempfile
from pathlib import Path

from agent_world import AgentWorld
from cli_world import BUILD, PASSPHRASE

PROGRAM = BUILD / "tests/bench/bench_pkcs11"
SIGN_PROGRAM = BUILD / "tests/bench/bench_pkcs11_sign"
SOFTHSM = Path("/usr/lib/softhsm/libsofthsm2.so")
CURVES = {"secp256k1": "libsecp256k1", "p256": "OpenSSL", "ed25519": "OpenSSL"}
MANY = int(os.environ.get("BENCH_KEYS", "10000"))
RESIDENT_LIMIT_MIB = 16
START_LIMIT_MS = 3
LOOKUP_LIMIT_MS = 1


class SoftHsm:
    """A token "bench" with files in a folder of its own."""
    name, module, pin, token = "softhsm", str(SOFTHSM), "1234", "bench"

    def __init__(self):
        self.folder = Path(tempfile.mkdtemp(prefix="sr-softhsm-"))
        (self.folder / "tokens").mkdir()
        (self.folder / "conf").write_text(f"directories.tokendir = {self.folder}/tokens\nobjectstore.backend = file\nlog.level = ERROR\n")
        self.environment = dict(os.environ, SOFTHSM2_CONF=str(self.folder / "conf"))
        subprocess.run(["softhsm2-util", "--init-token", "--free", "--label", self.token, "--pin", self.pin, "--so-pin", self.pin],
                       env=self.environment, check=True, stdout=subprocess.DEVNULL)

    def create(self, curve, count):
        subprocess.run([PROGRAM, "create", self.module, self.pin, self.token, curve, "0", str(count)], env=self.environment,
                       check=True, stdout=subprocess.DEVNULL)

    def close(self):
        shutil.rmtree(self.folder, ignore_errors=True)


class Sealring:
    """An agent with a vault of its own; the bench's programs have grants for its keys."""
    name, module, pin, token = "sealring", str(BUILD / "sealring-pkcs11.so"), "-", "sealring keys"

    def __init__(self):
        self.world = AgentWorld()
        self.environment = self.world.environment

    def create(self, curve, count):
        vault = self.world.folder / "data/sealring/vault.db"
        subprocess.run([BUILD / "tests/support_programs/fill_vault", vault, curve, "0", str(count)], input=PASSPHRASE.encode(), check=True)
        # The agent reads the vault anew when it starts. On a busy machine that may take longer than it waits.
        self.world.stop()
        for _ in range(10):
            if self.world.run("unlock", "--passphrase-fd", "{fd}", passphrase=PASSPHRASE).status == 0:
                break
        for program in (PROGRAM, SIGN_PROGRAM):
            self.world.run("grant", "add", "--program", program, "--key", f"bench-{curve}-00000").expect(0, "grant")

    def close(self):
        self.world.close()


class Bench:
    def __init__(self, row, run, figures, rounds):
        self.row, self.run, self.figures, self.rounds = row, run, figures, rounds

    def figure(self, peer, *words):
        """The figures of one run of bench_pkcs11."""
        command, *rest = words
        return self.figures(self.run([PROGRAM, command, peer.module, peer.pin, *rest], peer.environment))

    def signatures(self, ours, theirs):
        words = [word for peer in (ours, theirs) for word in (peer.name, peer.module, peer.pin)]
        environment = {**theirs.environment, **ours.environment}
        runs = [self.figures(self.run([SIGN_PROGRAM, *words], environment)) for _ in range(max(1, self.rounds // 2))]
        middle = {name: statistics.median(run[name] for run in runs) for name in runs[0]}
        for curve, library in CURVES.items():
            value, raw, theirs_value = (middle[f"{name}-{curve}"] for name in (ours.name, "raw", theirs.name))
            self.row(f"PKCS#11: C_SignInit + C_Sign, {curve}", f"{value:.0f} /s", f"{library} alone, {raw:.0f} /s", f"{value / raw:.2f}")
            self.row("", "", f"SoftHSM2, {theirs_value:.0f} /s", f"{value / theirs_value:.1f} ×")

    def together(self, ours, theirs):
        """Two applications at once beside one."""
        for curve in ("secp256k1", "p256"):
            rates = {(peer.name, count): [] for peer in (ours, theirs) for count in (1, 2)}
            for _ in range(self.rounds):
                for peer in (ours, theirs):
                    for count in (1, 2):
                        rates[peer.name, count].append(self.figure(peer, "rate", f"bench-{curve}-00000", str(count))["rate"])
            gain = {peer.name: statistics.median(two / one for one, two in zip(rates[peer.name, 1], rates[peer.name, 2]))
                    for peer in (ours, theirs)}
            self.row(f"PKCS#11: two applications at once, {curve}", f"{statistics.median(rates[ours.name, 2]):.0f} /s",
                     f"one, {statistics.median(rates[ours.name, 1]):.0f} /s (SoftHSM2: {gain[theirs.name]:.2f} ×)", f"{gain[ours.name]:.2f} ×")

    def start(self, ours, theirs):
        times = {peer.name: [] for peer in (ours, theirs)}
        for _ in range(self.rounds * 4):
            for peer in (ours, theirs):
                times[peer.name].append(self.figure(peer, "start", "bench-p256-00000")["first-signature"])
        value, peer_value = (statistics.median(times[peer.name]) for peer in (ours, theirs))
        self.row("PKCS#11: dlopen to first signature", f"{value:.2f} ms", f"{START_LIMIT_MS} ms", f"{value / START_LIMIT_MS:.2f}")
        self.row("", "", f"SoftHSM2, {peer_value:.2f} ms", f"{value / peer_value:.2f}")

    def many(self, ours, theirs):
        """Finding one key among many, and what that takes."""
        found = {peer.name: self.figure(peer, "find", peer.token) for peer in (ours, theirs)}
        mine, other = found[ours.name], found[theirs.name]
        keys = f"{MANY} keys"
        for name, what in (("find-label", "label"), ("find-id", "CKA_ID")):
            self.row(f"PKCS#11: find by {what} among {keys}", f"{mine[name] * 1000:.1f} µs", f"{LOOKUP_LIMIT_MS} ms", f"{mine[name] / LOOKUP_LIMIT_MS:.3f}")
            self.row("", "", f"SoftHSM2, {other[name]:.0f} ms", f"{mine[name] / other[name]:.5f}")
        self.row(f"PKCS#11: dlopen to all of {keys} found", f"{mine['first-load']:.0f} ms", f"SoftHSM2, {other['first-load']:.0f} ms",
                 f"{mine['first-load'] / other['first-load']:.3f}")
        self.row(f"PKCS#11: memory of an application with {keys}", f"{mine['resident'] / 1024:.1f} MiB", f"{RESIDENT_LIMIT_MIB} MiB",
                 f"SoftHSM2: {other['resident'] / 1024:.0f} MiB")


def with_peers(steps, count_of_curve):
    """Run @steps with fresh stores that have so many keys of each curve."""
    peers = []
    try:
        for make in (Sealring, SoftHsm):
            peers.append(make())
            for curve, count in count_of_curve.items():
                peers[-1].create(curve, count)
        for step in steps:
            step(*peers)
    finally:
        for peer in peers:
            peer.close()


def bench_pkcs11(row, run, figures, rounds):
    """@row adds a row of the table, @run gives a command's output, @figures reads it."""
    if not SOFTHSM.exists():
        print(f"bench: no {SOFTHSM} here, PKCS#11 is left out")
        return
    # In memory where that can be: a disk's speed is nothing of the module's.
    kept = tempfile.tempdir
    if os.access("/dev/shm", os.W_OK):
        tempfile.tempdir = "/dev/shm"
    try:
        bench = Bench(row, run, figures, rounds)
        with_peers((bench.signatures, bench.together, bench.start), dict.fromkeys(CURVES, 1))
        with_peers((bench.many,), {"p256": MANY})
    finally:
        tempfile.tempdir = kept
