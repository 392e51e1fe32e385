"""Who may run next: demand spreads from the targets, results spread back, what nobody reads is let go.

Plain counting over lists, with stacks of its own; it calls no node, waits for nothing and knows no
threads: the run that owns a schedule holds its lock around every call.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from server.engine.looping import Looping
from server.engine.planned import Planned

ASLEEP, WAITING, QUEUED, RUNNING, DONE, SKIPPED = range(6)


class Unit:
    """A planned node in a run.

    `waiting` counts the sources without a result yet; `readers` the nodes that may still want this one's
    result; `counted` says that it is itself counted among the readers of its sources; `apart` that it only finishes
    what others computed, on a thread of its own.
    """

    __slots__ = (
        "apart", "at", "consumers", "counted", "every", "freed", "looping", "planned", "readers", "reason", "result",
        "reuse", "seconds", "status", "strict", "waiting", "wakers",
    )  # fmt: skip

    def __init__(self, planned: Planned, apart: bool) -> None:
        sources = planned.links.values()
        self.at = planned.at
        self.planned = planned
        self.apart = apart and planned.declared.finishes
        self.every = self.strict = tuple({source.at for source in sources}) if sources else ()
        if planned.declared.schema.is_async or planned.loop is not None:
            self.strict = tuple({source.at for source in sources if not source.lazy})
        self.consumers: list[Unit] = []
        self.status = ASLEEP
        self.waiting = self.readers = 0
        self.counted = self.freed = self.reuse = False
        self.result: tuple[Any, ...] | None = None
        self.reason = ""
        self.seconds = 0.0
        self.wakers: tuple[Callable[[], object], ...] = ()
        self.looping: Looping | None = None
        if planned.given is not None:
            self.status, self.result = DONE, planned.given

    @property
    def has_result(self) -> bool:
        return self.status == DONE and not self.freed


class Schedule:
    """The units of a run. `ready` is called with a unit whose sources all have results, or that can be `reused`."""

    def __init__(
        self,
        plan: list[Planned],
        reused: Callable[[Unit], bool],
        ready: Callable[[Unit], None],
        skipped: Callable[[Unit], None],
        apart: bool = False,
    ) -> None:
        """`apart`: whether nodes that finish have a thread of their own."""
        self.units: list[Unit] = []
        self._apart = apart
        self.left = 0
        """Units that are demanded and have no result, those apart left out."""
        self._reused, self._ready, self._skipped = reused, ready, skipped
        self.extend(plan)

    def extend(self, plan: Sequence[Planned]) -> list[Unit]:
        """More of the plan: the units of what a loop does next."""
        units = self.units
        new = [Unit(planned, self._apart) for planned in plan]
        units += new
        for unit in new:
            for at in unit.strict:
                units[at].consumers.append(unit)
        return new

    def hold(self, unit: Unit, sources: tuple[int, ...]) -> None:
        """A running loop reads these from now on, instead of those it held before."""
        units = self.units
        for at in sources:
            units[at].readers += 1
        before = unit.looping.held if unit.looping is not None else ()
        if unit.looping is not None:
            unit.looping.held = sources
        for dropped in self._drop(before):
            self._release(dropped)

    def wait_for(self, unit: Unit, sources: list[int]) -> bool:
        """Have these made for a loop, which is ready again when all are there; False when all are there already."""
        units = self.units
        missing = [units[at] for at in dict.fromkeys(sources) if units[at].status != DONE]
        if not missing:
            return False
        unit.status, unit.waiting = WAITING, len(missing)
        for source in missing:
            source.consumers.append(unit)
        for source in missing:
            self.demand(source)
        return True

    def count_readers(self, targets: list[Unit]) -> None:
        """Before the first demand: whoever may run is a reader of its sources; reused nodes read nothing."""
        stack = [unit for unit in targets if not unit.reuse]
        units = self.units
        while stack:
            unit = stack.pop()
            if unit.counted:
                continue
            unit.counted = True
            for at in unit.every:
                source = units[at]
                source.readers += 1
                if source.status == SKIPPED or (source.status == DONE and source.freed):
                    source.status, source.freed = ASLEEP, False
                if not source.reuse and not source.counted and source.status == ASLEEP:
                    stack.append(source)

    def demand(self, unit: Unit) -> None:
        """Have this unit's result made, and so whatever it needs."""
        stack = [unit]
        units = self.units
        while stack:
            unit = stack.pop()
            if unit.status != ASLEEP:
                continue
            self.wait(unit)
            if unit.reuse and self._reused(unit):
                continue
            missing = [at for at in unit.strict if not units[at].has_result]
            unit.waiting = len(missing)
            if missing:
                stack += [units[at] for at in missing]
            else:
                unit.status = QUEUED
                self._ready(unit)

    def wait(self, unit: Unit) -> None:
        """A unit is demanded."""
        unit.status = WAITING
        self.left += not unit.apart

    def revive(self, unit: Unit) -> None:
        """A kept result cannot be had after all: the unit is to run, and reads its sources like any other."""
        unit.reuse = False
        self.count_readers([unit])
        unit.status = ASLEEP
        self.left -= not unit.apart

    def finish(self, unit: Unit, result: tuple[Any, ...] | None) -> None:
        """A unit has its result: pass it on to who waits, and let go what no one will read any more."""
        unit.status, unit.result = DONE, result
        self.left -= not unit.apart
        for consumer in unit.consumers:
            if consumer.status == WAITING and not consumer.reuse:
                consumer.waiting -= 1
                if not consumer.waiting:
                    consumer.status = QUEUED
                    self._ready(consumer)
        for wake in unit.wakers:
            wake()
        unit.wakers = ()
        if unit.looping is not None:
            self.hold(unit, ())
        self._release(unit)

    def _release(self, unit: Unit) -> None:
        if not unit.readers:
            unit.result, unit.freed = None, True
        stack = [unit]
        while stack:
            unit = stack.pop()
            if unit.counted:
                unit.counted = False
                stack += self._drop(unit.every)

    def _drop(self, sources: tuple[int, ...]) -> list[Unit]:
        """One reader less of each; those that nobody wants any more and that never ran."""
        skipped = []
        units = self.units
        for at in sources:
            source = units[at]
            source.readers -= 1
            if source.readers:
                continue
            if source.status == DONE:
                source.result, source.freed = None, True
            elif source.status == ASLEEP and not source.planned.is_target:
                source.status = SKIPPED
                self._skipped(source)
                skipped.append(source)
        return skipped
