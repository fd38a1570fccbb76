"""Trials: the next plan up that gives more, for days that the catalogue names, at a known value."""

import json

import pytest

from tests.unit.tools.situations import KEY, situation
from tools.offer_trial_upgrade import OfferTrialUpgrade, OfferTrialUpgradeArguments
from winback.errors import InputError
from winback.usage.drop import DropKind

TOOL = OfferTrialUpgrade()
LIMIT = {"kind": DropKind.LIMIT_REACHED, "limit_feature": "exports"}


def test_limit_reached_offers_the_next_plan_first() -> None:
    """The nearest plan that lifts the limit comes first, with the catalogue's preferred length."""
    options = TOOL.options(situation(drop=LIMIT))
    named = [(option.catalogue_id, option.arguments.model_dump()["days"], option.value) for option in options]
    assert named == [
        ("trial-team", 14, 46.2),
        ("trial-team", 30, 99.0),
        ("trial-business", 14, 116.2),
        ("trial-business", 30, 249.0),
    ]
    assert [option.fit for option in options] == sorted((option.fit for option in options), reverse=True)
    assert options[0].fit == 1.0


def test_a_plan_that_does_not_lift_the_limit_is_not_offered() -> None:
    """When a limit was reached, only more of that feature helps: no plan has more than no limit."""
    drop = {**LIMIT, "limit_feature": "dashboards"}
    assert TOOL.options(situation(drop=drop)) == []
    with pytest.raises(InputError, match="gives plan 'starter' nothing more"):
        TOOL.resolve(OfferTrialUpgradeArguments(trial="trial-team", days=14), situation(drop=drop))


@pytest.mark.parametrize("plan", [None, "unknown", "Starter", "business"])
def test_no_offer_without_a_plan_to_step_up_from(plan: str | None) -> None:
    """An account on the highest plan, on none, or on one the catalogue does not know gets no trial."""
    assert TOOL.options(situation(plan=plan)) == []


def test_a_trial_is_offered_once() -> None:
    """A trial that was offered before is not offered again, whatever its length."""
    here = situation(drop=LIMIT, had=frozenset({"trial-team"}))
    assert {option.catalogue_id for option in TOOL.options(here)} == {"trial-business"}
    with pytest.raises(InputError, match="was offered to them before"):
        TOOL.resolve(OfferTrialUpgradeArguments(trial="trial-team", days=14), here)


def test_edit_takes_only_days_that_are_allowed() -> None:
    """A reviewer may change the days to another length of the catalogue, and the value follows."""
    edited = TOOL.resolve(OfferTrialUpgradeArguments(trial="trial-team", days=30), situation(drop=LIMIT))
    assert edited.value == 99.0
    with pytest.raises(InputError, match="not offered for 20 days; choose 14, 30"):
        TOOL.resolve(OfferTrialUpgradeArguments(trial="trial-team", days=20), situation(drop=LIMIT))
    with pytest.raises(InputError, match="no trial 'team'"):
        TOOL.resolve(OfferTrialUpgradeArguments(trial="team", days=14), situation(drop=LIMIT))


def test_offer_file_records_what_was_offered() -> None:
    """offer.json says plan, days, price, currency and until when, and bears the effect's key."""
    here = situation(drop=LIMIT)
    (attachment,) = TOOL.attachments(TOOL.options(here)[0], here, KEY)
    assert (attachment.name, attachment.media_type) == ("offer.json", "application/json")
    assert json.loads(attachment.content) == {
        "key": KEY,
        "trial": "trial-team",
        "plan": "team",
        "from_plan": "starter",
        "days": 14,
        "price": 0,
        "regular_price_per_month": 99.0,
        "value": 46.2,
        "currency": "EUR",
        "offered_at": "2026-10-16T06:00:00+00:00",
        "valid_until": "2026-10-30T06:00:00+00:00",
    }
