"""Unsubscribe: a button for people, and RFC 8058's one click for mail programs."""

from winback.errors import InputError
from winback.pages.visit import Fields, Page, PageError, Reply, Visit
from winback.store.models import Account
from workers.answer import receiver
from workers.prefer import stop

BUTTON = "button"
"""The name of the page's own button: whoever posts without it is a mail program."""


def show(visit: Visit) -> Reply:
    """The button; or what was stopped, where that was done before."""
    return _page(visit)


def take(visit: Visit, fields: Fields) -> Reply:
    """Any POST stops, whatever is in it: only its answer looks different."""
    try:
        stop(visit.services, visit.link.key)
    except InputError:
        raise PageError("gone", 410) from None
    page = _page(visit)
    return page if BUTTON in fields else Reply("one_click.txt", page.words)


def _page(visit: Visit) -> Reply:
    with visit.services.store.read() as session:
        try:
            contact = receiver(session, visit.link.key)
        except InputError:
            raise PageError("gone", 410) from None
        words = visit.words(session.get_one(Account, contact.account_id), contact)
        stopped = contact.unsubscribed_at is not None or contact.erased_at is not None
    return Reply("stop.html", words, {"stopped": stopped, "button": BUTTON})


PAGE = Page(show, take)
