"""Everything that is wrong with a prompt, at once, before anything runs.

One walk over the links and one over the nodes: the time is linear in both. Nothing here raises on
any prompt, however broken; a fault is always a Problem.
"""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

from nodes.api import BadValue, Input, NodeSchema, coerce_constant
from server.graph.catalogue import Catalogue, is_open
from server.graph.families import Families, is_border, said
from server.graph.inputs import InputTable, Tables, position
from server.graph.order import Cycle, loops_around, walk
from server.graph.problems import Problem, as_warning, short
from server.graph.steps import ENTRY, Link, Loop, Prompt, Step

__all__ = ["FileExists", "Problem", "validate"]

FileExists = Callable[[str, str], bool]
"""Whether a file (second, with forward slashes) is in a models folder (first), or in the folder "input"."""
MAX_LISTED = 12
MAX_TURNS = 10_000
"""How often a loop may run."""
BLANK = "any"


def validate(
    prompt: Prompt, catalogue: Catalogue, files: FileExists | None = None, targets: Iterable[str] | None = None
) -> list[Problem]:
    """Every problem of a prompt. `targets`: the nodes to run instead of the outputs.

    Problems on nodes that nothing to be run needs are warnings.
    """
    check = Check(prompt, catalogue, Tables(catalogue.nodes), files)
    roots, problems = find_roots(prompt, catalogue, targets)
    order = walk(prompt, [*roots, *loops_around(roots, prompt)])
    check.families.learn(prompt, order.nodes, check.tables)
    for node in order.nodes:
        check.any_node(node)
    check.problems.extend(describe(cycle, prompt, catalogue) for cycle in order.cycles)
    problems += [found if found.node in order.pulled else as_warning(found) for found in check.problems]
    return problems


def find_roots(prompt: Prompt, catalogue: Catalogue, targets: Iterable[str] | None) -> tuple[list[str], list[Problem]]:
    """The nodes whose results are wanted. A target that is a subgraph stands for the outputs in it."""
    outputs = [id for id, step in prompt.items() if (schema := catalogue.nodes.get(step.type)) and schema.is_output]
    if targets is not None:
        wanted = {id: [id] if id in prompt else inside(id, outputs) for id in targets}
        what = "It is to be run, but is not there: deleted, muted, or without a required input."
        problems = [Problem(id, "", what, "Run another node.") for id, found in wanted.items() if not found]
        if not wanted:
            problems.append(Problem("", "", "No node was chosen to run.", "Choose one."))
        return [id for found in wanted.values() for id in found], problems
    if outputs:
        return outputs, []
    strangers = [id for id, step in prompt.items() if step.type not in catalogue.nodes]
    if strangers:
        # The output may be among them: where it ends is what was to be run.
        read = {value.node for step in prompt.values() for value in step.inputs.values() if isinstance(value, Link)}
        return [id for id in strangers if id not in read] or strangers, []
    what = "There is nothing to run: no node shows or saves a result."
    return [], [Problem("", "", what, "Add an output node, such as Save image, and link it.")]


def inside(instance: str, ids: Iterable[str]) -> list[str]:
    return [id for id in ids if id.startswith(f"{instance}/")]


def name_of(id: str, prompt: Prompt, catalogue: Catalogue) -> str:
    """What a sentence calls a node: its title, else its type's, with the id."""
    step = prompt.get(id)
    if step is None:
        return f"node {short(id)}"
    schema = catalogue.nodes.get(step.type)
    title = step.title or (schema.title if schema else step.type)
    return f"{short(title)} (node {short(id)})"


def describe(cycle: Cycle, prompt: Prompt, catalogue: Catalogue) -> Problem:
    path = " → ".join("…" if id == "…" else name_of(id, prompt, catalogue) for id in cycle.path)
    return Problem(cycle.node, cycle.input, f"The links go round in a circle: {path}.", "Remove one of these links.")


