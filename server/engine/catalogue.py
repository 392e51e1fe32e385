"""What a run needs to know of a node type, worked out once and not for each of its thousand nodes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from nodes.api import BadValue, Input, Node, NodeSchema, coerce_constant
from server.engine.keys import FORMAT, digest

FILE_KINDS = ("model_file", "image_file")
Named = tuple[str, Input]


class Declared:
    """A node type: its function, and its schema with the choices of the running catalogue."""

    def __init__(self, node: Node[..., Any], schema: NodeSchema | None = None) -> None:
        self.node = node
        self.schema = schema = schema or node.schema
        self.title = schema.title
        self.positions = {output.name: at for at, output in enumerate(schema.outputs)}
        self.wants_context = bool(schema.wants_context)
        self.finishes = node.finishes and not schema.is_async
        self.takes_files = any(is_file(each) for each in _all_inputs(schema.inputs))
        nested = any(each.grows or _is_variant(each) for each in schema.inputs)
        self._flat: tuple[Named, ...] | None = None if nested else tuple((each.name, each) for each in schema.inputs)
        self._defaults = {each.name: _default(each) for each in schema.inputs}

    def inputs(self, given: Mapping[str, Any]) -> Sequence[Named]:
        """The inputs of one node by flat name, in order; which there are depends on what is `given`."""
        return self._flat if self._flat is not None else tuple(_expand("", self.schema.inputs, given))

    def constant(self, name: str, input: Input, given: Mapping[str, Any]) -> Any:
        """The constant of an input that no link feeds, coerced; its default where none is given.

        Raises BadValue.
        """
        if name in given:
            return coerce_constant(input if input.name == name else replace(input, name=name), given[name])
        if name in self._defaults:
            if input.required and input.default is None:
                raise BadValue(name, f"'{name}' is missing.", "Link it, or give it a value.")
            return self._defaults[name]
        return _default(input)


class Library:
    """The node types of a running catalogue, by id, for the device and dtype that join every key.

    `schemas` are those of the catalogue, with choices and files filled in.
    """

    def __init__(
        self,
        nodes: Mapping[str, Node[..., Any]],
        schemas: Mapping[str, NodeSchema] | None = None,
        device: str = "cpu",
        dtype: str = "float32",
    ) -> None:
        known = schemas or {}
        self._types = {id: Declared(node, known.get(id)) for id, node in nodes.items()}
        self._digests = {id: type_digest(one, device, dtype) for id, one in self._types.items()}

    def find(self, type: str) -> tuple[Declared, str] | None:
        """A node type and what the keys of all its nodes share."""
        found = self._types.get(type)
        return (found, self._digests[type]) if found is not None else None


def type_digest(declared: Declared, device: str, dtype: str) -> str:
    """What decides about a result beside the inputs of its node."""
    schema = declared.schema
    return digest(repr((FORMAT, schema.id, schema.version, declared.node.source_digest, device, dtype)))


def is_file(input: Input) -> bool:
    """Whether a constant of this input names a file."""
    return input.widget is not None and input.widget["kind"] in FILE_KINDS


def _all_inputs(inputs: Sequence[Input]) -> Iterator[Input]:
    for each in inputs:
        yield each
        if _is_variant(each) and each.widget is not None:
            for fields in each.widget["options"].values():
                yield from _all_inputs(fields)


def _is_variant(input: Input) -> bool:
    return input.widget is not None and input.widget["kind"] == "variant"


def _default(input: Input) -> Any:
    """The default in its canonical form. A default that is none (a required input, an empty list) is kept."""
    if input.default is None:
        return None
    try:
        return coerce_constant(input, input.default)
    except BadValue:
        return input.default  # a dropdown whose options changed: binding says so, at the node


def _expand(prefix: str, inputs: Sequence[Input], given: Mapping[str, Any]) -> Iterator[Named]:
    for each in inputs:
        name = prefix + each.name
        if each.grows:
            yield from ((grown, each) for grown in _grown(name, given))
            continue
        yield name, each
        if _is_variant(each) and each.widget is not None:
            chosen = given.get(name, each.default)
            fields = each.widget["options"].get(chosen, ()) if isinstance(chosen, str) else ()
            yield from _expand(f"{name}.", fields, given)


def _grown(name: str, given: Mapping[str, Any]) -> list[str]:
    """The names `images.0`, `images.1`, … that are given, in the order of their numbers."""
    start = len(name) + 1
    found = [key for key in given if key.startswith(f"{name}.") and key[start:].isdecimal()]
    return sorted(found, key=lambda key: int(key[start:]))
