"""The catalogue: every node type and socket type as plain data, and which type fits which.

Made by the worker from `Node` objects, kept on disk and read by everyone else as JSON. The table of
fits is computed here once; others look it up and never repeat the rules.
"""

from __future__ import annotations

import hashlib
import traceback
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Any

import msgspec

from nodes.api import Bond, Choices, Input, Node, NodeSchema, Output

REROUTE = NodeSchema(
    id="reroute",
    title="Reroute",
    category="layout",
    help="Leads a link around other nodes. It is not there when the workflow runs.",
    version=1,
    inputs=(Input("value", "$T", "Value", "What is passed on."),),
    outputs=(Output("result", "$T", "Result", "The same, unchanged."),),
    is_output=False,
)
"""The one node type that has no function: `server.graph.prompt` takes it out."""


@dataclass(frozen=True)
class TypeInfo:
    """A type of link. `fits`: the input types an output of this type may be plugged into."""

    title: str
    colour: str = ""
    shape: str = ""
    fits: tuple[str, ...] = ()
    family: Bond = ""
    """How its values belong to families of models."""


@dataclass(frozen=True)
class FamilyInfo:
    """A family of models. Those whose `latents` are equal can read each other's."""

    title: str
    latents: str
    encoders: tuple[str, ...] = ()
    """What reads its texts: "CLIP-L", "CLIP-G", "OpenCLIP-H", "T5"."""


@dataclass(frozen=True)
class BrokenPack:
    """A pack (or one file of it) that failed to import, with Python's own words."""

    pack: str
    file: str
    traceback: str


@dataclass(frozen=True)
class Catalogue:
    """What can be put on the canvas. `revision` changes whenever anything else here does."""

    revision: str
    types: Mapping[str, TypeInfo]
    nodes: Mapping[str, NodeSchema]
    broken: tuple[BrokenPack, ...] = ()
    families: Mapping[str, FamilyInfo] = field(default_factory=dict)
    files: Mapping[str, Mapping[str, tuple[str, ...]]] = field(default_factory=dict)
    """By models folder and file: the families it is for, where that is known."""

    def fits(self, output_type: str, input_type: str) -> bool:
        """Whether an output of one type may be linked to an input of the other."""
        return fits(self.types, output_type, input_type)


PLAIN_TYPES = {
    "int": TypeInfo("Whole number"),
    "float": TypeInfo("Number"),
    "str": TypeInfo("Text"),
    "bool": TypeInfo("True or false"),
    "file": TypeInfo("File"),
    "any": TypeInfo("Anything"),
}
Files = Callable[[str], Sequence[str]]
"""The names of the files in a models folder, or in the input folder for "input"."""


def no_files(folder: str) -> Sequence[str]:
    return ()


# ---------------------------------------------------------------- which type fits which


def fits(types: Mapping[str, TypeInfo], output_type: str, input_type: str) -> bool:
    """Every member of the output's union must be taken by some member of the input's.

    `any` and type variables fit both ways (validation binds the variables); int fits float; a socket
    type fits its parents, as the table says.
    """
    return all(
        any(one_fits(types, given, taken) for taken in input_type.split("|")) for given in output_type.split("|")
    )


def one_fits(types: Mapping[str, TypeInfo], given: str, taken: str) -> bool:
    if given == taken or is_open(given) or is_open(taken) or (given, taken) == ("int", "float"):
        return True
    known = types.get(given)
    return known is not None and taken in known.fits


def is_open(type_name: str) -> bool:
    """Whether a type says nothing yet: `any`, or a type variable."""
    return type_name == "any" or type_name.startswith("$")


def describe_types(nodes: Iterable[Node[..., Any]], schemas: Iterable[NodeSchema]) -> dict[str, TypeInfo]:
    """Every type the nodes name, unions included, each with the complete list of what it fits."""
    types = dict(PLAIN_TYPES)
    for cls in {cls for one in nodes for cls in one.signature.socket_classes()}:
        own, *parents = [vars(base)["__socket__"] for base in cls.__mro__ if "__socket__" in vars(base)]
        fitting = tuple(parent.name for parent in (own, *parents))
        types[own.name] = TypeInfo(own.name.rpartition("/")[2], own.colour, own.shape, fitting, own.family)
    named = {type_name for schema in schemas for type_name in types_of(schema) if not type_name.startswith("$")}
    for union in sorted(named - types.keys()):
        title = " or ".join(types[part].title if part in types else part for part in union.split("|"))
        types[union] = TypeInfo(title)
    return {
        name: replace(info, fits=tuple(taken for taken in sorted(types) if fits(types, name, taken)))
        for name, info in types.items()
    }


