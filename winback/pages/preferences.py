"""Preferences: over which channels, about what, in which language, how often."""

from collections.abc import Iterable

from tools.tool import Tool
from winback.errors import InputError
from winback.pages.visit import Fields, Page, PageError, Reply, Visit, first, opened
from winback.pages.words import Words
from workers.prefer import LANGUAGES, OFTEN, Wishes, channels_on_offer, prefer, wishes_of
from workers.services import Services

ANY = "any"
LEVELS = ("beginner", "advanced")
TO_COLLEAGUES = frozenset({"notify_owner", "no_action"})
"""Tools that a customer never hears of."""


def show(visit: Visit) -> Reply:
    """What we know of their wishes."""
    return _page(visit)


def take(visit: Visit, fields: Fields) -> Reply:
    """Set all of them."""
    with opened(visit) as (session, one):
        before = wishes_of(session, visit.services, one.contact)
    try:
        prefer(visit.services, visit.link.key, _wishes(visit.services, fields, before))
    except InputError:
        raise PageError("wrong", 400) from None
    return _page(visit, saved=True)


def _wishes(services: Services, fields: Fields, before: Wishes) -> Wishes:
    """What was chosen; of topics that the page does not show, what was said before."""
    shown, chosen = set(topics(services)), set(fields.get("topic", ()))
    often = first(fields, "often")
    if not chosen <= shown or often not in {ANY, *(str(one) for one in OFTEN if one)}:
        raise InputError("a choice is none of those on the page")
    kept = (before.topics - shown) & services.registry.tool_names()
    level = first(fields, "level")
    return Wishes(
        language=first(fields, "language"),
        channels=frozenset(fields.get("channel", ())),
        topics=frozenset(shown - chosen) | kept,
        days_between=None if often == ANY else int(often),
        level=None if level == ANY else level,  # type: ignore[arg-type]  # checked by `prefer`
    )


def topics(services: Services) -> tuple[str, ...]:
    """Tools that a customer can hear of, in the registry's order."""
    tools: Iterable[Tool] = services.registry
    return tuple(one.name for one in tools if one.name not in TO_COLLEAGUES)


def _page(visit: Visit, *, saved: bool = False) -> Reply:
    with opened(visit) as (session, one):
        wishes = wishes_of(session, visit.services, one.contact)
        words = visit.words(one.account, one.contact)
    values = {
        "saved": saved,
        "wishes": wishes,
        "channels": [(one, words(f"preferences.channel.{one}")) for one in channels_on_offer(visit.services)],
        "topics": [(one, _topic(one, words)) for one in topics(visit.services)],
        "languages": [(one, words(f"preferences.languages.{one}")) for one in LANGUAGES],
        "often": [_often(one, words) for one in OFTEN],
        "levels": [(one, words(f"preferences.level_is.{one}")) for one in (ANY, *LEVELS)],
        "any": ANY,
    }
    return Reply("preferences.html", words, values)


def _topic(tool: str, words: Words) -> str:
    """A tool in words; one of a third party by its name."""
    name = f"preferences.topic.{tool}"
    return words(name) if words.has(name) else tool.replace("_", " ").capitalize()


def _often(days: int | None, words: Words) -> tuple[str, str]:
    if days is None:
        return ANY, words("preferences.often_is.any")
    return str(days), words("preferences.often_is.days", days=days)


PAGE = Page(show, take)
