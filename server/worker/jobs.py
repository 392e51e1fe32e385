"""The jobs of a worker: one at a time, in the order in which they came."""

from __future__ import annotations

import asyncio
import json
import time
import traceback
from collections import defaultdict, deque
from collections.abc import Callable, Mapping
from concurrent.futures import Executor
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from typing import Any

import msgspec

from nodes.api import Cancelled, Input, NodeSchema
from server.engine.cache import Cache
from server.engine.call import NodeContext
from server.engine.catalogue import Library
from server.engine.failures import Fault, RunFailed
from server.engine.memory_tier import Made
from server.engine.plan import Files, Planned, Stamp, make_plan
from server.engine.run import Prepared, Run, State
from server.graph.prompt import Prompt, decode
from server.messages import Failure, FromWorker, JobCancelled, JobComputed, JobFailed, JobFinished, RunJob
from server.worker import sentences as say
from server.worker.context import Bench, Pace, Users, WorkerContext
from server.worker.device import Device
from server.worker.events import Events
from server.worker.files import Folders
from server.worker.identities import Identities
from server.worker.memory import Weights
from server.worker.naming import Names
from server.worker.preview import Previews
from server.worker.results import Origin, Results
from server.worker.sweep import Cells
from server.worker.values import LastRuns

LARGE = 200
"""Nodes whose record takes no more than a millisecond to make."""


@dataclass(frozen=True)
class Shop:
    """What every job of this process uses."""

    folders: Folders
    identities: Identities
    results: Results
    previews: Previews
    cache: Cache
    thread: Executor
    """The device thread."""
    finishing: Callable[[], Executor | None]
    """The thread for nodes that only finish what was computed, while the device thread has the next job."""
    device: Callable[[], Device]
    weights: Callable[[], Weights]
    users: Users
    send: Callable[[FromWorker], None]


Planner = Callable[[RunJob, Files], list[Planned]]


