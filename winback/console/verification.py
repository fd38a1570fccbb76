"""The verification of the decision log, beside the pages: begun by an operator, watched by everybody."""

import re
from dataclasses import dataclass, replace
from datetime import datetime
from threading import Lock, Thread

import structlog
from sqlmodel import col, select

from winback.console.audit import What, note_deed
from winback.console.people import By
from winback.decisions.covered import Kept
from winback.decisions.key import own_key
from winback.decisions.verify import verify
from winback.errors import ConflictError, WinbackError
from winback.store.console import Audit
from workers.services import Services

COUNTED = re.compile(r"(\d+) entries, (\d+) problems")
SHOWN = 100
log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Verified:
    """One that ended: when, by whom, how many entries it read, and how much was wrong."""

    at: datetime
    by: str
    entries: int
    problems: int


@dataclass(frozen=True)
class State:
    """Whether one runs, how far it is, what the last one in this process found wrong, and the last of all.

    `broken` says why it could not be finished.
    """

    running: bool = False
    done: int = 0
    of: int = 0
    found: tuple[str, ...] = ()
    broken: str = ""
    last: Verified | None = None


class Verifier:
    """One verification at a time in this process."""

    def __init__(self, services: Services) -> None:
        self._services = services
        self._lock = Lock()
        self._state = State()

    def state(self) -> State:
        """How it stands."""
        with self._lock:
            state = self._state
        return replace(state, last=self._last())

    def start(self, by: By) -> None:
        """Begin one; nobody waits for it.

        Raises:
            ConflictError: one runs already.
        """
        with self._lock:
            if self._state.running:
                raise ConflictError("it runs already", where="verification", fix="wait until it ends")
            self._state = State(running=True)
        Thread(target=self._run, args=[by], daemon=True, name="verification").start()

    def _run(self, by: By) -> None:
        services, broken = self._services, ""
        found: tuple[str, ...] = ()
        try:
            own = own_key(services.settings)
            configured = services.settings.decisions.checkpoints is not None
            kept = Kept(services.settings.checkpoint_folder, own.verifier if own else None, configured)
            result = verify(services.store, kept, progress=self._heard)
            found = tuple(f"{one.what}: {one.where}" for one in result.problems[:SHOWN])
            detail = f"{result.entries} entries, {len(result.problems)} problems"
            note_deed(services.store, services.clock.now(), by.who, What.VERIFIED, by.place, detail)
        except WinbackError as error:
            broken = str(error)
        except Exception as error:
            log.exception("verification.broken")
            broken = f"a mistake in Winback: {type(error).__name__}"
        with self._lock:
            self._state = State(found=found, broken=broken)

    def _heard(self, done: int, of: int) -> None:
        with self._lock:
            self._state = replace(self._state, done=done, of=of)

    def _last(self) -> Verified | None:
        query = select(Audit).where(Audit.what == What.VERIFIED).order_by(col(Audit.id).desc()).limit(1)
        with self._services.store.read() as session:
            row = session.exec(query).first()
        counted = COUNTED.fullmatch(row.detail) if row else None
        return Verified(row.at, row.who, int(counted[1]), int(counted[2])) if row and counted else None
