"""What policy is told of an answer."""

from agents.choice import Choice, Failure, Nothing, Run, agent_facts

RUN = Run(model="m", embedded=True, prompt_version="v", untrusted=True)


def test_a_choice(option) -> None:
    """Policy sees the model, whether it is the embedded one, the confidence and the mark of untrusted text."""
    facts = agent_facts(Choice(option("send_tutorial", "tour"), 0.4, "other", RUN))
    assert (facts.source, facts.model, facts.embedded, facts.confidence) == ("model", "m", True, 0.4)
    assert (facts.untrusted_text, facts.failure) == (True, None)


def test_nothing() -> None:
    """That nothing was chosen is no failure."""
    assert agent_facts(Nothing(0.9, "nothing_fits", RUN)).failure is None


def test_a_failure() -> None:
    """A failure is told as its code, with no confidence."""
    facts = agent_facts(Failure("timeout", "slow", 3, RUN))
    assert (facts.failure, facts.confidence, facts.model) == ("timeout", None, "m")
    assert agent_facts(Failure("timeout", "slow")).model == ""
