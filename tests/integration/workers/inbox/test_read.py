"""The mailbox, against a real server: each message is taken once, and none is lost silently."""

import multiprocessing
import os
import signal
import ssl
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from multiprocessing.process import BaseProcess
from multiprocessing.synchronize import Event
from pathlib import Path

import pytest
from pydantic import SecretStr
from sqlmodel import func, select

from tests.integration.workers.inbox.conftest import Dovecot, key_of, lying, mail_program, put
from tests.unit.workers.inbox import mails
from winback.errors import InputError, SetupError
from winback.settings_channels import Imap, Inbox
from winback.store.inbox import InboxMail
from winback.store.models import Interaction
from winback.store.store import Store
from winback.testing.world import world
from workers.inbox.letter import LIMIT
from workers.inbox.mailbox import Mailbox, open_mailbox
from workers.inbox.read import read_inbox
from workers.services import Services

# A server that has imported what a reader needs forks each of them, so that the kills fall into our own work.
FORKS = multiprocessing.get_context("forkserver")
FORKS.set_forkserver_preload(["tests.integration.workers.inbox.test_read"])


def interactions(services: Services) -> list[tuple[str, int | None, str]]:
    with services.store.read() as session:
        rows = session.exec(select(Interaction).order_by(Interaction.id)).all()  # type: ignore[arg-type]
    return [(one.kind, one.effect_id, one.note) for one in rows]


def all_kinds(key: str) -> list[bytes]:
    raw = [
        mails.postfix(), mails.arf(), mails.reply("Gladly", number="r-2"), mails.out_of_office(),
        mails.reply("Who are you?", key=None, subject="A question"),
    ]  # fmt: skip
    return [one.replace(mails.KEY.encode(), key.encode()) for one in raw]


def test_a_pass(reading: Services, mailbox: Imap) -> None:
    """What is understood becomes a fact and is put away as read; the rest stays, unread, and is named."""
    put(mailbox, *all_kinds(key_of(reading)))
    report = read_inbox(reading)
    assert report.taken == {"bounce": 1, "complaint": 1, "reply": 1, "automatic": 1}
    assert report.left == {5: "no_answer"}
    assert report.stopped == 1
    assert interactions(reading) == [
        ("bounce", 1, "hard, status 5.1.1"), ("complaint", 1, "reported as abuse"), ("reply", 1, "Gladly"),
    ]  # fmt: skip
    assert lying(mailbox, "INBOX") == [(False, "A question")]
    assert [read for read, _ in lying(mailbox, "Winback")] == [True] * 4


def test_the_next_pass_finds_nothing_new(reading: Services, mailbox: Imap) -> None:
    """What was left is counted, and looked at again only when asked."""
    put(mailbox, *all_kinds(key_of(reading)))
    read_inbox(reading)
    second, third = read_inbox(reading), read_inbox(reading, again=True)
    assert (second.taken, second.left, second.waiting) == ({}, {}, 1)
    assert (third.taken, third.left, third.waiting) == ({}, {5: "no_answer"}, 0)
    assert len(interactions(reading)) == 3


def test_what_was_read_by_a_person_is_taken_too(reading: Services, mailbox: Imap) -> None:
    """Somebody looks into the mailbox beside us; what they mark as deleted is neither taken nor expunged."""
    put(mailbox, *all_kinds(key_of(reading))[:3])
    with mail_program(mailbox) as box:
        box.client.uid("STORE", "1:3", "+FLAGS", r"(\Seen)")
        box.client.uid("STORE", "2", "+FLAGS", r"(\Deleted)")
    assert read_inbox(reading).taken == {"bounce": 1, "reply": 1}
    assert len(lying(mailbox, "INBOX")) == 1


def test_the_same_mail_twice_counts_once(reading: Services, mailbox: Imap) -> None:
    """It came by two ways, with other traces of its way."""
    one = mails.reply("Gladly").replace(mails.KEY.encode(), key_of(reading).encode())
    put(mailbox, one, b"Received: from elsewhere; Tue, 12 May 2026 10:00:00 +0000\r\n" + one)
    report = read_inbox(reading)
    assert (report.taken, report.repeats) == ({"reply": 1}, 1)
    assert len(interactions(reading)) == 1
    assert lying(mailbox, "INBOX") == []


