"""Named points where a process can be told to die, to prove that a crash there loses and repeats nothing.

With `WINBACK_FAILPOINT=NAME`, or `NAME:n` for the n-th passage, the process kills itself with SIGKILL
when it gets there. Without it a point costs one look at a variable. docs/developers.md says how to add one.
"""

import os
import re
import signal
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final, Literal, get_args

from winback.errors import SetupError

VARIABLE = "WINBACK_FAILPOINT"

Transaction = Literal[
    "add_user",
    "answer_offer",
    "answer_survey",
    "approve",
    "ask_later",
    "blank",
    "cancel_call",
    "change_user",
    "checkpoint",
    "choose",
    "claim",
    "claim_all",
    "claim_item",
    "close",
    "close_ticket",
    "contest",
    "demo",
    "doctor",
    "done",
    "drop_view",
    "edit",
    "end_shadow",
    "end_sign_in",
    "engage_switch",
    "erase_rows",
    "escalate",
    "expire",
    "expire_planted",
    "feed_item",
    "feed_seen",
    "finish_run",
    "hand_to",
    "hold_alarms",
    "hold_out",
    "lift",
    "make_token",
    "not_sent",
    "note",
    "open_case",
    "pause",
    "people",
    "plant",
    "policy_changed",
    "policy_refused",
    "prefer",
    "prefer_for_self",
    "propose",
    "record",
    "reject",
    "resume",
    "release_switch",
    "revoke_token",
    "release",
    "save_view",
    "save_policy",
    "seal",
    "see_sign_in",
    "set_up",
    "set_up_link",
    "send_again",
    "settle",
    "sign_in",
    "sign_in_by_provider",
    "snooze",
    "stand_back",
    "suppress",
    "take_mail",
    "take_run",
    "tick",
    "undo",
    "unknown",
    "unsubscribe",
    "waits",
    "withdraw",
]
"""Every transaction that writes, by the name that it gives to `Store.write`."""

Side = Literal["before", "after", "before_commit", "after_commit"]
TRANSACTIONS: Final[tuple[str, ...]] = get_args(Transaction)
POINTS: Final[frozenset[str]] = frozenset(
    {
        *(f"{name}.{side}" for name in (*TRANSACTIONS, "migrate") for side in ("before_commit", "after_commit")),
        "send.before",
        "send.after",
    }
)
"""All that there are."""
FORM = re.compile(r"([a-z_.]+)(?::([1-9][0-9]{0,5}))?")

_at: Callable[[str], None] | None = None


def arm(value: str) -> None:
    """Die at NAME, or at the n-th passage of it with `NAME:n`; an empty text disarms.

    Raises:
        SetupError: there is no such point.
    """
    if not value:
        return hear(None)
    form = FORM.fullmatch(value)
    if form is None or form[1] not in POINTS:
        raise SetupError(f"{value!r} is no failpoint", where=VARIABLE, fix="unset it, or see winback/failpoint.py")
    return hear(_Death(form[1], int(form[2] or 1)))


def arm_from(environ: Mapping[str, str]) -> None:
    """Arm what the environment names; raises the same."""
    arm(environ.get(VARIABLE, ""))


def hear(at: Callable[[str], None] | None) -> None:
    """Call this with the name of every point that is reached; None: nobody listens."""
    global _at  # noqa: PLW0603  one look at a variable of this module is all that a point may cost
    _at = at


def reach(name: str, side: Side) -> None:
    """Called where a point is."""
    if _at is not None:
        _at(f"{name}.{side}")


@dataclass(slots=True)
class _Death:
    """Ends the process at the `left`-th passage of a point, and says where on the standard error."""

    name: str
    left: int

    def __call__(self, point: str) -> None:
        if point != self.name:
            return
        self.left -= 1
        if self.left == 0:
            os.write(2, f"failpoint {point}\n".encode())
            os.kill(os.getpid(), signal.SIGKILL)
