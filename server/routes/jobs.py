"""The jobs over HTTP: submit, look, cancel."""

from __future__ import annotations

import asyncio
import uuid
from functools import partial
from typing import Annotated

import msgspec
from aiohttp import web
from msgspec.structs import replace

from server import sentences as say
from server.answers import ApiError, answer
from server.graph.problems import Problem
from server.graph.sweep_prompt import Swept
from server.graph.workflow import load
from server.messages import JobInfo, JobState, NodeChange, OutputInfo, Progress
from server.routes.bodies import LARGE, read_json, read_query
from server.routes.table import Api
from server.services import Services
from server.store import jobs, outputs
from server.submit import Accepted, Prepared, Problems, SubmitJob, prepare, prepare_sweep

api = Api()

MAX_MOVE = 4096


class JobsQuery(msgspec.Struct, frozen=True):
    """Which jobs to list: those in one state, only those older than the job `before`."""

    state: JobState | None = None
    limit: Annotated[int, msgspec.Meta(ge=1, le=500)] = 50
    before: str | None = None


class JobList(msgspec.Struct, frozen=True):
    jobs: list[JobInfo]


class JobDetail(JobInfo, frozen=True, kw_only=True):
    """A job with all that a page needs to draw it as if it had watched from the start."""

    nodes: dict[str, NodeChange]
    progress: dict[str, Progress]
    outputs: list[OutputInfo]


