"""Codes of the log and the tables in words: what a person reads in the place of `feature_fell`."""

from collections.abc import Mapping
from typing import get_args

from agents.choice import ChoiceReason, FailureCode, NothingReason
from policies.rejection import REJECT_CODES
from policies.telling import Translate
from policies.trial import diff
from policies.trial.diff_words import EFFECTS
from policies.verdict import Decision
from winback.console.audit import What
from winback.console.evidence.ours import PARTS
from winback.console.evidence.phrase import shown
from winback.decisions.kind import EntryKind
from winback.store import types
from winback.usage.drop import DropKind
from workers.hindsight.outcomes import HAPPENED
from workers.hindsight.table import MOMENTS
from workers.planted import FAULTS
from workers.propose import WHY

TOOLS: Mapping[str, str] = {
    "send_tutorial": "send a tutorial",
    "offer_trial_upgrade": "offer a trial of a higher plan",
    "book_call": "book a call",
    "notify_owner": "tell the account manager",
    "no_action": "do nothing",
}
"""Our own; a plugin's is called by its name."""
NAMED: Mapping[str, str] = {**TOOLS, **{str(moment): words for moment, words in MOMENTS.items()}}
CLOSED = (
    EntryKind,
    DropKind,
    types.Outcome,
    types.InteractionKind,
    types.ReviewState,
    Decision,
    What,
    get_args(FailureCode),
    get_args(ChoiceReason),
    get_args(NothingReason),
    REJECT_CODES,
    HAPPENED,
    FAULTS,
    ("message", "notice", "grant", "take_back", "event", "invite", "ticket_closed"),
    ("email", "in_app", "slack", "webhook", "entitlement", "calendar"),
    ("nobody_to_write_to", "not_wanted_by_them", "no_option_fits"),
    ("granted", "refused", "unknown"),
    ("playbook", "skip"),
    ("tutorial", "language", "days", "start", "subject", "note"),
    ("review by 2", "allow, later", "review, later", "review by 2, later"),
    get_args(diff.What),
)
"""The closed sets that pages show members of."""
WORDS = frozenset(
    {*NAMED.values(), *WHY.values(), *EFFECTS.values(), *PARTS.values()}
    | {code.replace("_", " ") for group in CLOSED for code in group}
)


def in_words(code: str, say: Translate) -> str:
    """What a person reads; a code of a plugin, or of another version, loses its underscores alone."""
    return ours(NAMED.get(code) or shown(code).replace("_", " "), say)


def ours(words: str, say: Translate) -> str:
    """Words of ours in another language, where somebody else's may stand too: those stay as they are."""
    return say(words) if words in WORDS else words
