"""Kill switches in the browser and over HTTP: effective at once, with who and why."""

from tests.integration.console.house import House
from tests.integration.workers.test_policy_watch import said, start
from winback.console.rights import Role
from workers.act import act_all

HOSTILE = "<script>alert(1)</script>"


def test_engaged_on_the_page_it_stops_the_very_next_effect(console: House) -> None:
    """By an operator, with a reason that is shown harmlessly; released, it is history."""
    start(console.services)
    operator = console.of(Role.OPERATOR)
    form = {"scope": "tool", "name": "send_tutorial", "reason": HOSTILE}
    assert operator.post("/policies/switches", data=form).headers["location"] == "/policies/switches"
    page = operator.get("/policies/switches").text
    assert "it holds for the very next effect" in page
    assert HOSTILE not in page
    assert "alert(1)" in page
    assert [one.kind.value for one in act_all(console.services)] == ["lapsed"]
    overview = operator.get("/").text
    assert "A kill switch is engaged" in overview
    assert "switch.1" in overview
    assert operator.post("/policies/switches", data=form).status_code == 409
    assert operator.post("/policies/switches/1/release", data={"reason": "over"}).status_code == 303
    assert operator.post("/policies/switches/1/release", data={"reason": "over"}).status_code == 409
    assert "A kill switch is engaged" not in operator.get("/").text
    (engaged,) = said(console.services, "switch_engaged")
    assert engaged["by"] == "operator-0"
    viewer = console.of(Role.VIEWER).get("/policies/switches").text
    assert "over" in viewer
    assert "Engage one" not in viewer


def test_over_http(console: House) -> None:
    """The same with the same refusals: 201, 400, 403, 404, 409, 422."""
    operator = console.of(Role.OPERATOR)
    what = {"scope": "region", "name": "DE", "reason": "a holiday"}
    made = operator.post("/api/v1/switches", json=what)
    assert (made.status_code, made.json()["engaged_by"], made.json()["released_at"]) == (201, "operator-0", None)
    assert operator.post("/api/v1/switches", json=what).json()["status"] == 409
    wrong = operator.post("/api/v1/switches", json={**what, "name": "Germany"})
    assert (wrong.status_code, "ISO 3166" in wrong.json()["what"]) == (400, True)
    assert operator.post("/api/v1/switches", json={"scope": "tool"}).status_code == 422
    assert console.of(Role.REVIEWER).post("/api/v1/switches", json=what).status_code == 403
    assert operator.post("/api/v1/switches/9/release", json={"reason": "x"}).status_code == 404
    released = operator.post("/api/v1/switches/1/release", json={"reason": "over"})
    assert released.json()["release_reason"] == "over"
    assert [one["scope"] for one in console.of(Role.VIEWER).get("/api/v1/switches").json()] == ["region"]
