"""Carrying out effects: intent committed before the call, the policy asked once more, completion under a fence."""

from collections.abc import Callable, Sequence
from contextlib import ExitStack, closing
from dataclasses import replace
from datetime import timedelta
from functools import partial
from typing import Any

import structlog
from sqlalchemy import bindparam, update
from sqlmodel import Session, col, select

from tools.channels.channel import MaybeSent, NotSent, Receipt
from winback.decisions.answer import answer_commitment
from winback.decisions.kind import EntryKind
from winback.decisions.steps import Steps
from winback.errors import ConflictError, SetupError
from winback.failpoint import reach
from winback.store.among import among
from winback.store.models import Contact, Effect
from winback.store.types import CaseState, EffectState
from workers.acted import Acted, log_done, step, unknown
from workers.addressed import HOLDS_SECONDS, Addressed
from workers.claim import claim, claim_all
from workers.due import Due, due_effects, together
from workers.hand import EFFECT, FROZEN, Claim
from workers.policy_watch import watch_files, watch_policies
from workers.retry import attempts_of, receiver_of, wait_after
from workers.services import Services
from workers.switches import Thrown

log = structlog.get_logger(__name__)

HELD = select(Effect.id, Effect.epoch).where(Effect.state == EffectState.IN_FLIGHT)
ARRIVED = (
    update(EFFECT)
    .where(EFFECT.c.id == bindparam("one"))
    .values(
        state=EffectState.DONE.value,
        receipt=bindparam("answer", type_=EFFECT.c.receipt.type),
        done_at=bindparam("at", type_=EFFECT.c.done_at.type),
        problem="",
    )
)
UNPROVEN = "nobody: an earlier worker may still be at it"
"""Whose lease it is when this worker has done with an effect and cannot say that all before it have."""


def act_all(
    services: Services,
    *,
    stop: Callable[[], bool] = lambda: False,
    progress: Callable[[int, int], None] = lambda _done, _of: None,
) -> list[Acted]:
    """Carry out everything that is due; `stop` is asked between two acts."""
    due = due_effects(services)
    done: list[Acted] = []
    passed = 0
    while (chosen := together(services, due[passed:])) and not stop():
        found, through = _act_together(services, chosen, stop)
        done += found
        passed += through
        progress(passed, len(due))
    return done


def _act_together(services: Services, chosen: list[Due], stop: Callable[[], bool]) -> tuple[list[Acted], int]:
    """Some of them in a transaction each way, and how many of them that settles, in their order.

    Where one of them is in the way of the others they are acted on one by one.
    """
    if len(chosen) > 1:
        try:
            claimed, through = claim_all(services, chosen)
        except SetupError:
            raise
        except Exception as error:  # noqa: BLE001  one of them; nothing was changed
            log.warning("effects.apart", effects=len(chosen), reason=type(error).__name__)
        else:
            return _carry_all_out(services, claimed, stop), through
    first = chosen[: services.pace.most()]
    return [done for one in first if (done := _act_apart(services, one.id)) is not None], len(first)


def _act_apart(services: Services, effect_id: int) -> Acted | None:
    """One effect that cannot be carried out must not stop the others."""
    try:
        return act(services, effect_id)
    except SetupError:
        raise
    except Exception as error:  # noqa: BLE001  whatever is wrong with it
        log.error("effect.broken", effect=effect_id, reason=type(error).__name__)  # noqa: TRY400  no customer's words
        return None


def act(services: Services, effect_id: int) -> Acted | None:
    """Judge one due effect again and carry it out; None when another worker has it."""
    try:
        claimed = claim(services, effect_id)
    except ConflictError:
        return None
    if claimed is None:
        return None
    return next(iter(_carry_all_out(services, [claimed], lambda: False)), None)


