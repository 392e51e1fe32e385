"""The gallery read: pages of results, days with their numbers, one result whole. Nothing here changes a row."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from urllib.parse import quote

import msgspec
from sqlalchemy import (
    ColumnElement,
    Connection,
    Integer,
    Row,
    Select,
    cast,
    column,
    func,
    literal,
    select,
    table,
    text,
    tuple_,
)

from server.gallery.query import Search
from server.graph.facts import Facts
from server.store import search
from server.store.outputs import thumbnail_url
from server.store.results import portions
from server.store.tables import jobs, outputs, results

TRASH = ".trash"
"""The folder inside the results folder where deleted files wait."""
A_DAY = 86_400
index = table("result_search", column("rowid", Integer))


class NoIndexError(Exception):
    """Words cannot be searched for."""


class ResultInfo(msgspec.Struct, frozen=True):
    """A saved result. `url` serves the file, `thumbnail` a small picture of it; both are empty for what has none."""

    id: int
    url: str
    thumbnail: str
    name: str
    path: str
    media_type: str
    kind: str
    width: int
    height: int
    created: float
    """Seconds since 1970."""
    starred: bool
    job: str
    node: str
    document: str
    trashed: float | None = None


class Day(msgspec.Struct, frozen=True):
    """A day of the reader with results: days since 1970, how many results, and the newest one's id."""

    day: int
    count: int
    newest: int


class ResultDetail(msgspec.Struct, frozen=True):
    """A result with what it was made with; `bytes` is None when the file is gone."""

    result: ResultInfo
    title: str
    facts: Facts
    indexed: bool
    bytes: int | None = None


def page(connection: Connection, wanted: Search, before: int | None, skip: int, limit: int) -> list[ResultInfo]:
    """Results, the newest first: those older than `before`, without the first `skip` of them."""
    query = _found(connection, wanted, before).with_only_columns(results.c.id)
    ids = list(connection.execute(query.limit(limit).offset(skip)).scalars())
    return by_ids(connection, ids)


def ids(connection: Connection, wanted: Search, before: int | None, skip: int, limit: int) -> list[int]:
    """Like `page`, the ids alone."""
    query = _found(connection, wanted, before).with_only_columns(results.c.id)
    return list(connection.execute(query.limit(limit).offset(skip)).scalars())


def days(connection: Connection, wanted: Search, zone: int) -> list[Day]:
    """How many results each day has, the newest day first. `zone`: minutes ahead of UTC."""
    day = (cast(results.c.created, Integer) + literal(60 * zone)) // literal(A_DAY)
    query = _found(connection, wanted, None).with_only_columns(day, func.count(), func.max(results.c.id))
    rows = connection.execute(query.order_by(None).group_by(text("1")).order_by(text("1 DESC")))
    return [Day(number, count, newest) for number, count, newest in rows]


def by_ids(connection: Connection, wanted: Sequence[int]) -> list[ResultInfo]:
    """These results, the newest first; one that is not there is left out."""
    found: list[ResultInfo] = []
    for part in portions(wanted):
        rows = connection.execute(_whole().where(results.c.id.in_(part)).order_by(results.c.id.desc()))
        found += [_info(row) for row in rows]
    return found


def paths_of(connection: Connection, wanted: Sequence[int], trashed: bool = False) -> dict[int, str]:
    """The names of these results' files; with `trashed`, of those in the trash alone."""
    found: dict[int, str] = {}
    for part in portions(wanted):
        query = select(results.c.id, results.c.path).where(results.c.id.in_(part))
        rows = connection.execute(query.where(results.c.trashed.is_not(None)) if trashed else query)
        found.update((row.id, row.path) for row in rows)
    return found


def detail(connection: Connection, result: int) -> ResultDetail | None:
    """One result whole; `bytes` is left for whoever looks at the file."""
    row = connection.execute(_whole().where(results.c.id == result)).one_or_none()
    if row is None:
        return None
    known = search.read(connection, result)
    title = known.title if known is not None else _title(connection, row.job)
    return ResultDetail(_info(row), title, known.facts if known else Facts(), known is not None)


def _title(connection: Connection, job: str) -> str:
    return connection.execute(select(jobs.c.title).where(jobs.c.id == job)).scalar_one_or_none() or ""


def _whole() -> Select[Any]:
    seen = (outputs.c.node, outputs.c.media_type, outputs.c.width, outputs.c.height, outputs.c.sha256)
    return select(results, *seen).join_from(results, outputs, outputs.c.id == results.c.output)


def _found(connection: Connection, wanted: Search, before: int | None) -> Select[Any]:
    """The results that a search is for, the newest first."""
    if (wanted.words or wanted.without) and not search.exists(connection):
        raise NoIndexError
    query = select(results.c.id).where(*_conditions(wanted))
    if wanted.words:
        # The index gives its rows in their order; the results are looked up one by one and nothing is sorted.
        query = query.select_from(index.join(results, results.c.id == index.c.rowid)).order_by(index.c.rowid.desc())
        query = query.where(text("result_search MATCH :words").bindparams(words=_all(wanted.words)))
        query = query if before is None else query.where(index.c.rowid < before)
    else:
        query = query.order_by(results.c.created.desc(), results.c.id.desc())
        query = query if before is None else query.where(_older(before))
    for number, expression in enumerate(wanted.without):
        name = f"without{number}"
        held = select(index.c.rowid).where(text(f"result_search MATCH :{name}").bindparams(**{name: expression}))
        query = query.where(results.c.id.not_in(held))
    return query


def _older(before: int) -> ColumnElement[bool]:
    """What comes after the result `before` in the order of time; where that is gone, what was made before it."""
    newest = select(results.c.created).where(results.c.id <= before).order_by(results.c.id.desc()).limit(1)
    place = func.coalesce(newest.scalar_subquery(), 0.0)
    return tuple_(results.c.created, results.c.id) < tuple_(place, literal(before))


def _all(expressions: Sequence[str]) -> str:
    return " AND ".join(f"({expression})" for expression in expressions)


def _conditions(wanted: Search) -> list[ColumnElement[bool]]:
    in_trash = results.c.trashed.is_not(None) if wanted.trashed else results.c.trashed.is_(None)
    found: list[ColumnElement[bool]] = [in_trash]
    if wanted.starred is not None:
        found.append(results.c.starred == int(wanted.starred))
    if wanted.kind:
        found.append(results.c.kind == wanted.kind)
    if wanted.document:
        found.append(results.c.document == wanted.document)
    if wanted.since is not None:
        found.append(results.c.created >= wanted.since)
    if wanted.until is not None:
        found.append(results.c.created < wanted.until)
    return found


def _info(row: Row[Any]) -> ResultInfo:
    place = row.path if row.trashed is None else f"{TRASH}/{row.path}"
    return ResultInfo(
        row.id,
        f"/api/files/results/{quote(place)}",
        thumbnail_url(place, row.media_type, row.sha256),
        row.path.rpartition("/")[2],
        row.path,
        row.media_type,
        row.kind,
        row.width,
        row.height,
        row.created,
        bool(row.starred),
        row.job,
        row.node,
        row.document,
        row.trashed,
    )
