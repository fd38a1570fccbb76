"""What the pages say, one file of phrases per language; dates and amounts as people there write them."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from winback.web.told import Told
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
class Words(Told):
    """What a page says to one person."""

    def __call__(self, name: str, **values: object) -> str:
        """A phrase with its values filled in; KeyError for a name that is none."""
        return phrases(self.language)[name].format_map(values)

    def has(self, name: str) -> bool:
        """Whether there is such a phrase."""
        return name in phrases(self.language)

    def of(self, by_language: Mapping[str, str]) -> str:
        """The catalogue's words, in English where it has no others."""
        return by_language.get(self.language, by_language[FALLBACK])


def words_for(language: str, zone: str, currency: str) -> Words:
    """Words in a language of ours: `language` is any tag (RFC 5646), and what we do not speak becomes English."""
    base = language.partition("-")[0].lower()
    return Words(base if base in languages() else FALLBACK, zone, currency)


@cache
def languages() -> frozenset[str]:
    """Those that there are phrases in."""
    return frozenset(one.stem for one in FOLDER.glob("*.yaml"))
