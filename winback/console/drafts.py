"""Changes of the policy that somebody looks at before saving: kept in memory, replayed one at a time."""

import secrets
import threading
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

import structlog
from fastapi import HTTPException
from sqlmodel import Session

from winback.errors import ConflictError, WinbackError
from workers.rulebook.draft import Consequences, Draft, look_ahead, save
from workers.services import Services

MOST = 20
"""Drafts that are kept; the oldest is forgotten first, all of them when the console stops."""

log = structlog.get_logger()


@dataclass
class Kept:
    """A draft, who made it, and how far it is: `done` of `of` stretches of the log."""

    number: int
    draft: Draft
    who: str
    at: datetime
    state: Literal["waiting", "looking", "looked", "failed", "saved"] = "waiting"
    done: int = 0
    of: int = 0
    found: Consequences | None = None
    problem: str = ""

    @property
    def ready(self) -> bool:
        """Whether it may be saved: its consequences were looked at, or cannot be."""
        return self.state in {"looked", "failed"}


class Drafts:
    """All that are kept. Numbers are drawn, so that an old page never means somebody else's."""

    def __init__(self, services: Services) -> None:
        self._services = services
        self._kept: OrderedDict[int, Kept] = OrderedDict()
        self._one = threading.Lock()

    def keep(self, draft: Draft, who: str) -> Kept:
        """Keep it, and begin to look at its consequences if nobody else is at that."""
        kept = Kept(secrets.randbelow(2**31 - 1) + 1, draft, who, self._services.clock.now())
        with self._one:
            self._kept[kept.number] = kept
            while len(self._kept) > MOST:
                self._kept.popitem(last=False)
            busy = self._busy()
        if not busy:
            self.look(kept)
        return kept

    def get(self, number: int) -> Kept:
        """Raises HTTPException 404 when it is not kept (any more)."""
        found = self._kept.get(number)
        if found is None:
            raise HTTPException(404, "there is no such draft, or no more")
        return found

    def look(self, kept: Kept) -> None:
        """Hold it against the log in the background.

        Raises:
            ConflictError: another one is looked at, or this one was.
        """
        with self._one:
            if self._busy():
                raise ConflictError(
                    "another draft is held against the log", where=f"draft {kept.number}", fix="wait a little"
                )
            if kept.state not in {"waiting", "failed"}:
                raise ConflictError("was looked at already", where=f"draft {kept.number}", fix="look at the page")
            kept.state, kept.problem = "looking", ""
        threading.Thread(target=self._look, args=(kept,), daemon=True).start()

    def save(self, kept: Kept, who: str, also: Callable[[Session], None]) -> str:
        """Bring it into force; gives the hash.

        Raises:
            ConflictError: nobody has seen its consequences, or a file has changed meanwhile.
        """
        with self._one:
            if not kept.ready:
                raise ConflictError(
                    "was saved already" if kept.state == "saved" else "its consequences have not been looked at",
                    where=f"draft {kept.number}",
                    fix="look at it first",
                )
            written = save(self._services, kept.draft, who, also)
            kept.state = "saved"
        return written

    def _busy(self) -> bool:
        return any(one.state == "looking" for one in self._kept.values())

    def _look(self, kept: Kept) -> None:
        def progress(done: int, of: int) -> None:
            kept.done, kept.of = done, of

        try:
            kept.found = look_ahead(self._services, kept.draft, progress)
            kept.state = "looked"
        except WinbackError as error:
            kept.problem, kept.state = str(error), "failed"
        except Exception as error:  # noqa: BLE001  whatever it is, the page must not wait for ever
            log.error("draft.failed", reason=type(error).__name__)  # noqa: TRY400  no customer's words
            kept.problem, kept.state = "something went wrong here; it was written down", "failed"
