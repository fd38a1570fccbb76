"""An index by which the queue of a while is counted, and its ages are found, without a look at each item."""

from alembic import op

revision = "0012"
down_revision = "0011"


def upgrade() -> None:
    op.create_index("reviews_asked", "review", ["asked_at", "state", "decided_at"])


def downgrade() -> None:
    op.drop_index("reviews_asked", table_name="review")
