"""Run a plan: what the targets need is demanded, a ready-queue runs it, nothing awaits node by node.

The device thread makes the plan and runs blocking nodes, going from one to the next by itself; async nodes
are tasks of the event loop. Nodes that only finish what is computed (decoding, saving) have a thread of their own,
so that another run can have the device thread meanwhile. Whatever changes does so under one lock, whichever thread
it is.
"""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable, Collection, Mapping
from concurrent.futures import CancelledError as FutureCancelled
from concurrent.futures import Executor, Future
from functools import partial
from heapq import heappop, heappush
from typing import Any, Literal, NamedTuple, Protocol

from nodes.api import Cancelled
from server.engine import reasons
from server.engine.cache import Cache
from server.engine.call import NodeContext, Values, call_async, call_blocking
from server.engine.failures import Fault, RunFailed, fault_of
from server.engine.looping import Looping
from server.engine.memory_tier import Entry, Made
from server.engine.planned import End, Planned, Source, placed
from server.engine.schedule import ASLEEP, DONE, QUEUED, RUNNING, WAITING, Schedule, Unit
from server.engine.settle import when_settled

MOST_RECORDED = 20_000
"""Nodes that a record tells of, all times of loops included."""
State = Literal["waiting", "running", "done", "cached", "failed", "cancelled", "skipped"]
"""As in server.messages.NodeState."""


class Host(Protocol):
    """What a run needs of the process it runs in. Called from any thread; nothing here may block."""

    def context(self, planned: Planned) -> NodeContext: ...

    def changed(self, node: str, state: State, reason: str = "", seconds: float | None = None) -> None: ...

    def intact(self, made: Made) -> bool:
        """Whether what an earlier run made is still there as it was made."""
        ...

    def listed(self, node: str, made: Made) -> None:
        """What an earlier run made belongs to this one as well."""
        ...

    def progress(self, node: str, value: int, total: int) -> None:
        """A loop has run so many times; of how many is 0 where that only shows."""
        ...

    def computed(self) -> None:
        """Only nodes that finish, and files to be written, are left. Not called where nothing is."""
        ...


class Prepared(NamedTuple):
    """A plan, and the record of the document's last run, if there is one."""

    plan: list[Planned]
    previous: Mapping[str, Any] | None = None


class Lane:
    """A thread, and what is ready for it, in the order of the plan."""

    def __init__(self, thread: Executor) -> None:
        self.thread = thread
        self.ready: list[int] = []
        self.draining = False


