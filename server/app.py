"""The web process: starts in an order that shows the page first, and stops in one that loses nothing.

Socket first, then the page, then the database and the worker side by side. The process imports no torch
and no node module.
"""

from __future__ import annotations

import asyncio
import errno
import logging
import os
import signal
import socket
import sys
import time
import uuid
import webbrowser
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from functools import partial

import msgspec
from aiohttp import web

from server import __version__
from server.catalogue import CatalogueShelf
from server.config import Config, StartError
from server.dispatch import Dispatcher, Parts
from server.faults import answer_faults
from server.home import Holder, HomeLock
from server.openapi import describe
from server.routes import cache, catalogue, events, files, jobs, outputs, system, workflows
from server.routes.page import add_page
from server.routes.system import DESCRIPTION
from server.routes.table import Endpoint, bound
from server.security import add_headers, allowed_hosts, guard, require_loopback
from server.services import SERVICES, Services
from server.sockets import Hub
from server.store.database import Database
from server.store.jobs import recover
from server.store.settings import cache_limits

log = logging.getLogger(__name__)

TOPICS = (jobs.api, outputs.api, workflows.api, files.api, catalogue.api, cache.api, system.api, events.api)
BACKLOG = 256


@dataclass(frozen=True)
class Running:
    """A server that answers."""

    url: str
    services: Services


def endpoints() -> list[Endpoint]:
    """Every address under /api."""
    return [endpoint for api in TOPICS for endpoint in api.endpoints]


def build_app(services: Services, port: int) -> web.Application:
    """The aiohttp application; `port` is the one that requests come to."""
    app = web.Application(
        middlewares=[answer_faults, guard(allowed_hosts(services.config.host, port))],
        client_max_size=services.config.limits.max_body,
    )
    app[SERVICES] = services
    app[DESCRIPTION] = msgspec.json.encode(describe(endpoints(), __version__))
    app.on_response_prepare.append(add_headers)
    # Addresses without a variable first: /api/jobs/cancel must not be taken for a job named "cancel".
    for endpoint in sorted(endpoints(), key=lambda endpoint: "{" in endpoint.path):
        app.router.add_route(endpoint.method, endpoint.path, bound(endpoint))
    add_page(app)
    return app


def bind(config: Config) -> socket.socket:
    """A socket that listens. Raises StartError when the address is refused or taken."""
    require_loopback(config.host)
    family = socket.AF_INET6 if ":" in config.host else socket.AF_INET
    try:
        return socket.create_server((config.host, config.port), family=family, backlog=BACKLOG)
    except OSError as error:
        if error.errno == errno.EADDRINUSE or getattr(error, "winerror", 0) in (10048, 10013):
            raise StartError(
                f"Port {config.port} is in use by another program.",
                f"Stop that program, or take another port: loom serve --port {config.port + 1}.",
            ) from error
        raise StartError(
            f"The server cannot listen on {config.host}:{config.port}: {error.strerror or error}.",
            "Choose another port with --port.",
        ) from error
    except OverflowError as error:
        raise StartError(f"{config.port} is not a port.", "Choose one from 1024 to 65535.") from error


def make_services(config: Config, command: Sequence[str] | None) -> Services:
    """Everything the routes need, made but not started."""
    hub = Hub(uuid.uuid4().hex)
    database = Database(config.database)
    shelf = CatalogueShelf(config.cache / "catalogue.json")
    dispatcher = Dispatcher(Parts(config, database, hub, shelf, time.time), command=command, on_log=echo)
    return Services(config, __version__, hub, database, shelf, dispatcher, time.time, asyncio.Event())


def echo(text: str) -> None:
    """Pass the worker's log on to the terminal."""
    sys.stderr.write(text)


async def open_services(services: Services) -> None:
    """Start the worker, which then reads its nodes while the database opens; from the end of this on jobs run."""
    await services.dispatcher.start()
    await services.shelf.load()
    await services.database.open()
    limits = await services.database.read(cache_limits)
    if limits is not None:
        services.dispatcher.set_cache_limits(limits)
    queue = await services.database.write(partial(recover, now=services.clock()))
    services.ready.set()
    services.dispatcher.recover(queue)


async def close_services(services: Services) -> None:
    await services.dispatcher.stop()
    await services.database.close()


@asynccontextmanager
async def running(config: Config, *, command: Sequence[str] | None = None) -> AsyncIterator[Running]:
    """A server for as long as the block lasts. Raises StartError. `command` starts another worker than ours."""
    require_loopback(config.host)
    config.make_folders()
    async with AsyncExitStack() as last_first:
        lock = HomeLock(config)
        lock.take()
        last_first.callback(lock.release)
        listening = bind(config)
        last_first.callback(listening.close)
        url = url_of(listening)
        lock.describe(Holder(os.getpid(), url))
        services = make_services(config, command)
        last_first.push_async_callback(close_services, services)
        app = build_app(services, listening.getsockname()[1])
        runner = web.AppRunner(app, access_log=None, auto_decompress=False, shutdown_timeout=2.0)
        await runner.setup()
        last_first.push_async_callback(runner.cleanup)
        await web.SockSite(runner, listening).start()
        last_first.push_async_callback(services.hub.close)
        await open_services(services)
        yield Running(url, services)


def url_of(listening: socket.socket) -> str:
    host, port = listening.getsockname()[:2]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


async def serve(config: Config, *, command: Sequence[str] | None = None) -> None:
    """Serve until SIGINT or SIGTERM. Raises StartError."""
    stop = asyncio.Event()
    with_signals(stop.set)
    async with running(config, command=command) as server:
        print(f"Latent Loom is at {server.url} (Ctrl+C stops it)", flush=True)
        if config.open_browser:
            await asyncio.to_thread(webbrowser.open, server.url)
        await stop.wait()
        print("Stopping …", file=sys.stderr, flush=True)


def with_signals(stop: Callable[[], None]) -> None:
    """Call `stop` when the terminal or the system asks the process to end."""
    loop = asyncio.get_running_loop()
    for name in ("SIGINT", "SIGTERM", "SIGBREAK"):
        number = getattr(signal, name, None)
        if number is None:
            continue
        try:
            loop.add_signal_handler(number, stop)
        except (NotImplementedError, RuntimeError):  # Windows, or not the main thread
            signal.signal(number, lambda *_: loop.call_soon_threadsafe(stop))


def run(config: Config) -> int:
    """Serve until told to stop; gives the process's exit code. Raises StartError."""
    asyncio.run(serve(config))
    return 0
