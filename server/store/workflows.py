"""The saved workflows: each save is a revision; one over a revision that is not the newest is refused."""

from __future__ import annotations

from dataclasses import dataclass

import msgspec
from sqlalchemy import Connection, delete, insert, select, update

from server.store.database import StoreError
from server.store.tables import revisions, workflows

KEPT = 100
"""Revisions of one workflow that stay; older ones go with the next save."""


class SavedWorkflow(msgspec.Struct, frozen=True):
    """A line in the list of workflows. `updated` in seconds since 1970."""

    id: str
    title: str
    revision: int
    updated: float


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
    connection.execute(
        insert(revisions),
        {"workflow": new.id, "revision": revision, "saved": new.now, "body": new.body},
    )
    old = (revisions.c.workflow == new.id) & (revisions.c.revision <= revision - KEPT)
    connection.execute(delete(revisions).where(old))
    return revision


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
