"""The list of what waits: its order, its filters, its pages, saved views, and approving several at once."""

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlmodel import select

from winback.clock import SimulatedClock
from winback.errors import InputError
from winback.settings_console import Console
from winback.store.listed import relist
from winback.store.models import Account, Effect, Review
from winback.testing.world import AS_OF, NOON, add_account, open_case, sample_drop
from winback.usage.drop import DropKind
from workers import desk
from workers import review as reviews
from workers.bulk import Chosen, approve_all
from workers.propose import propose_all
from workers.queue_list import After, Filters, counts_of, page_of
from workers.saved_view import drop_view, save_view, views_of
from workers.services import Services

RULES = """version: 1
rules:
- {id: t, kind: allow_tools, allow: [{tools: [offer_trial_upgrade, send_tutorial], mode: review}]}
- {id: e, kind: expires, hours: 168}
"""
KEYS = ("acme", "beta", "crab", "delta", "echo")


@pytest.fixture
def five(services: Services) -> Services:
    """Five items: the third is worth the most, the last is of another tool."""
    for tool, keys in (("offer_trial_upgrade", KEYS[:4]), ("send_tutorial", KEYS[4:])):
        rules = RULES.replace("offer_trial_upgrade, send_tutorial", tool)
        (services.settings.home / "policy.yaml").write_text(rules, encoding="utf-8")
        with services.store.write("test") as session:
            for key in keys:
                account = add_account(session, key)
                account.value_per_month = 900.0 if key == "crab" else 49.0
                account.plan, account.region = ("team", "IN") if key == "beta" else ("starter", "DE")
                account.tags = ["pilot"] if key == "delta" else []
                kind = DropKind.FEATURE_FELL if key == "echo" else DropKind.LIMIT_REACHED
                open_case(session, account, sample_drop(key, kind))
        propose_all(services, AS_OF)
    return services


def listed(services: Services, **filters: object) -> list[str]:
    with services.store.read() as session:
        lines = page_of(session, Filters(**filters), services.clock.now()).lines  # type: ignore[arg-type]
    return [one.account.key for one in lines]


def digest(services: Services, number: int) -> str:
    with services.store.read() as session:
        return session.get_one(Review, number).action_hash


def test_what_is_worth_more_and_ends_sooner_goes_first(five: Services) -> None:
    """The stake first; an item that was escalated before it; the newest of equals."""
    assert listed(five) == ["crab", "echo", "delta", "beta", "acme"]
    reviews.escalate(five, 1, digest(five, 1), "rita")
    assert listed(five)[:2] == ["acme", "crab"]


@pytest.mark.parametrize(
    ("filters", "found"),
    [
        ({"plan": "team"}, ["beta"]),
        ({"region": "IN"}, ["beta"]),
        ({"tag": "pilot"}, ["delta"]),
        ({"owner": "nobody@example.com"}, []),
        ({"tool": "send_tutorial"}, ["echo"]),
        ({"rule": "t"}, ["crab", "echo", "delta", "beta", "acme"]),
        ({"rule": "e"}, []),
        ({"words": "CRA"}, ["crab"]),
        ({"words": "ra cr"}, ["crab"]),
        ({"words": "%"}, []),
        ({"words": "_"}, []),
        ({"older_hours": 1.0}, []),
        ({"older_hours": 0.0}, ["crab", "echo", "delta", "beta", "acme"]),
    ],
)
def test_each_filter_leaves_what_it_says(five: Services, filters: dict[str, object], found: list[str]) -> None:
    """And the count agrees."""
    assert listed(five, **filters) == found
    with five.store.read() as session:
        counts = counts_of(session, Filters(**filters), NOON)  # type: ignore[arg-type]
    assert (counts.open, counts.shown, counts.more) == (5, len(found), False)


def test_states_and_whose_it_is(five: Services) -> None:
    """Snoozed ones are out of sight until their time; claimed, escalated and given ones are found as that."""
    reviews.snooze(five, 1, digest(five, 1), "rita", NOON + timedelta(hours=1))
    desk.claim_item(five, 2, "rita", 5)
    reviews.escalate(five, 4, digest(five, 4), "rita")
    desk.hand_to(five, 5, digest(five, 5), "rita", "ravi")
    assert "acme" not in listed(five)
    assert listed(five, state="snoozed") == ["acme"]
    assert listed(five, state="claimed") == ["beta"]
    assert listed(five, state="escalated") == ["delta"]
    assert listed(five, state="needs_another") == []
    assert listed(five, assignee="ravi") == ["echo"]
    assert isinstance(five.clock, SimulatedClock)
    five.clock.set(NOON + timedelta(hours=2))
    assert "acme" in listed(five)
    assert listed(five, state="claimed") == []


