"""Call a node's function: once, or once for each item of the lists that feed it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from concurrent.futures import Future
from typing import Any, Protocol

from nodes.api import Context, bind
from server.engine.lists import Many, inputs_for, joined, outputs_of, pick, run_count, whole
from server.engine.memory_tier import Made
from server.engine.planned import Planned

Values = tuple[Any, ...]
Fetch = Callable[[], Awaitable[Any]]


class NodeContext(Context, Protocol):
    """The context of one node in one run; it collects what the node makes."""

    def writes(self) -> list[Future[Made]]:
        """What the node made so far, each when it is safely written."""
        ...

    def close(self) -> None:
        """The node's function has ended."""
        ...


class EmptyBranch(Exception):
    """A lazy input turned out to be an empty list: the node runs zero times."""


class Branch:
    """A lazy input in one run of a node: `await branch()` gives its value, or the item of its list."""

    def __init__(self, fetch: Fetch, index: int, listed: bool) -> None:
        self._fetch, self._index, self._listed = fetch, index, listed
        self.count: int | None = None
        """How many items it turned out to have; None while it is not fetched, or is no list."""

    async def __call__(self) -> Any:
        value = await self._fetch()
        if self._listed:
            return whole(value)
        if type(value) is Many:
            self.count = len(value)
            if not value:
                raise EmptyBranch
        return pick(value, self._index)


def call_blocking(planned: Planned, values: Mapping[str, Any], context: Context | None) -> Values:
    """Run a blocking node. Raises whatever its function raises."""
    schema, function, listed = planned.declared.schema, planned.declared.node.function, planned.listed
    count = run_count(values, listed) if values else None
    if count is None:
        chosen = inputs_for(values, listed, 0) if listed else values
        args, kwargs = bind(planned.declared.node, chosen, context)
        return outputs_of(schema, function(*args, **kwargs))
    runs = []
    for index in range(count):
        args, kwargs = bind(planned.declared.node, inputs_for(values, listed, index), context)
        runs.append(outputs_of(schema, function(*args, **kwargs)))
    return joined(schema, runs)


async def call_async(
    planned: Planned, values: Mapping[str, Any], lazy: Mapping[str, Fetch], context: Context | None
) -> Values:
    """Run an async node; `lazy` gives the inputs that it may await.

    How long a lazy list is shows only when it is awaited, so each run may lengthen the count.
    """
    schema, node, listed = planned.declared.schema, planned.declared.node, planned.listed
    count = run_count(values, listed)
    runs: list[Values] = []
    while count is None or len(runs) < count:
        branches = {name: Branch(fetch, len(runs), name in listed) for name, fetch in lazy.items()}
        args, kwargs = bind(node, {**inputs_for(values, listed, len(runs)), **branches}, context)
        try:
            runs.append(outputs_of(schema, await node.function(*args, **kwargs)))
        except EmptyBranch:
            return joined(schema, [])
        lengths = [branch.count for branch in branches.values() if branch.count is not None]
        if lengths:
            count = max(count or 0, *lengths)
        elif count is None:
            return runs[0]
    return joined(schema, runs)
