"""The sample company as the two files that `winback import` reads."""

import csv
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from winback.simulation.company import Company
from winback.simulation.plan import FEATURES

PEOPLE_COLUMNS = (
    "account", "account_name", "plan", "value_per_month", "owner_name", "owner_email", "zone", "region", "tags",
    "contact", "contact_name", "email", "language", "contact_zone", "channels",
    "consent", "consent_source", "consent_date", "role",
)  # fmt: skip


def write_usage(company: Company, path: Path) -> int:
    """Write daily usage as Parquet, oldest day first, and return how many rows there are.

    Columns account, contact, feature (strings), day (date), count (int32, above 0).
    """
    by_day = company.usage.transpose(1, 0, 2)
    day, contact, feature = np.nonzero(by_day)
    days = np.datetime64(company.first_day) + np.arange(by_day.shape[0])
    keys = [one.key for one in company.contacts]
    owners = [one.account for one in company.contacts]
    table = pa.table(
        {
            "account": pa.array(owners).take(pa.array(contact)),
            "contact": pa.array(keys).take(pa.array(contact)),
            "feature": pa.array(FEATURES).take(pa.array(feature)),
            "day": pa.array(days[day].astype("datetime64[D]"), type=pa.date32()),
            "count": pa.array(by_day[day, contact, feature], type=pa.int32()),
        }
    )
    path.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(table, path)
    return int(table.num_rows)


def write_people(company: Company, path: Path) -> int:
    """Write one line for each contact as CSV (UTF-8; `PEOPLE_COLUMNS`) and return how many there are.

    Several tags or channels stand in one cell, semicolons between; a consent date that is not known
    is empty.
    """
    accounts = {account.key: account for account in company.accounts}
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", encoding="utf-8", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(PEOPLE_COLUMNS)
        for contact in company.contacts:
            account = accounts[contact.account]
            rows.writerow(
                (
                    account.key, account.name, account.plan, account.value_per_month,
                    account.owner_name, account.owner_email, account.zone, account.region, ";".join(account.tags),
                    contact.key, contact.name, contact.email, contact.language, contact.zone,
                    ";".join(contact.channels), contact.consent, contact.consent_source,
                    contact.consent_date.isoformat() if contact.consent_date else "", contact.role,
                )
            )  # fmt: skip
    return len(company.contacts)
