"""Operators and people: adding, roles, tokens; what is shown is harmless, and every answer has its headers."""

import httpx
import pytest

from tests.integration.console.house import PASSWORD, House, house
from winback.cli.app import main
from winback.console.rights import Right, Role
from winback.errors import Exit
from workers.services import Services

HOSTILE = "<script>alert(1)</script>\u202e\u200b"


def token(operator: httpx.Client, login: str, *scopes: str) -> httpx.Client:
    """A program that has a token of somebody's."""
    form = {"name": "test", "login": login, "days": "1", "scopes": list(scopes)}
    answer = operator.post("/people/tokens", data=form)
    assert answer.status_code == 200, answer.text
    secret = answer.text.partition("<code>")[2].partition("</code>")[0]
    return httpx.Client(base_url=operator.base_url, headers={"Authorization": f"Bearer {secret}"})


def test_a_token_may_what_its_scopes_say(console: House) -> None:
    """No more than its user either, without a form's token, and nothing once it is revoked."""
    operator = console.of(Role.OPERATOR)
    with token(operator, "operator-0", "look") as look, token(operator, "operator-0", *Right) as operate:
        assert look.get("/api/v1/me").json()["rights"] == ["look"]
        assert look.get("/api/v1/users").status_code == 403
        assert operate.get("/api/v1/users").json()[0]["login"] == "operator-0"
        console.user("bob", Role.VIEWER)
        assert operate.post("/people/role", data={"login": "bob", "role": "reviewer"}).status_code == 303
        form = {"name": "more", "login": "bob", "days": "1", "scopes": ["operate"]}
        assert operator.post("/people/tokens", data=form).status_code == 400
        assert operator.post("/people/tokens/1/revoke").status_code == 303
        assert look.get("/api/v1/me").status_code == 401
        assert look.get("/api/v1/me", headers={"Authorization": "Basic x"}).status_code == 401


def test_adding_somebody(console: House) -> None:
    """They sign in; the same login in another case is somebody else's already, and the flash says who."""
    operator = console.of(Role.OPERATOR)
    form = {"login": "Bob@Example.com", "name": HOSTILE + "Bob", "role": "viewer", "password": PASSWORD}
    assert operator.post("/people", data=form).status_code == 303
    page = operator.get("/people").text
    assert "alert(1)&lt;/script&gt;Bob can sign in now." in page
    assert HOSTILE not in page
    assert "can sign in now" not in operator.get("/people").text
    assert operator.post("/people", data={**form, "login": "BOB@example.com"}).status_code == 409
    assert console.sign_in(console.nobody(), "bob@example.com").status_code == 303


def test_the_last_operator_stays(console: House) -> None:
    """Neither disabled nor made less; a second one frees the first."""
    operator = console.of(Role.OPERATOR)
    for path, more in (("disable", {}), ("role", {"role": "viewer"})):
        answer = operator.post(f"/people/{path}", data={"login": "operator-0", **more})
        assert answer.status_code == 409
    console.of(Role.OPERATOR)
    assert operator.post("/people/disable", data={"login": "operator-0"}).status_code == 303
    assert operator.get("/people").status_code == 303


def test_language_zone_and_theme(one_console: House) -> None:
    """Pages are in Hindi, in the zone and the colours that one chose; nonsense is refused."""
    client = one_console.of(Role.VIEWER)
    form = {"name": "Asha", "language": "hi", "zone": "Asia/Kolkata", "theme": "dark"}
    assert client.post("/me", data=form).status_code == 303
    page = client.get("/").text
    assert '<html lang="hi" data-theme="dark">' in page
    assert "सार" in page
    for wrong in ({"zone": "Moon/Base"}, {"theme": "pink"}, {"language": "xx"}, {"name": " "}):
        assert client.post("/me", data={**form, **wrong}).status_code == 400
    assert "साइन इन" in one_console.nobody(**{"Accept-Language": "hi-IN,en"}).get("/sign-in").text


def test_every_answer_has_its_headers(services: Services) -> None:
    """Refusals too; no inline script or style; https is insisted on where people come by it."""
    with house(services, base_url="https://console.example.com") as console:
        client = console.nobody()
        for path in ("/", "/sign-in", "/none", "/api/v1/me", "/static/style.css"):
            headers = client.get(path).headers
            assert "script-src 'self'" in headers["content-security-policy"]
            assert "unsafe" not in headers["content-security-policy"]
            assert headers["x-frame-options"] == "DENY"
            assert "max-age" in headers["strict-transport-security"]
        cookie = client.get("/sign-in").headers["set-cookie"]
        assert cookie.startswith("__Host-winback_before=")
        assert "Secure" in cookie


def test_errors_are_problems(one_console: House) -> None:
    """For a program in JSON, for a person as a page; too much is refused before it is read."""
    client = one_console.of(Role.OPERATOR)
    missing = client.get("/api/v1/audit?before=x")
    assert missing.headers["content-type"] == "application/problem+json"
    assert missing.json()["where"] == "before"
    assert client.get("/api/v1/none").json()["status"] == 404
    assert "There is no such page" in client.get("/none").text
    assert client.post("/me", content=b"x" * 600_000).status_code == 413
    document = client.get("/api/openapi.json").json()
    assert {"401", "403", "409"} <= document["paths"]["/api/v1/users"]["get"]["responses"].keys()
    assert all(path.startswith("/api/v1/") for path in document["paths"])


def test_people_on_the_command_line(
    one_console: House, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The same rules, each mistake one line; what is done is noted as done there."""
    home = one_console.services.settings.home
    (home / "config.yaml").write_text(f"version: 1\ndatabase: {{url: '{one_console.store.url}'}}\n")
    monkeypatch.chdir(home)
    monkeypatch.setenv("WINBACK_USER_PASSWORD", PASSWORD)
    assert main(["user", "add", "ann@example.com", "--name", "Ann", "--role", "operator"]) == Exit.OK
    assert main(["user", "add", "ANN@example.com", "--name", "Ann", "--role", "viewer"]) == Exit.CONFLICT
    assert main(["user", "disable", "ann@example.com"]) == Exit.CONFLICT
    assert main(["user", "unlock", "nobody"]) == Exit.BAD_INPUT
    assert main(["user", "add", "bob", "--name", "Bob", "--role", "viewer"]) == Exit.OK
    assert main(["user", "role", "bob", "reviewer"]) == Exit.OK
    assert main(["user", "disable", "bob"]) == Exit.OK
    assert main(["user", "disable", "bob", "--undo"]) == Exit.OK
    assert main(["user", "password", "bob"]) == Exit.OK
    assert main(["user", "list"]) == Exit.OK
    said = capsys.readouterr()
    assert "Traceback" not in said.err
    assert "bob" in said.out
    assert {who for who, _, _ in one_console.noted()} == {"command line"}
