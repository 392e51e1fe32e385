"""A whole server with the stand-in worker, on a port of its own, spoken to over real sockets."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import aiohttp
import pytest
import pytest_asyncio

from server.app import running
from server.config import Config, Limits
from tests.server.talk import FAKE, Server, Starter, toy_catalogue


def config_in(home: Path) -> Config:
    """Settings for a server of a test: short deadlines and a port that the system chooses."""
    home.mkdir(exist_ok=True)
    return Config(
        home=home,
        port=0,
        limits=Limits(cancel_deadline=0.3, stop_deadline=2.0),
        cache_memory=1000,
        cache_disk=2000,
    )


@asynccontextmanager
async def begin(config: Config, catalogue: bytes, *, ready: bool = True) -> AsyncIterator[Server]:
    """A server with the stand-in worker; `ready` waits for that."""
    path = config.home / "toys.json"
    path.write_bytes(catalogue)
    command = [sys.executable, str(FAKE), str(config.home), str(path)]
    async with running(config, command=command) as server, aiohttp.ClientSession() as session:
        while ready and server.services.dispatcher.keeper.state.worker != "ready":
            await asyncio.sleep(0.005)
        yield Server(server.url, server.services, session)


@pytest.fixture
def config(tmp_path: Path) -> Config:
    return config_in(tmp_path / "home")


@pytest.fixture
def start(config: Config) -> Starter:
    """Start a server on the test's home folder, as often as the test likes."""

    def start(*, catalogue: bytes = b"", ready: bool = True, **changes: Any) -> AbstractAsyncContextManager[Server]:
        return begin(replace(config, **changes), catalogue or toy_catalogue(), ready=ready)

    return start


@pytest.fixture
async def server(start: Starter) -> AsyncIterator[Server]:
    async with start() as server:
        yield server


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def shared(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Server]:
    """One server for all tests of a module that leave no mark on it; they run on the module's loop."""
    async with begin(config_in(tmp_path_factory.mktemp("shared")), toy_catalogue()) as server:
        yield server
