"""Subgraphs taken apart: one flat table of nodes, ids inside an instance reading `outer/inner`.

Sizes are added up before anything is copied, so a few definitions that hold each other tenfold cannot
fill the memory, and a definition that holds itself is never entered.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from server.graph import sentences as say
from server.graph.problems import Problem, short
from server.graph.workflow import MAX_NODES, SUBGRAPH, NodeData, Subgraph, Workflow

MAX_NESTING = 50
SEPARATOR = "/"
"""Between the ids of an instance and of a node inside it."""


@dataclass(frozen=True)
class Place:
    """A node where it stands: `scope` is the flat id of the instance around it, None at the top.

    An empty text is an id like any other, so it cannot mean the top.
    """

    id: str
    data: NodeData
    scope: str | None = None

    @property
    def name(self) -> str:
        """What a sentence calls it."""
        return short(self.data.title or self.id)


@dataclass(frozen=True)
class Extent:
    """How many nodes a definition becomes, and how deep instances nest in it."""

    nodes: int
    depth: int


def definition_id(data: NodeData) -> str | None:
    """The definition an instance is of; None for a node that is no instance."""
    return data.type.removeprefix(SUBGRAPH) if data.type.startswith(SUBGRAPH) else None


def join(scope: str | None, id: str) -> str:
    return id if scope is None else f"{scope}{SEPARATOR}{id}"


def flatten(workflow: Workflow) -> tuple[dict[str, Place], list[Problem]]:
    """Every node of the workflow and of its running instances, instances themselves included, by flat id."""
    extents = measure(workflow.subgraphs)
    problems: list[Problem] = []
    places: dict[str, Place] = {}
    total = sum(size_of(data, extents) for data in workflow.nodes.values())
    if total > MAX_NODES:
        what = say.TOO_MANY_INSIDE(count=total, most=MAX_NODES)
        return {}, [Problem("", "", what, say.FEWER_INSTANCES())]
    waiting: deque[tuple[str | None, Mapping[str, NodeData]]] = deque([(None, workflow.nodes)])
    while waiting:
        scope, nodes = waiting.popleft()
        for id, data in nodes.items():
            place = Place(join(scope, id), data, scope)
            if place.id in places:
                problems.append(Problem(place.id, "", say.SAME_ID(id=short(place.id)), say.DELETE_OUTER()))
                continue
            places[place.id] = place
            definition = definition_id(data)
            if definition is None or data.mode != "run":
                continue
            fault = why_not(definition, workflow.subgraphs, extents)
            if fault is None:
                waiting.append((place.id, workflow.subgraphs[definition].nodes))
            else:
                problems.append(Problem(place.id, "", *fault))
    return places, problems


def size_of(data: NodeData, extents: Mapping[str, Extent]) -> int:
    definition = definition_id(data)
    inner = extents.get(definition) if definition is not None else None
    return 1 + (inner.nodes * times_of(data) if inner else 0)


def times_of(data: NodeData) -> int:
    """How often an instance is sure to run; what only shows in a run counts as once."""
    return max(1, data.loop.times) if data.loop is not None and data.loop.mode == "repeat" else 1


def why_not(
    definition: str, subgraphs: Mapping[str, Subgraph], extents: Mapping[str, Extent]
) -> tuple[str, str] | None:
    """Why an instance cannot be taken apart: what, and what to do."""
    if definition not in subgraphs:
        return say.SUBGRAPH_GONE(), say.DELETE_OR_PASTE()
    extent = extents.get(definition)
    if extent is None:
        return say.HOLDS_ITSELF(), say.TAKE_OUT()
    if extent.depth > MAX_NESTING:
        return say.NESTED_TOO_DEEP(most=MAX_NESTING), say.MOVE_OUT()
    return None


def measure(subgraphs: Mapping[str, Subgraph]) -> dict[str, Extent]:
    """The extent of every definition, innermost first; one that leads back to itself gets none."""
    inner = {id: list(instances_in(graph, subgraphs)) for id, graph in subgraphs.items()}
    users: dict[str, list[str]] = {id: [] for id in subgraphs}
    for id, held in inner.items():
        for one, _ in held:
            users[one].append(id)
    open_count = {id: len(held) for id, held in inner.items()}
    ready = deque(id for id, count in open_count.items() if not count)
    extents: dict[str, Extent] = {}
    while ready:
        id = ready.popleft()
        held_extents = [(extents[one], times) for one, times in inner[id]]
        nodes = len(subgraphs[id].nodes) + sum(extent.nodes * times for extent, times in held_extents)
        extents[id] = Extent(nodes, 1 + max((extent.depth for extent, _ in held_extents), default=0))
        for user in users[id]:
            open_count[user] -= 1
            if not open_count[user]:
                ready.append(user)
    return extents


def instances_in(graph: Subgraph, subgraphs: Mapping[str, Subgraph]) -> Iterator[tuple[str, int]]:
    """The definitions a graph holds instances of, each with how often it runs."""
    for data in graph.nodes.values():
        definition = definition_id(data)
        if definition is not None and definition in subgraphs:
            yield definition, times_of(data)
