"""What happened to a case after a decision: what the account did, and whether somebody objected."""

from datetime import datetime

from workers.hindsight.raw import Raw, moment

UNKNOWN = "unknown"
"""The case is open, or gone."""
COMPLAINED, REJECTED = "complained", "rejected"
HAPPENED = ("recovered", "still_quiet", "lapsed", "unsubscribed", UNKNOWN, COMPLAINED, REJECTED)
"""In the order in which they are shown. The last two stand beside one of the others."""

COMPLAINTS = """
    SELECT c.id, i.at FROM interaction i JOIN cases c ON c.account_id = i.account_id AND i.at >= c.opened_at
    AND i.at <= CASE WHEN c.closed_at > c.ends_at THEN c.closed_at ELSE c.ends_at END
    WHERE i.kind = 'complaint'
"""
REJECTIONS = "SELECT case_id, action_hash, decided_at FROM review WHERE state = 'rejected'"


class Outcomes:
    """Complaints and rejections, read once: there are few of them."""

    def __init__(self, raw: Raw) -> None:
        self._complaints: dict[int, list[datetime]] = {}
        for case, at in raw.rows(COMPLAINTS):
            self._complaints.setdefault(case, []).append(moment(at))
        self._rejections = {(case, act): moment(at) for case, act, at in raw.rows(REJECTIONS)}

    def after(self, at: datetime, case: int | None, act: str | None, outcome: str | None) -> list[str]:
        """Words of `HAPPENED`; `outcome` is the case's own, None when it has none."""
        found = [outcome or UNKNOWN]
        if case in self._complaints and any(one > at for one in self._complaints[case]):
            found.append(COMPLAINED)
        if (case, act) in self._rejections and self._rejections[case, act] >= at:
            found.append(REJECTED)
        return found
