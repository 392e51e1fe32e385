"""`loom cache`: what the kept results take, a limit, a clearing. A running server is asked; else its home is."""

from __future__ import annotations

import asyncio
from argparse import Namespace
from urllib.error import URLError
from urllib.request import Request, urlopen

import msgspec

from server.cli.limits import keep
from server.cli.options import config_of
from server.cli.words import FAILED, CommandError, show_size
from server.cli.worker import CommandWorker
from server.config import Config, StartError
from server.home import HomeLock
from server.messages import CacheUse, ClearCache, SetCacheLimits
from server.store.settings import CacheLimits

PATIENCE = 60.0
"""Seconds a running server has for an answer: clearing a large cache takes a while."""


def main(options: Namespace) -> int:
    config = config_of(options)
    config.make_folders()
    lock = HomeLock(config)
    try:
        lock.take()
    except StartError as error:
        holder = lock.holder()
        if holder is None:
            raise CommandError(error.what, error.fix, FAILED) from error
        use = ask_server(holder.url, options.clear, options.limit)
    else:
        try:
            use = asyncio.run(ask_worker(config, options.clear, options.limit))
        finally:
            lock.release()
    print(f"{show_size(use.disk)} of at most {show_size(use.disk_limit)} on disk, in {config.cache}")
    return 0


async def ask_worker(config: Config, clear: bool, limit: int | None) -> CacheUse:
    """Let a worker of our own look, clear or shrink; a limit is kept for every later start."""
    limits = await keep(config, disk=limit)
    async with CommandWorker(config) as worker:
        use = await worker.cache(SetCacheLimits(limits.memory, limits.disk))
        return await worker.cache(ClearCache()) if clear else use


def ask_server(url: str, clear: bool, limit: int | None) -> CacheUse:
    """The same, by the server that holds the home folder."""
    use = call(url, "GET", "api/cache")
    if limit is not None:
        use = call(url, "PUT", "api/cache", CacheLimits(use.memory_limit, limit))
    return call(url, "POST", "api/cache/clear") if clear else use


def call(url: str, method: str, path: str, body: CacheLimits | None = None) -> CacheUse:
    data = msgspec.json.encode(body) if body is not None else b"{}" if method == "POST" else None
    request = Request(f"{url.rstrip('/')}/{path}", data, {"Content-Type": "application/json"}, method=method)
    try:
        with urlopen(request, timeout=PATIENCE) as answer:
            return msgspec.json.decode(answer.read(), type=CacheUse)
    except (URLError, TimeoutError, msgspec.DecodeError) as error:
        what = f"The server at {url} did not answer as expected ({error})."
        raise CommandError(what, "Try again, or stop that server first.", FAILED) from error
