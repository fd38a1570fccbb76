"""Small lives of cases to tell a judge of."""

from datetime import timedelta
from pathlib import Path

from tests.judge import Line
from winback.clock import SimulatedClock
from winback.decisions.trace import Traced, write_trace
from winback.store.types import EMAIL
from winback.testing.channel import MemoryChannel
from winback.testing.world import AS_OF, NOON, add_account, open_case, sample_drop
from winback.usage.drop import DropKind
from workers.item import open_item
from workers.propose import propose_all
from workers.services import Services

POLICY = """
version: 1
rules:
  - id: tools
    kind: allow_tools
    allow:
      - {tools: [send_tutorial], drops: [feature_fell], mode: auto}
      - {tools: [offer_trial_upgrade], drops: [limit_reached], mode: review}
  - {id: consent, kind: consent, unknown: deny}
  - {id: expiry, kind: expires, hours: 168}
"""


def begin(services: Services, *kinds: DropKind) -> None:
    """Cases of one kind each, every one proposed for."""
    (services.settings.home / "policy.yaml").write_text(POLICY, encoding="utf-8")
    with services.store.write("test") as session:
        for number, kind in enumerate(kinds):
            account = add_account(session, f"acme-{number}")
            open_case(session, account, sample_drop(account.key, kind))
    propose_all(services, AS_OF)


def shown(services: Services, number: int) -> str:
    with services.store.read() as session:
        return open_item(session, number).review.action_hash


def later(services: Services, **delta: float) -> None:
    assert isinstance(services.clock, SimulatedClock)
    services.clock.set(NOON + timedelta(**delta))


def memory(services: Services) -> MemoryChannel:
    channel = services.channels[EMAIL]
    assert isinstance(channel, MemoryChannel)
    return channel


def export(services: Services, path: Path, *, finished: bool = False) -> Traced:
    with services.store.read() as session, path.open("w", encoding="utf-8") as file:
        return write_trace(session, file, "acme-log", services.clock.now(), finished=finished)


def kinds(lines: list[Line], case: int) -> list[str]:
    """What the lines of a case say, in their order, with the decisions."""
    mine = [one for one in lines if str(one.get("action_id", "")).startswith(f"case {case} ")]
    return [str(one.get("decision", one["type"].removeprefix("action_"))) for one in mine]
