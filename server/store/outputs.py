"""The outputs' rows: which job made which file. A row is added only for a file that exists."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal
from urllib.parse import quote

from sqlalchemy import Connection, Row, insert, select

from server.messages import OutputFile, OutputInfo
from server.store.tables import outputs


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
    key = connection.execute(insert(outputs), row).inserted_primary_key
    return _made(int(key[0]) if key is not None else 0, new)


def of_job(connection: Connection, job: str) -> list[OutputInfo]:
    """Everything a job showed, in order."""
    rows = connection.execute(select(outputs).where(outputs.c.job == job).order_by(outputs.c.id))
    return [_info(row) for row in rows]


def listed(connection: Connection, limit: int, before: int | None) -> Sequence[OutputInfo]:
    """The newest results first; `before` is an output's id, and only older ones are given."""
    query = select(outputs).where(outputs.c.root == "results").order_by(outputs.c.id.desc()).limit(limit)
    if before is not None:
        query = query.where(outputs.c.id < before)
    return [_info(row) for row in connection.execute(query)]


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
    return _made(row.id, NewOutput(row.job, file, row.created))


def _root(name: str) -> Literal["results", "previews"]:
    return "results" if name == "results" else "previews"


def url_of(file: OutputFile) -> str:
    """Where the server serves a file that a job made; empty for words, which have none."""
    return f"/api/files/{file.root}/{quote(file.path)}" if file.path else ""


def _made(key: int, new: NewOutput) -> OutputInfo:
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
    )
