"""Holding one act against a policy: deny > review > allow, every rule evaluated and recorded."""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

from policies.facts import Facts
from policies.policy import Policy
from policies.rules.opening import HORIZON_DAYS
from policies.rules.rule import NextOpen, Say
from policies.verdict import WEIGHT, Decision, Said, Verdict

BUILT_IN = "built_in"
"""The kind of the results that no file can switch off. Their ids hold a dot, which no rule's can."""

REVIEW_WEIGHT = WEIGHT[Decision.REVIEW]
_SAY = {name: Say(f"built_in.{name}", BUILT_IN, "enforce") for name in ("recovered", "contact", "default", "open")}
_NOT_RECOVERED = _SAY["recovered"].plain(None, "not_recovered")
_RECOVERED = _SAY["recovered"].plain(Decision.DENY, "recovered")
_REACHABLE = _SAY["contact"].plain(None, "reachable")
_NO_CONTACT = _SAY["contact"].plain(Decision.DENY, "no_contact")
_UNSUBSCRIBED = _SAY["contact"].plain(Decision.DENY, "unsubscribed")
_COLLEAGUE = _SAY["contact"].plain(None, "colleague")
_LEFT = _SAY["contact"].plain(Decision.DENY, "left")
_LISTED = _SAY["default"].plain(None, "listed")
_NO_MATCH = _SAY["default"].plain(Decision.DENY, "no_match")
_NEVER_OPEN = _SAY["open"].plain(Decision.DENY, "never_open")


def evaluate(policy: Policy, facts: Facts) -> Verdict:
    """What the policy says of this act at this moment. Pure, total, and the same every time.

    People's approval turns `review` into `allow` at the moment of acting, when as many different ones
    approved as the strictest rule wants, and never touches `deny`.
    """
    try:
        said = [judge(facts) for judge in policy.quick]
    except Exception:  # noqa: BLE001 - rare; then each rule is asked by itself
        said = _each(policy, facts)
    said += (_recovered(facts), _contact(facts), _default(policy, said))
    decision, people = _combine(said, facts)
    if decision is Decision.DENY or not _defers(policy, said):
        return Verdict(decision, tuple(said), policy.hash, people)
    not_before = _settle(policy, facts)
    if not_before is None:
        return Verdict(Decision.DENY, (*said, _NEVER_OPEN), policy.hash, people)
    return Verdict(decision, tuple(said), policy.hash, people, not_before)


def _each(policy: Policy, facts: Facts) -> list[Said]:
    """Every rule's word; whatever goes wrong in one, the act must not slip through."""
    said: list[Said] = []
    for judge, failed in policy.judges:
        try:
            said.append(judge(facts))
        except Exception as error:  # noqa: BLE001
            said.append(failed(error))
    return said


def _combine(said: Sequence[Said], facts: Facts) -> tuple[Decision, int]:
    heavy = [form for form, _, _ in said if form.weight]
    if not heavy:
        return Decision.ALLOW, 0
    people = max((form.people for form in heavy if form.weight == REVIEW_WEIGHT), default=0)
    if any(form.weight > REVIEW_WEIGHT for form in heavy):
        return Decision.DENY, people
    if facts.moment == "act" and len({one.casefold() for one in facts.approved_by}) >= people:
        return Decision.ALLOW, people
    return Decision.REVIEW, people


def _recovered(facts: Facts) -> Said:
    return _RECOVERED if facts.moment == "act" and facts.drop.recovered else _NOT_RECOVERED


def _contact(facts: Facts) -> Said:
    if facts.contact is None:
        return _NO_CONTACT
    if facts.action.audience == "colleague":
        return _COLLEAGUE
    if facts.contact.unsubscribed:
        return _UNSUBSCRIBED
    return _LEFT if facts.contact.left else _REACHABLE


def _default(policy: Policy, said: Sequence[Said]) -> Said:
    """No match means deny: only `allow_tools` lets anything through, by itself or after review."""
    for index in policy.allowing:
        if said[index][0].code in ("allowed", "review"):
            return _LISTED
    return _NO_MATCH


def _defers(policy: Policy, said: Sequence[Said]) -> bool:
    for index in policy.deferring:  # noqa: SIM110 - `any` takes three times as long, once for every judgement
        if said[index][2] is not None:
            return True
    return False


def _settle(policy: Policy, facts: Facts) -> datetime | None:
    """The first moment that is open under every rule that may defer; None when there is none in sight."""
    rules = tuple(policy.deferring.values())
    moment = facts.now
    while moment - facts.now <= timedelta(days=HORIZON_DAYS):
        latest = _pushed(rules, facts, moment)
        if latest is None or latest == moment:
            return latest
        moment = latest
    return None


def _pushed(rules: Iterable[NextOpen], facts: Facts, moment: datetime) -> datetime | None:
    """`moment`, moved on by each rule in turn; None when one of them never opens."""
    for next_open in rules:
        try:
            opens = next_open(facts, moment)
        except OverflowError:  # the calendar ends
            return None
        if opens is None:
            return None
        moment = opens
    return moment
