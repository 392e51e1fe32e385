"""The example workflows that come with the program, read from their folder each time they are asked for."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import msgspec

from server.graph.reading import WorkflowError
from server.graph.workflow import Workflow, load
from server.paths import inside


class Example(msgspec.Struct, frozen=True):
    """`first`: the one that a first visit shows. The description is the workflow's `extra.description`."""

    name: str
    title: str
    description: str
    first: bool


def examples(folder: Path) -> list[Example]:
    """All examples in order of their file names; without one that says `extra.first`, the first is it."""
    found = [_described(path.stem, workflow) for path, workflow in _readable(folder)]
    if found and not any(one.first for one in found):
        found[0] = msgspec.structs.replace(found[0], first=True)
    return found


def example(folder: Path, name: str) -> bytes | None:
    """The text of one example. Raises PathError when the name leads elsewhere."""
    path = inside(folder, f"{name}.json")
    return path.read_bytes() if path.is_file() and not _is_schema(path) else None


def _is_schema(path: Path) -> bool:
    return path.name.endswith(".schema.json")


def _readable(folder: Path) -> Iterator[tuple[Path, Workflow]]:
    for path in sorted(folder.glob("*.json")) if folder.is_dir() else ():
        if not _is_schema(path):
            try:
                yield path, load(path.read_bytes())
            except WorkflowError:
                continue  # A test of the examples says what is wrong with it; the others are still useful.


def _described(name: str, workflow: Workflow) -> Example:
    extra = workflow.document.extra
    return Example(name, workflow.title or name, str(extra.get("description", "")), extra.get("first") is True)
