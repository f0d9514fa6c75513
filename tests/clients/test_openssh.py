#!/usr/bin/env -S python3 -B
"""OpenSSH: public keys, the agent, a login to a real sshd, signatures and certificates."""
import os
import pwd
from pathlib import Path

from client_world import PIN, ClientWorld, Skip, check, contains, equal, free_port, main, wait_until

SSHD = "/usr/sbin/sshd"
SEPARATION = Path("/run/sshd")  # sshd insists on it when root starts it


class SshWorld(ClientWorld):
    """An ssh-agent that may load the module, and an sshd that admits the key."""

    def set_up(self):
        super().set_up()
        self.made_folder = False
        self.make_key("p256", "Work")
        self.make_key("ed25519", "Light")
        self.write("askpass", f"#!/bin/sh\necho '{PIN}'\n", 0o700)
        self.environment |= {"SSH_ASKPASS": str(self.folder / "askpass"), "SSH_ASKPASS_REQUIRE": "force"}
        self.public = self.file("id.pub", self.public_lines()[0] + "\n")

    def public_lines(self):
        return self.call("ssh-keygen", "-D", self.module).output.splitlines()

    def start_agent(self, *options):
        address = self.folder / f"ssh-{len(self.processes)}"
        self.spawn("ssh-agent", "-D", "-a", address, *options)
        wait_until(address.exists, "ssh-agent does not start")
        self.environment["SSH_AUTH_SOCK"] = str(address)

    def start_sshd(self):
        """Its port."""
        self.call("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", "host")
        port = free_port()
        self.file("sshd.conf", "\n".join([
            f"ListenAddress 127.0.0.1:{port}", f"HostKey {self.work}/host", f"AuthorizedKeysFile {self.public}",
            f"PidFile {self.work}/sshd.pid", "AuthenticationMethods publickey", "UsePAM no", "StrictModes no",
            "PermitRootLogin prohibit-password", "PermitUserRC no", ""]))
        if os.geteuid() == 0 and not SEPARATION.exists():
            SEPARATION.mkdir(mode=0o755)
            self.made_folder = True
        self.spawn(SSHD, "-D", "-e", "-f", self.work / "sshd.conf")
        wait_until(lambda: (self.work / "sshd.pid").exists(), "sshd does not start")
        self.file("known", f"[127.0.0.1]:{port} {self.file('host.pub').decode()}")
        return port

    def ssh(self, port, *words, **options):
        user = pwd.getpwuid(os.geteuid()).pw_name
        return self.call("ssh", "-F", "none", "-p", port, "-o", f"UserKnownHostsFile={self.work}/known", "-o",
                         "StrictHostKeyChecking=yes", "-o", "PreferredAuthentications=publickey", *words,
                         f"{user}@127.0.0.1", "echo in as $LOGNAME", **options)

    def end(self):
        super().end()
        if self.made_folder:
            SEPARATION.rmdir()


def test_the_public_key_is_shown_and_accounts_are_not(world):
    run = world.call("ssh-keygen", "-D", world.module)
    check(run.output.startswith("ecdsa-sha2-nistp256 "), f"ssh-keygen -D said {run.output!r}")
    contains(run.output, " Work", "ssh-keygen -D")
    check("unknown" not in run.output + run.errors, f"ssh-keygen -D said {run.output!r} {run.errors!r}")


def test_a_login_without_an_agent(world):
    world.port = world.start_sshd()
    run = world.ssh(world.port, "-o", "IdentityAgent=none", "-I", world.module)
    contains(run.output, "in as", f"the login {run.errors}")
    contains(world.shown(), "Let ssh use your keys?", "what the user was shown")


def test_a_user_who_says_no_is_not_logged_in(world):
    world.answer(False)
    run = world.ssh(world.port, "-o", "IdentityAgent=none", "-I", world.module, status=255)
    contains(run.errors, "Permission denied", "the login")


