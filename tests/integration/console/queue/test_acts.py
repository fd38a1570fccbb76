"""Everything that can be done with a card in the browser, and what is said afterwards."""

import html
import re
from datetime import timedelta

import pytest

from tests.integration.console.house import House
from tests.integration.console.queue.desk import FOUR, MONEY, effects, filled, later, send, state
from winback.console.rights import Role
from winback.testing.world import entries
from winback.usage.drop import DropKind
from workers.act import act_all
from workers.planted import plant


def told(page: str) -> str:
    """What the page says of the last form."""
    found = re.search(r'<p class="said" role="status">(.*?)</p>', page, re.DOTALL)
    return html.unescape(found[1]) if found else ""


def test_approve_goes_on_to_the_next(console: House) -> None:
    """Within the filters; the next card offers to take it back; it leaves after its rest."""
    filled(console, "acme", "beta", "gamma")
    reviewer = console.of(Role.REVIEWER)
    card = reviewer.get("/queue/3?words=a").text
    answer = send(reviewer, 3, "approve", card)
    assert answer.headers["location"] == "/queue/2?words=a&done=3"
    after = reviewer.get(answer.headers["location"]).text
    assert told(after) == "Approved. It leaves at 10:00:20 at the earliest."
    assert 'action="/queue/3/undo"' in after
    assert 'id="standing" tabindex="-1" autofocus' in after
    assert state(console, 3) == ("approved", "reviewer-0")
    act_all(console.services)
    assert effects(console) == ["pending"]
    later(console, seconds=21)
    act_all(console.services)
    assert effects(console) == ["done"]
    assert 'action="/queue/3/undo"' not in reviewer.get("/queue/2?done=3").text
    assert "It was approved." in reviewer.get("/queue/3").text


def test_after_the_last_item_comes_the_list(one_console: House) -> None:
    """There is nothing to go on to."""
    reviewer = filled(one_console).of(Role.REVIEWER)
    assert send(reviewer, 1, "approve").headers["location"] == "/queue"


def test_undo_while_nothing_has_left(console: House) -> None:
    """The item waits again; once it has left, it is told so, and nothing changes."""
    reviewer = filled(console).of(Role.REVIEWER)
    send(reviewer, 1, "approve")
    answer = send(reviewer, 1, "undo")
    assert told(reviewer.get(answer.headers["location"]).text) == "Taken back: the item waits again."
    assert state(console) == ("pending", None)
    send(reviewer, 1, "approve")
    card = reviewer.get("/queue/1").text
    later(console, seconds=21)
    act_all(console.services)
    answer = send(reviewer, 1, "undo", card)
    assert answer.status_code == 409
    assert "it has left" in answer.text
    assert 'action="/queue/1/undo"' not in answer.text
    assert entries(console.store, 1).count("undone") == 1


def test_reject_with_code_and_words(console: House) -> None:
    """Both are kept; it can be taken back; a code that is none is refused, and what was typed is still there."""
    reviewer = filled(console).of(Role.REVIEWER)
    refused = send(reviewer, 1, "reject", code="because", note="They <b>asked</b> for a call.")
    assert refused.status_code == 400
    assert "They &lt;b&gt;asked&lt;/b&gt; for a call.</textarea>" in refused.text
    assert send(reviewer, 1, "reject", code="wrong_tool", note="They asked for a call.").status_code == 303
    card = reviewer.get("/queue/1").text
    assert "(wrong tool) They asked for a call." in card
    assert state(console) == ("rejected", "reviewer-0")
    assert send(reviewer, 1, "undo", card).status_code == 303
    assert state(console) == ("pending", None)
    assert send(reviewer, 1, "reject", code="not_now", note="x" * 2001).status_code == 422


def test_snooze_in_the_reviewers_zone(console: House) -> None:
    """Nine in the morning where they live; what is no moment, or past its end, is refused."""
    reviewer = filled(console).of(Role.REVIEWER, zone="Asia/Kolkata")
    card = reviewer.get("/queue/1").text
    assert 'type="datetime-local" value="2026-05-13T09:00"' in card
    for wrong in ("soon", "2026-06-30T09:00", "2020-01-01T00:00", "0001-01-01T00:00"):
        answer = send(reviewer, 1, "snooze", until=wrong)
        assert answer.status_code == 400, wrong
        assert f'value="{wrong}"' in answer.text
    assert send(reviewer, 1, "snooze", until="2026-05-13T09:00").status_code == 303
    assert 'id="i-1"' not in reviewer.get("/queue").text
    assert "snoozed until 13 May 2026, 09:00" in reviewer.get("/queue?state=snoozed").text


