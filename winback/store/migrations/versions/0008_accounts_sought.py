"""What accounts are searched by."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"

PAGE = 5000
ACCOUNT = sa.table("account", *(sa.column(name) for name in ("id", "key", "name", "sought")))
FILL = sa.update(ACCOUNT).where(ACCOUNT.c.id == sa.bindparam("number")).values(sought=sa.bindparam("words"))


def upgrade() -> None:
    with op.batch_alter_table("account", schema=None) as batch_op:
        batch_op.add_column(sa.Column("sought", sa.String(length=401), server_default="", nullable=False))
    _fill()
    with op.batch_alter_table("account", schema=None) as batch_op:
        batch_op.create_index("accounts_sought", ["key", "sought"], unique=False)


def _fill() -> None:
    """In Python: SQLite makes small letters of A to Z alone."""
    connection = op.get_bind()
    rows = connection.execute(sa.select(ACCOUNT.c.id, ACCOUNT.c.key, ACCOUNT.c.name)).all()
    for start in range(0, len(rows), PAGE):
        said = [
            {"number": number, "words": f"{key} {name}".lower()[:401]}
            for number, key, name in rows[start : start + PAGE]
        ]
        connection.execute(FILL, said)


def downgrade() -> None:
    with op.batch_alter_table("account", schema=None) as batch_op:
        batch_op.drop_index("accounts_sought")
        batch_op.drop_column("sought")
