"""The workflow document: drawn, saved, shared and run as the same JSON.

The types below say what this program understands; the document itself is kept as it came, so that keys
and node types from elsewhere survive being opened and saved.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Literal

import msgspec
from msgspec import UNSET, Meta, UnsetType

from server.graph import sentences as say
from server.graph.foreign import refuse_foreign_text, refuse_foreign_tree
from server.graph.migrate import SCHEMA, migrate
from server.graph.reading import WorkflowError, decode_text, parse, to_text
from server.graph.sweep_data import SweepData

__all__ = ["Document", "NodeData", "Subgraph", "Workflow", "WorkflowError", "dump", "json_schema", "load"]

MAX_NODES = 100_000
SUBGRAPH = "subgraph:"
"""The type of an instance is this and the id of its definition."""
SHOWN_FAULTS = 5

Mode = Literal["run", "mute", "bypass"]
AfterRun = Literal["fixed", "random", "increment"]
Point = Annotated[tuple[float, float], Meta(description="x and y, in pixels at zoom 1.")]


class Boxed(msgspec.Struct, frozen=True, omit_defaults=True):
    """An input that is linked (`value`: what its widget last held), or a constant that is an object."""

    link: (
        Annotated[tuple[str, str], Meta(description="Id of a node and name of its output; a single one is `result`.")]
        | UnsetType
    ) = UNSET
    value: Any = UNSET


InputValue = None | bool | int | float | str | list[Any] | Boxed


class LoopData(msgspec.Struct, frozen=True, kw_only=True):
    """How often an instance of a subgraph runs, where that is not once."""

    mode: Annotated[
        Literal["each", "repeat", "while"],
        Meta(description="For each item of `lists`; `times` times; again as long as the output `condition` is on."),
    ]
    lists: Annotated[list[str], Meta(description="Inputs that take one item of a list each time.")] = []
    carry: Annotated[
        dict[str, str], Meta(description="By input: the output it takes from the second time on; not with `each`.")
    ] = {}
    times: int = 1
    condition: str = ""
    most: Annotated[int, Meta(description="The most times, whatever the condition says.")] = 100


class NodeData(msgspec.Struct, frozen=True, kw_only=True):
    """One node."""

    type: Annotated[
        str,
        Meta(
            description="The node type's id; `subgraph:<id>` for an instance of a subgraph. "
            "`reroute`, `subgraph_input` and `subgraph_output` lead links and do not run."
        ),
    ]
    version: Annotated[int, Meta(ge=1, description="The node type's version that saved the inputs.")] = 1
    inputs: Annotated[
        dict[str, InputValue],
        Meta(
            description="By name: a constant, a link, or a boxed object. Growing inputs are `images.0`, `images.1`; "
            "the inputs a choice brings are `format.quality`. Integers beyond 2^53-1 are strings of digits."
        ),
    ] = {}
    position: Point | None = None
    size: Annotated[tuple[float, float] | None, Meta(description="Width and height; null for the type's own.")] = None
    title: Annotated[str, Meta(description="Empty: the type's title.")] = ""
    mode: Annotated[Mode, Meta(description="mute: not there; bypass: passes its input of the same type on.")] = "run"
    colour: str = ""
    collapsed: bool = False
    pinned: Annotated[bool, Meta(description="It stays where it is when things are dragged.")] = False
    named: Annotated[
        dict[str, str], Meta(description="By output: the name its links are shown by, instead of a line.")
    ] = {}
    after: Annotated[
        dict[str, AfterRun], Meta(description="What happens to a seed before the next run, by input name.")
    ] = {}
    loop: Annotated[LoopData | None, Meta(description="Of an instance: how often it runs; null: once.")] = None


class Frame(msgspec.Struct, frozen=True, kw_only=True):
    """A titled area behind nodes."""

    title: str = ""
    position: Point | None = None
    size: tuple[float, float] | None = None
    colour: str = ""


class Note(msgspec.Struct, frozen=True, kw_only=True):
    """Text on the canvas, in Markdown."""

    text: str = ""
    position: Point | None = None
    size: tuple[float, float] | None = None
    colour: str = ""


class Port(msgspec.Struct, frozen=True, kw_only=True):
    """An input or output of a subgraph. `default` is what an input is when the instance does not say."""

    type: str = "any"
    title: str = ""
    default: InputValue | UnsetType = UNSET
    order: Annotated[int | None, Meta(description="Its place among the others.")] = None


class Subgraph(msgspec.Struct, frozen=True, kw_only=True):
    """A graph used like a node. Inside, a node of type `subgraph_input` has the inputs as its outputs, and the
    inputs of one of type `subgraph_output` are the outputs."""

    title: str = ""
    inputs: dict[str, Port] = {}
    outputs: dict[str, Port] = {}
    nodes: dict[str, NodeData] = {}
    frames: dict[str, Frame] = {}
    notes: dict[str, Note] = {}


class FormInput(msgspec.Struct, frozen=True, tag_field="kind", tag="input"):
    """An input shown in the form. `title` empty: the input's own."""

    node: str
    input: str
    title: str = ""


class FormOutput(msgspec.Struct, frozen=True, tag_field="kind", tag="output"):
    """What a node gives, shown in the form."""

    node: str
    title: str = ""


class FormHeading(msgspec.Struct, frozen=True, tag_field="kind", tag="heading"):
    """A heading: what follows belongs to it."""

    text: str = ""


class FormNote(msgspec.Struct, frozen=True, tag_field="kind", tag="note"):
    """Words between the inputs, in Markdown."""

    text: str = ""


class Form(msgspec.Struct, frozen=True, kw_only=True):
    """The workflow as a form: what is shown, from top to bottom. What is no longer in the workflow is left out."""

    items: Annotated[list[FormInput | FormOutput | FormHeading | FormNote], Meta(max_length=1000)] = []