def test_a_large_mail_is_read_as_far_as_needed(reading: Services, mailbox: Imap) -> None:
    """What a person wrote stands before what they attached; a mail with a picture is not lost."""
    raw = mails.reply("Gladly, see the picture").replace(mails.KEY.encode(), key_of(reading).encode())
    put(mailbox, raw + b"\n" * (2 * LIMIT))
    assert read_inbox(reading).taken == {"reply": 1}
    assert interactions(reading) == [("reply", 1, "Gladly, see the picture")]


def test_one_that_breaks_us_does_not_keep_the_others(
    reading: Services, mailbox: Imap, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is counted, nothing of it is kept, and the next pass tries again."""
    put(mailbox, *all_kinds(key_of(reading))[1:3])
    monkeypatch.setattr("workers.inbox.fact.stop_in", _broken)
    report = read_inbox(reading)
    assert (report.taken, report.broken) == ({"reply": 1}, (1,))
    assert [kind for kind, _, _ in interactions(reading)] == ["reply"]
    monkeypatch.undo()
    assert read_inbox(reading).taken == {"complaint": 1}


def _broken(*_: object) -> int:
    raise ZeroDivisionError


def test_it_stops_when_asked(reading: Services, mailbox: Imap) -> None:
    """Between two messages; the rest is there for the next pass."""
    put(mailbox, *all_kinds(key_of(reading))[:3])
    asked = iter([False, True, True])
    report = read_inbox(reading, stop=lambda: next(asked))
    assert (report.taken, report.complete) == ({"bounce": 1}, False)
    assert len(lying(mailbox, "INBOX")) == 2


def test_a_server_that_cannot_move(sent: Services, plain_dovecot: Dovecot) -> None:
    """It copies and marks as deleted; what a person marked so is not expunged."""
    imap = plain_dovecot.new()
    services = replace(sent, settings=sent.settings.model_copy(update={"inbox": Inbox(imap=imap)}))
    put(imap, *all_kinds(key_of(sent))[:3])
    with mail_program(imap) as box:
        box.client.uid("STORE", "2", "+FLAGS", r"(\Deleted)")
    assert read_inbox(services).taken == {"bounce": 1, "reply": 1}
    assert len(lying(imap, "Winback")) == 2
    assert len(lying(imap, "INBOX")) == 3
    assert read_inbox(services).taken == {}


@contextmanager
def _gone(imap: Imap) -> Iterator[Mailbox]:
    """Somebody takes the messages away after they were listed."""
    with open_mailbox(imap) as found:
        numbers = found.numbers()
        for one in numbers:
            found.put_away(one)
        found.numbers = lambda: numbers  # type: ignore[method-assign]
        yield found


def test_two_readers(reading: Services, mailbox: Imap) -> None:
    """What another reader moved meanwhile is no trouble."""
    put(mailbox, *all_kinds(key_of(reading))[:3])
    assert read_inbox(reading, connect=_gone).taken == {}


@pytest.mark.parametrize("security", ["tls", "starttls"])
def test_encrypted(reading: Services, mailbox: Imap, dovecot: Dovecot, security: str) -> None:
    """Over TLS from the start or later, with a certificate that is trusted; one that is not is refused."""
    port = dovecot.tls_port if security == "tls" else dovecot.port
    imap = mailbox.model_copy(update={"security": security, "port": port})
    services = replace(reading, settings=reading.settings.model_copy(update={"inbox": Inbox(imap=imap)}))
    put(mailbox, *all_kinds(key_of(reading))[:1])
    with pytest.raises(SetupError, match="certificate is not trusted"):
        read_inbox(services)
    trusted = ssl.create_default_context(cafile=str(dovecot.folder / "cert.pem"))
    assert read_inbox(services, connect=lambda one: open_mailbox(one, trusted)).taken == {"bounce": 1}


@pytest.mark.parametrize("password", ["wrong horse", "falsches Pferd ä", "पासवर्ड"])
def test_a_wrong_password_is_never_shown(reading: Services, mailbox: Imap, password: str) -> None:
    """One line, without what was given."""
    imap = mailbox.model_copy(update={"password": SecretStr(password)})
    services = replace(reading, settings=reading.settings.model_copy(update={"inbox": Inbox(imap=imap)}))
    with pytest.raises(SetupError, match="refuses the login") as caught:
        read_inbox(services)
    assert password not in repr(caught.value) + repr(caught.value.__cause__) + repr(imap)


def test_nobody_there(reading: Services, mailbox: Imap) -> None:
    """A server that does not answer, a folder that is not there, no mailbox at all: one line each."""
    for changes, words in (({"port": 1}, "does not answer"), ({"folder": "Nowhere"}, "does not answer")):
        imap = mailbox.model_copy(update=changes)
        services = replace(reading, settings=reading.settings.model_copy(update={"inbox": Inbox(imap=imap)}))
        with pytest.raises(SetupError, match=words):
            read_inbox(services)
    with pytest.raises(InputError, match="no mailbox is set"):
        read_inbox(replace(reading, settings=reading.settings.model_copy(update={"inbox": Inbox()})))


class Dying(Mailbox):
    """Its process is killed when a message has been taken and is about to be put away."""

    def put_away(self, number: int) -> None:  # noqa: ARG002  it gets no further
        os.kill(os.getpid(), signal.SIGKILL)


@contextmanager
def dying(imap: Imap) -> Iterator[Mailbox]:
    with open_mailbox(imap) as found:
        yield Dying(**vars(found))


def read_once(url: str, folder: str, imap: Imap, ready: Event, *, dies: bool) -> None:
    """What another process does: read that mailbox into that database."""
    Path(folder).mkdir()
    with world(Store(url), Path(folder)) as services:
        settings = services.settings.model_copy(update={"inbox": Inbox(imap=imap)})
        ready.set()
        read_inbox(replace(services, settings=settings), connect=dying if dies else open_mailbox)


def reader(services: Services, folder: Path, imap: Imap, *, dies: bool = False) -> BaseProcess:
    """Another process that has begun to read."""
    ready = FORKS.Event()
    url = services.store.url.render_as_string(hide_password=False)
    process = FORKS.Process(target=read_once, args=(url, str(folder), imap, ready), kwargs={"dies": dies})
    process.start()
    assert ready.wait(60)
    return process


def counted(services: Services) -> tuple[int, int]:
    with services.store.read() as session:
        rows = session.exec(select(func.count()).select_from(InboxMail)).one()
        facts = session.exec(select(func.count()).select_from(Interaction)).one()
    return rows, facts


@pytest.mark.long
def test_killed_between_the_commit_and_the_flag(reading: Services, mailbox: Imap, tmp_path: Path) -> None:
    """kill -9 there leaves the message where it was; the next pass puts it away and writes nothing down again."""
    put(mailbox, *all_kinds(key_of(reading))[2:3])
    process = reader(reading, tmp_path / "other", mailbox, dies=True)
    process.join(60)
    assert process.exitcode == -signal.SIGKILL
    assert counted(reading) == (1, 1)
    assert len(lying(mailbox, "INBOX")) == 1
    report = read_inbox(reading)
    assert (report.taken, report.repeats) == ({}, 1)
    assert counted(reading) == (1, 1)
    assert (lying(mailbox, "INBOX"), len(lying(mailbox, "Winback"))) == ([], 1)


@pytest.mark.long
def test_killed_at_any_moment(reading: Services, mailbox: Imap, tmp_path: Path) -> None:
    """Two readers at once, killed again and again: as many facts as mails, and all are put away."""
    key = key_of(reading)
    number = 30
    put(mailbox, *(mails.reply(f"Answer {one}", key=key, number=f"n-{one}") for one in range(number)))
    for kill in range(8):
        readers = [reader(reading, tmp_path / f"{kill}-{one}", mailbox) for one in range(2)]
        time.sleep(0.05 + 0.05 * kill)
        for one in readers:
            one.kill()
            one.join()
    report = read_inbox(reading)
    assert not report.broken
    assert counted(reading) == (number, number)
    assert sorted(interactions(reading)) == sorted(("reply", 1, f"Answer {one}") for one in range(number))
    assert (lying(mailbox, "INBOX"), len(set(lying(mailbox, "Winback")))) == ([], 1)
    # A reader that died between a server's copy and its removal leaves a second copy there: no second fact.
    assert len(lying(mailbox, "Winback")) >= number
