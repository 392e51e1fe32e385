"""Flat input names (`images.0`, `format.quality`) and the inputs of the schema they mean.

Built once for each node type; whoever walks a large graph looks up in constant time.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any

from nodes.api import Input, NodeSchema, Output

MAX_INDEX_DIGITS = 6


class Unused(Enum):
    """A name that is right, but belongs to a choice not taken."""

    UNUSED = "unused"


UNUSED = Unused.UNUSED


@dataclass(frozen=True)
class InputTable:
    """The inputs of one node type by name. `variants`: input, then choice, then field."""

    schema: NodeSchema
    plain: Mapping[str, Input]
    growing: Mapping[str, Input]
    variants: Mapping[str, Mapping[str, Mapping[str, Input]]]
    outputs: Mapping[str, Output]
    needed: tuple[str, ...]
    """Names without which the node cannot run, whatever is chosen."""

    def find(self, name: str, given: Mapping[str, Any]) -> Input | Unused | None:
        """The input a flat name means, given the other inputs; None for a name the node does not know."""
        known = self.plain.get(name)
        if known is not None:
            return known
        head, dot, tail = name.partition(".")
        if not dot:
            return None
        if head in self.growing:
            return self.growing[head] if position(tail) is not None else None
        return self.find_field(head, tail, given)

    def find_field(self, head: str, tail: str, given: Mapping[str, Any]) -> Input | Unused | None:
        options = self.variants.get(head)
        if options is None:
            return None
        taken = options.get(self.choice(head, given), {}).get(tail)
        if taken is not None:
            return taken
        return UNUSED if any(tail in fields for fields in options.values()) else None

    def choice(self, name: str, given: Mapping[str, Any]) -> str:
        """The choice taken at a variant; empty when none is."""
        value = given.get(name, self.plain[name].default)
        return value if isinstance(value, str) else ""

    def required(self, given: Mapping[str, Any]) -> Iterable[str]:
        """The flat names that must be linked or given, with these choices."""
        yield from self.needed
        for name, options in self.variants.items():
            for tail, found in options.get(self.choice(name, given), {}).items():
                if found.required:
                    yield f"{name}.{tail}"


def position(tail: str) -> int | None:
    """The number in `images.12`, or None when it is none (`01`, `x`, and numbers no graph needs)."""
    if not tail.isascii() or not tail.isdigit() or len(tail) > MAX_INDEX_DIGITS or (tail[0] == "0" and tail != "0"):
        return None
    return int(tail)


def tabulate(schema: NodeSchema) -> InputTable:
    """The table of one schema."""
    variants = {
        found.name: {name: {one.name: one for one in fields} for name, fields in found.widget["options"].items()}
        for found in schema.inputs
        if found.widget and found.widget["kind"] == "variant"
    }
    return InputTable(
        schema,
        plain={found.name: found for found in schema.inputs if not found.grows},
        growing={found.name: found for found in schema.inputs if found.grows},
        variants=variants,
        outputs={output.name: output for output in schema.outputs},
        needed=tuple(found.name for found in schema.inputs if found.required and not found.grows),
    )


class Tables:
    """The tables of a catalogue, each made when first asked for."""

    def __init__(self, schemas: Mapping[str, NodeSchema]) -> None:
        self.schemas = schemas
        self.made: dict[str, InputTable | None] = {}

    def get(self, type_name: str) -> InputTable | None:
        """The table of a node type, or None when the catalogue does not know it."""
        if type_name not in self.made:
            schema = self.schemas.get(type_name)
            self.made[type_name] = tabulate(schema) if schema is not None else None
        return self.made[type_name]
