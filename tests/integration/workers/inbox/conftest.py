"""A message that went out, and a mail server of this run's own in which the answers lie."""

import getpass
import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest
from imap_tools import BaseMailBox, MailBoxUnencrypted
from sqlmodel import select

from tests.conftest import lacking
from winback.settings_channels import Imap, Inbox
from winback.store.models import Effect
from winback.testing.world import AS_OF, add_account, open_case
from workers.act import act_all
from workers.propose import propose_all
from workers.services import Services

HOST, PASSWORD = "127.0.0.1", 'correct "horse'
BOXES = 200
CONFIG = """
protocols = imap
listen = {host}
base_dir = {folder}/run
state_dir = {folder}/run
log_path = {folder}/log
default_internal_user = {internal}
default_login_user = {internal}
first_valid_uid = 1
mail_location = maildir:{folder}/mail/%u
ssl = yes
ssl_cert = <{folder}/cert.pem
ssl_key = <{folder}/key.pem
disable_plaintext_auth = no
auth_mechanisms = plain login
{extra}
passdb {{
  driver = passwd-file
  args = scheme=PLAIN {folder}/users
}}
userdb {{
  driver = static
  args = uid={owner} gid={group} home={folder}/mail/%u
}}
service imap-login {{
  chroot =
  inet_listener imap {{
    port = {port}
  }}
  inet_listener imaps {{
    port = {tls_port}
  }}
}}
auth_failure_delay = 0
service anvil {{
  chroot =
  unix_listener anvil-auth-penalty {{
    mode = 0
  }}
}}
namespace inbox {{
  inbox = yes
}}
"""


@pytest.fixture
def sent(services: Services) -> Services:
    """Services with one message to acme-ann that went out at noon."""
    with services.store.write("test") as session:
        open_case(session, add_account(session))
    propose_all(services, AS_OF)
    act_all(services)
    return services


def key_of(services: Services) -> str:
    with services.store.read() as session:
        return session.exec(select(Effect.key)).one()


@dataclass(frozen=True)
class Dovecot:
    """A server that runs; `new()` gives each test a mailbox of its own."""

    folder: Path
    port: int
    tls_port: int
    names: Iterator[int] = field(default_factory=lambda: iter(range(BOXES)))

    def new(self) -> Imap:
        """An empty mailbox, and how to reach it."""
        given = {"host": HOST, "port": self.port, "security": "none", "username": f"box{next(self.names)}",
                 "password": PASSWORD, "timeout_seconds": 20}  # fmt: skip
        return Imap.model_validate(given)


@contextmanager
def mail_program(imap: Imap) -> Iterator[BaseMailBox]:
    """What a person has open beside us."""
    box = MailBoxUnencrypted(imap.host, imap.port, imap.timeout_seconds)
    with box.login(imap.username, imap.password.get_secret_value()) as found:
        yield found


def put(imap: Imap, *mails: bytes) -> None:
    """Deliver mails into the folder in which they arrive."""
    with mail_program(imap) as box:
        for one in mails:
            box.append(one, imap.folder)


def lying(imap: Imap, folder: str) -> list[tuple[bool, str]]:
    """What lies in a folder: whether it was read, and its subject."""
    with mail_program(imap) as box:
        if not box.folder.exists(folder):
            return []
        box.folder.set(folder, readonly=True)
        return [("\\Seen" in one.flags, one.subject) for one in box.fetch(mark_seen=False)]


@pytest.fixture
def mailbox(dovecot: Dovecot) -> Imap:
    """An empty mailbox of this test's own."""
    return dovecot.new()


@pytest.fixture
def reading(sent: Services, mailbox: Imap) -> Services:
    """`sent`, with that mailbox in the settings."""
    settings = sent.settings.model_copy(update={"inbox": Inbox(imap=mailbox)})
    return replace(sent, settings=settings)


def start(extra: str = "") -> Iterator[Dovecot]:
    """A private Dovecot 2.3 on free ports, in a folder that its mail processes can enter."""
    program = shutil.which("dovecot", path=f"{os.environ.get('PATH', '')}:/usr/sbin")
    if program is None:
        lacking("no dovecot is installed (Debian: dovecot-imapd)")
    folder = Path(tempfile.mkdtemp(prefix="wb-imap-"))
    process: subprocess.Popen[bytes] | None = None
    try:
        found = _configure(folder, extra)
        command = [str(program), "-F", "-c", str(folder / "dovecot.conf")]
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)  # noqa: S603
        _wait_for(process, found)
        yield found
    finally:
        if process is not None:
            process.send_signal(signal.SIGTERM)
            process.wait(20)
        shutil.rmtree(folder, ignore_errors=True)


def _configure(folder: Path, extra: str) -> Dovecot:
    folder.chmod(0o755)
    (folder / "run").mkdir()
    (folder / "mail").mkdir()
    (folder / "users").write_text("".join(f"box{one}:{{PLAIN}}{PASSWORD}\n" for one in range(BOXES)))
    root = os.geteuid() == 0
    owner = pwd.getpwnam("nobody" if root else getpass.getuser())
    if root:
        # Dovecot serves no mail of root's.
        os.chown(folder / "mail", owner.pw_uid, owner.pw_gid)
        os.chown(folder / "users", pwd.getpwnam("dovecot").pw_uid, -1)
    _certificate(folder)
    port, tls_port = _free_ports()
    (folder / "dovecot.conf").write_text(
        CONFIG.format(host=HOST, folder=folder, port=port, tls_port=tls_port, owner=owner.pw_uid, extra=extra,
                      group=owner.pw_gid, internal="dovecot" if root else owner.pw_name)
    )  # fmt: skip
    return Dovecot(folder, port, tls_port)


def _certificate(folder: Path) -> None:
    command = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
    command += ["-days", "2", "-subj", "/CN=test", "-addext", f"subjectAltName=IP:{HOST}"]
    command += ["-keyout", str(folder / "key.pem"), "-out", str(folder / "cert.pem")]
    subprocess.run(command, check=True, capture_output=True)  # noqa: S603


def _free_ports() -> tuple[int, int]:
    with socket.socket() as one, socket.socket() as other:
        one.bind((HOST, 0))
        other.bind((HOST, 0))
        return one.getsockname()[1], other.getsockname()[1]


def _wait_for(process: subprocess.Popen[bytes], found: Dovecot) -> None:
    until = time.monotonic() + 20
    while time.monotonic() < until and process.poll() is None:
        try:
            with socket.create_connection((HOST, found.port), 1) as connection:
                if connection.recv(4) == b"* OK":
                    return
        except OSError:
            time.sleep(0.1)
    log = found.folder / "log"
    pytest.fail(f"dovecot did not start: {log.read_text() if log.exists() else process.poll()}")


@pytest.fixture(scope="session")
def dovecot() -> Iterator[Dovecot]:
    """A server that can move messages."""
    yield from start()


@pytest.fixture(scope="session")
def plain_dovecot() -> Iterator[Dovecot]:
    """A server of the old kind, that cannot move, nor expunge one message alone."""
    yield from start("imap_capability = IMAP4rev1 LITERAL+ AUTH=PLAIN")
