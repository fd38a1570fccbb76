"""What workers and people do in the crash matrix. Done again after a crash, each finds what is left to do."""

import threading
from contextlib import suppress
from datetime import timedelta

from sqlmodel import col, select

from winback.decisions.log import seal as seal_log
from winback.errors import ConflictError, InputError
from winback.store.models import Contact, Effect, Interaction, Proposal, Review
from winback.store.types import InteractionKind, Outcome, ReviewState
from winback.testing.world import AS_OF, entries
from workers import desk
from workers import review as reviews
from workers.act import act_all
from workers.answer import answer_offer, answer_survey, contest
from workers.booking import cancel, slots
from workers.booking import choose as choose_time
from workers.expire import expire_all
from workers.held_back import lift
from workers.known_names import known_names
from workers.pause import pause, resume
from workers.prefer import prefer, wishes_of
from workers.privacy.erase import erase as erase_person
from workers.propose import propose_all
from workers.queue_list import Filters
from workers.record import Party, close_ticket, record
from workers.saved_view import drop_view, save_view
from workers.scan import close
from workers.schedule import take_run, tick_act
from workers.services import Services
from workers.settle import send_again, settle
from workers.switches import engage, release, switches
from workers.undo import undo as take_back
from workers.unsubscribe import stop_contact
from workers.worker import carry_out


def act(services: Services) -> None:
    act_all(services)


def propose(services: Services) -> None:
    propose_all(services, AS_OF)
    act_all(services)


def approve(services: Services) -> None:
    _approve(services, "rita")
    act_all(services)


def accept(services: Services) -> None:
    """The customer accepts the offer that went to them; what follows is carried out."""
    answer_offer(services, first_key(services), "accepted")
    act_all(services)


def choose(services: Services) -> None:
    """The customer takes the first time that is free, or has taken one."""
    offered = slots(services, first_key(services))
    if offered.booking is None:
        choose_time(services, first_key(services), offered.free[0])
    act_all(services)


def cancel_call(services: Services) -> None:
    cancel(services, first_key(services))
    act_all(services)


def first_key(services: Services) -> str:
    """The act that a link of the first message speaks of."""
    with services.store.read() as session:
        return session.exec(select(Effect.key).where(Effect.part == "message").order_by(col(Effect.id))).all()[0]


def approve_as_two(services: Services) -> None:
    _approve(services, "rita")
    _approve(services, "ravi")
    act_all(services)


def edit(services: Services) -> None:
    """Another number of days, then an approval of the child."""
    for one in _pending(services):
        with services.store.read() as session:
            proposal = session.get_one(Proposal, one.proposal_id)
        trial = services.catalogue.trial(proposal.catalogue_id)
        assert trial is not None
        days = next(days for days in trial.days if days != proposal.arguments["days"])
        if proposal.parent_hash is None:
            with suppress(ConflictError, InputError):
                reviews.edit(services, one.id or 0, one.action_hash, "rita", {"days": str(days)})
    approve(services)


def snooze(services: Services) -> None:
    for one in _pending(services):
        until = services.clock.now() + timedelta(hours=1)
        reviews.snooze(services, one.id or 0, one.action_hash, "rita", until)
    approve(services)


def undo(services: Services) -> None:
    """Approved, taken back, approved again; whoever died in between finds it in one of these states."""
    _approve(services, "rita")
    with suppress(ConflictError):
        take_back(services, 1, "rita")
    approve(services)


def reject(services: Services) -> None:
    for one in _pending(services):
        reviews.reject(services, one.id or 0, one.action_hash, "rita", "not_now", "")
    act_all(services)


def expire(services: Services) -> None:
    expire_all(services)
    act_all(services)


def unsubscribe(services: Services) -> None:
    stop_contact(services, 1, "reply")
    act_all(services)


def recover(services: Services) -> None:
    """Usage is back: the case closes, and what waited lapses."""
    close(services, 1, Outcome.RECOVERED, services.clock.now(), {})
    act_all(services)


