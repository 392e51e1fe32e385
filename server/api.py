"""Everything under /api: the services behind it, and the routes that use them.

The front (`server.app`) loads this module while it already serves the page: what it imports takes twice as
long as the front itself.
"""

from __future__ import annotations

import logging
import sys
import time
import uuid
from collections.abc import Awaitable, Callable, Sequence
from functools import cache as once
from functools import partial

import msgspec
from aiohttp import web
from sqlalchemy.exc import DatabaseError

from server import __version__
from server import sentences as say
from server.answers import ApiError
from server.catalogue import CatalogueShelf
from server.config import Config
from server.dispatch import Dispatcher, Parts
from server.gallery.keeper import Gallery
from server.graph.reading import WorkflowError
from server.openapi import describe
from server.paths import PathError
from server.routes import (
    cache,
    catalogue,
    events,
    files,
    gallery,
    jobs,
    models,
    outputs,
    queue,
    settings,
    system,
    tokens,
    values,
    workflows,
)
from server.routes.table import Endpoint, RouteHandler
from server.services import Services
from server.sockets import Hub
from server.store.database import Database
from server.store.jobs import recover
from server.store.settings import cache_limits, is_paused
from server.workers.questions import NoAnswerError

log = logging.getLogger(__name__)

TOPICS = (
    jobs.api,
    queue.api,
    outputs.api,
    gallery.api,
    values.api,
    tokens.api,
    workflows.api,
    files.api,
    catalogue.api,
    models.api,
    cache.api,
    settings.api,
    system.api,
    events.api,
)


def endpoints() -> list[Endpoint]:
    """Every address under /api."""
    return [endpoint for api in TOPICS for endpoint in api.endpoints]


@once
def description() -> bytes:
    """The OpenAPI description as JSON."""
    return msgspec.json.encode(describe(endpoints(), __version__))


def echo(text: str) -> None:
    """Pass the worker's log on to the terminal."""
    sys.stderr.write(text)


class Api:
    """The services and the routes to them. `open` before the first request, `close` after the last."""

    def __init__(self, config: Config, command: Sequence[str] | None = None) -> None:
        hub = Hub(uuid.uuid4().hex)
        database = Database(config.database)
        shelf = CatalogueShelf(config.cache / "catalogue.json")
        shown = Gallery(config, database, hub, shelf, time.time)
        parts = Parts(config, database, hub, shelf, time.time)
        dispatcher = Dispatcher(parts, command=command, on_log=echo, on_result=shown.indexer.wake)
        self.services = Services(config, __version__, hub, database, shelf, dispatcher, shown, time.time, description)
        self.router = web.UrlDispatcher()
        # Addresses without a variable first: /api/jobs/cancel must not be taken for a job named "cancel".
        for endpoint in sorted(endpoints(), key=lambda endpoint: "{" in endpoint.path):
            self.router.add_route(endpoint.method, endpoint.path, self._bound(endpoint.handler))

    async def open(self) -> None:
        """Start the worker, which then reads its nodes while the database opens; from the end of this on jobs run."""
        services = self.services
        await services.dispatcher.start()
        await services.shelf.load()
        await services.database.open()
        limits = await services.database.read(cache_limits)
        if limits is not None:
            services.dispatcher.set_cache_limits(limits)
        queue = await services.database.write(partial(recover, now=services.clock()))
        services.dispatcher.recover(queue, await services.database.read(is_paused))
        await services.gallery.open()

    async def close(self) -> None:
        """End the worker, then the database."""
        await self.services.dispatcher.stop()
        await self.services.gallery.close()
        await self.services.database.close()

    async def handle(self, request: web.Request) -> web.StreamResponse:
        """Answer a request. Raises ApiError or web.HTTPException."""
        match = await self.router.resolve(request)
        if match.http_exception is not None:
            raise match.http_exception
        request.match_info.update(match)
        try:
            return await match.handler(request)
        except WorkflowError as error:
            raise ApiError(error.status, error.what, error.fix or "Open a workflow saved by Latent Loom.") from None
        except PathError as error:
            raise ApiError(400, str(error), "Name a file inside the folder, with forward slashes.") from None
        except NoAnswerError as error:
            raise ApiError(503, say.CANNOT_SAY(why=error), say.TRY_WHEN_READY()) from None
        except DatabaseError as error:
            log.error("The database failed: %s", error)
            raise ApiError(503, say.NO_DATABASE(why=error.orig), say.MAKE_ROOM_THEN()) from None

    def _bound(self, handler: RouteHandler) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
        """The handler as aiohttp calls it."""

        async def handle(request: web.Request) -> web.StreamResponse:
            return await handler(request, self.services)

        return handle
