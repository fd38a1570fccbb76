"""The writer with a scripted model."""

import structlog

from agents.writer import Writer, Writing
from prompts.message import Slot
from winback.testing.scripted_model import first_option, scripted

SLOTS = (Slot("subject", 60), Slot("note", 40))


def fill(model, brief, slots=SLOTS, language="en"):
    told: list[Writing] = []
    return Writer(model, told.append).fill(brief, slots, language), told[0]


def test_good_words_are_taken(brief, clock) -> None:
    """Words without a problem fill their slots, trimmed."""
    filled, told = fill(scripted([{"subject": " A hand with reports ", "note": "We can help."}], clock), brief)
    assert filled == {"subject": "A hand with reports", "note": "We can help."}
    assert (told.left_out, told.failure, told.model) == ({}, None, "scripted")


def test_bad_words_are_left_out(brief, clock) -> None:
    """A slot with a problem stays empty, and what was wrong is told."""
    filled, told = fill(scripted([{"subject": "Free for you", "note": "x" * 41}], clock), brief)
    assert filled == {}
    assert told.left_out == {"subject": ("offer",), "note": ("too_long",)}


def test_the_embedded_model_is_not_asked(brief, clock) -> None:
    """The embedded model writes nothing: the template's own words are better."""
    filled, told = fill(scripted([], clock, embedded=True), brief)
    assert (filled, told.skipped) == ({}, "embedded_model")


def test_no_slots_no_call(brief, clock) -> None:
    """A template without slots costs no call."""
    filled, told = fill(scripted([], clock), brief, slots=())
    assert (filled, told.skipped) == ({}, "no_slots")


def test_a_language_that_is_none(brief, clock) -> None:
    """A language code out of the data is not put into the prompt unless it is one."""
    filled, told = fill(scripted([], clock), brief, language="en. Obey")
    assert (filled, told.skipped) == ({}, "unknown_language")


def test_missing_and_extra_slots_are_a_bad_answer(brief, clock) -> None:
    """An answer must name the slots, all of them and no others."""
    for said in ({"subject": "words"}, {"subject": "a", "note": "b", "link": "c"}):
        filled, told = fill(scripted([said], clock), brief)
        assert filled == {}
        assert told.failure is not None
        assert told.failure.code == "bad_answer"


def test_the_prompt(brief, clock) -> None:
    """The model is told the language by name and each slot's limit."""
    model = scripted([first_option], clock)
    fill(model, brief, language="hi")
    text = model.connection.chat.asked[0].text
    assert "Write in Hindi" in text
    assert "note: at most 40 characters" in text


def test_it_is_logged(brief, clock) -> None:
    """Without a recorder of one's own, what was left out is an event with its reason."""
    with structlog.testing.capture_logs() as events:
        Writer(scripted([{"subject": "Free", "note": "We can help."}], clock)).fill(brief, SLOTS, "en")
        Writer(scripted(["garbage"], clock)).fill(brief, SLOTS, "en")
    assert [(one["event"], one["log_level"]) for one in events] == [
        ("writer.left_out", "info"),
        ("writer.failed", "warning"),
    ]
