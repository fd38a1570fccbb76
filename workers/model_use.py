"""Writing down what questions to the model cost."""

from datetime import datetime

from sqlmodel import Session

from agents.meter import Tokens
from winback.settings import Model
from winback.store.bookkeeping import ModelUse
from workers.services import Services

MILLION = 1_000_000


def write_use(session: Session, services: Services, case_id: int, run_started_at: datetime) -> None:
    """What was asked since the last reading, in the caller's transaction; nothing when nothing was."""
    used = services.meter.read()
    if used == Tokens():
        return
    session.add(
        ModelUse(
            at=services.clock.now(),
            run_started_at=run_started_at,
            case_id=case_id,
            model=services.selector.name,
            tokens_in=used.sent,
            tokens_out=used.answered,
            money=price_of(used, services.settings.model),
        )
    )
    session.flush()


def price_of(used: Tokens, prices: Model) -> float:
    """In the company's currency."""
    return (used.sent * prices.price_in + used.answered * prices.price_out) / MILLION
