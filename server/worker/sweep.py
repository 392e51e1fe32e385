"""A sweep while it runs: what each cell's pictures carry, and how many cells are through."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property

from server.engine.planned import Planned
from server.engine.run import State
from server.graph.prompt import Prompt, decode, encode
from server.graph.sweep import Cell, workflow_of_cell
from server.graph.sweep_prompt import prompt_of_cell
from server.graph.workflow import Workflow, dump, load
from server.worker.context import Timer
from server.worker.events import Events
from server.worker.results import Origin

WHOLE_JOB = ""
"""The node that the progress of a job as a whole is told of."""
ENDED: frozenset[State] = frozenset({"done", "cached"})


class Cells:
    """The cells of one job. `origin` is that of the sheet: the workflow with its sweep."""

    def __init__(self, origin: Origin, plan: Sequence[Planned], events: Events) -> None:
        self._origin, self._events = origin, events
        self._origins: dict[Cell, Origin] = {}
        shown = [planned for planned in plan if planned.is_target and planned.cell]
        self._left: dict[str, int] = {}
        for planned in shown:
            self._left[planned.id] = self._left.get(planned.id, 0) + 1
        self._total = len(shown)
        self._done = self._ran = 0
        self._timer = Timer()
        events.progress(WHOLE_JOB, 0, self._total, None)

    def origin(self, cell: Cell) -> Origin:
        """What a picture of a cell carries: the workflow with its values, as a single run of it would have it."""
        if cell not in self._origins:
            workflow, prompt = workflow_of_cell(self._workflow, cell), prompt_of_cell(self._prompt, cell)
            self._origins[cell] = Origin(dump(workflow), encode(prompt))
        return self._origins[cell]

    def changed(self, node: str, state: State) -> None:
        """A node of some cell, or one that all share, has a new state."""
        if state not in ENDED or not self._left.get(node):
            return
        self._left[node] -= 1
        self._done += 1
        self._ran += state == "done"
        left = self._total - self._done
        remaining = self._timer.remaining(self._ran, self._ran + left) if self._ran else None
        self._events.progress(WHOLE_JOB, self._done, self._total, remaining)

    @cached_property
    def _workflow(self) -> Workflow:
        return load(self._origin.workflow)

    @cached_property
    def _prompt(self) -> Prompt:
        return decode(self._origin.prompt)
