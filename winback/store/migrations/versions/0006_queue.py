"""The queue as a list: what it is ordered and found by, who has an item in hand, planted items, saved views."""

import json
import math
from typing import Any, Literal

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"

ASIDE = {"queue_claimed": "claimed_until", "queue_escalated": "escalated_at", "queue_second": "first_approved_by"}


def upgrade() -> None:
    op.create_table(
        "saved_view",
        sa.Column("person", sa.String(length=200), nullable=False),
        sa.Column("name", sa.String(length=100), nullable=False),
        sa.Column("filters", sa.JSON(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("person", "name"),
    )
    # SQLite keeps a number from being given twice only for a table that was made so; PostgreSQL does anyway.
    recreate: Literal["always", "never"] = "always" if op.get_bind().dialect.name == "sqlite" else "never"
    with op.batch_alter_table(
        "review", schema=None, recreate=recreate, table_kwargs={"sqlite_autoincrement": True}
    ) as batch_op:
        batch_op.add_column(sa.Column("version", sa.Integer(), server_default="1", nullable=False))
        batch_op.add_column(sa.Column("changes", sa.JSON(), server_default="[]", nullable=False))
        batch_op.add_column(sa.Column("facts", sa.JSON(), server_default="{}", nullable=False))
        batch_op.add_column(sa.Column("account_id", sa.Integer(), server_default="0", nullable=False))
        batch_op.add_column(sa.Column("tool", sa.String(length=100), server_default="", nullable=False))
        batch_op.add_column(sa.Column("template", sa.String(length=200), server_default="", nullable=False))
        batch_op.add_column(sa.Column("stake", sa.Float(), server_default="0", nullable=False))
        batch_op.add_column(sa.Column("priority", sa.Float(), server_default="0", nullable=False))
        batch_op.add_column(sa.Column("plan", sa.String(length=100), nullable=True))
        batch_op.add_column(sa.Column("region", sa.String(length=10), nullable=True))
        batch_op.add_column(sa.Column("owner", sa.String(length=100), nullable=True))
        batch_op.add_column(sa.Column("sought", sa.String(length=200), server_default="", nullable=False))
        batch_op.add_column(sa.Column("assignee", sa.String(length=100), nullable=True))
        batch_op.add_column(sa.Column("claimed_by", sa.String(length=200), nullable=True))
        batch_op.add_column(sa.Column("claimed_at", sa.DateTime(timezone=True), nullable=True))
        batch_op.add_column(sa.Column("claimed_until", sa.DateTime(timezone=True), nullable=True))
        batch_op.add_column(sa.Column("took_seconds", sa.Float(), nullable=True))
        batch_op.create_index(
            "queue_order",
            [
                "priority",
                "id",
                "snoozed_until",
                "asked_at",
                "tool",
                "plan",
                "region",
                "owner",
                "assignee",
                "sought",
            ],
            unique=False,
            sqlite_where=sa.text("state = 'pending'"),
            postgresql_where=sa.text("state = 'pending'"),
        )
        for name, column in ASIDE.items():
            known = sa.text(f"state = 'pending' AND {column} IS NOT NULL")
            batch_op.create_index(name, [column], unique=False, sqlite_where=known, postgresql_where=known)
        batch_op.create_index("reviews_decided", ["decided_at"], unique=False)
        batch_op.create_index("reviews_of_account", ["account_id"], unique=False)

    op.create_table(
        "planted",
        sa.Column("state", sa.String(length=20), nullable=False),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("snoozed_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("escalated_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("account_id", sa.Integer(), nullable=False),
        sa.Column("tool", sa.String(length=100), nullable=False),
        sa.Column("template", sa.String(length=200), nullable=False),
        sa.Column("stake", sa.Float(), nullable=False),
        sa.Column("priority", sa.Float(), nullable=False),
        sa.Column("plan", sa.String(length=100), nullable=True),
        sa.Column("region", sa.String(length=10), nullable=True),
        sa.Column("owner", sa.String(length=100), nullable=True),
        sa.Column("sought", sa.String(length=200), nullable=False),
        sa.Column("assignee", sa.String(length=100), nullable=True),
        sa.Column("claimed_by", sa.String(length=200), nullable=True),
        sa.Column("claimed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("claimed_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("decided_by", sa.String(length=200), nullable=True),
        sa.Column("took_seconds", sa.Float(), nullable=True),
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("fault", sa.String(length=40), nullable=False),
        sa.Column("planted_by", sa.String(length=200), nullable=False),
        sa.Column("copied_id", sa.Integer(), nullable=False),
        sa.Column("like_id", sa.Integer(), nullable=False),
        sa.Column("action_hash", sa.String(length=64), nullable=False),
        sa.Column("arguments", sa.JSON(), nullable=False),
        sa.Column("message", sa.JSON(), nullable=False),
        sa.Column("verdict", sa.JSON(), nullable=False),
        sa.Column("code", sa.String(length=40), nullable=True),
        sa.ForeignKeyConstraint(
            ["copied_id"],
            ["proposal.id"],
        ),
        sa.ForeignKeyConstraint(
            ["like_id"],
            ["review.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
    )
    with op.batch_alter_table("planted", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_planted_copied_id"), ["copied_id"], unique=False)

    op.create_table(
        "review_mark",
        sa.Column("kind", sa.String(length=10), nullable=False),
        sa.Column("word", sa.String(length=200), nullable=False),
        sa.Column("review_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["review_id"],
            ["review.id"],
        ),
        sa.PrimaryKeyConstraint("kind", "word", "review_id"),
    )
    with op.batch_alter_table("review_mark", schema=None) as batch_op:
        batch_op.create_index("marks_of_review", ["review_id"], unique=False)

    _fill()


def _fill() -> None:
    """What waits already is listed like what comes; `workers.queue_row` says how it is ordered."""
    connection = op.get_bind()
    rows = connection.execute(
        sa.text(
            "SELECT r.id, r.state, p.account_id, p.tool, p.message, a.value_per_month, a.plan, a.region, "
            "a.owner_email, a.owner_name, a.key, a.name, a.tags, r.verdict FROM review r "
            "JOIN proposal p ON p.id = r.proposal_id JOIN account a ON a.id = p.account_id"
        )
    ).all()
    times = {one.id: one for one in connection.execute(TIMES)}
    for number, state, account, tool, message, value, plan, region, email, owner, key, name, tags, verdict in rows:
        stake = max(value or 0.0, 0.0)
        at = times[number]
        end = (at.expires_at or at.asked_at).timestamp() / 86_400 + (0 if at.expires_at else 30)
        connection.execute(
            FILL,
            {
                "b_id": number,
                "account_id": account,
                "tool": tool,
                "template": _plain(message).get("template", ""),
                "stake": stake,
                "priority": math.log2(1 + stake) - end + (64 if at.escalated_at else 0),
                "plan": plan and plan[:100],
                "region": region,
                "owner": (email or owner or "")[:100] or None,
                "sought": f"{key} {name}".lower()[:200],
            },
        )
        if state == "pending":
            _mark(connection, number, _plain(verdict), _plain(tags))


def _mark(connection: sa.Connection, number: int, verdict: dict[str, Any], tags: list[str] | None) -> None:
    asked = {one[0] for one in verdict.get("results", ()) if one[2] == "enforce" and one[3] == "review"}
    for kind, words in (("rule", asked), ("tag", set(tags or ()))):
        for word in sorted(words):
            connection.execute(MARK, {"kind": kind, "word": word[:200], "review_id": number})


def _plain(value: Any) -> Any:
    return json.loads(value) if isinstance(value, str) else value


REVIEW = sa.table(
    "review",
    *(sa.column(name) for name in ("id", "account_id", "tool", "template", "stake", "priority", "plan", "region")),
    sa.column("owner"),
    sa.column("sought"),
    *(sa.column(name, sa.DateTime(timezone=True)) for name in ("asked_at", "expires_at", "escalated_at")),
)
TIMES = sa.select(REVIEW.c.id, REVIEW.c.asked_at, REVIEW.c.expires_at, REVIEW.c.escalated_at)
LISTED = ("account_id", "tool", "template", "stake", "priority", "plan", "region", "owner", "sought")
FILL = (
    sa.update(REVIEW)
    .where(REVIEW.c.id == sa.bindparam("b_id"))
    .values({name: sa.bindparam(name) for name in LISTED})
)
MARK = sa.text("INSERT INTO review_mark (kind, word, review_id) VALUES (:kind, :word, :review_id)")


def downgrade() -> None:
    with op.batch_alter_table("review_mark", schema=None) as batch_op:
        batch_op.drop_index("marks_of_review")

    op.drop_table("review_mark")
    with op.batch_alter_table("planted", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_planted_copied_id"))

    op.drop_table("planted")
    with op.batch_alter_table("review", schema=None) as batch_op:
        batch_op.drop_index("reviews_of_account")
        batch_op.drop_index("reviews_decided")
        for name in ASIDE:
            batch_op.drop_index(name)
        batch_op.drop_index(
            "queue_order", sqlite_where=sa.text("state = 'pending'"), postgresql_where=sa.text("state = 'pending'")
        )
        batch_op.drop_column("took_seconds")
        batch_op.drop_column("claimed_until")
        batch_op.drop_column("claimed_at")
        batch_op.drop_column("claimed_by")
        batch_op.drop_column("assignee")
        batch_op.drop_column("sought")
        batch_op.drop_column("owner")
        batch_op.drop_column("region")
        batch_op.drop_column("plan")
        batch_op.drop_column("priority")
        batch_op.drop_column("stake")
        batch_op.drop_column("template")
        batch_op.drop_column("tool")
        batch_op.drop_column("account_id")
        batch_op.drop_column("facts")
        batch_op.drop_column("changes")
        batch_op.drop_column("version")

    op.drop_table("saved_view")
