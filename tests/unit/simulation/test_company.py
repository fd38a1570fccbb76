"""The sample company holds what it says is in it."""

import time
import unicodedata
from dataclasses import asdict
from datetime import date

import numpy as np
import pytest

from winback.errors import InputError
from winback.simulation.company import Company, make_company
from winback.simulation.fitted import OBSERVED
from winback.simulation.names import DOMAINS
from winback.simulation.plan import FEATURES, PLANS, ceilings, used_in_30_days
from winback.simulation.planted import by_account
from winback.simulation.statistics import Cube, measure
from winback.simulation.truth import Cause, PlantedDrop

END = date(2026, 6, 30)
SEEDS = (1, 2, 3)
NEAR = {
    "share_mean": 0.03,
    "share_sd": 0.03,
    "weekday": 0.08,
    "persistence": 0.03,
    "halved": 0.04,
    "halved_days": 8,
    "log_count_mean": 0.1,
    "log_count_between": 0.05,
    "log_count_within": 0.05,
}
"""How far the healthy accounts may be from the learners; holidays and plans are not the learners'."""


def offset(company: Company, day: date) -> int:
    return (day - company.first_day).days


def drops(company: Company, cause: Cause) -> list[PlantedDrop]:
    return [drop for drop in company.truth.drops if drop.cause is cause]


def owners(company: Company) -> np.ndarray:
    places = {account.key: place for place, account in enumerate(company.accounts)}
    return np.array([places[contact.account] for contact in company.contacts])


def of_account(company: Company, account: str) -> Cube:
    return company.usage[[contact.account == account for contact in company.contacts]]


def test_same_seed_same_company():
    """A seed makes one company, another seed another."""
    first, again, other = (make_company(seed, accounts=40, end=END) for seed in (5, 5, 6))
    assert (first.usage == again.usage).all()
    assert (first.accounts, first.contacts, first.truth) == (again.accounts, again.contacts, again.truth)
    assert other.accounts != first.accounts


def test_the_default_company_is_made_quickly():
    """The default company takes under 3 seconds, so that a demo can start with it."""
    start = time.perf_counter()
    made = make_company(1, end=END)
    assert time.perf_counter() - start < 3
    assert (len(made.accounts), made.usage.shape[1], made.last_day) == (300, 200, END)


@pytest.mark.parametrize(("accounts", "days"), [(19, 200), (300, 139)])
def test_too_small_a_company_is_refused(accounts: int, days: int):
    """A company without room for a baseline and drops is refused in one line."""
    with pytest.raises(InputError, match="too small; ask for at least 20 accounts and 140 days"):
        make_company(1, accounts=accounts, days=days, end=END)


@pytest.mark.parametrize("accounts", [20, 700])
def test_any_size_has_unique_keys_and_addresses(accounts: int):
    """No two accounts share a key, no two contacts a key or an address."""
    made = make_company(3, accounts=accounts, days=140, end=END)
    assert len({account.key for account in made.accounts}) == accounts
    assert len({contact.key for contact in made.contacts}) == len(made.contacts) == len(made.usage)
    assert len({contact.email for contact in made.contacts}) == len(made.contacts)


def test_addresses_reach_nobody(company: Company):
    """All addresses lie in domains reserved for examples."""
    emails = [contact.email for contact in company.contacts] + [one.owner_email for one in company.accounts]
    assert all(email.isascii() and email.split("@")[1] in DOMAINS for email in emails)


def test_names_are_in_the_script_of_the_language(company: Company):
    """Hindi speakers have Devanagari names and Indian zones, English speakers Latin names; there are both."""
    for contact in company.contacts:
        scripts = {unicodedata.name(letter).split()[0] for letter in contact.name if letter != " "}
        assert scripts == ({"DEVANAGARI"} if contact.language == "hi" else {"LATIN"})
        assert contact.language == "en" or contact.zone == "Asia/Kolkata"
    hindi = sum(contact.language == "hi" for contact in company.contacts)
    assert 0.08 < hindi / len(company.contacts) < 0.3


def test_consent_is_known_with_source_and_date(company: Company):
    """Whoever said yes or no said it somewhere on a day before the usage starts; some said nothing."""
    assert {contact.consent for contact in company.contacts} == {"granted", "refused", "unknown"}
    for contact in company.contacts:
        said = contact.consent != "unknown"
        assert (contact.consent_source != "") == said == (contact.consent_date is not None)
        assert contact.consent_date is None or contact.consent_date < company.first_day
    assert any(contact.consent_source == "unsubscribed by link" for contact in company.contacts)


@pytest.mark.parametrize("seed", SEEDS)
def test_only_planted_limits_are_reached(seed: int):
    """A plan's limit is reached, exactly and for the first time, where that was planted, and nowhere else."""
    made = make_company(seed, end=END)
    used = used_in_30_days(by_account(made.usage, owners(made)))
    plan = np.array([PLANS.index(account.plan) for account in made.accounts])
    full = used >= np.where(ceilings() > 0, ceilings(), 1)[plan][:, None]
    planted = {(drop.account, drop.feature): drop for drop in drops(made, Cause.LIMIT_REACHED)}
    assert planted
    reached = set()
    for account, feature in zip(*np.nonzero(full.any(1)), strict=True):
        place = (made.accounts[account].key, FEATURES[feature])
        reached.add(place)
        first = int(full[account, :, feature].argmax())
        assert first == offset(made, planted[place].day) - 1
        assert (
            used[account, :, feature].max() == used[account, first, feature] == ceilings()[plan[account], feature]
        )
    assert reached == set(planted)


