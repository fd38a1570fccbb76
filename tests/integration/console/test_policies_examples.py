"""The examples of the policies' API are what a real server answered."""

import json
import threading
from dataclasses import replace
from typing import Any

import httpx
import pytest

from policies.load import load_policy
from tests.integration.console.examples import is_example
from tests.integration.console.house import House, house
from tests.integration.console.test_policies import CHANGED, PATIENT, known_draft
from tests.integration.workers.test_policy_watch import start
from winback.console.api import API
from winback.console.drafts import look_ahead
from winback.console.rights import Role
from winback.testing.world import PERMISSIVE
from workers.known_names import known_names
from workers.policy_source import PolicySource
from workers.rulebook.draft import Consequences
from workers.services import Services

POLICIES = f"{API}/policies"


def with_author(services: Services) -> Services:
    """Files whose author is the same on every machine, and a shadow."""
    names = known_names(services.registry, services.catalogue)
    found = []
    for name, text in (("mine.yaml", PERMISSIVE), ("next.yaml", PERMISSIVE.replace("mode: auto", "mode: review"))):
        path = services.settings.home / name
        path.write_text(text.replace("version: 1", "version: 1\nauthor: Asha"))
        found.append(PolicySource(path, lambda path=path: load_policy(path, names)))  # type: ignore[misc]
    return replace(services, policies=found[0], shadow=found[1])


def test_they_are_true(one_console: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """From what is in force to a change that is saved and taken back; switches too."""
    services = with_author(one_console.services)
    start(services)
    go_on = threading.Event()

    def when_told(*given: Any) -> Consequences:
        go_on.wait(100)
        return look_ahead(*given)

    monkeypatch.setattr("winback.console.drafts.look_ahead", when_told)
    with house(services) as console:
        client = console.of(Role.OPERATOR)
        client.timeout = PATIENT
        home, hidden = str(services.settings.home), dict[str, str]()

        def true(name: str, answer: httpx.Response, status: int = 200) -> Any:
            assert answer.status_code == status, answer.text
            text = answer.text.replace(home, "/srv/winback")
            for number, shown in hidden.items():
                text = text.replace(f'"id":{number},', f'"id":{shown},')
            is_example(name, httpx.Response(200, json=json.loads(text)))
            return answer.json()

        true("policies", client.get(POLICIES))
        true("policy_shadow", client.get(f"{POLICIES}/shadow"))
        file = true("policy_file", client.get(f"{POLICIES}/file", params={"name": "mine.yaml"}))
        new = {"texts": {"mine.yaml": CHANGED}, "seals": {"mine.yaml": file["seal"]}}
        made = client.post(f"{POLICIES}/drafts", json=new)
        hidden[str(made.json()["id"])] = "731902"
        true("policy_draft_made", made, 201)
        url = f"{POLICIES}/drafts/{made.json()['id']}"
        later = client.post(f"{POLICIES}/drafts", json={"texts": {"mine.yaml": CHANGED.replace("48", "47")}})
        go_on.set()
        known_draft(client, url)
        true("policy_draft", client.get(url))
        second = f"{POLICIES}/drafts/{later.json()['id']}"
        hidden[str(later.json()["id"])] = "918233"
        go_on.clear()
        true("policy_draft_look", client.post(f"{second}/look"), 202)
        go_on.set()
        known_draft(client, second)
        true("policy_saved", client.post(f"{url}/save"))
        lines = true("policy_versions", client.get(f"{POLICIES}/versions"))
        old, now = lines[-1]["id"], lines[0]["id"]
        true("policy_version", client.get(f"{POLICIES}/versions/{now}"))
        true("policy_diff", client.get(f"{POLICIES}/diff", params={"old": old, "new": now}))
        go_on.clear()
        back = client.post(f"{POLICIES}/versions/{old}/back")
        hidden[str(back.json()["id"])] = "204118"
        true("policy_back", back, 201)
        go_on.set()
        known_draft(client, f"{POLICIES}/drafts/{back.json()['id']}")
        what = {"scope": "tool", "name": "offer_trial_upgrade", "reason": "the price list is being changed"}
        true("switch_engaged", client.post(f"{API}/switches", json=what), 201)
        true("switches", client.get(f"{API}/switches"))
        why = {"reason": "the new price list is in"}
        true("switch_released", client.post(f"{API}/switches/1/release", json=why))


def test_every_call_has_one(one_console: House) -> None:
    """And says every status that it answers with."""
    document = one_console.of(Role.VIEWER).get("/api/openapi.json").json()
    calls = {
        f"{method} {path}": call
        for path, methods in document["paths"].items()
        for method, call in methods.items()
        if path.startswith((POLICIES, f"{API}/switches"))
    }
    assert len(calls) == 15
    for name, call in calls.items():
        assert {"401", "403", "404", "409", "422"} <= call["responses"].keys(), name
        good = next(answer for status, answer in call["responses"].items() if status.startswith("2"))
        assert "example" in good["content"]["application/json"], name
