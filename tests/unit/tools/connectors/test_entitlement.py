"""What is read from a parcel, and what is refused."""

from datetime import UTC, datetime
from typing import Any

import pytest

from tests.unit.tools.connectors.trials import trial
from tools.channels.channel import NotSent
from tools.connectors.entitlement import Entitlement, entitlement_of


def test_a_grant_is_read() -> None:
    """Every part of the payload arrives, the moment in UTC."""
    until = datetime(2026, 10, 30, 6, 0, tzinfo=UTC)
    wanted = Entitlement("grant", "acct-1", "trial-team", "team", "starter", 14, until)
    assert entitlement_of(trial()) == wanted
    assert entitlement_of(trial(until="2026-10-30T11:30:00+05:30")).name == wanted.name


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"trial": ""}, "trial of the entitlement is ''"),
        ({"plan": None}, "plan of the entitlement is None"),
        ({"from_plan": "x" * 201}, "from_plan"),
        ({"days": "14"}, "days of the entitlement is '14'"),
        ({"days": True}, "days of the entitlement is True"),
        ({"days": 0}, "days of the entitlement is 0"),
        ({"until": "2026-10-30T06:00:00"}, "until"),
        ({"until": "soon\x1b[2J"}, "until"),
        ({"until": 1793340000}, "until"),
    ],
)
def test_what_cannot_be_used_is_refused(change: dict[str, Any], words: str) -> None:
    """A payload that lacks something, or has it in another shape, is not sent and not tried again."""
    with pytest.raises(NotSent, match=words) as caught:
        entitlement_of(trial(**change))
    assert not caught.value.retry
    assert caught.value.reason.isprintable()


def test_other_acts_and_nobody_are_refused() -> None:
    """A message is no act on an entitlement, and an entitlement is somebody's."""
    for parcel in (trial("message"), trial("grantx"), trial(account=""), trial(account="x" * 201)):
        with pytest.raises(NotSent) as caught:
            entitlement_of(parcel)
        assert not caught.value.retry
