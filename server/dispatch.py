"""The queue: which job runs next, and what becomes of the one that runs.

The disk knows first: a job is here only once it is accepted, and its end is told only once it is kept.
"""

from __future__ import annotations

import asyncio
import logging
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, NamedTuple

import msgspec
from msgspec.structs import replace

from server import sentences as say
from server.catalogue import CatalogueShelf
from server.config import Config
from server.line import places_for
from server.live import LiveJob, LiveJobs
from server.messages import (
    CacheReport,
    CacheUse,
    CancelJob,
    CatalogueChanged,
    CatalogueReady,
    Failure,
    FromWorker,
    JobCancelled,
    JobChanged,
    JobComputed,
    JobFailed,
    JobFinished,
    JobInfo,
    JobState,
    NodesChanged,
    OutputAdded,
    OutputInfo,
    OutputMade,
    PreviewHeader,
    Progress,
    QueueChanged,
    RefreshCatalogue,
    RunJob,
    SetCacheLimits,
    ToWorker,
)
from server.sockets import Hub
from server.store import jobs, outputs
from server.store.database import Database, Operation
from server.store.jobs import End, Payload
from server.store.outputs import NewOutput
from server.store.settings import CacheLimits, keep_paused
from server.workers.cause import WorkerExit
from server.workers.keeper import Listeners, WorkerKeeper
from server.workers.questions import NoAnswerError, Questions

log = logging.getLogger(__name__)

RETAINED = 32 * 2**20
"""Bytes of waiting jobs' payloads kept in memory; those of more jobs are read when their turn comes."""
RECORDS = 16
"""Documents of which is kept in memory what their last jobs left."""
AGAIN = 1.0
"""Seconds until a change that the disk refused is tried again."""


@dataclass(frozen=True)
class Waiting:
    info: JobInfo
    payload: Payload | None


class Left(NamedTuple):
    """What a document's last job left for the next: its record, and how long its nodes took."""

    record: bytes | None
    durations: bytes | None


@dataclass(frozen=True)
class Parts:
    """What the dispatcher works with."""

    config: Config
    database: Database
    hub: Hub
    shelf: CatalogueShelf
    clock: Callable[[], float]
    """Seconds since 1970."""


