"""The ways of an effect on which the crash matrix kills, and what must have come of each."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Literal

from tests.acceptance.crash import step
from tests.acceptance.crash.place import Failure, Place
from tools.channels.channel import MaybeSent, NotSent
from winback import failpoint
from winback.store.models import Effect
from winback.testing import forked
from winback.testing.world import AS_OF, NOON, PERMISSIVE, add_account, open_case, sample_drop
from winback.usage.drop import DropKind
from workers.act import act_all
from workers.propose import propose_all
from workers.services import Services

QUIET = PERMISSIVE + '  - {id: quiet, kind: quiet_hours, from: "09:00", to: "17:00", fallback_zone: UTC}\n'
STOPPED = PERMISSIVE + "  - {id: stop, kind: kill_switch, engaged: true, reason: trouble}\n"
ASKED = PERMISSIVE.replace("mode: auto", "mode: review")
OFFER = """version: 1
rules:
  - {id: tools, kind: allow_tools, allow: [{tools: [offer_trial_upgrade], mode: review}]}
  - {id: expiry, kind: expires, hours: 168}
"""
CALL = OFFER.replace("offer_trial_upgrade", "book_call")
SOON = OFFER.replace("hours: 168", "hours: 1")
TWO = OFFER + "  - {id: two, kind: risk_review, first_contact: false, four_eyes_above_value: 1}\n"

APART = {
    "add_user": "a user of the console; no effect is touched",
    "change_user": "a user of the console; no effect is touched",
    "save_policy": "files of a policy; tests/integration/workers/test_draft.py dies half-way",
    "end_shadow": "a policy that decides nothing; whoever is killed here ends it again",
    "end_sign_in": "a user of the console; no effect is touched",
    "note": "what somebody did in the console; no effect is touched",
    "make_token": "a user of the console; no effect is touched",
    "prefer_for_self": "a user of the console; no effect is touched",
    "revoke_token": "a user of the console; no effect is touched",
    "see_sign_in": "a user of the console; no effect is touched",
    "set_up": "a user of the console; no effect is touched",
    "set_up_link": "a user of the console; no effect is touched",
    "sign_in": "a user of the console; no effect is touched",
    "sign_in_by_provider": "a user of the console; no effect is touched",
    "checkpoint": "signs what there is; no effect is touched",
    "feed_item": "the feed's own row, which its key lets in once; it is the receiver",
    "feed_seen": "somebody has seen a message; no effect is touched",
    "demo": "people come in; there is no case yet",
    "doctor": "writes nothing",
    "expire_planted": "an item that can never act; no effect is touched",
    "erase_rows": "a row for a person whom only usage knows: nothing was ever proposed to them",
    "hold_alarms": "says that a scan opened nothing",
    "hold_out": "the case is watched; nothing is ever proposed in it",
    "open_case": "the case begins; nothing is proposed yet",
    "people": "people come in; no effect is touched",
    "plant": "an item that can never act; no effect is touched",
    "stand_back": "an agent chose nothing; nothing is proposed",
    "take_mail": "what came back; killed in tests/integration/workers/inbox",
}
"""Transactions that are not on the way of an effect, each with the reason."""


def one_case(place: Place) -> None:
    """A case that waits for an agent."""
    with place.services() as services, services.store.write("test") as session:
        open_case(session, add_account(session))


def one_due(place: Place) -> None:
    """An effect that is due."""
    one_case(place)
    with place.services() as services:
        propose_all(services, AS_OF)


def two_due(place: Place) -> None:
    """Two effects of two accounts: where the receiver refuses a repeat, they are intended at once."""
    with place.services() as services:
        with services.store.write("test") as session:
            for name in ("acme", "beta"):
                open_case(session, add_account(session, name))
        propose_all(services, AS_OF)


def one_offered(place: Place) -> None:
    """A trial offer that has arrived."""
    one_queued(place)
    with place.services(OFFER) as services:
        step.approve(services)


def one_call_offered(place: Place) -> None:
    """An invitation to choose a time that has arrived."""
    with place.services(CALL) as services:
        with services.store.write("test") as session:
            open_case(session, add_account(session), sample_drop("acme", DropKind.ALL_QUIET))
        propose_all(services, AS_OF)
        step.approve(services)


def one_call_chosen(place: Place) -> None:
    """A call that is arranged."""
    one_call_offered(place)
    with place.services(CALL) as services:
        step.choose(services)


def one_queued(place: Place, policy: str = OFFER) -> None:
    """A trial offer that waits for a person."""
    with place.services(policy) as services:
        with services.store.write("test") as session:
            open_case(session, add_account(session), sample_drop("acme", DropKind.LIMIT_REACHED))
        propose_all(services, AS_OF)


def two_asked(place: Place) -> None:
    """The same, and two people must approve it."""
    one_queued(place, TWO)


def died_at(point: str, *, elsewhere: bool = False) -> Callable[[Place], None]:
    """An effect whose worker died at a point; `elsewhere`: nobody can prove that, and its lease is over."""

    def prepare(place: Place) -> None:
        one_due(place)

        def dying() -> None:
            failpoint.arm(point)
            with place.services() as services:
                act_all(services)

        assert forked.run(dying).died_at == point
        if elsewhere:
            with place.services() as services, services.store.write("test") as session:
                effect = session.get_one(Effect, 1)
                effect.lease_owner, effect.lease_until = "another-1/2/3/4.00", NOON - timedelta(seconds=1)

    return prepare


def in_doubt(*, lost: bool) -> Callable[[Place], None]:
    """An effect of which nobody knows whether it was sent; `lost`: it was."""

    def prepare(place: Place) -> None:
        one_due(place)
        with place.services(failure=MaybeSent("the line dropped"), lost=lost) as services:
            act_all(services)

    return prepare


def given_up(place: Place) -> None:
    """An effect that certainly did not go, and was given up."""
    one_due(place)
    with place.services(failure=NotSent("no such mailbox", retry=False)) as services:
        act_all(services)


@dataclass(frozen=True)
class Scenario:
    """`step` is what may die, `hours` after the beginning, under `policy`, with a receiver that may fail once.

    `expects`: once: delivered and done; never: not delivered; settled: done, or a person sees it. `only` at
    these transactions, where the rest of the way is that of another scenario. `doubt`: on a blind receiver
    it may end before a person wherever it dies. `deliveries`: how many acts reach the receiver in all, those
    of `prepare` included. `alike`: it dies before any intent, so that all receivers are
    alike; the blind one, which forgives least, stands for them.
    """

    name: str
    step: Callable[[Services], None]
    prepare: Callable[[Place], None] = one_due
    policy: str = PERMISSIVE
    hours: float = 0
    failure: Failure | None = None
    lost: bool = False
    expects: Literal["once", "never", "settled"] = "once"
    doubt: bool = False
    deliveries: int = 1
    only: tuple[str, ...] = ()
    alike: bool = False

    def covers(self, transaction: str) -> bool:
        """Whether to die there. Every process looks at the policy first: one scenario is enough for that."""
        return transaction in self.only or not (self.only or transaction == "policy_changed")

    @contextmanager
    def services(self, place: Place) -> Iterator[Services]:
        """What the one who may die works with."""
        with place.services(self.policy, self.hours, self.failure, lost=self.lost) as services:
            yield services


SCENARIOS = (
    Scenario("propose", step.propose, one_case),
    Scenario("act", step.act),
    Scenario("act together", step.act, two_due, deliveries=2),
    Scenario("accept an offer", step.accept, one_offered, OFFER, deliveries=2),
    Scenario("choose a time", step.choose, one_call_offered, CALL, deliveries=4),
    Scenario("cancel a call", step.cancel_call, one_call_chosen, CALL, deliveries=7),
    Scenario("new policy", step.act, only=("policy_changed",), alike=True),
    Scenario("approve", step.approve, one_queued, OFFER),
    Scenario("approve as two", step.approve_as_two, two_asked, TWO, only=("approve",), alike=True),
    Scenario("undo", step.undo, one_queued, OFFER, only=("undo", "approve"), alike=True),
    Scenario("edit", step.edit, one_queued, OFFER, only=("edit", "approve"), alike=True),
    Scenario("snooze", step.snooze, one_queued, OFFER, only=("snooze",), alike=True),
    Scenario("reject", step.reject, one_queued, OFFER, expects="never", alike=True),
    Scenario("expire", step.expire, one_queued, SOON, 2, expects="never", only=("waits", "expire"), alike=True),
    Scenario("defer", step.act, policy=QUIET, alike=True),
    Scenario("lapse", step.act, policy=STOPPED, expects="never", alike=True),
    Scenario("ask a person after all", step.act, policy=ASKED, expects="never", alike=True),
    Scenario("refused once", step.act, failure=NotSent("busy", retry=True)),
    Scenario("refused", step.act, failure=NotSent("no such mailbox", retry=False), expects="settled"),
    Scenario("line dropped", step.act, failure=MaybeSent("dropped"), expects="settled"),
    Scenario("answer lost", step.act, failure=MaybeSent("dropped"), lost=True, expects="settled"),
    Scenario("died before sending", step.act, died_at("send.before"), doubt=True),
    Scenario("died after sending", step.act, died_at("send.after"), doubt=True),
    Scenario("frozen before sending", step.act, died_at("send.before", elsewhere=True), expects="settled"),
    Scenario("frozen after sending", step.act, died_at("send.after", elsewhere=True), expects="settled"),
    Scenario("unsubscribe", step.unsubscribe, expects="never", alike=True),
    Scenario("unsubscribe in review", step.unsubscribe, one_queued, OFFER, expects="never", alike=True),
    Scenario("unsubscribe in flight", step.unsubscribe, died_at("send.before"), expects="never"),
    Scenario("unsubscribe after sending", step.unsubscribe, died_at("send.after"), doubt=True),
    Scenario("recovered", step.recover, expects="never", alike=True),
    Scenario("recovered in review", step.recover, one_queued, OFFER, expects="never", alike=True),
    Scenario("recovered in flight", step.recover, died_at("send.after"), doubt=True),
    Scenario("settle as sent", step.settle_as_sent, in_doubt(lost=True), only=("settle",), alike=True),
    Scenario(
        "settle as not sent", step.settle_as_not_sent, in_doubt(lost=False), only=("settle", "propose"), alike=True
    ),
    Scenario("send again", step.try_again, given_up, only=("send_again",), alike=True),
    Scenario("seal", step.seal, only=("seal",), alike=True),
    Scenario("slot", step.slot, only=("tick", "take_run", "finish_run"), alike=True),
    Scenario("broken policy", step.break_policy, only=("policy_refused",), alike=True),
    Scenario(
        "around a decision",
        step.at_the_desk,
        one_queued,
        OFFER,
        only=("claim_item", "release", "escalate", "hand_to", "save_view", "drop_view"),
        alike=True,
    ),
    Scenario("lift", step.lift_it, one_queued, OFFER, expects="never", only=("lift",), alike=True),
    Scenario("switch", step.switch, only=("engage_switch", "release_switch"), alike=True),
    Scenario("rest", step.rest, only=("pause", "resume"), alike=True),
    Scenario("answers", step.say, only=("answer_survey", "contest", "prefer"), alike=True),
    Scenario("facts", step.note_down, only=("record", "close_ticket"), alike=True),
    Scenario("erase", step.erase, expects="never", alike=True),
)
