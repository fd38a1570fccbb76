"""Values in the phrases of a thread that are words of ours themselves, by the place that they stand in."""

from collections.abc import Mapping

from policies.rejection import REJECT_CODES
from winback.usage.drop import DropKind

PARTS: Mapping[str, str] = {
    "notice": "notice of the end of the trial ({act})",
    "grant": "trial granted ({act})",
    "take_back": "trial taken back ({act})",
    "event": "event in the calendar ({act})",
    "invite": "invitation to the call ({act})",
}
"""What follows from a customer's answer to an act."""
OURS: Mapping[str, tuple[str, ...]] = {
    "act": tuple(PARTS.values()),
    "kind": tuple(kind.replace("_", " ") for kind in DropKind),
    "code": tuple(code.replace("_", " ") for code in REJECT_CODES),
}
