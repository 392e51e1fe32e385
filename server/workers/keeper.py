"""Keeps one worker alive: starts it, and starts it again when it ends, slower each time it dies at once.

Only this module starts workers in the web process. A death is told first, then the new state.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from server import sentences as say
from server.config import Config
from server.messages import (
    CatalogueReady,
    FromWorker,
    PreviewHeader,
    ToWorker,
    WorkerChanged,
    WorkerReady,
    WorkerState,
)
from server.workers.cause import WorkerExit, explain
from server.workers.local import WorkerProcess

FIRST_WAIT = 0.5
LONGEST_WAIT = 30.0


@dataclass(frozen=True)
class Listeners:
    """Who is told what. All calls come on the event loop."""

    message: Callable[[FromWorker], None]
    picture: Callable[[PreviewHeader, bytes], None]
    death: Callable[[WorkerExit], None]
    state: Callable[[WorkerChanged], None]
    log: Callable[[str], None] | None = None


class WorkerKeeper:
    """The worker of one device, whichever process that is at the moment."""

    def __init__(self, config: Config, listeners: Listeners, command: Sequence[str] | None = None) -> None:
        self._config = config
        self._listeners = listeners
        self._command = command
        self._process: WorkerProcess | None = None
        self._deaths = 0
        self._stopping = False
        self._restart: asyncio.Task[None] | None = None
        self.state = WorkerChanged("starting", say.STARTING())
        self.listens = False
        """Whether the present process has read its nodes and takes jobs."""

    @property
    def pid(self) -> int | None:
        return self._process.pid if self._process is not None else None

    async def start(self) -> None:
        """Start the worker for the first time."""
        await self._spawn()

    def send(self, message: ToWorker) -> None:
        """Send to the present process; lost when there is none, as the death is told."""
        if self._process is not None:
            self._process.send(message)

    def survived(self) -> None:
        """The worker did some work: a later death is not one of a series."""
        self._deaths = 0

    def kill(self, reason: str) -> None:
        """End the present process at once; another one starts."""
        if self._process is not None:
            self._process.kill(reason)

    async def stop(self, timeout: float) -> None:
        """End the worker for good."""
        self._stopping = True
        if self._restart is not None:
            self._restart.cancel()
        if self._process is not None:
            await self._process.stop(timeout)
        self._change("stopped", say.STOPPING())

    async def _spawn(self) -> None:
        self.listens = False
        self._process = WorkerProcess(
            self._config,
            self._heard,
            self._listeners.picture,
            self._ended,
            on_log=self._listeners.log,
            command=self._command,
        )
        try:
            await self._process.start()
        except OSError as error:
            reason = say.CANNOT_START(why=error.strerror or error)
            self._ended(explain(1, reason=reason))
            return
        deadline = self._config.limits.start_deadline
        asyncio.get_running_loop().call_later(deadline, self._lose_patience, self._process)

    def _lose_patience(self, process: WorkerProcess) -> None:
        """A pack that never finishes its import holds every job up; killed over it, it is left out soon."""
        if process is self._process and not self.listens:
            seconds = self._config.limits.start_deadline
            process.kill(say.SLOW_START(seconds=f"{seconds:g}"))

    def _heard(self, message: FromWorker) -> None:
        if isinstance(message, CatalogueReady):
            self.listens = True
        self._listeners.message(message)
        if isinstance(message, WorkerReady):
            name = message.device_name or message.device
            self._change("ready", f"{name}, {message.dtype}", message.device)

    def _ended(self, end: WorkerExit) -> None:
        self.listens = False
        if self._stopping:
            return
        self._deaths += 1
        # The first death is answered at once; a series of them gets longer and longer pauses.
        wait = 0.0 if self._deaths == 1 else min(LONGEST_WAIT, FIRST_WAIT * 2.0 ** (self._deaths - 2))
        self._listeners.death(end)
        again = say.ENDED_AGAIN(what=end.sentence, times=self._deaths, seconds=f"{wait:g}")
        self._change("restarting", again if wait else end.sentence)
        self._restart = asyncio.get_running_loop().create_task(self._spawn_after(wait))

    async def _spawn_after(self, wait: float) -> None:
        await asyncio.sleep(wait)
        await self._spawn()

    def _change(self, state: WorkerState, detail: str, device: str = "") -> None:
        self.state = WorkerChanged(state, detail, device)
        self._listeners.state(self.state)
