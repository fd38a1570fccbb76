"""Moments, numbers and amounts as one person reads them: their language, their zone."""

from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from babel.dates import format_date, format_datetime
from babel.numbers import format_decimal

from prompts.telling import told_moment, told_money, told_zone


@dataclass(frozen=True)
class Told:
    """One person's language and zone, and the company's currency."""

    language: str
    zone: str
    currency: str

    def day(self, moment: datetime) -> str:
        """The day that a moment falls on where they live."""
        return format_date(moment.astimezone(ZoneInfo(self.zone)).date(), "d MMMM y", locale=self.language)

    def weekday(self, moment: datetime) -> str:
        """The same with the day of the week."""
        return format_date(moment.astimezone(ZoneInfo(self.zone)).date(), "EEEE, d MMMM", locale=self.language)

    def time(self, moment: datetime) -> str:
        """The time of day where they live."""
        return format_datetime(moment, "HH:mm", tzinfo=ZoneInfo(self.zone), locale=self.language)

    def short(self, moment: datetime) -> str:
        """Day and time in a table."""
        return format_datetime(moment, "d MMM y, HH:mm", tzinfo=ZoneInfo(self.zone), locale=self.language)

    def moment(self, moment: datetime) -> str:
        """Day, time, and whose time that is."""
        return told_moment(moment, self.zone, self.language)

    def zone_name(self) -> str:
        """The city that names their zone."""
        return told_zone(self.zone, self.language)

    def money(self, amount: float) -> str:
        """An amount in the company's currency."""
        return told_money(amount, self.currency, self.language)

    def number(self, value: float) -> str:
        """A number with at most one decimal."""
        return format_decimal(value, "#,##0.#", locale=self.language)
