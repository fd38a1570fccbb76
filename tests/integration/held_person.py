"""A person of whom everything is held that can be, and what is left of them."""

import csv
import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import duckdb
from sqlmodel import SQLModel, select

from tools.channels.files import FilesChannel
from winback.decisions.kind import EntryKind
from winback.decisions.log import append, seal
from winback.settings import Columns
from winback.store.models import (
    Account,
    Contact,
    Review,
)
from winback.store.people import PeopleStored, describe, store_people
from winback.store.suppression import load_suppressed
from winback.store.types import InteractionKind
from winback.testing.world import AS_OF, NOON, open_case, sample_drop
from winback.usage.drop import DropKind
from winback.usage.import_file import ImportReport, import_usage
from winback.usage.people import read_people
from workers import review as reviews
from workers.act import act_all
from workers.propose import propose_all
from workers.record import Party, record
from workers.services import Services

RULES = """
version: 1
rules:
  - {id: tools, kind: allow_tools, allow: [
      {tools: [send_tutorial], drops: [feature_fell], mode: auto},
      {tools: [offer_trial_upgrade], drops: [limit_reached], mode: review}]}
  - {id: consent, kind: consent, unknown: deny}
  - {id: expiry, kind: expires, hours: 168}
  - {id: model-failure, kind: on_model_failure, then: review}
"""
PEOPLE = "account,account_name,zone,plan,contact,contact_name,email,consent,contact_zone\n"


@dataclass(frozen=True)
class Who:
    """A person, and the two accounts of theirs; `folder` holds the files that they are imported from."""

    folder: Path
    name: str = "Ravi Shankar Verma"
    email: str = "Ravi.Verma@mail.example"
    key: str = "user-ravi-77"
    account: str = "acme"

    @property
    def strings(self) -> tuple[str, ...]:
        return self.name, self.email, self.key

    @property
    def people_file(self) -> Path:
        told = ("Europe/Berlin", "starter")
        rows = [
            (self.account, "Acme", *told, self.key, self.name, self.email, "granted", ""),
            (self.account, "Acme", *told, "col", "Col League", "col@x.example", "unknown", ""),
            (f"{self.account}-2", "Bolt", *told, f"{self.key}-b", self.name, capitals(self.email), "granted", ""),
            (f"{self.account}-3", "Coil", *told, "bad", self.name, self.email, "granted", "Nowhere"),
        ]
        return self._write("people.csv", PEOPLE, rows)

    @property
    def usage_file(self) -> Path:
        rows = [
            (self.account, who, "reports", f"2026-05-0{day}", day)
            for who in (self.key, "col", "")
            for day in (1, 2)
        ]
        rows += [
            (f"{self.account}-2", f"{self.key}-b", "reports", "2026-05-01", 1),
            ("other", "x", "reports", "2026-05-01", 4),
        ]
        rows += [(self.account, self.key, "reports", "2026-02-30", 1), ("other", "x", "reports", "2026-02-30", 1)]
        return self._write("usage.csv", "account,contact,feature,day,count\n", rows)

    def _write(self, name: str, header: str, rows: list[Any]) -> Path:
        path = self.folder / name
        with path.open("w", encoding="utf-8", newline="") as stream:
            stream.write(header)
            csv.writer(stream).writerows(rows)
        return path


def capitals(email: str) -> str:
    """The same address in capitals, where a letter has one of its own."""
    return "".join(one.upper() if one.upper().lower() == one.lower() else one for one in email)


def hold(services: Services, who: Who) -> Services:
    """Import, a sent message, a rejected proposal, a waiting one, interactions; the log sealed."""
    services = replace(services, channels={"email": FilesChannel(services.settings.outbox_folder)})
    rules(services)
    import_people(services, who)
    import_file(services, who)
    with services.store.write("test") as session:
        accounts = [
            session.exec(select(Account).where(Account.key == key)).one()
            for key in (who.account, f"{who.account}-2")
        ]
        cases = [
            open_case(session, accounts[0], sample_drop(who.account, champion=who.key)),
            open_case(session, accounts[1], sample_drop(f"{who.account}-2", DropKind.LIMIT_REACHED)),
        ]
    propose_all(services, AS_OF)
    act_all(services)
    with services.store.read() as session:
        waiting = session.exec(select(Review).where(Review.case_id == cases[1])).one()
        contact = session.exec(
            select(Contact).where(Contact.key == who.key, Contact.account_id == accounts[0].id)
        ).one()
    reviews.reject(services, waiting.id or 0, waiting.action_hash, "rita", "not_now", f"{who.name} said no")
    party = Party(accounts[0].id or 0, contact.id)
    record(services, party, InteractionKind.COMPLAINT, NOON, "rita", note=f"{who.name} <{who.email}> complained")
    record(
        services, Party(accounts[0].id or 0), InteractionKind.MESSAGE, NOON, "rita", note=f"asked for {who.name}"
    )
    with services.store.write("test") as session:
        append(session, EntryKind.IMPORTED, NOON, {"what": "people", "rows": 1, "bad": 0})
    seal(services.store, NOON)
    return services


def rules(services: Services) -> None:
    (services.settings.home / "policy.yaml").write_text(RULES, encoding="utf-8")


def import_people(services: Services, who: Who) -> PeopleStored:
    with services.store.read() as session:
        erased = load_suppressed(session)
    people = read_people(who.people_file, services.warehouse.bad_folder, at=NOON, erased=erased)
    with services.store.write("test") as session:
        stored = store_people(session, people)
        append(session, EntryKind.IMPORTED, NOON, describe(people, stored))
        return stored


def import_file(services: Services, who: Who) -> ImportReport:
    def erased() -> Any:
        with services.store.read() as session:
            return load_suppressed(session)

    return import_usage(
        who.usage_file, services.warehouse, Columns(), "UTC", epoch=None, at=NOON,
        progress=lambda _done, _of: None, erased=erased,
    )  # fmt: skip


def everything(services: Services) -> Iterator[tuple[str, str]]:
    """Where and what: every value of every table, every value of every Parquet file, every file's bytes."""
    with services.store.read() as session:
        for table in SQLModel.metadata.sorted_tables:
            for row in session.connection().execute(table.select()):
                yield table.name, json.dumps(list(row), ensure_ascii=False, default=str)
    for path in sorted(services.settings.home.rglob("*")):
        if not path.is_file():
            continue
        yield str(path), path.name
        if path.suffix == ".parquet":
            yield str(path), json.dumps(duckdb.read_parquet(str(path)).fetchall(), ensure_ascii=False, default=str)
        yield str(path), path.read_bytes().decode("utf-8", "replace")


def left_of(services: Services, strings: tuple[str, ...]) -> list[tuple[str, str]]:
    """Where one of the strings stands still, as it is or as JSON writes it, in any case."""
    forms = {form.casefold() for one in strings for form in (one, _json(one, True), _json(one, False))}
    return [(where, one) for where, text in everything(services) for one in forms if one in text.casefold()]


def _json(text: str, ascii_only: bool) -> str:
    return json.dumps(text, ensure_ascii=ascii_only)[1:-1]


def account_usage(services: Services) -> list[Any]:
    with services.warehouse.connect() as connection:
        view = services.warehouse.view(connection)
        query = f"SELECT account, feature, day, sum(count) FROM {view} GROUP BY ALL ORDER BY ALL"  # noqa: S608
        return connection.execute(query).fetchall()


def suppressed(services: Services) -> Any:
    with services.store.read() as session:
        return load_suppressed(session)
