"""The outputs' rows: which job made which file. A row is added only for a file that exists.

A saved file is also a result, once, however many jobs list it (see `gallery`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal
from urllib.parse import quote

from sqlalchemy import Connection, Row, Select, insert, select

from server.messages import OutputFile, OutputInfo
from server.store import results
from server.store.results import NewResult
from server.store.statement import Statement
from server.store.tables import outputs
from server.store.tables import results as result_rows

_columns = ["job", "node", "root", "path", "media_type", "width", "height", "sha256", "text", "created"]
_new = Statement(insert(outputs), _columns)


@dataclass(frozen=True)
class NewOutput:
    job: str
    file: OutputFile
    created: float


def add(connection: Connection, new: NewOutput) -> OutputInfo:
    """Keep an output; the id grows with each."""
    file = new.file
    row = {
        "job": new.job,
        "node": file.node,
        "root": file.root,
        "path": file.path,
        "media_type": file.media_type,
        "width": file.width,
        "height": file.height,
        "sha256": file.sha256,
        "text": file.text,
        "created": new.created,
    }
    key = int(_new.run(connection, **row).lastrowid)
    if file.root != "results" or not file.path:
        return _made(key, new, 0)
    result = NewResult(key, new.job, file.path, file.media_type, file.sha256, new.created)
    return _made(key, new, results.keep(connection, result))


def of_job(connection: Connection, job: str) -> list[OutputInfo]:
    """Everything a job showed, in order."""
    rows = connection.execute(_listed().where(outputs.c.job == job).order_by(outputs.c.id))
    return [_info(row) for row in rows]


def listed(connection: Connection, limit: int, before: int | None) -> Sequence[OutputInfo]:
    """The newest results first, without those in the trash; `before` is an output's id, only older ones are given."""
    query = _listed().where(outputs.c.root == "results").order_by(outputs.c.id.desc()).limit(limit)
    query = query.where(result_rows.c.trashed.is_(None))
    if before is not None:
        query = query.where(outputs.c.id < before)
    return [_info(row) for row in connection.execute(query)]


def _listed() -> Select[Any]:
    of_path = (result_rows.c.path == outputs.c.path) & (outputs.c.root == "results")
    return select(outputs, result_rows.c.id.label("result")).outerjoin(result_rows, of_path)


def _info(row: Row[Any]) -> OutputInfo:
    file = OutputFile(
        row.node,
        row.path,
        row.media_type,
        _root(row.root),
        row.width,
        row.height,
        row.sha256,
        row.text,
    )
    return _made(row.id, NewOutput(row.job, file, row.created), row.result or 0)


def _root(name: str) -> Literal["results", "previews"]:
    return "results" if name == "results" else "previews"


def url_of(file: OutputFile) -> str:
    """Where the server serves a file that a job made; empty for words, which have none."""
    return f"/api/files/{file.root}/{quote(file.path)}" if file.path else ""


def _made(key: int, new: NewOutput, result: int) -> OutputInfo:
    file = new.file
    return OutputInfo(
        id=key,
        job=new.job,
        node=file.node,
        url=url_of(file),
        name=file.path.rpartition("/")[2],
        media_type=file.media_type,
        width=file.width,
        height=file.height,
        text=file.text,
        created=new.created,
        result=result,
        thumbnail=thumbnail_url(file.path, file.media_type, file.sha256) if result else "",
    )


def thumbnail_url(path: str, media_type: str, sha256: str) -> str:
    """Where a small picture of a result is; its content is part of the address, so it may be kept for good."""
    if not media_type.startswith("image/"):
        return ""
    return f"/api/files/thumbnails/{quote(path)}?v={sha256[:12]}"
