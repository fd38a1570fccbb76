"""The bytes of an entry, and what is read from them."""

import hashlib
from datetime import UTC, datetime
from types import SimpleNamespace

import pytest

from winback.canonical import canonical_json, content_hash
from winback.decisions.action import drop_hash
from winback.decisions.entry import body_of, spoken, spoken_evidence
from winback.decisions.kind import EntryKind
from winback.decisions.log import leaf_of
from winback.decisions.tell import WORDS, tell

AT = datetime(2026, 5, 12, 10, tzinfo=UTC)
HASH = "ab" * 32
HEAD = '["2026-05-12T10:00:00.000000Z","denied",7,2,'


def test_a_body_is_an_array_whose_head_is_the_row() -> None:
    """Outsiders hash these bytes: they may never change."""
    body = body_of(AT, "denied", 7, 2, {"tool": "t", "action_hash": HASH, "rules": ["b", "a"]})
    assert body.decode() == f'{HEAD}"{HASH}",{{"rules":["b","a"],"tool":"t"}}]'
    assert body_of(AT, "denied", 7, 2, {}).decode() == f"{HEAD}null,{{}}]"


def test_a_body_names_its_evidence() -> None:
    """By the hash of its bytes."""
    evidence = canonical_json({"facts": {"n": 1}})
    said = spoken(body_of(AT, "denied", 7, 2, {}, evidence).decode())
    assert said["evidence"] == hashlib.sha256(evidence).hexdigest()


def test_what_was_said_is_read_again() -> None:
    """One mapping; an action hash only where there is one."""
    body = body_of(AT, "denied", None, None, {"tool": "t", "action_hash": HASH}).decode()
    assert spoken(body) == {
        "at": "2026-05-12T10:00:00.000000Z", "kind": "denied", "case": None, "step": None,
        "action_hash": HASH, "tool": "t",
    }  # fmt: skip
    assert "action_hash" not in spoken(f"{HEAD}null,{{}}]")


@pytest.mark.parametrize("body", ["{}", "[]", "5", f"{HEAD}null,[]]", f"{HEAD}{{}}]", "x"])
def test_what_is_no_body_is_refused(body: str) -> None:
    """Unknown means no."""
    with pytest.raises(ValueError, match=r"not the body|Expecting|char"):
        spoken(body)


def test_evidence_is_read_again() -> None:
    """Empty where there is none."""
    assert spoken_evidence(SimpleNamespace(evidence='{"facts":{"n":1}}')) == {"facts": {"n": 1}}
    assert spoken_evidence(SimpleNamespace(evidence=None)) == {}
    with pytest.raises(ValueError, match="not the evidence"):
        spoken_evidence(SimpleNamespace(evidence="[]"))


def test_a_leaf_is_position_and_entry() -> None:
    """The form that an outsider's checker computes."""
    expected = hashlib.sha256(b'\0{"entry":"' + HASH.encode() + b'","position":3}').digest()
    assert leaf_of(3, HASH) == expected


def test_the_hash_of_a_drop_is_without_its_names() -> None:
    """A person's key can be taken out of a case later, and the log still agrees."""
    drop = {"account": "a", "champion": "ann", "risk": 0.5}
    assert drop_hash(drop) == drop_hash({**drop, "champion": None}) == content_hash({"risk": 0.5})
    assert drop_hash(drop) != drop_hash({**drop, "risk": 0.6})


SAID = {
    EntryKind.ALLOWED: ({"tool": "t", "action_hash": HASH, "rules": ["x", "y"]}, f"t {HASH[:12]} by x, y"),
    EntryKind.DENIED: ({"tool": "t", "action_hash": HASH, "rules": []}, f"t {HASH[:12]}"),
    EntryKind.LAPSED: ({"tool": "t", "action_hash": HASH, "reason": "gone"}, f"t {HASH[:12]}: gone"),
    EntryKind.NOTHING_ALLOWED: ({"options": 3, "rules": ["x"]}, "3 options, all denied by x"),
    EntryKind.POLICY_CHANGED: (
        {"role": "live", "hash": HASH, "before": None, "author": "asha", "source": "p.yaml"},
        f"live is {HASH[:12]}, by asha from p.yaml",
    ),
    EntryKind.POLICY_REFUSED: (
        {"role": "shadow", "in_force": HASH, "author": "asha", "reason": "bad"},
        f"shadow by asha: bad, {HASH[:12]} stays",
    ),
    EntryKind.SHADOW_ENDED: (
        {"role": "shadow", "hash": HASH, "author": "asha", "source": "next.yaml"},
        f"{HASH[:12]} judges no more, by asha",
    ),
    EntryKind.ESCALATED: (
        {"review": 4, "waited_since": "2026-05-12T10:00:00.000000Z"},
        "item 4, waited since 2026-05-12T10:00",
    ),
    EntryKind.RECORDED: ({"interaction": 9, "what": "ticket_closed"}, "ticket closed, interaction 9"),
    EntryKind.ERASED: ({"contact": 5, "counts": {"reviews": 1, "effects": 2}}, "contact 5: 2 effects, 1 reviews"),
}


@pytest.mark.parametrize("kind", SAID)
def test_an_entry_in_a_few_words(kind: EntryKind) -> None:
    """What a person reads in `winback log tail`."""
    body, words = SAID[kind]
    assert tell({"kind": kind, **body}) == words


def test_every_kind_has_words() -> None:
    """A kind without words would be shown as nothing but its name."""
    assert set(WORDS) == set(EntryKind)
