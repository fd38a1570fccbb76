"""What came before: by-hand contacts count, happenings are seen, each counter counts what it says."""

from datetime import timedelta

import pytest

from policies.counter import Counter
from policies.facts import BY_HAND
from winback.store.models import Account, Effect, Interaction
from winback.store.types import InteractionKind
from winback.testing.world import AS_OF, NOON, PERMISSIVE, add_account, open_case, sample_drop
from winback.usage.drop import DropKind
from workers import review as reviews
from workers.act import act_all
from workers.counting import count
from workers.item import open_item
from workers.past import REMEMBERED, long_ago_of, past_of
from workers.propose import propose_all
from workers.services import Services

DAY = timedelta(days=1)


def happened(services: Services, kind: InteractionKind, days_ago: float, **more: object) -> None:
    row = Interaction(
        account_id=1, contact_id=1, kind=kind, at=NOON - days_ago * DAY, by="rita", recorded_at=NOON, **more
    )
    with services.store.write("test") as session:
        session.add(row)


@pytest.fixture
def one(services: Services) -> Services:
    """One account with a case that is due an effect."""
    with services.store.write("test") as session:
        open_case(session, add_account(session))
    return services


def test_a_message_by_hand_counts_under_the_accounts_cap(one: Services) -> None:
    """A colleague wrote yesterday, so Winback does not write today."""
    cap = "  - {id: cap, kind: frequency_cap, scope: account, max: 1, window: {kind: rolling, days: 7}}\n"
    (one.settings.home / "policy.yaml").write_text(PERMISSIVE + cap, encoding="utf-8")
    happened(one, InteractionKind.MESSAGE, 1)
    assert [done.kind.value for done in propose_all(one, AS_OF)] == ["nothing_allowed"]


def test_the_past_is_newest_first_and_forgets_after_a_year(one: Services) -> None:
    """Effects, messages by hand, what came back, and what a reviewer refused."""
    happened(one, InteractionKind.MESSAGE, 2)
    happened(one, InteractionKind.REPLY, 400)
    happened(one, InteractionKind.REPLY, 3)
    happened(one, InteractionKind.TICKET, 500)
    happened(one, InteractionKind.TICKET, 600, closed_at=NOON - 400 * DAY)
    happened(one, InteractionKind.COMPLAINT, -1)
    with one.store.read() as session:
        contacts, happenings = past_of(session, session.get_one(Account, 1), NOON)
    assert [past.tool for past in contacts] == [BY_HAND]
    assert [(past.kind, (NOON - past.at).days) for past in happenings] == [("reply", 3), ("ticket", 500)]


EYES = "  - {id: eyes, kind: risk_review, embedded_model: false, untrusted_text: false, message_problems: false}\n"


@pytest.mark.parametrize(("days", "kind"), [(500, "allowed"), (3, "allowed"), (-1, "queued"), (None, "queued")])
def test_a_message_of_years_ago_makes_the_next_one_no_first(one: Services, days: float | None, kind: str) -> None:
    """`first_contact` means ever, as far as anybody wrote down; what is yet to come was not."""
    (one.settings.home / "policy.yaml").write_text(PERMISSIVE + EYES, encoding="utf-8")
    if days is not None:
        happened(one, InteractionKind.MESSAGE, days)
    happened(one, InteractionKind.REPLY, 600)
    assert [done.kind.value for done in propose_all(one, AS_OF)] == [kind]


def test_a_contact_is_of_long_ago_when_the_past_does_not_hold_it(one: Services) -> None:
    """To the moment: what `past_of` gives no more is said to have been."""
    propose_all(one, AS_OF)
    assert [done.kind.value for done in act_all(one)] == ["done"]
    with one.store.read() as session:
        account, at = session.get_one(Account, 1), session.get_one(Effect, 1).intent_at
        for moment, long_ago in ((at + REMEMBERED, False), (at + REMEMBERED + timedelta(seconds=1), True)):
            contacts, _ = past_of(session, account, moment)
            assert (len(contacts) == 0) is bool(long_ago_of(session, [account.id or 0], moment)) is long_ago


def test_a_rejection_is_part_of_the_past(services: Services) -> None:
    """A reviewer's no stands among the happenings, with the tool and offer it was about."""
    text = (
        "version: 1\nrules:\n- {id: t, kind: allow_tools, allow: [{tools: [offer_trial_upgrade], mode: review}]}\n"
    )
    (services.settings.home / "policy.yaml").write_text(text, encoding="utf-8")
    with services.store.write("test") as session:
        open_case(session, add_account(session), sample_drop("acme", DropKind.LIMIT_REACHED))
    propose_all(services, AS_OF)
    with services.store.read() as session:
        digest = open_item(session, 1).review.action_hash
    reviews.reject(services, 1, digest, "rita", "not_now", "")
    with services.store.read() as session:
        _, (rejected,) = past_of(session, session.get_one(Account, 1), NOON + DAY)
    assert (rejected.kind, rejected.tool) == ("rejected", "offer_trial_upgrade")
    assert rejected.catalogue_id is not None


def test_each_counter_counts_what_it_says(one: Services) -> None:
    """Contacts and goodwill of effects, by tool and reviewer; bounces and complaints, of an unknown tool too."""
    propose_all(one, AS_OF)
    act_all(one)
    with one.store.write("test") as session:
        effect = session.get_one(Effect, 1)
        effect.value, effect.approved_by = 12.5, "ravi"
    happened(one, InteractionKind.BOUNCE, 1, tool="book_call")
    happened(one, InteractionKind.BOUNCE, 2)
    happened(one, InteractionKind.COMPLAINT, 3, tool="send_tutorial")

    def asked(what: str, **more: object) -> float:
        with one.store.read() as session:
            return count(session, Counter("n", what, NOON - 10 * DAY, **more), None)  # type: ignore[arg-type]

    assert asked("contacts") == 1
    assert asked("contacts", tools=("book_call",)) == 0
    assert asked("contacts", until=NOON) == 0
    assert asked("contacts", approved_by="rita") == 0
    assert asked("contacts", channels=("sms",)) == 0
    assert asked("value") == asked("value", approved_by="ravi") == 12.5
    assert asked("bounces") == 2
    assert asked("bounces", tools=("send_tutorial",)) == 1
    assert asked("bounces", until=NOON - 1.5 * DAY) == 1
    assert asked("complaints", tools=("send_tutorial",)) == 1
    assert asked("tokens") == asked("money") == 0
    with one.store.read() as session:
        assert count(session, Counter("n", "contacts", NOON - DAY), 1) == 0
