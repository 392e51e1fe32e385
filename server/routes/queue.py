"""The queue as a whole over HTTP: how long it is, and whether it is paused."""

from __future__ import annotations

import msgspec
from aiohttp import web

from server.answers import answer
from server.routes.bodies import read_json
from server.routes.table import Api
from server.services import Services

api = Api()

MAX_BODY = 4096


class QueueState(msgspec.Struct, frozen=True):
    """`queued` jobs wait and `running` ones run; while it is `paused` no further one begins."""

    queued: int
    running: int
    paused: bool


class ChangeQueue(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    paused: bool


def state_of(services: Services) -> QueueState:
    dispatcher = services.dispatcher
    return QueueState(dispatcher.queued, dispatcher.running, dispatcher.paused)


@api.route("GET", "/api/queue", "How the queue stands", answers={200: QueueState})
async def look(request: web.Request, services: Services) -> web.Response:
    return answer(state_of(services))


@api.route(
    "PUT",
    "/api/queue",
    "Pause the queue, or let it go on",
    body=ChangeQueue,
    answers={200: QueueState},
    errors=(400, 413, 415),
)
async def change(request: web.Request, services: Services) -> web.Response:
    wanted = await read_json(request, ChangeQueue, MAX_BODY)
    await services.dispatcher.pause(wanted.paused)
    return answer(state_of(services))


class Cleared(msgspec.Struct, frozen=True):
    """The jobs that waited and do not any more."""

    jobs: list[str]


@api.route("POST", "/api/queue/clear", "Cancel every waiting job; the running one goes on", answers={200: Cleared})
async def clear(request: web.Request, services: Services) -> web.Response:
    ended = services.dispatcher.waiting()
    await services.dispatcher.cancel(ended)
    return answer(Cleared(ended))
