"""How far two versions of a workflow lie apart, in counts: for lists of revisions. What differs shows the page."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

KINDS = ("nodes", "frames", "notes")
LOOKS = ("position", "size", "collapsed", "colour")
"""Keys of an item that say how it lies and looks, and nothing of what it does."""
Key = tuple[str, str, str]


@dataclass(frozen=True)
class Changes:
    """Nodes, frames and notes that came, went, are other than before, or only lie or look otherwise."""

    added: int = 0
    removed: int = 0
    changed: int = 0
    moved: int = 0


def compare(one: Any, other: Any) -> Changes:
    """Count what differs between documents; a title, a form or the sockets of subgraphs count as one change each."""
    before, after = (document if isinstance(document, Mapping) else {} for document in (one, other))
    old, new = dict(items(before)), dict(items(after))
    both = [key for key in new if key in old and new[key] != old[key]]
    changed = sum(meaning(new[key]) != meaning(old[key]) for key in both)
    # What is new as a whole has not changed a title.
    heads = (
        0
        if not before
        else sum(old_head != new_head for old_head, new_head in zip(heads_of(before), heads_of(after), strict=True))
    )
    return Changes(
        sum(key not in old for key in new),
        sum(key not in new for key in old),
        changed + heads,
        len(both) - changed,
    )


def items(workflow: Mapping[str, Any]) -> Iterator[tuple[Key, Any]]:
    """Every node, frame and note, those in subgraphs too."""
    subgraphs = workflow.get("subgraphs")
    graphs = {"": workflow, **(subgraphs if isinstance(subgraphs, Mapping) else {})}
    for graph, held in graphs.items():
        for kind in KINDS:
            table = held.get(kind) if isinstance(held, Mapping) else None
            for id, item in table.items() if isinstance(table, Mapping) else ():
                yield (graph, kind, id), item


def meaning(item: Any) -> Any:
    if not isinstance(item, Mapping):
        return item
    return {key: value for key, value in item.items() if key not in LOOKS}


def heads_of(workflow: Mapping[str, Any]) -> tuple[Any, Any, Any]:
    """What a workflow says beside its items: title, form, and the sockets of its subgraphs."""
    subgraphs = workflow.get("subgraphs")
    sockets = {
        id: {key: value for key, value in graph.items() if key not in KINDS}
        for id, graph in (subgraphs.items() if isinstance(subgraphs, Mapping) else ())
        if isinstance(graph, Mapping)
    }
    return workflow.get("title"), workflow.get("form"), sockets
