"""Whether one rule forbids whatever another forbids, and asks for whatever it asks for: kind by kind, exactly."""

from collections.abc import Callable
from typing import Any

from policies.lint.contradictions import open_minutes
from policies.lint.scope import Scope, holds_the_unknown, scope_of
from policies.rejection import WITHOUT_CODE
from policies.rules import AnyRule
from policies.rules.budget import Budget
from policies.rules.consent import Consent
from policies.rules.cooldown_after import CooldownAfter
from policies.rules.expires import Expires
from policies.rules.frequency_cap import FrequencyCap
from policies.rules.holdout import Holdout
from policies.rules.kill_switch import KillSwitch
from policies.rules.on_model_failure import OnModelFailure
from policies.rules.quiet_hours import QuietHours
from policies.rules.risk_review import RiskReview
from policies.rules.rule import Narrowed
from policies.rules.value_limit import Limit, ValueLimit
from policies.rules.window import Calendar, Rolling, Window
from policies.rules.working_days import WorkingDays

Within = Callable[[Any, Any], str | None]

WIDER = {("contact", "account"), ("tool", "global"), ("channel", "global")}
"""What is counted in the first is counted in the second too."""
LONGEST_HOURS = {"day": 26, "week": 8 * 24, "month": 32 * 24}
"""No calendar day, week or month has more, whatever its clocks do."""
CAUTION = ("allow", "review", "deny")


def as_tight(tight: AnyRule, loose: AnyRule) -> str | None:
    """Why `loose` changes nothing beside `tight`, as the end of a sentence after its id; None where it may."""
    if type(tight) is not type(loose) or (isinstance(loose, KillSwitch) and not loose.engaged):
        return None
    if _content(tight) == _content(loose):
        return "says the same"
    # What a rule counts by tools and channels, one that is about more of them counts too.
    if not holds_the_unknown(_scope(tight), _scope(loose)):
        return None
    compare = COMPARED.get(type(loose), _only_wider)
    return compare(tight, loose)


def _content(rule: AnyRule) -> dict[str, Any]:
    return rule.model_dump(exclude={"id"})


def _scope(rule: AnyRule) -> Scope:
    return scope_of(rule.when) if isinstance(rule, Narrowed) else Scope()


def _only_wider(tight: Any, loose: Any) -> str | None:
    """Kinds that are not compared key by key: the same but for `when`."""
    same = tight.model_dump(exclude={"id", "when"}) == loose.model_dump(exclude={"id", "when"})
    return "says the same of more acts" if same else None


def _cap(tight: FrequencyCap, loose: FrequencyCap) -> str | None:
    if tight.scope != loose.scope and (loose.scope, tight.scope) not in WIDER:
        return None
    if tight.max <= loose.max and window_holds(tight.window, loose.window):
        return f"allows at most {tight.max} in {tight.window.says()}"
    return None


def _value(tight: ValueLimit, loose: ValueLimit) -> str | None:
    names = ("per_account", "total", "per_reviewer")
    limits = all(_limit(getattr(tight, name), getattr(loose, name)) for name in names)
    fits = limits and _at_most(tight.single, loose.single) and not _other_keys(tight, loose, "single", *names)
    return "allows no more" if fits else None


def _limit(tight: Limit | None, loose: Limit | None) -> bool:
    if loose is None:
        return True
    return tight is not None and tight.max <= loose.max and window_holds(tight.window, loose.window)


def window_holds(wide: Window, narrow: Window) -> bool:
    """Whether all that lies in one window lies in another, at every moment and for every account."""
    match wide, narrow:
        case Rolling(), Rolling():
            return _hours(wide) >= _hours(narrow)
        case Rolling(), Calendar():
            # Without the account's zone a window by it counts nothing and denies.
            return narrow.zone == "operator" and _hours(wide) >= LONGEST_HOURS[narrow.unit]
        case Calendar(), Calendar():
            return wide.zone == narrow.zone and narrow.unit in (wide.unit, "day")
    return False


def _hours(window: Rolling) -> int:
    return window.hours if window.hours is not None else (window.days or 0) * 24


def _quiet(tight: QuietHours, loose: QuietHours) -> str | None:
    same_clock = tight.fallback_zone == loose.fallback_zone
    return "leaves fewer hours open" if same_clock and open_minutes(tight) <= open_minutes(loose) else None


def _days(tight: WorkingDays, loose: WorkingDays) -> str | None:
    same_clock = tight.fallback_zone == loose.fallback_zone
    names = ("public_holidays", "fallback_region")
    holidays = loose.public_holidays is None or all(getattr(tight, one) == getattr(loose, one) for one in names)
    return "leaves fewer days open" if same_clock and holidays and set(tight.days) <= set(loose.days) else None