class MoveJob(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`before`: the waiting job that is to come after it; null moves it to the end."""

    before: Annotated[str, msgspec.Meta(max_length=40)] | None


class Cancelled(msgspec.Struct, frozen=True):
    """The jobs that were waiting or running and now end."""

    jobs: list[str]


@api.route(
    "POST",
    "/api/jobs",
    "Run a workflow; the answer comes when the job is safe on the disk",
    body=SubmitJob,
    answers={202: Accepted, 422: Problems},
    errors=(400, 413, 415, 429, 503),
)
async def submit(request: web.Request, services: Services) -> web.Response:
    limits = services.config.limits
    if services.dispatcher.queued >= limits.max_queue:
        raise ApiError(
            429,
            say.QUEUE_FULL(count=limits.max_queue),
            say.WAIT_OR_CANCEL(),
            {"Retry-After": "10"},
        )
    wanted = await read_json(request, SubmitJob, limits.max_body)
    catalogue = await services.catalogue()
    make = partial(prepare, wanted, catalogue, services.config)
    prepared = make() if len(bytes(wanted.workflow)) < LARGE else await asyncio.to_thread(make)
    if prepared.payload is None:
        return answer(Problems(prepared.problems), 422)
    job = await _accept(services, prepared, prepared.payload, wanted.key)
    return answer(Accepted(job, prepared.problems), 202)


async def _accept(services: Services, prepared: Prepared, payload: jobs.Payload, key: str | None) -> str:
    now = services.clock()
    new = jobs.NewJob(uuid.uuid4().hex, prepared.document, prepared.title, now, payload, key)
    accepted = await services.database.write(partial(jobs.accept, job=new))
    if accepted.new:
        info = JobInfo(new.id, new.document, new.title, "queued", now, place=accepted.place)
        services.dispatcher.add(info, payload.after(accepted))
    return accepted.id


class WhichSweep(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A workflow with a sweep."""

    workflow: msgspec.Raw


class SweepPlan(msgspec.Struct, frozen=True):
    """What a sweep is going to make. Nothing has run."""

    pictures: int
    """In the sheet, and as many single ones."""
    runs: int
    """Nodes that run at most: what several pictures share runs once, and what is kept does not run again."""
    seconds: float
    """About how long that takes, by how long the nodes took when they last ran."""
    unknown: bool
    """Some node never ran, so it takes longer than that."""
    problems: list[Problem]


@api.route(
    "POST",
    "/api/jobs/sweep",
    "How many pictures the sweep of a workflow makes, and about how long that takes; nothing runs",
    body=WhichSweep,
    answers={200: SweepPlan},
    errors=(400, 413, 415, 503),
)
async def plan_sweep(request: web.Request, services: Services) -> web.Response:
    wanted = await read_json(request, WhichSweep, services.config.limits.max_body)
    catalogue = await services.catalogue()

    def prepare_it() -> tuple[Prepared, Swept]:
        return prepare_sweep(load(bytes(wanted.workflow)), None, catalogue, services.config)

    prepared, swept = await asyncio.to_thread(prepare_it)
    took = await services.database.read(partial(jobs.durations_of, document=prepared.document))
    seconds = sum(count * took.get(node, 0.0) for node, count in swept.copies.items())
    unknown = any(node and node not in took for node in swept.copies)
    return answer(SweepPlan(swept.cells, sum(swept.copies.values()), round(seconds, 1), unknown, prepared.problems))


@api.route("GET", "/api/jobs", "List jobs, the newest first", query=JobsQuery, answers={200: JobList}, errors=(400,))
async def listing(request: web.Request, services: Services) -> web.Response:
    query = read_query(request, JobsQuery)
    found = await services.database.read(
        partial(jobs.listed, state=query.state, limit=query.limit, before=query.before)
    )
    positions = services.dispatcher.positions()
    return answer(JobList([replace(info, position=positions.get(info.id, 0)) for info in found]))


@api.route("GET", "/api/jobs/{id}", "One job with its nodes and outputs", answers={200: JobDetail}, errors=(404,))
async def detail(request: web.Request, services: Services) -> web.Response:
    info = await _info(request, services)
    made = await services.database.read(partial(outputs.of_job, job=info.id))
    live = services.dispatcher.live.get(info.id)
    newest = live.info if live is not None else info
    fields = {**msgspec.structs.asdict(newest), "position": services.dispatcher.positions().get(info.id, 0)}
    if live is not None:
        return answer(JobDetail(**fields, nodes=live.nodes, progress=live.progress, outputs=made))
    nodes = await services.database.read(partial(jobs.nodes, job=info.id))
    return answer(JobDetail(**fields, nodes=nodes, progress={}, outputs=made))


@api.route(
    "GET", "/api/jobs/{id}/workflow", "The workflow a job was made from", answers={200: msgspec.Raw}, errors=(404,)
)
async def workflow(request: web.Request, services: Services) -> web.Response:
    info = await _info(request, services)
    text = await services.database.read(partial(jobs.workflow, job=info.id))
    return answer(text or b"null")


@api.route(
    "POST",
    "/api/jobs/{id}/move",
    "Let a waiting job run before another one, or after all",
    body=MoveJob,
    answers={200: JobInfo},
    errors=(400, 404, 409, 413, 415),
)
async def move(request: web.Request, services: Services) -> web.Response:
    info = await _info(request, services)
    wanted = await read_json(request, MoveJob, MAX_MOVE)
    if not await services.dispatcher.move(info.id, wanted.before):
        raise ApiError(409, say.JOB_NOT_WAITING(), "Look at the queue as it is now, with GET /api/jobs?state=queued.")
    return answer(await _info(request, services))


@api.route("POST", "/api/jobs/{id}/cancel", "Cancel a job", answers={200: Cancelled}, errors=(404,))
async def cancel(request: web.Request, services: Services) -> web.Response:
    info = await _info(request, services)
    ended = [job for job in services.dispatcher.active() if job == info.id]
    await services.dispatcher.cancel(ended)
    return answer(Cancelled(ended))


@api.route("POST", "/api/jobs/cancel", "Cancel every job that waits or runs", answers={200: Cancelled})
async def cancel_all(request: web.Request, services: Services) -> web.Response:
    ended = services.dispatcher.active()
    await services.dispatcher.cancel(ended)
    return answer(Cancelled(ended))


async def _info(request: web.Request, services: Services) -> JobInfo:
    job = request.match_info["id"]
    info = await services.database.read(partial(jobs.info, job=job))
    if info is None:
        raise ApiError(404, say.NO_JOB(job=repr(job[:60])), "List the jobs with GET /api/jobs.")
    return info
