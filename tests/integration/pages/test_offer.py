"""An offer is accepted or declined once, on its page."""

import threading
from collections.abc import Callable
from datetime import timedelta

import pytest
from sqlmodel import select

from tests.integration.pages.site import dump, site
from winback.decisions.verify import verify
from winback.store.answers import Answer
from winback.store.models import Account, Contact, Effect
from winback.store.types import GRANT, MESSAGE, NOTICE, TAKE_BACK, EffectState
from winback.testing.world import NOON
from winback.usage.drop import DropKind
from workers.services import Services


def test_accepting_plans_the_grant_and_asks_the_one_question(services: Services) -> None:
    """What follows is planned once; the page says how it goes on and asks how it was."""
    with site(services) as one:
        page = one.post("offer", answer="accept")
        assert page.status_code == 200
        assert "You accepted this offer." in page.text
        assert "Tuesday, 26 May 2026, 12:00 (Berlin)" in page.text
        assert 'name="score"' in page.text
        assert [each.part for each in one.effects()] == [MESSAGE, GRANT, NOTICE, TAKE_BACK]
        assert one.post("survey", score="5").status_code == 200
        assert "Your answer was 5" in one.get("offer").text
        assert verify(one.store).problems == ()


def test_the_same_answer_again_changes_nothing(services: Services) -> None:
    """A page that is loaded anew posts again."""
    with site(services) as one:
        one.post("offer", answer="accept")
        before = dump(one.store)
        assert one.post("offer", answer="accept").status_code == 200
        assert dump(one.store) == before


def test_the_other_answer_says_that_the_first_counts(services: Services) -> None:
    """409, and the page shows what was said first."""
    with site(services) as one:
        assert one.post("offer", answer="decline").status_code == 200
        before = dump(one.store)
        page = one.post("offer", answer="accept")
        assert page.status_code == 409
        assert "You gave the other answer before" in page.text
        assert "You declined this offer." in page.text
        assert dump(one.store) == before


def test_of_two_answers_at_once_one_wins(services: Services) -> None:
    """Accept and decline race: one is written, one 200 and one 409 are said."""
    with site(services) as one:
        start, said = threading.Barrier(2), dict[str, int]()

        def answer(value: str) -> None:
            start.wait()
            said[value] = one.post("offer", answer=value).status_code

        both = [threading.Thread(target=answer, args=(value,)) for value in ("accept", "decline")]
        for each in both:
            each.start()
        for each in both:
            each.join()
        assert sorted(said.values()) == [200, 409]
        with one.store.read() as session:
            answers = session.exec(select(Answer)).all()
        assert len(answers) == 1
        won = "accept" if said["accept"] == 200 else "decline"
        assert answers[0].value == {"accept": "accepted", "decline": "declined"}[won]
        assert len(one.effects()) == (4 if won == "accept" else 1)


def _another_plan(account: Account) -> None:
    account.plan = "business"


@pytest.mark.parametrize(
    ("days", "change", "words"),
    [(15, None, "This offer ended on 26 May 2026"), (0, _another_plan, "this offer no longer fits it")],
    ids=["its time is over", "the plan has changed"],
)
def test_what_can_no_longer_be_had(
    services: Services, days: int, change: Callable[[Account], None] | None, words: str
) -> None:
    """410, one plain page, and nothing is granted whatever is posted."""
    with site(services) as one:
        one.at(NOON + timedelta(days=days))
        if change is not None:
            with one.store.write("test") as session:
                change(session.get_one(Account, 1))
        for answer in (one.get("offer"), one.post("offer", answer="accept")):
            assert answer.status_code == 410
            assert words in answer.text
            assert "<button" not in answer.text
        assert len(one.effects()) == 1


def test_an_answer_that_is_none(services: Services) -> None:
    """400, and nothing is written."""
    with site(services) as one:
        before = dump(one.store)
        assert [one.post("offer", answer=value).status_code for value in ("maybe", "", "accepted")] == [400] * 3
        assert dump(one.store) == before


@pytest.mark.parametrize(
    ("state", "days", "words"),
    [
        (EffectState.DONE, 0, "The Team plan is switched on."),
        (EffectState.FAILED, 0, "could not be switched on yet"),
        (EffectState.DONE, 15, "It ended by itself on Tuesday, 26 May 2026"),
        (EffectState.PENDING, 15, "It ends by itself on Wednesday, 10 June 2026"),
    ],
)
def test_the_page_follows_the_grant(services: Services, state: EffectState, days: int, words: str) -> None:
    """On, failed, over, late; and the plan they are back on is the one they came from."""
    with site(services) as one:
        one.post("offer", answer="accept")
        with one.store.write("test") as session:
            session.get_one(Effect, 2).state = state
            session.get_one(Account, 1).plan = "team"
        one.at(NOON + timedelta(days=days))
        page = one.get("offer").text
        assert words in page
        assert "back on the Starter plan" in page


def test_a_message_without_an_offer_has_no_offer_page(services: Services) -> None:
    """Even with a token for it."""
    with site(services, DropKind.FEATURE_FELL) as one:
        assert one.get("offer").status_code == 410
        assert one.post("offer", answer="accept").status_code == 410


def test_nothing_is_left_for_somebody_erased(services: Services) -> None:
    """410 on every page but the one to stop, which says that it is done."""
    with site(services) as one:
        with one.store.write("test") as session:
            session.get_one(Contact, 1).erased_at = NOON
        for page in ("offer", "preferences", "why", "survey"):
            assert one.get(page).status_code == 410
            assert one.post(page, answer="accept", words="x", score="1").status_code == 410
        assert "All messages are stopped" in one.get("stop").text
