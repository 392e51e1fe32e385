"""Where a link really comes from, through reroutes, bypassed nodes and the edges of subgraphs.

Every end found is remembered for all links on the way to it, so any number of links through any length
of reroutes costs one walk; a walk is a loop, never recursion.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any

from msgspec import UNSET

from nodes.api import Input
from server.graph import sentences as say
from server.graph.catalogue import Catalogue
from server.graph.flatten import Place, definition_id, join
from server.graph.inputs import Tables
from server.graph.steps import ENTRY, Link, Loop
from server.graph.workflow import Boxed, NodeData, Port, Subgraph

REROUTE, SUBGRAPH_INPUT, SUBGRAPH_OUTPUT = "reroute", ENTRY, "subgraph_output"
LEADING = (REROUTE, SUBGRAPH_INPUT, SUBGRAPH_OUTPUT)
"""Node types that lead links and do not run."""


@dataclass(frozen=True)
class Fixed:
    """The link ends at a constant."""

    value: Any


@dataclass(frozen=True)
class Gone:
    """The link ends at a node that is not there for this run; `why` follows the node's name in a sentence."""

    node: str
    why: str


class Dead(Enum):
    """The link ends nowhere: at an open end, or in itself."""

    OPEN = "open"
    LOOP = "loop"


End = Link | Fixed | Gone | Dead
Key = tuple[str, str]


def runs(place: Place) -> bool:
    """Whether a node is there for the run and more than a way for links."""
    return place.data.mode == "run" and place.data.type not in LEADING and definition_id(place.data) is None


