"""The workflows over HTTP: saved with revisions, opened from files, checked, and the shipped examples."""

from __future__ import annotations

import asyncio
from functools import partial
from typing import Annotated, Any

import msgspec
from aiohttp import web

from server import sentences as say
from server.answers import ApiError, ErrorWords, answer
from server.examples import Example, example, example_picture, examples
from server.graph.workflow import load
from server.opening import open_bytes, upgrade
from server.routes.bodies import LARGE, read_body, read_json, read_query
from server.routes.files import answer_file
from server.routes.table import Api, Binary
from server.services import Services
from server.store import workflows
from server.store.workflows import MAX_NAME, Revision, RevisionError, Save, SavedWorkflow, Stored
from server.submit import Problems, check

api = Api()

MAX_ID = 100
MAX_NAMING = 4096
MAX_REVISION = 2**63 - 1


class Saved(msgspec.Struct, frozen=True):
    revision: int


class SaveWorkflow(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`revision` is the one that was changed; null for a new workflow."""

    workflow: msgspec.Raw
    revision: Annotated[int, msgspec.Meta(ge=1, le=MAX_REVISION)] | None = None


class StoredWorkflow(msgspec.Struct, frozen=True):
    workflow: msgspec.Raw
    revision: int | None


class Conflict(msgspec.Struct, frozen=True):
    """Someone else saved first: both sides. `stored` is null when the workflow was deleted."""

    error: ErrorWords
    stored: StoredWorkflow | None
    sent: StoredWorkflow


class WorkflowList(msgspec.Struct, frozen=True):
    workflows: list[SavedWorkflow]


class ExampleList(msgspec.Struct, frozen=True):
    examples: list[Example]


class Opened(msgspec.Struct, frozen=True):
    """A workflow in the current form; `notices` say what was changed on the way or is missing."""

    workflow: Any
    notices: list[str]


class CheckWorkflow(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    workflow: msgspec.Raw


class RevisionQuery(msgspec.Struct, frozen=True):
    """Which revision is wanted, when not the newest."""

    revision: Annotated[int, msgspec.Meta(ge=1, le=MAX_REVISION)] | None = None


class RevisionsQuery(msgspec.Struct, frozen=True):
    """Which revisions to list: only those older than the revision `before`."""

    limit: Annotated[int, msgspec.Meta(ge=1, le=1000)] = 100
    before: Annotated[int, msgspec.Meta(ge=1, le=MAX_REVISION)] | None = None


class RevisionList(msgspec.Struct, frozen=True):
    revisions: list[Revision]


class NameRevision(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    name: Annotated[str, msgspec.Meta(max_length=MAX_NAME)]


def _id(request: web.Request) -> str:
    name = request.match_info["id"]
    if len(name) > MAX_ID or not name.isprintable():
        raise ApiError(400, "This is not the id of a workflow.", f"Use at most {MAX_ID} printable characters.")
    return name


def _missing(name: str) -> ApiError:
    return ApiError(404, say.NO_WORKFLOW(workflow=repr(name)), "List them with GET /api/workflows.")


@api.route("GET", "/api/workflows", "List the saved workflows", answers={200: WorkflowList})
async def listing(request: web.Request, services: Services) -> web.Response:
    return answer(WorkflowList(await services.database.read(workflows.listed)))


@api.route(
    "GET",
    "/api/workflows/{id}",
    "A saved workflow",
    query=RevisionQuery,
    answers={200: StoredWorkflow},
    errors=(400, 404),
)
async def read(request: web.Request, services: Services) -> web.Response:
    name, query = _id(request), read_query(request, RevisionQuery)
    stored = await services.database.read(partial(workflows.read, workflow=name, revision=query.revision))
    if stored is None:
        raise _missing(name)
    return answer(_shown(stored))


@api.route(
    "PUT",
    "/api/workflows/{id}",
    "Save a workflow over a revision",
    body=SaveWorkflow,
    answers={200: Saved, 409: Conflict},
    errors=(400, 413, 415),
)
async def save(request: web.Request, services: Services) -> web.Response:
    name = _id(request)
    wanted = await read_json(request, SaveWorkflow, services.config.limits.max_body)
    body = bytes(wanted.workflow)
    workflow = load(body) if len(body) < LARGE else await asyncio.to_thread(load, body)
    if workflow.id not in ("", name):
        raise ApiError(400, "The workflow's id is not the one in the address.", "Save it under its own id.")
    new = Save(name, workflow.title[:500], body, wanted.revision, services.clock())
    try:
        revision = await services.database.write(partial(workflows.save, new=new))
    except RevisionError as error:
        return answer(_conflict(error.stored, wanted), 409)
    return answer(Saved(revision))


@api.route(
    "GET",
    "/api/workflows/{id}/revisions",
    "The revisions of a workflow, the newest first",
    query=RevisionsQuery,
    answers={200: RevisionList},
    errors=(400, 404),
)
async def history(request: web.Request, services: Services) -> web.Response:
    name, query = _id(request), read_query(request, RevisionsQuery)
    listing = partial(workflows.listed_revisions, workflow=name, limit=query.limit, before=query.before)
    found = await services.database.read(listing)
    if not found and query.before is None:
        raise _missing(name)
    return answer(RevisionList(found))


@api.route(
    "PUT",
    "/api/workflows/{id}/revisions/{revision:[0-9]+}",
    "Name a revision, by which it is kept for good; an empty name takes it away",
    body=NameRevision,
    answers={204: None},
    errors=(400, 404, 413, 415),
)
async def name_revision(request: web.Request, services: Services) -> web.Response:
    name, revision = _id(request), int(request.match_info["revision"][:19])
    wanted = await read_json(request, NameRevision, MAX_NAMING)
    change = partial(workflows.name_revision, workflow=name, revision=revision, name=wanted.name.strip())
    if revision > MAX_REVISION or not await services.database.write(change):
        what = say.NO_REVISION(revision=revision, workflow=repr(name))
        raise ApiError(404, what, "List them with GET /api/workflows/{id}/revisions.")
    return web.Response(status=204)


def _shown(stored: Stored) -> StoredWorkflow:
    return StoredWorkflow(msgspec.Raw(stored.body), stored.revision)


def _conflict(stored: Stored | None, sent: SaveWorkflow) -> Conflict:
    what = "It was deleted elsewhere." if stored is None else f"Elsewhere revision {stored.revision} was saved."
    words = ErrorWords(what, "Keep one of the two, or save this one under a new id.")
    return Conflict(words, _shown(stored) if stored else None, StoredWorkflow(sent.workflow, sent.revision))


@api.route("DELETE", "/api/workflows/{id}", "Delete a saved workflow", answers={204: None}, errors=(400, 404))
async def remove(request: web.Request, services: Services) -> web.Response:
    name = _id(request)
    if not await services.database.write(partial(workflows.remove, workflow=name)):
        raise _missing(name)
    return web.Response(status=204)


@api.route(
    "POST",
    "/api/workflows/open",
    "Read a dropped file: a workflow, or a picture that carries one",
    body=Binary(),
    answers={200: Opened},
    errors=(400, 413),
)
async def open_file(request: web.Request, services: Services) -> web.Response:
    body = await read_body(request, services.config.limits.max_upload)
    workflow = await asyncio.to_thread(open_bytes, body)
    opened, notices = await upgrade(workflow, services.shelf.catalogue, services.dispatcher)
    return answer(Opened(opened, notices))


@api.route(
    "POST",
    "/api/workflows/check",
    "Every problem of a workflow",
    body=CheckWorkflow,
    answers={200: Problems},
    errors=(400, 413, 415, 503),
)
async def check_workflow(request: web.Request, services: Services) -> web.Response:
    wanted = await read_json(request, CheckWorkflow, services.config.limits.max_body)
    catalogue = await services.catalogue()

    def find() -> Problems:
        return Problems(check(load(bytes(wanted.workflow)), catalogue, services.config))

    return answer(find() if len(bytes(wanted.workflow)) < LARGE else await asyncio.to_thread(find))


@api.route("GET", "/api/examples", "The shipped workflows", answers={200: ExampleList})
async def example_list(request: web.Request, services: Services) -> web.Response:
    config = services.config
    found = await asyncio.to_thread(examples, config.examples, services.shelf.catalogue, config.model_folders)
    return answer(ExampleList(found))


@api.route(
    "GET",
    "/api/examples/{name}/picture",
    "What an example makes",
    answers={200: Binary("image/webp")},
    errors=(400, 404),
)
async def one_picture(request: web.Request, services: Services) -> web.StreamResponse:
    path = await asyncio.to_thread(example_picture, services.config.examples, request.match_info["name"])
    if path is None:
        raise ApiError(404, "There is no picture of this example.", "List the examples with GET /api/examples.")
    return answer_file(path)


@api.route("GET", "/api/examples/{name}", "A shipped workflow", answers={200: msgspec.Raw}, errors=(400, 404))
async def one_example(request: web.Request, services: Services) -> web.Response:
    text = await asyncio.to_thread(example, services.config.examples, request.match_info["name"])
    if text is None:
        raise ApiError(404, "There is no such example.", "List them with GET /api/examples.")
    return answer(text)
