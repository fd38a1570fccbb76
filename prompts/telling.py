"""Dates, moments and amounts as a customer reads them, in messages and on pages alike."""

from datetime import date, datetime
from zoneinfo import ZoneInfo

from babel.dates import format_date, format_datetime, get_timezone_location
from babel.numbers import format_currency


def told_day(value: date, language: str) -> str:
    """A day without its year: "12 May"."""
    return format_date(value, "d MMMM", locale=language)


def told_moment(value: datetime, zone: str, language: str) -> str:
    """A moment where somebody lives, with the place that names the zone."""
    told = format_datetime(value, "EEEE, d MMMM y, HH:mm", tzinfo=ZoneInfo(zone), locale=language)
    return f"{told} ({told_zone(zone, language)})"


def told_zone(zone: str, language: str) -> str:
    """The city that names a zone."""
    return "UTC" if zone == "UTC" else get_timezone_location(ZoneInfo(zone), locale=language, return_city=True)


def told_money(value: float, currency: str, language: str) -> str:
    """An amount; without decimals where there are none."""
    form = "¤#,##0" if value == int(value) else "¤#,##0.00"
    return format_currency(value, currency, form, locale=language, currency_digits=False)
