"""What this server is and how it is, and the description of its own API."""

from __future__ import annotations

from typing import Any

import msgspec
from aiohttp import web

from server.answers import answer
from server.messages import WorkerState
from server.routes.table import Api
from server.services import Services

api = Api()


class System(msgspec.Struct, frozen=True):
    """`seq` and `epoch`: where the events stand (see /api/events); limits in bytes."""

    version: str
    home: str
    epoch: str
    seq: int
    worker: WorkerState
    detail: str
    device: str
    queued: int
    running: int
    max_body: int
    max_upload: int


@api.route("GET", "/api/system", "What this server is and how it is", answers={200: System})
async def system(request: web.Request, services: Services) -> web.Response:
    state = services.dispatcher.keeper.state
    limits = services.config.limits
    return answer(
        System(
            services.version,
            str(services.config.home),
            services.hub.epoch,
            services.hub.seq,
            state.worker,
            state.detail,
            state.device,
            services.dispatcher.queued,
            services.dispatcher.running,
            limits.max_body,
            limits.max_upload,
        )
    )


@api.route("GET", "/api/openapi.json", "This description", answers={200: dict[str, Any]})
async def description(request: web.Request, services: Services) -> web.Response:
    return answer(services.description())
