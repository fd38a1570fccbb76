"""What the log says of the other tables, gathered while its entries are read."""

from collections.abc import Callable, Mapping
from functools import cached_property
from operator import itemgetter
from typing import Any

from winback.decisions.bare import Bare
from winback.decisions.kind import EntryKind

Body = Mapping[str, Any]
Act = tuple[int | None, str | None]
"""A case and an action hash."""

OPEN, LAPSED, WAITS = "open", "lapsed", "pending"
"""As in winback.store.types, without its SQLAlchemy. `OPEN`: an effect that waits or is being carried out."""
EFFECT_AFTER: Mapping[str, str] = {
    EntryKind.ALLOWED.value: OPEN,
    EntryKind.APPROVED.value: OPEN,
    EntryKind.DONE.value: "done",
    EntryKind.FAILED.value: "failed",
    EntryKind.MAY_HAVE_BEEN_SENT.value: "unknown",
    EntryKind.LAPSED.value: LAPSED,
    EntryKind.SENT_AGAIN.value: OPEN,
}
"""The state of an effect after an entry that names it; other kinds leave it open."""
DECIDED: Mapping[str, str] = {
    EntryKind.APPROVED.value: "approved",
    EntryKind.REJECTED.value: "rejected",
    EntryKind.EDITED.value: "edited",
    EntryKind.EXPIRED.value: "expired",
}
"""The state of a queue item after an entry that ends it."""
# In review: what follows from an answer is carried out whatever the case waits for by then.
WORKING = frozenset({"acting", "watching", "in_review"})
WATCHING, IN_REVIEW = frozenset({"watching"}), frozenset({"in_review"})
CASE_AFTER: Mapping[str, frozenset[str]] = {
    EntryKind.CASE_OPENED.value: frozenset({"open"}),
    EntryKind.HELD_OUT.value: frozenset({"held_out"}),
    EntryKind.NOTHING_TO_OFFER.value: WATCHING,
    EntryKind.NOTHING_ALLOWED.value: WATCHING,
    EntryKind.NOTHING_CHOSEN.value: WATCHING,
    EntryKind.MODEL_FAILED.value: WATCHING,
    EntryKind.REJECTED.value: WATCHING,
    EntryKind.EXPIRED.value: WATCHING,
    EntryKind.UNSUBSCRIBED.value: WATCHING,
    EntryKind.QUEUED.value: IN_REVIEW,
    EntryKind.FIRST_APPROVED.value: IN_REVIEW,
    EntryKind.SNOOZED.value: IN_REVIEW,
    EntryKind.ESCALATED.value: IN_REVIEW,
    EntryKind.UNDONE.value: IN_REVIEW,
    EntryKind.HANDED.value: IN_REVIEW,
    # An edit that is denied leaves the item in the queue.
    EntryKind.DENIED.value: WATCHING | IN_REVIEW,
    **dict.fromkeys((EntryKind.DEFERRED.value, EntryKind.INTENT.value, EntryKind.NOT_SENT.value), WORKING),
    **dict.fromkeys(EFFECT_AFTER, WORKING),
}
"""The states that a case can be in after an entry of it; whether it is closed is told by itself."""

Review = tuple[int | None, str | None, str, str | None, str | None, str | None, str | None, str | None]
"""Of a queue item: case, action, state, who decided, code, who approved first, who lifted what a rejection held
back, commitment to the note (None: nothing is said of it). Plain tuples: they pass between processes."""
Effect = tuple[int | None, str | None, str, str | None, str | None, str | None]
"""Of an effect: case, action, state, who approved, who approved first, commitment to the receipt."""
NOBODY = (None, None)


