"""One full pass: scan, expire, propose, act, seal. Each step picks up whatever an earlier run left."""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from typing import Any

import structlog

from winback.decisions.log import seal
from workers.act import act_all
from workers.acted import Acted
from workers.expire import expire_all
from workers.freshness import default_day
from workers.planted import expire_planted, top_up
from workers.propose import Proposed, propose_all
from workers.scan import Scanned, scan
from workers.services import Services

log = structlog.get_logger(__name__)

Progress = Callable[[str, int, int], None]
Stop = Callable[[], bool]


def silent(_step: str, _done: int, _of: int) -> None:
    """Progress that nobody watches."""


@dataclass(frozen=True)
class PassReport:
    """What one pass did. `complete` is False when it was asked to stop between two steps."""

    as_of: date
    scanned: Scanned
    expired: tuple[int, ...]
    proposed: tuple[Proposed, ...]
    acted: tuple[Acted, ...]
    sealed: int
    complete: bool

    def to_plain(self) -> dict[str, Any]:
        """Counts for the run's row and for `--json`."""
        return {
            "as_of": self.as_of.isoformat(),
            "accounts": self.scanned.found.accounts,
            "drops": len(self.scanned.found.drops),
            "opened": len(self.scanned.opened),
            "closed": len(self.scanned.closed),
            "held": self.scanned.found.held,
            "expired": len(self.expired),
            "proposed": dict(Counter(one.kind.value for one in self.proposed)),
            "acted": dict(Counter(one.kind.value for one in self.acted)),
            "sealed": self.sealed,
            "complete": self.complete,
        }


def run_pass(
    services: Services, as_of: date | None = None, *, stop: Stop = lambda: False, progress: Progress = silent
) -> PassReport:
    """Everything that is due, once. Without `as_of`, by the newest usage that is not too old to judge."""
    day = as_of or default_day(services.warehouse, services.settings, services.clock.now())
    progress("scan", 0, 1)
    scanned = scan(services, day)
    progress("scan", 1, 1)
    expired = (*expire_all(services), *expire_planted(services))
    proposed = propose_all(services, day, stop=stop, progress=lambda done, of: progress("propose", done, of))
    top_up(services)
    acted = act_all(services, stop=stop, progress=lambda done, of: progress("act", done, of))
    sealed = seal(services.store, services.clock.now())
    report = PassReport(day, scanned, expired, tuple(proposed), tuple(acted), sealed, not stop())
    log.info("pass.done", **report.to_plain())
    return report
