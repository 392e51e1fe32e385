"""A worker for the length of one command, over the same link that the server uses.

Everything the worker says goes through one queue, in order; its end is the last thing said.
"""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from types import FrameType, TracebackType
from typing import Literal, Self, TypeVar

from server.cli.words import FAILED, CommandError
from server.config import Config
from server.graph.catalogue import Catalogue, from_json
from server.messages import (
    CacheReport,
    CacheUse,
    CancelJob,
    CatalogueReady,
    Failure,
    FromWorker,
    JobCancelled,
    JobFailed,
    JobFinished,
    PreviewHeader,
    RunJob,
    ToWorker,
)
from server.workers.cause import WorkerExit
from server.workers.local import WorkerProcess, worker_command

M = TypeVar("M")

CATALOGUE_LIMIT = 120.0
"""Seconds the packs may take to import before the command gives up."""


@dataclass(frozen=True)
class Ended:
    """How a job ended."""

    state: Literal["done", "failed", "cancelled"]
    failure: Failure | None = None
    seconds: float = 0.0


class Interrupt:
    """The person at the terminal pressed Ctrl+C."""


class CommandWorker:
    """`async with CommandWorker(config) as worker`: started at once, stopped at the end."""

    def __init__(self, config: Config) -> None:
        self._config = config
        self._said: asyncio.Queue[FromWorker | WorkerExit | Interrupt] = asyncio.Queue()
        # One job needs no warm worker: it imports what its nodes need, and a list of nodes needs nothing.
        start = [*worker_command(config), "--no-warm-up"]
        say = self._said.put_nowait
        self._process = WorkerProcess(config, say, ignore_picture, say, command=start)

    async def __aenter__(self) -> Self:
        self._config.make_folders()
        await self._process.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, where: TracebackType | None
    ) -> None:
        await self._process.stop(self._config.limits.stop_deadline)

    async def catalogue(self) -> Catalogue:
        """The nodes there are, once they are imported. Raises CommandError when the worker cannot say."""
        ready = await self._wait_for(CatalogueReady)
        return from_json(bytes(ready.catalogue))

    async def cache(self, message: ToWorker) -> CacheUse:
        """Send a message about the cache; what the cache holds after it. Raises CommandError."""
        self._process.send(message)
        return (await self._wait_for(CacheReport)).use

    async def ask(self, message: ToWorker, kind: type[M], limit: float | None = CATALOGUE_LIMIT) -> M:
        """Put a question; its answer within `limit` seconds, if any. Raises CommandError."""
        self._process.send(message)
        return await self._wait_for(kind, limit)

    async def run(self, job: RunJob, listen: Callable[[FromWorker], None]) -> Ended:
        """Run a job, telling `listen` everything about it. Ctrl+C cancels it, a second one at once."""
        loop = asyncio.get_running_loop()
        self._process.send(job)
        cancelled = False
        with interrupts(lambda: loop.call_soon_threadsafe(self._said.put_nowait, Interrupt())):
            while True:
                match await self._said.get():
                    case Interrupt():
                        if cancelled:
                            self._process.kill()
                        else:
                            self._process.send(CancelJob(job.job))
                            loop.call_later(self._config.limits.cancel_deadline, self._process.kill)
                        cancelled = True
                    case WorkerExit() as end:
                        return Ended("cancelled") if cancelled else Ended("failed", failure_of(end))
                    case JobFinished() as end:
                        return Ended("done", seconds=end.seconds)
                    case JobFailed() as end:
                        return Ended("failed", end.failure)
                    case JobCancelled():
                        return Ended("cancelled")
                    case message:
                        listen(message)

    async def _wait_for(self, kind: type[M], limit: float | None = CATALOGUE_LIMIT) -> M:
        try:
            async with asyncio.timeout(limit):
                while True:
                    said = await self._said.get()
                    if isinstance(said, kind):
                        return said
                    if isinstance(said, WorkerExit):
                        raise CommandError(f"{said.sentence}\n{said.log}".strip(), said.fix, FAILED)
        except TimeoutError:
            what = f"The worker said nothing for {limit:.0f} seconds and was ended."
            fix = "A pack may hang while it is imported; take it out and try again."
            raise CommandError(what, fix, FAILED) from None


def ignore_picture(header: PreviewHeader, picture: bytes) -> None:
    """Previews are for the page."""


def failure_of(end: WorkerExit) -> Failure:
    return Failure(end.what, end.fix, traceback=end.log)


@contextmanager
def interrupts(tell: Callable[[], object]) -> Iterator[None]:
    """Within, Ctrl+C and a request to terminate call `tell` instead of raising."""

    def handle(number: int, frame: FrameType | None) -> None:
        tell()

    before = {number: signal.signal(number, handle) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
