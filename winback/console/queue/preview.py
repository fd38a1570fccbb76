"""What an edit would make of a proposal: judged and rendered like the real one, and nothing is written."""

import difflib
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

from policies.evaluate import evaluate
from policies.telling import Translate
from policies.verdict import Decision
from policies.words import summary
from winback.console.evidence.item import ItemView
from winback.console.evidence.outgoing import Outgoing, outgoing_of
from winback.console.evidence.phrase import shown
from winback.errors import InputError
from workers.compose import agent_of
from workers.decide import action_facts
from workers.facts import Facing
from workers.item import Item, open_item
from workers.past import past_of
from workers.policy_watch import watch_policies
from workers.review import edited, subject_of
from workers.services import Services

SLOTS = "slots."


@dataclass(frozen=True)
class Change:
    """One field that an edit changes."""

    field: str
    was: str
    now: str


@dataclass(frozen=True)
class DiffLine:
    """One line of the message: `same`, `gone` or `new`."""

    kind: str
    text: str


@dataclass(frozen=True)
class EditPreview:
    """What the edit would make, what of it is different, and what the policy would say of it."""

    hash: str
    label: str
    decision: Decision
    told: str
    problems: tuple[str, ...]
    changes: tuple[Change, ...]
    diff: tuple[DiffLine, ...]
    outgoing: Outgoing


def values_of(view: ItemView) -> dict[str, str]:
    """The editable fields of a card as a form shows them."""
    return {name: _value(view, name) for name in view.editable}


def _value(view: ItemView, name: str) -> str:
    if name.startswith(SLOTS):
        return view.slots.get(name.removeprefix(SLOTS), "")
    value = view.arguments.get(name)
    return "" if value is None else str(value)


def changes_in(view: ItemView, given: dict[str, str]) -> dict[str, str]:
    """The fields of a form that are not as they were shown."""
    was = values_of(view)
    return {name: _lines(value) for name, value in given.items() if name not in was or _lines(value) != was[name]}


def _lines(value: str) -> str:
    """As browsers send the end of a line, and as it is kept."""
    return value.replace("\r\n", "\n").strip()


def preview_edit(
    services: Services, number: int, by: str, changes: dict[str, str], say: Translate = str
) -> EditPreview:
    """Judge and render an edit; `say` as for `item_view`.

    Raises:
        InputError: there is no such item; a field may not be edited, a value does not fit, or nothing changes.
        ConflictError: its tool is not installed any more.
    """
    watch_policies(services)
    now = services.clock.now()
    with services.store.read() as session:
        item = open_item(session, number)
        if item.contact.erased_at is not None:
            raise InputError("the contact's data were erased", fix="nothing can be sent any more")
        proposal, problems = edited(session, services, item, by, changes, now)
        facing = Facing(session, services.judging, subject_of(item), now, services.settings.company.zone)
        facts = facing.facts(action_facts(proposal, problems), agent_of(proposal), moment="propose")
        verdict = evaluate(services.policy, facts)
        past = past_of(session, item.account, now)
        outgoing = outgoing_of(session, services, replace(item, proposal=proposal), by, past, say)
        before = outgoing_of(session, services, item, by, past)
        return EditPreview(
            hash=proposal.action_hash,
            label=shown(proposal.label),
            decision=verdict.decision,
            told=summary(verdict, say),
            problems=problems,
            changes=tuple(_changes(item, changes)),
            diff=tuple(_diff(_said(before), _said(outgoing))),
            outgoing=outgoing,
        )


def _changes(item: Item, changes: dict[str, str]) -> Iterator[Change]:
    kept: dict[str, Any] = item.proposal.message.get("slots", {})
    for name, now in sorted(changes.items()):
        place = name.removeprefix(SLOTS)
        was = kept.get(place, "") if name.startswith(SLOTS) else item.proposal.arguments.get(name, "")
        yield Change(name, shown(str(was), 1000), shown(now, 1000))


def _said(outgoing: Outgoing) -> list[str]:
    return [outgoing.words.subject, "", *outgoing.words.text.splitlines()]


def _diff(was: list[str], now: list[str]) -> Iterator[DiffLine]:
    kinds = {" ": "same", "-": "gone", "+": "new"}
    for line in difflib.ndiff(was, now):
        if line[0] in kinds:
            yield DiffLine(kinds[line[0]], line[2:])
