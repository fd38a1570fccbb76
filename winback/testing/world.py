"""A small world for tests: services over fakes, people who may be written to, a case to work on."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from functools import cache
from pathlib import Path

from sqlmodel import Session, col, select

from agents.choice import Failure
from agents.meter import Meter
from agents.writer import Writer
from policies.load import load_policy
from policies.policy import Policy
from tools.catalogue import Catalogue, load_catalogue
from tools.registry import Registry, default_registry
from winback.canonical import content_hash
from winback.clock import SimulatedClock
from winback.decisions.action import drop_hash
from winback.decisions.kind import EntryKind
from winback.decisions.log import advance
from winback.settings import Settings
from winback.store.models import Account, Case, Consent, Contact, DecisionEntry
from winback.store.store import Store
from winback.store.types import EMAIL, CaseState
from winback.testing.channel import MemoryChannel
from winback.testing.selector import ScriptedSelector
from winback.usage.drop import Channel, Driver, Drop, DropKind, drop_to_plain
from winback.usage.warehouse import Warehouse
from workers.freshness import Recovery
from workers.known_names import known_names
from workers.policy_source import PolicySource
from workers.services import Services

# A Tuesday, ten in the morning: open hours in every sample zone's working day.
NOON = datetime(2026, 5, 12, 10, tzinfo=UTC)
AS_OF = date(2026, 5, 11)

PERMISSIVE = """
version: 1
rules:
  - {id: tools, kind: allow_tools, allow: [
      {tools: [send_tutorial], mode: auto},
      {tools: [offer_trial_upgrade, book_call], mode: review}]}
  - {id: consent, kind: consent, unknown: deny}
  - {id: expiry, kind: expires, hours: 168}
  - {id: model-failure, kind: on_model_failure, then: review}
"""


@cache
def _known() -> tuple[Registry, Catalogue]:
    return default_registry(), load_catalogue(None)


LOADED: dict[str, Policy] = {}
"""Policies that were loaded by their text: reading one takes longer than most tests."""


def _policy(path: Path) -> Policy:
    text = path.read_text(encoding="utf-8") if path.is_file() else ""
    if text not in LOADED:
        LOADED[text] = load_policy(path, known_names(*_known()))
    return LOADED[text] if text else LOADED.pop(text)


class SilentWriter(Writer):
    """Writes nothing: every template keeps its own words."""

    def __init__(self) -> None:
        """Needs no model."""

    def fill(self, *_: object) -> dict[str, str]:
        return {}


def sample_drop(account: str, kind: DropKind = DropKind.FEATURE_FELL, **changes: object) -> Drop:
    """A drop of three weeks ago."""
    drop = Drop(
        account=account,
        as_of=AS_OF,
        kind=kind,
        channel=Channel.FAST,
        alarm=6.2,
        threshold=4.6,
        expected_days=4.8,
        seen_days=0,
        lost_days=4.5,
        onset=AS_OF - timedelta(days=8),
        reason="active on 0 of 7 days; 4.8 expected, holidays considered",
        drivers=(Driver("reports", 4.5, 0.0),),
        seats_before=2,
        seats_now=1,
        champion=None,
        limit_feature="exports" if kind is DropKind.LIMIT_REACHED else None,
        risk=0.7,
        weeks=(5, 5, 4, 5, 5, 4, 5, 5, 5, 4, 1, 0),
    )
    return replace(drop, **changes)  # type: ignore[arg-type]


@contextmanager
def world(store: Store, folder: Path, policy: str = PERMISSIVE, now: datetime = NOON) -> Iterator[Services]:
    """Services over fakes. The policy stands in a file of `folder`, so that tests can change it."""
    settings = Settings(home=folder)
    registry, catalogue = _known()
    path = folder / "policy.yaml"
    path.write_text(policy, encoding="utf-8")
    warehouse = Warehouse(settings.usage_folder)
    yield Services(
        settings=settings,
        clock=SimulatedClock(now),
        store=store,
        warehouse=warehouse,
        catalogue=catalogue,
        registry=registry,
        policies=PolicySource(path, lambda: _policy(path)),
        meter=Meter(),
        selector=ScriptedSelector(),
        writer=SilentWriter(),
        channels={EMAIL: MemoryChannel()},
        recovery=Recovery(warehouse, store, settings),
        owner="test-owner/0/1/1.00",
    )


def add_account(session: Session, key: str = "acme", *, consent: str = "granted", language: str = "en") -> Account:
    """An account with one contact who may (by default) be written to."""
    account = Account(
        key=key,
        name=key.title(),
        plan="starter",
        value_per_month=49.0,
        owner_name="Asha Rao",
        owner_email="asha@example.com",
        zone="Europe/Berlin",
    )
    session.add(account)
    session.flush()
    add_contact(session, account, f"{key}-ann", consent=consent, language=language)
    return account


def add_contact(
    session: Session, account: Account, key: str, *, consent: str = "granted", language: str = "en"
) -> Contact:
    """One more person at an account."""
    contact = Contact(
        account_id=account.id or 0,
        key=key,
        name="Ann Example",
        email=f"{key}@example.com",
        language=language,
        zone="Europe/Berlin",
        salt=content_hash(key),
    )
    session.add(contact)
    session.flush()
    session.add(Consent(contact_id=contact.id or 0, channel="email", purpose="retention", state=consent))
    session.flush()
    return contact


def open_case(session: Session, account: Account, drop: Drop | None = None, now: datetime = NOON) -> int:
    """A case as a scan would have opened it."""
    plain = drop_to_plain(drop or sample_drop(account.key))
    case = Case(
        account_id=account.id or 0, drop=plain, opened_at=now, next_at=now, ends_at=now + timedelta(days=28)
    )
    session.add(case)
    session.flush()
    body = {"account": account.id, "drop_hash": drop_hash(plain), "drop_kind": plain["kind"],
            "onset": plain["onset"], "reason": plain["reason"], "as_of": plain["as_of"]}  # fmt: skip
    advance(session, case.id or 0, EntryKind.CASE_OPENED, now, body, allowed=(CaseState.OPEN,))
    return case.id or 0


def failing(code: str) -> Failure:
    """An answer that is none."""
    return Failure(code=code, detail="told to fail", attempts=3)  # type: ignore[arg-type]


def entries(store: Store, case_id: int) -> list[str]:
    """The kinds of a case's log entries, in the order of its steps."""
    with store.read() as session:
        rows = session.exec(
            select(DecisionEntry.kind).where(DecisionEntry.case_id == case_id).order_by(col(DecisionEntry.step))
        ).all()
    return list(rows)