def test_escalate_and_hand_over(console: House) -> None:
    """It goes first, and it is a colleague's; somebody who may not decide cannot be given it."""
    filled(console, "acme", "beta")
    reviewer, other = console.of(Role.REVIEWER), console.of(Role.REVIEWER)
    console.user("vera", Role.VIEWER)
    assert send(reviewer, 1, "escalate").headers["location"] == "/queue/2?done=1"
    assert re.findall(r'id="i-(\d)"', reviewer.get("/queue").text) == ["1", "2"]
    assert 'action="/queue/1/escalate"' not in reviewer.get("/queue/1").text
    assert send(reviewer, 1, "hand", to="vera").status_code == 400
    answer = send(reviewer, 1, "hand", to="reviewer-1")
    assert told(reviewer.get(answer.headers["location"]).text) == "It is given to reviewer-1."
    assert "Given to reviewer-1." in other.get("/queue/1").text
    assert send(other, 1, "approve").status_code == 303


def test_two_reviewers_on_one_item(console: House) -> None:
    """Who has it in hand decides; the other is told who that is, and can take it over by saying so."""
    filled(console)
    rita, ravi = console.of(Role.REVIEWER), console.of(Role.REVIEWER)
    card = ravi.get("/queue/1").text
    answer = send(rita, 1, "claim")
    assert told(rita.get(answer.headers["location"]).text) == "Yours until 10:10."
    refused = send(ravi, 1, "approve", card)
    assert refused.status_code == 409
    assert "in the hands of reviewer-0 until 10:10" in refused.text
    assert "In the hands of reviewer-0 until 10:10." in refused.text
    assert state(console) == ("pending", None)
    assert send(ravi, 1, "claim", take_over="true").status_code == 303
    assert send(rita, 1, "approve").status_code == 409
    assert send(ravi, 1, "release").status_code == 303
    assert "In the hands" not in ravi.get("/queue/1").text
    assert send(rita, 1, "approve").status_code == 303


def test_a_conflict_is_shown(console: House) -> None:
    """What changed since the card was loaded, who changed it, and the card as it is now to decide anew."""
    filled(console)
    rita, ravi = console.of(Role.REVIEWER), console.of(Role.REVIEWER)
    card = ravi.get("/queue/1").text
    send(rita, 1, "escalate")
    refused = send(ravi, 1, "reject", card, code="not_now", note="wait")
    assert refused.status_code == 409
    assert "What is different now" in refused.text
    assert re.search(
        r'<th scope="row">escalated at</th><td>\u2013</td><td>2026-05-12.*?</td><td>reviewer-0</td>', refused.text
    )
    assert "wait</textarea>" in refused.text
    assert state(console) == ("pending", None)
    assert send(ravi, 1, "reject", refused.text, code="not_now", note="wait").status_code == 303
    decided = send(rita, 1, "approve", card)
    assert decided.status_code == 409
    assert "already rejected by reviewer-1" in decided.text


def test_one_of_two_who_approve_at_once_is_told(console: House) -> None:
    """The other was first; one effect comes of it."""
    filled(console)
    rita, ravi = console.of(Role.REVIEWER), console.of(Role.REVIEWER)
    cards = [one.get("/queue/1").text for one in (rita, ravi)]
    answers = [send(one, 1, "approve", card).status_code for one, card in zip((rita, ravi), cards, strict=True)]
    assert answers == [303, 409]
    assert effects(console) == ["pending"]


def test_four_eyes(console: House) -> None:
    """Who approved first is shown, cannot be the second, and can take it back; the second one's counts."""
    filled(console, rules=FOUR, kind=DropKind.LIMIT_REACHED)
    filled(console, "beta", rules=FOUR.replace("send_tutorial, ", ""), kind=DropKind.LIMIT_REACHED)
    rita, ravi = console.of(Role.REVIEWER), console.of(Role.REVIEWER)
    assert "Two people must approve it. Nobody has yet." in " ".join(rita.get("/queue/2").text.split())
    send(rita, 2, "approve")
    assert "reviewer-0 has approved it; another person must too." in ravi.get("/queue/2").text
    assert "approved by reviewer-0, needs another" in ravi.get("/queue").text
    assert send(rita, 2, "approve").status_code == 409
    assert send(rita, 2, "undo").status_code == 303
    send(rita, 2, "approve")
    assert send(ravi, 2, "approve").status_code == 303
    assert state(console, 2) == ("approved", "reviewer-1")


