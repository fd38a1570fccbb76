"""The API's document says what may be sent: each example of it is sent to a real server."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx

from tests.conftest import sqlite_world
from tests.integration.console.house import House, house
from tests.integration.console.queue.desk import filled
from winback.console.rights import Role

FORM = "application/x-www-form-urlencoded"
PLACES = {"number": "1", "schedule": "pass", "name": "+1"}
REFUSED = {
    "post /api/v1/effects/{number}/settle": "there is no effect 1",
    "post /api/v1/me/password": "is not your password",
    "post /api/v1/policies/drafts": "is no file of this policy",
    "post /api/v1/queue/{number}/lift": "queue item 1 is pending: it holds nothing back",
    "post /api/v1/switches/{number}/release": "there is no such switch",
    "post /api/v1/users/link": "no provider is set",
}
"""Examples that speak of something that is not there on a server where little was done, each with its answer."""


def bodies(document: dict[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Each operation that takes a body, the kind of it, and what it says of it."""
    for path, ways in document["paths"].items():
        for method, call in ways.items():
            if "requestBody" in call:
                ((kind, content),) = call["requestBody"]["content"].items()
                name = content["schema"]["$ref"].rpartition("/")[2]
                yield f"{method} {path}", kind, document["components"]["schemas"][name]


def example_of(schema: dict[str, Any]) -> dict[str, Any]:
    """As whoever draws the document puts it together: from the example of each field."""
    return {name: field["examples"][0] for name, field in schema["properties"].items() if "examples" in field}


def ask(client: httpx.Client, operation: str, kind: str, body: dict[str, Any]) -> httpx.Response:
    method, _, path = operation.partition(" ")
    path = re.sub(r"\{(\w+)\}", lambda found: PLACES[found[1]], path)
    return client.request(method, path, **({"data": body} if kind == FORM else {"json": body}))


def test_every_field_has_an_example(one_console: House) -> None:
    """Also those that may be left out."""
    document = one_console.of(Role.VIEWER).get("/api/openapi.json").json()
    found = list(bodies(document))
    assert len(found) >= 33
    for operation, _, schema in found:
        missing = [name for name, field in schema["properties"].items() if "examples" not in field]
        assert missing == [], operation


@contextmanager
def begun(home: Path) -> Iterator[House]:
    """A server of its own, with what the examples speak of."""
    home.mkdir()
    with sqlite_world(home) as services, house(services) as found:
        filled(found, "acme", "beta", "gamma", "delta", "eden")
        found.user("ravi", Role.REVIEWER)
        yield found


def test_each_example_is_answered_as_the_document_says(tmp_path: Path) -> None:
    """None has the wrong form; what there is to be done with it is done."""
    with begun(tmp_path / "document") as console:
        document = console.of(Role.OPERATOR).get("/api/openapi.json").json()
    refused = {}
    for count, (operation, kind, schema) in enumerate(bodies(document)):
        with begun(tmp_path / str(count)) as console:
            if operation != "post /api/v1/users":
                console.user("ann@example.com", Role.REVIEWER)
            answer = ask(console.of(Role.OPERATOR, "olga"), operation, kind, example_of(schema))
        method, _, path = operation.partition(" ")
        assert str(answer.status_code) in document["paths"][path][method]["responses"], (operation, answer.text)
        if not answer.is_success:
            refused[operation] = answer.json()["what"]
    assert refused == REFUSED
