"""The log is found by what it is about, in pages; an entry shows its words, its evidence and its proof."""

from datetime import timedelta

import pytest
from sqlalchemy import update
from sqlmodel import col, select

from policies.load import load_policy
from winback.console.evidence import decision
from winback.console.evidence.decision import Line, Search, decision_list, decision_proof, decision_view
from winback.decisions.checkpoint import write_checkpoint
from winback.decisions.entry import body_of
from winback.decisions.key import signing_key
from winback.decisions.kind import EntryKind
from winback.errors import InputError
from winback.store.models import DecisionEntry
from winback.testing.world import NOON
from workers.known_names import known_names
from workers.services import Services


def found(services: Services, search: Search = decision.EVERYTHING, limit: int = 50) -> list[Line]:
    lines: list[Line] = []
    after = None
    while True:
        with services.store.read() as session:
            page = decision_list(session, search, after=after, limit=limit)
        lines += page.lines
        if page.next is None:
            return lines
        after = page.next


def stored(services: Services) -> list[DecisionEntry]:
    with services.store.read() as session:
        return list(session.exec(select(DecisionEntry).order_by(col(DecisionEntry.id).desc())).all())


@pytest.mark.parametrize("limit", [1, 3, 50])
def test_pages_put_together_are_the_log(held: Services, limit: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Newest first, nothing twice, nothing left out, however little a page looks through."""
    monkeypatch.setattr(decision, "LOOKED_AT", 4)
    assert [one.name for one in found(held, limit=limit)] == [str(one.position) for one in stored(held)]


def test_entries_are_found_by_what_they_are_about(held: Services, monkeypatch: pytest.MonkeyPatch) -> None:
    """Case, account, kind, person and time, and all of them together."""
    monkeypatch.setattr(decision, "LOOKED_AT", 5)
    everything = stored(held)
    rejected = found(held, Search(kind=EntryKind.REJECTED))
    assert [one.kind for one in rejected] == ["rejected"]
    assert rejected[0].by == "rita"
    assert "not_now" in rejected[0].words
    assert [one.name for one in found(held, Search(by="rita", kind=EntryKind.REJECTED))] == [rejected[0].name]
    assert found(held, Search(by="nobody")) == []
    assert found(held, Search(by='%"')) == []
    case = rejected[0].case
    of_case = [str(one.position) for one in everything if one.case_id == case]
    assert [one.name for one in found(held, Search(case=case), limit=2)] == of_case
    assert {one.case for one in found(held, Search(account=1))} == {1}
    assert len(found(held, Search(since=NOON, until=NOON))) == len(everything)
    assert found(held, Search(since=NOON + timedelta(days=1))) == []
    assert found(held, Search(until=NOON - timedelta(days=1))) == []


def test_a_stretch_of_time_is_found_among_others(held: Services) -> None:
    """The entries of three days, of which one is asked for."""
    for number, one in enumerate(reversed(stored(held))):
        at = NOON + timedelta(days=number)
        with held.store.write("test") as session:
            session.connection().execute(
                update(DecisionEntry).where(col(DecisionEntry.id) == one.id).values(at=at)
            )
    day = NOON + timedelta(days=4)
    lines = found(held, Search(since=day, until=day + timedelta(hours=12)))
    assert [one.at for one in lines] == [day]


def test_an_entry_is_told_rule_by_rule(held: Services) -> None:
    """What was judged, by whom it was chosen, each rule's word, and that the policy in force says the same."""
    name = found(held, Search(kind=EntryKind.QUEUED))[0].name
    seen = decision_view(held, name)
    told = seen.told[0]
    assert told.act.startswith("offer_trial_upgrade offering")
    assert "when it was proposed" in told.agent
    assert any("tools asks for review" in one for one in told.rules.deciding)
    assert told.again == "The same policy is in force and says the same of the same facts."
    assert not told.changed
    assert seen.evidence is not None
    assert seen.problem == ""


def test_an_entry_is_judged_again_under_another_policy(held: Services) -> None:
    """A text that somebody tries: what it would have decided."""
    path = held.settings.home / "other.yaml"
    path.write_text("version: 1\nrules:\n- {id: none, kind: kill_switch, engaged: true}\n", encoding="utf-8")
    other = load_policy(path, known_names(held.registry, held.catalogue))
    name = found(held, Search(kind=EntryKind.QUEUED))[0].name
    told = decision_view(held, name, other).told[0]
    assert told.changed
    assert "would say of the same facts: denied" in told.again


def test_an_entry_in_which_nothing_was_judged_is_told_too(held: Services) -> None:
    """A case's opening; and a name that none has is refused."""
    seen = decision_view(held, found(held, Search(kind=EntryKind.CASE_OPENED))[0].name)
    assert (seen.told, seen.without, seen.problem) == ((), "", "")
    assert seen.line.words
    for wrong in ("999", "+999", "x", "-1", "1" * 40):
        with pytest.raises(InputError):
            decision_view(held, wrong)


def test_what_was_altered_says_so(held: Services) -> None:
    """Evidence that is not what was logged is not told as if it were."""
    name = found(held, Search(kind=EntryKind.QUEUED))[0].name
    with held.store.write("test") as session:
        one = session.exec(select(DecisionEntry).where(DecisionEntry.position == int(name))).one()
        one.evidence = (one.evidence or "").replace("review", "allow")
        session.flush()
    seen = decision_view(held, name)
    assert seen.told == ()
    assert "not what was logged" in seen.problem
    with held.store.write("test") as session:
        session.connection().execute(update(DecisionEntry).values(body="<script>"))
    assert all(one.words.startswith("cannot be read") for one in found(held))


def test_an_entry_that_says_less_than_its_kind_does_is_shown(held: Services) -> None:
    """Somebody took the draws out of an account that is held out."""
    with held.store.write("test") as session:
        body = body_of(NOON, EntryKind.HELD_OUT, 1, 99, {"policy": "p"}).decode()
        session.add(
            DecisionEntry(case_id=1, step=99, kind=EntryKind.HELD_OUT, at=NOON, body=body, entry_hash="0" * 64)
        )
    line = found(held, Search(kind=EntryKind.HELD_OUT))[0]
    assert decision_view(held, line.name).without.startswith("cannot be read")


def test_an_entry_has_its_proof(held: Services) -> None:
    """The one that `winback log prove` prints; without a checkpoint there is none yet."""
    with pytest.raises(InputError, match="no checkpoint"):
        decision_proof(held, "3")
    key = signing_key(held.settings)
    write_checkpoint(held.store, held.settings.checkpoint_folder, key, NOON)
    proof = decision_proof(held, "3")
    assert (proof["type"], proof["position"]) == ("inclusion", 3)
    assert proof["body"] == decision_view(held, "3").body
