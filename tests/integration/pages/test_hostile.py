"""Whatever people and accounts are called, the pages show it harmlessly."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.conftest import sqlite_world
from tests.integration.pages.site import Site, site
from tests.integration.pages.test_golden import accessible
from winback.pages.app import PAGES
from winback.pages.press import Press
from winback.pages.visit import Reply, open_visit
from winback.settings import Company
from winback.store.models import Account, Case, Contact
from winback.usage.drop import DropKind
from workers.link import PATHS

HIDDEN = "\u202a\u202b\u202d\u202e\u2066\u2067\u2068\u2069\u200b\u2060\ufeff\u00ad\x00\x07\x1b\ue000"
NASTY = [
    "<script>alert(1)</script>",
    "\"'><img src=x onerror=alert(1)>",
    "</title></style></textarea>",
    "{{ 7 * 7 }}{% raw %}",
    "{days}{0.__class__}{",
    "&lt;b&gt;&#x202e;",
    "a\u202eb\u2066c\u200bd\x00e",
    "x" * 1_000_000,
]
NAMES = st.sampled_from(NASTY) | st.text(max_size=60)


@pytest.fixture
def quiet_site(tmp_path: Path) -> Iterator[Site]:
    with sqlite_world(tmp_path) as services, site(services, DropKind.ALL_QUIET) as found:
        yield found


def rename(one: Site, name: str) -> None:
    """Everything that comes from other people's files."""
    stored = name.replace("\x00", "")
    with one.store.write("test") as session:
        contact, account = session.get_one(Contact, 1), session.get_one(Account, 1)
        contact.name, contact.language, contact.zone = stored, stored[:30], stored[:60]
        account.name, account.owner_name, account.plan, account.zone = stored, stored, stored, stored[:60]
        case = session.get_one(Case, 1)
        case.drop = {**case.drop, "drivers": [{"feature": stored, "before": 3.5, "after": 0.0}]}


def page_of(one: Site, page: str, company: str) -> str:
    """As it is printed for a company of this name."""
    links = one.services.links
    assert links is not None
    settings = one.services.settings.model_copy(update={"company": Company.model_construct(name=company)})
    here = settings.company.model_copy(update={"zone": "UTC", "currency": "EUR", "sender": "us@example.com"})
    services = replace(one.services, settings=settings.model_copy(update={"company": here}))
    visit = open_visit(services, links, page, one.path(page).removeprefix(f"/{PATHS[page]}/"))
    reply: Reply = PAGES[page].show(visit)
    return bytes(Press(here).page(page, visit, reply).body).decode()


@given(name=NAMES)
@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
def test_hostile_names(quiet_site: Site, name: str) -> None:
    """No markup, no turned or hidden text, no flood; nothing of the contact; it stays one tidy page."""
    rename(quiet_site, name)
    for page in ("call", "why", "preferences", "survey", "stop"):
        text = page_of(quiet_site, page, name or "x")
        accessible(text, "en")
        assert len(text) < 40_000
        assert not set(HIDDEN) & set(text)
        assert "49" not in text.partition("</style>")[2] or "7 * 7" not in name


def test_a_contact_is_never_named(quiet_site: Site) -> None:
    """Their name and address stand on no page."""
    with quiet_site.store.write("test") as session:
        contact = session.get_one(Contact, 1)
        contact.name, contact.email = "Zyxwv Unique", "zyxwv@example.com"
    for page in PAGES:
        assert "yxwv" not in quiet_site.get(page).text
