"""The decision log in the console: searched, explained, proven, replayed, verified beside the pages."""

import re
import time
from threading import Event
from typing import Any

import pytest
from sqlalchemy import text
from sqlmodel import select

from tests.integration.console.evidence.sample import NASTY, harmless
from tests.integration.console.examples import is_example
from tests.integration.console.house import House
from winback.console import verification
from winback.console.rights import Role
from winback.decisions.check_proof import check_inclusion
from winback.decisions.checkpoint import write_checkpoint
from winback.decisions.key import own_key, signing_key
from winback.decisions.log import seal
from winback.store.models import Account, DecisionEntry
from winback.testing.world import AS_OF, NOON, PERMISSIVE, add_account, open_case
from workers.act import act_all
from workers.propose import propose_all

STRICT = PERMISSIVE + "  - {id: stop, kind: kill_switch, engaged: true, reason: trouble}\n"


def one_case(console: House) -> None:
    """From the opening to the receipt, sealed."""
    with console.store.write("test") as session:
        open_case(session, add_account(session))
    propose_all(console.services, AS_OF)
    act_all(console.services)
    seal(console.store, NOON)


def name_of(console: House, kind: str) -> str:
    with console.store.read() as session:
        return str(session.exec(select(DecisionEntry.position).where(DecisionEntry.kind == kind)).one())


def verified(console: House) -> dict[str, Any]:
    """Once it is done."""
    client = console.of(Role.VIEWER)
    for _ in range(200):
        state: dict[str, Any] = client.get("/api/v1/decisions/verification").json()
        if not state["running"]:
            return state
        time.sleep(0.05)
    raise AssertionError("it does not end")


def test_the_log_is_searched(console: House) -> None:
    """By case, account, kind, person and day; nonsense is named."""
    one_case(console)
    client = console.of(Role.VIEWER)
    assert client.get("/decisions").text.count("<tr><td>") == 5
    for query, count in (
        ({"case": "1"}, 4), ({"account": "1"}, 4), ({"kind": "done"}, 1), ({"case": "9"}, 0), ({"by": "rita"}, 0),
        ({"since": "2026-05-12", "until": "2026-05-12"}, 5), ({"since": "2026-05-13"}, 0),
        ({"case": "1", "kind": "intent"}, 1),
    ):  # fmt: skip
        assert client.get("/decisions", params=query).text.count("<tr><td>") == count, query
    for wrong in ({"case": "x"}, {"kind": "x"}, {"since": "x"}, {"after": "x"}, {"case": "9" * 15}):
        assert client.get("/decisions", params=wrong).status_code == 400, wrong
    found = is_example("decisions", client.get("/api/v1/decisions?kind=allowed"))
    assert found["lines"][0]["kind"] == "allowed"
    for wrong in ("kind=x", "case=0", "since=2026-05-12T00:00:00"):
        assert client.get(f"/api/v1/decisions?{wrong}").status_code in {400, 422}, wrong


def test_an_entry_is_explained_and_replayed(console: House) -> None:
    """Each rule in a sentence; under a text that forbids it, under one that cannot be read, and what is there."""
    one_case(console)
    name = name_of(console, "allowed")
    reviewer = console.of(Role.REVIEWER)
    page = reviewer.get(f"/decisions/{name}").text
    for part in ("The rules that decided", "Under the policy in force now", "What was judged by", "Replay"):
        assert part in page, part
    page = reviewer.post(f"/decisions/{name}", data={"under": "text", "text": STRICT}).text
    assert "Under the pasted policy" in page
    assert 'class="odd"' in page
    broken = reviewer.post(f"/decisions/{name}", data={"under": "text", "text": "version: 1\nrules: [{id: x}]\n"})
    assert broken.status_code == 400
    assert "pasted.yaml:2" in broken.text
    assert "/tmp" not in broken.text  # noqa: S108  no folder of ours is told
    assert reviewer.post(f"/decisions/{name}", data={"under": "shadow"}).status_code == 400
    assert console.of(Role.VIEWER).post(f"/decisions/{name}", data={"under": "live"}).status_code == 403
    is_example("decision", reviewer.get(f"/api/v1/decisions/{name}"))
    wanted = {"under": "text", "text": STRICT}
    again = is_example("replay", reviewer.post(f"/api/v1/decisions/{name}/replay", json=wanted))
    assert again["told"][0]["changed"]
    for strange in ("99", "x", "+99", "9" * 20):
        assert reviewer.get(f"/decisions/{strange}").status_code == 400, strange
        assert reviewer.get(f"/api/v1/decisions/{strange}").status_code == 400, strange
    assert "फिर परखें" in console.of(Role.REVIEWER, language="hi").get(f"/decisions/{name}").text


