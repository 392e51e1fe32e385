"""The saved workflows: each save is a revision; one over a revision that is not the newest is refused."""

from __future__ import annotations

from dataclasses import asdict, dataclass

import msgspec
from sqlalchemy import Connection, delete, insert, select, update

from server.graph.compare import compare
from server.store.database import StoreError
from server.store.tables import revisions, workflows
from server.store.thinning import Kept, to_drop

THINNED = 16
"""After so many savings of a workflow its old revisions are thinned."""
MAX_NAME = 200


class SavedWorkflow(msgspec.Struct, frozen=True):
    """A line in the list of workflows. `updated` in seconds since 1970."""

    id: str
    title: str
    revision: int
    updated: float


class Revision(msgspec.Struct, frozen=True):
    """A line in the list of revisions. `saved` in seconds since 1970, `size` in bytes; the counts compare it with the
    revision saved before it, and are null where that is not known."""

    revision: int
    saved: float
    name: str
    size: int | None
    added: int | None
    removed: int | None
    changed: int | None
    moved: int | None


@dataclass(frozen=True)
class Stored:
    revision: int
    body: bytes


class RevisionError(StoreError):
    """Someone else saved first; `stored` is theirs, None when the workflow is gone."""

    def __init__(self, stored: Stored | None) -> None:
        super().__init__("the workflow was saved by someone else")
        self.stored = stored


@dataclass(frozen=True)
class Save:
    """A save of `body` over `revision` (None: the workflow is new)."""

    id: str
    title: str
    body: bytes
    revision: int | None
    now: float


def save(connection: Connection, new: Save) -> int:
    """Keep a revision and give its number. Raises RevisionError."""
    stored = read(connection, new.id)
    if (stored.revision if stored else None) != new.revision:
        if stored is not None and (stored.revision - 1, stored.body) == (new.revision or 0, new.body):
            return stored.revision  # The same save again: its answer was lost on the way.
        raise RevisionError(stored)
    revision = (new.revision or 0) + 1
    row = {"id": new.id, "title": new.title, "revision": revision, "updated": new.now}
    if stored is None:
        connection.execute(insert(workflows), row)
    else:
        connection.execute(update(workflows).where(workflows.c.id == new.id).values(row))
    changes = compare({} if stored is None else msgspec.json.decode(stored.body), msgspec.json.decode(new.body))
    connection.execute(
        insert(revisions),
        {
            "workflow": new.id,
            "revision": revision,
            "saved": new.now,
            "body": new.body,
            "size": len(new.body),
            **asdict(changes),
        },
    )
    if revision % THINNED == 0:
        thin(connection, new.id, new.now)
    return revision


def thin(connection: Connection, workflow: str, now: float) -> None:
    """Let old revisions go where they stand close."""
    kept = [
        Kept(line.revision, line.saved, line.size or 0, bool(line.name))
        for line in listed_revisions(connection, workflow)
    ]
    gone = to_drop(kept, now)
    for start in range(0, len(gone), 500):  # SQLite takes only so many parameters at once
        of_these = revisions.c.revision.in_(gone[start : start + 500])
        connection.execute(delete(revisions).where(revisions.c.workflow == workflow, of_these))


def listed_revisions(
    connection: Connection, workflow: str, limit: int | None = None, before: int | None = None
) -> list[Revision]:
    """The revisions of a workflow, the newest first; `before` gives only older ones."""
    query = select(*(revisions.c[name] for name in Revision.__struct_fields__))
    query = query.where(revisions.c.workflow == workflow).order_by(revisions.c.revision.desc()).limit(limit)
    if before is not None:
        query = query.where(revisions.c.revision < before)
    return [Revision(**{**row, "name": row["name"] or ""}) for row in connection.execute(query).mappings()]


def name_revision(connection: Connection, workflow: str, revision: int, name: str) -> bool:
    """Give a revision a name, by which it is kept for good; an empty one takes it away. False when there is none."""
    this = (revisions.c.workflow == workflow) & (revisions.c.revision == revision)
    return connection.execute(update(revisions).where(this).values(name=name or None)).rowcount > 0


def read(connection: Connection, workflow: str, revision: int | None = None) -> Stored | None:
    """A revision, the newest when none is named."""
    query = select(revisions.c.revision, revisions.c.body).where(revisions.c.workflow == workflow)
    if revision is None:
        query = query.order_by(revisions.c.revision.desc()).limit(1)
    else:
        query = query.where(revisions.c.revision == revision)
    row = connection.execute(query).one_or_none()
    return None if row is None else Stored(row.revision, row.body)


def listed(connection: Connection) -> list[SavedWorkflow]:
    """All workflows, the one saved last first."""
    rows = connection.execute(select(workflows).order_by(workflows.c.updated.desc(), workflows.c.id))
    return [SavedWorkflow(row.id, row.title, row.revision, row.updated) for row in rows]


def remove(connection: Connection, workflow: str) -> bool:
    """Delete a workflow with its revisions; False when there is none."""
    connection.execute(delete(revisions).where(revisions.c.workflow == workflow))
    return connection.execute(delete(workflows).where(workflows.c.id == workflow)).rowcount > 0
