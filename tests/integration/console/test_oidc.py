"""Signing in by an OpenID provider: who gets in, as whom and as what; the provider is a real one on loopback."""

import logging
from datetime import timedelta
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
import structlog
from sqlmodel import select

from tests.conftest import sqlite_world
from tests.integration.console.house import PASSWORD, House, house, token_in
from tests.integration.console.oidc_visit import ANN, arrive, refused, settings, to_provider
from tests.integration.console.openid import CLIENT, SECRET, OpenId
from winback.console.people import By, link, set_disabled
from winback.console.rights import Role
from winback.store.console import User
from winback.testing.world import NOON

BY = By("test", "", NOON)


def the_user(console: House, login: str = "ann@example.com") -> User:
    with console.store.read() as session:
        return session.exec(select(User).where(User.login == login)).one()


def test_somebody_new_gets_in_with_the_role_they_have_there(here: House, openid: OpenId) -> None:
    """As a user of their own, where they wanted to go; the browser keeps no more of the way."""
    client = here.nobody()
    page = client.get("/sign-in?next=/me")
    assert '<a class="button" href="/sign-in/oidc?next=/me">Sign in with your organisation</a>' in page.text
    answer = arrive(client, "/sign-in/oidc?next=/me")
    assert (answer.status_code, answer.headers["location"]) == (303, "/me")
    assert "winback_way" not in client.cookies
    assert "Ann &lt;b&gt;Smith" in client.get("/me").text
    user = the_user(here)
    assert (user.role, user.subject, user.password) == ("reviewer", f"{openid.address}#sub-1", None)
    assert here.noted() == [
        ("ann@example.com", "user_added", "ann@example.com as reviewer, by the provider"),
        ("ann@example.com", "signed_in", "by the provider"),
    ]
    assert 'action="/me/password"' not in client.get("/me").text
    assert here.sign_in(here.nobody(), "ann@example.com").status_code == 401


def test_what_is_asked_of_the_provider(here: House) -> None:
    """A code, with PKCE, for this client and this address; the cookie is no script's and comes back Lax."""
    answer = here.nobody().get("/sign-in/oidc", headers={"Host": "evil.example"})
    asked = {name: values[0] for name, values in parse_qs(urlsplit(answer.headers["location"]).query).items()}
    fixed = {name: asked[name] for name in asked if name not in {"state", "nonce", "code_challenge"}}
    assert fixed == {
        "response_type": "code", "client_id": CLIENT, "redirect_uri": f"{here.address}/sign-in/oidc/back",
        "scope": "openid profile email", "code_challenge_method": "S256",
    }  # fmt: skip
    assert min(len(asked[name]) for name in ("state", "nonce", "code_challenge")) >= 43
    (cookie,) = answer.headers.get_list("set-cookie")
    assert cookie.startswith("winback_way=")
    for part in ("HttpOnly", "SameSite=lax", "Max-Age=600"):
        assert part in cookie
    assert SECRET not in cookie


def test_the_role_follows_the_claim(here: House, openid: OpenId) -> None:
    """At each sign-in; the highest of several; a text is as good as a list; without any, all sign-ins are over."""
    client = here.nobody()
    for given, role in (
        (["lookers", "operators"], "operator"),
        ("lookers", "viewer"),
        (["reviewers"], "reviewer"),
    ):
        openid.people["sub-1"]["roles"] = given
        assert arrive(client).status_code == 303
        assert the_user(here).role == role
    assert (
        "ann@example.com",
        "role_changed",
        "ann@example.com: operator to viewer, by the provider",
    ) in here.noted()
    assert client.get("/me").status_code == 200
    openid.people["sub-1"]["roles"] = []
    answer = arrive(here.nobody())
    assert answer.status_code == 403
    assert "none of the roles" in answer.text
    assert client.get("/me").status_code == 303


@pytest.mark.parametrize(
    "roles", [None, [], "staff", ["OPERATORS"], {"operators": True}, [["operators"], 7], 7, True]
)
def test_without_a_role_there_is_no_way_in(here: House, openid: OpenId, roles: object) -> None:
    """Whatever else the claim holds; no user is made."""
    openid.people["sub-1"]["roles"] = roles
    client = here.nobody()
    assert arrive(client).status_code == 403
    assert client.get("/me").status_code == 303
    assert refused(here) == [f"by the provider: no_role; {openid.address}#sub-1"]
    with here.store.read() as session:
        assert session.exec(select(User)).all() == []