class Run:
    """One run of what `prepare` gives. `await finish()`; `cancel()` from any thread."""

    def __init__(
        self,
        prepare: Callable[[], Prepared],
        host: Host,
        cache: Cache,
        device: Executor,
        finishing: Callable[[], Executor | None] = lambda: None,
    ) -> None:
        """`finishing`: the thread for nodes that finish, asked for after `prepare`; None: the device thread."""
        self.halted = threading.Event()
        """Set when the run is to stop, cancelled or failed; contexts look at it between two steps."""
        self._prepare, self._host, self._cache = prepare, host, cache
        self._main = Lane(device)
        self._finishing = finishing
        self._aside: Lane | None = None
        self._previous: Mapping[str, Any] | None = None
        self._plan: list[Planned] = []
        self._keys: dict[str, str] = {}
        self._titles: dict[str, str] = {}
        self._lock = threading.RLock()
        self._schedule = Schedule([], self._reused, self._enqueue, self._skipped)
        self._ready_async: list[Unit] = []
        self._tasks: dict[asyncio.Task[None], Unit] = {}
        self._open = self._busy = self._writing = 0
        self._pumping = self._cancelled = self._computed = False
        self._fault: Fault | None = None
        self._unplanned: BaseException | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._ended: asyncio.Future[None] | None = None

    async def finish(self) -> None:
        """Run to the end. Raises RunFailed, Cancelled, or what `prepare` raises; nothing of it runs any more then."""
        self._loop = asyncio.get_running_loop()
        self._ended = self._loop.create_future()
        self._main.draining = True
        self._main.thread.submit(self._work).add_done_callback(partial(self._drained, self._main))
        await self._ended
        if self._unplanned is not None:
            raise self._unplanned
        self._conclude()
        if self._fault is not None:
            raise RunFailed(self._fault)
        if self._cancelled:
            raise Cancelled

    def cancel(self) -> None:
        """Stop at the next chance: between two nodes, or where a node looks at its context."""
        with self._lock:
            if not self.halted.is_set():
                self._cancelled = True
                self._halt()

    @property
    def size(self) -> int:
        """How many nodes the plan has."""
        return len(self._schedule.units)

    def record(self) -> dict[str, Any]:
        """What a later run of the same document compares itself with, as plain data."""
        units = self._schedule.units[:MOST_RECORDED]
        return {unit.planned.name: reasons.record_of(unit.planned) for unit in units if unit.planned.given is None}

    # ------------------------------------------------------------ the beginning, on the device thread

    def _work(self) -> None:
        """Plan, demand, then go on with what is ready: one trip to this thread for most jobs."""
        try:
            self._begin()
        except BaseException as error:
            with self._lock:
                self._unplanned = error
                self._main.draining = False
                self._halt()
            return
        self._drain(self._main)

    def _begin(self) -> None:
        plan, self._previous = self._prepare()
        self._plan = plan
        finishing = self._finishing()
        self._aside = Lane(finishing) if finishing is not None else None
        self._schedule = Schedule(plan, self._reused, self._enqueue, self._skipped, apart=self._aside is not None)
        units = self._schedule.units
        targets = [unit for unit in units if unit.planned.is_target]
        kept = self._look_up(units)
        with self._lock:
            self._schedule.count_readers(targets)
            self._explain(units, kept)
            for unit in targets:
                if self.halted.is_set():
                    break
                self._schedule.demand(unit)

    def _look_up(self, units: list[Unit]) -> set[int]:
        """Find kept results: the places of those there are; units take those that serve."""
        kept = {unit.at for unit in units if unit.planned.declared.schema.cached and unit.planned.slot in self._cache}
        for unit in units:
            unit.reuse = unit.at in kept and self._serves(unit.planned)
        return kept

    def _explain(self, units: list[Unit], kept: Collection[int]) -> None:
        """Tell of every node whether it is to run or is reused, and why."""
        previous, changed = self._previous, self._host.changed
        keys, titles = self._keys, self._titles
        keys |= {unit.planned.name: unit.planned.key for unit in units}
        titles |= {unit.planned.name: unit.planned.title for unit in units}
        for unit in units:
            planned = unit.planned
            if planned.given is not None:
                continue
            if unit.counted:
                gone = reasons.FILE_GONE if unit.at in kept else reasons.NOT_KEPT
                unit.reason = reasons.why_run(planned, previous, keys, titles) or gone
                changed(planned.id, "waiting", unit.reason)
            elif reasons.same_as_before(planned, previous):
                unit.reason = reasons.UNCHANGED
                changed(planned.id, "cached", unit.reason)
            else:
                unit.reason = reasons.SEEN_BEFORE if unit.reuse else reasons.KEPT_AFTER
                changed(planned.id, "cached", unit.reason)
            if planned.loop is not None and not unit.counted:
                for id in planned.loop.nodes:
                    changed(id, "cached", unit.reason)
                if times := self._times_before(planned):
                    self._host.progress(planned.id, times, times)

    def _serves(self, planned: Planned) -> bool:
        """Whether a kept result does: an output node's only while all it made is still there."""
        if not (planned.is_target and planned.declared.schema.is_output):
            return True
        return all(map(self._host.intact, self._cache.made(planned.slot)))

    # ------------------------------------------------------------ what the schedule asks (the lock is held)

    def _reused(self, unit: Unit) -> bool:
        """Give a demanded unit its kept result, or see that it is read. False: it has to run after all."""
        planned = unit.planned
        entry = self._cache.recall(planned.slot)
        self._open += 1
        if entry is not None or (planned.is_target and not unit.readers):
            for made in entry.made if entry is not None else self._cache.made(planned.slot):
                self._host.listed(planned.id, made)
            self._close(unit, entry.values if entry is not None else None)
            return True
        if planned.slot in self._cache:
            unit.status = QUEUED
            self._enqueue_blocking(unit)
            return True
        self._open -= 1
        self._run_after_all(unit, reasons.NOT_KEPT)
        self._schedule.wait(unit)
        return False

    def _enqueue(self, unit: Unit) -> None:
        self._open += 1
        if unit.planned.declared.schema.is_async:
            self._ready_async.append(unit)
            if not self._pumping and self._loop is not None:
                self._pumping = True
                self._loop.call_soon_threadsafe(self._pump)
        else:
            self._enqueue_blocking(unit)

    def _enqueue_blocking(self, unit: Unit) -> None:
        lane = self._aside if self._aside is not None and unit.apart else self._main
        heappush(lane.ready, unit.at)
        if not lane.draining and not self.halted.is_set():
            lane.draining = True
            lane.thread.submit(self._drain, lane).add_done_callback(partial(self._drained, lane))

    def _skipped(self, unit: Unit) -> None:
        if not unit.reuse:
            self._host.changed(unit.planned.id, "skipped", reasons.NOT_NEEDED)

    def _run_after_all(self, unit: Unit, reason: str) -> None:
        unit.reason = reason
        self._schedule.revive(unit)
        self._host.changed(unit.planned.id, "waiting", reason)

    # ------------------------------------------------------------ blocking nodes, on their lane's thread

    def _drain(self, lane: Lane) -> None:
        """Run what is ready until nothing is: no trip to the event loop between two blocking nodes."""
        units = self._schedule.units
        while True:
            with self._lock:
                if not lane.ready or self.halted.is_set():
                    lane.draining = False
                    self._check_end()
                    return
                unit = units[heappop(lane.ready)]
                unit.status = RUNNING
                self._busy += 1
            if unit.reuse:
                self._load(unit)
            else:
                self._perform(unit)

    def _drained(self, lane: Lane, drain: Future[None]) -> None:
        """An error of the engine's own, not of a node, ends the run as well; it must never hang."""
        error = drain.exception()
        if error is not None:
            with self._lock:
                lane.draining, self._busy = False, 0
                self._fault = self._fault or fault_of(error, "", "The engine failed")
                self._halt()

    def _load(self, unit: Unit) -> None:
        """Read a kept result from disk."""
        entry = self._cache.load(unit.planned.slot)
        with self._lock:
            self._busy -= 1
            if entry is None:
                self._open -= 1
                self._run_after_all(unit, reasons.DAMAGED)
                self._schedule.demand(unit)
                return
            for made in entry.made:
                self._host.listed(unit.planned.id, made)
            self._close(unit, entry.values)

    def _perform(self, unit: Unit) -> None:
        planned = unit.planned
        if planned.loop is not None or planned.given is not None:
            self._go_on(unit)
            return
        if self._twin_result(unit):
            return
        context, started = self._start(unit)
        try:
            values = planned.arguments()
            for name, source in planned.links.items():
                values[name] = self._value(source)
            result = call_blocking(planned, values, context)
        except BaseException as error:  # whatever a node raises is its failure, SystemExit and the like included
            self._failed(unit, context, error)
        else:
            self._succeeded(unit, context, result, time.perf_counter() - started)

    def _twin_result(self, unit: Unit) -> bool:
        """Take the result of a node with the same key that ran a moment ago."""
        planned = unit.planned
        schema = planned.declared.schema
        if not schema.cached or schema.is_output:
            return False
        entry = self._cache.recall(planned.slot)
        if entry is None:
            return False
        self._host.changed(planned.id, "cached", reasons.TWIN)
        with self._lock:
            self._busy -= 1
            for made in entry.made:
                self._host.listed(planned.id, made)
            self._close(unit, entry.values)
        return True

    # ------------------------------------------------------------ loops, on the device thread

    def _go_on(self, unit: Unit) -> None:
        """A loop has what it waited for: plan and demand its next time, or give what came of it."""
        planned, looping = unit.planned, unit.looping
        if planned.loop is None:
            with self._lock:
                self._busy -= 1
                self._close(unit, planned.given)
            return
        try:
            if looping is None:
                looping = unit.looping = Looping(planned.loop, self._times_before(planned))
                unit.seconds = time.perf_counter()
                self._host.changed(planned.id, "running", unit.reason)
            while looping.advance(self._at_end):
                if self._await_turns(unit, looping):
                    return
            result = looping.results(self._at_end)
        except BaseException as error:  # an item that does not fit, too many nodes: as if the loop were a node
            self._failed(unit, None, error)
            return
        if planned.loop.loop.mode == "while":
            # Nobody could tell before how many times there are.
            self._host.progress(planned.id, looping.of or 0, looping.of or 0)
            self._cache.keep(planned.key, Entry((looping.of,)), 0)
        for one in looping.given:
            one.given = None
        self._succeeded(unit, None, result, time.perf_counter() - unit.seconds)

    def _await_turns(self, unit: Unit, looping: Looping) -> bool:
        """Take up what a loop has planned; False when it can go on at once."""
        schedule, units = self._schedule, self._schedule.units
        with self._lock:
            new = schedule.extend(self._plan[len(units) :])
            kept = self._look_up(new)
            for turn in looping.fresh():
                self._tell_turns(unit, looping, turn)
            awaited, held = looping.awaited(), looping.kept()
            wanted = [units[at] for at in (*awaited, *held) if units[at].status != DONE]
            schedule.count_readers(wanted)
            schedule.hold(unit, held)
            self._explain(new, kept)
            if not schedule.wait_for(unit, awaited):
                return False
            self._busy -= 1
            self._open -= 1
            self._check_end()
            return True

    def _tell_turns(self, unit: Unit, looping: Looping, number: int) -> None:
        """Have it told when a time of a loop is through."""
        last = looping.last_of(number)
        if last is not None:
            done = self._schedule.units[last]
            done.wakers += (partial(self._host.progress, unit.planned.id, number, looping.of or 0),)

    def _times_before(self, planned: Planned) -> int | None:
        """How many times a loop ran that was just like this one, where that is kept."""
        if planned.loop is None or planned.loop.loop.mode != "while":
            return None
        entry = self._cache.load(planned.key)
        return int(entry.values[0]) if entry is not None and entry.values else None

    def _at_end(self, end: End) -> Any:
        result = self._schedule.units[end.at].result
        if result is None:
            raise RuntimeError("what a loop needs was let go too early")  # a fault of the schedule
        return result[end.position]

    # ------------------------------------------------------------ async nodes, on the event loop

    def _pump(self) -> None:
        with self._lock:
            units, self._ready_async, self._pumping = self._ready_async, [], False
            if self.halted.is_set() or self._loop is None:
                return
            for unit in units:
                unit.status = RUNNING
                self._busy += 1
                task = self._loop.create_task(self._perform_async(unit))
                self._tasks[task] = unit
                task.add_done_callback(self._tasks.pop)

    async def _perform_async(self, unit: Unit) -> None:
        planned = unit.planned
        if self._twin_result(unit):
            return
        context, started = self._start(unit)
        try:
            values, lazy = planned.arguments(), {}
            for name, source in planned.links.items():
                if source.lazy:
                    lazy[name] = partial(self._fetch, source)
                else:
                    values[name] = self._value(source)
            result = await call_async(planned, values, lazy, context)
        except BaseException as error:  # as for blocking nodes; a cancelled task ends here too
            self._failed(unit, context, error)
        else:
            self._succeeded(unit, context, result, time.perf_counter() - started)

    async def _fetch(self, source: Source) -> Any:
        """The value of a lazy input: the demand for it arises now."""
        loop = asyncio.get_running_loop()
        with self._lock:
            if self.halted.is_set():
                raise Cancelled
            unit = self._schedule.units[source.at]
            if unit.has_result:
                return self._value(source)
            arrived = loop.create_future()
            unit.wakers += (partial(loop.call_soon_threadsafe, _wake, arrived),)
            self._schedule.demand(unit)
        await arrived
        return self._value(source)

    # ------------------------------------------------------------ the life of one node

    def _value(self, source: Source) -> Any:
        result = self._schedule.units[source.at].result
        if result is None:
            raise RuntimeError(f"the result of {source.node} was let go too early")  # a fault of the schedule
        return result[source.position]

    def _start(self, unit: Unit) -> tuple[NodeContext | None, float]:
        planned = unit.planned
        self._host.changed(planned.id, "running", unit.reason)
        context = self._host.context(planned) if planned.declared.wants_context else None
        return context, time.perf_counter()

    def _succeeded(self, unit: Unit, context: NodeContext | None, result: Values, seconds: float) -> None:
        """Pass the result on at once; the node is done when its files are written too."""
        writes = []
        if context is not None:
            context.close()
            writes = context.writes()
        unit.seconds = seconds
        if not writes:
            self._keep(unit, result, ())
        with self._lock:
            self._busy -= 1
            self._schedule.finish(unit, result)
            self._writing += bool(writes)
            self._open -= not writes
            self._check_end()
        if writes:
            when_settled(writes, partial(self._settled, unit, result, writes))

    def _settled(self, unit: Unit, result: Values, writes: list[Any]) -> None:
        try:
            made = tuple(write.result() for write in writes)
        except (Exception, FutureCancelled) as error:  # the node's save failed: a failure of the node
            with self._lock:
                self._writing -= 1
                self._open -= 1
                self._fail(unit, error)
            return
        self._keep(unit, result, made)
        with self._lock:
            self._writing -= 1
            self._open -= 1
            self._check_end()

    def _keep(self, unit: Unit, result: Values, made: tuple[Made, ...]) -> None:
        schema = unit.planned.declared.schema
        if schema.cached and unit.planned.slot:
            self._cache.keep(unit.planned.slot, Entry(result, made), unit.seconds)
        self._host.changed(unit.planned.id, "done", unit.reason, unit.seconds)

    def _close(self, unit: Unit, result: Values | None) -> None:
        """A unit that was reused has its result (the lock is held)."""
        self._schedule.finish(unit, result)
        self._open -= 1
        self._check_end()

    # ------------------------------------------------------------ failing, stopping, ending

    def _failed(self, unit: Unit, context: NodeContext | None, error: BaseException) -> None:
        if context is not None:
            context.close()
        with self._lock:
            self._busy -= 1
            self._open -= 1
            unit.status = DONE
            if isinstance(error, Cancelled) or self.halted.is_set():
                self._host.changed(unit.planned.id, "cancelled", unit.reason)
                if not self.halted.is_set():
                    self._cancelled = True
                    self._halt()
                self._check_end()
            else:
                self._fail(unit, error)

    def _fail(self, unit: Unit, error: BaseException) -> None:
        planned = unit.planned
        if self._fault is None and not self._cancelled:
            title = placed(planned.where, planned.title)
            self._fault = fault_of(error, planned.id, title, planned.declared.node.function)
        self._host.changed(planned.id, "failed", unit.reason)
        self._halt()

    def _halt(self) -> None:
        self.halted.set()
        if self._loop is not None:
            self._loop.call_soon_threadsafe(self._stop_tasks)
        self._check_end()

    def _stop_tasks(self) -> None:
        for task in list(self._tasks):
            task.cancel()

    def _check_end(self) -> None:
        """End when nothing is open, or nothing runs and writes any more after a halt (the lock is held)."""
        if self._main.draining:
            return
        halted = self.halted.is_set()
        if self._open and not halted and not self._computed and not self._schedule.left:
            self._computed = True
            self._host.computed()
        if self._busy or self._writing or (self._aside is not None and self._aside.draining):
            return
        if self._open and not halted:
            return
        if self._ended is not None and self._loop is not None:
            self._loop.call_soon_threadsafe(_wake, self._ended)

    def _conclude(self) -> None:
        """What a halted run left undone was skipped."""
        if not self.halted.is_set():
            return
        for unit in self._schedule.units:
            undone = unit.status in (WAITING, QUEUED) or (unit.status == ASLEEP and unit.counted)
            if undone and not unit.reuse:
                began = unit.looping is not None and self._cancelled
                self._host.changed(unit.planned.id, "cancelled" if began else "skipped", unit.reason)


def _wake(future: asyncio.Future[None]) -> None:
    if not future.done():
        future.set_result(None)