@dataclass
class Check:
    """The check of one prompt: nodes must come after what they link to, so that type variables are known."""

    prompt: Prompt
    catalogue: Catalogue
    tables: Tables
    files: FileExists | None
    problems: list[Problem] = field(default_factory=list)
    bound: dict[str, dict[str, str]] = field(default_factory=dict)
    """What each node's type variables stand for."""
    fitting: dict[tuple[str, str], bool] = field(default_factory=dict)
    near: dict[str, str] = field(default_factory=dict)
    families: Families = field(init=False)

    def __post_init__(self) -> None:
        self.families = Families(self.catalogue)

    def report(self, node: str, input: str, what: str, fix: str) -> None:
        self.problems.append(Problem(node, input, what, fix))

    def warn(self, node: str, input: str, what: str, fix: str) -> None:
        self.problems.append(Problem(node, input, what, fix, "warning"))

    def any_node(self, id: str) -> None:
        """Everything wrong with one step: a node, a loop, or what goes into one."""
        step = self.prompt[id]
        if is_border(step):
            self.families.border(id, step)
        if step.loop is not None:
            self.loop(id, step, step.loop)
        elif step.type == ENTRY and step.within is not None and (loop := self.prompt[step.within].loop) is not None:
            given = {name: self.type_of(step.within, name, value) for name, value in step.inputs.items()}
            known = {name: type for name, type in loop.takes.items() if not is_open(type)}
            self.bound[id] = {**given, **known}
        else:
            self.node(id, step)

    def loop(self, id: str, step: Step, loop: Loop) -> None:
        """Whether what says how often is right, and what comes out may go in again."""
        self.bound[id] = gives = {name: self.type_of(id, name, value) for name, value in step.inputs.items()}
        if loop.mode == "each" and not loop.lists:
            self.report(id, "", "It runs for each item, but no input is marked as a list.", "Mark one as a list.")
        for name in loop.varying:
            if name not in loop.takes:
                self.report(id, name, f"The subgraph has no input '{short(name)}'.", "Choose another, or add it.")
        if loop.mode == "repeat" and not 1 <= loop.times <= MAX_TURNS:
            self.report(id, "", f"It is to run {loop.times} times.", f"Choose a number from 1 to {MAX_TURNS:,}.")
        if loop.mode == "while":
            self.condition(id, loop, gives)
        for name, output in loop.carry.items() if loop.mode != "each" else ():
            given, taken = gives.get(output), loop.takes.get(name, BLANK)
            if given is None:
                what = f"'{short(name)}' is to take the output '{short(output)}', which nothing inside is linked to."
                self.report(id, name, what, "Link it inside, or choose another output.")
            elif not self.fits(given, taken):
                what = f"'{short(name)}' takes {spoken(taken)}, but is to take {spoken(given)} from itself."
                self.report(id, name, what, f"Choose an output of type {spoken(taken)}.")

    def condition(self, id: str, loop: Loop, gives: dict[str, str]) -> None:
        if not 1 <= loop.most <= MAX_TURNS:
            self.report(id, "", f"It may run {loop.most} times.", f"Choose a number from 1 to {MAX_TURNS:,}.")
        given = gives.get(loop.condition)
        if given is None:
            what = "It runs as long as an output is on, but none is chosen that is linked inside."
            self.report(id, "", what, "Choose an output, and link it inside.")
        elif not self.fits(given, "bool") and not self.fits(given, "float"):
            what = f"It runs as long as '{short(loop.condition)}' is on, which is {spoken(given)}."
            self.report(id, "", what, "Choose an output that is on or off, or a number.")

    def type_of(self, id: str, name: str, value: Any) -> str:
        """The type of what goes into a loop or comes out of it."""
        return (self.source_type(id, name, value) or BLANK) if isinstance(value, Link) else BLANK

    def node(self, id: str, step: Step) -> None:
        """Everything wrong with one node."""
        table = self.tables.get(step.type)
        if table is None:
            self.report(id, "", *self.unknown_type(step.type))
            self.only_links(id, step)
            return
        if step.version > table.schema.version:
            what = f"It was saved by version {step.version} of this node; version {table.schema.version} is installed."
            self.warn(id, "", what, "Update the program or the pack, or check its inputs.")
        strange = [name for name, value in step.inputs.items() if not self.input(id, step, table, name, value)]
        # The worker brings old nodes up to date when they run: what is missing may have had another name.
        renamed = step.version < table.schema.version and strange
        for name in table.required(step.inputs):
            if name not in step.inputs:
                say = self.warn if renamed else self.report
                say(id, name, f"'{short(name)}' is missing.", how_to_fill(table.find(name, step.inputs)))
        self.gaps(id, step, table)
        clash = self.families.node(id, step, table)
        if clash is not None:
            self.report(id, clash.input, *said(clash, self.catalogue.families))

    def input(self, id: str, step: Step, table: InputTable, name: str, value: Any) -> bool:
        """Check one input; False for a name the node does not know."""
        found = table.find(name, step.inputs)
        if found is None:
            self.warn(id, name, *unknown_input(name, table))
            if isinstance(value, Link):
                self.source_type(id, name, value)
            return False
        if isinstance(value, Link):
            given = self.source_type(id, name, value)
            if isinstance(found, Input) and found.required and not found.grows:
                self.beginning(value)
            if given is not None and isinstance(found, Input):
                self.link(id, name, found, given, table.schema)
        elif isinstance(found, Input):
            self.constant(id, name, found, value)
        return True

    def beginning(self, link: Link) -> None:
        """What a node needs of a loop's input must be there the first time."""
        source = self.prompt.get(link.node)
        if source is None or source.type != ENTRY or source.within is None or link.output in source.inputs:
            return
        self.report(source.within, link.output, f"'{short(link.output)}' has nothing to begin with.", "Link it.")

    def only_links(self, id: str, step: Step) -> None:
        """Of a node of unknown type, at least the links can be checked for their other end."""
        for name, value in step.inputs.items():
            if isinstance(value, Link):
                self.source_type(id, name, value)

    # ------------------------------------------------------------ links

    def source_type(self, id: str, name: str, link: Link) -> str | None:
        """The type a link brings; None when it comes from nowhere, which is then reported."""
        source = self.prompt.get(link.node)
        if source is None:
            what = f"'{short(name)}' is linked to node {short(link.node)}, which does not exist."
            self.report(id, name, what, "Link it to another node, or remove the link.")
            return None
        if source.loop is not None:
            return self.loop_type(id, name, link, source, source.loop)
        if source.type == ENTRY:
            return self.bound.get(link.node, {}).get(link.output, BLANK)
        table = self.tables.get(source.type)
        if table is None:
            return BLANK
        output = table.outputs.get(link.output)
        if output is None:
            self.no_output(id, name, link, table.outputs)
            return None
        if output.type.startswith("$"):
            return self.bound.get(link.node, {}).get(output.type, BLANK)
        return output.type

    def loop_type(self, id: str, name: str, link: Link, source: Step, loop: Loop) -> str | None:
        """The type that comes out of a loop."""
        if link.output not in loop.gives:
            self.no_output(id, name, link, loop.gives)
            return None
        if link.output not in source.inputs:
            what = f"'{short(name)}' is linked to '{short(link.output)}' of {self.name(link.node)}, which is empty."
            self.report(id, name, what, "Enter the subgraph and link something to that output.")
        return self.bound.get(link.node, {}).get(link.output, BLANK)

    def no_output(self, id: str, name: str, link: Link, outputs: Iterable[str]) -> None:
        where = f"output '{short(link.output)}' of {self.name(link.node)}"
        what = f"'{short(name)}' is linked to {where}, which does not exist."
        self.report(id, name, what, f"Link it to {listed(outputs) or 'another node: this one has none'}.")

    def link(self, id: str, name: str, found: Input, given: str, schema: NodeSchema) -> None:
        """Whether a type fits an input; a type variable takes its meaning from the first link."""
        taken = found.type
        if taken == "variant":
            what = f"'{short(name)}' chooses which inputs there are and cannot be linked."
            self.report(id, name, what, "Remove the link and pick a choice.")
            return
        if taken.startswith("$"):
            self.bind(id, name, taken, given, schema)
            return
        if not self.fits(given, taken):
            what = f"'{short(name)}' takes {spoken(taken)}, but is linked to {spoken(given)}."
            self.report(id, name, what, f"Link it to an output of type {spoken(taken)}.")

    def bind(self, id: str, name: str, variable: str, given: str, schema: NodeSchema) -> None:
        bound = self.bound.setdefault(id, {})
        before = bound.get(variable)
        allowed = schema.type_variables.get(variable[1:])
        if allowed is not None and not self.fits(given, allowed):
            what = f"'{short(name)}' takes {spoken(allowed)}, but is linked to {spoken(given)}."
            self.report(id, name, what, f"Link it to an output of type {spoken(allowed)}.")
        elif before is None or is_open(before) or (not is_open(given) and self.fits(before, given)):
            bound[variable] = given
        elif not self.fits(given, before):
            other = f"another input of the same type to {spoken(before)}"
            what = f"'{short(name)}' is linked to {spoken(given)}, but {other}."
            self.report(id, name, what, "Link both to one type.")

    def fits(self, given: str, taken: str) -> bool:
        key = (given, taken)
        if key not in self.fitting:
            self.fitting[key] = self.catalogue.fits(given, taken)
        return self.fitting[key]

    # ------------------------------------------------------------ constants

    def constant(self, id: str, name: str, found: Input, value: Any) -> None:
        try:
            canonical = coerce_constant(found, value)
        except BadValue as error:
            self.report(id, name, error.what, error.fix)
            return
        if self.files is None or canonical is None or found.widget is None:
            return
        kind = found.widget["kind"]
        if kind not in ("model_file", "image_file"):
            return
        folder = found.widget.get("folder", "input")
        for file in canonical if isinstance(canonical, list) else [canonical]:
            if not self.files(folder, file):
                place = f"models/{folder}" if kind == "model_file" else "input"
                self.report(id, name, f"{place}/{file} is not there.", "Put it there, or pick another file.")

    def gaps(self, id: str, step: Step, table: InputTable) -> None:
        """Growing inputs close ranks when they run; say so when their numbers do not."""
        for head in table.growing:
            numbers = sorted(
                number
                for name in step.inputs
                if name.startswith(f"{head}.") and (number := position(name[len(head) + 1 :])) is not None
            )
            for index, number in enumerate(numbers):
                if number != index:
                    name = f"{head}.{number}"
                    what = f"'{head}.{index}' is left out before '{name}'."
                    self.warn(id, name, what, "It runs as if there were no gap; remove it to be sure of the order.")
                    break

    # ------------------------------------------------------------ words

    def name(self, id: str) -> str:
        return name_of(id, self.prompt, self.catalogue)

    def unknown_type(self, type_name: str) -> tuple[str, str]:
        what = f'The node type "{short(type_name)}" is not installed.'
        pack, slash, _ = type_name.partition("/")
        broken = next((one for one in self.catalogue.broken if slash and one.pack == pack), None)
        if broken is not None:
            return what, f"Its pack {short(pack)} could not be loaded; `loom nodes` says why."
        near = self.similar(type_name)
        if near:
            return what, f"Did you mean {near}? Else install the pack it comes from, or replace the node."
        return what, "Install the pack it comes from, or replace the node."

    def similar(self, type_name: str) -> str:
        """A known type spelt like this one; asked once for each unknown type."""
        if type_name not in self.near:
            close = difflib.get_close_matches(type_name[:80], self.catalogue.nodes, n=1, cutoff=0.75)
            self.near[type_name] = close[0] if close else ""
        return self.near[type_name]


def unknown_input(name: str, table: InputTable) -> tuple[str, str]:
    what = f"It has no input '{short(name)}'; the value is kept, but not used."
    names = listed([*table.plain, *(f"{head}.0" for head in table.growing)])
    return what, f"Its inputs are {names}." if names else "It has no inputs."


def how_to_fill(found: object) -> str:
    if isinstance(found, Input) and found.widget is not None:
        kind = found.widget["kind"]
        return "Pick a file." if kind in ("model_file", "image_file") else "Give it a value, or link it."
    return f"Link it to an output of type {spoken(found.type)}." if isinstance(found, Input) else "Link it."


def spoken(type_name: str) -> str:
    """A type as people read it: `pack/Curve` is Curve, `A|B` A or B."""
    if is_open(type_name):
        return "anything"
    return " or ".join(part.rpartition("/")[2] for part in type_name.split("|"))


def listed(names: Iterable[str]) -> str:
    every = list(names)
    return ", ".join(every[:MAX_LISTED]) + (", …" if len(every) > MAX_LISTED else "")