class Dispatcher:
    """One queue and one worker."""

    def __init__(
        self,
        parts: Parts,
        *,
        command: Sequence[str] | None = None,
        on_log: Callable[[str], None] | None = None,
        on_result: Callable[[], None] = lambda: None,
    ) -> None:
        self._config = parts.config
        self._database = parts.database
        self._hub = parts.hub
        self._shelf = parts.shelf
        self._clock = parts.clock
        self._on_result = on_result
        listeners = Listeners(self._heard, self._pictured, self._died, self._hub.publish, on_log)
        self.keeper = WorkerKeeper(parts.config, listeners, command)
        self.questions = Questions()
        self.live = LiveJobs()
        self.limits = CacheLimits(parts.config.cache_memory, parts.config.cache_disk)
        self.cache_use = CacheUse(0, self.limits.memory, 0, self.limits.disk)
        self._waiting: OrderedDict[str, Waiting] = OrderedDict()
        self._retained = 0
        self._left: OrderedDict[str, Left] = OrderedDict()
        self._current: LiveJob | None = None
        self._finishing: dict[str, LiveJob] = {}
        """Jobs that are still being decoded and written while the next one runs."""
        self._suspects: set[str] = set()
        """Jobs that ran when the worker died, with others: each runs again alone, to show which it was."""
        self._opened = False
        self.paused = False
        """Whether no job begins for now."""
        self._background: set[asyncio.Task[None]] = set()

    # ------------------------------------------------------------ what others ask

    @property
    def queued(self) -> int:
        return len(self._waiting)

    @property
    def running(self) -> int:
        return len(self._running_jobs())

    def positions(self) -> dict[str, int]:
        """How many jobs are ahead of each that waits."""
        return {job: ahead + self.running for ahead, job in enumerate(self._waiting)}

    async def start(self) -> None:
        await self.keeper.start()

    def recover(self, queue: Sequence[JobInfo], paused: bool = False) -> None:
        """Take over what an earlier server left; from now on jobs run, unless the queue was left paused."""
        self._opened, self.paused = True, paused
        for info in queue:
            self._waiting[info.id] = Waiting(info, None)
        if queue or paused:
            self._tell_queue()
        self._next()

    def add(self, info: JobInfo, payload: Payload) -> None:
        """Take a job that is accepted; it starts at once when nothing is before it."""
        retain = self._retained + payload.size <= RETAINED
        self._waiting[info.id] = Waiting(info, payload if retain else None)
        self._retained += payload.size if retain else 0
        self._next()
        if info.id in self._waiting:
            self._hub.publish(JobChanged(replace(info, position=len(self._waiting) - 1 + self.running)))
            self._tell_queue()

    async def cancel(self, ids: Sequence[str]) -> None:
        """End these jobs: the waiting ones now, the running one as soon as the worker lets go of it."""
        now = self._clock()
        waiting = [self._take(job).info for job in ids if job in self._waiting]
        for live in self._running_jobs():
            if live.info.id in ids:
                self._cancel_running(live)
        if waiting:
            await self._database.write(partial(jobs.cancel, ids=[info.id for info in waiting], now=now))
            for info in waiting:
                self._hub.publish(JobChanged(replace(info, state="cancelled", finished=now)))
            self._tell_queue()

    async def move(self, job: str, before: str | None) -> bool:
        """Let a waiting job run before another one, or after all; False when one of the two waits no more."""
        if job not in self._waiting or (before is not None and before not in self._waiting):
            return False
        order = [other for other in self._waiting if other != job]
        order.insert(len(order) if before is None or before == job else order.index(before), job)
        if before == job:
            return True
        places = places_for(order, job, {id: waiting.info.place for id, waiting in self._waiting.items()})
        for id in order:
            waiting = self._waiting.pop(id)
            info = replace(waiting.info, place=places.get(id, waiting.info.place))
            self._waiting[id] = Waiting(info, waiting.payload)
        await self._database.write(partial(jobs.move, places=places))
        positions = self.positions()
        for id in places:
            if id in self._waiting:
                self._hub.publish(JobChanged(replace(self._waiting[id].info, position=positions[id])))
        return True

    async def pause(self, paused: bool) -> None:
        """Let no further job begin, or let the queue go on. Kept over a restart."""
        await self._database.write(partial(keep_paused, paused=paused))
        self.paused = paused
        self._tell_queue()
        self._next()

    def waiting(self) -> list[str]:
        """The jobs that wait, the next first."""
        return list(self._waiting)

    def active(self) -> list[str]:
        """The jobs that wait or run."""
        return [live.info.id for live in self._running_jobs()] + list(self._waiting)

    def set_cache_limits(self, limits: CacheLimits) -> None:
        """Pass limits on to this worker and those after it."""
        self.limits = limits
        self.cache_use = replace(self.cache_use, memory_limit=limits.memory, disk_limit=limits.disk)
        self.keeper.send(SetCacheLimits(limits.memory, limits.disk))

    def look_again(self) -> None:
        """Have the worker list the files anew, so that the catalogue offers one that has just come."""
        if self.keeper.listens:
            self.keeper.send(RefreshCatalogue())

    async def ask(self, message: ToWorker, key: str, seconds: float) -> FromWorker:
        """Put a question to the worker; `key` names its answer (see questions). Raises NoAnswerError."""
        if not self.keeper.listens:
            raise NoAnswerError(self.keeper.state.detail)
        self.keeper.send(message)
        return await self.questions.answer_to(key, seconds)

    async def stop(self) -> None:
        """End the worker; the job it had waits for the next start."""
        self._opened = False
        self.questions.give_up("the server stops")
        await self.keeper.stop(self._config.limits.stop_deadline)
        for live in self._running_jobs():
            await self._database.write(partial(jobs.requeue, job=live.info.id))

    # ------------------------------------------------------------ running

    def _running_jobs(self) -> list[LiveJob]:
        return [*self._finishing.values(), *([] if self._current is None else [self._current])]

    @property
    def _may_begin(self) -> bool:
        return self._opened and not self.paused and self.keeper.listens

    def _live(self, job: str) -> LiveJob | None:
        """A job that runs, by its id."""
        if self._current is not None and self._current.info.id == job:
            return self._current
        return self._finishing.get(job)

    def _take(self, job: str) -> Waiting:
        waiting = self._waiting.pop(job)
        self._retained -= waiting.payload.size if waiting.payload is not None else 0
        return waiting

    def _next(self) -> None:
        """Give the worker the next job, if it takes one and there is one."""
        if self._current is not None or not self._waiting or not self._may_begin:
            return
        waiting = self._take(next(iter(self._waiting)))
        now = self._clock()
        live = LiveJob(replace(waiting.info, state="running", position=0, started=now))
        self._current = live
        self.live.add(live)
        if waiting.payload is not None:
            self._send(live, waiting.payload)
        else:
            self._spawn(self._read_and_send(live))
        self._database.later(partial(jobs.start, job=live.info.id, now=now))
        self._hub.publish(JobChanged(live.info))
        self._tell_queue()

    async def _read_and_send(self, live: LiveJob) -> None:
        info = live.info
        payload = await self._database.read(partial(jobs.payload, job=info.id, document=info.document))
        if self._current is not live:
            return
        if live.cancelling or payload is None:
            self._end(live, "cancelled")
        else:
            self._send(live, payload)

    def _send(self, live: LiveJob, payload: Payload) -> None:
        previous, durations = self._left.get(live.info.document, Left(payload.previous, payload.durations))
        live.durations = msgspec.json.decode(durations, type=dict[str, float]) if durations else {}
        self.keeper.send(
            RunJob(
                live.info.id,
                msgspec.Raw(payload.prompt),
                msgspec.Raw(payload.workflow),
                payload.targets,
                msgspec.Raw(previous or b"null"),
            )
        )
        live.previous = previous

    def _end(self, live: LiveJob, state: JobState, failure: Failure | None = None, record: bytes | None = None) -> None:
        """Keep the end of the current job, tell it once it is kept, and go on with the next job meanwhile."""
        if self._current is live:
            self._current = None
        self._finishing.pop(live.info.id, None)
        self._suspects.discard(live.info.id)
        durations = msgspec.json.encode(live.durations) if live.durations else None
        end = End(state, self._clock(), failure, record, tuple(live.nodes.values()), durations)
        info = replace(live.info, state=state, finished=end.finished, failure=failure)
        operation = partial(jobs.finish, job=info.id, document=info.document, end=end)
        self._keep(operation, lambda _: self._tell_end(live, info))
        if record is not None or durations is not None:
            self._remember(live.info.document, Left(record or live.previous, durations))
        self._next()

    def _only_finishing(self, live: LiveJob, record: bytes) -> None:
        """A job has computed everything: the next may run while it is decoded and its files are written."""
        self._current = None
        self._finishing[live.info.id] = live
        self._remember(live.info.document, Left(record, msgspec.json.encode(live.durations)))
        self._next()

    def _again(self, live: LiveJob) -> None:
        """Take back a job that ran when the worker died; what it had computed is kept."""
        info = replace(live.info, state="queued", started=None)
        self._database.note(partial(jobs.requeue, job=info.id))
        self._waiting[info.id] = Waiting(info, None)
        self._waiting.move_to_end(info.id, last=False)
        self._hub.publish(JobChanged(info))

    def _remember(self, document: str, left: Left) -> None:
        """What a document's last job left, for the next one."""
        if document:
            self._left[document] = left
            self._left.move_to_end(document)
            while len(self._left) > RECORDS:
                self._left.popitem(last=False)

    def _tell_end(self, live: LiveJob, info: JobInfo) -> None:
        live.info = info
        self._hub.forget_previews(info.id)
        self._hub.publish(JobChanged(info))
        self._tell_queue()

    def _keep(self, operation: Operation[Any], then: Callable[[Any], None]) -> None:
        """Write what must not be lost; while the disk refuses, try again.

        Without a flush: a power cut that takes a job's end back makes the job run again, and nothing else.
        """

        def kept(future: asyncio.Future[Any]) -> None:
            error = future.exception()
            if error is None:
                then(future.result())
            else:
                log.error("The database refuses a change, which is tried again: %s", error)
                asyncio.get_running_loop().call_later(AGAIN, self._keep, operation, then)

        self._database.note(operation).add_done_callback(kept)

    def _cancel_running(self, live: LiveJob) -> None:
        if live.cancelling:
            return
        live.cancelling = True
        self.keeper.send(CancelJob(live.info.id))
        deadline = self._config.limits.cancel_deadline
        asyncio.get_running_loop().call_later(deadline, self._lose_patience, live)

    def _lose_patience(self, live: LiveJob) -> None:
        if live in self._running_jobs():
            self.keeper.kill(say.CANCEL_UNHEARD())

    def _tell_queue(self) -> None:
        self._hub.publish(QueueChanged(self.queued, self.running, self.paused))

    def _spawn(self, work: Any) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._background.add(task)
        task.add_done_callback(self._background.discard)

    # ------------------------------------------------------------ what the worker says

    def _heard(self, message: FromWorker) -> None:
        live = self._live(getattr(message, "job", ""))
        match message:
            case CatalogueReady():
                self._catalogue(bytes(message.catalogue))
            case CacheReport():
                self.cache_use = message.use
                self._hub.publish(message)
            case NodesChanged() if live is not None:
                told = live.told(message)
                for node in live.change(told):
                    self._hub.forget_previews(message.job, node)
                self._hub.publish(told)
            case Progress() if live is not None:
                live.progress[message.node] = message
                self._hub.publish(message)
            case OutputMade():
                new = NewOutput(message.job, message.output, self._clock())
                self._keep(partial(outputs.add, new=new), self._tell_output)
            case JobComputed() if live is not None and live is self._current and live.info.id not in self._suspects:
                self._only_finishing(live, bytes(message.record))
            case JobFinished() | JobFailed() | JobCancelled() if live is not None:
                self._job_ended(live, message)
            case _:
                pass
        self.questions.heard(message)

    def _job_ended(self, live: LiveJob, message: JobFinished | JobFailed | JobCancelled) -> None:
        self.keeper.survived()
        match message:
            case JobFinished():
                self._end(live, "done", record=bytes(message.record))
            case JobFailed():
                self._end(live, "failed", message.failure)
            case JobCancelled():
                self._end(live, "cancelled")

    def _tell_output(self, output: OutputInfo) -> None:
        self._hub.publish(OutputAdded(output))
        if output.result:
            self._on_result()

    def _catalogue(self, text: bytes) -> None:
        self.keeper.send(SetCacheLimits(self.limits.memory, self.limits.disk))
        if self._shelf.put(text):
            self._hub.publish(CatalogueChanged(self._shelf.revision))
            self._spawn(self._shelf.keep())
        self._next()

    def _pictured(self, header: PreviewHeader, picture: bytes) -> None:
        if self._live(header.job) is not None:
            self._hub.show(header, picture)

    def _died(self, end: WorkerExit) -> None:
        self.questions.give_up(end.sentence)
        running = self._running_jobs()
        guilty = [live for live in running if live.cancelling] or (running if len(running) == 1 else [])
        self._current = None
        self._finishing.clear()
        if running:
            self.keeper.survived()  # A job is to blame; the worker starts again at once.
        for live in reversed(running):
            if live not in guilty:
                self._again(live)
                self._suspects |= set() if guilty else {live.info.id}
        for live in guilty:
            self._blame(live, end)
        self._next()

    def _blame(self, live: LiveJob, end: WorkerExit) -> None:
        """End a job that ended the worker."""
        running = live.running
        node = running[0] if len(running) == 1 else ""
        changes = live.abandon("cancelled" if live.cancelling else "failed")
        if changes:
            message = NodesChanged(live.info.id, changes)
            live.change(message)
            self._hub.publish(message)
        if live.cancelling:
            self._end(live, "cancelled")
        else:
            self._end(live, "failed", Failure(end.what, end.fix, node, traceback=end.log))
