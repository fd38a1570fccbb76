"""The queue for programs: typed, every answer documented, and its examples are what a server answered."""

import json
from typing import Any

import httpx
import pytest

from tests.integration.console.examples import is_example
from tests.integration.console.house import House
from tests.integration.console.queue.desk import MONEY, effects, filled, later, seen, send, state
from winback.console.api import API
from winback.console.rights import Role
from winback.usage.drop import DropKind
from workers.expire import expire_all
from workers.planted import plant

ITEM = f"{API}/queue/1"


def documented(house: House) -> dict[str, Any]:
    found: dict[str, Any] = house.of(Role.VIEWER).get("/api/openapi.json").json()
    return found


def said(answer: httpx.Response) -> tuple[int, str]:
    assert answer.headers["content-type"] == "application/problem+json"
    body = answer.json()
    assert body["status"] == answer.status_code
    return answer.status_code, body["what"]


def test_the_examples_are_true(one_console: House) -> None:
    """The list, the card, an edit and what becomes of it, each decision, views, what ended, and the figures."""
    console = filled(one_console, "acme", "beta", "gamma", "delta", "eden")
    client = console.of(Role.OPERATOR)
    is_example("queue", client.get(f"{API}/queue?limit=2"))
    is_example("queue_item", client.get(ITEM))
    is_example("queue_claimed", client.post(f"{ITEM}/claim", json={"minutes": 10}))
    is_example("queue_released", client.post(f"{ITEM}/release"))
    changes = {"changes": {"slots.note": "We made a short film about it."}}
    is_example("queue_preview", client.post(f"{ITEM}/preview", json=changes))
    is_example("queue_edited", client.post(f"{ITEM}/edit", json={**seen(client), **changes}))
    is_example("queue_approved", client.post(f"{API}/queue/2/approve", json=seen(client, 2)))
    is_example("queue_undone", client.post(f"{API}/queue/2/undo"))
    several = {"items": [{"item": n, **seen(client, n)} for n in (2, 3)]}
    is_example("queue_approved_several", client.post(f"{API}/queue/approve", json=several))
    no = {**seen(client, 4), "code": "not_now", "note": "They are on holiday."}
    is_example("queue_rejected", client.post(f"{API}/queue/4/reject", json=no))
    until = {**seen(client, 5), "until": "2026-05-13T09:00:00+05:30"}
    is_example("queue_snoozed", client.post(f"{API}/queue/5/snooze", json=until))
    is_example("queue_escalated", client.post(f"{API}/queue/5/escalate", json=seen(client, 5)))
    to = {**seen(client, 5), "to": "operator-0"}
    is_example("queue_handed", client.post(f"{API}/queue/5/hand", json=to))
    view = {"filters": {"tool": "send_tutorial", "older_hours": 24}}
    is_example("queue_view_kept", client.put(f"{API}/queue/views/Tutorials", json=view))
    is_example("queue_views", client.get(f"{API}/queue/views"))
    is_example("queue_view_forgotten", client.delete(f"{API}/queue/views/Tutorials"))
    later(console, hours=1)
    is_example("meters", client.get(f"{API}/meters"))
    is_example("queue_held", client.get(f"{API}/queue/held"))
    is_example("queue_lifted", client.post(f"{API}/queue/4/lift", json={"reason": "They are back at work."}))
    is_example("queue_ended", client.get(f"{API}/queue/ended"))


def test_the_document_has_them(one_console: House) -> None:
    """Every call of the queue has an example and says every status that it answers with."""
    document = documented(one_console)
    calls = [
        (path, method, call)
        for path, ways in document["paths"].items()
        if "/queue" in path or path.endswith("/meters")
        for method, call in ways.items()
    ]
    assert len(calls) == 20
    for path, method, call in calls:
        assert call["responses"]["200"]["content"]["application/json"]["example"] is not None, (path, method)
        assert {"400", "401", "403", "404", "409", "422", "429", "503"} <= call["responses"].keys(), (path, method)
        assert call["summary"]
        assert "requestBody" not in call or "$ref" in str(call["requestBody"])


def test_a_program_decides(console: House) -> None:
    """Hash and version are required; what changed since is listed; what is undone waits again."""
    filled(console, "acme", "beta")
    client, other = console.of(Role.REVIEWER), console.of(Role.REVIEWER)
    was = seen(client)
    assert other.post(f"{ITEM}/escalate", json=was).status_code == 200
    refused = client.post(f"{ITEM}/approve", json=was)
    assert said(refused)[0] == 409
    (difference,) = refused.json()["differences"]
    assert (difference["field"], difference["was"], difference["by"]) == ("escalated_at", "", "reviewer-1")
    answer = client.post(f"{ITEM}/approve", json=seen(client)).json()
    assert answer == {"due_at": "2026-05-12T10:00:20Z"}
    assert client.post(f"{ITEM}/undo").status_code == 200
    assert state(console) == ("pending", None)
    assert said(client.post(f"{ITEM}/undo"))[0] == 409
    assert effects(console) == ["lapsed"]


