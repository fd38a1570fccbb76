"""Preferences: over which channels, about what, in which language, how often."""

from winback.errors import InputError
from winback.pages.visit import Fields, Page, PageError, Reply, Visit, first, opened
from winback.pages.words import Words
from workers.prefer import LANGUAGES, OFTEN, Wishes, channels_on_offer, prefer, wishes_of
from workers.services import Services

ANY = "any"
LEVELS = ("beginner", "advanced")


def show(visit: Visit) -> Reply:
    """What we know of their wishes."""
    return _page(visit)


def take(visit: Visit, fields: Fields) -> Reply:
    """Set all of them."""
    try:
        with opened(visit):
            wishes = _wishes(visit.services, fields)
        prefer(visit.services, visit.link.key, wishes)
    except InputError:
        raise PageError("wrong", 400) from None
    return _page(visit, saved=True)


def _wishes(services: Services, fields: Fields) -> Wishes:
    """What was chosen."""
    shown, chosen = set(topics(services)), set(fields.get("topic", ()))
    often = first(fields, "often")
    if not chosen <= shown or often not in {ANY, *(str(one) for one in OFTEN if one)}:
        raise InputError("a choice is none of those on the page")
    level = first(fields, "level")
    return Wishes(
        language=first(fields, "language"),
        channels=frozenset(fields.get("channel", ())),
        topics=frozenset(shown - chosen),
        days_between=None if often == ANY else int(often),
        level=None if level == ANY else level,  # type: ignore[arg-type]  # checked by `prefer`
    )


def topics(services: Services) -> tuple[str, ...]:
    """Tools that a customer can hear of, in the registry's order."""
    known = services.registry.topics()
    return tuple(one.name for one in services.registry if one.name in known)


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