def settle_as_sent(services: Services) -> None:
    with suppress(ConflictError):
        settle(services, 1, sent=True, by="rita")


def settle_as_not_sent(services: Services) -> None:
    """A person says it once, of what really did not arrive; an agent looks again."""
    if "settled" not in entries(services.store, 1):
        settle(services, 1, sent=False, by="rita")
    propose(services)


def try_again(services: Services) -> None:
    """A person has it tried again, once."""
    if "sent_again" not in entries(services.store, 1):
        send_again(services, 1, "rita")
    act_all(services)


def at_the_desk(services: Services) -> None:
    """All that reviewers do around a decision, and then an approval."""
    save_view(services, "rita", "mine", Filters(tool="offer_trial_upgrade"))
    for one in _pending(services):
        number, digest = one.id or 0, one.action_hash
        desk.claim_item(services, number, "rita")
        desk.release(services, number, "rita")
        with suppress(ConflictError):
            reviews.escalate(services, number, digest, "rita")
        with suppress(ConflictError):
            desk.hand_to(services, number, digest, "rita", "ravi")
    drop_view(services, "rita", "mine")
    approve(services)


def lift_it(services: Services) -> None:
    """What a rejection holds back is let go."""
    reject(services)
    with suppress(ConflictError):
        lift(services, 1, "rita", "they asked again")


def switch(services: Services) -> None:
    """Everything is stopped for a moment; nobody looks meanwhile."""
    known = known_names(services.registry, services.catalogue)
    now = services.clock.now()
    with suppress(ConflictError):
        engage(services.store, known, "olga", now, "everything", "", "trouble")
    with services.store.read() as session:
        engaged = [one.id or 0 for one in switches(session, engaged=True)]
    for number in engaged:
        release(services.store, "olga", now, number, "over")
    act_all(services)


def rest(services: Services) -> None:
    """Acting rests, and goes on."""
    with suppress(ConflictError):
        pause(services, "act", "olga", "a move")
    with suppress(ConflictError):
        resume(services, "act")
    slot(services)


def say(services: Services) -> None:
    """Once the message is there the customer says what they think of it, and what they want."""
    act_all(services)
    key = first_key(services)
    with services.store.read() as session:
        wishes = wishes_of(session, services, session.get_one(Contact, 1))
    with suppress(ConflictError, InputError):
        answer_survey(services, key, 4)
    with suppress(ConflictError, InputError):
        contest(services, key, "I was on holiday")
    prefer(services, key, wishes)


def note_down(services: Services) -> None:
    """A ticket is opened and closed by hand."""
    act_all(services)
    now = services.clock.now()
    with services.store.read() as session:
        open_ones = session.exec(select(Interaction.id).where(col(Interaction.closed_at).is_(None))).all()
        all_ = session.exec(select(Interaction.id)).all()
    if not all_:
        open_ones = [record(services, Party(1, 1), InteractionKind.TICKET, now, "rita")]
    for number in open_ones:
        close_ticket(services, number or 0, "rita", now)


def seal(services: Services) -> None:
    act_all(services)
    seal_log(services.store, services.clock.now())


def slot(services: Services) -> None:
    """As the background worker does it: a tick, a slot that is taken, its end."""
    tick_act(services)
    while (taken := take_run(services)) is not None:
        carry_out(services, taken, threading.Event())


def break_policy(services: Services) -> None:
    """A change that cannot be read comes before the act."""
    (services.settings.home / "policy.yaml").write_text("rules: [", encoding="utf-8")
    act_all(services)


def erase(services: Services) -> None:
    with suppress(InputError):
        erase_person(services, "acme-ann@example.com")
    act_all(services)


def _pending(services: Services) -> list[Review]:
    with services.store.read() as session:
        query = select(Review).where(Review.state == ReviewState.PENDING).order_by(col(Review.id))
        return list(session.exec(query).all())


def _approve(services: Services, by: str) -> None:
    for one in _pending(services):
        with suppress(ConflictError):
            reviews.approve(services, one.id or 0, one.action_hash, by)
