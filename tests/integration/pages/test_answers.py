"""Preferences, the survey and objections."""

import re
from dataclasses import replace

import pytest
from sqlmodel import select

from tests.integration.pages.site import Site, dump, site
from tools.notify_owner import NotifyOwner
from tools.registry import Registry
from tools.send_tutorial import SendTutorial
from winback.store.answers import Answer, Preference
from winback.store.models import Account, Consent, Contact, Effect, Interaction
from winback.usage.drop import DropKind
from workers.services import Services

FELL = DropKind.FEATURE_FELL
ALL = {
    "channel": "email",
    "topic": ["send_tutorial", "offer_trial_upgrade", "book_call"],
    "language": "en",
    "often": "any",
    "level": "any",
}


def wishes(one: Site) -> tuple[list[str], int | None, str | None, str, str]:
    with one.store.read() as session:
        said = session.get(Preference, 1)
        consent = session.get_one(Consent, (1, "email", "retention"))
        language = session.get_one(Contact, 1).language
        assert said is not None
        return (said.topics, said.days_between, said.level, language, consent.state)


def test_preferences_are_saved_and_shown(services: Services) -> None:
    """In the language they just chose."""
    with site(services, FELL) as one:
        page = one.post("preferences", **ALL | {"topic": ["book_call"], "language": "hi", "often": "30"})
        assert page.status_code == 200
        assert "सहेज लिया गया" in page.text
        assert wishes(one) == (["offer_trial_upgrade", "send_tutorial"], 30, None, "hi", "granted")
        again = one.get("preferences").text
        assert 'name="often" value="30" checked' in again
        assert 'name="topic" value="book_call" checked' in again
        assert 'name="topic" value="send_tutorial">' in again
        before = dump(one.store)
        one.post("preferences", **ALL | {"topic": ["book_call"], "language": "hi", "often": "30"})
        assert dump(one.store) == before


def test_no_channel_is_a_refusal(services: Services) -> None:
    """Nothing ticked means nothing wanted."""
    with site(services, FELL) as one:
        one.post("preferences", **{name: value for name, value in ALL.items() if name not in ("channel", "topic")})
        assert wishes(one)[4] == "refused"


@pytest.mark.parametrize(
    "wrong",
    [
        {"language": "fr"},
        {"language": ""},
        {"often": "1"},
        {"often": "x"},
        {"level": "guru"},
        {"topic": ["rm"]},
        {"channel": "pigeon"},
        {"topic": ["notify_owner"]},
    ],
)
def test_a_choice_that_is_not_on_the_page(services: Services, wrong: dict[str, object]) -> None:
    """400, and nothing is saved: not the rest either."""
    with site(services, FELL) as one:
        before = dump(one.store)
        assert one.post("preferences", **ALL | wrong).status_code == 400
        assert dump(one.store) == before


class TellsDesk(NotifyOwner):
    """A third party's tool for colleagues."""

    name = "tell_desk"


class SendsHints(SendTutorial):
    """A third party's tool for customers."""

    name = "send_hints"


def test_tools_of_third_parties_are_shown_to_whom_they_reach(services: Services) -> None:
    """One for colleagues is nothing to a customer; one that reaches customers can be refused like ours."""
    registry = Registry([*services.registry, TellsDesk(), SendsHints()])
    with site(replace(services, registry=registry), FELL) as one:
        shown = re.findall(r'name="topic" value="([^"]+)"', one.get("preferences").text)
        assert shown == ["send_tutorial", "offer_trial_upgrade", "book_call", "send_hints"]
        assert one.post("preferences", **ALL).status_code == 200
        assert wishes(one)[0] == ["send_hints"]


def test_preferences_undo_no_unsubscribe(services: Services) -> None:
    """And the page says so."""
    with site(services, FELL) as one:
        one.post("stop")
        page = one.post("preferences", **ALL)
        assert "What you choose here does not undo that" in page.text
        assert one.row(Contact).unsubscribed_at is not None


