"""What every command shares: where the settings come from, and how it prints."""

import json
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import click
from rich.console import Console

from winback import event_log
from winback.clock import Clock, SimulatedClock, SystemClock, aware
from winback.errors import InputError
from winback.settings import Settings
from winback.settings_file import load_settings

if TYPE_CHECKING:
    from workers.services import Services

DEFAULT_CONFIG = Path("config.yaml")

EARLIEST, LATEST = datetime(1990, 1, 1), datetime(2200, 1, 1)  # noqa: DTZ001  as typed, before it has a zone


class Moment(click.DateTime):
    """A date or a moment from which one can count some days back and forth: years 1 and 9999 have no room."""

    def __init__(self, *formats: str, earliest: datetime = EARLIEST) -> None:
        super().__init__(formats)
        self.earliest = earliest

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> datetime:
        found = super().convert(value, param, ctx)
        if not self.earliest <= found <= LATEST:
            self.fail(f"{value!r} is not between {self.earliest:%Y-%m-%d} and {LATEST:%Y-%m-%d}", param, ctx)
        return found


DATE = Moment("%Y-%m-%d")
NUMBER = click.IntRange(1, 2**31 - 1)
"""What a row can be numbered, on PostgreSQL as on SQLite."""

json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON for a program to read.")


class Session:
    """One run of the command line: the settings, read at most once, and the two streams."""

    def __init__(self, config: Path | None = None, at: datetime | None = None) -> None:
        self.config = config
        self.at = at
        self.out = Console(highlight=False)
        self.err = Console(stderr=True, highlight=False)
        self._settings: Settings | None = None

    @property
    def config_path(self) -> Path | None:
        """The named file, else $WINBACK_CONFIG, else ./config.yaml if there is one, else defaults."""
        named = self.config or (Path(found) if (found := os.environ.get("WINBACK_CONFIG")) else None)
        return named or (DEFAULT_CONFIG if DEFAULT_CONFIG.exists() else None)

    @property
    def clock(self) -> Clock:
        """The machine's clock, or one that stands at `--at`.

        Raises:
            InputError: a pretended time together with a channel or connector that leaves the machine.
        """
        if self.at is None:
            return SystemClock()
        settings = self.settings
        leaves = settings.channels.use != "files" or settings.entitlements.use != "ledger"
        if leaves or settings.feed.token is not None:
            raise InputError(
                "a pretended time would send real messages",
                where="--at",
                fix="use the files channel and the ledger, without a feed, to replay",
            )
        return SimulatedClock(self.at)

    def pretend(self, day: date) -> None:
        """Stand at six in the morning after `day`, in the company's zone, unless `--at` says otherwise."""
        if self.at is None:
            morning = datetime.combine(
                day + timedelta(days=1), time(6), tzinfo=ZoneInfo(self.settings.company.zone)
            )
            self.at = aware(morning)

    @property
    def settings(self) -> Settings:
        if self._settings is None:
            self._settings = load_settings(self.config_path, os.environ)
            event_log.configure(self._settings.log)
        return self._settings

    @contextmanager
    def services(self) -> Iterator["Services"]:
        """Everything a worker needs, by the settings and this session's clock; closed afterwards.

        Raises:
            InputError: the settings, the policy or the catalogue cannot be used.
            SetupError: the database or a folder is not ready.
        """
        from winback.bootstrap import services  # noqa: PLC0415  two seconds, and most commands do without

        with services(self.settings, self.clock) as found:
            yield found


pass_session = click.make_pass_decorator(Session)


def print_json(value: Any) -> None:
    """One JSON document on the standard output."""
    json.dump(value, sys.stdout, ensure_ascii=False, indent=2, default=str)
    sys.stdout.write("\n")
