"""A file that was dropped on the page, as a workflow in today's form, with words about what changed on the way."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Protocol

from server.graph.catalogue import Catalogue
from server.graph.pictures import is_picture, read_workflow
from server.graph.workflow import SUBGRAPH, Workflow, load
from server.messages import FromWorker, NodesUpgraded, ToWorker, UpgradeNodes
from server.workers.questions import NoAnswerError

UPGRADE_WAIT = 10.0
SEPARATOR = "\n"
"""Between the id of a subgraph and that of a node in it; it stands in no id."""
PLAIN_TYPES = frozenset({"reroute", "subgraph_input", "subgraph_output"})
PROBLEM = "problem"
"""The key under which the worker says why it could not bring a node up to date."""
LISTED = 8
"""Names in one sentence, at most."""

Nodes = dict[str, dict[str, Any]]


class Asks(Protocol):
    """Whoever can put a question to the worker."""

    async def ask(self, message: ToWorker, key: str, seconds: float) -> FromWorker: ...


def open_bytes(data: bytes) -> Workflow:
    """The workflow in a JSON text or a picture. Raises WorkflowError in words."""
    return load(read_workflow(data) if is_picture(data) else data)


async def upgrade(workflow: Workflow, catalogue: Catalogue | None, worker: Asks) -> tuple[dict[str, Any], list[str]]:
    """The document with its old nodes brought up to date, as far as the worker is there to do it."""
    document = workflow.raw
    if catalogue is None:
        return document, ["The nodes are not loaded yet; what is old or missing shows when they are."]
    nodes = dict(_nodes(document))
    old = {key: node for key, node in nodes.items() if _is_old(node, catalogue)}
    notices = _missing(nodes, catalogue)
    if not old:
        return document, notices
    request = uuid.uuid4().hex
    try:
        done = await worker.ask(UpgradeNodes(request, old), request, UPGRADE_WAIT)
    except NoAnswerError:
        return document, [*notices, f"Saved by older versions, and not brought up to date yet: node {_ids(old)}."]
    if isinstance(done, NodesUpgraded):
        kept = {key: node for key, node in done.nodes.items() if PROBLEM in node}
        notices += [f"Node {_ids([key])} stays as it was saved: {node[PROBLEM]}" for key, node in kept.items()]
        changed = {key: node for key, node in done.nodes.items() if key in old and key not in kept}
        document = _with_nodes(document, changed)
        if changed:
            notices.append(f"Brought up to date from older versions: node {_ids(changed)}.")
    return document, notices


def _ids(keys: Iterable[str]) -> str:
    return _named({key.rpartition(SEPARATOR)[2] for key in keys})


def _nodes(document: Mapping[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Every node of a document, those of its subgraphs under the subgraph's id."""
    yield from document.get("nodes", {}).items()
    for graph, content in document.get("subgraphs", {}).items():
        for node, data in content.get("nodes", {}).items():
            yield f"{graph}{SEPARATOR}{node}", data


def _is_old(node: Mapping[str, Any], catalogue: Catalogue) -> bool:
    schema = catalogue.nodes.get(str(node.get("type")))
    return schema is not None and node.get("version", 1) < schema.version


def _missing(nodes: Mapping[str, Mapping[str, Any]], catalogue: Catalogue) -> list[str]:
    known = catalogue.nodes.keys() | PLAIN_TYPES
    types = {str(node.get("type")) for node in nodes.values()}
    missing = {name for name in types if name not in known and not name.startswith(SUBGRAPH)}
    return [f"Not installed here, and kept as it is: {_named(missing)}."] if missing else []


def _named(names: set[str]) -> str:
    every = sorted(names)
    more = len(every) - LISTED
    return ", ".join(name[:60] for name in every[:LISTED]) + (f" and {more} more" if more > 0 else "")


def _with_nodes(document: dict[str, Any], upgraded: Nodes) -> dict[str, Any]:
    """A copy of the document with these nodes in their places."""
    changed = {**document, "nodes": dict(document.get("nodes", {}))}
    subgraphs = {name: {**graph, "nodes": dict(graph.get("nodes", {}))}
                 for name, graph in document.get("subgraphs", {}).items()}  # fmt: skip
    for key, node in upgraded.items():
        graph, separator, name = key.rpartition(SEPARATOR)
        table = subgraphs[graph]["nodes"] if separator else changed["nodes"]
        table[name] = node
    return {**changed, "subgraphs": subgraphs} if subgraphs else changed
