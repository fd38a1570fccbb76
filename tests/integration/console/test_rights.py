"""Every route and everybody: who sees nothing, who is refused, who gets an answer."""

import re

import httpx
import pytest
from fastapi import Depends, FastAPI

from tests.integration.console.house import House
from tests.integration.console.routes import ROUTES
from winback.console.app import make_console
from winback.console.rights import CSRF_HEADER, RIGHTS, Right, Role, check_rights, declared, may


def asked(client: httpx.Client, route: str) -> httpx.Response:
    """The route with 1 wherever it has a place for something."""
    method, _, path = route.partition(" ")
    return client.request(method, re.sub(r"\{[^}]+\}", "1", path))


def test_the_table_names_every_route(one_console: House) -> None:
    """With the right that it declares: a route without a line, or a line without a route, fails."""
    found = {f"{method} {path}": right for method, path, right in declared(make_console(one_console.services))}
    assert found == ROUTES


def test_nobody_sees_nothing(one_console: House) -> None:
    """Pages send them to sign in, the API says 401; neither says anything else."""
    client = one_console.nobody()
    for route, right in ROUTES.items():
        answer = asked(client, route)
        if right is None:
            assert answer.status_code < 500, route
        elif "/api/" in route:
            assert (answer.status_code, answer.json()["title"]) == (401, "Unauthorized"), route
        else:
            assert answer.status_code == 303, route
            assert answer.headers["location"].startswith("/sign-in"), route
            assert answer.content == b""


@pytest.mark.parametrize("role", Role)
def test_everybody_gets_what_they_may(one_console: House, role: Role) -> None:
    """403 without the right; with it, an answer that is no refusal and no failure."""
    for route, right in ROUTES.items():
        if right is None:
            continue
        with one_console.of(role) as client:
            answer = asked(client, route)
        if right in RIGHTS[role]:
            assert answer.status_code not in {401, 403, 405}, route
            assert answer.status_code < 500, route
        else:
            assert answer.status_code == 403, route


@pytest.mark.parametrize("token", [None, "", "0" * 64])
def test_a_form_of_another_site_is_refused(one_console: House, token: str | None) -> None:
    """Without the token of this very sign-in nothing is done, whatever the role."""
    for route in (one for one, right in ROUTES.items() if one.startswith("POST")):
        client = one_console.of(Role.OPERATOR)
        del client.headers[CSRF_HEADER]
        if token is not None:
            client.headers[CSRF_HEADER] = token
        assert asked(client, route).status_code == 403, route


def test_a_route_without_a_right_is_refused() -> None:
    """At the start, with its path; so is one with two, and what can declare none."""
    app = FastAPI(openapi_url=None, docs_url=None, redoc_url=None)
    app.add_api_route("/forgotten", lambda: None)
    with pytest.raises(ValueError, match="/forgotten must declare one right, and declares 0"):
        check_rights(app)
    twice = FastAPI(openapi_url=None, docs_url=None, redoc_url=None)
    twice.add_api_route("/twice", lambda: None, dependencies=[may(Right.LOOK), may(Right.OPERATE)])
    with pytest.raises(ValueError, match="declares 2"):
        check_rights(twice)
    other = FastAPI(openapi_url=None, docs_url=None, redoc_url=None, dependencies=[Depends(lambda: None)])
    other.mount("/mounted", FastAPI())
    with pytest.raises(ValueError, match="/mounted is no route that can declare a right"):
        check_rights(other)


def test_each_role_may_more_than_the_one_before() -> None:
    """viewer ⊂ reviewer ⊂ operator."""
    viewer, reviewer, operator = (RIGHTS[role] for role in (Role.VIEWER, Role.REVIEWER, Role.OPERATOR))
    assert viewer < reviewer < operator
