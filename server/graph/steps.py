"""The prompt as data: the nodes that run, and what each of their inputs holds."""

from __future__ import annotations

from typing import Any

import msgspec


class Link(msgspec.Struct, frozen=True):
    """An input takes this output of that node."""

    node: str
    output: str


class Step(msgspec.Struct, frozen=True):
    """One node that runs: a constant (plain data) or a Link for each flat input name."""

    type: str
    version: int = 1
    inputs: dict[str, Any] = {}
    title: str = ""


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
