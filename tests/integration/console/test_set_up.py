"""The first set-up: one link, one operator."""

import re
from datetime import timedelta

import pytest

from tests.integration.console.house import PASSWORD, House
from winback.console.rights import Role
from winback.console.set_up import MINUTES, set_up_link

FIRST = {"login": "Ann@Example.com", "name": "Ann", "password": PASSWORD}


def hidden(page: str) -> dict[str, str]:
    return dict(re.findall(r'type="hidden" name="(\w+)" value="([^"]*)"', page))


def test_the_link_makes_the_first_operator_once(console: House) -> None:
    """Looking uses nothing up; afterwards neither it nor any other link holds."""
    link = set_up_link(console.store, console.clock, "")
    other = set_up_link(console.store, console.clock, "")
    assert link is not None
    assert other is not None
    client = console.nobody()
    assert client.get(link).status_code == 200
    form = hidden(client.get(link).text)
    answer = client.post("/set-up", data={**form, **FIRST})
    assert (answer.status_code, answer.headers["location"]) == (303, "/"), answer.text
    assert client.get("/").status_code == 200
    assert client.get("/people").status_code == 200
    second = console.nobody()
    for one in (link, other):
        assert second.get(one).status_code == 400
    assert set_up_link(console.store, console.clock, "") is None
    assert console.noted() == [
        ("", "user_added", "ann@example.com as operator"),
        ("ann@example.com", "signed_in", "by the set-up link"),
    ]


def test_a_link_is_over_after_an_hour(one_console: House) -> None:
    """Then a new start prints a new one."""
    link = set_up_link(one_console.store, one_console.clock, "")
    assert link is not None
    one_console.clock.set(one_console.clock.now() + timedelta(minutes=MINUTES))
    answer = one_console.nobody().get(link)
    assert answer.status_code == 400
    assert "start &#39;winback up&#39;" in answer.text


def test_what_will_not_do_is_asked_again(one_console: House) -> None:
    """The link still holds; nothing that was typed is lost but the password."""
    link = set_up_link(one_console.store, one_console.clock, "")
    assert link is not None
    client = one_console.nobody()
    form = hidden(client.get(link).text)
    answer = client.post("/set-up", data={**form, **FIRST, "password": "short"})
    assert answer.status_code == 400
    assert "has 5 characters" in answer.text
    assert 'value="Ann@Example.com"' in answer.text
    assert client.post("/set-up", data={**hidden(answer.text), **FIRST}).status_code == 303


@pytest.mark.parametrize("link", ["", "wrong", "x" * 300])
def test_a_wrong_link_opens_nothing(one_console: House, link: str) -> None:
    """Not even while there is no user."""
    assert one_console.nobody().get("/set-up", params={"link": link}).status_code == 400


def test_with_a_user_there_is_none(one_console: House) -> None:
    """Whoever is there adds the others."""
    one_console.user("ann", Role.VIEWER)
    assert set_up_link(one_console.store, one_console.clock, "") is None
