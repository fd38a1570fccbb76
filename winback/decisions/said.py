"""What the log says of the other tables, gathered while its entries are read."""

from collections.abc import Mapping
from typing import Any

from winback.decisions.kind import EntryKind


class Said:
    """Claims of the log. Those of several parts are merged in the order of their positions.

    `steps` has each case's last step, `starts` the first where that is not 1, as far as every one
    between was there in order; `odd` are the cases where that was not so.
    """

    def __init__(self) -> None:
        self.steps: dict[int, int] = {}
        self.starts: dict[int, int] = {}
        self.odd: set[int] = set()
        self.drops: dict[int, str] = {}
        self.actions: set[str] = set()
        self.receipts: dict[str, str] = {}
        self.reviews: set[tuple[str, int | None, str, str | None]] = set()
        self.erased: set[int] = set()

    def count(self, case_id: int, first: int, last: int) -> None:
        """Remember that a case has these steps and all between."""
        before = self.steps.get(case_id)
        if before is None and first != 1:
            self.starts[case_id] = first
        if before is not None and first != before + 1:
            self.odd.add(case_id)
        self.steps[case_id] = last

    def hear(self, body: Mapping[str, Any]) -> None:
        """Raises KeyError or TypeError for a body that Winback never wrote."""
        if "drop_hash" in body:
            self.drops[body["case"]] = body["drop_hash"]
        if body.get("action_hash") is not None:
            self.actions.add(body["action_hash"])
        if "receipt_hash" in body:
            self.receipts[body["effect"]] = body["receipt_hash"]
        if "review" in body and "by" in body:
            self.reviews.add((body["kind"], body["review"], body["action_hash"], body["by"]))
        if body["kind"] == EntryKind.ERASED:
            self.erased.add(body["contact"])

    def merge(self, later: "Said") -> None:
        """Add what a later part says."""
        self.odd |= later.odd
        for case_id in (self.steps.keys() & later.steps.keys()) | later.starts.keys():
            self.count(case_id, later.starts.get(case_id, 1), later.steps[case_id])
        self.steps.update(later.steps)
        self.drops.update(later.drops)
        self.actions |= later.actions
        self.receipts.update(later.receipts)
        self.reviews |= later.reviews
        self.erased |= later.erased
