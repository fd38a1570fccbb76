"""How Alembic reaches the database: over the connection that `migrate` hands it."""

from typing import Any, Literal

from alembic import context
from sqlmodel import SQLModel, String

import winback.store.answers
import winback.store.bookkeeping
import winback.store.console
import winback.store.inbox
import winback.store.models
import winback.store.queue
from winback.store.types import UtcDateTime

# The imports fill the metadata.
assert winback.store.models.Account.metadata is SQLModel.metadata  # noqa: S101
assert winback.store.bookkeeping.PolicyVersion.metadata is SQLModel.metadata  # noqa: S101
assert winback.store.console.User.metadata is SQLModel.metadata  # noqa: S101
assert winback.store.inbox.InboxMail.metadata is SQLModel.metadata  # noqa: S101
assert winback.store.queue.Planted.metadata is SQLModel.metadata  # noqa: S101


def _render(kind: str, item: Any, _context: Any) -> str | Literal[False]:
    """Migrations name plain database types: they must still run when our types have moved on."""
    if kind == "type" and isinstance(item, UtcDateTime):
        return "sa.DateTime(timezone=True)"
    if kind == "type" and isinstance(getattr(item, "impl", None), String):
        return f"sa.String(length={item.impl.length})"
    return False


context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=SQLModel.metadata,
    render_as_batch=True,
    render_item=_render,
)
with context.begin_transaction():
    context.run_migrations()