def test_an_entry_is_proven(console: House) -> None:
    """Once a checkpoint covers it; the file is what an outsider checks."""
    one_case(console)
    name = name_of(console, "done")
    viewer = console.of(Role.VIEWER)
    assert viewer.get(f"/decisions/{name}/proof").status_code == 400
    settings = console.services.settings
    write_checkpoint(console.store, settings.checkpoint_folder, signing_key(settings), NOON)
    answer = viewer.get(f"/decisions/{name}/proof")
    assert "attachment" in answer.headers["content-disposition"]
    assert viewer.get(f"/api/v1/decisions/{name}/proof").json() == answer.json()
    own = own_key(settings)
    assert own is not None
    check_inclusion(answer.json(), str(own.verifier))


def test_the_log_is_verified_beside_the_pages(console: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """Pages answer while it runs; a second one has to wait; afterwards it is said when and by whom."""
    one_case(console)
    operator = console.of(Role.OPERATOR)
    assert "never verified" in operator.get("/decisions").text
    may_end, real = Event(), verification.verify

    def slow(*args: Any, **more: Any) -> Any:
        more["progress"](1, 3)
        may_end.wait(10)
        return real(*args, **more)

    monkeypatch.setattr(verification, "verify", slow)
    assert operator.post("/decisions/verification").status_code == 303
    try:
        for _ in range(100):
            part = operator.get("/decisions/verification").text
            if "1 of 3 parts" in part:
                break
            time.sleep(0.02)
        assert re.search(r'<progress value="1" max="3"', part)
        assert 'hx-trigger="every 1s"' in part
        assert "<html" not in part
        assert operator.post("/api/v1/decisions/verification").status_code == 409
    finally:
        may_end.set()
    verified(console)
    is_example("verification", console.of(Role.VIEWER).get("/api/v1/decisions/verification"))
    assert "all 5 entries are intact" in operator.get("/decisions").text
    assert ("operator-0", "log_verified", "5 entries, 0 problems") in console.noted()


def test_what_is_wrong_is_said(console: House) -> None:
    """An entry was changed behind our back: what and where, on the page."""
    one_case(console)
    with console.store.write("test") as session:
        session.connection().execute(text("UPDATE decision_entry SET body = '[]' WHERE id = 2"))
    operator = console.of(Role.OPERATOR)
    assert operator.post("/api/v1/decisions/verification").status_code == 202
    assert verified(console)["found"]
    page = operator.get("/decisions").text
    assert "problems in" in page
    assert 'role="alert"' in page
    for row in range(5):
        for path in (f"/decisions/{row}", f"/api/v1/decisions/{row}", f"/decisions/{row}/proof"):
            assert operator.get(path).status_code < 500, path


@pytest.mark.parametrize("name", NASTY)
def test_hostile_words_are_shown_harmlessly(one_console: House, name: str) -> None:
    """In what was judged by, in what is searched for, in a pasted text."""
    hostile = name.replace("\x00", "")[:190]
    with one_console.store.write("test") as session:
        account = add_account(session)
        account.key = account.name = hostile
        open_case(session, account)
        session.flush()
        assert session.get_one(Account, 1).name == hostile
    propose_all(one_console.services, AS_OF)
    seal(one_console.store, NOON)
    reviewer = one_console.of(Role.REVIEWER)
    with one_console.store.read() as session:
        entries = session.exec(select(DecisionEntry)).all()
    for entry in entries:
        page = reviewer.get(f"/decisions/{entry.position}")
        assert page.status_code == 200
        harmless(page.text.partition("<body")[2])
    harmless(reviewer.get("/decisions").text.partition("<body")[2])
    pasted = reviewer.post("/decisions/1", data={"under": "text", "text": name[:190_000]})
    assert pasted.status_code == 400
    harmless(pasted.text.partition("<body")[2])
