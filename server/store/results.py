"""The rows of the gallery: one for each saved file. Only this module changes them.

Ids grow with the time of making, so "newest first" is by id, and a page is found without counting what is before it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from sqlalchemy import ColumnElement, Connection, bindparam, delete, insert, select, update

from server.store import search
from server.store.statement import Statement
from server.store.tables import jobs, outputs, results

A_DAY = 86_400.0
KINDS = ("image", "video", "audio")
OTHER = "other"

_known = Statement(
    select(results.c.id, outputs.c.sha256)
    .join_from(results, outputs, outputs.c.id == results.c.output)
    .where(results.c.path == bindparam("path"))
)
_document = Statement(select(jobs.c.document).where(jobs.c.id == bindparam("job")))
_last = Statement(select(results.c.created).order_by(results.c.id.desc()).limit(1))
_columns = ["path", "output", "job", "document", "kind", "created", "starred", "trashed", "indexed"]
_new = Statement(insert(results), _columns)


@dataclass(frozen=True)
class NewResult:
    """A file that `output` is the row of."""

    output: int
    job: str
    path: str
    media_type: str
    sha256: str
    created: float


def kind_of(media_type: str) -> str:
    """ "image", "video", "audio" or "other"."""
    kind = media_type.partition("/")[0]
    return kind if kind in KINDS else OTHER


def keep(connection: Connection, new: NewResult) -> int:
    """The result of a file: a new one, or the one it is already. Another file under the same name takes its place."""
    known = _known.run(connection, path=new.path).one_or_none()
    if known is not None:
        if known.sha256 == new.sha256:
            return int(known.id)
        forget(connection, [int(known.id)], new.output)
    document = _document.run(connection, job=new.job).scalar_one_or_none()
    row = _new.run(
        connection,
        path=new.path,
        output=new.output,
        job=new.job,
        document=document or "",
        kind=kind_of(new.media_type),
        created=_after(_last.run(connection).scalar_one_or_none(), new.created),
        starred=0,
        trashed=None,
        indexed=0,
    )
    return int(row.lastrowid)


def _after(last: float | None, now: float) -> float:
    """Not before the result that came last: clocks are put back a little now and then."""
    return last if last is not None and 0 < last - now < A_DAY else now


def star(connection: Connection, ids: Sequence[int], starred: bool) -> list[int]:
    """Mark results, or take the mark away; gives those that changed."""
    wanted = int(starred)
    return _changed(connection, ids, results.c.starred != wanted, {"starred": wanted})


def trash(connection: Connection, ids: Sequence[int], now: float) -> list[int]:
    """Note that these files are in the trash."""
    return _changed(connection, ids, results.c.trashed.is_(None), {"trashed": now})


def restore(connection: Connection, ids: Sequence[int]) -> list[int]:
    """Note that these files are back in their places."""
    return _changed(connection, ids, results.c.trashed.is_not(None), {"trashed": None})


def _changed(
    connection: Connection, ids: Sequence[int], due: ColumnElement[bool], values: dict[str, object]
) -> list[int]:
    changed: list[int] = []
    for part in portions(ids):
        query = select(results.c.id).where(results.c.id.in_(part), due)
        found = list(connection.execute(query).scalars())
        connection.execute(update(results).where(results.c.id.in_(found)).values(values))
        changed += found
    return changed


def forget(connection: Connection, ids: Sequence[int], before: int | None = None) -> None:
    """Remove results with everything that is known of them; their files are gone. `before`: only outputs before it."""
    for part in portions(ids):
        for id in part:
            search.remove(connection, id)
        paths = select(results.c.path).where(results.c.id.in_(part))
        listed = (outputs.c.root == "results") & outputs.c.path.in_(paths)
        connection.execute(delete(outputs).where(listed if before is None else listed & (outputs.c.id < before)))
        connection.execute(delete(results).where(results.c.id.in_(part)))


def portions(ids: Sequence[int], size: int = 500) -> Iterable[Sequence[int]]:
    """Ids in lists that fit one statement."""
    return (ids[at : at + size] for at in range(0, len(ids), size))
