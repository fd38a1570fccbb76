"""The console in Hindi: what rules said, codes and names are not left in English."""

import html
import re

import httpx
import pytest
from sqlmodel import select

from tests.integration.console.house import House
from tests.integration.console.queue.desk import RULES, filled, send
from winback.console.rights import Role
from winback.decisions.kind import EntryKind
from winback.store.models import DecisionEntry

EVERY_KIND = (
    RULES
    + """- {id: budget, kind: budget, money: {day: 5}}
- {id: resting, kind: cooldown_after, what: [complaint], days: 30}
- {id: expression, kind: expr, expression: action.value > 1000.0, then: deny, reason: too much}
- {id: weekly, kind: frequency_cap, scope: account, max: 1, window: {kind: rolling, days: 7}}
- {id: monthly, kind: frequency_cap, scope: global, max: 9, window: {kind: calendar, unit: month, zone: operator}}
- {id: watched, kind: holdout, share: 0.0, seed: first}
- {id: switch, kind: kill_switch, engaged: false}
- {id: failure, kind: on_model_failure, then: review}
- {id: wishes, kind: preferences}
- {id: night, kind: quiet_hours, from: "02:00", to: "03:00", fallback_zone: operator}
- {id: growing, kind: ramp, start: 5, double_after: 9}
- {id: eyes, kind: risk_review, account_value_above: 1}
- {id: tried-out, kind: risk_review, account_value_above: 1, mode: shadow}
- {id: goodwill, kind: value_limit, single: 500}
- {id: week, kind: working_days, days: [mon, tue, wed, thu, fri, sat, sun], fallback_zone: operator}
"""
)
DEVANAGARI = re.compile("[\u0900-\u097f]")
PARTS = ("deciding", "speaking", "silent")
CODES = [one.replace("_", " ") for one in EntryKind if "_" in one]


@pytest.fixture
def hindi(one_console: House) -> httpx.Client:
    """A reviewer who reads Hindi, with an item of which rules of every kind spoke."""
    filled(one_console, rules=EVERY_KIND)
    return one_console.of(Role.REVIEWER, language="hi")


def lines(page: str) -> list[str]:
    """The lines of its lists."""
    return [html.unescape(re.sub("<[^>]+>", "", one)) for one in re.findall("<li[^>]*>.*?</li>", page, re.DOTALL)]


def in_hindi(sentences: list[str], page: str) -> None:
    """Of each rule that said something in English the page has one line, in Hindi."""
    assert len(sentences) > 10
    for sentence in sentences:
        assert html.escape(sentence, quote=False) not in page
        assert sentence not in html.unescape(page)
        rule = sentence.partition(" ")[0]
        said = [line for line in lines(page) if line.startswith(f"{rule} ")]
        assert said, rule
        assert all(DEVANAGARI.search(line) for line in said), said


def test_a_card_has_no_english_sentence_of_a_rule(hindi: httpx.Client) -> None:
    """What each rule said, what would be said at the moment of acting, and of what else there was."""
    card, page = hindi.get("/api/v1/queue/1").json(), hindi.get("/queue/1").text
    in_hindi([one for part in PARTS for one in card["rules"][part]], page)
    assert any(" would " in one for one in card["rules"]["speaking"] + card["rules"]["silent"])
    for option in card["choice"]["options"]:
        for reason in option["reasons"]:
            assert reason not in html.unescape(page)
    assert card["outgoing"]["acting"]["told"] not in html.unescape(page)
    for words in ("send tutorial", "feature fell", "it teaches what fell", "Case opened"):
        assert words not in page
    assert "एक सुविधा का उपयोग घटा" in page
    assert "अनुमति है, क्योंकि इसे मंज़ूरी मिली" in page


def test_the_preview_of_an_edit_is_in_hindi(hindi: httpx.Client) -> None:
    """The verdict of the policy on what was typed."""
    page = send(hindi, 1, "preview", **{"field.slots.note": "नमस्ते"}).text
    assert "needs a person" not in page
    assert "व्यक्ति चाहिए (" in page
    assert ">note<" not in page


def test_a_decision_has_no_english_sentence_of_a_rule(one_console: House, hindi: httpx.Client) -> None:
    """What was judged, by whom, what each rule said, and what is said now."""
    with one_console.store.read() as session:
        entry = session.exec(select(DecisionEntry.id).where(DecisionEntry.kind == EntryKind.QUEUED)).one()
    view, page = hindi.get(f"/api/v1/decisions/+{entry}").json(), hindi.get(f"/decisions/+{entry}").text
    told = view["told"][0]
    in_hindi([one for part in PARTS for one in told["rules"][part]], page)
    for words in (told["act"], told["agent"], told["summary"], told["again"], view["line"]["words"]):
        assert words not in html.unescape(page)


def test_kinds_of_entries_are_in_hindi(hindi: httpx.Client) -> None:
    """In the list, in what it can be searched for, and on the overview."""
    for path in ("/decisions", "/"):
        page = hindi.get(path).text
        assert [one for one in CODES if f">{one}<" in page] == []
        assert "मामला खुला" in page


def test_tools_have_names(one_console: House, hindi: httpx.Client) -> None:
    """In both languages; the identifier is what is sent back."""
    page = hindi.get("/queue").text
    assert '<option value="send_tutorial">ट्यूटोरियल भेजना</option>' in page
    assert "send tutorial" not in page
    english = one_console.of(Role.REVIEWER).get("/queue").text
    assert '<option value="book_call">book a call</option>' in english
