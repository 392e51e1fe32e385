"""A loop while it runs: which of its times are planned, what it waits for, and what comes of it.

Pure bookkeeping over the plan: the run that owns it demands what `awaited` names and asks again when that is there.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from server.engine import keys
from server.engine.lists import Many
from server.engine.planned import End, Fixed, LoopPlan, Planned, Turn
from server.engine.planning import as_items, pick

Value = Callable[[End], Any]
"""The value at the end of a link; it has to be there."""


class Looping:
    """One loop in one run."""

    def __init__(self, plan: LoopPlan, counted: int | None) -> None:
        """`counted`: how many times it ran when last it ran like this, if that is known."""
        self.plan = plan
        self.turns: list[Turn] = []
        self.of: int | None = counted if plan.loop.mode == "while" else None
        """How many times there are; None where that only shows."""
        self.held: tuple[int, ...] = ()
        """Nodes whose results may still be needed."""
        self.given: list[Planned] = []
        """The items of lists, which stay while it runs."""
        self._open = True
        self._told = 0

    def advance(self, value: Value) -> bool:
        """Plan what comes next; False when everything is planned."""
        if not self._open:
            return False
        loop = self.plan.loop
        if loop.mode == "each":
            self._plan_items(value)
        elif loop.mode == "repeat" or self.of is not None:
            self.of = self.of or max(1, loop.times)
            while len(self.turns) < self.of:
                self._plan_next()
        elif not self.turns or self._goes_on(value):
            self._plan_next()
            return True
        else:
            self.of = len(self.turns)
        self._open = False
        return True

    def awaited(self) -> list[int]:
        """What must be there before it can go on, or end."""
        if self._open:
            condition = self.turns[-1].ends.get(self.plan.loop.condition)
            return [*_ats([condition]), *self.turns[-1].targets]
        last = self.turns if self.plan.loop.mode == "each" else self.turns[-1:]
        ends = [end for turn in last for name, end in turn.ends.items() if name in self.plan.read]
        return [*_ats(ends), *(at for turn in self.turns for at in turn.targets)]

    def fresh(self) -> range:
        """The times planned since this was last asked, counted from 1."""
        before, self._told = self._told, len(self.turns)
        return range(before + 1, self._told + 1)

    def last_of(self, number: int) -> int | None:
        """The node whose result is a sign that a time is through."""
        turn = self.turns[number - 1]
        condition = self.plan.loop.condition if self.plan.loop.mode == "while" else ""
        carried = [turn.ends.get(name) for name in (condition, *self.plan.loop.carry.values(), *sorted(self.plan.read))]
        own = [at for at in (*_ats(carried), *turn.targets) if turn.start <= at < turn.stop]
        return own[0] if own else None

    def kept(self) -> tuple[int, ...]:
        """What must stay while it waits: what it will give, and what another time would begin with."""
        if self.plan.loop.mode == "each":
            ends = [end for turn in self.turns for name, end in turn.ends.items() if name in self.plan.read]
        else:
            ends = list(self.turns[-1].ends.values()) if self.turns else []
        return tuple(dict.fromkeys(_ats(ends)))

    def results(self, value: Value) -> tuple[Any, ...]:
        """What comes out, in the order of the outputs; of those that nothing reads None."""
        return tuple(self._result(name, value) for name in self.plan.loop.gives)

    def _result(self, name: str, value: Value) -> Any:
        if name not in self.plan.read:
            return None
        if self.plan.loop.mode != "each":
            return _value_of(self.turns[-1].ends.get(name), value)
        items: list[Any] = []
        for turn in self.turns:
            item = _value_of(turn.ends.get(name), value)
            items.extend(item if type(item) is Many else [item])
        return Many(items)

    # ------------------------------------------------------------ planning

    def _goes_on(self, value: Value) -> bool:
        if len(self.turns) >= self.plan.loop.most:
            return False
        said = _value_of(self.turns[-1].ends.get(self.plan.loop.condition), value)
        return bool(said[-1] if type(said) is Many and said else said)

    def _plan_next(self) -> None:
        given: Mapping[str, End | Fixed] = self.plan.begins
        if self.turns:
            ends, carry = self.turns[-1].ends, self.plan.loop.carry
            given = {name: ends[output] for name, output in carry.items() if output in ends}
        self.turns.append(self.plan.planning.turn(self.plan, len(self.turns) + 1, self.of, given))

    def _plan_items(self, value: Value) -> None:
        lists = {name: self._items(name, end, value) for name, end in self.plan.begins.items()}
        # An input that nothing is given to is one value, its own.
        self.of = max(map(len, lists.values()), default=1) if all(lists.values()) else 0
        for index in range(self.of):
            given = {name: pick(items, index) for name, items in lists.items()}
            self.turns.append(self.plan.planning.turn(self.plan, index + 1, self.of, given))

    def _items(self, name: str, end: End | Fixed, value: Value) -> list[End | Fixed]:
        """What gives each item: of a constant itself. A plain value is known by what it says, others by their place."""
        items = as_items(_value_of(end, value))
        if type(end) is not End:
            return [Fixed(item) for item in items]
        planning = self.plan.planning
        source = planning.plan[end.at]
        given: list[End | Fixed] = []
        for place, item in enumerate(items):
            plain = isinstance(item, (str, int, float, bool))
            told = repr(("item", item)) if plain else repr((source.key, end.position, place))
            given.append(planning.give(self.plan.id, name, item, keys.digest(told)))
            self.given.append(planning.plan[-1])
        return given


def _ats(ends: list[End | Fixed | None] | list[End | Fixed]) -> list[int]:
    return [end.at for end in ends if type(end) is End]


def _value_of(end: End | Fixed | None, value: Value) -> Any:
    if end is None:
        return None
    return end.value if isinstance(end, Fixed) else value(end)
