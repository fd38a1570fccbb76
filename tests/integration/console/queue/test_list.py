"""The list: what it shows, how it is filtered and paged, that it is told of news, and several approved at once."""

import re
from datetime import timedelta

import pytest

from tests.integration.console.house import House
from tests.integration.console.queue.desk import FOUR, MONEY, effects, filled, later, state
from winback.console.queue import news
from winback.console.rights import Role
from winback.testing.world import AS_OF
from winback.usage.drop import DropKind
from workers import desk
from workers import review as reviews
from workers.act import act_all
from workers.expire import expire_all
from workers.planted import plant
from workers.propose import propose_all


def rows(page: str) -> list[int]:
    """The items of a page, from the top."""
    return [int(one) for one in re.findall(r'<a id="i-(\d+)" data-row', page)]


def ticks(page: str) -> list[str]:
    return re.findall(r'name="chosen" value="([^"]+)"', page)


def test_the_list_counts_and_filters(console: House) -> None:
    """The title counts, search and filters leave what they name, and links and forms carry them along."""
    filled(console, "acme", "beta", "gamma")
    reader = console.of(Role.VIEWER)
    page = reader.get("/queue").text
    assert "<title>Queue (3) \u2013 Winback</title>" in page
    assert rows(page) == [3, 2, 1]
    found = reader.get("/queue?words=bet&tool=send_tutorial&owner=&older_hours=").text
    assert rows(found) == [2]
    assert "1 shown of 3 that wait" in found
    assert 'href="/queue/2?tool=send_tutorial&amp;words=bet"' in found
    for nothing in ("tool=book_call", "plan=gold", "rule=none", "older_hours=1", "assignee=ravi", "state=snoozed"):
        assert rows(reader.get(f"/queue?{nothing}").text) == [], nothing
    assert rows(reader.get("/queue?plan=starter&rule=tools&older_hours=0").text) == [3, 2, 1]
    later(console, hours=2)
    assert rows(reader.get("/queue?older_hours=1.5").text) == [3, 2, 1]


@pytest.mark.parametrize(
    "asked", ["older_hours=x", "older_hours=nan", "older_hours=-1", "state=none", "after=1_2"]
)
def test_a_filter_that_is_none_is_refused(one_console: House, asked: str) -> None:
    """In one line, not as a failure of ours."""
    answer = one_console.of(Role.VIEWER).get(f"/queue?{asked}")
    assert answer.status_code in {400, 422}


def test_no_control_character_reaches_the_database(console: House) -> None:
    """PostgreSQL would fail at it."""
    reader = console.of(Role.REVIEWER)
    assert reader.get("/queue?words=%00").status_code == 422
    assert reader.get("/api/v1/queue?tag=a%00").status_code == 422
    assert reader.post("/queue/views", data={"name": "a\x00", "within": "words=a"}).status_code == 422
    assert reader.post("/queue/views", data={"name": "a", "within": "words=%00"}).status_code == 400


