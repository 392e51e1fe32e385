"""The gallery over HTTP: every result ever saved, searched, starred, deleted, exported."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from functools import partial
from typing import Annotated, Literal, TypeVar

import msgspec
from aiohttp import hdrs, web
from msgspec.structs import replace
from sqlalchemy import Connection

from server import sentences as say
from server.answers import ApiError, answer
from server.gallery.export import Export, pieces
from server.gallery.query import BadSearch, Clock, Search, read
from server.paths import PathError, inside
from server.routes.bodies import read_json, read_query
from server.routes.table import Api, Binary
from server.services import Services
from server.store import gallery, search
from server.store.gallery import Day, NoIndexError, ResultDetail, ResultInfo

api = Api()
T = TypeVar("T")

Id = Annotated[int, msgspec.Meta(ge=0, le=2**63 - 1)]
Ids = Annotated[list[Id], msgspec.Meta(max_length=100_000)]
Zone = Annotated[int, msgspec.Meta(ge=-1440, le=1440)]
Words = Annotated[str, msgspec.Meta(max_length=2000)]
NO_INDEX = ApiError(
    503,
    say.NO_INDEX(),
    say.USE_FILTERS(),
)


class PageQuery(msgspec.Struct, frozen=True):
    """A part of what a search finds: results older than `before`, without the first `skip` of them.

    `zone` is how many minutes the reader's clock is ahead of UTC: where days begin.
    """

    q: Words = ""
    before: Id | None = None
    skip: Annotated[int, msgspec.Meta(ge=0, le=10_000_000)] = 0
    limit: Annotated[int, msgspec.Meta(ge=1, le=500)] = 100
    zone: Zone = 0


class IdsQuery(PageQuery, frozen=True):
    """Like a page's, for many more at once."""

    limit: Annotated[int, msgspec.Meta(ge=1, le=100_000)] = 100_000


class DaysQuery(msgspec.Struct, frozen=True):
    q: Words = ""
    zone: Zone = 0


class ValuesQuery(msgspec.Struct, frozen=True):
    """Which values of a field to suggest: those that hold `part`."""

    field: Literal["model", "title"] = "model"
    part: Annotated[str, msgspec.Meta(max_length=200)] = ""
    limit: Annotated[int, msgspec.Meta(ge=1, le=100)] = 12


class ResultPage(msgspec.Struct, frozen=True):
    results: list[ResultInfo]


class ResultIds(msgspec.Struct, frozen=True):
    ids: list[int]


class Days(msgspec.Struct, frozen=True):
    """How many results a search finds, day by day, the newest first; so every result's place is known."""

    total: int
    days: list[Day]


class SuggestedValue(msgspec.Struct, frozen=True):
    value: str
    count: int


class Values(msgspec.Struct, frozen=True):
    values: list[SuggestedValue]


