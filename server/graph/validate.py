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
from nodes.api import sentences as values
from nodes.api.values import either
from server.graph import sentences as say
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
        missing = [id for id, found in wanted.items() if not found]
        problems = [Problem(id, "", say.NOT_THERE_TO_RUN(), say.RUN_OTHER()) for id in missing]
        if not wanted:
            problems.append(Problem("", "", say.NOTHING_CHOSEN(), say.CHOOSE_ONE()))
        return [id for found in wanted.values() for id in found], problems
    if outputs:
        return outputs, []
    strangers = [id for id, step in prompt.items() if step.type not in catalogue.nodes]
    if strangers:
        # The output may be among them: where it ends is what was to be run.
        read = {value.node for step in prompt.values() for value in step.inputs.values() if isinstance(value, Link)}
        return [id for id in strangers if id not in read] or strangers, []
    return [], [Problem("", "", say.NOTHING_TO_RUN(), say.ADD_OUTPUT())]


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
    return Problem(cycle.node, cycle.input, say.CIRCLE(path=path), say.REMOVE_LINK_OF_CIRCLE())


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
            self.report(id, "", say.EACH_OF_NOTHING(), say.MARK_LIST())
        for name in loop.varying:
            if name not in loop.takes:
                self.report(id, name, say.NO_SUCH_PORT(input=short(name)), say.CHOOSE_OR_ADD())
        if loop.mode == "repeat" and not 1 <= loop.times <= MAX_TURNS:
            self.report(id, "", say.TIMES(times=loop.times), say.CHOOSE_TIMES(most=MAX_TURNS))
        if loop.mode == "while":
            self.condition(id, loop, gives)
        for name, output in loop.carry.items() if loop.mode != "each" else ():
            given, taken = gives.get(output), loop.takes.get(name, BLANK)
            if given is None:
                what = say.CARRY_EMPTY(input=short(name), output=short(output))
                self.report(id, name, what, say.LINK_INSIDE_OR_CHOOSE())
            elif not self.fits(given, taken):
                what = say.CARRY_MISFITS(input=short(name), taken=spoken(taken), given=spoken(given))
                self.report(id, name, what, say.CHOOSE_OUTPUT_OF_TYPE(type=spoken(taken)))

    def condition(self, id: str, loop: Loop, gives: dict[str, str]) -> None:
        if not 1 <= loop.most <= MAX_TURNS:
            self.report(id, "", say.MOST_TIMES(times=loop.most), say.CHOOSE_TIMES(most=MAX_TURNS))
        given = gives.get(loop.condition)
        if given is None:
            self.report(id, "", say.NO_CONDITION(), say.CHOOSE_AND_LINK())
        elif not self.fits(given, "bool") and not self.fits(given, "float"):
            what = say.CONDITION_MISFITS(output=short(loop.condition), given=spoken(given))
            self.report(id, "", what, say.CHOOSE_ON_OR_OFF())

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
            what = say.NEWER_NODE(saved=step.version, installed=table.schema.version)
            self.warn(id, "", what, say.UPDATE_OR_CHECK())
        strange = [name for name, value in step.inputs.items() if not self.input(id, step, table, name, value)]
        # The worker brings old nodes up to date when they run: what is missing may have had another name.
        renamed = step.version < table.schema.version and strange
        for name in table.required(step.inputs):
            if name not in step.inputs:
                tell = self.warn if renamed else self.report
                tell(id, name, say.INPUT_MISSING(input=short(name)), how_to_fill(table.find(name, step.inputs)))
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
        self.report(source.within, link.output, say.NOTHING_TO_BEGIN(input=short(link.output)), say.LINK_IT())

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
            what = say.LINKED_TO_NO_NODE(input=short(name), node=short(link.node))
            self.report(id, name, what, say.LINK_OTHER_OR_REMOVE())
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
            what = say.LINKED_TO_EMPTY(input=short(name), output=short(link.output), node=self.name(link.node))
            self.report(id, name, what, say.LINK_INSIDE())
        return self.bound.get(link.node, {}).get(link.output, BLANK)

    def no_output(self, id: str, name: str, link: Link, outputs: Iterable[str]) -> None:
        what = say.LINKED_TO_NO_OUTPUT(input=short(name), output=short(link.output), node=self.name(link.node))
        names = listed(outputs)
        self.report(id, name, what, say.LINK_TO(outputs=names) if names else say.LINK_TO_OTHER())

    def link(self, id: str, name: str, found: Input, given: str, schema: NodeSchema) -> None:
        """Whether a type fits an input; a type variable takes its meaning from the first link."""
        taken = found.type
        if taken == "variant":
            self.report(id, name, say.LINK_TO_CHOICE(input=short(name)), say.UNLINK_AND_PICK())
            return
        if taken.startswith("$"):
            self.bind(id, name, taken, given, schema)
            return
        if not self.fits(given, taken):
            what = say.LINK_MISFITS(input=short(name), taken=spoken(taken), given=spoken(given))
            self.report(id, name, what, say.LINK_TO_TYPE(type=spoken(taken)))

    def bind(self, id: str, name: str, variable: str, given: str, schema: NodeSchema) -> None:
        bound = self.bound.setdefault(id, {})
        before = bound.get(variable)
        allowed = schema.type_variables.get(variable[1:])
        if allowed is not None and not self.fits(given, allowed):
            what = say.LINK_MISFITS(input=short(name), taken=spoken(allowed), given=spoken(given))
            self.report(id, name, what, say.LINK_TO_TYPE(type=spoken(allowed)))
        elif before is None or is_open(before) or (not is_open(given) and self.fits(before, given)):
            bound[variable] = given
        elif not self.fits(given, before):
            what = say.LINKS_DIFFER(input=short(name), given=spoken(given), before=spoken(before))
            self.report(id, name, what, say.LINK_BOTH_TO_ONE())

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
                self.report(id, name, say.FILE_MISSING(file=f"{place}/{file}"), say.PUT_THERE())

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
                    self.warn(id, name, say.INPUT_LEFT_OUT(missing=f"{head}.{index}", input=name), say.CLOSE_GAP())
                    break

    # ------------------------------------------------------------ words

    def name(self, id: str) -> str:
        return name_of(id, self.prompt, self.catalogue)

    def unknown_type(self, type_name: str) -> tuple[str, str]:
        what = say.NOT_INSTALLED(type=short(type_name))
        pack, slash, _ = type_name.partition("/")
        broken = next((one for one in self.catalogue.broken if slash and one.pack == pack), None)
        if broken is not None:
            return what, say.PACK_BROKEN(pack=short(pack))
        near = self.similar(type_name)
        if near:
            return what, say.DID_YOU_MEAN(near=near)
        return what, say.INSTALL_PACK()

    def similar(self, type_name: str) -> str:
        """A known type spelt like this one; asked once for each unknown type."""
        if type_name not in self.near:
            close = difflib.get_close_matches(type_name[:80], self.catalogue.nodes, n=1, cutoff=0.75)
            self.near[type_name] = close[0] if close else ""
        return self.near[type_name]


def unknown_input(name: str, table: InputTable) -> tuple[str, str]:
    what = say.INPUT_UNKNOWN(input=short(name))
    names = listed([*table.plain, *(f"{head}.0" for head in table.growing)])
    return what, say.ITS_INPUTS(names=names) if names else say.NO_INPUTS()


def how_to_fill(found: object) -> str:
    if isinstance(found, Input) and found.widget is not None:
        kind = found.widget["kind"]
        return values.PICK_FILE() if kind in ("model_file", "image_file") else say.GIVE_OR_LINK()
    return say.LINK_TO_TYPE(type=spoken(found.type)) if isinstance(found, Input) else say.LINK_IT()


def spoken(type_name: str) -> str:
    """A type as people read it: `pack/Curve` is Curve, `A|B` A or B."""
    if is_open(type_name):
        return values.ANYTHING()
    return either(part.rpartition("/")[2] for part in type_name.split("|"))


def listed(names: Iterable[str]) -> str:
    every = list(names)
    return ", ".join(every[:MAX_LISTED]) + (", …" if len(every) > MAX_LISTED else "")
