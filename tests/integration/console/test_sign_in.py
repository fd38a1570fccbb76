"""The door: who gets in, who does not and learns nothing, and for how long it holds."""

from datetime import timedelta

import pytest

from tests.integration.console.house import PASSWORD, House, house, token_in
from winback.console.people import By, set_disabled, set_password, unlock
from winback.console.rights import Role
from winback.store.console import User
from winback.testing.world import NOON
from workers.services import Services

BY = By("test", "", NOON)
WRONG = "not the right words"


def test_in_and_out(console: House) -> None:
    """In any case of the login; the secret is new at each sign-in, and dead after signing out."""
    console.user("ann@example.com", Role.VIEWER)
    client = console.nobody()
    answer = console.sign_in(client, "Ann@Example.com ", next="/me?x=1")
    assert (answer.status_code, answer.headers["location"]) == (303, "/me?x=1")
    cookie = next(one for one in answer.headers.get_list("set-cookie") if one.startswith("winback="))
    assert "HttpOnly" in cookie
    assert "SameSite=lax" in cookie
    first = client.cookies["winback"]
    page = client.get("/").text
    console.sign_in(client, "ann@example.com")
    assert client.cookies["winback"] != first
    old = console.nobody()
    old.cookies.set("winback", first)
    assert old.get("/").status_code == 303
    last = client.cookies["winback"]
    assert client.post("/sign-out", data={"csrf": token_in(page)}).status_code == 403
    assert client.post("/sign-out", data={"csrf": token_in(client.get("/").text)}).status_code == 303
    client.cookies.set("winback", last)
    assert client.get("/").status_code == 303
    assert [what for _, what, _ in console.noted()] == ["signed_in", "signed_in", "sign_in_ended", "signed_out"]


def test_whoever_does_not_get_in_does_not_learn_why(console: House) -> None:
    """A wrong password, an unknown login, a disabled and a locked user: one answer; the audit knows."""
    for login in ("ann", "bob", "eve"):
        console.user(login, Role.OPERATOR)
    set_disabled(console.store, BY, "bob", disabled=True)
    with console.store.write("test") as session:
        locked = session.get_one(User, 3)
        locked.locked_until = NOON + timedelta(minutes=1)
    client = console.nobody()
    answers = [
        console.sign_in(client, login, password)
        for login, password in (("ann", WRONG), ("nobody", WRONG), ("bob", PASSWORD), ("eve", PASSWORD))
    ]
    assert {(one.status_code, one.text) for one in answers} == {(401, answers[0].text)}
    assert console.noted()[1:] == [
        ("ann", "sign_in_refused", "password"),
        ("nobody", "sign_in_refused", "unknown"),
        ("bob", "sign_in_refused", "disabled"),
        ("eve", "sign_in_refused", "locked"),
    ]


def test_many_failures_lock_out_for_a_while(services: Services) -> None:
    """Then the right password does not help, until it is over or an operator says so."""
    with house(services, failures=3) as console:
        console.user("ann", Role.VIEWER)
        client = console.nobody()
        for _ in range(3):
            console.sign_in(client, "ann", WRONG)
        assert console.sign_in(client, "ann").status_code == 401
        unlock(console.store, BY, "ann")
        assert console.sign_in(client, "ann").status_code == 303
        for _ in range(3):
            console.sign_in(client, "ann", WRONG)
        console.clock.set(NOON + timedelta(minutes=15))
        assert console.sign_in(client, "ann").status_code == 303


def test_an_address_may_try_so_often(services: Services) -> None:
    """However many logins it tries; looking at pages is not counted with it."""
    with house(services, sign_ins_per_minute=2) as console:
        console.user("ann", Role.VIEWER)
        client = console.nobody()
        codes = [console.sign_in(client, f"user{n}", WRONG).status_code for n in range(3)]
        assert codes == [401, 401, 429]
        assert client.get("/sign-in").status_code == 200


def test_a_sign_in_ends(services: Services) -> None:
    """Without use, and at the latest; with its user's password; when its user is disabled."""
    with house(services, idle_hours=2, session_hours=5) as console:
        console.user("ann", Role.VIEWER)
        client = console.nobody()
        console.sign_in(client, "ann")
        for hours, status in ((1, 200), (2.9, 200), (4.8, 200), (5, 303)):
            console.clock.set(NOON + timedelta(hours=hours))
            assert client.get("/").status_code == status, hours
        console.sign_in(client, "ann")
        console.clock.set(NOON + timedelta(hours=7.1))
        assert client.get("/").status_code == 303
        console.sign_in(client, "ann")
        set_password(console.store, BY, "ann", "some other plain words")
        assert client.get("/").status_code == 303
        console.sign_in(client, "ann", "some other plain words")
        set_disabled(console.store, BY, "ann", disabled=True)
        assert client.get("/").status_code == 303


@pytest.mark.parametrize("path", ["//evil.example", "https://evil.example", "/\\evil.example", "javascript:x", ""])
def test_signing_in_leads_nowhere_else(one_console: House, path: str) -> None:
    """Whatever the link to the form says."""
    one_console.user("ann", Role.VIEWER)
    answer = one_console.sign_in(one_console.nobody(), "ann", next=path)
    assert answer.headers["location"] == "/"


def test_a_form_for_signing_in_is_from_here(one_console: House) -> None:
    """Another site cannot sign somebody in as whom it likes."""
    one_console.user("ann", Role.VIEWER)
    client = one_console.nobody()
    client.get("/sign-in")
    for fields in ({}, {"csrf": "0" * 64}):
        answer = client.post("/sign-in", data={**fields, "login": "ann", "password": PASSWORD})
        assert answer.status_code == 403


def test_ones_own_sign_ins(one_console: House) -> None:
    """Are seen and ended by oneself, and by nobody else."""
    ann, bob = one_console.of(Role.VIEWER), one_console.of(Role.OPERATOR)
    assert bob.post("/me/sign-ins/1/end").status_code == 404
    assert "this one" in ann.get("/me").text
    assert ann.post("/me/sign-ins/1/end").status_code == 303
    assert ann.get("/me").status_code == 303
