"""Tutorials: the one that fits the feature that fell, in their language, not one they had."""

from dataclasses import replace

import pytest

from tests.unit.tools.situations import situation
from tools.book_call import BookCallArguments
from tools.send_tutorial import SendTutorial, SendTutorialArguments
from tools.tool import Situation
from winback.errors import InputError
from winback.usage.drop import Driver

TOOL = SendTutorial()


def ids(here: Situation) -> list[str]:
    return [option.catalogue_id for option in TOOL.options(here)]


def test_worst_feature_and_beginner_first() -> None:
    """Options are ordered by the feature's part in the drop, then by level; a tour comes last."""
    assert ids(situation()) == ["reports-first", "reports-schedule", "exports-first", "exports-large", "tour"]
    assert TOOL.options(situation())[0].fit == 1.0


def test_features_that_did_not_fall_are_not_offered() -> None:
    """A tutorial for a feature whose use held or rose does not fit."""
    drivers = (Driver("reports", 2.0, 3.0), Driver("dashboards", 2.0, 2.0), Driver("sharing", 1.0, 0.0))
    assert ids(situation(drop={"drivers": drivers})) == ["sharing-first", "tour"]


def test_one_of_the_same_topic_comes_after_those_of_the_feature() -> None:
    """What is like that which fell fits better than a tour, and what is not is not offered."""
    here = situation(drop={"drivers": (Driver("reports", 3.0, 0.0),)})
    alike = tuple(
        one.model_copy(update={"topic": "reporting"}) if one.id == "dashboards-first" else one
        for one in here.catalogue.tutorials
    )
    catalogue = here.catalogue.model_copy(update={"tutorials": alike})
    assert ids(replace(here, catalogue=catalogue)) == [
        "reports-first",
        "reports-schedule",
        "dashboards-first",
        "tour",
    ]


def test_a_feature_unknown_to_the_catalogue_leaves_the_tour() -> None:
    """Usage of something the catalogue has nothing for is met with the tour alone."""
    assert ids(situation(drop={"drivers": (Driver("forum", 3.0, 0.0),)})) == ["tour"]


def test_nothing_twice() -> None:
    """What a contact already had is not offered again, and cannot be chosen again."""
    here = situation(had=frozenset({"reports-first"}))
    assert "reports-first" not in ids(here)
    with pytest.raises(InputError, match="was sent to them before"):
        TOOL.resolve(SendTutorialArguments(tutorial="reports-first", language="en"), here)


def test_own_language_or_marked_english() -> None:
    """A Hindi reader gets Hindi where there is some; English is marked and fits a little less."""
    first, second, *_ = TOOL.options(situation(person={"language": "hi"}))
    assert first.arguments == SendTutorialArguments(tutorial="reports-first", language="hi")
    assert second.arguments == SendTutorialArguments(tutorial="reports-schedule", language="en")
    assert second.label.endswith("en, not in their language)")
    assert second.fit < 0.8


@pytest.mark.parametrize(
    ("tutorial", "language", "says"),
    [
        ("unknown", "en", "no tutorial 'unknown'"),
        ("team", "en", "no tutorial 'team'"),
        ("reports-schedule", "hi", "not in 'hi'"),
    ],
)
def test_edit_stays_within_the_catalogue(tutorial: str, language: str, says: str) -> None:
    """An edit can name only tutorials of the catalogue, in a language they have."""
    with pytest.raises(InputError, match=says):
        TOOL.resolve(SendTutorialArguments(tutorial=tutorial, language=language), situation())


def test_resolving_an_option_gives_it_back() -> None:
    """Stored arguments name the option they came from."""
    for option in TOOL.options(situation()):
        stored = SendTutorialArguments.model_validate_json(option.arguments.model_dump_json())
        assert TOOL.resolve(stored, situation()) == option


def test_arguments_of_another_tool_are_refused() -> None:
    """A tool never guesses at arguments that are not its own."""
    with pytest.raises(TypeError, match="BookCallArguments given where SendTutorialArguments is needed"):
        TOOL.resolve(BookCallArguments.model_construct(), situation())
