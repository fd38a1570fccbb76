"""What the API's document promises is held against a real server, with whatever may be sent to it."""

import os
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx
import pytest
import requests
import schemathesis
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from tests.integration.console.house import House
from tests.integration.console.queue.desk import filled
from winback.console.people import By
from winback.console.rights import Right, Role
from winback.console.token import make_token
from workers.policy_watch import watch_policies

EXAMPLES = int(os.environ.get("WINBACK_CONTRACT_EXAMPLES", "12"))
"""Tried at each operation."""
NUMBERS = 3
"""Of items, people, effects and tokens that are tried."""
TRIES = settings(
    max_examples=EXAMPLES, deadline=None, derandomize=True, database=None, suppress_health_check=list(HealthCheck)
)
CHECKS = [not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance]


@contextmanager
def program(house: House, login: str) -> Iterator[httpx.Client]:
    """With an operator's token for everything; what the operation before did may have been the end of its own."""
    user = house.user(login, Role.OPERATOR)
    _, secret = make_token(house.store, By(login, "", house.clock.now()), user.login, "contract", list(Right), 30)
    # A connection that is kept open would end by itself while hypothesis thinks.
    alone = httpx.Limits(max_keepalive_connections=0)
    with httpx.Client(headers={"Authorization": f"Bearer {secret}"}, limits=alone, timeout=30) as session:
        yield session


@pytest.mark.by_hand
def test_the_document_is_true(one_console: House) -> None:
    """No answer that it does not describe, and none that says the server failed."""
    house = filled(one_console, "acme", "beta", "gamma")
    watch_policies(house.services)
    # Tokens that may be revoked: the numbers that are tried are theirs.
    for number in range(NUMBERS):
        with program(house, f"other-{number}"):
            pass
    schema = schemathesis.openapi.from_dict(house.of(Role.VIEWER).get("/api/openapi.json").json())
    wrong: dict[str, str] = {}
    for count, operation in enumerate(found.ok() for found in schema.get_all_operations()):
        with program(house, f"olga-{count}") as session:
            try:
                hold(house, session, operation)
            except (AssertionError, BaseExceptionGroup) as error:
                wrong[operation.label] = "".join(traceback.format_exception(error))
    assert not wrong, "\n\n".join(f"{name}: {what}" for name, what in wrong.items())


def hold(house: House, session: httpx.Client, operation: Any) -> None:
    fitting = operation.as_strategy(generation_mode=GenerationMode.POSITIVE)
    # What has no parameter has none that could be wrong.
    takes_any = operation.body or any(True for _ in operation.iter_parameters())
    unfitting = operation.as_strategy(generation_mode=GenerationMode.NEGATIVE) if takes_any else fitting

    @settings(TRIES)
    @given(case=fitting | fitting | unfitting, near=st.booleans(), number=st.integers(1, NUMBERS))
    def one(case: Any, near: bool, number: int) -> None:
        if near:
            near_by(house, session, case, number)
        sent = requests.Request(**case.as_transport_kwargs(base_url=house.address)).prepare()
        answer = session.request(sent.method or "", sent.url or "", headers=sent.headers, content=sent.body)
        case.validate_response(answer, checks=CHECKS)

    one()


def near_by(house: House, session: httpx.Client, case: Any, number: int) -> None:
    """Something that is there, and a card as it was shown: what hypothesis makes up is seldom either."""
    for name in ("number", "account", "name"):
        if name in case.path_parameters:
            case.path_parameters[name] = number
    if "/queue/" in case.path and isinstance(case.body, dict) and {"hash", "version"} <= case.body.keys():
        card = session.get(f"{house.address}/api/v1/queue/{number}").json()
        case.body.update(hash=card["hash"], version=card["version"])
