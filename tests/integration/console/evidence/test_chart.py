"""What a chart shows is what the detector judged by, and it shows it harmlessly to everybody."""

import os
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from tests.conftest import sqlite_world
from tests.integration.console.evidence.sample import END, NASTY, company, harmless, take_in
from winback.console.evidence.chart import Tongue, chart_table, sparkline, usage_chart
from winback.console.evidence.usage import Usage, usage_at, weeks_of
from winback.testing.world import sample_drop
from winback.usage.drop import Driver, Drop
from workers.scan import look
from workers.services import Services

GOLDEN = Path(__file__).parents[3] / "golden" / "charts"
HINDI = {
    "today": "आज",
    "fell {day}": "{day} को गिरा",
    "Usage since {day}": "{day} से उपयोग",
    "Features that fell, in active days a week, before and since": "कम हुई सुविधाएँ: सप्ताह में सक्रिय दिन, पहले और अब",
}


@pytest.fixture(scope="module")
def sampled(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Services]:
    folder = tmp_path_factory.mktemp("sample")
    with sqlite_world(folder) as services:
        take_in(services, folder)
        yield services


@pytest.fixture(scope="module")
def drops(sampled: Services) -> tuple[Drop, ...]:
    found = look(sampled, END).drops
    assert len(found) >= 2
    return found


def usage(services: Services, drop: Drop, later: int = 1) -> Usage:
    return usage_at(services.warehouse, drop, services.settings.detection, END + timedelta(days=later))


def test_a_chart_shows_the_very_numbers_of_the_detector(sampled: Services, drops: tuple[Drop, ...]) -> None:
    """Days seen and expected, onset, and each of the twelve weeks that it told."""
    for drop in drops:
        found = usage(sampled, drop)
        by_day = {one.day: one for one in found.days}
        assert by_day[drop.as_of].active == drop.seen_days
        assert (found.expected, found.onset, found.as_of) == (drop.expected_days, drop.onset, drop.as_of)
        weeks = [by_day[drop.as_of - timedelta(days=7 * n)].active for n in range(11, -1, -1)]
        assert tuple(weeks) == drop.weeks
        assert 0 <= found.low <= found.high <= found.window
        assert found.low <= found.expected <= found.high + 1


def test_what_came_after_the_drop_does_not_move_its_numbers(sampled: Services, drops: tuple[Drop, ...]) -> None:
    """A chart that is opened weeks later has more days, and the same baseline and band."""
    early = replace(drops[0], as_of=END - timedelta(days=14), onset=END - timedelta(days=20))
    now, later = usage(sampled, early, -14), usage(sampled, early, 40)
    assert len(later.days) == len(now.days) + 14
    assert (now.baseline, now.low, now.high) == (later.baseline, later.low, later.high)


def test_sparklines_of_a_list_come_in_one_read(sampled: Services, drops: tuple[Drop, ...]) -> None:
    """They are the detector's twelve weeks; an account that is not known has twelve empty ones."""
    keys = [one.key for one in company().accounts[:50]] + [one.account for one in drops]
    found = weeks_of(sampled.warehouse, [*keys, "nobody"], END)
    assert {one.account: found[one.account] for one in drops} == {one.account: one.weeks for one in drops}
    assert found["nobody"] == (0,) * 12
    assert weeks_of(sampled.warehouse, [], END) == {}
    assert "oldest first: 0, 0" in sparkline(found["nobody"])


@pytest.mark.parametrize(("place", "language"), [(0, "en"), (1, "hi")])
def test_two_charts_look_as_they_were_read(
    sampled: Services, drops: tuple[Drop, ...], place: int, language: str
) -> None:
    """After a change that is meant, WINBACK_GOLDEN=write accepts it."""
    say = (lambda key: HINDI.get(key, key)) if language == "hi" else str
    drawn = usage_chart(usage(sampled, drops[place]), Tongue(language, say)) + "\n"
    path = GOLDEN / f"usage.{language}.svg"
    if os.environ.get("WINBACK_GOLDEN") == "write":
        path.parent.mkdir(exist_ok=True)
        path.write_text(drawn, encoding="utf-8")
    assert drawn == path.read_text(encoding="utf-8")


def test_a_chart_is_told_to_who_does_not_see_it(sampled: Services, drops: tuple[Drop, ...]) -> None:
    """Title, description, and a table with a row a week; no script and no style that a strict page refuses."""
    found = usage(sampled, drops[0])
    drawn = usage_chart(found)
    root = ET.fromstring(drawn)  # noqa: S314  ours
    names = [one.tag.rpartition("}")[2] for one in root]
    assert names[:2] == ["title", "desc"]
    assert root.attrib["role"] == "img"
    assert not any("style" in one.attrib or one.tag.endswith("script") for one in root.iter())
    assert {one.attrib.get("class") for one in root.iter()} >= {"band", "baseline", "expected", "onset", "today"}
    table = ET.fromstring(chart_table(found))  # noqa: S314
    assert len(table.findall(".//tbody/tr")) == -(-len(found.days) // 7)
    assert f"{found.baseline:.1f}".rstrip("0").rstrip(".") in root[1].text  # type: ignore[operator]


@pytest.mark.parametrize("name", NASTY)
def test_a_features_name_is_text(sampled: Services, name: str) -> None:
    """Whatever the product's features are called."""
    drop = sample_drop("acme", drivers=(Driver(name, 4.0, 0.0),))
    drawn = usage_chart(usage(sampled, drop))
    harmless(drawn)
    assert len(drawn) < 20_000
    ET.fromstring(drawn)  # noqa: S314
