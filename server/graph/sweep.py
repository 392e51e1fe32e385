"""A sweep: the workflow with every combination of some values. Which there are, and the document of each.

A cell is named by the place of its value on each axis; the document of a cell is the workflow as if its values had
been typed in, so that what is made of it is what a single run makes.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from itertools import product
from typing import Any

from server.graph import sentences as say
from server.graph.flatten import definition_id
from server.graph.inputs import Tables
from server.graph.problems import Problem, short
from server.graph.sweep_data import SweepAxis, SweepData, SweepValue
from server.graph.workflow import Boxed, NodeData, Workflow, convert

MOST_CELLS = 1_000
MOST_AXES = 3
Cell = tuple[int, ...]


def cells_of(sweep: SweepData, outermost: Sequence[int] = ()) -> list[Cell]:
    """Every cell. The axes named first change least often: those whose change is dear, such as models."""
    count = len(sweep.axes)
    rest = [axis for axis in reversed(range(count)) if axis not in outermost]
    order = [*outermost, *rest]
    places = product(*(range(len(sweep.axes[axis].values)) for axis in order))
    return [tuple(place[order.index(axis)] for axis in range(count)) for place in places]


def count_of(sweep: SweepData) -> int:
    return math.prod(len(axis.values) for axis in sweep.axes) if sweep.axes else 0


def workflow_of_cell(workflow: Workflow, cell: Cell) -> Workflow:
    """The workflow with a cell's values, and no sweep. A place of -1 counts as the first."""
    sweep = workflow.document.sweep
    raw = {key: value for key, value in workflow.raw.items() if key != "sweep"}
    for axis, place in zip(sweep.axes, cell, strict=True) if sweep is not None else ():
        set_value(raw, axis, axis.values[max(0, place)])
    return Workflow(raw, convert(raw))


def variants_of(workflow: Workflow) -> Iterator[Workflow]:
    """The workflow with each value once, the other axes at their first."""
    sweep = workflow.document.sweep
    axes = sweep.axes if sweep is not None else []
    if sweep is None or not count_of(sweep):
        return
    for axis, held in enumerate(axes):
        for place in range(len(held.values)):
            yield workflow_of_cell(workflow, tuple(place if other == axis else 0 for other in range(len(axes))))


def set_value(raw: dict[str, Any], axis: SweepAxis, value: SweepValue) -> None:
    """Give an input its value. `raw` is changed, nothing that it shares with other documents is."""
    path = ["subgraphs", axis.graph] if axis.graph else []
    inside = raw
    for key in (*path, "nodes", axis.node, "inputs"):
        inside[key] = inside = dict(inside.get(key) or {})
    inside[axis.input] = str(inside.get(axis.input)).replace(axis.find, str(value)) if axis.find else value


def problems_of(workflow: Workflow, tables: Tables) -> list[Problem]:
    """What is wrong with the sweep itself; whether its values fit is seen when they stand in the workflow."""
    sweep = workflow.document.sweep
    if sweep is None or not sweep.axes:
        return [Problem("", "", say.NO_SWEEP(), say.CHOOSE_SWEPT())]
    found: list[Problem] = []
    if len(sweep.axes) > MOST_AXES:
        what = say.TOO_MANY_AXES(count=len(sweep.axes), most=MOST_AXES)
        found.append(Problem("", "", what, say.TAKE_SOME_AWAY()))
    places = [(axis.graph, axis.node, axis.input, axis.find) for axis in sweep.axes]
    for at, axis in enumerate(sweep.axes):
        fault = fault_of(workflow, axis, tables)
        if fault is None and places[at] in places[:at]:
            fault = say.SWEPT_TWICE(input=short(axis.input)), say.TAKE_ONE_AXIS_AWAY()
        if fault is not None:
            found.append(Problem("" if axis.graph else axis.node, axis.input, *fault))
    count = count_of(sweep)
    if not found and count > MOST_CELLS:
        what = say.TOO_MANY_PICTURES(count=count, most=MOST_CELLS)
        found.append(Problem("", "", what, say.FEWER_VALUES()))
    return found


def fault_of(workflow: Workflow, axis: SweepAxis, tables: Tables) -> tuple[str, str] | None:
    """What is wrong with one axis: what, and what to do."""
    graph = workflow.subgraphs.get(axis.graph) if axis.graph else workflow.document
    node = graph.nodes.get(axis.node) if graph is not None else None
    name = short(axis.input)
    if node is None:
        return say.SWEPT_NODE_GONE(node=short(axis.node)), say.SWEEP_OTHER()
    if not is_known(workflow, node, axis.input, tables):
        return say.SWEPT_INPUT_GONE(input=name), say.SWEEP_OTHER()
    if not axis.values:
        return say.NO_SWEPT_VALUES(input=name), say.GIVE_SOME()
    value = node.inputs.get(axis.input)
    if isinstance(value, Boxed):
        return say.SWEPT_IS_LINKED(input=name), say.UNLINK_OR_SWEEP_SOURCE()
    if axis.find and not (isinstance(value, str) and axis.find in value):
        return say.WORDS_NOT_HELD(input=name, words=short(axis.find)), say.CHOOSE_WORDS_HELD()
    return None


def is_known(workflow: Workflow, node: NodeData, input: str, tables: Tables) -> bool:
    """Whether a node has such an input; of one that is not installed nobody knows."""
    definition = definition_id(node)
    if definition is not None:
        graph = workflow.subgraphs.get(definition)
        return graph is None or input in graph.inputs
    table = tables.get(node.type)
    return table is None or table.find(input, constants(node)) is not None


def constants(node: NodeData) -> Mapping[str, Any]:
    return {name: value for name, value in node.inputs.items() if not isinstance(value, Boxed)}
