"""A call is chosen, changed and cancelled on its page."""

import threading
from dataclasses import replace

import pytest
from sqlmodel import select

from tests.integration.pages.site import Site, dump, site, starts
from winback.decisions.verify import verify
from winback.store.answers import Booking
from winback.store.models import Effect
from winback.store.types import EVENT, INVITE, MESSAGE
from winback.testing.world import AS_OF, add_account, open_case, sample_drop
from winback.usage.drop import DropKind
from workers.act import act_all
from workers.propose import propose_all
from workers.services import Services

QUIET = DropKind.ALL_QUIET


def second_message(one: Site) -> str:
    """Another account of the same manager gets the same suggestion; the key of its message."""
    with one.store.write("test") as session:
        account = add_account(session, "bolt")
        open_case(session, account, sample_drop("bolt", QUIET))
    propose_all(one.services, AS_OF)
    act_all(one.services)
    with one.store.read() as session:
        return session.exec(select(Effect.key).where(Effect.part == MESSAGE, Effect.account_id == 2)).one()


def parts(one: Site) -> list[str]:
    return [each.part for each in one.effects()]


def test_choosing_changing_cancelling(services: Services) -> None:
    """Each is one event and one invitation, with a sequence of its own; the page says how it stands."""
    with site(services, QUIET) as one:
        offered = one.get("call")
        assert "All times are in your time zone, Berlin." in offered.text
        first, second = starts(offered)[:2]
        page = one.post("call", do="choose", start=first)
        assert page.status_code == 200
        assert "Your call is on" in page.text
        assert first not in starts(page)
        before = dump(one.store)
        assert one.post("call", do="choose", start=first).status_code == 200
        assert dump(one.store) == before
        assert one.post("call", do="choose", start=second).status_code == 200
        assert one.row(Booking).sequence == 1
        page = one.post("call", do="cancel")
        assert "The call is cancelled." in page.text
        assert one.row(Booking).cancelled_at is not None
        assert first in starts(page)
        assert second in starts(page)
        before = dump(one.store)
        assert one.post("call", do="cancel").status_code == 200
        assert dump(one.store) == before
        assert parts(one).count(EVENT) == parts(one).count(INVITE) == 3
        assert verify(one.store).problems == ()


def test_a_time_that_somebody_else_took_meanwhile(services: Services) -> None:
    """409 with the times that are left."""
    with site(services, QUIET) as one:
        other = replace(one, key=second_message(one))
        wanted = starts(one.get("call"))[0]
        assert other.post("call", do="choose", start=wanted).status_code == 200
        page = one.post("call", do="choose", start=wanted)
        assert page.status_code == 409
        assert "that time is taken" in page.text
        assert wanted not in starts(page)
        assert starts(page)
        assert "Your call is on" not in page.text


def test_of_two_people_at_once_one_gets_it(services: Services) -> None:
    """The other one is told, and can choose again."""
    with site(services, QUIET) as one:
        both = [one, replace(one, key=second_message(one))]
        wanted, start, said = starts(one.get("call"))[0], threading.Barrier(2), list[int]()

        def take(each: Site) -> None:
            start.wait()
            said.append(each.post("call", do="choose", start=wanted).status_code)

        threads = [threading.Thread(target=take, args=(each,)) for each in both]
        for each in threads:
            each.start()
        for each in threads:
            each.join()
        assert sorted(said) == [200, 409]
        with one.store.read() as session:
            assert len(session.exec(select(Booking)).all()) == 1


@pytest.mark.parametrize(
    ("fields", "status"),
    [
        ({"do": "choose", "start": "tomorrow"}, 400),
        ({"do": "choose", "start": ""}, 400),
        ({"do": "choose"}, 400),
        ({"do": "choose", "start": "2026-05-14T09:00:00"}, 400),
        ({"do": "choose", "start": "0001-01-01T00:00:00+14:00"}, 409),
        ({"do": "choose", "start": "2026-05-16T03:07:00+00:00"}, 409),
        ({"do": "cancel"}, 400),
        ({"do": "dance"}, 400),
        ({}, 400),
    ],
)
def test_what_is_no_choice(services: Services, fields: dict[str, str], status: int) -> None:
    """Nothing is written."""
    with site(services, QUIET) as one:
        before = dump(one.store)
        assert one.post("call", **fields).status_code == status
        assert dump(one.store) == before


def test_a_message_without_a_call_has_no_page_for_one(services: Services) -> None:
    """Even with a token for it."""
    with site(services, DropKind.FEATURE_FELL) as one:
        assert one.get("call").status_code == one.post("call", do="cancel").status_code == 410
