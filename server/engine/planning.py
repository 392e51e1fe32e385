"""How a plan grows: node by node, each after its sources, with the key of its result; and loops, time by time.

A loop is one node of the plan until it runs. Its key comes from planning what it repeats once, with what varies
left open; each time of it is planned like any nodes when its turn comes, so that keys know nothing of loops and
a time that is as it was is reused.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from nodes.api import BadValue, Input, Output, fingerprint_of, node
from server.engine import keys
from server.engine import sentences as say
from server.engine.catalogue import Declared, Library, is_file
from server.engine.failures import Fault, RunFailed, fault_of
from server.engine.planned import End, Files, Fixed, LoopPlan, Planned, Scope, Shown, Source, Stamp, Turn, placed
from server.graph.steps import ENTRY, Link, Loop, Prompt, Step

MOST_NODES = 100_000
"""Nodes of a plan, all times of its loops included."""
NO_CONTENTS: Mapping[str, str] = {}
MISSING = object()


@node(category="layout")
def subgraph_loop() -> Any:
    """Stands for a loop in a plan. The engine runs it; this is never called."""
    raise NotImplementedError


class Planning:
    """A plan as it grows. `members`: the steps within each loop, in order; `wanted`: the targets."""

    def __init__(
        self,
        library: Library,
        files: Files | None,
        members: Mapping[str, Sequence[tuple[str, Step]]],
        wanted: Mapping[str, None],
        prompt: Prompt,
    ) -> None:
        self.plan: list[Planned] = []
        self._library, self._files, self._members, self._wanted, self._prompt = library, files, members, wanted, prompt
        self._read = outputs_read(prompt) if members else {}

    def add_all(self, steps: Sequence[tuple[str, Step]], scope: Scope) -> None:
        for id, step in steps:
            if step.loop is not None:
                self._add_loop(id, step, step.loop, scope)
            elif step.type != ENTRY:
                self._add_node(id, step, scope)

    def give(self, id: str, title: str, value: Any, key: str) -> End:
        """Add a value that is there already."""
        declared = _declared_loop(title, ("result",))
        planned = Planned(len(self.plan), id, title, declared, "", {}, {}, key=key, given=(value,))
        self.plan.append(planned)
        return End(planned.at, 0)

    def end(self, value: Any, scope: Scope) -> End | Fixed | None:
        """Where an input of a step ends; None where nothing feeds it."""
        return self._follow(value, scope) if type(value) is Link else Fixed(value)

    def turn(self, held: LoopPlan, number: int, of: int | None, given: Mapping[str, End | Fixed]) -> Turn:
        """Plan one time, counted from 1. Raises RunFailed where there would be too many nodes."""
        where = turn_in_words(held.title, number, of)
        outer = held.scope
        entries = frozenset(id for id, step in held.body if step.type == ENTRY)
        scope = Scope(outer, {}, entries, given, f"{outer.turn}#{number}", say.WITHIN(outer=outer.where, place=where))
        plan = self.plan
        start = len(plan)
        self.add_all(held.body, scope)
        if len(plan) > MOST_NODES:
            what = say.TOO_MANY_IN_LOOP(where=where, most=MOST_NODES)
            raise RunFailed(Fault(what, say.FEWER_TIMES(), held.id))
        found = {name: self.end(value, scope) for name, value in held.results.items()}
        ends = {name: end for name, end in found.items() if end is not None}
        return Turn(start, len(plan), ends, [one.at for one in plan[start:] if one.is_target])

    # ------------------------------------------------------------ nodes

    def _add_node(self, id: str, step: Step, scope: Scope) -> None:
        found = self._library.find(step.type)
        if found is None:
            what = say.NODE_NOT_INSTALLED(node=id, type=step.type)
            raise RunFailed(Fault(what, say.INSTALL_ITS_PACK(), id))
        declared, type_digest = found
        title = step.title or declared.title
        shown = shown_as(id, step, scope)
        planned = Planned(
            len(self.plan), shown.id, title, declared, type_digest, {}, {},
            turn=shown.turn, where=shown.where, cell=shown.cell,
        )  # fmt: skip
        given = step.inputs
        listed: list[str] = []
        try:
            for name, input in declared.inputs(given):
                value = given.get(name)
                if input.is_list:
                    listed.append(name)
                if type(value) is Link:
                    self._link(planned, name, input, value, given, scope)
                else:
                    planned.constants[name] = declared.constant(name, input, given)
        except BadValue as error:
            raise RunFailed(fault_of(error, shown.id, placed(shown.where, title))) from None
        if listed:
            planned.listed = tuple(listed)
        planned.is_target = id in self._wanted
        self._identify(planned)
        scope.places[id] = planned.at
        self.plan.append(planned)

    def _link(
        self, planned: Planned, name: str, input: Input, link: Link, given: Mapping[str, Any], scope: Scope
    ) -> None:
        end = self._follow(link, scope)
        if type(end) is End:
            source = self.plan[end.at]
            planned.links[name] = Source(source.name, link.output, end.at, end.position, input.lazy)
            return
        kept = {other: value for other, value in given.items() if other != name}
        held = {**kept, name: end.value} if type(end) is Fixed else kept
        planned.constants[name] = planned.declared.constant(name, input, held)

    def _follow(self, link: Link, scope: Scope) -> End | Fixed | None:
        here: Scope | None = scope
        while here is not None:
            at = here.places.get(link.node)
            if at is not None:
                position = self.plan[at].declared.positions.get(link.output)
                if position is None:
                    what = f"a link leads to '{link.output}' of {self.plan[at].title}, which has no such output."
                    raise BadValue(link.output, what, "Link another output.")
                return End(at, position)
            if link.node in here.entries:
                return here.given.get(link.output)
            here = here.outer
        raise BadValue(link.output, f"a link leads to {link.node}, which does not run.", "Link another.")

    def _identify(self, planned: Planned) -> None:
        """Work out the key of a node's result, and the slot where the cache keeps it."""
        declared, constants = planned.declared, planned.constants
        if self._files is not None and declared.takes_files:
            planned.stamps = _stamp_files(planned, self._files)
            constants = {name: value for name, value in constants.items() if name not in planned.stamps}
        stamps = planned.stamps
        if declared.node.fingerprint is not None:
            planned.fingerprint = _fingerprint(planned)
        plan = self.plan
        links = {name: (plan[source.at].key, source.output) for name, source in planned.links.items()}
        contents = {name: stamp.digest for name, stamp in stamps.items()} if stamps else NO_CONTENTS
        nonce = "" if declared.schema.cached else keys.new_nonce()
        planned.key = keys.result_key(planned.type_digest, constants, links, contents, planned.fingerprint, nonce)
        paths = [str(stamp.path) for stamp in stamps.values()]
        planned.slot = keys.slot_of(planned.key, paths) if stamps else planned.key

    # ------------------------------------------------------------ loops

    def _add_loop(self, id: str, step: Step, loop: Loop, scope: Scope) -> None:
        members = self._members.get(id, ())
        begins = self._begins(loop, members, scope)
        names = tuple(loop.gives)
        read = frozenset(self._read.get(id, ())) | ({*names} if id in self._wanted else set())
        shown = shown_as(id, step, scope)
        held = LoopPlan(
            shown.id, loop, placed(scope.where, step.title), members, step.inputs, begins, scope, self, read
        )
        at, declared = len(self.plan), _declared_loop(step.title, names)
        planned = Planned(
            at, shown.id, step.title, declared, "", {}, {}, turn=shown.turn, where=shown.where, cell=shown.cell
        )
        planned.loop = held
        self._sketch(planned, held)
        planned.is_target = any(wanted == id or is_within(wanted, id, self._prompt) for wanted in self._wanted)
        scope.places[id] = at
        self.plan.append(planned)

    def _begins(self, loop: Loop, members: Sequence[tuple[str, Step]], scope: Scope) -> dict[str, End | Fixed]:
        entry = next((step for _, step in members if step.type == ENTRY), None)
        begins: dict[str, End | Fixed] = {}
        for name in loop.varying if entry is not None else ():
            if entry is not None and name in entry.inputs and (end := self.end(entry.inputs[name], scope)) is not None:
                begins[name] = end
        return begins

    def _sketch(self, planned: Planned, held: LoopPlan) -> None:
        """Plan one time with what varies left open, for the key and the sources; then forget it."""
        mark = len(self.plan)
        loop = held.loop
        begun = {name: self._told(end) for name, end in held.begins.items()}
        for name, end in held.begins.items():
            if type(end) is End:
                source = self.plan[end.at]
                output = source.declared.schema.outputs[end.position].name
                planned.links[name] = Source(source.name, output, end.at, end.position, loop.mode != "each")
        results = []
        for constants in known_times(loop, held.begins):
            given: dict[str, End | Fixed] = {
                name: self.give(planned.id, name, None, keys.digest(repr(("open", name, begun[name]))))
                for name in begun
                if name not in constants
            }
            turn = self.turn(held, 0, None, {**given, **constants})
            results.append(sorted((name, self._told(end)) for name, end in turn.ends.items()))
        for one in self.plan[mark:]:
            for name, feed in one.links.items():
                if feed.at < mark:
                    planned.links.setdefault(f"{one.id}.{name}", feed._replace(lazy=True))
            planned.constants |= {f"{one.id}.{name}": value for name, value in one.constants.items()}
        del self.plan[mark:]
        said = (loop.mode, loop.lists, sorted(loop.carry.items()), loop.times, loop.condition, loop.most)
        planned.key = keys.digest(repr(("loop", said, sorted(begun.items()), results)))

    def _told(self, end: End | Fixed) -> str:
        """What a key says of where a link ends."""
        if type(end) is End:
            return repr((self.plan[end.at].key, end.position))
        return repr(end)


