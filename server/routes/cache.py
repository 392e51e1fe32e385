"""The cache over HTTP: what it holds, what it may hold, and emptying it."""

from __future__ import annotations

from functools import partial
from typing import Annotated

import msgspec
from aiohttp import web

from server.answers import answer
from server.messages import CacheReport, CacheUse, ClearCache, SetCacheLimits
from server.routes.bodies import read_json
from server.routes.table import Api
from server.services import Services
from server.store.settings import CacheLimits, keep_cache_limits
from server.workers.questions import NoAnswerError

api = Api()

LOOK_WAIT = 2.0
"""Seconds to wait for a report; a worker in the middle of a step answers later, with an event."""
CLEAR_WAIT = 30.0
Size = Annotated[int, msgspec.Meta(ge=0, le=2**50)]


class WantedLimits(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Bytes that the two tiers may hold."""

    memory: Size
    disk: Size


async def _report(services: Services, question: SetCacheLimits | ClearCache, seconds: float) -> CacheUse:
    """What the worker says, or what it said last."""
    try:
        report = await services.dispatcher.ask(question, "cache", seconds)
    except NoAnswerError:
        return services.dispatcher.cache_use
    return report.use if isinstance(report, CacheReport) else services.dispatcher.cache_use


@api.route("GET", "/api/cache", "How full the cache is", answers={200: CacheUse})
async def look(request: web.Request, services: Services) -> web.Response:
    limits = services.dispatcher.limits
    return answer(await _report(services, SetCacheLimits(limits.memory, limits.disk), LOOK_WAIT))


@api.route(
    "PUT",
    "/api/cache",
    "Limit the cache, in bytes",
    body=WantedLimits,
    answers={200: CacheUse},
    errors=(400, 413, 415),
)
async def limit(request: web.Request, services: Services) -> web.Response:
    wanted = await read_json(request, WantedLimits, services.config.limits.max_body)
    limits = CacheLimits(wanted.memory, wanted.disk)
    await services.database.write(partial(keep_cache_limits, limits=limits))
    services.dispatcher.set_cache_limits(limits)
    return answer(await _report(services, SetCacheLimits(limits.memory, limits.disk), LOOK_WAIT))


@api.route("POST", "/api/cache/clear", "Empty the cache", answers={200: CacheUse})
async def clear(request: web.Request, services: Services) -> web.Response:
    return answer(await _report(services, ClearCache(), CLEAR_WAIT))
