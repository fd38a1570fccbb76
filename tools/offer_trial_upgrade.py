"""Offer some days of the next plan up, when it lifts the limit that was reached or has more to give."""

import json
from collections.abc import Sequence
from datetime import timedelta
from typing import Any, ClassVar

from pydantic import Field

from tools.catalogue import Id, Plan, Trial
from tools.reason import fallen, reason_values
from tools.tool import Arguments, Attachment, Grant, Option, Preview, Situation, arguments_as
from winback.clock import aware
from winback.errors import InputError
from winback.store.types import EMAIL, IN_APP
from winback.usage.drop import DropKind

PLAN_MONTH_DAYS = 30


class OfferTrialUpgradeArguments(Arguments):
    trial: Id
    days: int = Field(ge=1, le=90)


class OfferTrialUpgrade:
    """The nearest plan up fits best; within a trial the length that the catalogue names first."""

    name: ClassVar[str] = "offer_trial_upgrade"
    arguments: ClassVar[type[Arguments]] = OfferTrialUpgradeArguments
    template: ClassVar[str] = "offer_trial_upgrade"
    editable: ClassVar[tuple[str, ...]] = ("days", "slots.subject", "slots.note")
    media: ClassVar[tuple[str, ...]] = (EMAIL, IN_APP)

    def options(self, situation: Situation) -> Sequence[Option]:
        """One per trial and length that gives this account more than it has, best first."""
        current = situation.catalogue.plan(situation.plan)
        if current is None:
            return []
        trials = [trial for trial in situation.catalogue.trials if trial.id not in situation.had]
        useful = [one for one in trials if _gives_more(one, current, situation)]
        useful.sort(key=lambda trial: (_plan(trial.plan, situation).rank, trial.id))
        return [
            self._option(trial, days, situation, fit=_relevance(situation) / (1 + step) * 0.9**place)
            for step, trial in enumerate(useful)
            for place, days in enumerate(trial.days)
        ]

    def resolve(self, arguments: Arguments, situation: Situation) -> Option:
        chosen = arguments_as(OfferTrialUpgradeArguments, arguments)
        trial, current = situation.catalogue.trial(chosen.trial), situation.catalogue.plan(situation.plan)
        if trial is None:
            raise InputError(f"no trial {chosen.trial!r} in the catalogue", fix="choose another")
        if chosen.days not in trial.days:
            allowed = ", ".join(str(days) for days in trial.days)
            raise InputError(f"trial {trial.id!r} is not offered for {chosen.days} days", fix=f"choose {allowed}")
        if current is None or not _gives_more(trial, current, situation):
            raise InputError(f"trial {trial.id!r} gives plan {situation.plan!r} nothing more", fix="reject it")
        if trial.id in situation.had:
            raise InputError(f"trial {trial.id!r} was offered to them before", fix="choose another")
        return self._option(trial, chosen.days, situation, fit=_relevance(situation))

    def template_values(self, option: Option, situation: Situation) -> dict[str, Any]:
        trial, days, plan = self._chosen(option, situation)
        current = _plan(situation.plan, situation)
        values = reason_values(situation)
        feature = _wanted_feature(situation)
        allowance = plan.allowance(feature) if feature else 0.0
        lifted = feature is not None and allowance > current.allowance(feature)
        added = [one for one in plan.includes if one not in current.includes and one != feature]
        return {
            **values,
            "plan": plan.name,
            "current_plan": current.name,
            "price": plan.price_per_month,
            "days": days,
            "answer_days": trial.answer_days,
            "lifted": situation.catalogue.feature_words(feature) if lifted and feature else None,
            "limit": int(allowance) if lifted and allowance != float("inf") else None,
            "added": [situation.catalogue.feature_words(one) for one in added],
        }

    def attachments(self, option: Option, situation: Situation, key: str) -> tuple[Attachment, ...]:
        """`offer.json`: the record of what was offered, for how long, at what price."""
        trial, days, plan = self._chosen(option, situation)
        offered_at = aware(situation.now)
        record = {
            "key": key,
            "trial": trial.id,
            "plan": plan.id,
            "from_plan": situation.plan,
            "days": days,
            "price": 0,
            "regular_price_per_month": plan.price_per_month,
            "value": option.value,
            "currency": situation.company.currency,
            "offered_at": offered_at.isoformat(),
            "valid_until": (offered_at + timedelta(days=trial.answer_days)).isoformat(),
        }
        content = json.dumps(record, ensure_ascii=False, indent=2).encode() + b"\n"
        return (Attachment(name="offer.json", media_type="application/json", content=content),)

    def preview(self, option: Option, situation: Situation) -> Preview:
        """The plan, for how long, and what it would cost afterwards."""
        trial, days, plan = self._chosen(option, situation)
        until = aware(situation.now) + timedelta(days=trial.answer_days)
        name = plan.name.get(situation.person.language, plan.name["en"])
        return Preview(Grant(name, plan.price_per_month, days, until, until + timedelta(days=days)))

    def _chosen(self, option: Option, situation: Situation) -> tuple[Trial, int, Plan]:
        arguments = arguments_as(OfferTrialUpgradeArguments, option.arguments)
        trial = situation.catalogue.trial(arguments.trial)
        if trial is None:
            raise InputError(f"no trial {arguments.trial!r} in the catalogue", fix="choose another")
        return trial, arguments.days, _plan(trial.plan, situation)

    def _option(self, trial: Trial, days: int, situation: Situation, fit: float) -> Option:
        plan = _plan(trial.plan, situation)
        value = round(days / PLAN_MONTH_DAYS * plan.price_per_month, 2)
        return Option(
            tool=self.name,
            arguments=OfferTrialUpgradeArguments(trial=trial.id, days=days),
            catalogue_id=trial.id,
            hint=f"{days} days of the {plan.name['en']} plan, free of charge",
            label=f"{days} days of the {plan.name['en']} plan, worth {value:g} {situation.company.currency}",
            value=value,
            fit=round(fit, 4),
        )


def _plan(plan: str | None, situation: Situation) -> Plan:
    found = situation.catalogue.plan(plan)
    if found is None:
        raise InputError(f"no plan {plan!r} in the catalogue", fix="choose another")
    return found


def _wanted_feature(situation: Situation) -> str | None:
    drop = situation.drop
    if drop.kind is DropKind.LIMIT_REACHED:
        return drop.limit_feature
    return driver.feature if (driver := fallen(drop)) else None


def _gives_more(trial: Trial, current: Plan, situation: Situation) -> bool:
    """Whether the plan lifts the limit that was reached; without one, whether it has anything more."""
    plan = _plan(trial.plan, situation)
    if current.id not in trial.from_plans:
        return False
    feature = situation.drop.limit_feature
    if situation.drop.kind is DropKind.LIMIT_REACHED and feature is not None:
        return plan.allowance(feature) > current.allowance(feature)
    return any(plan.allowance(one) > current.allowance(one) for one in plan.includes)


def _relevance(situation: Situation) -> float:
    return 1.0 if situation.drop.kind is DropKind.LIMIT_REACHED else 0.5