class Document(msgspec.Struct, frozen=True, kw_only=True):
    """A Latent Loom workflow. Keys that are not listed are kept."""

    schema: Annotated[int, Meta(ge=SCHEMA, le=SCHEMA)]
    id: Annotated[str, Meta(description="A UUID; stays the same however often the document is saved.")] = ""
    title: str = ""
    nodes: Annotated[dict[str, NodeData], Meta(description="By id: any text, never reused for another node.")] = {}
    frames: dict[str, Frame] = {}
    notes: dict[str, Note] = {}
    subgraphs: Annotated[dict[str, Subgraph], Meta(description="Definitions, by UUID.")] = {}
    form: Annotated[Form | None, Meta(description="The form view; null: one is proposed.")] = None
    sweep: Annotated[SweepData | None, Meta(description="Values to run it with, as one labelled sheet.")] = None
    extra: Annotated[dict[str, Any], Meta(description="Free for anyone; survives round trips.")] = {}


@dataclass(frozen=True)
class Workflow:
    """A document: `raw` as it came (numbers made safe, see `server.graph.reading`), and as types."""

    raw: dict[str, Any]
    document: Document

    @property
    def id(self) -> str:
        return self.document.id

    @property
    def title(self) -> str:
        return self.document.title

    @property
    def nodes(self) -> Mapping[str, NodeData]:
        return self.document.nodes

    @property
    def subgraphs(self) -> Mapping[str, Subgraph]:
        return self.document.subgraphs


def load(raw: bytes | str | Mapping[str, Any]) -> Workflow:
    """Read a document. Raises WorkflowError, and nothing else, when it is none."""
    text = to_text(raw) if isinstance(raw, Mapping) else decode_text(raw)
    refuse_foreign_text(text)
    tree = parse(text)
    if not isinstance(tree, dict):
        raise WorkflowError(say.NO_OBJECT(), say.OPEN_OURS())
    refuse_foreign_tree(tree)
    tree = migrate(tree)
    check_size(tree)
    return Workflow(tree, convert(tree))


def dump(workflow: Workflow) -> bytes:
    """The document as canonical JSON: keys sorted, no spaces, UTF-8; equal documents give equal bytes."""
    return msgspec.json.encode(workflow.raw, order="sorted")


def json_schema() -> bytes:
    """The JSON Schema of a document, as published in workflows/workflow.schema.json."""
    schema = msgspec.json.schema(Document)
    named = {"$schema": "https://json-schema.org/draft/2020-12/schema", "title": "Latent Loom workflow", **schema}
    return msgspec.json.format(msgspec.json.encode(named, order="sorted"), indent=2) + b"\n"


# ---------------------------------------------------------------- structure


def check_size(tree: dict[str, Any]) -> None:
    count = sum(len(nodes) for nodes in node_tables(tree))
    if count > MAX_NODES:
        raise WorkflowError(say.TOO_MANY_NODES(count=count, most=MAX_NODES), say.SPLIT_UP(), 413)


def node_tables(tree: dict[str, Any]) -> Iterator[dict[str, Any]]:
    subgraphs = tree.get("subgraphs")
    graphs = [tree, *(subgraphs.values() if isinstance(subgraphs, dict) else ())]
    for graph in graphs:
        nodes = graph.get("nodes") if isinstance(graph, dict) else None
        if isinstance(nodes, dict):
            yield nodes


def convert(tree: dict[str, Any]) -> Document:
    try:
        return msgspec.convert(tree, Document)
    except msgspec.ValidationError as error:
        # msgspec stops at the first fault and leaves keys out of its path; both are worth a slower second look.
        faults = list(find_faults(tree)) or [in_words(str(error))]
    shown = " ".join(faults[:SHOWN_FAULTS])
    more = len(faults) - SHOWN_FAULTS
    what = shown if more <= 0 else f"{shown} And {more} more."
    raise WorkflowError(what, "Correct it, or open another version of the file.") from None


def find_faults(tree: dict[str, Any]) -> Iterator[str]:
    """Every structural fault, with the names of the node and the input."""
    yield from find_graph_faults(tree, "")
    subgraphs = tree.get("subgraphs")
    for id, graph in subgraphs.items() if isinstance(subgraphs, dict) else ():
        if isinstance(graph, dict):
            yield from find_graph_faults(graph, f"subgraph '{short(id)}', ")


def find_graph_faults(graph: dict[str, Any], where: str) -> Iterator[str]:
    nodes = graph.get("nodes")
    for id, node in nodes.items() if isinstance(nodes, dict) else ():
        inputs = node.get("inputs") if isinstance(node, dict) else None
        found = False
        for name, value in inputs.items() if isinstance(inputs, dict) else ():
            if fault := fault_in(value, InputValue):
                found = True
                yield f"{where}node '{short(id)}', input '{short(name)}': {fault}"
        if not found and (fault := fault_in(node, NodeData)):
            yield f"{where}node '{short(id)}': {fault}"


def fault_in(value: Any, kind: Any) -> str:
    try:
        msgspec.convert(value, kind)
    except msgspec.ValidationError as error:
        return in_words(str(error))
    return ""


def in_words(message: str) -> str:
    """msgspec's "Expected `str`, got `int` - at `$.type`" as "'type': expected str, got int."."""
    text, _, path = message.partition(" - at ")
    text = text.replace("`", "").replace("Object missing required field", "there is no")
    at = path.strip("`").removeprefix("$").removeprefix(".")
    return f"'{at}': {text[:1].lower()}{text[1:]}." if at else f"{text[:1].lower()}{text[1:]}."


def short(name: str) -> str:
    return name if len(name) <= 40 else f"{name[:40]}…"
