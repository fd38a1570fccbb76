"""Customer messages: a template, the values of one proposal and a writer's slots, made into plain text.

A template is `messages/NAME.LANGUAGE.txt`: first `Slot: NAME LIMIT` lines and one `Subject:` line, an
empty line, then the body. A template name with a colon, `package:name`, lies in that package's own
`messages` folder and may include ours.
"""

import hashlib
import importlib.util
import re
import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import FileSystemLoader, StrictUndefined, Template, TemplateError, meta, pass_context
from jinja2.runtime import Context
from jinja2.sandbox import ImmutableSandboxedEnvironment

from prompts.telling import told_day, told_moment, told_money
from winback.errors import InputError, SetupError, WinbackError
from winback.settings import Company

FALLBACK = "en"
MESSAGES = Path(__file__).with_name("messages")
VALUE_LIMIT = 500
NAME_LIMIT = 60
SUBJECT_LIMIT = 150

# Joiners are letters' own business in Hindi; every other format character can turn or hide text.
_JOINERS = "\u200c\u200d"
_LINK = re.compile(r"(?i)\b[a-z][a-z0-9+.-]*://|\bwww\.|\bmailto:|[^\s@]+@[^\s@]+\.|\b[a-z0-9-]+\.[a-z]{2,}\b")
_SLOT = re.compile(r"Slot: ([a-z_]+) (\d+)")

LINKS = ("offer", "call", "preferences", "stop", "why", "survey")
"""The customer's pages that a message may name."""
# Private characters, which `clean` takes out of every value: nobody else can write a place for a link.
_OPEN, _SHUT = "\ue000", "\ue001"
_PLACE = re.compile(f"{_OPEN}({'|'.join(LINKS)}){_SHUT}")


@dataclass(frozen=True, slots=True)
class Slot:
    """A named place in a template that a writer may fill, and how long it may be."""

    name: str
    limit: int


@dataclass(frozen=True, slots=True)
class Message:
    """What would be said, rendered: plain text, in one language."""

    language: str
    subject: str
    body: str
    template: str
    template_version: str
    slots: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class _Template:
    slots: tuple[Slot, ...]
    subject: Template
    body: Template
    version: str


def render_message(
    template: str,
    language: str,
    values: Mapping[str, Any],
    slots: Mapping[str, str],
    company: Company,
    *,
    pages: bool = False,
    medium: str = "email",
) -> Message:
    """Render in `language`, or in English where the template has no such language.

    With `pages` it names the customer's pages. Their links are put in when it leaves (`with_links`): a
    link is a key, and what a reviewer reads must not hold one. Every string among `values` is cleaned.
    What does not go by mail cannot be replied to, and does not say that it can.
    An empty or absent slot gets the template's own words.

    Raises:
        InputError: a slot is unknown, too long or holds a link.
        WinbackError: the template and its values do not fit each other.
    """
    chosen = message_language(template, language)
    source = _load(template, chosen)
    filled = {name: clean(text, VALUE_LIMIT) for name, text in slots.items() if text.strip()}
    for problem in slot_problems(template, chosen, slots):
        raise InputError(f"the message's {problem}", fix="shorten or reword it, without links")
    context = {
        **{name: _cleaned(value) for name, value in values.items()},
        "slots": {slot.name: filled.get(slot.name, "") for slot in source.slots},
        "language": chosen,
        "links": {name: f"{_OPEN}{name}{_SHUT}" if pages else None for name in LINKS},
        "currency": company.currency,
        "company": clean(company.name, VALUE_LIMIT),
        "by_mail": medium == "email",
        "stop": clean(company.stop_hi if chosen == "hi" else company.stop, VALUE_LIMIT),
    }
    try:
        subject, body = source.subject.render(context), source.body.render(context)
    except (TemplateError, TypeError, ValueError) as error:
        raise WinbackError(
            f"cannot be rendered: {error}", where=f"message template {template}.{chosen}", fix="mend the template"
        ) from None
    return Message(
        language=chosen,
        subject=clean(subject, SUBJECT_LIMIT),
        body=_paragraphs(body),
        template=template,
        template_version=source.version,
        slots=filled,
    )


def with_links(message: Message, url_of: Callable[[str], str]) -> Message:
    """The message as it leaves: each place of a link holds the link."""
    return replace(message, body=_PLACE.sub(lambda found: url_of(found[1]), message.body))


def shown(text: str) -> str:
    """A message's text for people of ours: each place of a link says what it will hold."""
    return _PLACE.sub(lambda found: f"[link: {found[1]}]", text)


def message_language(template: str, wanted: str) -> str:
    """The language a message will be in: the wanted one if the template has it, else English."""
    found = re.fullmatch(r"[a-z]{2,3}", wanted) and _path(template, wanted).is_file()
    return wanted if found else FALLBACK


def slots_of(template: str, language: str) -> tuple[Slot, ...]:
    """What a writer may fill in this template."""
    return _load(template, message_language(template, language)).slots


