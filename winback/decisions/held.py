"""What the log must say of the rows of the other tables, gathered as fast as they can be read.

Like winback.decisions.part: what is not as Winback wrote it is not named here.
"""

import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from hashlib import sha256
from typing import Any, NamedTuple, TypeVar

import orjson

from winback.canonical import commitment, content_hash
from winback.decisions.action import NAMES, USUAL, act_of, way_of
from winback.decisions.said import CASE_AFTER, OPEN, Effect, Review, Said
from winback.decisions.source import Source, Unlike

SIZE = 1 << 14
"""Row numbers of one table that are read by one process in one go."""
COLUMN, MOMENT = re.compile(r"\{([a-z_]+)\}"), re.compile(r"\[([a-z_]+)\]")
ACCOUNT, CHAMPION = '{"account":"', '"champion":'
DONE, REJECTED, CLOSED, UNDER_WAY = "done", "rejected", "closed", frozenset({"pending", "in_flight"})


R = TypeVar("R", Review, Effect)
Proposed = tuple[int, str, int, int, str]
"""Case, action, account, contact, tool: what an effect and its proposal have in common."""


class Held:
    """What rows hold, by their numbers; the states that occur; and what an erasure left unproven.

    `waiting` are cases that are not closed: their state, and the kind of their newest entry.
    """

    def __init__(self) -> None:
        self.states: set[str] = set()
        self.versions: dict[int, int] = {}
        self.opened: dict[int, tuple[int, str]] = {}
        self.closed: dict[int, str | None] = {}
        self.waiting: dict[int, tuple[str, str | None]] = {}
        self.acts: dict[int, Proposed] = {}
        self.reviews: dict[int, Review] = {}
        self.effects: dict[int, tuple[str, Effect, int, tuple[int, int, str]]] = {}
        self.recorded: dict[int, tuple[str, int, int | None, str]] = {}
        self.erased: set[int] = set()
        self.skipped: Counter[str] = Counter()

    def not_in(self, said: Said) -> set[int]:
        """The rows of which the log does not say the same, and perhaps a few of which it does."""
        acts = {one[:2] for one in self.acts.values()} - said.acts
        return (
            _others(self.versions, said.steps)
            | (self.versions.keys() & (said.odd | said.starts.keys()))
            | _others(self.opened, said.opened)
            | _others(self.closed, said.closed)
            | (self.waiting.keys() & said.closed.keys())
            | {key for key, (state, kind) in self.waiting.items() if not may_be(state, kind)}
            | ({key for key, one in self.acts.items() if one[:2] in acts} if acts else set())
            | _unlike(self.reviews, said.reviews_told)
            | self._effects_not_in(said)
            | _others(self.recorded, said.recorded)
            | (self.erased - said.erased)
        )

    def _effects_not_in(self, said: Said) -> set[int]:
        told = {key: said.effects_told.get(name) for key, (name, *_) in self.effects.items()}
        return _unlike({key: effect for key, (_, effect, *_) in self.effects.items()}, told)


def _others(held: Mapping[int, Any], told: Mapping[int, Any]) -> set[int]:
    """The rows that are not as told. That none is other, the usual case, takes a twentieth of looking at each."""
    said = list(map(told.get, held))
    if said == list(held.values()) and None not in said:
        return set()
    return {key for key, value in held.items() if key not in told or told[key] != value}


def _unlike(held: Mapping[int, R], told: Mapping[int, R | None]) -> set[int]:
    return {key for key in _others(held, told) if not agree(told.get(key), held[key])}


def may_be(state: str, kind: str | None) -> bool:
    """Whether a case that is not closed may be in that state after an entry of that kind."""
    return state in CASE_AFTER.get(kind or "", (state,))


def agree(said: Review | Effect | None, held: Review | Effect) -> bool:
    """Whether both say the same; the last value of either may be unknown."""
    if said is None or said[:-1] != held[:-1]:
        return False
    return said[-1] is None or held[-1] is None or said[-1] == held[-1]


