"""Tell the account's own manager what is known, by mail or over Slack. The customer hears nothing by it."""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any, ClassVar

from tools.channels.address import is_address
from tools.reason import all_fallen
from tools.tool import Arguments, Attachment, Option, Situation, Tried, arguments_as
from winback.errors import InputError
from winback.store.types import COLLEAGUE, EMAIL, SLACK
from winback.usage.drop import DropKind

WHAT: Mapping[DropKind, str] = {
    DropKind.ALL_QUIET: "the whole account went quiet",
    DropKind.FEATURE_FELL: "one feature is hardly used any more",
    DropKind.LIMIT_REACHED: "a limit of the plan was reached, and use fell",
    DropKind.CHAMPION_LEFT: "the most active person stopped coming",
    DropKind.STALLED_START: "a new account never got going",
}
TRIED: Mapping[str, str] = {
    "send_tutorial": "a tutorial",
    "offer_trial_upgrade": "the offer of a trial",
    "book_call": "an invitation to a call",
    "by_hand": "a word from one of you",
}
MOST_TRIED = 8
LATELY = timedelta(days=14)
HIGH, MIDDLE = 0.6, 0.3


class NotifyOwnerArguments(Arguments):
    """There is nothing to choose."""


class NotifyOwner:
    """Over Slack where it is configured, else by mail to the account's manager."""

    name: ClassVar[str] = "notify_owner"
    arguments: ClassVar[type[Arguments]] = NotifyOwnerArguments
    template: ClassVar[str] = "notify_owner"
    editable: ClassVar[tuple[str, ...]] = ("slots.subject", "slots.note")
    audience: ClassVar[str] = COLLEAGUE

    def options(self, situation: Situation) -> Sequence[Option]:
        """One, where somebody can be told."""
        medium = _medium(situation)
        return [] if medium is None else [self._option(medium)]

    def resolve(self, arguments: Arguments, situation: Situation) -> Option:
        arguments_as(NotifyOwnerArguments, arguments)
        medium = _medium(situation)
        if medium is None:
            raise InputError("nobody looks after this account who could be told", fix="import an owner_email")
        return self._option(medium)

    def template_values(self, option: Option, situation: Situation) -> dict[str, Any]:  # noqa: ARG002  one only
        drop, catalogue = situation.drop, situation.catalogue
        plan = catalogue.plan(situation.plan)
        return {
            "owner": situation.owner_name,
            "account": situation.account,
            "what": WHAT[drop.kind],
            "plan": plan.name["en"] if plan else situation.plan,
            "value": situation.value_per_month,
            "expected": drop.expected_days,
            "seen": drop.seen_days,
            "fell": [
                {"feature": catalogue.feature_words(one.feature), "before": one.before, "after": one.after}
                for one in all_fallen(drop)
            ],
            "onset": drop.onset,
            "seats_before": drop.seats_before,
            "seats_now": drop.seats_now,
            "risk": "high" if drop.risk >= HIGH else "middling" if drop.risk >= MIDDLE else "low",
            "silent": round(drop.risk * 100),
            "name": situation.person.name,
            "address": situation.person.address,
            "tried": [{"what": _words(one), "at": one.at.date()} for one in situation.tried[:MOST_TRIED]],
            "besides": _besides(situation),
        }

    def attachments(
        self,
        option: Option,  # noqa: ARG002 - all of it stands in the message
        situation: Situation,  # noqa: ARG002
        key: str,  # noqa: ARG002
    ) -> tuple[Attachment, ...]:
        return ()

    def _option(self, medium: str) -> Option:
        over = "Slack" if medium == SLACK else "mail"
        return Option(
            tool=self.name,
            arguments=NotifyOwnerArguments(),
            catalogue_id="owner",
            label=f"tell the account's manager over {over}; the customer hears nothing",
            hint="tell the account's own manager what is known; the customer hears nothing",
            medium=medium,
            audience=COLLEAGUE,
        )


def _medium(situation: Situation) -> str | None:
    if SLACK in situation.ways:
        return SLACK
    told = situation.owner_known and is_address(situation.owner_address)
    return EMAIL if told and EMAIL in situation.ways else None


def _words(one: Tried) -> str:
    return TRIED.get(one.tool, one.tool.replace("_", " "))


def _besides(situation: Situation) -> str:
    """Why nobody at the customer is written to as well: a word that the template knows."""
    if situation.person.stopped:
        return "stopped"
    if not situation.person.media:
        return "no_consent"
    if situation.tried and situation.now - situation.tried[0].at <= LATELY:
        return "lately"
    return "your_word"
