"""A stop that no longer waits for a send: the mail server is so slow that the message is not handed over yet."""

import asyncio
import threading
from dataclasses import replace
from functools import partial
from typing import Any

import pytest
from aiosmtpd.smtp import SMTP, Envelope, Session
from sqlmodel import select

from tests.integration.tools.channels.mail_server import Receiver, channel, serving
from winback.decisions.verify import verify
from winback.store.models import Contact, Effect
from winback.store.sending import alone
from winback.store.types import EMAIL, EffectState
from winback.testing.world import AS_OF, add_account, open_case
from workers.act import act_all
from workers.propose import propose_all
from workers.services import Services
from workers.unsubscribe import stop_contact

WAITS_SECONDS = 1.5


class Slow(Receiver):
    """Thinks long about each recipient."""

    def __init__(self) -> None:
        super().__init__()
        self.thinks = threading.Event()

    async def handle_RCPT(  # noqa: N802 - aiosmtpd's name
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: Any
    ) -> str:
        self.thinks.set()
        await asyncio.sleep(WAITS_SECONDS)
        return await super().handle_RCPT(server, session, envelope, address, options)


def test_nothing_is_handed_over_after_a_stop(services: Services, monkeypatch: pytest.MonkeyPatch) -> None:
    """They are asked once more before the text; the act goes back, and the next look withdraws it."""
    monkeypatch.setattr("workers.unsubscribe.alone", partial(alone, seconds=0.1))
    with services.store.write("test") as session:
        open_case(session, add_account(session, "acme"))
    propose_all(services, AS_OF)
    receiver = Slow()
    with serving(receiver) as port, channel(port) as mail:
        here = replace(services, channels={EMAIL: mail})
        worker = threading.Thread(target=act_all, args=(here,))
        worker.start()
        assert receiver.thinks.wait(10)
        with services.store.read() as session:
            contact = session.exec(select(Contact.id)).one()
        assert stop_contact(services, contact or 0, "page")
        worker.join(10)
        act_all(here)
    assert receiver.received == []
    with services.store.read() as session:
        assert session.exec(select(Effect.state)).all() == [EffectState.LAPSED]
    assert verify(services.store).problems == ()


def test_who_says_nothing_gets_it(services: Services) -> None:
    """However slow the server is, within its time."""
    with services.store.write("test") as session:
        open_case(session, add_account(session, "acme"))
    propose_all(services, AS_OF)
    receiver = Slow()
    with serving(receiver) as port, channel(port) as mail:
        act_all(replace(services, channels={EMAIL: mail}))
    assert len(receiver.received) == 1
