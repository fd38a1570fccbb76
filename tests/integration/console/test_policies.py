"""The policy in the browser and over HTTP: seen, changed with its consequences before one's eyes, taken back."""

import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import pytest

from policies.load import PACKAGED, load_policy
from tests.integration.console.house import House, house
from tests.integration.workers.test_policy_watch import said, start
from winback.console.rights import Role
from winback.testing.world import PERMISSIVE
from workers.known_names import known_names
from workers.policy_source import PolicySource
from workers.policy_watch import watch_policies
from workers.services import Services

CHANGED = PERMISSIVE.replace("hours: 168", "hours: 48")
MISTAKE = PERMISSIVE.replace("kind: consent", "kind: consnet")
PATIENT = httpx.Timeout(60)
"""Thousands of sample acts are judged while one waits, on a machine that may be busy."""
HOSTILE = "<script>alert(1)</script>"


def path_of(console: House) -> Path:
    return console.services.policies.path


def seal_of(client: httpx.Client) -> str:
    answer = client.get("/api/v1/policies/file", params={"name": "policy.yaml"})
    assert answer.status_code == 200, answer.text
    return str(answer.json()["seal"])


def typed(client: httpx.Client, text: str, **more: str) -> httpx.Response:
    form = {"role": "live", "file": "policy.yaml", "seal": seal_of(client), "text": text.replace("\n", "\r\n")}
    return client.post("/policies/edit", data={**form, **more})


def looked_at(client: httpx.Client, page: str) -> str:
    """The draft's page when its consequences are known."""
    for _ in range(1200):
        text = client.get(page).text
        if "The log is read" not in text:
            return text
        time.sleep(0.05)
    raise AssertionError(text)


def known_draft(client: httpx.Client, url: str) -> dict[str, Any]:
    """The same over HTTP."""
    for _ in range(1200):
        draft: dict[str, Any] = client.get(url).json()
        if draft["state"] != "looking":
            return draft
        time.sleep(0.05)
    raise AssertionError(draft)


def test_a_change_is_seen_before_it_is_saved(console: House) -> None:
    """Typed, checked, held against the log, saved by its author, in force at once, all without JavaScript."""
    start(console.services)
    operator = console.of(Role.OPERATOR)
    form = operator.get("/policies/edit?role=live&file=policy.yaml").text
    assert "hours: 168" in form
    answer = typed(operator, CHANGED)
    assert answer.status_code == 303, answer.text
    page = answer.headers["location"]
    text = looked_at(operator, page)
    for words in ("no findings", "1 decisions, 0 would be others", "hours: 168 -&gt; 48", "What this cannot tell"):
        assert words in text, words
    part = operator.get(page, headers={"HX-Request": "true"}).text
    assert "<html" not in part
    assert operator.post(page + "/save").headers["location"] == "/policies"
    assert path_of(console).read_text() == CHANGED
    policies = operator.get("/policies").text
    assert "is in force from the next decision on" in policies
    assert "saved in the console" in policies
    watch_policies(console.services)
    assert said(console.services, "policy_changed")[-1]["author"] == "operator-0"
    assert operator.post(page + "/save").status_code == 409
    assert [what for _, what, _ in console.noted()] == ["policy_saved"]


def test_a_mistake_stands_beside_the_text(one_console: House) -> None:
    """The very words of `winback policy check`, what was typed is kept, nothing hostile runs."""
    operator = one_console.of(Role.OPERATOR)
    answer = typed(operator, MISTAKE + f"# {HOSTILE}\n")
    assert answer.status_code == 400
    for words in ("policy.yaml:7:", "did you mean", "alert(1)", "kind: consnet"):
        assert words in answer.text, words
    assert HOSTILE not in answer.text
    assert path_of(one_console).read_text() == PERMISSIVE
    for wrong in ({"file": "../policy.yaml"}, {"file": "/etc/passwd"}, {"role": "shadow"}):
        refused = typed(operator, CHANGED, **wrong)
        assert refused.status_code == 400
    assert operator.get("/policies/edit?file=../config.yaml").status_code == 400
    assert one_console.of(Role.REVIEWER).get("/policies/edit").status_code == 403


