"""What the log must say of the rows of the other tables, gathered as fast as they can be read.

Like winback.decisions.part: what is not as Winback wrote it is not named here.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from hashlib import sha256
from typing import Any, NamedTuple

import orjson

from winback.canonical import content_hash
from winback.decisions.action import USUAL, act_of, way_of
from winback.decisions.kind import EntryKind
from winback.decisions.said import Said
from winback.decisions.source import Source, Unlike

SIZE = 1 << 14
"""Row numbers of one table that are read by one process in one go."""
COLUMN = re.compile(r"\{([a-z_]+)\}")
DONE = "done"
DECIDED = {"approved": EntryKind.APPROVED, "rejected": EntryKind.REJECTED}


class Held:
    """What rows hold, by their numbers; the states that occur; and how many proposals were skipped."""

    def __init__(self) -> None:
        self.states: set[str] = set()
        self.versions: dict[int, int] = {}
        self.drops: dict[int, str] = {}
        self.actions: dict[int, str] = {}
        self.reviews: dict[int, tuple[str, int, str, str | None]] = {}
        self.receipts: dict[int, tuple[str, str]] = {}
        self.erased: set[int] = set()
        self.skipped = 0

    def not_in(self, said: Said) -> set[int]:
        """The rows of which the log does not say the same, and perhaps a few of which it does."""
        actions = set(self.actions.values()) - said.actions
        return (
            {key for key, _ in self.versions.items() - said.steps.items()}
            | (self.versions.keys() & (said.odd | said.starts.keys()))
            | {key for key, _ in self.drops.items() - said.drops.items()}
            | ({key for key, action in self.actions.items() if action in actions} if actions else set())
            | {key for key, review in self.reviews.items() if review not in said.reviews}
            | {key for key, (effect, receipt) in self.receipts.items() if said.receipts.get(effect) != receipt}
            | (self.erased - said.erased)
        )


def read_held(source: Source, connection: Any, table: str, start: int, end: int) -> Held:
    """The rows of one table numbered from `start` up to and without `end`.

    Raises:
        Unlike: one of them is not as it was written.
    """
    reader, held = READERS[table], Held()
    columns = COLUMN.sub(lambda found: source.text_of(found[1]), reader.columns)
    query = f"SELECT {columns} FROM {reader.rows}"  # noqa: S608  names of ours
    for page in source.pages(connection, query, (start, end)):
        reader.take(held, *zip(*page, strict=True))
    return held


Values = tuple[Any, ...]


def _cases(held: Held, keys: Values, states: Values, versions: Values, drops: Values, *moments: Values) -> None:
    _moments(moments)
    held.states.update(states)
    held.versions.update(zip(keys, versions, strict=True))
    held.drops.update(zip(keys, map(_drop_hash, drops), strict=True))


def _contacts(held: Held, keys: Values, erased: Values, unsubscribed: Values) -> None:
    _moments((erased, unsubscribed))
    if any(erased):
        held.erased.update(key for key, at in zip(keys, erased, strict=True) if at is not None)


def _proposals(held: Held, keys: Values, actions: Values, *columns: Values) -> None:
    *acts, media, audiences, agents, erased, created, start, end = columns
    _moments((erased, created, start, end))
    _objects(agents)
    held.actions.update(zip(keys, actions, strict=True))
    ways = zip(media, audiences, strict=True)
    for action, at, way, tool, arguments, message, account, contact, salt in zip(
        actions, erased, ways, *acts, strict=True
    ):
        if at is not None:
            held.skipped += 1
            continue
        told = f'{{"account":{account},"arguments":{arguments},"contact":{contact},"message":{message},'
        if way != USUAL or sha256(f'{told}"salt":"{salt}","tool":"{tool}"}}'.encode()).hexdigest() != action:
            act = act_of(tool, orjson.loads(arguments), orjson.loads(message), account, contact, salt)
            act |= way_of(*way)
            if salt is None or (action != _hash(act) and action != content_hash(act)):
                raise Unlike


def _reviews(held: Held, keys: Values, states: Values, actions: Values, by: Values, *columns: Values) -> None:
    verdicts, *moments = columns
    _moments(moments)
    _objects(verdicts)
    held.states.update(states)
    for key, state, action, who in zip(keys, states, actions, by, strict=True):
        if state in DECIDED:
            held.reviews[key] = (DECIDED[state], key, action, who)


def _effects(held: Held, keys: Values, names: Values, states: Values, receipts: Values, *moments: Values) -> None:
    _moments(moments)
    held.states.update(states)
    for key, name, state, receipt in zip(keys, names, states, receipts, strict=True):
        if state == DONE:
            held.receipts[key] = (name, _text_hash(receipt) or _hash(orjson.loads(receipt)))
        else:
            _objects((receipt,))


def _drop_hash(drop: str) -> str:
    text = drop.replace('"champion":null,', "", 1)
    found = None if '"champion":' in text else _text_hash(text)
    if found is None:
        plain = orjson.loads(drop)
        plain.pop("champion", None)
        found = _hash(plain)
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
        for _ in map(datetime.fromisoformat, filter(None, column)):
            pass


def _objects(texts: Values) -> None:
    """Nothing in the log speaks of these: that they are JSON objects at all is not tried further."""
    if not all(text[0] == "{" and text[-1] == "}" for text in texts):
        raise Unlike


class Reader(NamedTuple):
    """How a table is read; a column in braces is read as text, whatever its type."""

    columns: str
    rows: str
    take: Callable[..., None]


READERS: Mapping[str, Reader] = {
    "cases": Reader(
        "id, state, version, {drop}, {opened_at}, {next_at}, {ends_at}, {contacted_at}, {closed_at}",
        "cases WHERE id >= ? AND id < ?",
        _cases,
    ),
    "contact": Reader("id, {erased_at}, {unsubscribed_at}", "contact WHERE id >= ? AND id < ?", _contacts),
    "proposal": Reader(
        "p.id, action_hash, tool, {arguments}, {message}, p.account_id, contact_id, salt, medium, audience, "
        "{agent}, {erased_at}, {created_at}, {busy_from}, {busy_until}",
        "proposal p LEFT JOIN contact ON contact.id = contact_id WHERE p.id >= ? AND p.id < ?",
        _proposals,
    ),
    "review": Reader(
        "id, state, action_hash, decided_by, {verdict}, "
        "{asked_at}, {expires_at}, {snoozed_until}, {escalated_at}, {decided_at}",
        "review WHERE id >= ? AND id < ?",
        _reviews,
    ),
    "effect": Reader(
        "id, key, state, {receipt}, {proposed_at}, {due_at}, {intent_at}, {done_at}, {lease_until}",
        "effect WHERE id >= ? AND id < ?",
        _effects,
    ),
}