def test_an_edit_is_previewed_and_put_in_its_place(console: House) -> None:
    """The preview is what will be sent, as a part for HTMX and as a page; nothing is written by it."""
    reviewer = filled(console).of(Role.REVIEWER)
    card = reviewer.get("/queue/1").text
    assert 'hx-post="/queue/1/preview" hx-trigger="input delay:500ms" hx-target="#preview"' in card
    words = {"field.slots.note": "We made a short film\r\nabout it."}
    same = {"field.tutorial": "reports-first", "field.slots.subject": ""}
    plain = send(reviewer, 1, "preview", card, **words)
    assert plain.status_code == 200
    assert "We made a short film" in plain.text.partition('id="preview"')[2].partition("</section>")[0]
    assert '<details id="edit" data-key="e" open>' in plain.text
    reviewer.headers["HX-Request"] = "true"
    part = send(reviewer, 1, "preview", card, **words).text
    assert "<html" not in part
    assert "<ins>We made a short film about it.</ins>" in part
    assert "<del>If something got in the way" in part
    assert "It will wait for approval as a new item." in part
    assert "changes nothing" in send(reviewer, 1, "preview", card).text
    assert "no tutorial" in send(reviewer, 1, "preview", card, **{"field.tutorial": "none"}).text
    del reviewer.headers["HX-Request"]
    assert entries(console.store, 1)[-1] == "queued"
    answer = send(reviewer, 1, "edit", card, **words, **{k: v for k, v in same.items() if k != "field.tutorial"})
    assert told(reviewer.get(answer.headers["location"]).text) == "The edited proposal waits as item 2."
    new = reviewer.get("/queue/2").text
    assert "We made a short film about it." in new
    assert "An edited proposal took its place." in reviewer.get("/queue/1").text
    assert send(reviewer, 2, "approve").status_code == 303


@pytest.mark.parametrize(
    ("fields", "why"),
    [
        ({"field.trial": "growth"}, "may not be edited"),
        ({"field.days": "3000"}, "days"),
        ({"field.slots.note": "See http://evil.example.com"}, ""),
        ({"field.slots.note": "x" * 3000}, "characters"),
        ({}, "nothing"),
    ],
)
def test_an_edit_that_cannot_be(one_console: House, fields: dict[str, str], why: str) -> None:
    """Fields that may not be edited, values that do not fit, words with links: told, and nothing is changed."""
    filled(one_console, rules=MONEY, kind=DropKind.LIMIT_REACHED)
    reviewer = one_console.of(Role.REVIEWER)
    for act in ("preview", "edit"):
        answer = send(reviewer, 1, act, **fields)
        assert answer.status_code in {200, 400, 409}, answer.text
        assert why in answer.text
        assert act == "preview" or answer.status_code != 200
    assert state(one_console) == ("pending", None)


def test_a_fault_that_was_found(console: House) -> None:
    """Whoever mends a planted item is told; whoever approves one is not."""
    filled(console, "acme", "beta")
    first, second = plant(console.services, 2, "olga")
    reviewer = console.of(Role.REVIEWER)
    answer = send(reviewer, first, "edit", **{"field.slots.note": "Much better."})
    assert answer.status_code == 409
    assert "you found it" in answer.text
    assert send(reviewer, second, "approve").status_code == 303
    assert effects(console) == []


def test_a_form_without_what_was_shown_does_nothing(one_console: House) -> None:
    """No hash, no version, or such as no card has."""
    reviewer = filled(one_console).of(Role.REVIEWER)
    card = reviewer.get("/api/v1/queue/1").json()
    for wrong in (
        {},
        {"hash": card["hash"]},
        {"hash": "xyz", "version": card["version"]},
        {"version": card["version"]},
    ):
        assert reviewer.post("/queue/1/approve", data=wrong).status_code == 422
    stale = {"hash": card["hash"], "version": "1.00000000"}
    assert reviewer.post("/queue/1/approve", data=stale).status_code == 409
    assert reviewer.post("/queue/99/approve", data={**stale}).status_code == 404
    assert state(one_console) == ("pending", None)
    assert reviewer.get("/queue/1/approve").status_code == 405


def test_a_snooze_is_over_at_its_moment(one_console: House) -> None:
    """By the clock alone."""
    reviewer = filled(one_console).of(Role.REVIEWER)
    until = one_console.clock.now() + timedelta(hours=1)
    send(reviewer, 1, "snooze", until=f"{until:%Y-%m-%dT%H:%M}")
    later(one_console, hours=1)
    assert 'id="i-1"' in reviewer.get("/queue").text