class Said:
    """Claims of the log. Those of several parts are merged in the order of their positions.

    `steps` has each case's last step, `starts` the first where that is not 1, as far as every one
    between was there in order; `odd` are the cases where that was not so. `queued` (by review),
    `effects` (by key) and `withdrawn` have the step at which it was said; `effects` the receipt too.
    """

    def __init__(self) -> None:
        self.steps: dict[int, int] = {}
        self.starts: dict[int, int] = {}
        self.odd: set[int] = set()
        self.opened: dict[int, tuple[int, str]] = {}
        self.closed: dict[int, str] = {}
        self.denied: set[Act] = set()
        self.queued: dict[int, tuple[int, str, int]] = {}
        self.decided: dict[int, tuple[str, str | None, str | None, str | None]] = {}
        self.first: dict[int, str | None] = {}
        self.lifted: dict[int, str | None] = {}
        self.effects: dict[str, tuple[int, str, str, int, str | None]] = {}
        self.approved: dict[str, tuple[int | None, str | None]] = {}
        self.withdrawn: dict[Act, int] = {}
        self.recorded: dict[int, tuple[str, int, int | None, str]] = {}
        self.policies: list[tuple[str, str, str, str]] = []
        self.erased: set[int] = set()
        self.accounts: set[int] = set()
        self.notes: set[int] = set()
        self.bare: list[Bare] = []

    def count(self, case_id: int, first: int, last: int) -> None:
        """Remember that a case has these steps and all between."""
        before = self.steps.get(case_id)
        if before is None and first != 1:
            self.starts[case_id] = first
        if before is not None and first != before + 1:
            self.odd.add(case_id)
        self.steps[case_id] = last

    def hear(self, body: Body) -> None:
        """Raises KeyError, TypeError or AttributeError for a body that Winback never wrote."""
        kind = body["kind"]
        if not isinstance(body.get("action_hash"), str | None):
            raise TypeError("an action is no text")
        if kind in EFFECT_AFTER and body.get("effect") is not None:
            told = (body["case"], body["action_hash"], kind, body["step"], body.get("receipt_commitment"))
            self.effects[body["effect"]] = told
        if kind in DECIDED:
            why = (body.get("by"), body.get("code"), body.get("note_commitment"))
            self.decided[body["review"]] = (DECIDED[kind], *why)
        if (hear := HEARD.get(kind)) is not None:
            hear(self, body)

    @cached_property
    def acts(self) -> set[Act]:
        """What was suggested, in which case; to be asked when all is heard."""
        found = self.denied | {(case, action) for case, action, _ in self.queued.values()}
        return found | {(case, action) for case, action, *_ in self.effects.values()}

    @cached_property
    def _asked(self) -> dict[Act, list[int]]:
        """The queue items about each act that was withdrawn."""
        asked: dict[Act, list[int]] = {act: [] for act in self.withdrawn}
        for number, (case, action, _) in self.queued.items():
            if (case, action) in asked:
                asked[case, action].append(number)
        return asked

    @cached_property
    def reviews_told(self) -> dict[int, Review]:
        """What each queue item must be; to be asked when all is heard."""
        first, lifted = self.first.get, self.lifted.get
        told: dict[int, Review] = {
            number: (case, action, WAITS, None, None, first(number), None, None)
            for number, (case, action, _) in self.queued.items()
        }
        for (case, action), step in self.withdrawn.items():
            for number in self._asked.get((case, action), ()):
                if self.queued[number][2] < step:
                    told[number] = (case, action, LAPSED, None, None, first(number), None, None)
        for number in self.decided.keys() & told.keys():
            state, by, code, note = self.decided[number]
            if state != WAITS:
                told[number] = (*told[number][:2], state, by, code, first(number), lifted(number), note)
        return told

    @cached_property
    def effects_told(self) -> dict[str, Effect]:
        """What each effect must be, by its key; to be asked when all is heard."""
        told: dict[str, Effect] = {}
        approved, first, ended = self.approved.get, self.first.get, self._ended()
        for key, (case, action, kind, step, receipt) in self.effects.items():
            review, by = approved(key, NOBODY)
            state = EFFECT_AFTER[kind]
            if state == OPEN and ended.get((case, action), 0) > step:
                state = LAPSED
            told[key] = (case, action, state, by, None if review is None else first(review), receipt)
        return told

    def _ended(self) -> dict[Act, int]:
        """At which step an act was withdrawn, or a person was asked about it, the last time."""
        asked = sorted(self.queued.values(), key=itemgetter(2))
        ended: dict[Act, int] = {(case, action): step for case, action, step in asked}
        for act, step in self.withdrawn.items():
            ended[act] = max(step, ended.get(act, 0))
        return ended

    def excuses(self, one: Bare) -> bool:
        """Whether evidence may be gone: the log says that the person, or the account, was erased."""
        account = self.opened[one.case][0] if one.case in self.opened else None
        return one.contact in self.erased or account in self.accounts

    def merge(self, later: "Said") -> None:
        """Add what a later part says."""
        self.odd |= later.odd
        for case_id in (self.steps.keys() & later.steps.keys()) | later.starts.keys():
            self.count(case_id, later.starts.get(case_id, 1), later.steps[case_id])
        for name, value in vars(later).items():
            mine = getattr(self, name)
            if name in {"odd", "starts"}:
                continue
            if isinstance(value, list):
                mine.extend(value)
            else:
                mine.update(value)


