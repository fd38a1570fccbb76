"""A console with items in its queue, and what a reviewer sees and sends."""

import html
import re
from datetime import timedelta
from typing import Any

import httpx
from sqlmodel import select

from tests.integration.console.house import House
from winback.store.models import Effect, Review
from winback.testing.world import AS_OF, add_account, open_case, sample_drop
from winback.usage.drop import DropKind
from workers.propose import propose_all

RULES = """version: 1
rules:
- {id: tools, kind: allow_tools, allow: [{tools: [send_tutorial, offer_trial_upgrade], mode: review}]}
- {id: consent, kind: consent, unknown: deny}
- {id: expiry, kind: expires, hours: 168}
"""
MONEY = RULES.replace("send_tutorial, ", "")
FOUR = RULES + "- {id: four, kind: risk_review, first_contact: false, four_eyes_above_value: 1}\n"


def filled(house: House, *keys: str, rules: str = RULES, kind: DropKind = DropKind.FEATURE_FELL) -> House:
    """One item for each account; free ones, if their usage fell, and such that cost money at a limit."""
    (house.services.settings.home / "policy.yaml").write_text(rules, encoding="utf-8")
    for key in keys or ("acme",):
        with house.store.write("test") as session:
            open_case(session, add_account(session, key), sample_drop(key, kind))
    propose_all(house.services, AS_OF)
    return house


def later(house: House, **delta: float) -> None:
    house.clock.set(house.clock.now() + timedelta(**delta))


def form_in(page: str, action: str) -> dict[str, str]:
    """What a browser would send of a form as it stands there."""
    found = re.search(rf'<form[^>]* action="{re.escape(action)}".*?</form>', page, re.DOTALL)
    assert found, f"no form {action}"
    fields = dict(re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)"', found[0]))
    return {name: html.unescape(value) for name, value in fields.items()}


def send(client: httpx.Client, number: int, act: str, page: str | None = None, **more: Any) -> httpx.Response:
    """Fill a form of a card in and send it."""
    card = page if page is not None else client.get(f"/queue/{number}").text
    action = f"/queue/{number}/{act}"
    fields = form_in(card, f"/queue/{number}/edit" if act == "preview" else action)
    return client.post(action, data={**fields, **more})


def seen(client: httpx.Client, number: int = 1) -> dict[str, str]:
    """Hash and version, as a program gives them back."""
    card = client.get(f"/api/v1/queue/{number}").json()
    return {"hash": card["hash"], "version": card["version"]}


def state(house: House, number: int = 1) -> tuple[str, str | None]:
    with house.store.read() as session:
        row = session.get_one(Review, number)
        return row.state, row.decided_by


def effects(house: House) -> list[str]:
    with house.store.read() as session:
        return [str(one) for one in session.exec(select(Effect.state)).all()]
