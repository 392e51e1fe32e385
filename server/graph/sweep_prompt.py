"""The prompt of a sweep: every cell's steps, those that several cells share once, and the sheet made of them.

A step is repeated for the axes that reach it and no others. That is seen by comparing the prompts of the cells, so
whatever a value changes on its way (a subgraph's port, a loop, a text with words replaced) is found.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import Any

from msgspec.structs import replace

from nodes.api import Input
from server.graph import sentences as say
from server.graph.catalogue import Catalogue
from server.graph.inputs import InputTable, Tables
from server.graph.problems import Problem
from server.graph.prompt import from_workflow
from server.graph.steps import Copy, Link, Prompt, Step
from server.graph.sweep import Cell, cells_of, count_of, problems_of, workflow_of_cell
from server.graph.sweep_data import SweepAxis, SweepData
from server.graph.workflow import MAX_NODES, Workflow

SHEET_MEGAPIXELS = 36.0
"""What the pictures of a sheet have together at most; larger ones are made smaller for it."""
LONGEST_LABEL = 300
PICTURE = "Image"


@dataclass(frozen=True)
class Swept:
    """`prompt` is empty where `problems` forbid it. `copies`: how often each node of the document runs at most."""

    prompt: Prompt
    problems: list[Problem]
    cells: int = 0
    copies: Mapping[str, int] = field(default_factory=dict)


def sweep_of(workflow: Workflow, catalogue: Catalogue) -> Swept:
    """The prompt of a workflow's sweep."""
    tables = Tables(catalogue.nodes)
    problems = problems_of(workflow, tables)
    sweep = workflow.document.sweep
    if sweep is None or problems:
        return Swept({}, problems, count_of(sweep) if sweep is not None else 0)
    dear = [at for at, axis in enumerate(sweep.axes) if widget_of(workflow, axis, tables) == "model_file"]
    cells = cells_of(sweep, dear)
    first, problems = from_workflow(workflow_of_cell(workflow, cells[0]), catalogue)
    if len(first) * len(cells) > MAX_NODES:
        what = say.TOO_MANY_STEPS(count=len(cells), nodes=len(first), most=MAX_NODES)
        return Swept({}, [Problem("", "", what, say.SWEEP_FEWER_VALUES())], len(cells))
    prompts = {cell: from_workflow(workflow_of_cell(workflow, cell), catalogue)[0] for cell in cells}
    made = Making(workflow, sweep, catalogue, tables, prompts)
    made.copy_steps()
    picture = made.find_picture()
    if isinstance(picture, Problem):
        problems.append(picture)
    else:
        problems += made.without_effect(picture)
        made.add_sheet(picture)
    counts: dict[str, int] = defaultdict(int)
    for id, step in made.prompt.items():
        counts[id if step.copy is None else step.copy.of] += 1
    return Swept(made.prompt, problems, len(cells), counts)


def prompt_of_cell(prompt: Prompt, cell: Cell) -> Prompt:
    """The prompt of one cell alone, by the document's ids: what a single run of its document would run."""
    whole = tuple(max(0, place) for place in cell)
    chosen = {id: step for id, step in prompt.items() if step.copy is None or is_in(step.copy, whole)}
    names = {id: id if step.copy is None else step.copy.of for id, step in chosen.items()}
    return {names[id]: renamed(step, names, None) for id, step in chosen.items()}


def is_in(copy: Copy, cell: Cell) -> bool:
    return bool(copy.cell) and all(place in (-1, wanted) for place, wanted in zip(copy.cell, cell, strict=True))


def renamed(step: Step, names: Mapping[str, str], copy: Copy | None) -> Step:
    inputs = {
        name: Link(names.get(value.node, value.node), value.output) if isinstance(value, Link) else value
        for name, value in step.inputs.items()
    }
    within = None if step.within is None else names[step.within]
    return replace(step, inputs=inputs, within=within, copy=copy)


