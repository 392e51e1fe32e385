"""The order of the queue, how the nodes of ended jobs fared, how long nodes take, and what revisions changed."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    op.add_column("jobs", sa.Column("place", sa.Float))
    for name, key, length in (("job_nodes", "job", 40), ("durations", "document", 100)):
        op.create_table(
            name,
            sa.Column(key, sa.String(length), primary_key=True),
            sa.Column("body", sa.LargeBinary, nullable=False),
        )
    op.add_column("revisions", sa.Column("name", sa.Text))
    for column in ("size", "added", "removed", "changed", "moved"):
        op.add_column("revisions", sa.Column(column, sa.Integer))
