"""Indexes by which what waits, an account's rejections and the contacts of a window are found or counted."""

from alembic import op

revision = "0011"
down_revision = "0010"

WAS = (
    ("review", "reviews_by_state", ["state", "expires_at"]),
    ("review", "reviews_of_account", ["account_id"]),
    ("effect", "effects_by_time", ["intent_at"]),
)
IS = (
    ("review", "reviews_by_state", ["state", "expires_at", "snoozed_until"]),
    ("review", "reviews_of_account", ["account_id", "state", "decided_at"]),
    ("effect", "effects_by_time", ["state", "intent_at", "part", "audience", "tool", "medium"]),
)


MANY = (
    ("reviews_by_state", "100000 50000 20 20"),
    ("queue_order", "100000 1 1 1 1 1 1 1 1 1 1"),
    ("reviews_of_account", "100000 2 2 2"),
)
"""What SQLite is told of a queue: else it takes "pending" for rare and sorts all that waits for each page."""


def upgrade() -> None:
    _instead(IS)
    if op.get_bind().dialect.name == "sqlite":
        op.execute("ANALYZE sqlite_schema")  # makes the table that is written next
        for index, said in MANY:
            op.execute(f"DELETE FROM sqlite_stat1 WHERE tbl = 'review' AND idx = '{index}'")  # noqa: S608  ours
            op.execute(f"INSERT INTO sqlite_stat1 (tbl, idx, stat) VALUES ('review', '{index}', '{said}')")  # noqa: S608
        op.execute("ANALYZE sqlite_schema")  # reads it


def downgrade() -> None:
    _instead(WAS)


def _instead(indexes: tuple[tuple[str, str, list[str]], ...]) -> None:
    for table, name, columns in indexes:
        op.drop_index(name, table_name=table)
        op.create_index(name, table, columns)