def in_document(problem: Problem, prompt: Prompt) -> Problem:
    """A problem of a sweep's step as one of the node it stands for."""
    step = prompt.get(problem.node)
    return problem if step is None or step.copy is None else replace(problem, node=step.copy.of)


class Making:
    """A sweep's prompt while it is made."""

    def __init__(
        self,
        workflow: Workflow,
        sweep: SweepData,
        catalogue: Catalogue,
        tables: Tables,
        prompts: Mapping[Cell, Prompt],
    ) -> None:
        self.workflow, self.sweep, self.catalogue, self.tables, self.prompts = (
            workflow, sweep, catalogue, tables, prompts
        )  # fmt: skip
        self.prompt: Prompt = {}
        self.cells = list(prompts)
        self.base = prompts[self.cells[0]]
        self.axes = dict.fromkeys(self.base, frozenset[int]())
        """The axes that reach each step."""
        self.known: dict[tuple[str, Cell], str] = {}
        """The name of a step in the prompt, by its id and the part of a cell that makes a difference to it."""
        self.mark = "@"
        while any(self.mark in id for id in self.base):
            self.mark += "@"
        self.spread()

    # ------------------------------------------------------------ which axes reach a step

    def spread(self) -> None:
        for cell, prompt in self.prompts.items():
            for axis, place in enumerate(cell):
                if not place:
                    continue
                other = self.prompts[(*cell[:axis], 0, *cell[axis + 1 :])]
                for id, step in prompt.items():
                    if axis not in self.axes[id] and step != other[id]:
                        self.axes[id] |= {axis}
        readers: dict[str, set[str]] = defaultdict(set)
        for id, step in self.base.items():
            for value in step.inputs.values():
                if isinstance(value, Link) and value.node in self.base:
                    readers[value.node].add(id)
            if step.within is not None:  # a loop is repeated with all that is in it
                readers[step.within].add(id)
                readers[id].add(step.within)
        waiting = [id for id, axes in self.axes.items() if axes]
        for id in waiting:  # grows while it is walked
            for reader in readers[id]:
                if not self.axes[id] <= self.axes[reader]:
                    self.axes[reader] |= self.axes[id]
                    waiting.append(reader)

    # ------------------------------------------------------------ the steps of the cells

    def copy_steps(self) -> None:
        known = self.known
        for at, cell in enumerate(self.cells):
            names, new = {}, []
            for id in self.base:
                part = self.part(id, cell)
                own = known.get((id, part))
                if own is None:
                    own = known[id, part] = id if not self.axes[id] else f"{id}{self.mark}{at}"
                    new.append((id, part))
                names[id] = own
            for id, part in new:
                copy = Copy(id, at, part, self.in_words(part)) if self.axes[id] else None
                self.prompt[names[id]] = renamed(self.prompts[cell][id], names, copy)

    def part(self, id: str, cell: Cell) -> Cell:
        """The part of a cell that makes a difference to a step."""
        return tuple(place if axis in self.axes[id] else -1 for axis, place in enumerate(cell))

    def in_words(self, cell: Cell) -> str:
        said = [(self.title(axis), self.labels(axis)[place]) for axis, place in enumerate(cell) if place >= 0]
        return ", ".join(f"{title} {label[:40]}" for title, label in said)

    # ------------------------------------------------------------ the sheet

    def find_picture(self) -> tuple[str, Link] | Problem:
        """The node whose picture fills the cells, and where that comes from."""
        wanted = self.sweep.picture
        if wanted:
            link = self.picture_of(wanted)
            if link is not None:
                return wanted, link
            return Problem(wanted, "", say.NO_PICTURE_OF_NODE(), say.CHOOSE_NODE_FOR_SHEET())
        shown = [(id, link) for id in self.base if self.is_output(id) and (link := self.picture_of(id)) is not None]
        if not shown:
            return Problem("", "", say.NO_PICTURE(), say.ADD_SAVE_OR_PREVIEW())
        return max(shown, key=lambda found: len(self.axes[found[0]]))

    def picture_of(self, id: str) -> Link | None:
        step = self.base.get(id)
        table = self.tables.get(step.type) if step is not None else None
        if step is None or table is None or step.within is not None:
            return None
        for name, value in step.inputs.items() if self.is_output(id) else ():
            found = table.find(name, step.inputs)
            if isinstance(value, Link) and isinstance(found, Input) and found.type == PICTURE:
                return value
        return next((Link(id, name) for name, output in table.outputs.items() if output.type == PICTURE), None)

    def is_output(self, id: str) -> bool:
        schema = self.catalogue.nodes.get(self.base[id].type)
        return schema is not None and schema.is_output

    def without_effect(self, picture: tuple[str, Link]) -> list[Problem]:
        reach = self.axes[picture[1].node]
        return [
            Problem("" if axis.graph else axis.node, axis.input, say.NO_EFFECT(), say.SWEEP_OTHER_OR_NODE(), "warning")
            for at, axis in enumerate(self.sweep.axes)
            if at not in reach
        ]

    def add_sheet(self, picture: tuple[str, Link]) -> None:
        id, link = picture
        share = SHEET_MEGAPIXELS / len(self.cells)
        images: dict[str, Any] = {}
        places = {cell: at for at, cell in enumerate(self.cells)}
        for row, cell in enumerate(cells_of(self.sweep)):
            at = places[cell]
            fitted = f"{id}{self.mark}{at}.fit"
            source = Link(self.known[link.node, self.part(link.node, cell)], link.output)
            inputs = {"image": source, "megapixels": share}
            self.prompt[fitted] = Step("limit_pixels", 1, inputs, copy=Copy("", at))
            images[f"images.{row}"] = Link(fitted, "result")
        words: dict[str, Any] = {}
        for axis, name in enumerate(("column", "row", "page")[: len(self.sweep.axes)]):
            words |= {f"{name}s": "\n".join(self.labels(axis)), f"{name}_title": self.title(axis)}
        end, sheet = len(self.cells), f"{id}{self.mark}sheet"
        self.prompt[sheet] = Step("label_sheet", 1, {**images, **words}, copy=Copy("", end))
        saved = {"image": Link(sheet, "result"), "name": self.sweep.name or "sweep"}
        self.prompt[f"{sheet}.save"] = Step("save_image", 1, saved, copy=Copy(id, end))

    # ------------------------------------------------------------ labels

    def title(self, axis: int) -> str:
        held = self.sweep.axes[axis]
        found = input_of(self.workflow, held, self.tables)
        if held.find:
            return f'"{held.find[:40]}" becomes'
        return found.title if found is not None and found.title else held.input

    def labels(self, axis: int) -> Sequence[str]:
        held = self.sweep.axes[axis]
        kind = widget_of(self.workflow, held, self.tables)
        return [label_of(value, kind) for value in held.values]


def label_of(value: Any, kind: str) -> str:
    """A value as the sheet says it: one line."""
    if isinstance(value, bool):
        return "on" if value else "off"
    if isinstance(value, float):
        return f"{value:.6g}"
    text = PurePosixPath(str(value)).stem if kind in ("model_file", "image_file") else str(value)
    return " ".join(text.split())[:LONGEST_LABEL] or "(empty)"


def widget_of(workflow: Workflow, axis: SweepAxis, tables: Tables) -> str:
    found = input_of(workflow, axis, tables)
    return str(found.widget["kind"]) if found is not None and found.widget else ""


def input_of(workflow: Workflow, axis: SweepAxis, tables: Tables) -> Input | None:
    """The schema of what an axis sweeps; None for a port of a subgraph, whose inner input has it."""
    graph = workflow.subgraphs.get(axis.graph) if axis.graph else workflow.document
    node = graph.nodes.get(axis.node) if graph is not None else None
    table: InputTable | None = tables.get(node.type) if node is not None else None
    found = table.find(axis.input, node.inputs) if table is not None and node is not None else None
    return found if isinstance(found, Input) else None
