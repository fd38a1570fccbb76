"""The catalogue: what ships loads, and every mistake has a place."""

from pathlib import Path

import pytest

from tools.catalogue import load_catalogue
from winback.errors import InputError

FEATURES = {"reports", "exports", "dashboards", "automations", "integrations", "sharing"}
SMALL = """\
features:
  reports: {en: reports}
tutorials:
  - id: one
    feature: reports
    level: beginner
    minutes: 3
    format: video
    languages: {en: {title: One, link: "https://example.com/one"}}
plans:
  - {id: small, name: {en: Small}, rank: 1, price_per_month: 10, includes: [reports], limits: {reports: 5}}
  - {id: large, name: {en: Large}, rank: 2, price_per_month: 20, includes: [reports]}
trials:
  - {id: trial-large, plan: large, days: [14], from_plans: [small]}
calls:
  - {id: talk, name: {en: talk}, minutes: 30, host: owner, zone: UTC, hours: {mon: ["09:00-10:00"]}}
"""


def load(tmp_path: Path, old: str = "", new: str = "") -> None:
    assert old in SMALL
    path = tmp_path / "catalogue.yaml"
    path.write_text(SMALL.replace(old, new, 1))
    load_catalogue(path)


def test_sample_catalogue_loads() -> None:
    """The catalogue that ships names the sample company's features and plans, on example.com alone."""
    catalogue = load_catalogue(None)
    assert set(catalogue.features) == FEATURES
    assert [plan.id for plan in catalogue.plans] == ["starter", "team", "business"]
    links = [text.link for one in catalogue.tutorials for text in one.languages.values()]
    assert all(link.startswith("https://learn.example.com/") for link in links)
    assert {one.feature for one in catalogue.tutorials} == FEATURES | {None}


def test_ids_are_those_of_all_entries(tmp_path: Path) -> None:
    """`ids` names everything that an agent or a policy may name."""
    load(tmp_path)
    ids = load_catalogue(tmp_path / "catalogue.yaml").ids()
    assert ids == {"one", "small", "large", "trial-large", "talk"}


def test_limits_of_a_plan(tmp_path: Path) -> None:
    """Limits are uses per 30 days; a plan without them, or unknown, has none."""
    load(tmp_path)
    catalogue = load_catalogue(tmp_path / "catalogue.yaml")
    assert catalogue.limits_of("small") == {"reports": 5}
    assert catalogue.limits_of("large") == {}
    assert catalogue.limits_of("unknown") == {}


def test_hash_is_of_the_content(tmp_path: Path) -> None:
    """A comment does not change the hash, a price does."""
    path = tmp_path / "catalogue.yaml"
    hashes = []
    for text in (SMALL, "# note\n" + SMALL, SMALL.replace("price_per_month: 10", "price_per_month: 11")):
        path.write_text(text)
        hashes.append(load_catalogue(path).content_hash)
    assert hashes[0] == hashes[1] != hashes[2]


@pytest.mark.parametrize(
    ("old", "new", "line", "at", "says"),
    [
        ("id: large", "id: small", 12, "id: small", "id 'small' is given twice"),
        ("id: talk", "id: one", 16, "id: one", "id 'one' is given twice"),
        (
            "feature: reports",
            "feature: report",
            5,
            "feature: report",
            "unknown feature 'report'; did you mean 'reports'?",
        ),
        ("includes: [reports], l", "includes: [report], l", 11, "report]", "unknown feature 'report'"),
        ("limits: {reports", "limits: {exports", 11, "exports: 5", "unknown feature of this plan 'exports'"),
        ("plan: large", "plan: lage", 14, "plan: lage", "unknown plan 'lage'; did you mean 'large'?"),
        ("from_plans: [small]", "from_plans: [huge]", 14, "huge]", "unknown plan 'huge'"),
        ("from_plans: [small]", "from_plans: [large]", 14, "large]", "'large' is no step up from 'large'"),
        ("rank: 2", "rank: 1", 12, "rank: 1", "rank 1 is given twice"),
        ("minutes: 3", "minuts: 3", 7, "minuts", "unknown key 'minuts' (and 1 more); did you mean 'minutes'?"),
        ("    level: beginner\n", "", 4, "id: one", "key 'level' is missing"),
        ("beginner", "begginer", 6, "level", "did you mean 'beginner'?"),
        ("minutes: 3\n", "minutes: 0\n", 7, "minutes: 0", "greater than or equal to 1"),
        ("https://example.com/one", "http://example.com/one", 9, "link", "should match pattern"),
        ("{en: {title", "{hi: {title", 9, "languages", "has no English"),
        ("zone: UTC", "zone: Mars/Base", 16, "zone", "is not a time zone"),
        ("09:00-10:00", "9-10", 16, '"9-10', 'are hours such as "09:00-12:30"'),
        ("09:00-10:00", "10:00-09:00", 16, '"10:00', "end before they begin"),
        ("days: [14]", "days: []", 14, "days", "at least 1 item"),
        ("host: owner", "host: someone", 16, "host", "host"),
    ],
)
def test_mistake_is_answered_with_its_place(
    old: str, new: str, *, line: int, at: str, says: str, tmp_path: Path
) -> None:
    """A mistake loads nothing and names file, line and column."""
    with pytest.raises(InputError) as caught:
        load(tmp_path, old, new)
    told = str(caught.value)
    column = 1 + (tmp_path / "catalogue.yaml").read_text().splitlines()[line - 1].index(at)
    assert f"catalogue.yaml:{line}:{column}: " in told
    assert says in told
    assert "\n" not in told
