"""A person about whom everything is held, and an account that is a person."""

from dataclasses import replace

import pytest
from sqlmodel import select

from tests.integration.held_person import PEOPLE, Who, hold
from tools.channels.files import FilesChannel
from winback.decisions.log import seal
from winback.settings import Columns
from winback.store.models import (
    Account,
)
from winback.store.people import store_people
from winback.testing.world import AS_OF, NOON, open_case, sample_drop
from winback.usage.import_file import import_usage
from winback.usage.people import read_people
from workers.act import act_all
from workers.propose import propose_all
from workers.services import Services


@pytest.fixture
def who(tmp_path_factory: pytest.TempPathFactory) -> Who:
    return Who(tmp_path_factory.mktemp("files"))


@pytest.fixture
def held(services: Services, who: Who) -> Services:
    """Services in which everything that can be held about a person is held."""
    return hold(services, who)


@pytest.fixture
def alone(services: Services, who: Who) -> Services:
    """An account that is a person: its key is the address, its only contact goes by it too."""
    services = replace(services, channels={"email": FilesChannel(services.settings.outbox_folder)})
    people, usage = who.folder / "people.csv", who.folder / "usage.csv"
    row = (who.email, who.name, "Europe/Berlin", "starter", who.email, who.name, who.email, "granted", "")
    who._write("people.csv", PEOPLE, [row])
    usage.write_text(
        f"account,contact,feature,day,count\n{who.email},{who.email},reports,2026-05-01,3\n{who.email},,,no,1\n"
    )
    found = read_people(people, services.warehouse.bad_folder, at=NOON)
    with services.store.write("test") as session:
        store_people(session, found)
        account = session.exec(select(Account)).one()
        open_case(session, account, sample_drop(account.key, champion=who.email))
    import_usage(
        usage, services.warehouse, Columns(), "UTC", epoch=None, at=NOON, progress=lambda _done, _of: None
    )
    propose_all(services, AS_OF)
    act_all(services)
    seal(services.store, NOON)
    return services
