"""One pass over the mailbox: each message is taken in a transaction of its own, then put away.

A process that dies between the two finds the message again, and its row says that it was taken.
"""

from collections import Counter
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Any

import structlog
from sqlmodel import col, select

from winback.errors import InputError, SetupError
from winback.settings_channels import Imap
from winback.store.inbox import InboxMail
from workers.inbox.mailbox import Mailbox, open_mailbox
from workers.inbox.take import take
from workers.inbox.taken import Outcome, Taken
from workers.services import Services

log = structlog.get_logger(__name__)

Connect = Callable[[Imap], AbstractContextManager[Mailbox]]


@dataclass(frozen=True)
class InboxReport:
    """What one pass did. `left` is why each message was left now, by its number in the folder.

    `repeats` had been taken before and were only put away. `waiting` were left by an earlier pass.
    `broken` could not be taken: the next pass tries again. Not `complete`: it was asked to stop.
    """

    taken: Mapping[str, int] = field(default_factory=dict)
    stopped: int = 0
    repeats: int = 0
    left: Mapping[int, str] = field(default_factory=dict)
    waiting: int = 0
    broken: tuple[int, ...] = ()
    complete: bool = True

    def to_plain(self) -> dict[str, Any]:
        """For the run's row and for `--json`."""
        return {
            "taken": dict(self.taken),
            "stopped": self.stopped,
            "repeats": self.repeats,
            "left": {str(number): why for number, why in self.left.items()},
            "waiting": self.waiting,
            "broken": list(self.broken),
            "complete": self.complete,
        }


@dataclass
class _Tally:
    """The report as it grows."""

    counts: Counter[Outcome] = field(default_factory=Counter)
    stopped: int = 0
    repeats: int = 0
    left: dict[int, str] = field(default_factory=dict)
    broken: list[int] = field(default_factory=list)

    def add(self, number: int, taken: Taken) -> None:
        if taken.outcome is Outcome.LEFT:
            self.left[number] = taken.why
        elif taken.repeat:
            self.repeats += 1
        else:
            self.counts[taken.outcome] += 1
            self.stopped += taken.stopped

    def report(self, *, waiting: int, complete: bool) -> InboxReport:
        taken = {one.value: self.counts[one] for one in Outcome if self.counts[one]}
        return InboxReport(taken, self.stopped, self.repeats, self.left, waiting, tuple(self.broken), complete)


def read_inbox(
    services: Services,
    *,
    again: bool = False,
    stop: Callable[[], bool] = lambda: False,
    connect: Connect = open_mailbox,
) -> InboxReport:
    """Take what is new in the mailbox of the settings. `again`: what was left before, too.

    Raises:
        InputError: no mailbox is set.
        SetupError: the mailbox or the database does not answer; what was taken until then is taken.
    """
    imap = services.settings.inbox.imap
    if imap is None:
        raise InputError("no mailbox is set", where="inbox.imap", fix="add that section, see docs/inbox.md")
    tally = _Tally()
    with connect(imap) as mailbox:
        known = set() if again else _left_before(services)
        numbers = mailbox.numbers()
        fresh = [one for one in numbers if mailbox.place(one) not in known]
        for number in fresh:
            if stop():
                break
            _one(services, mailbox, number, tally, again=again)
    report = tally.report(waiting=len(numbers) - len(fresh), complete=not stop())
    log.info("inbox.read", **report.to_plain())
    return report


def _left_before(services: Services) -> set[str | None]:
    query = select(InboxMail.place).where(InboxMail.outcome == Outcome.LEFT, col(InboxMail.place).is_not(None))
    with services.store.read() as session:
        return set(session.exec(query).all())


def _one(services: Services, mailbox: Mailbox, number: int, tally: _Tally, *, again: bool) -> None:
    """Take it and put it away, unless somebody moved it meanwhile."""
    raw = mailbox.fetch(number)
    if raw is None:
        return
    try:
        taken = take(services, raw, place=mailbox.place(number), again=again)
    except SetupError:
        raise
    except Exception as error:  # noqa: BLE001  a mistake of ours over one message must not keep the others waiting
        # Its own words could be the customer's.
        log.error("inbox.broken", number=number, mistake=type(error).__name__)  # noqa: TRY400
        tally.broken.append(number)
        return
    if taken.outcome is not Outcome.LEFT:
        mailbox.put_away(number)
    tally.add(number, taken)
