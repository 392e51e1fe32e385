"""The plan of a run: which nodes its outputs could need, in what order, and the key of each result.

All keys are known before anything runs. Iterative throughout: real workflows chain more nodes than
Python has stack frames.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Any, NamedTuple, Protocol

from nodes.api import BadValue, Input, fingerprint_of
from server.engine import keys
from server.engine.catalogue import Declared, Library, is_file
from server.engine.failures import Fault, RunFailed, fault_of
from server.graph.order import walk
from server.graph.prompt import Link, Prompt, Step


class Source(NamedTuple):
    """Where a link comes from: an output of an earlier node of the plan."""

    node: str
    output: str
    at: int
    position: int
    lazy: bool


class Stamp(NamedTuple):
    """A file as it is now: where it lies, and the hash of its content."""

    path: Path
    digest: str


class Files(Protocol):
    """The files that inputs may name."""

    def stamp(self, input: Input, name: str, node: str) -> Stamp:
        """The file of this name. May take as long as reading it does; raises OSError in words when it is missing."""
        ...


NO_STAMPS: Mapping[str, Stamp] = MappingProxyType({})
NO_CONTENTS: Mapping[str, str] = {}


@dataclass(slots=True, eq=False)
class Planned:
    """One node of a plan. `constants` are coerced, with defaults filled in; files are still names."""

    at: int
    id: str
    title: str
    declared: Declared
    type_digest: str
    constants: dict[str, Any]
    links: dict[str, Source]
    listed: Collection[str] = ()
    stamps: Mapping[str, Stamp] = field(default_factory=lambda: NO_STAMPS)
    fingerprint: str = ""
    is_target: bool = False
    key: str = ""
    slot: str = ""

    def arguments(self) -> dict[str, Any]:
        """The constants as the node gets them: files as paths."""
        if not self.stamps:
            return dict(self.constants)
        return {**self.constants, **{name: stamp.path for name, stamp in self.stamps.items()}}


def make_plan(
    prompt: Prompt, library: Library, files: Files | None, targets: Iterable[str] | None = None
) -> list[Planned]:
    """Plan the nodes that the targets (default: every output node) could need, each after its sources.

    Raises RunFailed where the prompt cannot run at all.
    """
    wanted = choose_targets(prompt, library, targets)
    plan: list[Planned] = []
    places: dict[str, int] = {}
    for id in pulled(prompt, wanted):
        planned = _plan_one(len(plan), id, prompt[id], library, places, plan)
        planned.is_target = id in wanted
        _identify(planned, plan, files)
        places[id] = planned.at
        plan.append(planned)
    return plan


def choose_targets(prompt: Prompt, library: Library, targets: Iterable[str] | None) -> dict[str, None]:
    """The nodes to run, in order; a target that is a subgraph stands for the output nodes in it."""
    outputs = [id for id, step in prompt.items() if _is_output(library, step)]
    if targets is None:
        return dict.fromkeys(outputs)
    wanted: dict[str, None] = {}
    for target in targets:
        inside = [id for id in outputs if id.startswith(f"{target}/")]
        if target not in prompt and not inside:
            raise RunFailed(Fault(f"There is no node {target} to run to.", "Choose a node that runs.", target))
        wanted |= dict.fromkeys([target] if target in prompt else inside)
    return wanted


def pulled(prompt: Prompt, targets: Iterable[str]) -> Iterator[str]:
    """The targets and everything they link to, each node after its sources: as a pull would reach them."""
    order = walk(prompt, targets)
    for cycle in order.cycles:
        if cycle.node in order.pulled:
            what = f"Node {cycle.node} needs its own result."
            raise RunFailed(Fault(what, "Remove one link of the circle.", cycle.node, cycle.input))
    return (id for id in order.nodes if id in order.pulled)


def _is_output(library: Library, step: Step) -> bool:
    found = library.find(step.type)
    return found is not None and found[0].schema.is_output


def _plan_one(
    at: int, id: str, step: Step, library: Library, places: Mapping[str, int], plan: list[Planned]
) -> Planned:
    found = library.find(step.type)
    if found is None:
        what = f"Node {id} is of the type '{step.type}', which is not installed."
        raise RunFailed(Fault(what, "Install its pack.", id))
    declared, type_digest = found
    title = step.title or declared.title
    planned = Planned(at, id, title, declared, type_digest, {}, {})
    given = step.inputs
    listed: list[str] = []
    try:
        for name, input in declared.inputs(given):
            value = given.get(name)
            if input.is_list:
                listed.append(name)
            if type(value) is Link:
                planned.links[name] = _source(value, input, places, plan)
            else:
                planned.constants[name] = declared.constant(name, input, given)
    except BadValue as error:
        raise RunFailed(fault_of(error, id, title)) from None
    if listed:
        planned.listed = tuple(listed)
    return planned


def _source(link: Link, input: Input, places: Mapping[str, int], plan: list[Planned]) -> Source:
    at = places.get(link.node)
    if at is None:
        raise BadValue(input.name, f"'{input.name}' is linked to {link.node}, which does not run.", "Link another.")
    position = plan[at].declared.positions.get(link.output)
    if position is None:
        what = f"'{input.name}' is linked to '{link.output}' of {plan[at].title}, which has no such output."
        raise BadValue(input.name, what, "Link another output.")
    return Source(link.node, link.output, at, position, input.lazy)


def _identify(planned: Planned, plan: list[Planned], files: Files | None) -> None:
    """Work out the key of a node's result, and the slot where the cache keeps it."""
    declared, constants = planned.declared, planned.constants
    if files is not None and declared.takes_files:
        planned.stamps = _stamp_files(planned, files)
        constants = {name: value for name, value in constants.items() if name not in planned.stamps}
    stamps = planned.stamps
    if declared.node.fingerprint is not None:
        planned.fingerprint = _fingerprint(planned)
    links = {name: (plan[source.at].key, source.output) for name, source in planned.links.items()}
    contents = {name: stamp.digest for name, stamp in stamps.items()} if stamps else NO_CONTENTS
    nonce = "" if declared.schema.cached else keys.new_nonce()
    planned.key = keys.result_key(planned.type_digest, constants, links, contents, planned.fingerprint, nonce)
    planned.slot = keys.slot_of(planned.key, [str(stamp.path) for stamp in stamps.values()]) if stamps else planned.key


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