def read_held(source: Source, connection: Any, table: str, start: int, end: int) -> Held:
    """The rows of one table numbered from `start` up to and without `end`.

    Raises:
        Unlike: one of them is not as it was written.
    """
    reader, held = READERS[table], Held()
    columns = COLUMN.sub(lambda found: source.text_of(found[1]), reader.columns)
    columns = MOMENT.sub(lambda found: source.moment_of(found[1]), columns)
    query = f"SELECT {columns} FROM {reader.rows}"  # noqa: S608  names of ours
    for page in source.pages(connection, query, (start, end)):
        reader.take(held, *zip(*page, strict=True))
    return held


Values = tuple[Any, ...]


def _cases(held: Held, keys: Values, states: Values, newest: Values, *columns: Values) -> None:
    versions, outcomes, accounts, drops, *moments = columns
    _moments(moments)
    held.states.update(states)
    held.versions.update(zip(keys, versions, strict=True))
    held.opened.update(zip(keys, zip(accounts, map(_drop_hash, drops), strict=True), strict=True))
    if set(states) == {CLOSED}:
        held.closed.update(zip(keys, outcomes, strict=True))
        return
    for key, state, outcome, kind in zip(keys, states, outcomes, newest, strict=True):
        if state == CLOSED:
            held.closed[key] = outcome
        elif outcome is None:
            held.waiting[key] = (state, kind)
        else:
            raise Unlike


def _contacts(held: Held, keys: Values, erased: Values, unsubscribed: Values) -> None:
    _moments((erased, unsubscribed))
    if any(erased):
        held.erased.update(key for key, at in zip(keys, erased, strict=True) if at is not None)


def _proposals(held: Held, keys: Values, cases: Values, actions: Values, *columns: Values) -> None:
    *acts, media, audiences, agents, erased, created, start, end = columns
    tools, _, _, accounts, contacts, _ = acts
    _moments((erased, created, start, end))
    _objects(agents)
    held.acts.update(zip(keys, zip(cases, actions, accounts, contacts, tools, strict=True), strict=True))
    ways = zip(media, audiences, strict=True)
    for action, at, way, tool, arguments, message, account, contact, salt in zip(
        actions, erased, ways, *acts, strict=True
    ):
        if at is not None:
            held.skipped["proposal"] += 1
            continue
        told = f'{{"account":{account},"arguments":{arguments},"contact":{contact},"message":{message},'
        if way != USUAL or sha256(f'{told}"salt":"{salt}","tool":"{tool}"}}'.encode()).hexdigest() != action:
            act = act_of(tool, orjson.loads(arguments), orjson.loads(message), account, contact, salt)
            act |= way_of(*way)
            if salt is None or (action != _hash(act) and action != content_hash(act)):
                raise Unlike


def _reviews(held: Held, keys: Values, states: Values, notes: Values, *columns: Values) -> None:
    salts, erased, verdicts, *rest = columns
    moments, told = rest[:6], rest[6:]
    _moments((erased, *moments))
    _objects(verdicts)
    held.states.update(states)
    for key, state, note, salt, at, (case, action, *said) in zip(
        keys, states, notes, salts, erased, zip(*told, strict=True), strict=True
    ):
        bound = None
        if state == REJECTED and at is None:
            bound = commitment(salt, note)
        elif note and state != REJECTED:
            raise Unlike
        held.skipped["review"] += state == REJECTED and at is not None
        by, code, first, lifted = said
        held.reviews[key] = (case, action, state, by, code, first, lifted, bound)


def _effects(held: Held, keys: Values, names: Values, states: Values, receipts: Values, *columns: Values) -> None:
    salts, erased, *rest = columns
    moments, told = rest[:5], rest[5:]
    _moments((erased, *moments))
    held.states.update(states)
    for key, name, state, receipt, salt, at, proposal, case, action, *whose, by, first in zip(
        keys, names, states, receipts, salts, erased, *told, strict=True
    ):
        bound = None
        if state == DONE and at is None:
            bound = _text_hash(f'["{salt}",{receipt}]') or _hash([salt, orjson.loads(receipt)])
        else:
            _objects((receipt,))
            held.skipped["effect"] += state == DONE
        effect = (case, action, OPEN if state in UNDER_WAY else state, by, first, bound)
        held.effects[key] = (name, effect, proposal, (whose[0], whose[1], whose[2]))


