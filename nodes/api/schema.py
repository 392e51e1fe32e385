"""A node as plain data: what the page draws, what validation checks, what the engine calls.

Nothing here refers to Python types or functions, so a schema crosses processes as JSON and comes
back equal.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


class NodeError(TypeError):
    """A node's declaration is wrong. Says which node, which parameter and what to write."""


@dataclass(frozen=True)
class Input:
    """One input. `type` is what may be linked to it; `widget` (None: link only) how a constant is entered.

    Types: int, float, str, bool, file (a Path), any, `$T` (a type variable), `A|B`, else a socket type's
    name; "variant" marks a choice that brings inputs of its own (`widget["options"]`: name to inputs).
    """

    name: str
    type: str
    title: str = ""
    help: str = ""
    default: Any = None
    required: bool = True
    widget: dict[str, Any] | None = None
    is_list: bool = False
    grows: bool = False
    lazy: bool = False


@dataclass(frozen=True)
class Output:
    """One output; a single one is named `result`."""

    name: str
    type: str
    title: str = ""
    help: str = ""
    is_list: bool = False


@dataclass(frozen=True)
class NodeSchema:
    """Everything about a node type that is not its function."""

    id: str
    title: str
    category: str
    help: str
    version: int
    inputs: tuple[Input, ...]
    outputs: tuple[Output, ...]
    is_output: bool
    is_async: bool = False
    cached: bool = True
    wants_context: str = ""
    """The name of the parameter that takes a `Context`, if any."""
    pack: str = ""
    type_variables: Mapping[str, str] = field(default_factory=dict)
    """What each type variable may stand for (`{"T": "Image|Mask"}`); one that may be anything is absent."""
    mixes_families: bool = False
    """Whether what comes in may be of different families of models."""

    def input(self, name: str) -> Input:
        """The input of this name. Raises KeyError."""
        for candidate in self.inputs:
            if candidate.name == name:
                return candidate
        raise KeyError(name)