@pytest.mark.parametrize("limit", [1, 2, 4, 5])
def test_pages_follow_one_another_without_a_gap(five: Services, limit: int) -> None:
    """Each item once, in order, whatever the size of a page; the place can be written down and read."""
    found: list[str] = []
    after: After | None = None
    with five.store.read() as session:
        while True:
            page = page_of(session, Filters(), NOON, after=after, limit=limit)
            found += [one.account.key for one in page.lines]
            if page.following is None:
                break
            after = After.read(str(page.following))
    assert found == listed(five)


@pytest.mark.parametrize("place", ["", "1", "x_1", "1_x", "0x1p9999_1", "_"])
def test_a_place_of_nowhere_is_one_line(place: str) -> None:
    """Whatever an address says."""
    with pytest.raises(InputError, match="no place in the list"):
        After.read(place)


def test_an_account_that_changes_is_listed_as_it_is(five: Services) -> None:
    """What an import or an erasure changes of an account changes where its items stand."""
    with five.store.write("test") as session:
        account = session.exec(select(Account).where(Account.key == "acme")).one()
        account.name, account.value_per_month, account.tags = "Zebra", 9000.0, ["new"]
        relist(session, account)
    assert listed(five)[0] == "acme"
    assert listed(five, words="zebra") == listed(five, tag="new") == ["acme"]


def test_views_are_kept_per_person(five: Services) -> None:
    """Saved, replaced, read back, forgotten; a filter that is none is refused."""
    save_view(five, "rita", " my  view ", Filters(tool="send_tutorial"))
    save_view(five, "rita", "my view", Filters(plan="team", older_hours=2.0))
    with five.store.read() as session:
        assert views_of(session, "rita") == {"my view": Filters(plan="team", older_hours=2.0)}
        assert views_of(session, "ravi") == {}
    drop_view(five, "rita", "my view")
    drop_view(five, "rita", "my view")
    with five.store.read() as session:
        assert views_of(session, "rita") == {}
    with pytest.raises(InputError, match="a name of 0"):
        save_view(five, "rita", " ", Filters())
    for plain in ({"tol": "x"}, {"state": "gone"}, {"older_hours": -1}, {"tool": 3}):
        with pytest.raises(InputError):
            Filters.from_plain(plain)


BULK = RULES.replace("offer_trial_upgrade, send_tutorial", "send_tutorial")


@pytest.fixture
def tutorials(services: Services) -> Services:
    """Three items of one tool and template that cost nothing."""
    (services.settings.home / "policy.yaml").write_text(BULK, encoding="utf-8")
    with services.store.write("test") as session:
        for key in KEYS[:3]:
            open_case(session, add_account(session, key), sample_drop(key))
    propose_all(services, AS_OF)
    return services


def chosen(services: Services, *numbers: int) -> list[Chosen]:
    return [Chosen(one, digest(services, one)) for one in numbers]


def test_each_of_several_is_judged_by_itself(tutorials: Services) -> None:
    """One that was decided meanwhile says so; the others are approved, and rest for the grace."""
    wanted = chosen(tutorials, 1, 2, 3)
    reviews.reject(tutorials, 2, digest(tutorials, 2), "ravi", "not_now", "")
    results = approve_all(tutorials, wanted, "rita")
    assert [one.approved for one in results] == [True, False, True]
    assert "already rejected by ravi" in str(results[1].problem)
    assert results[0].due_at == NOON + timedelta(seconds=20)
    with tutorials.store.read() as session:
        assert len(session.exec(select(Effect)).all()) == 2


def test_several_are_of_one_kind_and_not_too_many(five: Services) -> None:
    """Another tool, one twice, none, or more than the settings allow: nothing is changed."""
    for numbers, words in (((4, 5), "several kinds"), ((4, 4), "twice"), ((), "0 items")):
        with pytest.raises(InputError, match=words):
            approve_all(five, chosen(five, *numbers), "rita")
    capped = replace(five, settings=five.settings.model_copy(update={"console": Console(bulk_most=1)}))
    with pytest.raises(InputError, match="choose 1 to 1"):
        approve_all(capped, chosen(five, 1, 2), "rita")
    assert len(listed(five)) == 5


def test_money_and_four_eyes_are_never_approved_in_bulk(five: Services) -> None:
    """Each is told to be approved by itself."""
    (money,) = approve_all(five, chosen(five, 1), "rita")
    assert money.problem == "it costs money: approve it by itself"
    with five.store.write("test") as session:
        session.get_one(Review, 5).verdict = {**session.get_one(Review, 5).verdict, "people": 2}
    (two,) = approve_all(five, chosen(five, 5), "rita")
    assert two.problem == "two people must approve it: approve it by itself"
    assert len(listed(five)) == 5