class JobHost:
    """What the engine asks of its process during one job: contexts, files, events."""

    def __init__(
        self,
        message: RunJob,
        plan: Planner,
        shop: Shop,
        loop: asyncio.AbstractEventLoop,
        schema: Callable[[str], NodeSchema | None],
    ) -> None:
        job, origin = message.job, Origin(bytes(message.workflow), bytes(message.prompt))
        self._shop = shop
        self.events = Events(job, shop.send, lambda wait, act: loop.call_soon_threadsafe(loop.call_later, wait, act))
        prepare = partial(self._prepared, plan, message)
        self.run = Run(prepare, self, shop.cache, shop.thread, shop.finishing)
        self._halted = self.run.halted.is_set
        now = datetime.now()
        self._name = partial(Names, find=schema, now=lambda: now)
        names = self._name(origin.workflow, origin.prompt)
        self._bench = Bench(
            job,
            origin,
            self.events,
            shop.previews,
            shop.results,
            shop.device,
            shop.weights,
            self._halted,
            shop.users,
            names,
        )
        self._cells: Cells | None = None
        """Of a sweep."""
        self._loop = loop
        self.through = asyncio.Event()
        """Set when nothing of the job is left, or nothing but what finishes it."""
        self.intact = shop.results.intact
        self._record: bytes | None = None
        self._paces: defaultdict[str, Pace] = defaultdict(Pace)

    def _prepared(self, plan: Planner, message: RunJob) -> Prepared:
        planned = plan(message, self)
        if any(one.cell for one in planned):
            self._cells = Cells(self._bench.origin, planned, self.events)
        return Prepared(planned, _record(message.previous))

    def context(self, planned: Planned) -> NodeContext:
        cells = self._cells
        if cells is None or not planned.cell:
            return WorkerContext(planned.id, self._bench)
        origin = cells.origin(planned.cell)
        names = self._name(origin.workflow, origin.prompt)
        return WorkerContext(planned.id, replace(self._bench, origin=origin, names=names))

    def changed(self, node: str, state: State, reason: str = "", seconds: float | None = None) -> None:
        if node:  # what makes a sweep's sheet is no node of the document
            self.events.changed(node, state, reason, seconds)
        if self._cells is not None:
            self._cells.changed(node, state)

    def listed(self, node: str, made: Made) -> None:
        self.events.made(node, made)

    def progress(self, node: str, value: int, total: int) -> None:
        """How many times of a loop are through."""
        self.events.progress(node, value, total, self._paces[node].remaining(value, total))

    def computed(self) -> None:
        self._loop.call_soon_threadsafe(self.through.set)

    async def record(self) -> bytes:
        """The run's record as JSON, made once; a long one aside, for the pipe is to be heard meanwhile."""
        if self._record is None:
            if self.run.size > LARGE:
                self._record = await asyncio.to_thread(self._encoded)
            else:
                self._record = self._encoded()
        return self._record

    def _encoded(self) -> bytes:
        return msgspec.json.encode(self.run.record())

    def stamp(self, input: Input, name: str, node: str) -> Stamp:
        """The file a constant names. Reading a large one for the first time shows as progress of its node."""
        path = self._shop.folders.find(input, name)

        def told(read: int, total: int) -> None:
            if self._halted():
                raise Cancelled
            if total > 2**28:
                self.events.progress(node, read * 100 // total, 100, None)

        return Stamp(path, self._shop.identities.digest(path, told=told))


class Jobs:
    """The queue of this process. All methods are called on the event loop.

    One job computes at a time; while one is decoded and its files are written the next one computes already.
    """

    def __init__(
        self,
        shop: Shop,
        library: Callable[[], Library],
        upgrade: Callable[[Prompt], Prompt],
        ended: Callable[[], None],
    ) -> None:
        self._shop, self._library, self._upgrade, self._ended = shop, library, upgrade, ended
        self.last = LastRuns()
        self._stopping = False
        self._waiting: deque[RunJob] = deque()
        self._current: tuple[str, Run] | None = None
        """The one that computes."""
        self._task: asyncio.Task[None] | None = None
        self._finishing: dict[str, tuple[Run, asyncio.Task[None]]] = {}
        """Jobs whose decoding and saving goes on while the next one computes."""

    def add(self, message: RunJob) -> None:
        self._waiting.append(message)
        if self._task is None or self._task.done():
            self._task = asyncio.get_running_loop().create_task(self._work())

    def cancel(self, job: str) -> None:
        """Stop a job, or take it out of the queue; one that is not here has ended already."""
        if self._current is not None and self._current[0] == job:
            self._current[1].cancel()
        if job in self._finishing:
            self._finishing[job][0].cancel()
        for message in [each for each in self._waiting if each.job == job]:
            self._waiting.remove(message)
            self._shop.send(JobCancelled(job))

    async def stop(self) -> None:
        """End what runs and wait for it. Nobody is told: the job is not over, it was only interrupted."""
        self._waiting.clear()
        self._stopping = True
        if self._current is not None:
            self.cancel(self._current[0])
        if self._task is not None:
            await self._task
        for run, _ in self._finishing.values():
            run.cancel()
        await asyncio.gather(*(whole for _, whole in self._finishing.values()))

    async def _work(self) -> None:
        loop = asyncio.get_running_loop()
        while self._waiting:
            message = self._waiting.popleft()
            host = JobHost(message, self._plan, self._shop, loop, self._schema)
            self._current = message.job, host.run
            whole = loop.create_task(self._see_through(message.job, host))
            await host.through.wait()
            self._current = None
            self._shop.previews.forget()
            if whole.done():
                continue
            self._finishing[message.job] = host.run, whole
            record = await host.record()
            if not whole.done():
                host.events.flush()
                self._shop.send(JobComputed(message.job, msgspec.Raw(record)))

    async def _see_through(self, job: str, host: JobHost) -> None:
        """Run a job, and tell of its end when its last file is written."""
        began = time.perf_counter()
        try:
            await host.run.finish()
            record = await host.record()
            ending: FromWorker = JobFinished(job, time.perf_counter() - began, msgspec.Raw(record))
        except BaseException as error:  # whatever it was, the next job runs
            ending = _ending(job, error)
        self._finishing.pop(job, None)
        host.events.flush()
        if not self._stopping or isinstance(ending, JobFinished):
            self._shop.send(ending)
            self._ended()
        host.through.set()

    def _schema(self, type: str) -> NodeSchema | None:
        found = self._library().find(type)
        return found[0].schema if found is not None else None

    def _plan(self, message: RunJob, files: Files) -> list[Planned]:
        try:
            prompt = self._upgrade(decode(bytes(message.prompt)))
        except (msgspec.DecodeError, RecursionError) as error:
            raise RunFailed(Fault(say.PROMPT_UNREADABLE(why=error), say.SEND_AGAIN())) from None
        plan = make_plan(prompt, self._library(), files, message.targets)
        self.last.add(message.job, plan)
        return plan


def _record(previous: msgspec.Raw) -> Mapping[str, Any] | None:
    """What an earlier run of the document said; damaged, it only costs the reasons."""
    try:
        read = json.loads(bytes(previous))
    except ValueError:
        return None
    return read if isinstance(read, dict) else None


def _ending(job: str, error: BaseException) -> FromWorker:
    """What to tell of a job that did not finish. An error that no node raised is a fault of this program."""
    if isinstance(error, Cancelled):
        return JobCancelled(job)
    if isinstance(error, RunFailed):
        fault = error.fault
        return JobFailed(job, Failure(fault.what, fault.fix, fault.node, fault.input, fault.traceback))
    traceback.print_exception(error)
    text = "".join(traceback.format_exception(error))
    return JobFailed(job, Failure(say.WORKER_FAILED(why=repr(error)), say.REPORT(), traceback=text))