def test_a_claim_can_lie_deeper(tmp_path: Path, openid: OpenId) -> None:
    """As Keycloak has it; a claim whose own name has dots comes first."""
    with (
        sqlite_world(tmp_path) as services,
        house(services, oidc=settings(openid, role_claim="realm_access.roles")) as console,
    ):
        openid.people["sub-1"]["realm_access"] = {"roles": ["lookers"]}
        assert arrive(console.nobody()).status_code == 303
        assert the_user(console).role == "viewer"
        openid.people["sub-1"]["realm_access.roles"] = "operators"
        assert arrive(console.nobody()).status_code == 303
        assert the_user(console).role == "operator"


def test_nobody_becomes_somebody_else_by_a_name(here: House, openid: OpenId) -> None:
    """An operator links them; then they get in as the one they are, and as nobody once they are unlinked."""
    here.user("ann@example.com", Role.OPERATOR)
    client = here.nobody()
    answer = arrive(client)
    assert answer.status_code == 403
    assert f"{openid.address}#sub-1" in answer.text
    assert client.get("/me").status_code == 303
    operator = here.of(Role.OPERATOR)
    link_it = {"login": "ann@example.com", "subject": "sub-1"}
    assert operator.post("/people/link", data=link_it).status_code == 303
    assert "sub-1" in operator.get("/people").text
    assert arrive(client).status_code == 303
    assert (the_user(here).role, the_user(here).password is not None) == ("reviewer", True)
    assert operator.post("/people/link", data={**link_it, "login": "operator-1"}).status_code == 409
    assert operator.post("/people/link", data={**link_it, "subject": "\n"}).status_code == 303
    assert client.get("/me").status_code == 303
    assert arrive(client).status_code == 403
    told = [what for _, what, _ in here.noted() if "link" in what]
    assert told == ["user_linked", "user_unlinked"]


def test_an_address_that_the_provider_does_not_vouch_for_is_no_login(here: House, openid: OpenId) -> None:
    """The name there is taken, then the subject; the same person stays the same whatever they are called."""
    openid.people["sub-1"] = {**ANN, "email_verified": False, "preferred_username": "ann"}
    openid.people["sub 2"] = {"roles": "lookers", "preferred_username": "<script>", "name": "\u202e\x00"}
    arrive(here.nobody())
    openid.people["sub-1"]["preferred_username"] = "annette"
    arrive(here.nobody())
    openid.who = "sub 2"
    assert arrive(here.nobody()).status_code == 303
    with here.store.read() as session:
        found = [(one.login, one.name) for one in session.exec(select(User).order_by(User.id))]  # type: ignore[arg-type]
    assert found[0] == ("ann", "Ann <b>Smith</b>")
    assert (len(found), len(found[1][0]), found[1][1]) == (2, 16, found[1][0])


def test_a_disabled_user_stays_out(here: House, openid: OpenId) -> None:
    """Whatever the provider says."""
    client = here.nobody()
    arrive(client)
    here.user("root", Role.OPERATOR)
    set_disabled(here.store, BY, "ann@example.com", disabled=True)
    openid.people["sub-1"]["roles"] = "operators"
    answer = arrive(client)
    assert (answer.status_code, "disabled your user" in answer.text) == (403, True)
    assert client.get("/me").status_code == 303
    assert the_user(here).role == "reviewer"


def test_a_way_back_that_another_browser_began(here: House) -> None:
    """Is none: without the cookie, with another's, with another state, when it is over, or tampered with."""
    ann, eve = here.nobody(), here.nobody()
    back = to_provider(eve)
    assert ann.get(back).status_code == 400
    assert ann.get("/sign-in/oidc").status_code == 303
    assert ann.get(back).status_code == 400
    other = to_provider(ann)
    state = parse_qs(urlsplit(other).query)["state"][0]
    assert ann.get(other.replace(state, state[:-1])).status_code == 400
    slow = to_provider(ann)
    here.clock.set(NOON + timedelta(seconds=600))
    assert ann.get(slow).status_code == 400
    here.clock.set(NOON)
    tampered = to_provider(ann)
    body, _, signature = ann.cookies["winback_way"].rpartition(".")
    ann.cookies.clear()
    ann.cookies.set("winback_way", f"{body[:-2]}AA.{signature}")
    assert ann.get(tampered).status_code == 400
    assert [one.rpartition(" ")[2] for one in refused(here)] == ["cookie", "state", "state", "late", "cookie"]
    assert ann.get("/me").status_code == 303


def test_a_code_is_taken_once(here: House) -> None:
    """Who has the address of somebody's way back and even their cookie gets in by it no second time."""
    client, thief = here.nobody(), here.nobody()
    back = to_provider(client)
    thief.cookies.set("winback_way", client.cookies["winback_way"])
    assert client.get(back).status_code == 303
    assert client.get(back).status_code == 400
    answer = thief.get(back)
    assert (answer.status_code, "confirmed once" in answer.text) == (400, True)
    assert refused(here) == ["by the provider: lost: cookie", "by the provider: code: invalid_grant"]