def _interactions(
    held: Held, keys: Values, kinds: Values, accounts: Values, contacts: Values, *at: Values
) -> None:
    happened, *moments = at
    _moments(moments)
    when = (f"{one[:10]}T{one[11:]}Z" for one in happened)
    held.recorded.update(zip(keys, zip(kinds, accounts, contacts, when, strict=True), strict=True))


def _drop_hash(drop: str) -> str:
    """The hash of a drop without its names, which are cut out of the text where it looks canonical."""
    text, at = drop, drop.find(CHAMPION)
    if at > 0:
        start = at + len(CHAMPION)
        end = start + len("null,") if drop.startswith("null,", start) else drop.find('",', start) + 2
        text = drop[:at] + drop[end:]
    if text.startswith(ACCOUNT):
        text = "{" + text[text.find('",') + 2 :]
    found = None if '"champion":' in text or '"account":' in text else _text_hash(text)
    if found is None or not text:
        found = _hash({name: value for name, value in orjson.loads(drop).items() if name not in NAMES})
    return found


def _text_hash(text: str) -> str | None:
    """The content hash of JSON that looks canonical as it is stored; None for any other.

    Where looks deceive, the row is not found in the log, and then read again with care.
    """
    return None if '": ' in text else sha256(text.encode()).hexdigest()


def _hash(value: Any) -> str:
    """The content hash, but for a few numbers that the canonical form writes differently: then the same holds."""
    return sha256(orjson.dumps(value, option=orjson.OPT_SORT_KEYS)).hexdigest()


def _moments(columns: Iterable[Values]) -> None:
    for column in columns:
        all(map(datetime.fromisoformat, filter(None, column)))  # to have read each


def _objects(texts: Values) -> None:
    """Nothing in the log speaks of these: that they are JSON objects at all is not tried further."""
    if not all(text[0] == "{" and text[-1] == "}" for text in texts):
        raise Unlike


class Reader(NamedTuple):
    """How a table is read; a column in braces is read as text, whatever its type, in brackets as a moment."""

    columns: str
    rows: str
    take: Callable[..., None]


READERS: Mapping[str, Reader] = {
    "cases": Reader(
        "id, state, CASE WHEN state <> 'closed' THEN (SELECT kind FROM decision_entry WHERE case_id = cases.id "
        "AND step = version) END, version, outcome, account_id, {drop}, "
        "{opened_at}, {next_at}, {ends_at}, {contacted_at}, {closed_at}",
        "cases WHERE id >= ? AND id < ?",
        _cases,
    ),
    "contact": Reader("id, {erased_at}, {unsubscribed_at}", "contact WHERE id >= ? AND id < ?", _contacts),
    "proposal": Reader(
        "p.id, case_id, action_hash, tool, {arguments}, {message}, p.account_id, contact_id, salt, medium, "
        "audience, {agent}, {erased_at}, {created_at}, {busy_from}, {busy_until}",
        "proposal p LEFT JOIN contact ON contact.id = contact_id WHERE p.id >= ? AND p.id < ?",
        _proposals,
    ),
    "review": Reader(
        "r.id, state, note, salt, {erased_at}, {verdict}, "
        "{asked_at}, {expires_at}, {snoozed_until}, {escalated_at}, {decided_at}, {lifted_at}, "
        "r.case_id, r.action_hash, decided_by, code, first_approved_by, lifted_by",
        "review r LEFT JOIN proposal p ON p.id = proposal_id AND state = 'rejected' "
        "LEFT JOIN contact c ON c.id = contact_id "
        "WHERE r.id >= ? AND r.id < ?",
        _reviews,
    ),
    "effect": Reader(
        "e.id, e.key, state, {receipt}, salt, {erased_at}, "
        "{proposed_at}, {due_at}, {intent_at}, {done_at}, {lease_until}, "
        "proposal_id, case_id, action_hash, e.account_id, contact_id, tool, approved_by, first_approved_by",
        "effect e LEFT JOIN contact c ON c.id = contact_id WHERE e.id >= ? AND e.id < ?",
        _effects,
    ),
    "interaction": Reader(
        "id, kind, account_id, contact_id, [at], {closed_at}, {recorded_at}",
        "interaction WHERE id >= ? AND id < ?",
        _interactions,
    ),
}
