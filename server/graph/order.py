"""One walk over a prompt, against its links: what the outputs pull, dependencies first, and every cycle.

A loop with a stack of its own: real workflows chain more nodes than Python has stack frames.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from server.graph.steps import Link, Prompt

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
    """Visit everything the roots need, then the rest."""
    done: dict[str, None] = {}
    cycles: list[Cycle] = []
    for root in roots:
        visit(prompt, root, done, cycles)
    pulled = frozenset(done)
    for root in prompt:
        visit(prompt, root, done, cycles)
    return Order(tuple(done), pulled, tuple(cycles))


def visit(prompt: Prompt, root: str, done: dict[str, None], cycles: list[Cycle]) -> None:
    """Depth first from one node, adding to `done` on the way back."""
    if root in done:
        return
    depth = {root: 0}  # of the nodes on the path being walked
    path = [root]
    waiting = [links_of(prompt, root)]
    while waiting:
        for input, source in waiting[-1]:
            if source in depth:
                cycles.append(Cycle(path[-1], input, shorten(path, depth[source])))
            elif source not in done and source in prompt:
                depth[source] = len(path)
                path.append(source)
                waiting.append(links_of(prompt, source))
                break
        else:
            waiting.pop()
            node = path.pop()
            del depth[node]
            done[node] = None


def links_of(prompt: Prompt, node: str) -> Iterator[tuple[str, str]]:
    return ((name, value.node) for name, value in prompt[node].inputs.items() if isinstance(value, Link))


def shorten(path: list[str], start: int) -> tuple[str, ...]:
    """The circle from `path[start]` to the end in the direction the data flows, its middle left out when long."""
    length = len(path) - start
    whole = length <= SHOWN_IN_CYCLE
    circle = path[start:][::-1] if whole else [*path[-3:][::-1], "…", *path[start : start + 2][::-1]]
    return (*circle, circle[0])
