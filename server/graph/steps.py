"""The prompt as data: the nodes that run, and what each of their inputs holds."""

from __future__ import annotations

from typing import Any, Literal

import msgspec


class Link(msgspec.Struct, frozen=True):
    """An input takes this output of that node."""

    node: str
    output: str


class Loop(msgspec.Struct, frozen=True, omit_defaults=True):
    """How often the steps within a step run. `takes`, `gives`: the types of what goes in and comes out, by name."""

    mode: Literal["each", "repeat", "while"]
    lists: tuple[str, ...] = ()
    carry: dict[str, str] = {}
    times: int = 1
    condition: str = ""
    most: int = 100
    takes: dict[str, str] = {}
    gives: dict[str, str] = {}

    @property
    def varying(self) -> tuple[str, ...]:
        """The inputs that are not the same each time."""
        return self.lists if self.mode == "each" else tuple(self.carry)


class Copy(msgspec.Struct, frozen=True, omit_defaults=True):
    """Which node a step of a sweep stands for, and in which of its cells."""

    of: str
    """The node's id in the document; empty for a step that makes the sheet."""
    at: int
    """The first cell that uses it: cells are made in this order."""
    cell: tuple[int, ...] = ()
    """The place of its value on each axis, -1 where that makes no difference; empty for what makes the sheet."""
    where: str = ""
    """The same in words."""


class Step(msgspec.Struct, frozen=True):
    """One node that runs: a constant (plain data) or a Link for each flat input name.

    A step with a `loop` stands for all those `within` it: its inputs are what comes out, by the name of the
    output. The step of type ENTRY within it has as inputs what goes in the first time, or the lists.
    """

    type: str
    version: int = 1
    inputs: dict[str, Any] = {}
    title: str = ""
    within: str | None = None
    loop: Loop | None = None
    copy: Copy | None = None


LOOP = "subgraph_loop"
ENTRY = "subgraph_input"


Prompt = dict[str, Step]


def encode(prompt: Prompt) -> bytes:
    """As JSON, inputs in the document's form: a constant, `{"value": …}`, or `{"link": [node, output]}`."""
    return msgspec.json.encode(
        {
            id: {
                "type": step.type,
                "version": step.version,
                "inputs": {name: encode_input(value) for name, value in step.inputs.items()},
                "title": step.title,
                **({"within": step.within} if step.within is not None else {}),
                **({"loop": step.loop} if step.loop is not None else {}),
                **({"copy": step.copy} if step.copy is not None else {}),
            }
            for id, step in prompt.items()
        },
        order="sorted",
    )


def encode_input(value: Any) -> Any:
    if isinstance(value, Link):
        return {"link": [value.node, value.output]}
    return {"value": value} if isinstance(value, dict) else value


def decode(data: bytes) -> Prompt:
    """The inverse of `encode`. Raises msgspec.DecodeError."""
    steps = msgspec.json.decode(data, type=dict[str, Step])
    return {
        id: msgspec.structs.replace(step, inputs={name: decode_input(value) for name, value in step.inputs.items()})
        for id, step in steps.items()
    }


def decode_input(value: Any) -> Any:
    if not isinstance(value, dict):
        return value
    if "link" in value:
        return Link(*msgspec.convert(value["link"], tuple[str, str]))
    return value.get("value")
