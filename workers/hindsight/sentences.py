"""A logged decision in sentences, for the command line and the console alike; `say` is the reader's language."""

from policies.facts import Facts
from policies.policy import Policy
from policies.telling import Translate
from policies.words import summary
from winback.decisions.kind import EntryKind
from winback.decisions.tell import named
from workers.hindsight.told import ToldEntry, ToldVerdict


def told_option(facts: Facts, say: Translate = str) -> str:
    """What was judged, and for whom."""
    offer, contact = facts.action.catalogue_id, facts.contact
    whom = say("nobody") if contact is None else say("contact {number}").format(number=contact.id)
    template = (
        say("{tool} offering {offer} for {drop}, to {whom}") if offer else say("{tool} for {drop}, to {whom}")
    )
    return template.format(tool=facts.action.tool, offer=offer, drop=named(facts.drop.kind, say), whom=whom)


def told_agent(facts: Facts, say: Translate = str) -> str:
    """Who chose it, and when it was judged."""
    agent = facts.agent
    parts = [_chosen(facts, say).format(who=agent.model)]
    parts += (
        [say("after the model failed ({failure})").format(failure=named(agent.failure, say))]
        if agent.failure
        else []
    )
    parts += [say("when it was proposed") if facts.moment == "propose" else say("at the moment of acting")]
    return ", ".join(parts)


def _chosen(facts: Facts, say: Translate) -> str:
    match facts.agent.source:
        case "model":
            return say("chosen by {who}")
        case "playbook":
            return say("from the playbook")
        case "person":
            return say("by {who}")


def without_verdict(told: ToldEntry, say: Translate = str) -> str:
    """What was decided without holding an act against the policy."""
    body = told.body
    match told.entry.kind:
        case EntryKind.HELD_OUT:
            each = say("{draw} for the seed {seed}")
            drawn = ", ".join(
                each.format(draw=f"{one:g}", seed=seed) for seed, one in sorted(body["draws"].items())
            )
            return say(
                "The account is held out: watched like the others, never contacted. It was drawn {drawn}."
            ).format(drawn=drawn)
        case EntryKind.MODEL_FAILED:
            return say("The model gave no usable choice ({code}); the policy then says: {then}.").format(
                code=named(body["code"], say), then=named(body["then"], say)
            )
        case EntryKind.NOTHING_CHOSEN:
            return say("The agent chose to do nothing ({why}); it could have offered {offered}.").format(
                why=named(body["why"], say).replace("_", " "), offered=", ".join(dict.fromkeys(body["offered"]))
            )
    return say("Nothing was judged.")


def told_now(one: ToldVerdict, policy: Policy, say: Translate = str) -> str:
    """What the policy in force says of the same facts."""
    short = policy.hash[:12]
    if one.verdict.policy_hash == policy.hash:
        if one.differs:
            return say("This very policy now differs in {rules}: see 'winback policy replay'.").format(
                rules=", ".join(one.differs)
            )
        return say("The same policy is in force and says the same of the same facts.")
    if (one.now.decision, one.now.not_before) == (one.verdict.decision, one.verdict.not_before):
        return say("The policy in force now ({hash}) decides the same on the same facts.").format(hash=short)
    return say("The policy in force now ({hash}) would say of the same facts: {said}.").format(
        hash=short, said=summary(one.now, say)
    )
