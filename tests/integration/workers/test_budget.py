"""What the model costs is counted, and over its budget it is not asked."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlmodel import select

from agents.meter import Tokens
from agents.selector import Selector
from winback.clock import SimulatedClock
from winback.decisions.entry import spoken
from winback.decisions.verify import verify
from winback.settings import Model
from winback.store.bookkeeping import ModelUse
from winback.store.models import DecisionEntry
from winback.testing.scripted_model import TOKENS_IN, TOKENS_OUT, first_option, scripted
from winback.testing.world import AS_OF, NOON, PERMISSIVE, add_account, open_case
from workers.model_use import price_of
from workers.propose import propose_all
from workers.services import Services

EACH = TOKENS_IN + TOKENS_OUT


@contextmanager
def metered(services: Services, budget: str) -> Iterator[Services]:
    """Services whose model is asked through the real client and meter, under a budget."""
    text = PERMISSIVE + f"  - {{id: cost, kind: budget, {budget}}}\n"
    (services.settings.home / "policy.yaml").write_text(text, encoding="utf-8")
    with scripted([first_option], services.clock, repeat=True) as model:
        yield replace(services, selector=Selector(model), meter=model.meter)


def cases(services: Services, *keys: str) -> None:
    with services.store.write("test") as session:
        for key in keys:
            open_case(session, add_account(session, key))


def failures(services: Services) -> list[dict[str, object]]:
    with services.store.read() as session:
        return [spoken(one.body) for one in session.exec(select(DecisionEntry)).all() if "over_budget" in one.body]


def test_every_question_is_paid_for(services: Services) -> None:
    """Tokens of each answer are written down with the case and the run."""
    with metered(services, "tokens: {run: 1000000}") as ours:
        cases(ours, "acme", "bolt")
        propose_all(ours, AS_OF)
    with services.store.read() as session:
        uses = session.exec(select(ModelUse)).all()
    assert [(one.tokens_in, one.tokens_out) for one in uses] == [(TOKENS_IN, TOKENS_OUT)] * 2
    assert {one.case_id for one in uses} == {1, 2}
    assert {one.run_started_at for one in uses} == {NOON}


@pytest.mark.parametrize("stretch", ["run", "day", "month"])
def test_over_the_budget_no_question_is_put(services: Services, stretch: str) -> None:
    """The question that goes over is paid; for the next case the policy's plan for a failed model holds."""
    with metered(services, f"tokens: {{{stretch}: {EACH + 1}}}") as ours:
        cases(ours, "acme", "bolt", "core")
        done = propose_all(ours, AS_OF)
    assert [one.failure.code if one.failure else None for one in done] == [None, None, "over_budget"]
    (failed,) = failures(services)
    assert failed["kind"] == "queued"
    with services.store.read() as session:
        assert len(session.exec(select(ModelUse)).all()) == 2
    assert verify(services.store).problems == ()


def test_a_budget_of_nothing_asks_nothing(services: Services) -> None:
    """0 means zero."""
    with metered(services, "tokens: {day: 0}") as ours:
        cases(ours, "acme")
        (done,) = propose_all(ours, AS_OF)
    assert done.failure is not None


def test_the_next_day_has_a_budget_of_its_own(services: Services) -> None:
    """A calendar day in the operator's zone."""
    with metered(services, f"tokens: {{day: {EACH}}}") as ours:
        cases(ours, "acme", "bolt")
        assert [one.failure is None for one in propose_all(ours, AS_OF)] == [True, False]
        assert isinstance(ours.clock, SimulatedClock)
        ours.clock.set(NOON + timedelta(days=1))
        cases(ours, "core")
        assert [one.failure is None for one in propose_all(ours, AS_OF)] == [True]


def test_money_by_the_prices_of_the_settings() -> None:
    """Prices are for a million tokens, sent and answered apart."""
    assert price_of(Tokens(2_000_000, 500_000), Model(price_in=1.5, price_out=6)) == 6.0
