"""Users, sign-ins and tokens for programs: what People and one's own page do, and never more than one may."""

import json
from contextlib import ExitStack
from datetime import timedelta

import httpx
import pytest

from tests.integration.console.examples import is_example
from tests.integration.console.house import PASSWORD, House, house
from winback.console.api import API
from winback.console.rights import RIGHTS, Right, Role
from winback.settings_console import Oidc
from workers.services import Services

USERS, TOKENS, ME = f"{API}/users", f"{API}/tokens", f"{API}/me"
BOB = {"login": "bob", "name": "Bob", "role": "viewer", "password": PASSWORD}
OTHER = "four other words together"
TOKEN = {"name": "nightly", "login": "olga", "days": 30, "scopes": ["look"]}


def token(operator: httpx.Client, stack: ExitStack, *scopes: Right, login: str = "olga") -> httpx.Client:
    """A program with a token of these scopes."""
    made = operator.post(TOKENS, json={**TOKEN, "login": login, "scopes": list(scopes)})
    assert made.status_code == 201, made.text
    headers = {"Authorization": f"Bearer {made.json()['secret']}"}
    return stack.enter_context(httpx.Client(base_url=operator.base_url, headers=headers))


def test_the_examples_are_true(one_console: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is read and what each change answers; the secret is another one each time."""
    client = one_console.of(Role.OPERATOR, "olga")
    monkeypatch.setattr("winback.console.token.new_secret", lambda: "o7Zx" * 10)
    is_example("me", client.get(ME))
    is_example(
        "me_changed", client.put(ME, json={"name": "Olga", "language": "en", "zone": "UTC", "theme": "dark"})
    )
    is_example("user", client.post(USERS, json=BOB))
    is_example("users", client.get(USERS))
    is_example("token_made", client.post(TOKENS, json=TOKEN))
    is_example("token_revoked", client.post(f"{TOKENS}/1/revoke"))
    is_example("tokens", client.get(TOKENS))
    is_example("sign_ins", client.get(f"{ME}/sign-ins"))
    audit = client.get(f"{API}/audit").json()
    assert [one["what"] for one in audit] == ["token_revoked", "token_made", "user_added"]
    is_example("audit", httpx.Response(200, json=audit[:1]))


def test_a_program_changes_people(console: House) -> None:
    """As the page does, noted the same, and with the same refusals."""
    client = console.of(Role.OPERATOR, "olga")
    assert client.post(USERS, json=BOB).status_code == 201
    assert client.post(USERS, json=BOB).status_code == 409
    assert client.post(f"{USERS}/role", json={"login": "bob", "role": "reviewer"}).json()["role"] == "reviewer"
    assert console.sign_in(console.nobody(), "bob").status_code == 303
    assert client.post(f"{USERS}/password", json={"login": "bob", "password": OTHER}).status_code == 200
    assert console.sign_in(console.nobody(), "bob", OTHER).status_code == 303
    assert client.post(f"{USERS}/disable", json={"login": "bob"}).json()["disabled_at"] is not None
    assert console.sign_in(console.nobody(), "bob", OTHER).status_code != 303
    assert client.post(f"{USERS}/enable", json={"login": "bob"}).json()["disabled_at"] is None
    assert client.post(f"{USERS}/unlock", json={"login": "bob"}).status_code == 200
    assert client.post(f"{USERS}/disable", json={"login": "olga"}).status_code == 409
    assert client.post(f"{USERS}/disable", json={"login": "nobody"}).status_code == 400
    assert client.post(f"{USERS}/link", json={"login": "bob", "subject": "1"}).status_code == 404
    done = [(what, detail) for who, what, detail in console.noted() if who == "olga"]
    assert done == [
        ("user_added", "bob as viewer"), ("role_changed", "bob: viewer to reviewer"), ("password_changed", "bob"),
        ("user_disabled", "bob"), ("user_enabled", "bob"), ("user_unlocked", "bob"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("path", "body"),
    [
        (USERS, {**BOB, "role": "king"}),
        (USERS, {**BOB, "password": "\ud800" * 20}),
        (USERS, {**BOB, "name": "a\x00"}),
        (USERS, {**BOB, "more": 1}),
        (TOKENS, {**TOKEN, "scopes": ["everything"]}),
        (TOKENS, {**TOKEN, "scopes": []}),
        (TOKENS, {**TOKEN, "days": 0}),
        (f"{USERS}/role", {"login": "olga"}),
    ],
)
def test_what_has_not_the_form_is_refused(one_console: House, path: str, body: dict[str, object]) -> None:
    """Before anything is looked up."""
    answer = one_console.of(Role.OPERATOR, "olga").post(path, content=json.dumps(body))
    assert answer.status_code == 422, answer.text


def test_a_token_gives_no_more_than_it_may(console: House) -> None:
    """By no way: a token, a user, a role, a password or a link; on the pages no more than over the API."""
    operator = console.of(Role.OPERATOR, "olga")
    console.user("vera", Role.VIEWER)
    console.user("ravi", Role.REVIEWER)
    with ExitStack() as stack:
        program = token(operator, stack, Right.LOOK, Right.OPERATE)
        more = {**TOKEN, "scopes": ["look", "decide"]}
        for path, body in (
            (TOKENS, more),
            (USERS, {**BOB, "role": "reviewer"}),
            (f"{USERS}/role", {"login": "vera", "role": "operator"}),
            (f"{USERS}/password", {"login": "ravi", "password": OTHER}),
            (f"{USERS}/password", {"login": "olga", "password": OTHER}),
            (f"{USERS}/enable", {"login": "ravi"}),
        ):
            before = console.noted()
            refused = program.post(path, json=body)
            assert (refused.status_code, "more than" in refused.json()["what"]) == (403, True), path
            page = path.removeprefix(API).replace("/users", "/people").replace("/tokens", "/people/tokens")
            assert program.post(page, data=body).status_code == 403, page
            assert console.noted() == before
        assert program.post(TOKENS, json=TOKEN).status_code == 201
        assert program.post(USERS, json=BOB).status_code == 201
        assert program.post(f"{USERS}/password", json={"login": "vera", "password": OTHER}).status_code == 200
        whole = token(operator, stack, *Right)
        assert whole.post(TOKENS, json=more).status_code == 201
        assert whole.post(f"{USERS}/role", json={"login": "vera", "role": "operator"}).status_code == 200


@pytest.mark.parametrize("scopes", [one for role in (Role.VIEWER, Role.REVIEWER) for one in [RIGHTS[role]]])
def test_who_may_not_operate_changes_nobody(console: House, scopes: frozenset[Right]) -> None:
    """A token of an operator's, but without that scope."""
    operator = console.of(Role.OPERATOR, "olga")
    with ExitStack() as stack:
        program = token(operator, stack, *sorted(scopes))
        assert program.post(USERS, json=BOB).status_code == 403
        assert program.post(TOKENS, json=TOKEN).status_code == 403
        assert program.post(f"{TOKENS}/1/revoke").status_code == 403


def test_tokens_are_made_and_revoked(console: House) -> None:
    """One that is revoked opens nothing; a second time changes nothing; one that there is not is not found."""
    operator = console.of(Role.OPERATOR, "olga")
    with ExitStack() as stack:
        program = token(operator, stack, Right.LOOK)
        assert program.get(ME).json()["rights"] == ["look"]
        assert operator.post(f"{TOKENS}/1/revoke").json()["revoked_at"] == "2026-05-12T10:00:00Z"
        assert program.get(ME).status_code == 401
    console.clock.set(console.clock.now() + timedelta(hours=1))
    assert operator.post(f"{TOKENS}/1/revoke").json()["revoked_at"] == "2026-05-12T10:00:00Z"
    assert operator.post(f"{TOKENS}/9/revoke").status_code == 404
    assert operator.get(TOKENS).json()[0].keys() >= {"id", "scopes"}
    assert "secret" not in operator.get(TOKENS).text


def test_one_ends_ones_own_sign_ins(console: House) -> None:
    """And nobody else's; a new password ends them all."""
    vera = console.of(Role.VIEWER, "vera")
    other = console.of(Role.VIEWER, "otto")
    (mine,) = vera.get(f"{ME}/sign-ins").json()
    assert other.post(f"{ME}/sign-ins/{mine['id']}/end").status_code == 404
    assert console.sign_in(console.nobody(), "vera").status_code == 303
    second, _ = vera.get(f"{ME}/sign-ins").json()
    assert vera.post(f"{ME}/sign-ins/{second['id']}/end").json() == [mine]
    wrong = {"old": "not " + PASSWORD, "new": OTHER}
    assert vera.post(f"{ME}/password", json=wrong).status_code == 400
    assert vera.post(f"{ME}/password", json={"old": PASSWORD, "new": OTHER}).status_code == 200
    assert vera.get(ME).status_code == 200
    assert console.sign_in(console.nobody(), "vera", OTHER).status_code == 303


def test_a_program_links_a_user(services: Services) -> None:
    """Where a provider is set; one that may less than the user does not, for it could come in as them."""
    issuer, roles = "https://id.example.com", {"reviewers": Role.REVIEWER.value}
    oidc = Oidc.model_validate(
        {"issuer": issuer, "client_id": "w", "client_secret": "s" * 16, "role_claim": "roles", "roles": roles}
    )
    with house(services, oidc=oidc) as console:
        client = console.of(Role.OPERATOR, "olga")
        console.user("otto", Role.OPERATOR)
        subject = "https://id.example.com#1"
        linked = client.post(f"{USERS}/link", json={"login": "otto", "subject": subject})
        assert (linked.status_code, linked.json()["subject"]) == (200, subject)
        with ExitStack() as stack:
            program = token(client, stack, Right.LOOK, Right.OPERATE)
            other = {"login": "otto", "subject": "https://id.example.com#2"}
            assert program.post(f"{USERS}/link", json=other).status_code == 403
            assert program.post("/people/link", data=other).status_code == 403
            assert program.post(f"{USERS}/link", json={"login": "otto"}).json()["subject"] is None
