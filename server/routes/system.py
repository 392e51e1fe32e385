"""What this server is and how it is, and the description of its own API."""

from __future__ import annotations

from typing import Any

import msgspec
from aiohttp import web

from server.answers import answer
from server.messages import MemoryReport, MemoryUse, TellMemory, WorkerState
from server.phrases import Phrase
from server.routes.table import Api
from server.services import Services

api = Api()

MEMORY_WAIT = 15.0
"""Seconds; a worker that is loading a model lets go of others only after that."""


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
    detail_phrase: Phrase | msgspec.UnsetType = msgspec.UNSET


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
            state.detail_phrase,
        )
    )


async def _memory(services: Services, free: bool) -> web.Response:
    report = await services.dispatcher.ask(TellMemory(free), "memory", MEMORY_WAIT)
    assert isinstance(report, MemoryReport)
    return answer(report.use)


@api.route("GET", "/api/system/memory", "What models hold, and what is free", answers={200: MemoryUse}, errors=(503,))
async def memory(request: web.Request, services: Services) -> web.Response:
    return await _memory(services, free=False)


@api.route("POST", "/api/system/memory/free", "Let every model leave memory", answers={200: MemoryUse}, errors=(503,))
async def free_memory(request: web.Request, services: Services) -> web.Response:
    return await _memory(services, free=True)


@api.route("GET", "/api/openapi.json", "This description", answers={200: dict[str, Any]})
async def description(request: web.Request, services: Services) -> web.Response:
    return answer(services.description())
