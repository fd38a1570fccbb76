"""Parcels that the tests of connectors share."""

from typing import Any

from tests.unit.tools.situations import parcel
from tools.channels.channel import Parcel

UNTIL = "2026-10-30T06:00:00+00:00"
TRIAL = {"trial": "trial-team", "plan": "team", "from_plan": "starter", "days": 14, "until": UNTIL}


def trial(part: str = "grant", *, key: str = "a" * 64, account: str = "acct-1", **changes: Any) -> Parcel:
    """An act on the trial of the team plan, with some of its payload changed."""
    return parcel(part=part, tool="offer_trial_upgrade", key=key, account=account, payload={**TRIAL, **changes})
