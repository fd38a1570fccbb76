"""What the rows of some cases say an act is: by numbers, hashes and salted commitments alone."""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlmodel import Session, col, select

from winback.canonical import canonical_json, commitment
from winback.decisions.action import action_hash
from winback.decisions.trace_turn import Action
from winback.store.models import Contact, Effect, Proposal, Review
from winback.store.types import MESSAGE


class TraceRows:
    """The proposals, reviews and effects of some cases. What was proposed is looked up by its hash, what
    was shown through the queue item, and what ran through the effect: where these are not the same act,
    the judge must see it.
    """

    def __init__(self, session: Session, cases: Sequence[int]) -> None:
        found = session.exec(
            select(Proposal, Contact.salt)
            .join(Contact, col(Proposal.contact_id) == Contact.id)
            .where(col(Proposal.case_id).in_(cases))
        ).all()
        self._salts = {one.contact_id: salt for one, salt in found}
        self._proposals = {one.id: one for one, _ in found}
        self._by_hash = {(one.case_id, one.action_hash): one for one, _ in found}
        reviews = session.exec(select(Review).where(col(Review.case_id).in_(cases))).all()
        self._reviews = {one.id: one for one in reviews}
        effects = session.exec(select(Effect).where(col(Effect.case_id).in_(cases))).all()
        self._effects = {one.key: one for one in effects}

    def parent(self, case_id: int, action: str) -> str | None:
        """The act that an edit replaced."""
        row = self._by_hash.get((case_id, action))
        return row.parent_hash if row else None

    def proposed(self, case_id: int, said: Mapping[str, Any]) -> Action:
        """What the entry of a verdict judged."""
        row = self._by_hash.get((case_id, said["action_hash"]))
        return self._message(row, said["action_hash"], said["tool"])

    def shown(self, review: int, otherwise: Action) -> Action:
        """What a queue item put before a person."""
        row = self._reviews.get(review)
        if row is None:
            return otherwise
        proposal = self._proposals.get(row.proposal_id)
        return self._message(proposal, row.action_hash, proposal.tool if proposal else otherwise["tool"])

    def planned(self, key: str) -> Action | None:
        """An act that follows from an answer."""
        row = self._effects.get(key)
        return None if row is None else self._following(row, row.part, row.action_hash)

    def ran(self, key: str, said: Mapping[str, Any]) -> Action:
        """What an effect carried out: the stored message is hashed anew, for it is what was sent."""
        row = self._effects.get(key)
        if row is None:
            return _action("unknown", str(said.get("part", MESSAGE)), None, {"effect": key})
        if row.part != MESSAGE or "part" in said:
            return self._following(row, str(said.get("part", MESSAGE)), said["action_hash"])
        proposal = self._proposals.get(row.proposal_id)
        hashes = {row.action_hash, said["action_hash"]}
        if proposal is not None and (salt := self._salts[proposal.contact_id]):
            hashes.add(action_hash(proposal, salt))
        return self._message(proposal, " ".join(sorted(hashes)), row.tool, (row.account_id, row.contact_id))

    def _message(self, row: Proposal | None, action: str, tool: str, to: tuple[int, int] | None = None) -> Action:
        if row is None:
            return _action(tool, MESSAGE, to, {"action": action})
        arguments, message = (self._committed(row.contact_id, one) for one in (row.arguments, row.message))
        said = {"action": action, "arguments": arguments, "message": message}
        return _action(tool, MESSAGE, to or (row.account_id, row.contact_id), said)

    def _following(self, row: Effect, part: str, action: str) -> Action:
        said = {"action": action, "effect": row.key, "payload": self._committed(row.contact_id, row.payload)}
        return _action(row.tool, part, (row.account_id, row.contact_id), said)

    def _committed(self, contact: int, value: Any) -> str | None:
        """None: the person's data were erased, and the salt with them."""
        salt = self._salts.get(contact)
        return commitment(salt, canonical_json(value).decode()) if salt else None


def _action(tool: str, part: str, to: tuple[int, int] | None, said: dict[str, Any]) -> Action:
    resource = {"resource": f"account {to[0]}, contact {to[1]}"} if to else {}
    return {"tool": tool, "operation": part, **resource, "parameters": said}