class Wires:
    """Follows links in one flattened workflow."""

    def __init__(
        self, places: Mapping[str, Place], subgraphs: Mapping[str, Subgraph], catalogue: Catalogue, tables: Tables
    ) -> None:
        self.places, self.subgraphs, self.catalogue, self.tables = places, subgraphs, catalogue, tables
        self.ends: dict[Key, End] = {}
        self.exits: dict[str, Place] = {}
        self.entries: dict[str, list[Place]] = {}
        self.loops: dict[str, Loop] = {}
        """What runs more than once, by the flat id of its instance."""
        self.running: set[str] = set()
        for place in places.values():
            if place.data.type == SUBGRAPH_OUTPUT and place.scope is not None:
                self.exits.setdefault(place.scope, place)
            elif place.data.type == SUBGRAPH_INPUT and place.scope is not None:
                self.entries.setdefault(place.scope, []).append(place)
            elif runs(place):
                self.running.add(place.id)
            elif (loop := loop_of(place.data, subgraphs)) is not None:
                self.loops[place.id] = loop
                self.running.add(place.id)

    def around(self, scope: str | None) -> str | None:
        """The innermost loop that what stands in a scope is part of."""
        while scope is not None and scope not in self.loops:
            scope = self.places[scope].scope
        return scope

    def follow(self, place: Place, link: tuple[str, str]) -> End:
        """Where a link in the scope of `place` ends. A node that does not exist is an end as it stands."""
        key: Key = (join(place.scope, link[0]), link[1])
        if key[0] in self.running:
            return Link(*key)
        trail: dict[Key, None] = {}
        while True:
            if key in self.ends:
                end = self.ends[key]
                break
            if key in trail:
                end = Dead.LOOP
                break
            trail[key] = None
            step = self.hop(key)
            if not isinstance(step, tuple):
                end = step
                break
            key = step
        self.ends.update(dict.fromkeys(trail, end))
        return end

    def hop(self, key: Key) -> End | Key:
        """One step towards the source of an output: where its own value comes from, if it only leads on."""
        node, output = key
        place = self.places.get(node)
        if place is None:
            return Link(node, output)
        data = place.data
        if data.mode == "mute":
            return Gone(node, say.IS_MUTED())
        if data.type == REROUTE:
            return self.behind(place, "value")
        if data.type == SUBGRAPH_INPUT:
            return self.outside(place, output)
        definition = definition_id(data)
        if data.mode == "bypass":
            return self.past(place, output)
        if definition is None or definition not in self.subgraphs:
            return Link(node, output)
        if output not in self.subgraphs[definition].outputs:
            return Link(node, output)
        leaving = self.exits.get(node)
        return Dead.OPEN if leaving is None else self.behind(leaving, output)

    def behind(self, place: Place, name: str) -> End | Key:
        """What an input of a node holds: the next link, a constant, or nothing."""
        value = place.data.inputs.get(name)
        if isinstance(value, Boxed):
            if value.link is not UNSET:
                return (join(place.scope, value.link[0]), value.link[1])
            return Dead.OPEN if value.value is UNSET else Fixed(value.value)
        return Dead.OPEN if value is None else Fixed(value)

    def outside(self, place: Place, name: str) -> End | Key:
        """What the instance around gives a subgraph's input; else the default of the definition."""
        if place.scope is None:
            return Dead.OPEN
        if place.scope in self.loops and name in self.loops[place.scope].varying:
            return Link(place.id, name)
        instance = self.places[place.scope]
        found = self.behind(instance, name)
        if found is not Dead.OPEN:
            return found
        return default_of(self.subgraphs[definition_id(instance.data) or ""].inputs.get(name))

    def past(self, place: Place, output: str) -> End | Key:
        """What a bypassed node passes on: its first input of the output's type that holds something."""
        taken, given = self.ports_of(place, output)
        if given is None:
            return Gone(place.id, say.BYPASSED_UNKNOWN())
        same = [found for found in taken if found.type == given]
        fitting = [found for found in taken if found.type != given and self.catalogue.fits(found.type, given)]
        for found in same + fitting:
            for name in names_of(found, place):
                held = self.behind(place, name)
                if held is not Dead.OPEN:
                    return held
            if found.default is not None and not found.grows:
                return Fixed(found.default)
        return Gone(place.id, say.BYPASSED_EMPTY())

    def ports_of(self, place: Place, output: str) -> tuple[list[Input], str | None]:
        """The inputs of a node or instance, and the type of one output (None: unknown)."""
        definition = definition_id(place.data)
        if definition is not None:
            graph = self.subgraphs.get(definition)
            if graph is None or output not in graph.outputs:
                return [], None
            return [as_input(name, port) for name, port in graph.inputs.items()], graph.outputs[output].type
        table = self.tables.get(place.data.type)
        if table is None or output not in table.outputs:
            return [], None
        return [found for found in table.schema.inputs if found.type != "variant"], table.outputs[output].type


def loop_of(data: NodeData, subgraphs: Mapping[str, Subgraph]) -> Loop | None:
    """How often an instance runs, where it is there for the run and that is not once."""
    graph = subgraphs.get(definition_id(data) or "")
    if data.loop is None or data.mode != "run" or graph is None:
        return None
    said = data.loop
    takes = {name: port.type for name, port in graph.inputs.items()}
    gives = {name: port.type for name, port in graph.outputs.items()}
    lists = tuple(dict.fromkeys(said.lists))
    return Loop(said.mode, lists, dict(said.carry), said.times, said.condition, said.most, takes, gives)


def default_of(port: Port | None) -> End:
    """What an input of a subgraph is where its instance does not say."""
    if port is None or port.default is UNSET or port.default is None:
        return Dead.OPEN
    return Fixed(port.default.value if isinstance(port.default, Boxed) else port.default)


def as_input(name: str, port: Port) -> Input:
    return Input(name, port.type, port.title, required=False)


def names_of(found: Input, place: Place) -> list[str]:
    """The flat names an input has on a node: one, or those of a growing input that are there."""
    if not found.grows:
        return [found.name]
    return sorted((name for name in place.data.inputs if name.startswith(f"{found.name}.")), key=lambda n: (len(n), n))
