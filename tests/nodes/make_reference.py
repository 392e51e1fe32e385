"""Writes docs/nodes.md, the reference of every node that ships, from the nodes themselves.

python -m tests.nodes.make_reference
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import groupby
from pathlib import Path
from typing import Any

from nodes.api import Input, NodeSchema
from tests.nodes.shipped import SHIPPED

PAGE = Path(__file__).parents[2] / "docs" / "nodes.md"
INTRODUCTION = """# The nodes that ship

Written from the nodes themselves by `python -m tests.nodes.make_reference`.
How to write one: [writing-nodes.md](writing-nodes.md).
"""
TYPES = {"int": "whole number", "float": "number", "str": "text", "bool": "on or off", "file": "file", "$T": "anything"}


def reference() -> str:
    """The whole page."""
    schemas = sorted((node.schema for node in SHIPPED), key=lambda schema: (schema.category, schema.title))
    parts = [INTRODUCTION]
    for category, group in groupby(schemas, key=lambda schema: schema.category):
        parts += [f"\n## {category}\n", *(describe(schema) for schema in group)]
    return "".join(parts)


def describe(schema: NodeSchema) -> str:
    lines = [f"\n### {schema.title}\n", f"`{schema.id}`: {one_line(schema.help)}\n"]
    rows = [row for found in schema.inputs for row in input_rows(found, found.name)]
    if rows:
        lines += ["| input | takes | default | |", "|---|---|---|---|", *rows, ""]
    if schema.outputs:
        lines += ["| output | gives | |", "|---|---|---|"]
        lines += [f"| {o.name} | {TYPES.get(o.type, o.type)} | {cell(o.help)} |" for o in schema.outputs]
        lines.append("")
    return "\n".join(lines)


def input_rows(found: Input, name: str) -> Iterator[str]:
    shown = f"{name}, …" if found.grows else name
    yield f"| {shown} | {cell(takes(found))} | {default(found)} | {cell(found.help)} |"
    options = found.widget["options"] if found.widget and found.widget["kind"] == "variant" else {}
    for choice, inner in options.items():
        for one in inner:
            yield from input_rows(one, f"{name}.{one.name} ({choice})")


def takes(found: Input) -> str:
    widget: dict[str, Any] = found.widget or {"kind": ""}
    match widget["kind"]:
        case "choices" if "options" not in widget:
            return "one of a list"
        case "choices" | "variant":
            return listed(widget["options"])
        case "model_file":
            return f"file of models/{widget['folder']}"
        case "image_file":
            return "picture of the input folder"
        case "seed":
            return "seed"
        case "number" | "slider" if "min" in widget and "max" in widget:
            return f"{TYPES[found.type]}, {widget['min']:,} to {widget['max']:,}"
    return TYPES.get(found.type, found.type)


def default(found: Input) -> str:
    if found.required:
        return "needed"
    return "" if found.default is None else "empty" if found.default == "" else f"{found.default}"


def listed(words: Iterable[object]) -> str:
    return ", ".join(str(word) for word in words)


def cell(text: str) -> str:
    return one_line(text).replace("|", "\\|")


def one_line(text: str) -> str:
    return " ".join(text.split())


if __name__ == "__main__":
    PAGE.write_text(reference(), encoding="utf-8")
