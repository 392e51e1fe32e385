"""The front of the web process: starts in an order that shows the page first, and stops in one that loses nothing.

Socket first, then the page, then everything behind /api, which is only then imported; requests to it wait
until it is there. The process imports no torch and no node module.
"""

from __future__ import annotations

import asyncio
import errno
import os
import signal
import socket
import sys
import webbrowser
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING

from aiohttp import web

from server.config import Config, StartError
from server.faults import answer_faults
from server.home import Holder, HomeLock
from server.routes.page import add_page
from server.security import add_headers, allowed_hosts, guard, require_loopback

if TYPE_CHECKING:
    from server.api import Api
    from server.services import Services

BACKLOG = 256


@dataclass(frozen=True)
class Running:
    """A server that answers."""

    url: str
    services: Services


class Door:
    """Where requests to /api wait until what is behind it is there."""

    def __init__(self) -> None:
        self._opened: asyncio.Future[Api] = asyncio.get_running_loop().create_future()

    def open(self, api: Api) -> None:
        self._opened.set_result(api)

    async def pass_on(self, request: web.Request) -> web.StreamResponse:
        """Answer a request to /api."""
        api = self._opened.result() if self._opened.done() else await asyncio.shield(self._opened)
        return await api.handle(request)


def build_app(config: Config, port: int, door: Door) -> web.Application:
    """The aiohttp application; `port` is the one that requests come to."""
    app = web.Application(
        middlewares=[answer_faults, guard(allowed_hosts(config.host, port))],
        client_max_size=config.limits.max_body,
    )
    app.on_response_prepare.append(add_headers)
    app.router.add_route("*", "/api/{rest:.*}", door.pass_on)
    add_page(app, config.page)
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
        door = Door()
        app = build_app(config, listening.getsockname()[1], door)
        runner = web.AppRunner(app, access_log=None, auto_decompress=False, shutdown_timeout=2.0)
        await runner.setup()
        await web.SockSite(runner, listening).start()
        last_first.push_async_callback(runner.cleanup)
        module = await asyncio.to_thread(import_module, "server.api")
        api: Api = module.Api(config, command)
        last_first.push_async_callback(close, api, runner)
        await api.open()
        door.open(api)
        yield Running(url, api.services)


async def close(api: Api, runner: web.AppRunner) -> None:
    """Let the browsers go, answer what was asked, then end what is behind it."""
    await api.services.hub.close()
    await runner.cleanup()
    await api.close()


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
