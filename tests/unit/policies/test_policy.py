"""A policy as a whole: its name, and what the clockwork asks it beside verdicts."""

from datetime import timedelta

import pytest

from policies.policy import ExpiryPlan, ModelFailurePlan, Policy
from tests.unit.policies.samples import ALLOW_ALL, facts, judged, packaged, rule


def test_the_hash_is_of_what_the_rules_say() -> None:
    """A default that is written out changes nothing; a value that differs changes the hash."""
    plain, written_out = rule("consent"), rule("consent", unknown="deny", mode="enforce")
    assert Policy.of([plain]).hash == Policy.of([written_out]).hash
    assert Policy.of([plain]).hash != Policy.of([rule("consent", unknown="review")]).hash
    assert Policy.of([plain]).hash != Policy.of([rule("consent", mode="shadow")]).hash


def test_ids_are_unique() -> None:
    """Two rules of one name could not be told apart in the log."""
    with pytest.raises(ValueError, match="same id"):
        Policy.of([ALLOW_ALL, ALLOW_ALL])


def test_model_failure_takes_the_most_cautious_rule() -> None:
    """skip before review before playbook; a kind that no playbook names, and no rule at all, is skipped."""
    book = rule("on_model_failure", id="a", then="playbook", playbook={"all_quiet": "book_call"})
    review = rule("on_model_failure", id="b", then="review", playbook={"all_quiet": "send_tutorial"})
    skip = rule("on_model_failure", id="c", then="skip")
    resting = rule("on_model_failure", id="d", then="skip", mode="off")
    assert Policy.of([]).on_model_failure("all_quiet") == ModelFailurePlan("skip")
    assert Policy.of([book, resting]).on_model_failure("all_quiet") == ModelFailurePlan("playbook", "book_call")
    assert Policy.of([book]).on_model_failure("feature_fell") == ModelFailurePlan("skip")
    assert Policy.of([book, review]).on_model_failure("all_quiet") == ModelFailurePlan("review", "send_tutorial")
    assert Policy.of([review]).on_model_failure("feature_fell") == ModelFailurePlan("review")
    assert Policy.of([book, review, skip]).on_model_failure("all_quiet") == ModelFailurePlan("skip")


def test_the_shortest_wait_holds() -> None:
    """A proposal expires when the first rule in force says so; without a rule it never does."""
    week = rule("expires", id="a", hours=168, tools={"book_call": 24}, then="escalate", escalated_hours=12)
    day = rule("expires", id="b", hours=72, then="propose_again")
    shadow = rule("expires", id="c", hours=1, mode="shadow")
    assert Policy.of([shadow]).expiry("book_call") is None
    hours = timedelta(hours=1)
    assert Policy.of([week, shadow]).expiry("send_tutorial") == ExpiryPlan(168 * hours, "escalate", 180 * hours)
    assert Policy.of([week, day]).expiry("send_tutorial") == ExpiryPlan(72 * hours, "propose_again", 72 * hours)
    assert Policy.of([week, day]).expiry("book_call") == ExpiryPlan(24 * hours, "escalate", 36 * hours)


def test_each_tool_ends_in_its_own_way() -> None:
    """A number is a wait alone; a mapping may say what then, or only that."""
    hours = timedelta(hours=1)
    tools = {
        "book_call": {"hours": 24, "then": "escalate"},
        "send_tutorial": 12,
        "other": {"then": "propose_again"},
    }
    policy = Policy.of([rule("expires", hours=168, tools=tools, escalated_hours=6)])
    assert policy.expiry("book_call") == ExpiryPlan(24 * hours, "escalate", 30 * hours)
    assert policy.expiry("send_tutorial") == ExpiryPlan(12 * hours, "drop", 12 * hours)
    assert policy.expiry("other") == ExpiryPlan(168 * hours, "propose_again", 168 * hours)
    assert policy.expiry("offer_trial_upgrade") == ExpiryPlan(168 * hours, "drop", 168 * hours)
    said = policy.rules[0].describe()
    assert said == (
        "a proposal waits at most 168 hours, then drop; book_call 24, then escalate for 6 hours more; "
        "other 168, then propose again; send_tutorial 12, then drop"
    )


def test_an_escalated_tool_is_denied_after_its_own_time() -> None:
    """What the sweep lets wait can still be done, and what it drops cannot."""
    wait = rule("expires", hours=168, tools={"book_call": {"hours": 24, "then": "escalate"}}, escalated_hours=6)
    for hours, code in ((29, "fresh"), (30, "expired")):
        proposed = (facts().now - timedelta(hours=hours)).isoformat()
        act = facts(moment="act", action={"tool": "book_call"}, proposed_at=proposed)
        assert judged(wait, act).code == code


def test_the_packaged_policies_answer() -> None:
    """The default keeps proposals a week and asks a person when the model fails; the demo has a playbook."""
    expiry = packaged("default").expiry("book_call")
    assert expiry is not None
    assert expiry.after == timedelta(days=7)
    assert packaged("default").on_model_failure("limit_reached").then == "review"
    assert packaged("demo").on_model_failure("champion_left") == ModelFailurePlan("playbook", "book_call")