def types_of(schema: NodeSchema) -> Iterable[str]:
    for found in schema.inputs:
        if found.type != "variant":
            yield found.type
        for inner in variant_inputs(found):
            yield inner.type
    for output in schema.outputs:
        yield output.type


def variant_inputs(found: Input) -> Iterable[Input]:
    """All inputs that the choices of a variant bring."""
    if found.widget and found.widget["kind"] == "variant":
        for fields in found.widget["options"].values():
            yield from fields


# ---------------------------------------------------------------- making one


def from_nodes(
    nodes: Iterable[Node[..., Any]],
    broken: Iterable[BrokenPack] = (),
    files: Files = no_files,
    families: Mapping[str, FamilyInfo] = MappingProxyType({}),
) -> Catalogue:
    """Describe these nodes, with what there is to choose from now. A choice that fails is listed as broken."""
    nodes = tuple(nodes)
    faults = list(broken)
    schemas = {REROUTE.id: REROUTE}
    for one in nodes:
        schemas[one.schema.id] = resolve_options(one, files, faults)
    types = describe_types(nodes, schemas.values())
    return with_revision(Catalogue("", types, dict(sorted(schemas.items())), tuple(faults), dict(families)))


def with_revision(catalogue: Catalogue) -> Catalogue:
    """The catalogue under a digest of its content."""
    content = msgspec.json.encode(replace(catalogue, revision=""), order="sorted")
    return replace(catalogue, revision=hashlib.sha256(content).hexdigest()[:16])


def with_files(catalogue: Catalogue, files: Mapping[str, Mapping[str, tuple[str, ...]]]) -> Catalogue:
    """The catalogue with what is known of the families of files."""
    return with_revision(replace(catalogue, files=files))


def resolve_options(one: Node[..., Any], files: Files, faults: list[BrokenPack]) -> NodeSchema:
    """The node's schema with files and dynamic choices filled in."""
    inputs = []
    for parameter in one.signature.parameters:
        found = parameter.input
        if parameter.variants:
            options = {
                name: tuple(with_options(p.input, p.hint.widget, one, files, faults) for p in fields)
                for name, (_, fields) in parameter.variants.items()
            }
            found = replace(found, widget={"kind": "variant", "options": options})
        inputs.append(with_options(found, parameter.hint.widget, one, files, faults))
    return replace(one.schema, inputs=tuple(inputs))


def with_options(found: Input, widget: object, one: Node[..., Any], files: Files, faults: list[BrokenPack]) -> Input:
    plain = found.widget
    if plain is None:
        return found
    if plain["kind"] in ("model_file", "image_file"):
        return replace(found, widget={**plain, "options": list(files(plain.get("folder", "input")))})
    if isinstance(widget, Choices) and callable(widget.of):
        return replace(found, widget={**plain, "options": ask(widget.of, one, found, faults)})
    return found


def ask(of: Callable[[], Sequence[Any]], one: Node[..., Any], found: Input, faults: list[BrokenPack]) -> list[Any]:
    try:
        return list(of())
    except Exception:  # a pack's code: its failure is listed and costs this one dropdown
        where = f"{one.function.__module__}: choices of '{found.name}' of {one.schema.id}"
        faults.append(BrokenPack(one.schema.pack, where, traceback.format_exc(limit=-5)))
        return []


# ---------------------------------------------------------------- as JSON


def to_json(catalogue: Catalogue) -> bytes:
    """`{revision, types, nodes, broken, families, files}`, as the page and the disk copy hold it."""
    return msgspec.json.encode(catalogue)


def from_json(data: bytes) -> Catalogue:
    """The inverse of `to_json`. Raises msgspec.DecodeError on anything else."""
    read = msgspec.json.decode(data, type=Catalogue)
    return replace(read, nodes={id: revive(schema) for id, schema in read.nodes.items()})


def revive(schema: NodeSchema) -> NodeSchema:
    """Inputs of variants come out of JSON as dicts, because a widget is free data; make them Inputs again."""
    return replace(schema, inputs=tuple(revive_input(found) for found in schema.inputs))


def revive_input(found: Input) -> Input:
    if not found.widget or found.widget.get("kind") != "variant":
        return found
    options = msgspec.convert(found.widget["options"], dict[str, tuple[Input, ...]])
    return replace(found, widget={"kind": "variant", "options": options})
