"""A logged decision in sentences, for the command line and the console alike."""

from policies.facts import Facts
from policies.policy import Policy
from policies.words import summary
from winback.decisions.kind import EntryKind
from workers.hindsight.told import ToldEntry, ToldVerdict

MOMENTS = {"propose": "when it was proposed", "act": "at the moment of acting"}


def told_option(facts: Facts) -> str:
    """What was judged, and for whom."""
    offer = f" offering {facts.action.catalogue_id}" if facts.action.catalogue_id else ""
    whom = "nobody" if facts.contact is None else f"contact {facts.contact.id}"
    return f"{facts.action.tool}{offer} for {facts.drop.kind}, to {whom}"


def told_agent(facts: Facts) -> str:
    """Who chose it, and when it was judged."""
    agent = facts.agent
    failed = f", after the model failed ({agent.failure})" if agent.failure else ""
    by = {"model": f"chosen by {agent.model}", "playbook": "from the playbook", "person": f"by {agent.model}"}
    return f"{by[agent.source]}{failed}, {MOMENTS[facts.moment]}"


def without_verdict(told: ToldEntry) -> str:
    """What was decided without holding an act against the policy."""
    body = told.body
    if told.entry.kind == EntryKind.HELD_OUT:
        drawn = ", ".join(f"{draw:g} for the seed {seed}" for seed, draw in sorted(body["draws"].items()))
        return f"The account is held out: watched like the others, never contacted. It was drawn {drawn}."
    if told.entry.kind == EntryKind.MODEL_FAILED:
        return f"The model gave no usable choice ({body['code']}); the policy then says: {body['then']}."
    if told.entry.kind == EntryKind.NOTHING_CHOSEN:
        offered = ", ".join(dict.fromkeys(body["offered"]))
        return f"The agent chose to do nothing ({body['why'].replace('_', ' ')}); it could have offered {offered}."
    return "Nothing was judged."


def told_now(one: ToldVerdict, policy: Policy) -> str:
    """What the policy in force says of the same facts."""
    if one.verdict.policy_hash == policy.hash:
        if one.differs:
            return f"This very policy now differs in {', '.join(one.differs)}: see 'winback policy replay'."
        return "The same policy is in force and says the same of the same facts."
    if (one.now.decision, one.now.not_before) == (one.verdict.decision, one.verdict.not_before):
        return f"The policy in force now ({policy.hash[:12]}) decides the same on the same facts."
    return f"The policy in force now ({policy.hash[:12]}) would say of the same facts: {summary(one.now)}."
