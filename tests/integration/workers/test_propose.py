"""An agent's turn, on both databases."""

from datetime import timedelta

import pytest
from sqlmodel import select

from agents.choice import Nothing
from winback.decisions.entry import spoken
from winback.decisions.verify import verify
from winback.store.models import Account, Case, DecisionEntry, Effect, Proposal, Review
from winback.store.types import CaseState
from winback.testing.selector import ScriptedSelector, run_of
from winback.testing.world import AS_OF, NOON, add_account, add_contact, entries, failing, open_case, sample_drop
from winback.usage.drop import DropKind
from workers.propose import propose_all
from workers.services import Services


def case_of(services: Services, case_id: int = 1) -> Case:
    with services.store.read() as session:
        return session.get_one(Case, case_id)


def kinds(services: Services) -> list[str]:
    return entries(services.store, 1)


def body_of(services: Services, kind: str) -> dict[str, object]:
    with services.store.read() as session:
        entry = session.exec(select(DecisionEntry).where(DecisionEntry.kind == kind)).one()
    return spoken(entry.body)


def selector(services: Services) -> ScriptedSelector:
    assert isinstance(services.selector, ScriptedSelector)
    return services.selector


def start(services: Services, kind: DropKind = DropKind.FEATURE_FELL, **account: str) -> None:
    with services.store.write("test") as session:
        found = add_account(session, **account)
        open_case(session, found, sample_drop(found.key, kind))


def rules(services: Services, text: str) -> None:
    (services.settings.home / "policy.yaml").write_text(text, encoding="utf-8")


def test_an_allowed_proposal_becomes_an_effect(services: Services) -> None:
    """allow writes proposal, effect and entry, and the case acts."""
    start(services)
    done = propose_all(services, AS_OF)
    assert [(one.kind, one.tool) for one in done] == [("allowed", "send_tutorial")]
    with services.store.read() as session:
        effect = session.exec(select(Effect)).one()
        proposal = session.exec(select(Proposal)).one()
    assert effect.action_hash == proposal.action_hash
    assert case_of(services).state == CaseState.ACTING
    assert kinds(services) == ["case_opened", "allowed"]


def test_a_proposal_for_review_waits_in_the_queue(services: Services) -> None:
    """review writes a queue item that expires as the policy says; nothing acts."""
    start(services, DropKind.LIMIT_REACHED)
    rules(services, "version: 1\nrules:\n- {id: t, kind: allow_tools, allow: [{tools: [offer_trial_upgrade], "
          "mode: review}]}\n- {id: e, kind: expires, hours: 48}\n")  # fmt: skip
    propose_all(services, AS_OF)
    with services.store.read() as session:
        review = session.exec(select(Review)).one()
        assert session.exec(select(Effect)).all() == []
    assert review.expires_at == NOON + timedelta(hours=48)
    assert case_of(services).state == CaseState.IN_REVIEW


def test_what_the_policy_refuses_is_not_offered_to_the_model(services: Services) -> None:
    """The model sees only options that could be allowed; without any it is not asked."""
    start(services)
    rules(
        services, "version: 1\nrules:\n- {id: t, kind: allow_tools, allow: [{tools: [book_call], mode: review}]}\n"
    )
    propose_all(services, AS_OF)
    assert {one.tool for _, options in selector(services).asked for one in options} == {"book_call"}


def test_no_consent_means_nothing_is_allowed(services: Services) -> None:
    """Consent that nobody gave denies every option; that is an entry, and the case is looked at again."""
    start(services, consent="unknown")
    propose_all(services, AS_OF)
    assert kinds(services) == ["case_opened", "nothing_allowed"]
    assert selector(services).asked == []
    assert case_of(services).next_at == NOON + timedelta(days=7)


def test_held_out_accounts_are_never_proposed_for(services: Services) -> None:
    """The holdout is watched, and the log says so."""
    start(services)
    rules(services, "version: 1\nrules:\n- {id: h, kind: holdout, share: 1, seed: s}\n"
          "- {id: t, kind: allow_tools, allow: [{tools: [send_tutorial], mode: auto}]}\n")  # fmt: skip
    propose_all(services, AS_OF)
    assert kinds(services) == ["case_opened", "held_out"]
    assert case_of(services).state == CaseState.HELD_OUT
    assert selector(services).asked == []