def known_times(loop: Loop, begins: Mapping[str, End | Fixed]) -> list[dict[str, Fixed]]:
    """The constants of each time that is known before a run: a constant may name a file, whose content counts."""
    constants = {name: end for name, end in begins.items() if type(end) is Fixed}
    if loop.mode != "each":
        return [constants]
    lists = {name: as_items(end.value) for name, end in constants.items()}
    count = max(map(len, lists.values()), default=0)
    times = [{name: Fixed(pick(items, index)) for name, items in lists.items() if items} for index in range(count)]
    return times or [{}]


def as_items(value: Any) -> list[Any]:
    """The items of what is linked to an input that takes one each time."""
    return list(value) if isinstance(value, list) else [value]


def pick(items: Sequence[Any], index: int) -> Any:
    """The item of a list for a time; the shorter of several lists repeat their last."""
    return items[min(index, len(items) - 1)]


def shown_as(id: str, step: Step, scope: Scope) -> Shown:
    """What a step is told of as. One of a sweep stands for a node of the document."""
    copy = step.copy
    if copy is None:
        return Shown(id, scope.turn, scope.where, ())
    where = say.WITHIN(outer=scope.where, place=copy.where) if copy.where else scope.where
    return Shown(copy.of, id.removeprefix(copy.of) + scope.turn, where, copy.cell)


