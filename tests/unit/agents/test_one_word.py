"""Choosing by one word."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st
from langchain_core.messages import AIMessage

from agents.choice import Choice, Failure, Nothing
from agents.one_word import confidence, grammar, words_for
from agents.selector import Selector
from winback.testing.scripted_model import first_option, scripted

TOOLS = ("send_tutorial", "offer_trial_upgrade", "book_call")


def said(*alternatives: tuple[str, float]) -> AIMessage:
    top = [{"token": token, "logprob": math.log(p)} for token, p in alternatives]
    return AIMessage("call", response_metadata={"logprobs": {"content": [{"top_logprobs": top}]}})


def test_words_of_the_tools() -> None:
    """A tool's word is the last part of its name."""
    assert words_for(TOOLS) == {"tutorial": TOOLS[0], "upgrade": TOOLS[1], "call": TOOLS[2]}


def test_nothing_is_no_tools_word() -> None:
    """A tool that ends in it goes by its whole name; one that is called so cannot be told from it."""
    assert words_for(("send_nothing", "book_call")) == {"send_nothing": "send_nothing", "call": "book_call"}
    with pytest.raises(ValueError, match="no tool may be called nothing"):
        words_for(("nothing",))


def test_it_may_choose_nothing(brief, options, clock) -> None:
    """The word is among those that the grammar allows, and is an answer of its own; it gives no reason."""
    model = scripted(["nothing"], clock, embedded=True)
    nothing = Selector(model).choose(brief, options)
    assert isinstance(nothing, Nothing)
    assert (nothing.why, nothing.confidence) == ("not_said", None)
    chat = model.connection.chat
    assert chat.asked[0].wanted["extra_body"]["grammar"].endswith('" nothing"')


@given(
    st.lists(
        st.from_regex(r"[a-z][a-z0-9_]{0,12}", fullmatch=True).filter(lambda one: one != "nothing"),
        min_size=1, unique=True,
    )
)  # fmt: skip
def test_every_tool_has_one_word(tools) -> None:
    """However tools are named, each word stands for one tool and each tool has a word."""
    words = words_for(tools)
    assert sorted(words.values()) == sorted(tools)


def test_the_grammar_allows_these_words_only() -> None:
    """The answer is one of the words, as it follows the lead."""
    assert grammar(words_for(TOOLS[::2])) == 'root ::= " tutorial" | " call"'


def test_confidence_is_the_words_share() -> None:
    """What the other words do not get; tokens of no word do not count, pieces of a word do."""
    words = words_for(TOOLS)
    message = said((" call", 0.3), (" tut", 0.1), ("The", 0.5), (" upgrade", 0.1))
    assert confidence(message, "call", words) == 0.6
    assert confidence(message, "tutorial", words) == 0.2


def test_no_probabilities_no_confidence() -> None:
    """An endpoint that tells none gives no confidence, and neither does a word it never thought of."""
    assert confidence(AIMessage("call"), "call", words_for(TOOLS)) is None
    assert confidence(said(("The", 0.9)), "call", words_for(TOOLS)) is None


def test_the_best_fitting_option_of_the_tool(brief, options, clock) -> None:
    """The model picks the tool; within it the best fit is taken, not the first."""
    model = scripted([first_option], clock, embedded=True)
    choice = Selector(model).choose(brief, options)
    assert isinstance(choice, Choice)
    assert (choice.option.catalogue_id, choice.why, choice.confidence) == ("tour", "not_said", None)
    assert choice.run.embedded


@pytest.mark.parametrize("word", ["", "refund", "tutorial call", "Help:", "send_tutorial"])
def test_any_other_word_is_a_bad_answer(brief, options, clock, word) -> None:
    """A word that is not one of those asked for is no choice."""
    failure = Selector(scripted([word], clock, embedded=True)).choose(brief, options)
    assert isinstance(failure, Failure)
    assert failure.code == "bad_answer"


def test_the_lead_may_be_repeated(brief, options, clock) -> None:
    """llama.cpp repeats the words that the answer began with."""
    choice = Selector(scripted(["Help: call"], clock, embedded=True)).choose(brief, options)
    assert isinstance(choice, Choice)
    assert choice.option is options[3]