def test_a_file_that_changed_on_the_disk(one_console: House) -> None:
    """Shows as such, and is never overwritten unseen: 409 with the difference."""
    operator = one_console.of(Role.OPERATOR)
    watch_policies(one_console.services)
    first = typed(operator, CHANGED).headers["location"]
    looked_at(operator, first)
    old = seal_of(operator)
    path_of(one_console).write_text(PERMISSIVE.replace("168", "24"))
    for answer in (typed(operator, CHANGED, seal=old), operator.post(first + "/save")):
        assert answer.status_code == 409
        assert "hours: 24}" in answer.text
    assert "changed on the disk" in operator.get("/policies").text
    path_of(one_console).write_text("rules: [")
    page = operator.get("/policies").text
    assert "Its files are refused" in page
    assert "differs from what is in force" in page


def test_history_difference_and_the_way_back(console: House) -> None:
    """Every version with its author; any two compared; an earlier one comes back by the same way."""
    watch_policies(console.services)
    operator = console.of(Role.OPERATOR)
    page = typed(operator, CHANGED).headers["location"]
    looked_at(operator, page)
    assert operator.post(page + "/save").status_code == 303
    viewer = console.of(Role.VIEWER)
    operator.timeout = viewer.timeout = PATIENT
    difference = viewer.get("/policies/diff?old=1&new=2").text
    assert "hours: 168 -&gt; 48" in difference
    assert "+  - {id: expiry, kind: expires, hours: 48}" in difference
    assert "expires" in viewer.get("/policies/versions/1").text
    assert "Go back to it" not in viewer.get("/policies").text
    answer = operator.post("/policies/versions/1/back")
    text = looked_at(operator, answer.headers["location"])
    assert "hours: 48 -&gt; 168" in text
    assert operator.post(answer.headers["location"] + "/save").status_code == 303
    assert path_of(console).read_text() == PERMISSIVE
    assert operator.post("/policies/versions/1/back").status_code == 409
    path_of(console).write_text("rules: [")
    watch_policies(console.services)
    history = viewer.get("/policies").text
    assert "Refused" in history
    assert viewer.get("/policies/versions/4").status_code == 400
    assert viewer.get("/policies/versions/99").status_code == 404


def test_over_http(console: House) -> None:
    """The same for programs, with what the commands print as JSON, and the same refusals."""
    start(console.services)
    operator = console.of(Role.OPERATOR)
    operator.timeout = PATIENT
    (live,) = operator.get("/api/v1/policies").json()
    assert (live["role"], live["how"], live["problem"], live["locked"]) == ("live", "disk", None, None)
    seals = {"policy.yaml": seal_of(operator)}
    wrong = operator.post("/api/v1/policies/drafts", json={"texts": {"policy.yaml": MISTAKE}, "seals": seals})
    assert (wrong.status_code, wrong.headers["content-type"]) == (400, "application/problem+json")
    assert "policy.yaml:7:" in wrong.json()["where"]
    assert operator.post("/api/v1/policies/drafts", json={"texts": {"x.yaml": CHANGED}}).status_code == 400
    stale = {"texts": {"policy.yaml": CHANGED}, "seals": {"policy.yaml": "0" * 64}}
    assert "hours: 48" in operator.post("/api/v1/policies/drafts", json=stale).json()["what"]
    made = operator.post("/api/v1/policies/drafts", json={"texts": {"policy.yaml": CHANGED}, "seals": seals})
    assert made.status_code == 201, made.text
    url = f"/api/v1/policies/drafts/{made.json()['id']}"
    draft = known_draft(operator, url)
    assert (draft["state"], draft["replay"]["decisions"], draft["difference"]["same"]) == ("looked", 1, False)
    assert operator.post(url + "/look").status_code == 409
    saved = operator.post(url + "/save").json()
    assert saved == {"hash": draft["hash"], "author": "operator-0"}
    assert operator.post(url + "/save").status_code == 409
    lines = operator.get("/api/v1/policies/versions").json()
    assert lines[0]["author"] == "operator-0"
    old, new = lines[-1]["id"], lines[0]["id"]
    found = operator.get("/api/v1/policies/diff", params={"old": old, "new": new}).json()
    assert found["meaning"]["changes"][0]["rule"] == "expiry"
    assert "hours: 48" in operator.get(f"/api/v1/policies/versions/{new}").json()["rules"]
    back = operator.post(f"/api/v1/policies/versions/{old}/back")
    assert (back.status_code, back.json()["files"]) == (201, ["policy.yaml"])
    known_draft(operator, f"/api/v1/policies/drafts/{back.json()['id']}")
    assert operator.get("/api/v1/policies/drafts/1").status_code == 404
    assert console.of(Role.REVIEWER).post("/api/v1/policies/drafts", json=stale).status_code == 403