@pytest.mark.parametrize(
    ("act", "body"),
    [
        ("approve", {}),
        ("approve", {"hash": "e231b9a2"}),
        ("approve", {"hash": "e231b9a2", "version": "1"}),
        ("approve", {"hash": "e231b9a2", "version": "1.00000000", "force": True}),
        ("reject", {"hash": "e231b9a2", "version": "1.00000000", "code": "not_now", "note": "a\x00"}),
        ("reject", {"hash": "e231b9a2", "version": "1.00000000", "code": "not_now", "note": "\ud800"}),
        ("snooze", {"hash": "e231b9a2", "version": "1.00000000", "until": "2026-05-13T09:00:00"}),
        ("snooze", {"hash": "e231b9a2", "version": "1.00000000", "until": "9999-12-31T23:59:59-14:00"}),
        ("edit", {"hash": "e231b9a2", "version": "1.00000000", "changes": {}}),
        ("preview", {"changes": {"slots.note": "\x00"}}),
        ("claim", {"minutes": 0}),
        ("claim", {"minutes": 10**30}),
        ("hand", {"hash": "e231b9a2", "version": "1.00000000", "to": ""}),
    ],
)
def test_what_has_not_the_right_form(one_console: House, act: str, body: dict[str, Any]) -> None:
    """422, saying where, and nothing is done."""
    client = filled(one_console).of(Role.REVIEWER)
    # By hand: httpx would not send half a character.
    answer = client.post(f"{ITEM}/{act}", content=json.dumps(body), headers={"Content-Type": "application/json"})
    assert said(answer)[0] == 422
    assert answer.json()["where"]
    assert state(one_console) == ("pending", None)


def test_there_is_no_such_item(console: House) -> None:
    """404 for each call, whatever number was made up."""
    client = console.of(Role.REVIEWER)
    shown = {"hash": "e231b9a2", "version": "1.00000000"}
    more = {
        "reject": {"code": "not_now"}, "snooze": {"until": "2026-05-13T09:00:00Z"}, "hand": {"to": "rita"},
        "edit": {"changes": {"days": "7"}},
    }  # fmt: skip
    for act in ("approve", "edit", "reject", "snooze", "escalate", "hand"):
        answer = client.post(f"{API}/queue/7/{act}", json={**shown, **more.get(act, {})})
        assert said(answer) == (404, "there is no such queue item"), act
    for act, body in (("claim", {}), ("release", None), ("undo", None), ("preview", {"changes": {"a": "b"}})):
        assert said(client.post(f"{API}/queue/7/{act}", json=body))[0] == 404, act
    assert said(client.get(f"{API}/queue/7"))[0] == 404
    assert said(client.get(f"{API}/queue/{2**31}"))[0] == 422
    several = {"items": [{"item": 7, **shown}]}
    assert said(client.post(f"{API}/queue/approve", json=several))[0] == 404


def test_the_list_goes_on(console: House) -> None:
    """`next` names the following page; a place that no page ended with is refused."""
    filled(console, "a1", "a2", "a3")
    client = console.of(Role.VIEWER)
    first = client.get(f"{API}/queue?limit=2").json()
    rest = client.get(f"{API}/queue?limit=2&after={first['next']}").json()
    assert [one["item"] for one in (*first["items"], *rest["items"])] == [3, 2, 1]
    assert rest["next"] is None
    for wrong in ("x", "0x1.0p9999_1", "0x1.0p1_9999999999", "nan_1"):
        assert client.get(f"{API}/queue", params={"after": wrong}).status_code in {400, 422}, wrong


def test_what_ended_goes_on(one_console: House) -> None:
    """Page by page, the newest first."""
    filled(one_console, "a1", "a2", "a3")
    later(one_console, days=8)
    expire_all(one_console.services)
    client = one_console.of(Role.VIEWER)
    first = client.get(f"{API}/queue/ended?limit=2").json()
    assert [(one["number"], one["reason"]) for one in first["items"]] == [(3, "expired"), (2, "expired")]
    rest = client.get(f"{API}/queue/ended?limit=2&before={first['next']}").json()
    assert ([one["number"] for one in rest["items"]], rest["next"]) == ([1], None)


def test_figures(console: House) -> None:
    """One's own to a reviewer; everybody's to an operator, who alone learns of planted faults."""
    filled(console, "acme", "beta", "gamma")
    (planted,) = plant(console.services, 1, "olga")
    rita, ravi, operator = console.of(Role.REVIEWER), console.of(Role.REVIEWER), console.of(Role.OPERATOR)
    send(rita, 1, "claim")
    later(console, seconds=40)
    send(rita, 1, "approve")
    send(rita, planted, "reject", code="wrong_words")
    send(ravi, 2, "edit", **{"field.slots.note": "We made a short film."})
    own = rita.get(f"{API}/meters").json()
    assert [(one["person"], one["decided"], one["approved"], one["caught"]) for one in own["people"]] == [
        ("reviewer-0", 2, 1, None)
    ]
    assert own["people"][0]["seconds"] == 40
    everybody = operator.get(f"{API}/meters").json()
    assert {one["person"]: one["caught"] for one in everybody["people"]} == {"reviewer-0": 1, "reviewer-1": 0}
    assert everybody["queue"]["arrived"] == 5
    page = rita.get("/meters").text
    assert "Planted" not in page
    assert "reviewer-1" not in page
    assert "50 %" in page
    page = operator.get("/meters").text
    assert "1 of 1" in page
    assert "reviewer-1" in page
    assert rita.get("/meters?days=0").status_code == 422
    assert console.of(Role.VIEWER).get("/meters").status_code == 200


def test_an_edit_that_the_policy_refuses(one_console: House) -> None:
    """409, with what refused it; the item stays as it was."""
    filled(one_console, rules=MONEY, kind=DropKind.LIMIT_REACHED)
    client = one_console.of(Role.REVIEWER)
    body = {**seen(client), "changes": {"slots.note": "Call me."}}
    (one_console.services.settings.home / "policy.yaml").write_text(
        MONEY + "- {id: stop, kind: kill_switch, engaged: true}\n", encoding="utf-8"
    )
    status, what = said(client.post(f"{ITEM}/edit", json=body))
    assert (status, state(one_console)) == (409, ("pending", None))
    assert "stop" in what
