"""A whole server with the stand-in worker, on a port of its own, spoken to over real sockets."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from server.app import running
from server.config import Config, Limits
from tests.server.talk import FAKE, Server, Starter, toy_catalogue


@pytest.fixture
def config(tmp_path: Path) -> Config:
    home = tmp_path / "home"
    home.mkdir()
    limits = Limits(cancel_deadline=0.3, stop_deadline=2.0)
    return Config(home=home, port=0, limits=limits, cache_memory=1000, cache_disk=2000)


@pytest.fixture
def start(config: Config, tmp_path: Path) -> Starter:
    """Start a server on the test's home folder; `ready` waits for its worker."""

    @asynccontextmanager
    async def begin(*, catalogue: bytes = b"", ready: bool = True, **changes: Any) -> AsyncIterator[Server]:
        path = tmp_path / "toys.json"
        path.write_bytes(catalogue or toy_catalogue())
        changed = replace(config, **changes)
        command = [sys.executable, str(FAKE), str(changed.home), str(path)]
        async with running(changed, command=command) as server, aiohttp.ClientSession() as session:
            if ready:
                while server.services.dispatcher.keeper.state.worker != "ready":
                    await asyncio.sleep(0.005)
            yield Server(server.url, server.services, session)

    return begin


@pytest.fixture
async def server(start: Starter) -> AsyncIterator[Server]:
    async with start() as server:
        yield server