def test_one_at_a_time(one_console: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """While one draft is held against the log, the next waits and cannot be saved."""
    slow: list[bool] = []

    def slowly(*_: object) -> None:
        while not slow:
            time.sleep(0.01)
        raise RuntimeError("no matter what")

    monkeypatch.setattr("winback.console.drafts.look_ahead", slowly)
    operator = one_console.of(Role.OPERATOR)
    first = typed(operator, CHANGED).headers["location"]
    second = typed(operator, CHANGED.replace("48", "47")).headers["location"]
    assert "The log is read" in operator.get(first).text
    assert "Another change is held against the log" in operator.get(second).text
    for act in ("/save", "/look"):
        assert operator.post(second + act).status_code == 409
    slow.append(True)
    assert "Save" in looked_at(operator, first)
    assert operator.post(second + "/look").status_code == 303


def test_the_packaged_policy_is_read_only(one_console: House) -> None:
    """The page says how one gets a policy of one's own."""
    names = known_names(one_console.services.registry, one_console.services.catalogue)
    packaged = PolicySource(PACKAGED, lambda: load_policy(PACKAGED, names))
    with house(replace(one_console.services, policies=packaged)) as other:
        operator = other.of(Role.OPERATOR)
        assert "copy it, name the copy in config.yaml" in operator.get("/policies").text
        form = operator.get("/policies/edit").text
        assert "<textarea" not in form
        answer = operator.post(
            "/policies/edit", data={"role": "live", "file": "default.yaml", "text": CHANGED, "seal": "0"}
        )
        assert answer.status_code == 400


def test_the_shadow(services: Services, tmp_path: Path) -> None:
    """What it would decide otherwise; without one, how to start one."""
    with house(services) as console:
        assert "name its file in config.yaml" in console.of(Role.REVIEWER).get("/policies/shadow").text
        assert console.of(Role.REVIEWER).get("/api/v1/policies/shadow").json()["configured"] is False
    path = tmp_path / "shadow.yaml"
    path.write_text(PERMISSIVE.replace("mode: auto", "mode: review"))
    names = known_names(services.registry, services.catalogue)
    beside = replace(services, shadow=PolicySource(path, lambda: load_policy(path, names)))
    with house(beside) as console:
        assert "has judged nothing yet" in console.of(Role.VIEWER).get("/policies/shadow").text
        start(beside)
        page = console.of(Role.VIEWER).get("/policies/shadow").text
        assert "allow -&gt; review" in page
        found = console.of(Role.VIEWER).get("/api/v1/policies/shadow?days=1").json()
        assert (found["findings"]["decisions"], found["findings"]["changed"]) == (1, 1)
        form = console.of(Role.OPERATOR).get("/policies/edit?role=shadow").text
        assert "mode: review" in form


def test_what_is_no_text_is_refused(one_console: House) -> None:
    """Half of a character, a control: an answer that says so, never a failure."""
    operator = one_console.of(Role.OPERATOR)
    json = {"Content-Type": "application/json"}
    for odd in (r"\ud800", r"\u0000", r"version: 1\nrules: [\ud800]", "\\n" * 50):
        body = '{"texts": {"policy.yaml": "%s"}}' % odd  # noqa: UP031  braces
        assert operator.post("/api/v1/policies/drafts", content=body, headers=json).status_code in {400, 422}, odd
        body = '{"scope": "tag", "name": "%s", "reason": "%s"}' % (odd, odd)  # noqa: UP031
        assert operator.post("/api/v1/switches", content=body, headers=json).status_code in {201, 400, 422}, odd
    body = r'{"texts": {"\ud800": "x"}, "seals": {"\ud800": "\ud800"}}'
    assert operator.post("/api/v1/policies/drafts", content=body, headers=json).status_code in {400, 422}
    assert operator.get("/policies").status_code == operator.get("/policies/switches").status_code == 200
