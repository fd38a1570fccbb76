"""Why somebody did something, in their own words: the log keeps them for ever, so they name no customer."""

from prompts.message import clean
from winback.errors import InputError

LONGEST = 200
"""Characters of a reason."""


def reason_of(given: str) -> str:
    """One harmless line.

    Raises:
        InputError: nothing is left of it, or too much.
    """
    reason = clean(given, 10 * LONGEST)
    if not 1 <= len(reason) <= LONGEST:
        raise InputError(
            f"has {len(reason)} characters", where="the reason", fix=f"say in 1 to {LONGEST} characters why"
        )
    return reason