@pytest.mark.parametrize(("kind", "scale"), [("csat", range(1, 6)), ("ces", range(1, 8)), ("nps", range(11))])
def test_the_survey_takes_one_number_of_its_scale(services: Services, kind: str, scale: range) -> None:
    """Others are refused; the second is thanked for and not counted."""
    with site(services, FELL, survey=kind) as one:
        page = one.get("survey").text
        assert page.count('name="score"') == len(scale)
        for wrong in (scale[0] - 1, scale[-1] + 1, "x", "1.5", "٣"):
            assert one.post("survey", score=str(wrong)).status_code == 400
        assert one.post("survey").status_code == 400
        assert one.post("survey", score=str(scale[-1])).status_code == 200
        second = one.post("survey", score=str(scale[0]))
        assert f"Your answer was {scale[-1]}" in second.text
        assert "the first answer counts" in second.text
        assert one.row(Answer).value == f"{kind} {scale[-1]}"


def test_an_objection_reaches_a_person_once(services: Services) -> None:
    """Their words are kept for people; a second try is told that the first is there."""
    with site(services, FELL) as one:
        assert one.post("why", words="I was on\r\nholiday <b>").status_code == 200
        reply = one.row(Interaction)
        assert (reply.kind, reply.by, reply.note) == ("reply", "page", "I was on holiday <b>")
        page = one.post("why", words="more")
        assert page.status_code == 409
        assert "We have what you wrote on 12 May 2026." in page.text
        assert "<textarea" not in page.text
        assert one.row(Answer).words == "I was on holiday <b>"


def test_an_objection_that_is_empty_or_too_long(services: Services) -> None:
    """400; what was written is still there, and harmless."""
    with site(services, FELL) as one:
        before = dump(one.store)
        for empty in ("", "  \r\n ", "\u202e\u200b"):
            answer = one.post("why", words=empty)
            assert answer.status_code == 400
            assert "Nothing was written" in answer.text
        long = "</textarea><script>" + "x" * 2000
        answer = one.post("why", words=long)
        assert answer.status_code == 400
        assert "2000 characters are the most" in answer.text
        assert "&lt;/textarea&gt;&lt;script&gt;" in answer.text
        assert "<script" not in answer.text
        assert dump(one.store) == before
        assert one.post("why", words="ह" * 2000).status_code == 200


def test_the_explanation_says_who_looked_and_what_was_seen(services: Services) -> None:
    """Without the colleague's name, without a score, without who they are."""
    with site(services, FELL) as one:
        page = one.get("why").text
        assert "No person looked at it" in page
        assert "whether you agreed to such messages" in page
        assert "Your plan, Starter" in page
        with one.store.write("test") as session:
            session.get_one(Effect, 1).approved_by = "ravi"
            session.get_one(Account, 1).plan = "made-up"
        page = one.get("why").text
        assert "A person at Your company looked at it" in page
        assert "Which plan you have" in page
        for hidden in ("ravi", "made-up", "Ann", "acme", "4.6", "6.2", "0.7"):
            assert hidden not in page.partition("</style>")[2]


def test_the_explanation_without_the_record(services: Services) -> None:
    """What rules judged by may be removed after its time."""
    with site(services, FELL) as one:
        with one.store.write("test") as session:
            session.connection().exec_driver_sql("UPDATE decision_entry SET evidence = NULL")
        assert "The exact record is no longer kept" in one.get("why").text


def test_nobody_is_named(services: Services) -> None:
    """A message that is passed on says no more through its pages than by itself."""
    with site(services) as one:
        for page in ("offer", "preferences", "why", "survey", "stop"):
            text = one.get(page).text
            assert "Ann" not in text
            assert "@" not in text.partition("</style>")[2]
        with one.store.read() as session:
            assert session.exec(select(Answer)).all() == []
