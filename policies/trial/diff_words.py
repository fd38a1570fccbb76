"""What a difference between policies says: in words, and for a program."""

from typing import Any

from policies.trial.act_words import changes_of, told
from policies.trial.diff import Difference, Sample
from policies.words import summary

EFFECTS = {
    "stricter": "stricter",
    "looser": "looser",
    "both": "stricter for some acts, looser for others",
    "none found": "no difference found in {acts} sample acts",
}


def plain_difference(found: Difference) -> dict[str, Any]:
    """For a program: every change of a rule, and samples of the verdicts that change."""
    return {
        "same": found.same,
        "changes": [
            {
                "rule": one.rule,
                "what": one.what,
                "fields": list(one.fields),
                "says": one.says,
                "effect": one.effect,
            }
            for one in found.changes
        ],
        "sample_acts": found.looked_at,
        "verdicts": [
            {"old": one.old, "new": one.new, "acts": one.acts, "samples": [_sample(each) for each in one.samples]}
            for one in found.moved
        ],
    }


def _sample(one: Sample) -> dict[str, Any]:
    return {"act": told(one.act), "facts": changes_of(one.act), "old": summary(one.old), "new": summary(one.new)}
