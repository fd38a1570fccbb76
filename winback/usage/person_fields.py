"""One value of the people file, read and judged. Every value here was written by a stranger.

Control characters and marks that turn the direction of text are taken out of names, plans and tags
(the joiners that Indian scripts need stay); keys that hold any are refused, as in usage files.
"""

import math
import re
from datetime import date
from functools import cache
from zoneinfo import available_timezones

from babel import Locale

from winback.spelling import did_you_mean
from winback.usage.problems import LONGEST_KEY

LONGEST_NAME = 200
LONGEST_PLAN = 100
LONGEST_EMAIL = 254
MOST_TAGS = 50
LARGEST_VALUE = 1_000_000_000
CONSENTS = ("granted", "refused", "unknown")
YES, NO = ("yes", "true", "1", "y"), ("", "no", "false", "0", "n")

HIDDEN = re.compile(r"[\x00-\x1f\x7f-\x9f\u200b\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff]")
LOCAL_PART = r"[^\s@<>()\[\]\\,;:\"]{1,64}"
DOMAIN = r"\w(?:[\w-]{0,61}\w)?(?:\.\w(?:[\w-]{0,61}\w)?)*"
EMAIL = re.compile(f"{LOCAL_PART}@{DOMAIN}")
LANGUAGE = re.compile(r"[A-Za-z]{2,3}(?:-[A-Za-z0-9]{1,8})*")
REGION = re.compile(r"([A-Z]{2})(-[A-Z0-9]{1,3})?")
NO_COUNTRIES = frozenset(["AC", "CP", "CQ", "DG", "EA", "EU", "EZ", "IC", "QO", "TA", "UN", "XA", "XB", "ZZ"])
"""Codes that Unicode's list of territories has beside those of ISO 3166-1."""
CHANNEL = re.compile(r"[a-z][a-z0-9_]{0,39}")


class BadValueError(Exception):
    """A value that is refused; the message is the reason, for a person."""


def key(value: str) -> str | None:
    """The key of an account or contact, as the usage files write it."""
    trimmed = value.strip(" \t")
    if HIDDEN.search(trimmed) or "\ufffd" in trimmed:
        raise BadValueError("holds control characters or broken text")
    if len(trimmed) > LONGEST_KEY:
        raise BadValueError(f"is longer than {LONGEST_KEY} characters")
    return trimmed or None


def name(value: str, longest: int = LONGEST_NAME) -> str | None:
    """Text to show, on one line, with nothing hidden in it."""
    shown = " ".join(HIDDEN.sub(" ", value).split())
    if "\ufffd" in shown:
        raise BadValueError("holds broken text; save the file as UTF-8")
    if len(shown) > longest:
        raise BadValueError(f"is longer than {longest} characters")
    return shown or None


def plan(value: str) -> str | None:
    """The name of a price plan."""
    return name(value, LONGEST_PLAN)


def amount(value: str) -> float | None:
    """An amount of money, 0 or more, with a point before the cents."""
    text = value.strip()
    if not text:
        return None
    try:
        number = float(text)
    except ValueError:
        raise BadValueError("is not an amount; write it like 1200.50") from None
    if not math.isfinite(number) or "_" in text:
        raise BadValueError("is not an amount; write it like 1200.50")
    if not 0 <= number <= LARGEST_VALUE:
        raise BadValueError(f"is not between 0 and {LARGEST_VALUE:,}")
    return number


def email(value: str) -> str | None:
    """One address and nothing else: no name, no line break, no second address."""
    text = value.strip(" \t")
    if not text:
        return None
    if not text.isprintable() or "\ufffd" in text or not EMAIL.fullmatch(text):
        raise BadValueError("is not one e-mail address")
    if len(text) > LONGEST_EMAIL:
        raise BadValueError(f"is longer than {LONGEST_EMAIL} characters")
    return text


def zone(value: str) -> str | None:
    """A name of the IANA time zone database."""
    text = value.strip()
    if text and text not in _zones():
        hint = did_you_mean(text[:64], _zones())
        raise BadValueError(f"is not an IANA time zone{', ' + hint if hint else ' such as Asia/Kolkata'}")
    return text or None


def region(value: str) -> str | None:
    """A country of ISO 3166-1, or a part of one as ISO 3166-2 writes it; the part is not looked up."""
    text = value.strip().upper()
    if not text:
        return None
    found = REGION.fullmatch(text)
    if not found or found[1] not in _countries():
        raise BadValueError(f"is not a region such as IN or DE-BY{'; write GB' if text[:2] == 'UK' else ''}")
    return text


def language(value: str) -> str:
    """A BCP 47 tag in its usual spelling; `en` where nothing is said."""
    text = value.strip().replace("_", "-")
    if not text:
        return "en"
    if not LANGUAGE.fullmatch(text) or len(text) > 35:
        raise BadValueError("is not a language tag such as en or hi")
    first, *rest = text.split("-")
    return "-".join([first.lower(), *map(_subtag, rest)])


def tags(value: str) -> tuple[str, ...]:
    """Tags between semicolons, each once, in the order given."""
    parts = tuple(dict.fromkeys(part for raw in value.split(";") if (part := name(raw, 40))))
    if len(parts) > MOST_TAGS:
        raise BadValueError(f"are more than {MOST_TAGS} tags")
    return parts


def channels(value: str) -> tuple[str, ...]:
    """Channels between semicolons; `email` where nothing is said."""
    parts = tuple(dict.fromkeys(part for raw in value.split(";") if (part := raw.strip().lower())))
    if len(parts) > MOST_TAGS or any(not CHANNEL.fullmatch(part) for part in parts):
        raise BadValueError("is not a list of channels such as email;sms")
    return parts or ("email",)


def consent(value: str) -> str:
    """granted, refused or unknown; unknown where nothing is said."""
    text = value.strip().lower() or "unknown"
    if text not in CONSENTS:
        raise BadValueError(f"is not one of {', '.join(CONSENTS)}")
    return text


def day(value: str, latest: date) -> date | None:
    """A date that is not in the future."""
    text = value.strip()[:10]
    if not text:
        return None
    try:
        found = date.fromisoformat(text)
    except ValueError:
        raise BadValueError("is not a date (YYYY-MM-DD) that exists") from None
    if found > latest:
        raise BadValueError("is in the future")
    return found


def yes(value: str) -> bool:
    """yes or no, in the usual spellings; no where nothing is said."""
    text = value.strip().lower()
    if text not in YES and text not in NO:
        raise BadValueError("is neither yes nor no")
    return text in YES


def _subtag(part: str) -> str:
    return {2: part.upper(), 4: part.title()}.get(len(part), part.lower())


@cache
def _zones() -> frozenset[str]:
    return frozenset(available_timezones())


@cache
def _countries() -> frozenset[str]:
    return frozenset(str(code) for code in Locale("en").territories if str(code).isalpha()) - NO_COUNTRIES
