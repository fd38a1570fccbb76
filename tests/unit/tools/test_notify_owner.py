"""The account's manager is told where there is one, over Slack first."""

import pytest

from tests.unit.tools.situations import KEY, situation
from tools.notify_owner import NotifyOwner, NotifyOwnerArguments
from tools.send_tutorial import SendTutorialArguments
from tools.tool import Situation
from winback.errors import InputError

TOOL = NotifyOwner()
BOTH = frozenset({"email", "slack"})


@pytest.mark.parametrize(
    ("here", "medium"),
    [
        (situation(), "email"),
        (situation(ways=BOTH), "slack"),
        (situation(ways=BOTH, owner_known=False), "slack"),
        (situation(ways=frozenset({"in_app"})), None),
        (situation(owner_known=False), None),
        (situation(owner_address="no address"), None),
    ],
)
def test_over_slack_else_by_mail_else_not_at_all(here: Situation, medium: str | None) -> None:
    """One option for a colleague; none where nobody could be told, and then stored arguments are refused."""
    options = TOOL.options(here)
    assert [one.medium for one in options] == ([medium] if medium else [])
    assert {one.audience for one in options} <= {"colleague"}
    if medium is None:
        with pytest.raises(InputError, match="nobody looks after this account"):
            TOOL.resolve(NotifyOwnerArguments(), here)
    else:
        assert TOOL.resolve(NotifyOwnerArguments(), here) == options[0]
        assert TOOL.attachments(options[0], here, KEY) == ()


def test_arguments_of_another_tool_are_refused() -> None:
    """A tool never guesses at arguments that are not its own."""
    with pytest.raises(TypeError, match="SendTutorialArguments given"):
        TOOL.resolve(SendTutorialArguments(tutorial="tour", language="en"), situation())


def test_the_model_learns_no_name_and_no_address() -> None:
    """Its hint is the same for every account."""
    assert TOOL.options(situation())[0].hint == TOOL.options(situation(owner_name="Other"))[0].hint
