"""What the pages say, one file of phrases per language; dates and amounts as people there write them."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from babel.dates import format_date, format_datetime
from babel.numbers import format_decimal

from prompts.telling import told_moment, told_money, told_zone
from winback.yamlfile import read_yaml

FOLDER = Path(__file__).with_name("words")
FALLBACK = "en"


@cache
def phrases(language: str) -> Mapping[str, str]:
    """All phrases of a language by their names, such as "offer.title"."""
    return dict(_named(read_yaml(FOLDER / f"{language}.yaml").data, ""))


def _named(tree: Mapping[str, Any], before: str) -> Iterator[tuple[str, str]]:
    for name, value in tree.items():
        if isinstance(value, Mapping):
            yield from _named(value, f"{before}{name}.")
        else:
            yield before + name, str(value)


@dataclass(frozen=True)
class Words:
    """One person's language and zone."""

    language: str
    zone: str
    currency: str

    def __call__(self, name: str, **values: object) -> str:
        """A phrase with its values filled in; KeyError for a name that is none."""
        return phrases(self.language)[name].format_map(values)

    def has(self, name: str) -> bool:
        """Whether there is such a phrase."""
        return name in phrases(self.language)

    def of(self, by_language: Mapping[str, str]) -> str:
        """The catalogue's words, in English where it has no others."""
        return by_language.get(self.language, by_language[FALLBACK])

    def day(self, moment: datetime) -> str:
        """The day that a moment falls on where they live."""
        return format_date(moment.astimezone(ZoneInfo(self.zone)).date(), "d MMMM y", locale=self.language)

    def weekday(self, moment: datetime) -> str:
        """The same with the day of the week."""
        return format_date(moment.astimezone(ZoneInfo(self.zone)).date(), "EEEE, d MMMM", locale=self.language)

    def time(self, moment: datetime) -> str:
        """The time of day where they live."""
        return format_datetime(moment, "HH:mm", tzinfo=ZoneInfo(self.zone), locale=self.language)

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


def words_for(language: str, zone: str, currency: str) -> Words:
    """Words in a language of ours: `language` is any tag (RFC 5646), and what we do not speak becomes English."""
    base = language.partition("-")[0].lower()
    return Words(base if base in languages() else FALLBACK, zone, currency)


@cache
def languages() -> frozenset[str]:
    """Those that there are phrases in."""
    return frozenset(one.stem for one in FOLDER.glob("*.yaml"))