class Chosen(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    ids: Ids


class StarResults(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    ids: Ids
    starred: bool = True


class Changed(msgspec.Struct, frozen=True):
    """The results that are not as they were. `problem` says in words what did not go, when something did not."""

    ids: list[int]
    problem: str = ""


class ExportResults(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`workflows`: whether the pictures keep the workflow that is inside them."""

    ids: Ids
    workflows: bool = True


class ExportReady(msgspec.Struct, frozen=True):
    """Where the ZIP file is fetched, and how many files are in it."""

    url: str
    count: int


def _search(services: Services, text: str, zone: int) -> Search:
    try:
        return read(text, Clock(services.clock(), zone))
    except BadSearch as error:
        raise ApiError(400, error.what, error.fix) from None


async def _read(services: Services, operation: Callable[[Connection], T]) -> T:
    try:
        return await services.database.read(operation)
    except NoIndexError:
        raise NO_INDEX from None


@api.route("GET", "/api/gallery", "Results of a search", query=PageQuery, answers={200: ResultPage}, errors=(400, 503))
async def page(request: web.Request, services: Services) -> web.Response:
    query = read_query(request, PageQuery)
    wanted = _search(services, query.q, query.zone)
    ask = partial(gallery.page, wanted=wanted, before=query.before, skip=query.skip, limit=query.limit)
    return answer(ResultPage(await _read(services, ask)))


@api.route("GET", "/api/gallery/ids", "The ids alone", query=IdsQuery, answers={200: ResultIds}, errors=(400, 503))
async def ids(request: web.Request, services: Services) -> web.Response:
    query = read_query(request, IdsQuery)
    wanted = _search(services, query.q, query.zone)
    ask = partial(gallery.ids, wanted=wanted, before=query.before, skip=query.skip, limit=query.limit)
    return answer(ResultIds(await _read(services, ask)))


@api.route(
    "GET", "/api/gallery/days", "How many results each day has", query=DaysQuery, answers={200: Days}, errors=(400, 503)
)
async def days(request: web.Request, services: Services) -> web.Response:
    query = read_query(request, DaysQuery)
    wanted = _search(services, query.q, query.zone)
    found = await _read(services, partial(gallery.days, wanted=wanted, zone=query.zone))
    return answer(Days(sum(day.count for day in found), found))


@api.route(
    "GET",
    "/api/gallery/values",
    "Values of a field to search for, the commonest first",
    query=ValuesQuery,
    answers={200: Values},
    errors=(400,),
)
async def values(request: web.Request, services: Services) -> web.Response:
    query = read_query(request, ValuesQuery)
    ask = partial(search.values, field=query.field, part=query.part, limit=query.limit)
    found = await services.database.read(ask)
    return answer(Values([SuggestedValue(each.value, each.count) for each in found]))


@api.route("POST", "/api/gallery/star", "Mark results, or take the mark away",
           body=StarResults, answers={200: Changed}, errors=(400, 413, 415))  # fmt: skip
async def star(request: web.Request, services: Services) -> web.Response:
    wanted = await read_json(request, StarResults, services.config.limits.max_body)
    return answer(Changed(await services.gallery.star(wanted.ids, wanted.starred)))


@api.route("POST", "/api/gallery/trash", "Move results into the trash",
           body=Chosen, answers={200: Changed}, errors=(400, 413, 415))  # fmt: skip
async def trash(request: web.Request, services: Services) -> web.Response:
    wanted = await read_json(request, Chosen, services.config.limits.max_body)
    return answer(Changed(await services.gallery.trash(wanted.ids)))


@api.route("POST", "/api/gallery/restore", "Bring results back from the trash",
           body=Chosen, answers={200: Changed}, errors=(400, 413, 415))  # fmt: skip
async def restore(request: web.Request, services: Services) -> web.Response:
    wanted = await read_json(request, Chosen, services.config.limits.max_body)
    changed, lost = await services.gallery.restore(wanted.ids)
    problem = f"Gone, or their place is taken: {', '.join(lost[:8])}." if lost else ""
    return answer(Changed(changed, problem))


@api.route("POST", "/api/gallery/delete", "Delete results of the trash for good",
           body=Chosen, answers={200: Changed}, errors=(400, 413, 415))  # fmt: skip
async def delete(request: web.Request, services: Services) -> web.Response:
    wanted = await read_json(request, Chosen, services.config.limits.max_body)
    return answer(Changed(await services.gallery.delete(wanted.ids)))


@api.route("POST", "/api/gallery/exports", "Prepare a ZIP file of results",
           body=ExportResults, answers={200: ExportReady}, errors=(400, 413, 415))  # fmt: skip
async def export(request: web.Request, services: Services) -> web.Response:
    wanted = await read_json(request, ExportResults, services.config.limits.max_body)
    found = await services.database.read(partial(gallery.by_ids, wanted=wanted.ids))
    name = services.gallery.exports.add(Export(found, wanted.workflows))
    return answer(ExportReady(f"/api/gallery/exports/{name}", len(found)))


@api.route(
    "GET",
    "/api/gallery/exports/{name}",
    "A ZIP file that was prepared",
    answers={200: Binary("application/zip")},
    errors=(404,),
)
async def fetch_export(request: web.Request, services: Services) -> web.StreamResponse:
    wanted = services.gallery.exports.get(request.match_info["name"])
    if wanted is None:
        raise ApiError(404, say.NO_ZIP(), say.EXPORT_AGAIN())
    headers = {hdrs.CONTENT_DISPOSITION: 'attachment; filename="latent-loom.zip"', hdrs.CACHE_CONTROL: "no-store"}
    response = web.StreamResponse(headers=headers)
    response.content_type = "application/zip"
    await response.prepare(request)
    made = pieces(wanted, services.config.results)
    while (piece := await asyncio.to_thread(_next, made)) is not None:
        if piece:
            await response.write(piece)
    await response.write_eof()
    return response


def _next(made: Iterator[bytes]) -> bytes | None:
    return next(made, None)


@api.route(
    "GET", "/api/gallery/{id}", "A result with what it was made with", answers={200: ResultDetail}, errors=(404,)
)
async def detail(request: web.Request, services: Services) -> web.Response:
    name = request.match_info["id"]
    number = int(name) if name.isascii() and name.isdigit() and len(name) < 19 else 0
    found = await services.database.read(partial(gallery.detail, result=number))
    if found is None:
        raise ApiError(404, say.NO_RESULT(result=repr(name[:40])), say.MAY_BE_DELETED())
    return answer(replace(found, bytes=await asyncio.to_thread(_size, services, found.result)))


def _size(services: Services, result: ResultInfo) -> int | None:
    place = result.path if result.trashed is None else f"{gallery.TRASH}/{result.path}"
    try:
        return inside(services.config.results, place).stat().st_size
    except (OSError, PathError):
        return None