def test_a_code_alone_is_nothing(here: House) -> None:
    """Another browser's verifier does not go with it (PKCE)."""
    ann, eve = here.nobody(), here.nobody()
    stolen = parse_qs(urlsplit(to_provider(ann)).query)["code"][0]
    own = to_provider(eve)
    code = parse_qs(urlsplit(own).query)["code"][0]
    assert eve.get(own.replace(code, stolen)).status_code == 400
    assert refused(here) == ["by the provider: code: invalid_grant"]


def test_the_provider_may_decline(here: House, openid: OpenId) -> None:
    """That is said, and its words are not repeated."""
    openid.who = None
    client = here.nobody()
    back = client.get("/sign-in/oidc").headers["location"]
    state = parse_qs(urlsplit(back).query)["state"][0]
    answer = client.get("/sign-in/oidc/back", params={"state": state, "error": "access_denied",
                                                      "error_description": "call 555-1234"})  # fmt: skip
    assert (answer.status_code, "did not sign you in" in answer.text, "555" in answer.text) == (403, True, False)
    assert refused(here) == ["by the provider: declined: access_denied"]


@pytest.mark.parametrize("path", ["//evil.example", "https://evil.example", "/\\evil.example", "javascript:x"])
def test_it_leads_nowhere_else(here: House, path: str) -> None:
    """Whatever the link says."""
    answer = arrive(here.nobody(), f"/sign-in/oidc?next={path}")
    assert (answer.status_code, answer.headers["location"]) == (303, "/")


def test_signing_in_without_passwords(tmp_path: Path, openid: OpenId) -> None:
    """The form is gone, and what it sent is refused; the link has the words that are set."""
    oidc = settings(openid, passwords=False, label="By <Example>")
    with sqlite_world(tmp_path) as services, house(services, oidc=oidc) as console:
        console.user("bob", Role.OPERATOR)
        client = console.nobody()
        page = client.get("/sign-in").text
        assert ("By &lt;Example&gt;" in page, 'name="password"' in page) == (True, False)
        bob = console.of(Role.VIEWER)
        assert 'action="/me/password"' not in bob.get("/me").text
        link(console.store, BY, "bob", f"{openid.address}#sub-1")
        assert arrive(client).status_code == 303
        with house(services) as other:
            form = other.nobody()
            csrf = token_in(form.get("/sign-in").text)
            cookies = dict(form.cookies)
        answer = console.nobody(Cookie="; ".join(f"{name}={value}" for name, value in cookies.items())).post(
            "/sign-in", data={"csrf": csrf, "login": "bob", "password": PASSWORD}
        )
        assert answer.status_code == 403
        assert "Nobody signs in by password here" in answer.text


def test_nothing_secret_is_written_down(here: House, openid: OpenId, caplog: pytest.LogCaptureFixture) -> None:
    """No code, token, verifier or secret in a log, a page or the audit, whether it goes well or not."""
    caplog.set_level(logging.INFO)
    client, pages = here.nobody(), []
    with structlog.testing.capture_logs() as events:
        pages.append(arrive(client))
        pages.append(client.get("/me"))
        openid.twist = {"nonce": "another"}
        pages.append(arrive(client))
        openid.twist, openid.who = {}, "sub-2"
        pages.append(arrive(client))
        openid.metadata = {"token_endpoint": f"{openid.address}/nothing"}
        here.clock.set(NOON + timedelta(hours=2))
        pages.append(arrive(client))
    assert [one.status_code for one in pages] == [303, 200, 403, 403, 503]
    ours = [str(one) for one in events]
    ours += [one.getMessage() for one in caplog.records if "/sign-in/oidc" not in one.getMessage()]
    told = " ".join([*ours, *(str(one) for one in here.noted()), *(one.text for one in pages)])
    assert len(openid.spoken) >= 6
    for secret in (*openid.spoken, SECRET):
        assert secret not in told
    assert any(one["event"] == "oidc.failed" for one in events)


def test_the_words_are_there_in_hindi(here: House, openid: OpenId) -> None:
    """Of the link and of a refusal."""
    openid.people["sub-1"]["roles"] = []
    client = here.nobody(**{"Accept-Language": "hi"})
    assert "अपने संगठन से" in client.get("/sign-in").text
    assert "आप साइन इन नहीं हैं" in arrive(client).text


def test_without_a_provider_there_is_no_such_way(one_console: House) -> None:
    """And no link to it."""
    client = one_console.nobody()
    assert "/sign-in/oidc" not in client.get("/sign-in").text
    for path in ("/sign-in/oidc", "/sign-in/oidc/back?code=1&state=1"):
        assert client.get(path).status_code == 404
