"""The gallery: a row for each saved file. What they were made with is found out later, aside."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"

FILL = """
INSERT INTO results (path, output, job, document, kind, created, starred, trashed, indexed)
SELECT o.path, o.id, o.job, coalesce(j.document, ''),
       CASE WHEN o.media_type LIKE 'image/%' THEN 'image' WHEN o.media_type LIKE 'video/%' THEN 'video'
            WHEN o.media_type LIKE 'audio/%' THEN 'audio' ELSE 'other' END,
       o.created, 0, NULL, 0
FROM outputs AS o LEFT JOIN jobs AS j ON j.id = o.job
WHERE o.id IN (SELECT min(id) FROM outputs WHERE root = 'results' AND path <> '' GROUP BY path)
ORDER BY o.id
"""


def upgrade() -> None:
    op.create_index("outputs_by_path", "outputs", ["path"])
    op.create_table(
        "results",
        sa.Column("id", sa.Integer, primary_key=True, autoincrement=True),
        sa.Column("path", sa.Text, nullable=False, unique=True),
        sa.Column("output", sa.Integer, nullable=False),
        sa.Column("job", sa.String(40), nullable=False),
        sa.Column("document", sa.String(100), nullable=False),
        sa.Column("kind", sa.String(10), nullable=False),
        sa.Column("created", sa.Float, nullable=False),
        sa.Column("starred", sa.Integer, nullable=False),
        sa.Column("trashed", sa.Float),
        sa.Column("indexed", sa.Integer, nullable=False),
        sqlite_autoincrement=True,
    )
    op.create_index("results_by_time", "results", ["trashed", "created"])
    op.create_index("results_to_index", "results", ["indexed", "id"])
    op.create_table(
        "result_facts",
        sa.Column("result", sa.Integer, primary_key=True),
        sa.Column("body", sa.LargeBinary, nullable=False),
    )
    op.create_table(
        "result_values",
        sa.Column("field", sa.String(10), primary_key=True),
        sa.Column("value", sa.Text, primary_key=True),
        sa.Column("result", sa.Integer, primary_key=True),
        sqlite_with_rowid=False,
    )
    op.create_index("result_values_by_result", "result_values", ["result"])
    op.execute(FILL)
