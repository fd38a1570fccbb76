"""A company as large as a console must bear: a log, a queue whose every card can be opened, and their usage.

What is alike is made once as the program makes it and copied: a life of the log's cases, and the proposals
that stand in the queue. A copied log has its size, not its signatures.
"""

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from hashlib import sha256
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import duckdb
from sqlalchemy import Connection, event, insert, inspect, text
from sqlmodel import Session, col, select

from benchmarks.sample_log import write_log
from winback.canonical import content_hash
from winback.decisions.entry import body_of, spoken
from winback.settings import Columns
from winback.store.listed import priority
from winback.store.models import Account, Case, Consent, Contact, DecisionEntry, Interaction, Proposal, Review
from winback.store.queue import SOUGHT, ReviewMark
from winback.store.sought import sought_by
from winback.store.types import InteractionKind
from winback.testing.world import add_account, open_case, sample_drop
from winback.usage.drop import DropKind
from winback.usage.import_file import import_usage
from workers.propose import propose
from workers.services import Services

PAGE = 2000
FIRST = 40_000
"""Entries that are written one by one before they are copied."""
DAYS, PAST = 84, 6
"""Days of usage, and what was written down of each account before."""
PLANS, REGIONS = ("starter", "team", "business", "enterprise"), ("DE", "IN", "US", "FR", "BR", "JP")
RULES = ("first-contact", "embedded-model", "value-review", "open-ticket", "rare-rule")
TAGS = ("key", "pilot", "churned-before", "partner")
WORDS = ("north", "river", "cobalt", "maple", "summit", "harbour", "lumen", "quartz", "vertex", "willow")
KINDS = (DropKind.LIMIT_REACHED, DropKind.CHAMPION_LEFT, DropKind.ALL_QUIET, DropKind.FEATURE_FELL)
OF_LOG = {
    "account": ("id",),
    "contact": ("id", "account_id"),
    "cases": ("id", "account_id"),
    "proposal": ("id", "case_id", "account_id", "contact_id"),
    "review": ("id", "case_id", "proposal_id", "account_id"),
    "effect": ("id", "case_id", "proposal_id", "account_id", "contact_id"),
}
"""Tables that the log speaks of, and their numbers of each other."""
UNIQUE = {("account", "key"), ("effect", "key")}


def fill(services: Services, items: int, entries: int) -> None:
    """So many items that wait, of as many accounts, and so many entries of a log, theirs among them."""
    store, now = services.store, services.clock.now()
    # Nothing is lost if this machine stops: the store is then filled again.
    event.listen(store.engine, "connect", _hasten)
    store.engine.dispose()
    write_log(store, min(FIRST, entries))
    models = list(_models(services))
    with store.engine.begin() as connection:
        _copy_log(connection, max(entries - 2 * items, 0))
        rest = [_largest(connection, name) for name in (*OF_LOG, "decision_entry")]
        position = _largest(connection, "decision_entry", "position")
    dice, first = random.Random(7), max(rest) + 1  # noqa: S311  the same queue every time
    for start in range(first, first + items, PAGE):
        lives = [
            _Life(n, models[n % len(models)], dice, now) for n in range(start, min(start + PAGE, first + items))
        ]
        with store.write("benchmark") as session:
            _insert(session, lives)
            position = _log(session, lives, position)
    with store.engine.begin() as connection:
        connection.execute(text("ANALYZE"))
    event.remove(store.engine, "connect", _hasten)
    store.engine.dispose()
    _use(services, now)


def _hasten(connection: Any, _record: Any) -> None:
    for pragma in ("synchronous=OFF", "foreign_keys=OFF", "cache_size=-200000"):
        connection.execute(f"PRAGMA {pragma}").fetchall()


@dataclass(frozen=True)
class Model:
    """A proposal that waits, as the program made it, with its two entries of the log."""

    case: dict[str, Any]
    proposal: dict[str, Any]
    review: dict[str, Any]
    entries: tuple[DecisionEntry, ...]


