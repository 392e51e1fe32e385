"""`--set NODE.INPUT=VALUE`: which node and input are meant, and the value in the type the input takes.

The values go into the document itself, so that what is saved carries the workflow that made it.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

from nodes.api import BadValue, Input, NodeSchema, coerce_constant
from server.cli.words import CommandError, nearest
from server.graph.catalogue import Catalogue
from server.graph.workflow import NodeData, Workflow, load

TRUE, FALSE = ("true", "yes", "on", "1"), ("false", "no", "off", "0")


def apply(workflow: Workflow, settings: Iterable[tuple[str, str]], catalogue: Catalogue) -> Workflow:
    """The workflow with other values. A link to the input gives way to the value. Raises CommandError."""
    nodes = {id: dict(node) for id, node in workflow.raw.get("nodes", {}).items()}
    for place, text in settings:
        id, name = find_place(place, workflow.nodes, catalogue)
        schema = catalogue.nodes.get(workflow.nodes[id].type)
        value = read_value(text, find_input(schema, name, place), place) if schema else guess(text)
        boxed = {"value": value} if isinstance(value, dict) else value
        nodes[id]["inputs"] = {**nodes[id].get("inputs", {}), name: boxed}
    return load({**workflow.raw, "nodes": nodes})


def find_node(word: str, nodes: Mapping[str, NodeData], catalogue: Catalogue) -> str:
    """The id of the node that is meant: by its id, else by its title if that is the only one. Raises CommandError."""
    if word in nodes:
        return word
    titles = {id: title_of(node, catalogue) for id, node in nodes.items()}
    found = [id for id, title in titles.items() if title == word]
    found = found or [id for id, title in titles.items() if title.casefold() == word.casefold()]
    if len(found) == 1:
        return found[0]
    if found:
        raise CommandError(f"{len(found)} nodes have the title '{word}'.", f"Write an id: {', '.join(found)}.")
    raise CommandError(f"The workflow has no node '{word}'.", nearest(word, [*titles, *titles.values()]))


def title_of(node: NodeData, catalogue: Catalogue) -> str:
    """What the page writes on a node."""
    schema = catalogue.nodes.get(node.type)
    return node.title or (schema.title if schema else node.type)


def titles_of(workflow: Workflow, catalogue: Catalogue) -> dict[str, str]:
    """What the page writes on each node, by id."""
    return {id: title_of(node, catalogue) for id, node in workflow.nodes.items()}


def find_place(place: str, nodes: Mapping[str, NodeData], catalogue: Catalogue) -> tuple[str, str]:
    """The node and the input of `NODE.INPUT`. Titles and inputs may hold dots: the longest node wins."""
    parts = place.split(".")
    for cut in range(len(parts) - 1, 0, -1):
        word, name = ".".join(parts[:cut]), ".".join(parts[cut:])
        try:
            return find_node(word, nodes, catalogue), name
        except CommandError:
            if cut == 1:
                raise
    raise CommandError(f"'{place}' names no input.", "Write NODE.INPUT=VALUE.")


def find_input(schema: NodeSchema, name: str, place: str) -> Input:
    """The input of this name, those of variants (`format.quality`) and growing ones (`images.0`) included."""
    first, _, rest = name.partition(".")
    known: dict[str, Input] = {}
    for found in schema.inputs:
        known[found.name] = found
        if found.widget and found.widget["kind"] == "variant":
            for fields in found.widget["options"].values():
                known |= {f"{found.name}.{field.name}": field for field in fields}
        if found.grows and found.name == first and rest.isdecimal():
            known[name] = found
    if name in known:
        return known[name]
    raise CommandError(f"--set {place}: '{schema.title}' has no input '{name}'.", nearest(name, known))


def read_value(text: str, found: Input, place: str) -> Any:
    """The text as the input's type. Raises CommandError when it is none of that type, or not one of the choices."""
    if found.widget is None:
        raise CommandError(
            f"--set {place}: this input takes a link only, of type {found.type}.", "Link it in the page."
        )
    try:
        if found.widget["kind"] == "variant":
            if text not in found.widget["options"]:
                raise CommandError(f"--set {place}: there is no '{text}'.", nearest(text, found.widget["options"]))
            return text
        plain = read_list(text, found) if found.is_list else read_plain(text, found)
        coerce_constant(found, plain)
    except BadValue as error:
        raise CommandError(f"--set {place}: {error.what}", error.fix) from error
    return plain


def read_plain(text: str, found: Input) -> Any:
    """One value. What does not read as the type stays text, for `coerce_constant` to refuse in words."""
    wanted = found.type.split("|")
    options = (found.widget or {}).get("options", ())
    for option in options if isinstance(options, (list, tuple)) else ():
        if not isinstance(option, str) and str(option) == text:
            return option
    if "bool" in wanted and text.lower() in (*TRUE, *FALSE):
        return text.lower() in TRUE
    for name, read in (("int", int), ("float", float)):
        if name in wanted:
            try:
                return read(text)
            except ValueError:
                continue
    return text


def read_list(text: str, found: Input) -> list[Any]:
    """`[1, 2]` as JSON, or one value alone."""
    try:
        several = json.loads(text)
    except ValueError:
        several = None
    return several if isinstance(several, list) else [read_plain(text, found)]


def guess(text: str) -> Any:
    """The value for a node that is not installed: JSON where it reads as such, else text."""
    try:
        return json.loads(text)
    except ValueError:
        return text
