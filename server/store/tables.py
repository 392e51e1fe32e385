"""The tables. A change here needs a migration beside it, which a test compares with these definitions.

Large texts stand in tables of their own, so that a job's change of state rewrites a short row.
"""

from __future__ import annotations

from sqlalchemy import Column, Float, Index, Integer, LargeBinary, MetaData, String, Table, Text

HEAD = "0003"
"""The newest migration in `migrations/versions`; a database made whole is stamped with it."""

metadata = MetaData()


def _by_job(name: str) -> Table:
    """A large text for each job."""
    columns = (Column("job", String(40), primary_key=True), Column("body", LargeBinary, nullable=False))
    return Table(name, metadata, *columns)


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
    Column("place", Float),
    Index("jobs_by_state", "state", "seq"),
    sqlite_autoincrement=True,
)
"""`place` orders the queue; one that was never moved stands at its `seq`."""

prompts = _by_job("prompts")
"""What a waiting or running job runs; the row goes when the job ends."""

job_workflows = _by_job("job_workflows")

job_nodes = _by_job("job_nodes")
"""How each node of an ended job fared: a JSON list of `NodeChange`, deflated."""

durations = Table(
    "durations",
    metadata,
    Column("document", String(100), primary_key=True),
    Column("body", LargeBinary, nullable=False),
)
"""How long each node of a document took when it last ran: a JSON object of seconds by node."""

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
    Index("outputs_by_path", "path"),
    sqlite_autoincrement=True,
)

results = Table(
    "results",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("path", Text, nullable=False, unique=True),
    Column("output", Integer, nullable=False),
    Column("job", String(40), nullable=False),
    Column("document", String(100), nullable=False),
    Column("kind", String(10), nullable=False),
    Column("created", Float, nullable=False),
    Column("starred", Integer, nullable=False),
    Column("trashed", Float),
    Column("indexed", Integer, nullable=False),
    Index("results_by_time", "trashed", "created"),
    Index("results_to_index", "indexed", "id"),
    sqlite_autoincrement=True,
)
"""The gallery: a row for each saved file, however many jobs listed it; `output` is the first of its outputs.

Ids grow with `created`. `trashed` is when the file was moved to the trash; `indexed` is 0 until its facts are kept.
"""

result_facts = Table(
    "result_facts",
    metadata,
    Column("result", Integer, primary_key=True),
    Column("body", LargeBinary, nullable=False),
)
"""What a result was made with, as the JSON of `server.graph.facts.Facts`."""

result_values = Table(
    "result_values",
    metadata,
    Column("field", String(10), primary_key=True),
    Column("value", Text, primary_key=True),
    Column("result", Integer, primary_key=True),
    Index("result_values_by_result", "result"),
    sqlite_with_rowid=False,
)
"""The values that a search field suggests, such as the model files."""

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
    Column("name", Text),
    Column("size", Integer),
    Column("added", Integer),
    Column("removed", Integer),
    Column("changed", Integer),
    Column("moved", Integer),
)
"""`size` in bytes; `added` to `moved` count the nodes, frames and notes that differ from the revision before."""

settings = Table(
    "settings",
    metadata,
    Column("name", String(100), primary_key=True),
    Column("value", LargeBinary, nullable=False),
)

stamp = Table("alembic_version", MetaData(), Column("version_num", String(32), primary_key=True))
"""Where Alembic reads which migration a database stands at."""
