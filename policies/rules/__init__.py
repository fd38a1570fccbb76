"""The kinds of rule. Each is one file: a typed model that compiles into one closure."""

from typing import Annotated

from pydantic import Field

from policies.rules.allow_tools import AllowTools
from policies.rules.consent import Consent
from policies.rules.expires import Expires
from policies.rules.frequency_cap import FrequencyCap
from policies.rules.holdout import Holdout
from policies.rules.kill_switch import KillSwitch
from policies.rules.on_model_failure import OnModelFailure
from policies.rules.quiet_hours import QuietHours
from policies.rules.risk_review import RiskReview
from policies.rules.value_limit import ValueLimit

KINDS = (
    AllowTools,
    Consent,
    Expires,
    FrequencyCap,
    Holdout,
    KillSwitch,
    OnModelFailure,
    QuietHours,
    RiskReview,
    ValueLimit,
)

AnyRule = Annotated[
    AllowTools
    | Consent
    | Expires
    | FrequencyCap
    | Holdout
    | KillSwitch
    | OnModelFailure
    | QuietHours
    | RiskReview
    | ValueLimit,
    Field(discriminator="kind"),
]
