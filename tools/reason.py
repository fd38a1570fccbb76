"""Why a message comes, in values that the templates put into words; and what tools ask of a situation."""

from typing import Any
from zoneinfo import ZoneInfo

from tools.tool import Situation
from winback.settings import Company
from winback.usage.drop import Driver, Drop, DropKind


def reason_values(situation: Situation) -> dict[str, Any]:
    """What every template needs: who writes to whom, what fell, since when.

    `before` and `after` are active days a week of the feature that fell, or of the product as a whole
    where `feature` is None.
    """
    drop, catalogue = situation.drop, situation.catalogue
    at_limit = drop.kind is DropKind.LIMIT_REACHED and drop.limit_feature is not None
    driver = fallen(drop)
    feature = drop.limit_feature if at_limit else driver.feature if driver else None
    return {
        "name": situation.person.name,
        "owner": situation.owner_name,
        "feature": catalogue.feature_words(feature) if feature else None,
        "at_limit": at_limit,
        "team": drop.seats_before > 1,
        "onset": drop.onset,
        "before": driver.before if driver else drop.expected_days,
        "after": driver.after if driver else float(drop.seen_days),
    }


def fallen(drop: Drop) -> Driver | None:
    """The feature whose use fell most, if any fell."""
    return next(iter(all_fallen(drop)), None)


def all_fallen(drop: Drop) -> list[Driver]:
    """Features whose use fell, the worst first."""
    fell = [one for one in drop.drivers if one.after < one.before]
    return sorted(fell, key=lambda one: (one.after - one.before, one.feature))


def zone_where(person: str | None, account: str | None, company: Company) -> ZoneInfo:
    """Where somebody lives: what is known of them, else of their account, else the company's own zone."""
    return zone_of(person or account or company.zone, company)


def zone_of(name: str, company: Company) -> ZoneInfo:
    """A contact's zone; the company's where theirs is missing or unknown."""
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        return ZoneInfo(company.zone)