def slot_problems(template: str, language: str, slots: Mapping[str, str]) -> tuple[str, ...]:
    """What is wrong with a writer's slots, a few words each; empty when they can be used."""
    limits = {slot.name: slot.limit for slot in slots_of(template, language)}
    problems = []
    for name, text in slots.items():
        if name not in limits:
            problems.append(f"slot {name!r} is unknown")
        elif len(text.strip()) > limits[name]:
            problems.append(f"slot {name!r} is longer than {limits[name]} characters")
        elif has_link(text):
            problems.append(f"slot {name!r} holds a link or an address")
    return tuple(problems)


def clean(text: str, limit: int) -> str:
    """One line of visible text: no control, no turned or hidden writing, at most `limit` characters."""
    # Most text is plain, and looking at each character takes long.
    plain = text.isascii() and text.isprintable()
    visible = text if plain else "".join(_visible(one) for one in unicodedata.normalize("NFC", text))
    line = " ".join(visible.split())
    return line if len(line) <= limit else line[: limit - 1].rstrip() + "…"


def has_link(text: str) -> bool:
    """Whether a mail program might make a link of something in this text."""
    return _LINK.search(unicodedata.normalize("NFKC", text)) is not None


def person_name(text: str) -> str:
    """A name fit for a greeting; empty when it is none, or when it would show as a link."""
    name = clean(text, NAME_LIMIT)
    return "" if has_link(name) or not any(one.isalpha() for one in name) else name


def _visible(one: str) -> str:
    category = unicodedata.category(one)
    if category in ("Cc", "Zl", "Zp", "Zs"):
        return " "
    return "" if category[0] == "C" and one not in _JOINERS else one


def _cleaned(value: Any) -> Any:
    if isinstance(value, str):
        return clean(value, VALUE_LIMIT)
    if isinstance(value, Mapping):
        return {key: _cleaned(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [_cleaned(one) for one in value]
    if value is None or isinstance(value, bool | int | float | date):
        return value
    raise TypeError(f"a message cannot say a {type(value).__name__}")


def _paragraphs(body: str) -> str:
    lines = [line.rstrip() for line in body.strip().splitlines()]
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)) + "\n"


def _folder(template: str) -> Path:
    package, colon, _ = template.rpartition(":")
    if not colon:
        return MESSAGES
    try:
        spec = importlib.util.find_spec(package)
    except (ImportError, ValueError):
        spec = None
    if spec is None or spec.origin is None:
        raise SetupError(f"no package {package!r} for message template {template!r}", fix="install it")
    return Path(spec.origin).with_name("messages")


def _path(template: str, language: str) -> Path:
    return _folder(template) / f"{template.rpartition(':')[2]}.{language}.txt"


def _load(template: str, language: str) -> _Template:
    return _read(_path(template, language), MESSAGES)


@cache
def _read(path: Path, ours: Path) -> _Template:
    """Templates are part of the program: read and compiled once."""
    environment = _environment([path.parent, ours])
    try:
        text = path.read_text(encoding="utf-8")
        parts = sorted(name for name in meta.find_referenced_templates(environment.parse(text)) if name)
        included = [environment.get_template(name).filename for name in parts]
        texts = [text, *(Path(str(name)).read_text(encoding="utf-8") for name in included)]
        return _split(path, text, environment, hashlib.sha256("\0".join(texts).encode()).hexdigest()[:12])
    except (OSError, UnicodeDecodeError, TemplateError) as error:
        raise SetupError(f"message template cannot be used: {error}", where=str(path), fix="mend it") from None


def _split(path: Path, text: str, environment: ImmutableSandboxedEnvironment, version: str) -> _Template:
    front, _, body = text.partition("\n\n")
    heads = [line for line in front.splitlines() if line.startswith("Subject: ")]
    slots = [found for line in front.splitlines() if (found := _SLOT.fullmatch(line))]
    if len(heads) != 1 or len(heads) + len(slots) != len(front.splitlines()):
        raise SetupError("needs `Slot: NAME LIMIT` lines and one `Subject:` line first", where=str(path))
    return _Template(
        slots=tuple(Slot(found[1], int(found[2])) for found in slots),
        subject=environment.from_string(heads[0].removeprefix("Subject: ")),
        body=environment.from_string(body),
        version=version,
    )


def _environment(folders: list[Path]) -> ImmutableSandboxedEnvironment:
    environment = ImmutableSandboxedEnvironment(
        loader=FileSystemLoader(folders),
        undefined=StrictUndefined,
        autoescape=False,  # plain text has nothing to escape; values are cleaned
        trim_blocks=True,
        lstrip_blocks=True,
    )
    filters = {"words": _words, "person": person_name, "day": _day, "moment": _moment, "money": _money}
    environment.filters.update(filters)
    return environment


@pass_context
def _words(context: Context, value: Mapping[str, str]) -> str:
    return value.get(context["language"], value[FALLBACK])


@pass_context
def _day(context: Context, value: date) -> str:
    return told_day(value, context["language"])


@pass_context
def _moment(context: Context, value: datetime, zone: str) -> str:
    return told_moment(value, zone, context["language"])


@pass_context
def _money(context: Context, value: float) -> str:
    return told_money(value, context["currency"], context["language"])