def _carry_all_out(services: Services, claimed: Sequence[Claim | Acted], stop: Callable[[], bool]) -> list[Acted]:
    """Send one after another; what arrived is written down together."""
    done = [one for one in claimed if isinstance(one, Acted)]
    claims = [one for one in claimed if isinstance(one, Claim)]
    if not claims:
        return done
    arrived: list[tuple[Effect, Receipt]] = []
    failing: set[str] = set()
    # The lease runs from the intent on: taking many in hand takes some of it.
    judged_by, began, sent = services.policy.hash, claims[0].effect.intent_at or services.clock.now(), 0
    with ExitStack() as stack:
        many = services.pace.within(HOLDS_SECONDS)
        addressed = stack.enter_context(closing(Addressed(services.store, [one.effect for one in claims], many)))
        thrown = Thrown(stack.enter_context(services.store.glancing()))
        for number, one in enumerate(claims):
            way = receiver_of(one.effect.medium, one.effect.payload)
            rests = way in failing and services.breaker(way).closed_until() is not None
            if thrown.since():
                watch_policies(services)
            else:
                watch_files(services)
            changed = services.policy.hash != judged_by
            held_back = _held_back(services, one, stop(), rests, changed) or addressed.refusal(number)
            answer = held_back or _send(services, one, partial(addressed.last_word, number))
            sent += held_back is None
            if isinstance(answer, Receipt):
                arrived.append((one.effect, answer))
                continue
            addressed.close()
            failing.add(way)
            if (settled := _unsettled(services, one, answer)) is not None:
                done.append(settled)
    services.pace.note(sent, (services.clock.now() - began).total_seconds())
    return [*done, *_done(services, arrived)] if arrived else done


def _held_back(services: Services, claim: Claim, stopping: bool, rests: bool, changed: bool) -> NotSent | None:
    """Why an effect that was intended with others is not sent after all: it goes back as it was."""
    effect, now = claim.effect, services.clock.now()
    if services.policy.hash != claim.policy:
        return NotSent("the policy has changed since", retry=True, after=timedelta(0), tried=False)
    until = effect.lease_until
    if stopping:
        return NotSent("the worker was told to stop", retry=True, after=timedelta(0), tried=False)
    if until is not None and until <= now:
        return NotSent("the lease ended before its turn came", retry=True, after=timedelta(0), tried=False)
    if changed:
        return NotSent("the policy changed after it was judged", retry=True, after=timedelta(0), tried=False)
    if rests:
        return NotSent("its channel does not answer", retry=True, after=timedelta(minutes=1), tried=False)
    return None


def _send(services: Services, claim: Claim, last_word: Callable[[], None]) -> Receipt | NotSent | MaybeSent:
    effect = claim.effect
    log.debug("effect.intent", effect=effect.key, case=effect.case_id, epoch=effect.epoch)
    breaker = services.breaker(receiver_of(effect.medium, effect.payload))
    try:
        reach("send", "before")
        receipt = services.way(effect.medium).send(replace(claim.parcel, last_word=last_word))
        reach("send", "after")
    except NotSent as problem:
        if problem.tried:
            breaker.note(failed=problem.channel_failed)
        return problem
    except MaybeSent as problem:
        breaker.note(failed=True)
        return problem
    breaker.note(failed=False)
    return receipt


def _unsettled(services: Services, claim: Claim, problem: NotSent | MaybeSent) -> Acted | None:
    if isinstance(problem, MaybeSent):
        return _doubt(services, claim, problem, NotSent(str(problem), retry=True))
    if claim.doubtful:
        return _doubt(services, claim, MaybeSent(f"{FROZEN}; this time: {problem}"), problem)
    return _not_sent(services, claim.effect, problem)


def _most(services: Services) -> int:
    return services.settings.worker.max_attempts


def _done(services: Services, arrived: Sequence[tuple[Effect, Receipt]]) -> list[Acted]:
    """Write down what arrived. Whoever lost its lease changes nothing."""
    now, numbers = services.clock.now(), [effect.id or 0 for effect, _ in arrived]
    with services.store.write("done") as session:
        fences = HELD.where(among(Effect.id, numbers)).order_by(col(Effect.id)).with_for_update()
        epochs = dict(session.exec(fences).all())
        held = [(one, receipt.to_plain()) for one, receipt in arrived if epochs.get(one.id) == one.epoch]
        if not held:
            return []
        steps = Steps(session)
        steps.lock([one.case_id for one, _ in held])
        people = select(Contact.id, Contact.salt).where(among(Contact.id, {one.contact_id for one, _ in held}))
        salts = dict(session.exec(people).all())
        arrivals = [{"one": one.id, "answer": answer, "at": now} for one, answer in held]
        session.connection().execute(ARRIVED, arrivals)
        done = [log_done(steps, one, salts[one.contact_id], answer, now) for one, answer in held]
        steps.flush()
    return done