def test_pages_follow_each_other(one_console: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each item is on exactly one of them, whatever was decided meanwhile."""
    filled(one_console, *(f"a{n}" for n in range(5)))
    monkeypatch.setattr("winback.console.queue.list_page.PAGE", 2)
    reader, at, found = one_console.of(Role.VIEWER), "/queue", []
    while at:
        page = reader.get(at).text
        found += rows(page)
        following = re.search(r'rel="next" href="([^"]+)"', page)
        at = following[1].replace("&amp;", "&") if following else ""
    assert found == [5, 4, 3, 2, 1]


def test_who_has_an_item_is_shown(console: House) -> None:
    """Until the claim lapses; whom it was given to, and that it was escalated, as well."""
    filled(console, "acme", "beta")
    desk.claim_item(console.services, 1, "ravi")
    reader = console.of(Role.REVIEWER)
    page = reader.get("/queue").text
    assert "in the hands of ravi until 10:10" in page
    assert [one.partition(":")[0] for one in ticks(page)] == ["2"]
    assert rows(reader.get("/queue?state=claimed").text) == [1]
    later(console, minutes=11)
    assert "in the hands of" not in reader.get("/queue").text
    card = reader.get("/api/v1/queue/1").json()
    desk.hand_to(console.services, 1, card["hash"], "rita", "reviewer-0")
    reviews.escalate(console.services, 1, card["hash"], "rita")
    page = reader.get("/queue").text
    assert rows(page) == [1, 2]
    assert "given to reviewer-0" in page
    assert ">escalated</span>" in page
    assert rows(reader.get("/queue?assignee=reviewer-0").text) == [1]


def test_views_are_kept(console: House) -> None:
    """One's own, by name; forgotten when one says so."""
    reader, other = console.of(Role.VIEWER), console.of(Role.VIEWER)
    form = {"name": "Tutorials <b>", "within": "tool=send_tutorial&older_hours=24.0"}
    assert reader.post("/queue/views", data=form).status_code == 303
    assert (
        '<a href="/queue?tool=send_tutorial&amp;older_hours=24.0">Tutorials &lt;b&gt;</a>'
        in reader.get("/queue").text
    )
    assert "Tutorials" not in other.get("/queue").text
    assert reader.post("/queue/views", data={"name": "x", "within": "colour=red"}).status_code == 400
    assert reader.post("/queue/views/forget", data={"name": "Tutorials <b>"}).status_code == 303
    assert "Tutorials" not in reader.get("/queue").text


def test_ended_items_say_why(console: House) -> None:
    """Nobody decided in time; an edit took its place."""
    filled(console, "acme", "beta")
    card = console.of(Role.REVIEWER).get("/api/v1/queue/2").json()
    reviews.edit(console.services, 2, card["hash"], "rita", {"slots.note": "We would love to help."})
    later(console, days=8)
    expire_all(console.services)
    page = console.of(Role.VIEWER).get("/queue/ended").text
    assert "expired" in page
    assert "superseded by an edit" in page
    assert '<a href="/queue/2">2</a>' in page
    assert "Nobody decided it in time" in console.of(Role.VIEWER).get("/queue/1").text


def test_new_items_are_told_of(console: House) -> None:
    """One event with the list's new name; nothing for whoever knows it; and HTMX gets the list with its title."""
    reader = console.of(Role.VIEWER)
    first = re.search(r'data-news="(\w+)"', reader.get("/queue").text)
    assert first
    filled(console, "acme")
    answer = reader.get(f"/queue/news?seen={first[1]}")
    assert answer.headers["content-type"].startswith("text/event-stream")
    told = re.search(r"id: (\w+)\nevent: queue\ndata: \1\n\n", answer.text)
    assert told
    part = reader.get("/queue", headers={"HX-Request": "true"}).text
    assert f'data-news="{told[1]}"' in part
    assert "<title>Queue (1) \u2013 Winback</title>" in part
    assert '<h1 id="heading" hx-swap-oob="true">Queue (1)</h1>' in part
    assert "<html" not in part


def test_a_stream_without_news_ends(one_console: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """The browser opens the next one, and is let in anew; what it heard last comes in a header."""
    monkeypatch.setattr(news, "STREAM_SECONDS", 1)
    reader = one_console.of(Role.VIEWER)
    seen = re.search(r"id: (\w+)", reader.get("/queue/news").text)
    assert seen
    assert reader.get("/queue/news", headers={"Last-Event-ID": seen[1]}).text == "retry: 1000\n\n"
    later(one_console, seconds=news.BY_TIME)
    assert "event: queue" in reader.get("/queue/news", headers={"Last-Event-ID": seen[1]}).text


def test_several_are_approved_at_once(console: House) -> None:
    """Each by itself: what changed since the list was loaded is left alone, and each can be taken back."""
    filled(console, "acme", "beta", "gamma")
    reviewer = console.of(Role.REVIEWER)
    chosen = ticks(reviewer.get("/queue").text)
    card = reviewer.get("/api/v1/queue/2").json()
    reviews.snooze(console.services, 2, card["hash"], "ravi", console.clock.now() + timedelta(hours=1))
    answer = reviewer.post("/queue/approve", data={"chosen": chosen, "within": ""})
    assert answer.status_code == 200
    assert answer.text.count("approved; it leaves at") == 2
    assert "not approved" in answer.text
    assert [state(console, n)[0] for n in (1, 2, 3)] == ["approved", "pending", "approved"]
    assert reviewer.post("/queue/1/undo", data={"within": ""}).status_code == 303
    later(console, minutes=1)
    act_all(console.services)
    assert sorted(effects(console)) == ["done", "lapsed"]


def test_what_cannot_be_approved_at_once(one_console: House) -> None:
    """Two kinds, one twice, nonsense, nothing; and never what costs money."""
    filled(one_console, "acme")
    filled(one_console, "beta", rules=MONEY, kind=DropKind.LIMIT_REACHED)
    reviewer = one_console.of(Role.REVIEWER)
    lines = reviewer.get("/api/v1/queue").json()["items"]
    chosen = [f"{one['item']}:{one['hash']}:{one['version']}" for one in lines]
    assert len(chosen) == 2
    assert [one.partition(":")[0] for one in ticks(reviewer.get("/queue").text)] == ["1"]
    for wrong in (chosen, [chosen[0]] * 2, ["1"], ["x:y:z"], []):
        assert reviewer.post("/queue/approve", data={"chosen": wrong}).status_code == 400, wrong
    money = next(one for one in chosen if one.startswith("2:"))
    assert "it costs money" in reviewer.post("/queue/approve", data={"chosen": [money]}).text
    assert effects(one_console) == []


def test_a_planted_item_looks_like_any_other(console: House) -> None:
    """To a reviewer; operators are told, in the list and on the card."""
    filled(console, "acme", "beta", rules=FOUR)
    (number,) = plant(console.services, 1, "olga")
    reviewer, operator = console.of(Role.REVIEWER), console.of(Role.OPERATOR)
    for path in ("/queue", f"/queue/{number}", f"/api/v1/queue/{number}", "/api/v1/queue"):
        assert "wrong_name" not in reviewer.get(path).text.replace(" ", "_"), path
        assert "wrong_name" in operator.get(path).text.replace(" ", "_"), path
    propose_all(console.services, AS_OF)
    page = reviewer.get("/queue").text
    assert "planted" not in page
    assert number in rows(page)
