"""`--since`: how far back, as a stretch of time or as a date."""

import re
from datetime import datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import click

from winback.cli.context import DATE, Session
from winback.clock import aware

UNITS = {"h": "hours", "d": "days", "w": "weeks"}
STRETCH = re.compile(r"([1-9][0-9]{0,4})([hdw])")
LONGEST = timedelta(days=36_525)


class Since(click.ParamType[timedelta | datetime]):
    """30d, 12h, 4w, or the day it begins on."""

    name = "since"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> timedelta | datetime:
        if isinstance(value, timedelta | datetime):
            return value
        if found := STRETCH.fullmatch(value):
            stretch = timedelta(**{UNITS[found[2]]: int(found[1])})
            if stretch <= LONGEST:
                return stretch
        try:
            return DATE.convert(value, param, ctx)
        except click.BadParameter:
            self.fail(
                f"{value!r} is neither a stretch such as 30d, 12h or 4w nor a date such as 2026-05-12", param, ctx
            )


since_option = click.option(
    "--since", type=Since(), metavar="30d|12h|4w|DATE", help="Only decisions since then; without it, all."
)


def moment_of(session: Session, since: timedelta | datetime | None) -> datetime | None:
    """When it was: a date begins at midnight in the company's zone."""
    if since is None or isinstance(since, timedelta):
        return None if since is None else session.clock.now() - since
    return aware(datetime.combine(since.date(), time.min, tzinfo=ZoneInfo(session.settings.company.zone)))
