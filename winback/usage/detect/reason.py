"""The reason a person reads: the numbers of the signal that won, in words."""

from winback.usage.detect.subjects import CHAMPION, SEATS
from winback.usage.drop import Channel

CONSIDERED = "holidays considered"


def reason(
    name: str, channel: Channel, *, seen: int, expected: float, days: int, share: float, silent: int
) -> str:
    """`share` is the probability of so little, `silent` the days since the subject's last active one."""
    if channel is Channel.SLOW:
        words = _slow(seen, days, share, silent)
    elif name == SEATS:
        words = f"{seen} seat-days in {days} days; {expected:.1f} expected, {CONSIDERED}"
    else:
        words = f"active on {seen} of {days} days; {expected:.1f} expected, {CONSIDERED}"
    return f"its champion: {words}" if name == CHAMPION else words


def _slow(seen: int, days: int, share: float, silent: int) -> str:
    what = f"silent for {silent} days" if seen == 0 else f"active on {seen} of {days} days"
    return f"{what}; its own decaying rate leaves {percent(share)} for that"


def percent(share: float) -> str:
    """One significant digit below 1 %, whole per cent above."""
    if share < 0.0001:
        return "less than 0.01 %"
    return f"{100 * share:.1g} %" if share < 0.01 else f"{100 * share:.0f} %"