def _opened(said: Said, body: Body) -> None:
    said.opened[body["case"]] = (body["account"], body["drop_hash"])


def _allowed(said: Said, body: Body) -> None:
    if body.get("effect") is not None:
        said.approved[body["effect"]] = (None, body.get("run", {}).get("edited_by"))


def _approved(said: Said, body: Body) -> None:
    if (key := body.get("effect")) is not None:
        said.approved[key] = (body["review"], body["by"])


def _first_approved(said: Said, body: Body) -> None:
    said.first[body["review"]] = body["by"]


def _undone(said: Said, body: Body) -> None:
    """The item waits as if nobody had said it."""
    if body["undid"] == EntryKind.FIRST_APPROVED.value:
        said.first[body["review"]] = None
    else:
        said.decided[body["review"]] = (WAITS, None, None, None)
        said.lifted[body["review"]] = None
    if (key := body.get("effect")) is not None:
        said.effects[key] = (body["case"], body["action_hash"], EntryKind.LAPSED.value, body["step"], None)
        said.approved[key] = NOBODY


def _lifted(said: Said, body: Body) -> None:
    said.lifted[body["review"]] = body["by"]


def _queued(said: Said, body: Body) -> None:
    said.queued[body["review"]] = (body["case"], body["action_hash"], body["step"])


def _denied(said: Said, body: Body) -> None:
    said.denied.add((body["case"], body["action_hash"]))


def _settled(said: Said, body: Body) -> None:
    kind = EntryKind.DONE if body["sent"] else EntryKind.LAPSED
    told = (body["case"], body["action_hash"], kind.value, body["step"], body.get("receipt_commitment"))
    said.effects[body["effect"]] = told


def _closed(said: Said, body: Body) -> None:
    said.closed[body["case"]] = body["outcome"]
    for action in body["lapsed"]:
        said.withdrawn[body["case"], action] = body["step"]


def _unsubscribed(said: Said, body: Body) -> None:
    for action in body.get("withdrew", ()):
        said.withdrawn[body["case"], action] = body["step"]


def _answered(said: Said, body: Body) -> None:
    """What follows from an answer is open until an entry says more of it."""
    for key in body.get("follows", ()):
        said.effects[key] = (body["case"], body["action_hash"], EntryKind.ALLOWED.value, body["step"], None)


def _recorded(said: Said, body: Body) -> None:
    if body["what"] != "ticket_closed":
        told = (body["what"], body["account"], body["contact"], body["happened_at"])
        said.recorded[body["interaction"]] = told


def _policy_changed(said: Said, body: Body) -> None:
    said.policies.append((body["role"], body["hash"], body["author"], body["source"]))


def _erased(said: Said, body: Body) -> None:
    said.erased.add(body["contact"])
    said.notes.update(body.get("notes", ()))
    if "account" in body:
        said.accounts.add(body["account"])


HEARD: Mapping[str, Callable[[Said, Body], None]] = {
    EntryKind.CASE_OPENED.value: _opened,
    EntryKind.ALLOWED.value: _allowed,
    EntryKind.APPROVED.value: _approved,
    EntryKind.FIRST_APPROVED.value: _first_approved,
    EntryKind.QUEUED.value: _queued,
    EntryKind.UNDONE.value: _undone,
    EntryKind.LIFTED.value: _lifted,
    EntryKind.DENIED.value: _denied,
    EntryKind.SETTLED.value: _settled,
    EntryKind.CLOSED.value: _closed,
    EntryKind.UNSUBSCRIBED.value: _unsubscribed,
    EntryKind.ANSWERED.value: _answered,
    EntryKind.RECORDED.value: _recorded,
    EntryKind.POLICY_CHANGED.value: _policy_changed,
    EntryKind.ERASED.value: _erased,
}
REFERRING = frozenset({*HEARD, *EFFECT_AFTER, *DECIDED})
"""Kinds that say something of rows of other tables; as plain words, which are compared ten times as fast."""