def _not_sent(services: Services, effect: Effect, problem: NotSent) -> Acted | None:
    """It certainly did not go: try again later, or hand it to a person when trying is pointless."""
    now = services.clock.now()
    attempts = effect.attempts if problem.tried else effect.attempts - 1
    final = not problem.retry or attempts >= attempts_of(effect.medium, _most(services))
    state = EffectState.FAILED if final else EffectState.PENDING
    kind = EntryKind.FAILED if final else EntryKind.NOT_SENT
    due = now if final else now + wait_after(attempts, problem)
    with services.store.write("not_sent") as session:
        said = answer_commitment(session, effect.contact_id, str(problem))
        body: dict[str, Any] = {"action_hash": effect.action_hash, "problem_commitment": said}
        if not _complete(
            session, effect, state=state, due_at=due, attempts=attempts, problem=str(problem),
            intent_at=None, lease_until=None,
        ):  # fmt: skip
            return None
        steps = Steps(session)
        if final:
            again = now + services.again
            done = step(steps, effect, kind, now, body, state=CaseState.WATCHING, next_at=again)
        else:
            done = step(steps, effect, kind, now, {**body, "again_at": due})
        steps.flush()
    log.warning("effect.not_sent", effect=effect.key, final=final, attempts=effect.attempts)
    return done


def _doubt(services: Services, claim: Claim, problem: MaybeSent, last: NotSent) -> Acted | None:
    """A receiver that can tell, or refuses a repeat, is asked or sent to again; else a person looks.

    `last` is what came of this try: one that we held back ourselves is none, and waits as long as it says.
    """
    effect = claim.effect
    attempts = effect.attempts if last.tried else effect.attempts - 1
    blind = services.way(effect.medium).capability == "blind"
    if blind or attempts >= attempts_of(effect.medium, _most(services)):
        return _may_have_been_sent(services, effect, str(problem))
    return _ask_later(services, claim, problem, attempts, wait_after(attempts, last))


def _ask_later(
    services: Services, claim: Claim, problem: MaybeSent, attempts: int, wait: timedelta
) -> Acted | None:
    """It stays in flight under nobody's lease, until it is time to ask."""
    effect, now = claim.effect, services.clock.now()
    owner = UNPROVEN if claim.doubtful else None
    until = now + wait
    with services.store.write("ask_later") as session:
        said = answer_commitment(session, effect.contact_id, str(problem))
        body = {"action_hash": effect.action_hash, "problem_commitment": said, "again_at": until}
        kept = {"problem": str(problem), "attempts": attempts, "lease_owner": owner, "lease_until": until}
        if not _complete(session, effect, **kept):
            return None
        steps = Steps(session)
        done = step(steps, effect, EntryKind.OUTCOME_UNKNOWN, now, body)
        steps.flush()
    log.warning("effect.outcome_unknown", effect=effect.key, attempts=effect.attempts)
    return done


def _may_have_been_sent(services: Services, effect: Effect, problem: str) -> Acted | None:
    now = services.clock.now()
    with services.store.write("unknown") as session:
        fresh = session.get_one(Effect, effect.id, with_for_update=True, populate_existing=True)
        if fresh.epoch != effect.epoch or fresh.state != EffectState.IN_FLIGHT:
            return None
        steps = Steps(session)
        done = unknown(steps, fresh, now, problem)
        steps.flush()
        return done


def _complete(session: Session, effect: Effect, **values: Any) -> bool:
    """Compare and set on the fence: a worker that lost its lease changes nothing."""
    changed = session.connection().execute(
        update(Effect)
        .where(
            col(Effect.id) == effect.id,
            col(Effect.epoch) == effect.epoch,
            col(Effect.state) == EffectState.IN_FLIGHT,
        )
        .values(**values)
    )
    return changed.rowcount == 1
