"""The kinds of rule. Each is one file: a typed model that compiles into one closure."""

from typing import Annotated

from pydantic import Field

from policies.rules.allow_tools import AllowTools
from policies.rules.budget import Budget
from policies.rules.consent import Consent
from policies.rules.cooldown_after import CooldownAfter
from policies.rules.expires import Expires
from policies.rules.expr import Expr
from policies.rules.frequency_cap import FrequencyCap
from policies.rules.holdout import Holdout
from policies.rules.kill_switch import KillSwitch
from policies.rules.on_model_failure import OnModelFailure
from policies.rules.preferences import Preferences
from policies.rules.quiet_hours import QuietHours
from policies.rules.ramp import Ramp
from policies.rules.risk_review import RiskReview
from policies.rules.value_limit import ValueLimit
from policies.rules.working_days import WorkingDays

KINDS = (
    AllowTools,
    Budget,
    Consent,
    CooldownAfter,
    Expires,
    Expr,
    FrequencyCap,
    Holdout,
    KillSwitch,
    OnModelFailure,
    Preferences,
    QuietHours,
    Ramp,
    RiskReview,
    ValueLimit,
    WorkingDays,
)

AnyRule = Annotated[
    AllowTools
    | Budget
    | Consent
    | CooldownAfter
    | Expires
    | Expr
    | FrequencyCap
    | Holdout
    | KillSwitch
    | OnModelFailure
    | Preferences
    | QuietHours
    | Ramp
    | RiskReview
    | ValueLimit
    | WorkingDays,
    Field(discriminator="kind"),
]
