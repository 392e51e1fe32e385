"""What a plan consists of: nodes with their constants coerced, their sources found, and their keys known."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Any, NamedTuple, Protocol

from nodes.api import Input
from server.engine import sentences as say
from server.engine.catalogue import Declared
from server.graph.steps import ENTRY, Loop, Step


def placed(where: str, title: str) -> str:
    """What a failure calls a node: its title, with the times of loops it stands in."""
    return say.AT(where=where, title=title) if where else title


class Source(NamedTuple):
    """Where a link comes from: an output of an earlier node of the plan, which goes by its name."""

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
    turn: str = ""
    """Which time of a loop it is for: "#3"; of one loop in another "#3#1". Empty outside of loops."""
    where: str = ""
    """The same in words, for what is told of a failure."""
    cell: tuple[int, ...] = ()
    """Of a sweep: the place of its value on each axis; empty where it is in no cell."""
    loop: LoopPlan | None = None
    given: tuple[Any, ...] | None = None
    """The result of a node that needs no running: an item of a list."""

    @property
    def name(self) -> str:
        """What tells it from all others of the plan; `id` is what people know it by."""
        return self.id + self.turn

    def arguments(self) -> dict[str, Any]:
        """The constants as the node gets them: files as paths."""
        if not self.stamps:
            return dict(self.constants)
        return {**self.constants, **{name: stamp.path for name, stamp in self.stamps.items()}}


class Shown(NamedTuple):
    """How a step is told of: as a node of the document, which time or cell of it, and where in words."""

    id: str
    turn: str
    where: str
    cell: tuple[int, ...]


class End(NamedTuple):
    """Where a link ends: at an output of a node of the plan."""

    at: int
    position: int


class Fixed(NamedTuple):
    """Where a link ends: at a constant."""

    value: Any


@dataclass
class Scope:
    """What the ids of links mean: the nodes planned here, what goes into the loop here, and all that is around."""

    outer: Scope | None = None
    places: dict[str, int] = field(default_factory=dict)
    entries: frozenset[str] = frozenset()
    given: Mapping[str, End | Fixed] = field(default_factory=dict)
    turn: str = ""
    where: str = ""


class Turn(NamedTuple):
    """One time of a loop: which nodes of the plan it is, what comes out of it, and what it shows or saves."""

    start: int
    stop: int
    ends: Mapping[str, End | Fixed]
    targets: list[int]


class Planner(Protocol):
    """Plans more of a run while it runs. `plan` is the whole of it so far."""

    plan: list[Planned]

    def give(self, id: str, title: str, value: Any, key: str) -> End:
        """Add a value that is there already."""
        ...

    def turn(self, held: LoopPlan, number: int, of: int | None, given: Mapping[str, End | Fixed]) -> Turn:
        """Plan one time of a loop, counted from 1. Raises RunFailed where there would be too many nodes."""
        ...


@dataclass
class LoopPlan:
    """What a loop repeats, and with what it begins."""

    id: str
    loop: Loop
    title: str
    body: Sequence[tuple[str, Step]]
    results: Mapping[str, Any]
    begins: Mapping[str, End | Fixed]
    scope: Scope
    planning: Planner
    read: frozenset[str]
    """The outputs that something outside reads."""

    @property
    def nodes(self) -> list[str]:
        """The nodes it repeats, without those of loops inside it."""
        return [step.copy.of if step.copy is not None else id for id, step in self.body if step.type != ENTRY]
