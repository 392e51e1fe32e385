"""The tables. A change here needs a migration beside it, which a test compares with these definitions.

Large texts stand in tables of their own, so that a job's change of state rewrites a short row.
"""

from __future__ import annotations

from sqlalchemy import Column, Float, Index, Integer, LargeBinary, MetaData, String, Table, Text

HEAD = "0001"
"""The newest migration in `migrations/versions`; a database made whole is stamped with it."""

metadata = MetaData()

jobs = Table(
    "jobs",
    metadata,
    Column("seq", Integer, primary_key=True, autoincrement=True),
    Column("id", String(40), nullable=False, unique=True),
    Column("key", String(200), unique=True),
    Column("document", String(100), nullable=False),
    Column("title", Text, nullable=False),
    Column("state", String(10), nullable=False),
    Column("created", Float, nullable=False),
    Column("started", Float),
    Column("finished", Float),
    Column("attempts", Integer, nullable=False, default=0),
    Column("targets", LargeBinary),
    Column("failure", LargeBinary),
    Index("jobs_by_state", "state", "seq"),
    sqlite_autoincrement=True,
)

prompts = Table(
    "prompts",
    metadata,
    Column("job", String(40), primary_key=True),
    Column("body", LargeBinary, nullable=False),
)
"""What a waiting or running job runs; the row goes when the job ends."""

job_workflows = Table(
    "job_workflows",
    metadata,
    Column("job", String(40), primary_key=True),
    Column("body", LargeBinary, nullable=False),
)

records = Table(
    "records",
    metadata,
    Column("document", String(100), primary_key=True),
    Column("job", String(40), nullable=False),
    Column("body", LargeBinary, nullable=False),
)
"""What the last finished job of a document said about its nodes."""

outputs = Table(
    "outputs",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("job", String(40), nullable=False),
    Column("node", String(400), nullable=False),
    Column("root", String(10), nullable=False),
    Column("path", Text, nullable=False),
    Column("media_type", String(100), nullable=False),
    Column("width", Integer, nullable=False),
    Column("height", Integer, nullable=False),
    Column("sha256", String(64), nullable=False),
    Column("text", Text, nullable=False),
    Column("created", Float, nullable=False),
    Index("outputs_by_job", "job", "id"),
    Index("outputs_by_root", "root", "id"),
    sqlite_autoincrement=True,
)

workflows = Table(
    "workflows",
    metadata,
    Column("id", String(100), primary_key=True),
    Column("title", Text, nullable=False),
    Column("revision", Integer, nullable=False),
    Column("updated", Float, nullable=False),
)

revisions = Table(
    "revisions",
    metadata,
    Column("workflow", String(100), primary_key=True),
    Column("revision", Integer, primary_key=True),
    Column("saved", Float, nullable=False),
    Column("body", LargeBinary, nullable=False),
)

settings = Table(
    "settings",
    metadata,
    Column("name", String(100), primary_key=True),
    Column("value", LargeBinary, nullable=False),
)

stamp = Table("alembic_version", MetaData(), Column("version_num", String(32), primary_key=True))
"""Where Alembic reads which migration a database stands at."""
