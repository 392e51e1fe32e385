"""The prompt: the graph that is sent to run, with subgraphs, mutes, bypasses and reroutes resolved.

A prompt holds nodes that run and nothing else. Ids of nodes inside subgraphs read `outer/inner`.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Mapping
from typing import Any

from msgspec import UNSET

from nodes.api import Input
from server.graph import sentences as say
from server.graph.catalogue import Catalogue
from server.graph.flatten import Place, definition_id, flatten
from server.graph.inputs import Tables
from server.graph.problems import Problem, short
from server.graph.steps import ENTRY, LOOP, Link, Prompt, Step, decode, encode
from server.graph.wires import Dead, Fixed, Gone, Wires, default_of, runs
from server.graph.workflow import Boxed, Workflow

__all__ = ["Link", "Prompt", "Step", "decode", "encode", "from_workflow"]

MISSING = object()


def from_workflow(workflow: Workflow, catalogue: Catalogue) -> tuple[Prompt, list[Problem]]:
    """The prompt of a workflow, and what could not be resolved.

    A muted node is left out with everything that cannot do without it (a warning each); an optional
    input it fed is as if never linked. Links to nodes that do not exist stay, for `validate` to report.
    """
    places, problems = flatten(workflow)
    tables = Tables(catalogue.nodes)
    wires = Wires(places, workflow.subgraphs, catalogue, tables)
    draft = Draft(tables, problems)
    for place in places.values():
        if definition_id(place.data) is not None:
            problems.extend(unknown_ports(place, workflow))
            if place.id in wires.loops:
                draft.add_loop(place, wires)
        elif runs(place):
            draft.add(place, wires)
    draft.drop_what_cannot_run()
    return draft.steps, problems


def unknown_ports(place: Place, workflow: Workflow) -> list[Problem]:
    """Inputs of an instance that its definition does not have."""
    graph = workflow.subgraphs.get(definition_id(place.data) or "")
    if graph is None:
        return []
    return [
        Problem(place.id, name, say.NO_SUCH_PORT(input=short(name)), say.REMOVE_OR_ADD_PORT(), "warning")
        for name in place.data.inputs
        if name not in graph.inputs
    ]


def pick(given: Mapping[str, Any], names: Iterable[str]) -> dict[str, Any]:
    return {name: given[name] for name in names if name in given}


class Draft:
    """A prompt while it is made: nodes are added, then those that lost a required input are dropped."""

    def __init__(self, tables: Tables, problems: list[Problem]) -> None:
        self.tables, self.problems = tables, problems
        self.steps: Prompt = {}
        self.names: dict[str, str] = {}
        self.stored: dict[tuple[str, str], Any] = {}
        self.readers: dict[str, list[tuple[str, str]]] = {}
        self.lost: deque[tuple[str, str, Gone]] = deque()

    def add(self, place: Place, wires: Wires) -> None:
        """Add a node with its inputs resolved."""
        data = place.data
        inputs = self.resolve_all(place.id, place, data.inputs, wires)
        self.steps[place.id] = Step(data.type, data.version, inputs, data.title, wires.around(place.scope))
        self.names[place.id] = place.name

    def add_loop(self, place: Place, wires: Wires) -> None:
        """Add an instance that runs more than once: what goes into it, and what comes out."""
        loop = wires.loops[place.id]
        graph = wires.subgraphs[definition_id(place.data) or ""]
        title = place.data.title or graph.title
        leaving = wires.exits.get(place.id)
        held = (
            {name: leaving.data.inputs[name] for name in graph.outputs if name in leaving.data.inputs}
            if leaving
            else {}
        )
        results = self.resolve_all(place.id, leaving or place, held, wires)
        self.steps[place.id] = Step(LOOP, 1, results, title, wires.around(place.scope), loop)
        self.names[place.id] = place.name
        for entry in wires.entries.get(place.id, ()):
            inputs = self.resolve_all(entry.id, place, pick(place.data.inputs, loop.varying), wires)
            for name in loop.varying:
                default = default_of(graph.inputs.get(name))
                if name not in inputs and isinstance(default, Fixed):
                    inputs[name] = default.value
            self.steps[entry.id] = Step(ENTRY, 1, inputs, title, place.id)
            self.names[entry.id] = place.name

    def resolve_all(self, id: str, place: Place, given: Mapping[str, Any], wires: Wires) -> dict[str, Any]:
        """What the inputs of step `id` hold, given those of a node."""
        inputs: dict[str, Any] = {}
        for name, value in given.items():
            found = self.resolve(id, place, name, value, wires) if isinstance(value, Boxed) else value
            if found is not MISSING:
                inputs[name] = found
        return inputs

    def resolve(self, id: str, place: Place, name: str, value: Boxed, wires: Wires) -> Any:
        """What a linked or boxed input holds in the prompt, or MISSING."""
        kept = MISSING if value.value is UNSET else value.value
        if value.link is UNSET:
            if kept is MISSING:
                what = say.NEITHER_LINK_NOR_VALUE(input=short(name))
                self.problems.append(Problem(place.id, name, what, say.WRITE_VALUE()))
            return kept
        end = wires.follow(place, value.link)
        if isinstance(end, Link):
            self.readers.setdefault(end.node, []).append((id, name))
            if kept is not MISSING:
                self.stored[id, name] = kept
            return end
        if isinstance(end, Fixed):
            return end.value
        if end is Dead.LOOP:
            what = say.REROUTES_ALONE(input=short(name))
            self.problems.append(Problem(place.id, name, what, say.LINK_ONE_TO_NODE()))
        elif isinstance(end, Gone) and kept is MISSING:
            self.lost.append((id, name, Gone(wires.places[end.node].name, end.why)))
        return kept

    def drop_what_cannot_run(self) -> None:
        """Leave out nodes whose required input is gone, then the nodes that required those, and so on."""
        while self.lost:
            id, name, gone = self.lost.popleft()
            step = self.steps.get(id)
            if step is None or not self.requires(step, name):
                continue
            del self.steps[id]
            what = say.DOES_NOT_RUN(input=short(name), node=gone.node, why=gone.why)
            self.problems.append(Problem(id, name, what, say.SWITCH_ON(), "warning"))
            left_out = Gone(self.names[id], say.NEITHER_RUNS())
            for reader, input in self.readers.get(id, ()):
                self.unlink(reader, input, left_out)

    def unlink(self, id: str, name: str, gone: Gone) -> None:
        step = self.steps.get(id)
        if step is None:
            return
        if (id, name) in self.stored:
            step.inputs[name] = self.stored[id, name]
            return
        step.inputs.pop(name, None)
        self.lost.append((id, name, gone))

    def requires(self, step: Step, name: str) -> bool:
        table = self.tables.get(step.type)
        found = table.find(name, step.inputs) if table is not None else None
        return isinstance(found, Input) and found.required and not found.grows