def test_choosing_nothing_is_written_down(services: Services) -> None:
    """The agent chose nothing: an entry with the reason and what was offered."""
    start(services)
    nothing = Nothing(why="nothing_fits", confidence=0.5, run=run_of("scripted"))
    selector(services).answer = lambda _brief, _options: nothing
    propose_all(services, AS_OF)
    assert kinds(services) == ["case_opened", "nothing_chosen"]
    assert body_of(services, "nothing_chosen")["why"] == "nothing_fits"


@pytest.mark.parametrize(
    ("then", "expected"),
    [("review", "queued"), ("skip", "model_failed"), ("playbook", "allowed")],
)
def test_a_failed_model_is_what_the_policy_says(services: Services, then: str, expected: str) -> None:
    """review, skip or playbook; the log says that the model failed and how."""
    start(services)
    playbook = "\n  playbook: {feature_fell: send_tutorial}" if then == "playbook" else ""
    rules(services, "version: 1\nrules:\n"
          "- {id: t, kind: allow_tools, allow: [{tools: [send_tutorial], mode: auto}]}\n"
          f"- id: m\n  kind: on_model_failure\n  then: {then}{playbook}\n")  # fmt: skip
    selector(services).answer = lambda _brief, _options: failing("timeout")
    propose_all(services, AS_OF)
    assert kinds(services) == ["case_opened", expected]
    body = body_of(services, expected)
    if expected != "model_failed":
        body = body["run"]  # type: ignore[assignment]
    assert body["code"] == "timeout"


def test_nobody_to_write_to(services: Services) -> None:
    """An account without a contact that has an address."""
    with services.store.write("test") as session:
        account = Account(key="ghost")
        session.add(account)
        session.flush()
        open_case(session, account)
    propose_all(services, AS_OF)
    assert body_of(services, "nothing_to_offer")["reason"] == "nobody_to_write_to"


def test_the_champion_who_left_is_not_written_to(services: Services) -> None:
    """When one person stopped, a colleague is asked, not that person."""
    with services.store.write("test") as session:
        account = add_account(session)
        add_contact(session, account, "acme-bob")
        open_case(session, account, sample_drop("acme", DropKind.CHAMPION_LEFT, champion="acme-ann"))
    rules(
        services, "version: 1\nrules:\n- {id: t, kind: allow_tools, allow: [{tools: [book_call], mode: auto}]}\n"
    )
    propose_all(services, AS_OF)
    with services.store.read() as session:
        assert session.exec(select(Proposal.contact_id)).one() == 2


def test_the_message_speaks_the_contacts_language(services: Services) -> None:
    """Hindi for who reads Hindi."""
    start(services, language="hi-IN")
    propose_all(services, AS_OF)
    with services.store.read() as session:
        message = session.exec(select(Proposal.message)).one()
    assert message["language"] == "hi"
    assert any("\u0900" <= letter <= "\u097f" for letter in message["subject"])


def test_a_case_is_proposed_for_once(services: Services) -> None:
    """A second pass finds nothing to do."""
    start(services)
    assert len(propose_all(services, AS_OF)) == 1
    assert propose_all(services, AS_OF) == []
    assert verify(services.store).problems == ()


def test_the_model_never_sees_a_name_or_an_address(services: Services) -> None:
    """The brief holds no personal data."""
    start(services)
    propose_all(services, AS_OF)
    brief, options = selector(services).asked[0]
    seen = f"{brief} {[one.hint for one in options]}".lower()
    assert "ann" not in seen.replace("channel", "")
    assert "@" not in seen
    assert "acme" not in seen


def test_stopping_between_two_cases_loses_nothing(services: Services) -> None:
    """Asked to stop, the rest waits for the next run."""
    with services.store.write("test") as session:
        for key in ("a", "b", "c"):
            open_case(session, add_account(session, key))
    answers = iter([False, True])
    assert len(propose_all(services, AS_OF, stop=lambda: next(answers))) == 1
    assert len(propose_all(services, AS_OF)) == 2