def turn_in_words(title: str, number: int, of: int | None) -> str:
    """Which time of a loop it is; all of it where that has no number."""
    if not number:
        return title
    return say.TURN_OF(title=title, number=number, of=of) if of else say.TURN(title=title, number=number)


def is_within(id: str, loop: str, prompt: Prompt) -> bool:
    """Whether a step is repeated by a loop, itself or through others."""
    within = prompt[id].within if id in prompt else None
    while within is not None and within != loop:
        within = prompt[within].within
    return within is not None


def outputs_read(prompt: Prompt) -> dict[str, set[str]]:
    """Which outputs of each step some other reads."""
    read: dict[str, set[str]] = {}
    for step in prompt.values():
        for value in step.inputs.values():
            if type(value) is Link:
                read.setdefault(value.node, set()).add(value.output)
    return read


def _declared_loop(title: str, outputs: Sequence[str]) -> Declared:
    schema = replace(
        subgraph_loop.schema, title=title, outputs=tuple(Output(name, "any", name, "") for name in outputs)
    )
    return Declared(subgraph_loop, schema)


def _stamp_files(planned: Planned, files: Files) -> dict[str, Stamp]:
    stamps = {}
    for name, input in planned.declared.inputs(planned.constants):
        value = planned.constants.get(name)
        if is_file(input) and isinstance(value, str):
            try:
                stamps[name] = files.stamp(input, value, planned.id)
            except OSError as error:
                fault = fault_of(error, planned.id, planned.title)
                raise RunFailed(Fault(fault.what, fault.fix, planned.id, name)) from None
    return stamps


def _fingerprint(planned: Planned) -> str:
    """What the node's own fingerprint says, as text. It is the author's code and may raise anything."""
    try:
        return repr(fingerprint_of(planned.declared.node, planned.arguments()))
    except BaseException as error:  # SystemExit and the like included
        raise RunFailed(fault_of(error, planned.id, planned.title, planned.declared.node.fingerprint)) from error
