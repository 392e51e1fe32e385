"""Answers what a link carries: finds the value among the kept results and shows it. Nothing runs for it.

The value is looked for as the workflow stands now; where that was not computed, the one that the last run made
is shown and said to be earlier. Answered on a thread of its own, so that a long node keeps nobody waiting.
"""

from __future__ import annotations

import sys
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import msgspec

from nodes.api import Input
from server.engine.cache import Cache
from server.engine.catalogue import Library
from server.engine.failures import RunFailed
from server.engine.lists import Many
from server.engine.plan import Planned, Stamp, make_plan
from server.graph.prompt import Prompt, decode
from server.messages import FoundValue, InspectValue, OutputFile, ValueInspected
from server.worker.describe import describe
from server.worker.files import Folders
from server.worker.identities import Identities
from server.worker.memory import Weights
from server.worker.pixels import NoPicture
from server.worker.results import Results, output_of

REMEMBERED = 4
"""Jobs whose results are found again though their keys are not: those with nodes that are never cached."""
SHOWN = 4
"""Pictures of a batch or list that are shown."""


@dataclass(frozen=True)
class Place:
    """Where a result is kept, and which of its values an output is."""

    slot: str
    position: int


class LastRuns:
    """Where the results of the last jobs are kept, by job and node."""

    def __init__(self) -> None:
        self._jobs: OrderedDict[str, Mapping[str, Planned]] = OrderedDict()

    def add(self, job: str, plan: list[Planned]) -> None:
        self._jobs[job] = {planned.id: planned for planned in plan}
        while len(self._jobs) > REMEMBERED:
            self._jobs.popitem(last=False)

    def find(self, job: str, node: str) -> Planned | None:
        return self._jobs.get(job, {}).get(node)


@dataclass(frozen=True)
class Values:
    """What is needed to find a value and to show it."""

    folders: Folders
    identities: Identities
    results: Results
    cache: Cache
    library: Callable[[], Library]
    weights: Callable[[], Weights]
    upgrade: Callable[[Prompt], Prompt]
    last: LastRuns

    def answer(self, question: InspectValue) -> ValueInspected:
        """The value, or that it is not kept."""
        for planned, earlier in ((self._now(question), False), (self.last.find(question.job, question.node), True)):
            place = None if planned is None else _place(planned, question.output)
            entry = None if place is None else self.cache.load(place.slot)
            if entry is not None and place is not None:
                return ValueInspected(question.request, self._show(entry.values[place.position], earlier))
        return ValueInspected(question.request)

    def stamp(self, input: Input, name: str, node: str) -> Stamp:
        """The file that a constant names, as a run would find it."""
        path = self.folders.find(input, name)
        return Stamp(path, self.identities.digest(path))

    def _now(self, question: InspectValue) -> Planned | None:
        """The node as the workflow stands; None where it could not run so."""
        try:
            prompt = self.upgrade(decode(bytes(question.prompt)))
            return make_plan(prompt, self.library(), self, [question.node])[-1]
        except (RunFailed, msgspec.DecodeError, RecursionError, IndexError):
            return None

    def _show(self, value: Any, earlier: bool) -> FoundValue:
        pictures: list[OutputFile] = []
        for item in (value if isinstance(value, Many) else [value])[:SHOWN]:
            if len(pictures) < SHOWN:
                pictures += self._pictures(item)
        return FoundValue(describe(value), pictures[:SHOWN], earlier)

    def _pictures(self, value: Any) -> list[OutputFile]:
        try:
            image = self._drawn(value)
            return [] if image is None else [output_of("", write.result()) for write in self.results.show(image)]
        except (NoPicture, OSError) as error:
            print(f"worker: a value could not be drawn: {error}", file=sys.stderr)
            return []

    def _drawn(self, value: Any) -> Any:
        """What shows a value to the eye: an image as it is, a mask in greys, a latent in its family's colours."""
        if hasattr(value, "pixels"):
            return value.pixels[:SHOWN]
        if hasattr(value, "samples"):
            space = getattr(value, "space", None)
            return None if space is None else self.weights().get(space.preview)(value.samples[:SHOWN])
        values = getattr(value, "values", None)
        return None if values is None or callable(values) else values[:SHOWN, ..., None]


def _place(planned: Planned, output: str) -> Place | None:
    position = planned.declared.positions.get(output)
    return None if position is None else Place(planned.slot, position)