def test_the_key_is_a_certificate_authority(world):
    world.call("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", "user")
    world.call("ssh-keygen", "-D", world.module, "-s", world.public, "-I", "somebody", "-n", "guest", "user.pub")
    contains(world.call("ssh-keygen", "-L", "-f", "user-cert.pub").output, "Signing CA: ECDSA", "the certificate")


def test_the_agent_refuses_modules_outside_of_its_folders(world):
    world.start_agent()
    run = world.call("ssh-add", "-s", world.module, status=1)
    contains(run.errors, "agent refused operation", "ssh-add -s")


def test_a_grant_lets_the_agent_in_without_asking(world):
    grant = world.json("grant", "add", "--program", "/usr/lib/openssh/ssh-pkcs11-helper", "--key", "Work")["grant"]["id"]
    world.shown()
    world.start_agent("-P", f"{Path(world.module).resolve().parent}/*")
    world.call("ssh-add", "-s", world.module)  # with any PIN, because ssh-agent takes no empty one
    world.call("ssh-add", "-T", world.public)
    equal(world.shown(), "", "what the user was shown")
    world.call("ssh-add", "-e", world.module)
    world.run("grant", "revoke", grant).expect(0, "grant revoke")
    world.call("ssh-add", "-s", world.module, status=1)


def test_the_agent_loads_the_module_and_lives(world):
    world.set_pin()
    contains(world.call("ssh-add", "-s", world.module).errors, "Card added", "ssh-add -s")
    listed = world.call("ssh-add", "-L").output
    equal(listed.split()[:2], world.file("id.pub").decode().split()[:2], "ssh-add -L")
    world.call("ssh-add", "-T", world.public)


def test_a_login_through_the_agent(world):
    contains(world.ssh(world.port).output, "in as", "the login")


def test_files_are_signed(world):
    world.file("letter", "Dear all.\n")
    world.file("signers", f"me@example.com {world.file('id.pub').decode()}")
    world.call("ssh-keygen", "-Y", "sign", "-n", "file", "-f", world.public, "letter")
    words = ["ssh-keygen", "-Y", "verify", "-n", "file", "-f", "signers", "-I", "me@example.com", "-s", "letter.sig"]
    contains(world.call(*words, stdin="Dear all.\n").output, "Good \"file\" signature", "ssh-keygen -Y verify")
    world.call(*words, stdin="Dear nobody.\n", status=255)


def test_commits_are_signed(world):
    if not os.path.exists("/usr/bin/git"):
        raise Skip("git is not installed")
    git = ["git", "-c", "user.name=Me", "-c", "user.email=me@example.com", "-c", "gpg.format=ssh", "-c",
           f"user.signingkey={world.public}", "-c", f"gpg.ssh.allowedSignersFile={world.work}/signers"]
    world.call("git", "init", "-q", "repository")
    world.call(*git, "-C", "repository", "commit", "-q", "-S", "--allow-empty", "-m", "Signed")
    run = world.call(*git, "-C", "repository", "verify-commit", "HEAD")
    contains(run.output + run.errors, "Good \"git\" signature", "git verify-commit")


def test_the_agent_forgets_the_module(world):
    contains(world.call("ssh-add", "-e", world.module).errors, "Card removed", "ssh-add -e")
    world.call("ssh-add", "-L", status=1)


def test_the_page_says_what_it_does(world):
    user = pwd.getpwuid(os.geteuid()).pw_name
    world.file("ssh.conf", f"Host localhost\nHostName 127.0.0.1\nPort {world.port}\nUser {user}\n"
                           f"UserKnownHostsFile {world.work}/known\n")
    world.write("ssh", f'#!/bin/sh\nexec /usr/bin/ssh -F {world.work}/ssh.conf "$@"\n', 0o700)
    world.show_page("OpenSSH", PATH=f"{world.folder}:{world.environment['PATH']}")


if __name__ == "__main__":
    main("openssh", globals(), ["ssh", "ssh-agent", "ssh-add", "ssh-keygen", SSHD], SshWorld)