def _models(services: Services) -> Iterator[Model]:
    now, cases = services.clock.now(), []
    with services.store.write("benchmark") as session:
        for number, kind in enumerate(KINDS * 4):
            account = add_account(session, f"model-{number}")
            cases.append(open_case(session, account, sample_drop(account.key, kind, **_days(now)), now))
    for case in cases:
        propose(services, case, {})
    with services.store.read() as session:
        for review in session.exec(
            select(Review).where(col(Review.case_id).in_(cases), Review.state == "pending")
        ):
            of, proposal = session.get_one(Case, review.case_id), session.get_one(Proposal, review.proposal_id)
            steps = session.exec(select(DecisionEntry).where(DecisionEntry.case_id == of.id)).all()
            yield Model(of.model_dump(), proposal.model_dump(), review.model_dump(), tuple(steps))


def _days(now: datetime) -> dict[str, date]:
    as_of = now.date() - timedelta(days=1)
    return {"as_of": as_of, "onset": as_of - timedelta(days=8)}


def _copy_log(connection: Connection, entries: int) -> None:
    """The sealed entries again and again, each time of other cases, until there are so many."""
    had = _largest(connection, "decision_entry", "position") + 1
    row, shift = (_largest(connection, one) for one in ("decision_entry", "cases"))
    columns = {name: [one["name"] for one in inspect(connection).get_columns(name)]
               for name in (*OF_LOG, "decision_entry")}  # fmt: skip
    for time in range(1, -(-entries // had)):
        for name, numbers in OF_LOG.items():
            said = [f'"{one}" + {time * shift}' if one in numbers
                    else f"substr(\"{one}\", 1, 50) || '-{time}'" if (name, one) in UNIQUE
                    else f'"{one}"' for one in columns[name]]  # fmt: skip
            _copy(connection, name, columns[name], said, f"id <= {shift}")
        moved = {"id": time * (row + 1), "position": time * had, "case_id": time * shift}
        said = [f'"{one}" + {moved[one]}' if one in moved else f'"{one}"' for one in columns["decision_entry"]]
        _copy(connection, "decision_entry", columns["decision_entry"], said, f"position < {had}")


def _copy(connection: Connection, table: str, columns: Sequence[str], said: Sequence[str], which: str) -> None:
    names = ", ".join(f'"{one}"' for one in columns)
    statement = f"INSERT INTO {table} ({names}) SELECT {', '.join(said)} FROM {table} WHERE {which}"  # noqa: S608
    connection.execute(text(statement))


def _largest(connection: Connection, table: str, column: str = "id") -> int:
    return connection.execute(text(f"SELECT max({column}) FROM {table}")).scalar() or 0  # noqa: S608  ours


class _Life:
    """One account with one item, like a model's but for who it is and what it is worth."""

    def __init__(self, number: int, model: Model, dice: random.Random, now: datetime) -> None:
        self.number, self.model = number, model
        # A colleague has so many hours in two weeks, however many items wait.
        self.holds = number % 500 == 0
        self.name = f"{dice.choice(WORDS).title()} {dice.choice(WORDS).title()} {number}"
        self.key = self.name.lower().replace(" ", "-")
        self.stake, self.salt = round(dice.lognormvariate(4, 1.2), 2), content_hash(number)
        self.asked = now - timedelta(minutes=dice.randrange(1, 6 * 24 * 60))
        self.plan, self.region = dice.choice(PLANS), dice.choice(REGIONS)
        self.owner = f"owner{dice.randrange(40)}@example.com"
        self.tags = dice.sample(TAGS, dice.randrange(3))
        self.rule = RULES[-1] if dice.random() < 0.001 else dice.choice(RULES[:-1])

    def rows(self) -> dict[str, list[dict[str, Any]]]:
        """The rows of each table."""
        number, model = self.number, self.model
        whose = {"account_id": number, "contact_id": number}
        ends = self.asked + timedelta(hours=168)
        sought = sought_by(self.key, self.name)
        listed = {"plan": self.plan, "region": self.region}
        return {
            "Account": [{"id": number, "key": self.key, "name": self.name, "value_per_month": self.stake,
                         "owner_name": "Asha Rao", "owner_email": self.owner, "zone": "Europe/Berlin",
                         "tags": self.tags, "sought": sought, **listed}],
            "Contact": [{"id": number, "account_id": number, "key": f"{self.key}-ann", "name": "Ann Example",
                         "email": f"ann@{self.key}.example.com", "salt": self.salt, "language": "en",
                         "left": False}],
            "Consent": [{"contact_id": number, "channel": "email", "purpose": "retention", "state": "granted"}],
            "Case": [{**model.case, "id": number, "account_id": number, "opened_at": self.asked,
                      "drop": {**model.case["drop"], "account": self.key}}],
            "Proposal": [{**model.proposal, **whose, "id": number, "case_id": number,
                          "created_at": self.asked,
                          **({} if self.holds else {"busy_host": None, "busy_until": None})}],
            "Review": [{**model.review, "id": number, "case_id": number, "proposal_id": number,
                        "account_id": number, "asked_at": self.asked, "expires_at": ends, "stake": self.stake,
                        "priority": priority(self.stake, self.asked, ends, escalated=False),
                        "owner": self.owner, "sought": sought[:SOUGHT], **listed,
                        "assignee": "rita" if number % 50 == 0 else None}],
            "ReviewMark": [{"kind": "rule", "word": self.rule, "review_id": number},
                           *({"kind": "tag", "word": tag, "review_id": number} for tag in self.tags)],
            "Interaction": [{**whose, "kind": (InteractionKind.MESSAGE, InteractionKind.REPLY)[n % 2],
                             "channel": "email", "by": "rita", "note": "Asked how the reports are going. " * 4,
                             "at": self.asked - timedelta(days=20 * n + 30), "recorded_at": self.asked}
                            for n in range(PAST)],
        }  # fmt: skip


def _insert(session: Session, lives: Sequence[_Life]) -> None:
    rows = [one.rows() for one in lives]
    for table in (Account, Contact, Consent, Case, Proposal, Review, ReviewMark, Interaction):
        found = [row for one in rows for row in one[table.__name__]]
        session.connection().execute(insert(table), found)


def _log(session: Session, lives: Sequence[_Life], position: int) -> int:
    """The entries of these items behind a position; the new last one."""
    rows = []
    for life in lives:
        for like in life.model.entries:
            position += 1
            said = {
                name: value
                for name, value in spoken(like.body).items()
                if name not in ("at", "kind", "case", "step")
            }
            body = body_of(life.asked, like.kind, life.number, like.step, said).decode()
            rows.append({"position": position, "case_id": life.number, "step": like.step, "kind": like.kind,
                         "at": life.asked, "action_hash": like.action_hash, "body": body,
                         "evidence": like.evidence, "entry_hash": sha256(body.encode()).hexdigest()})  # fmt: skip
    session.connection().execute(insert(DecisionEntry), rows)
    return position


def _use(services: Services, now: datetime) -> None:
    """Some days of use of every account that has an item, in one file."""
    with services.store.read() as session:
        keys = session.exec(select(Account.key).join(Review, col(Review.account_id) == Account.id)).all()
    with TemporaryDirectory() as folder:
        names, file = Path(folder) / "keys.csv", Path(folder) / "usage.parquet"
        names.write_text("\n".join(["account", *keys]), encoding="utf-8")
        duckdb.sql(
            f"COPY (SELECT account, account || '-ann' AS contact, 'reports' AS feature, "  # noqa: S608  ours
            f"DATE '{now.date()}' - 1 - day::INTEGER AS day, 1 + hash(account, day) % 9 AS count "
            f"FROM read_csv('{names}', header = true), range({DAYS}) AS days(day) "
            f"WHERE hash(account, day, 1) % 3 = 0) TO '{file}' (FORMAT parquet)"
        )
        import_usage(file, services.warehouse, Columns(), "UTC", epoch=None, at=now, progress=lambda *_: None)
