"""One walk over a prompt, against its links: what the outputs pull, dependencies first, and every cycle.

networkx walks with a stack of its own: real workflows chain more nodes than Python has stack frames.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import networkx as nx

from server.graph.steps import Link, Prompt, Step

SHOWN_IN_CYCLE = 6


@dataclass(frozen=True)
class Cycle:
    """A link that closes a circle: taking it out opens this one. `path` follows the links, shortened."""

    node: str
    input: str
    path: tuple[str, ...]


@dataclass(frozen=True)
class Order:
    """`nodes`: all, each after what it links to (cycles aside). `pulled`: those that an output needs."""

    nodes: tuple[str, ...]
    pulled: frozenset[str]
    cycles: tuple[Cycle, ...]


def walk(prompt: Prompt, roots: Iterable[str]) -> Order:
    """Visit everything the roots need, depth first, then the rest."""
    roots = dict.fromkeys(roots)
    graph = graph_of(prompt, roots)
    done: list[str] = []
    pulled: frozenset[str] | None = None
    cycles: list[Cycle] = []
    path: list[str] = []
    depth: dict[str, int] = {}  # of the nodes on the path being walked
    for node, source, label in nx.dfs_labeled_edges(graph):
        if label == "forward":
            if pulled is None and not path and source not in roots:
                pulled = frozenset(done)
            depth[source] = len(path)
            path.append(source)
        elif label == "reverse":
            del depth[path.pop()]
            done.append(source)
        elif source in depth:
            circle = shorten(path, depth[source])
            cycles += [Cycle(node, input, circle) for input in links_to(source, prompt[node])]
    return Order(tuple(done), frozenset(done) if pulled is None else pulled, tuple(cycles))


def loops_around(ids: Iterable[str], prompt: Prompt) -> dict[str, None]:
    """The loops that nodes are part of: what one of them needs the first time it may need again from itself."""
    found: dict[str, None] = {}
    for id in ids:
        within = prompt[id].within if id in prompt else None
        while within is not None and within not in found:
            found[within] = None
            within = prompt[within].within
    return found


def graph_of(prompt: Prompt, first: Iterable[str]) -> nx.DiGraph[str]:
    """The prompt as a graph of node to source; `first` are its first nodes, where a walk begins."""
    graph: nx.DiGraph[str] = nx.DiGraph()
    graph.add_nodes_from(first)
    graph.add_nodes_from(prompt)
    graph.add_edges_from(
        (node, value.node)
        for node, step in prompt.items()
        for value in step.inputs.values()
        if type(value) is Link and value.node in prompt
    )
    return graph


def links_to(source: str, step: Step) -> list[str]:
    """The inputs of a step that are linked to `source`: there may be several."""
    return [name for name, value in step.inputs.items() if type(value) is Link and value.node == source]


def shorten(path: list[str], start: int) -> tuple[str, ...]:
    """The circle from `path[start]` to the end in the direction the data flows, its middle left out when long."""
    length = len(path) - start
    whole = length <= SHOWN_IN_CYCLE
    circle = path[start:][::-1] if whole else [*path[-3:][::-1], "…", *path[start : start + 2][::-1]]
    return (*circle, circle[0])
