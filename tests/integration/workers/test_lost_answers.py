"""Whoever decides hears of an error though it was committed: asking again changes nothing."""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace

import pytest
from sqlmodel import col, select

from tests.integration.lost_answer import losing
from tests.integration.workers.test_desk import card, later, queued, rules
from tools.channels.channel import MaybeSent, NotSent
from winback.decisions.verify import verify
from winback.errors import ConflictError
from winback.store.models import DecisionEntry, Effect, Review
from winback.store.types import EMAIL, EffectState, ReviewState
from winback.testing.channel import MemoryChannel
from winback.testing.world import AS_OF, add_account, open_case
from workers import review as reviews
from workers.act import act_all
from workers.propose import propose_all
from workers.services import Services
from workers.unsubscribe import stop_contact

__all__ = ["queued", "rules"]


def count(services: Services, kind: str) -> int:
    with services.store.read() as session:
        return len(session.exec(select(DecisionEntry.id).where(DecisionEntry.kind == kind)).all())


def states(services: Services) -> list[str]:
    with services.store.read() as session:
        return list(session.exec(select(Effect.state).order_by(col(Effect.id))).all())


def reviewed(services: Services) -> list[str]:
    with services.store.read() as session:
        return list(session.exec(select(Review.state).order_by(col(Review.id))).all())


def approve(services: Services) -> None:
    reviews.approve(services, 1, card(services).review.action_hash, "rita")


def reject(services: Services) -> None:
    reviews.reject(services, 1, card(services).review.action_hash, "rita", "not_now", "")


def edit(services: Services) -> None:
    item = card(services)
    trial = services.catalogue.trial(item.proposal.catalogue_id)
    assert trial is not None
    days = next(days for days in trial.days if days != item.proposal.arguments["days"])
    reviews.edit(services, 1, item.review.action_hash, "rita", {"days": str(days)})


def stop(services: Services) -> None:
    stop_contact(services, 1, "page")


@pytest.mark.parametrize(
    ("name", "deed", "kind", "after"),
    [
        ("approve", approve, "approved", [ReviewState.APPROVED]),
        ("reject", reject, "rejected", [ReviewState.REJECTED]),
        ("edit", edit, "edited", [ReviewState.EDITED, ReviewState.PENDING]),
        ("unsubscribe", stop, "unsubscribed", [ReviewState.LAPSED]),
    ],
)
def test_a_deed_whose_answer_was_lost_is_done_once(
    queued: Services,
    monkeypatch: pytest.MonkeyPatch,
    name: str,
    deed: Callable[[Services], None],
    kind: str,
    after: list[ReviewState],
) -> None:
    """Trying again is refused, or finds it done; the log has it once, and what goes out goes once."""
    with losing(queued.store, name, monkeypatch):
        deed(queued)
    once = count(queued, kind)
    with suppress(ConflictError):
        deed(queued)
    assert (reviewed(queued), count(queued, kind)) == (after, once)
    assert once > 0
    later(queued, minutes=5)
    while act_all(queued):
        pass
    carrier = queued.channels[EMAIL]
    assert isinstance(carrier, MemoryChannel)
    assert len(carrier.sent) == (name == "approve")
    assert verify(queued.store).problems == ()


def test_a_proposal_whose_answer_was_lost_is_made_once(
    services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The agent is not asked for a second one."""
    with services.store.write("test") as session:
        open_case(session, add_account(session))
    with losing(services.store, "propose", monkeypatch):
        propose_all(services, AS_OF)
    propose_all(services, AS_OF)
    assert states(services) == [EffectState.PENDING]
    assert verify(services.store).problems == ()


BALKS = [
    ("not_sent", "keyed", NotSent("busy", retry=True), 1),
    ("not_sent", "keyed", NotSent("no such person", retry=False), 0),
    ("ask_later", "keyed", MaybeSent("no answer"), 1),
    ("ask_later", "lookup", MaybeSent("no answer"), 1),
    ("unknown", "blind", MaybeSent("no answer"), 1),
]


@pytest.mark.parametrize(("name", "capability", "failure", "arrives"), BALKS)
def test_what_a_receiver_refused_is_written_down_once(
    services: Services,
    monkeypatch: pytest.MonkeyPatch,
    name: str,
    capability: str,
    failure: Exception,
    arrives: int,
) -> None:
    """Nobody heard that it was; it is tried again where it may be, and arrives once at most."""
    with services.store.write("test") as session:
        open_case(session, add_account(session))
    propose_all(services, AS_OF)
    carrier = MemoryChannel(capability=capability, failures=[failure])  # type: ignore[arg-type,list-item]
    here = replace(services, channels={EMAIL: carrier})
    with losing(services.store, name, monkeypatch):
        act_all(here)
    for _ in range(4):
        later(here, days=1)
        act_all(here)
    assert len(carrier.sent) == arrives
    final = {"unknown": EffectState.UNKNOWN}.get(name, EffectState.DONE if arrives else EffectState.FAILED)
    assert states(here) == [final]
    assert verify(services.store).problems == ()
