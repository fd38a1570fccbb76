"""The typed union holds exactly the options at hand."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from agents.answer_schema import NO_ACTION, keyed, selection_type, shape_of
from tools.tool import Arguments, Option

slug = st.from_regex(r"[a-z][a-z0-9-]{0,8}", fullmatch=True)
tool = st.from_regex(r"[a-z][a-z0-9_]{0,8}", fullmatch=True).filter(lambda name: name != NO_ACTION)
any_options = st.lists(st.tuples(tool, slug), min_size=1, max_size=8).map(
    lambda pairs: [Option(tool=t, arguments=Arguments(), catalogue_id=c, label="", hint="") for t, c in pairs]
)


@given(any_options)
def test_every_option_has_a_key_of_its_own(options) -> None:
    """Options of one tool with the same catalogue id are told apart."""
    assert list(keyed(options).values()) == options


@given(any_options, tool, slug)
def test_what_is_offered_is_what_is_accepted(options, other_tool, other_key) -> None:
    """A pair of tool and key is accepted if and only if it is one of the options."""
    by_key = keyed(options)
    answer_type = selection_type(shape_of(by_key))
    for pair in [*by_key, (other_tool, other_key), (options[0].tool, other_key)]:
        said = {"action": {"tool": pair[0], "option": pair[1], "why": "other"}, "confidence": 0.5}
        if pair in by_key:
            action = answer_type.model_validate(said).action
            assert by_key[action.tool, action.option] is by_key[pair]
        else:
            with pytest.raises(ValidationError):
                answer_type.model_validate(said)


def test_doing_nothing_can_always_be_said(options) -> None:
    """`no_action` with a reason of the list is part of every union; without one it is not accepted."""
    answer_type = selection_type(shape_of(keyed(options)))
    answer_type.model_validate({"action": {"tool": NO_ACTION, "reason": "nothing_fits"}, "confidence": 0})
    with pytest.raises(ValidationError):
        answer_type.model_validate({"action": {"tool": NO_ACTION}, "confidence": 0})


def test_same_shape_same_type(options) -> None:
    """The compiled agents are kept by type, so equal shapes must share one."""
    assert selection_type(shape_of(keyed(options))) is selection_type(shape_of(keyed(list(options))))


def test_no_tool_may_pose_as_nothing(option) -> None:
    """A tool named like doing nothing would make a choice ambiguous."""
    with pytest.raises(ValueError, match="no_action"):
        keyed([option(NO_ACTION, "x")])