@pytest.mark.parametrize("seed", SEEDS)
def test_every_cause_is_planted_where_it_matters(seed: int):
    """Every cause occurs; drops hit accounts that were regular users, each at most once, inside the window."""
    made = make_company(seed, end=END)
    assert {drop.cause for drop in made.truth.drops} == set(Cause)
    places = [one.account for one in (*made.truth.drops, *made.truth.dips)]
    assert len(set(places)) == len(places)
    for drop in made.truth.drops:
        day = offset(made, drop.day)
        assert 8 <= 200 - day <= 65 + 7
        assert of_account(made, drop.account)[:, day - 56 : day].any((0, 2)).sum() >= 14


def test_there_are_as_many_drops_as_learners_quit(company: Company):
    """The rate of planted drops is the learners' rate of quitting, and their share that fades is theirs."""
    weeks = (65 - 8) / 7 * len(company.accounts)
    assert len(company.truth.drops) / weeks == pytest.approx(OBSERVED.quit_per_week, rel=0.15)
    faded = len(drops(company, Cause.FADED)) / len(company.truth.drops)
    assert faded == pytest.approx(OBSERVED.fade_first, abs=0.05)


@pytest.mark.parametrize("seed", SEEDS)
def test_quiet_means_quiet_until_recovery(seed: int):
    """After quitting nobody of the account does anything, until the day it recovers on."""
    made = make_company(seed, end=END)
    for drop in drops(made, Cause.QUIT):
        back = offset(made, drop.recovers_on) if drop.recovers_on else None
        cube = of_account(made, drop.account)
        assert cube[:, offset(made, drop.day) : back].sum() == 0
        assert back is None or back > 195 or cube[:, back:].sum() > 0
    assert any(drop.recovers_on for drop in made.truth.drops)
    assert any(drop.recovers_on is None for drop in made.truth.drops)


@pytest.mark.parametrize("seed", SEEDS)
def test_the_champion_goes_and_the_others_stay(seed: int):
    """The contact with the most active days stops for good; somebody else of the account goes on."""
    made = make_company(seed, end=END)
    keys = [contact.key for contact in made.contacts]
    stayed = 0
    for drop in drops(made, Cause.CHAMPION_GONE):
        day, mine = offset(made, drop.day), keys.index(str(drop.contact))
        before = (made.usage[:, day - 56 : day].sum(2) > 0).sum(1)
        colleagues = [n for n, one in enumerate(made.contacts) if one.account == drop.account and n != mine]
        assert before[mine] >= before[colleagues].max()
        assert made.usage[mine, day:].sum() == 0
        stayed += bool(made.usage[colleagues, day:].sum())
    assert stayed >= len(drops(made, Cause.CHAMPION_GONE)) - 1


@pytest.mark.parametrize("seed", SEEDS)
def test_a_feature_nobody_understood_is_tried_then_left_first(seed: int):
    """The feature is new, in the account's plan, used for weeks, and at zero while the others go on."""
    made = make_company(seed, end=END)
    plans = {account.key: PLANS.index(account.plan) for account in made.accounts}
    for drop in drops(made, Cause.FEATURE_NOT_UNDERSTOOD):
        day, feature = offset(made, drop.day), FEATURES.index(str(drop.feature))
        cube = of_account(made, drop.account)
        uses = cube[:, :, feature].sum(0)
        assert ceilings()[plans[drop.account], feature] > 0
        assert uses[: day - 40].sum() == 0
        assert (uses[day - 40 : day] > 0).sum() >= 5
        back = offset(made, drop.recovers_on) if drop.recovers_on else None
        assert uses[day:back].sum() == 0
        assert cube[:, day - 28 : day].any(2).sum() > 0


def test_everybody_is_low_on_holidays_and_in_the_outage(company: Company):
    """Holidays and the outage fall on working days and hit the whole population, hence nobody in particular."""
    active = (company.usage.sum(2) > 0).sum(0)
    for day in (*company.truth.holidays, *company.truth.outage):
        assert day.weekday() < 5
        place = offset(company, day)
        usual = np.median([active[place - 7 * week] for week in (1, 2, 3)])
        assert active[place] < 0.4 * usual
    assert max(active[offset(company, day)] for day in company.truth.outage) < 25


def test_dips_come_back(company: Company):
    """A dip is one to two quiet weeks of an account that goes on afterwards."""
    assert 0 < len(company.truth.dips) <= 0.03 * len(company.accounts)
    for dip in company.truth.dips:
        first, last = offset(company, dip.first), offset(company, dip.last)
        assert 8 <= last - first + 1 <= 13
        assert of_account(company, dip.account)[:, first : last + 1].sum() == 0
        assert last < 199


def test_healthy_accounts_measure_like_the_learners():
    """Usage of the accounts in which nothing was planted has the learners' statistics."""
    made = make_company(21, accounts=600, end=END)
    planted = {one.account for one in (*made.truth.drops, *made.truth.dips)}
    healthy = np.array([contact.account not in planted for contact in made.contacts])
    seen, goal = asdict(measure(made.usage[healthy], made.first_day.weekday())), asdict(OBSERVED)
    for name, most in NEAR.items():
        assert seen[name] == pytest.approx(goal[name], abs=most), name
    assert seen["feature_share"][:4] == pytest.approx(goal["feature_share"][:4], abs=0.05)