def _consent(tight: Consent, loose: Consent) -> str | None:
    about = tight.channel in (None, loose.channel) and tight.purpose in (None, loose.purpose)
    silence = CAUTION.index(tight.unknown) >= CAUTION.index(loose.unknown)
    age = loose.max_age_days is None or (
        tight.max_age_days is not None and tight.max_age_days <= loose.max_age_days
    )
    source = tight.needs_source or not loose.needs_source
    return "asks for as much consent" if about and silence and age and source else None


def _risk(tight: RiskReview, loose: RiskReview) -> str | None:
    above = ("account_value_above", "four_eyes_above_value", "four_eyes_above_account_value")
    flags = ("untrusted_text", "embedded_model", "first_contact", "message_problems")
    lines = all(_at_most(getattr(tight, name), getattr(loose, name)) for name in above)
    below = loose.confidence_below
    doubt = below is None or (tight.confidence_below is not None and tight.confidence_below >= below)
    switched = all(getattr(tight, name) or not getattr(loose, name) for name in flags)
    both = lines and doubt and switched and not _other_keys(tight, loose, *above, *flags, "confidence_below")
    return "has a person look at all of it" if both else None


def _at_most(tight: float | None, loose: float | None) -> bool:
    """Whether a line is drawn no higher; one that is not drawn is infinitely high."""
    return loose is None or (tight is not None and tight <= loose)


def _switch(tight: KillSwitch, loose: KillSwitch) -> str | None:  # noqa: ARG001  the loose one is engaged
    return "stops all of it" if tight.engaged else None


def _failure(tight: OnModelFailure, loose: OnModelFailure) -> str | None:
    return "says the same" if (tight.then, tight.playbook) == (loose.then, loose.playbook) else None


def _expires(tight: Expires, loose: Expires) -> str | None:
    tools = {*tight.tools, *loose.tools, ""}
    waits = all(tight.after(tool) <= loose.after(tool) for tool in tools)
    longer = all(
        tight.after(tool) + tight.longer(tool) <= loose.after(tool) + loose.longer(tool) for tool in tools
    )
    ends = all(tight.then_of(tool) == loose.then_of(tool) for tool in tools)
    return "lets nothing wait as long" if ends and waits and longer else None


def _holdout(tight: Holdout, loose: Holdout) -> str | None:
    more = tight.seed == loose.seed and tight.share >= loose.share
    return f"holds out all of them (share {tight.share:g})" if more else None


def _cooldown(tight: CooldownAfter, loose: CooldownAfter) -> str | None:
    wider = tight.scope in ("account", loose.scope) and set(loose.what) <= set(tight.what)
    longer = _lasts_as_long(tight, loose)
    stricter = CAUTION.index(tight.then) >= CAUTION.index(loose.then)
    return "waits as long after all of it" if wider and longer and stricter else None


def _lasts_as_long(tight: CooldownAfter, loose: CooldownAfter) -> bool:
    """What codes say holds under both; a rejection without one needs days where `loose` has none."""
    if loose.days is not None:
        return tight.days is not None and tight.days >= loose.days
    if "rejected" not in loose.what or tight.days is None:
        return True
    return tight.scope == WITHOUT_CODE.scope and tight.days >= (WITHOUT_CODE.days or tight.days + 1)


def _budget(tight: Budget, loose: Budget) -> str | None:
    pairs = [(getattr(tight, what), getattr(loose, what)) for what in ("tokens", "money")]
    fits = all(
        _at_most(getattr(one, stretch, None), getattr(other, stretch, None))
        for one, other in pairs
        for stretch in ("run", "day", "month")
    )
    return "allows no more" if fits and not _other_keys(tight, loose, "tokens", "money") else None


def _other_keys(tight: Any, loose: Any, *compared: str) -> bool:
    """Whether they differ in a key that was not compared."""
    hidden = {"id", "when", *compared}
    return bool(tight.model_dump(exclude=hidden) != loose.model_dump(exclude=hidden))


COMPARED: dict[type[Any], Within] = {
    FrequencyCap: _cap,
    ValueLimit: _value,
    QuietHours: _quiet,
    WorkingDays: _days,
    Consent: _consent,
    RiskReview: _risk,
    KillSwitch: _switch,
    OnModelFailure: _failure,
    Expires: _expires,
    Holdout: _holdout,
    CooldownAfter: _cooldown,
    Budget: _budget,
}
