"""The example workflows that come with the program, read from their folder each time they are asked for."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import msgspec

from server.graph.catalogue import Catalogue
from server.graph.reading import WorkflowError
from server.graph.workflow import Workflow, load
from server.model_folders import ModelFolders
from server.paths import inside

PICTURE = ".webp"
"""The picture of an example lies beside it under its name; `python -m tests.make_example_pictures` makes it."""


class Need(msgspec.Struct, frozen=True, order=True):
    """A model file that an example names, below the models folder. `there`: it is on this computer."""

    folder: str
    file: str
    there: bool


class Example(msgspec.Struct, frozen=True):
    """`first`: the one that a first visit shows. The description is the workflow's `extra.description`.

    `picture`: there is one. `needs` is empty while the nodes are not loaded yet.
    """

    name: str
    title: str
    description: str
    first: bool
    picture: bool = False
    needs: list[Need] = []


def examples(folder: Path, catalogue: Catalogue | None = None, models: ModelFolders | None = None) -> list[Example]:
    """All examples in order of their file names; without one that says `extra.first`, the first is it."""
    found = [_described(path, workflow, catalogue, models) for path, workflow in _readable(folder)]
    if found and not any(one.first for one in found):
        found[0] = msgspec.structs.replace(found[0], first=True)
    return found


def example(folder: Path, name: str) -> bytes | None:
    """The text of one example. Raises PathError when the name leads elsewhere."""
    path = inside(folder, f"{name}.json")
    return path.read_bytes() if path.is_file() and not _is_schema(path) else None


def example_picture(folder: Path, name: str) -> Path | None:
    """The picture of an example. Raises PathError when the name leads elsewhere."""
    path = inside(folder, f"{name}{PICTURE}")
    return path if path.is_file() else None


def _is_schema(path: Path) -> bool:
    return path.name.endswith(".schema.json")


def _readable(folder: Path) -> Iterator[tuple[Path, Workflow]]:
    for path in sorted(folder.glob("*.json")) if folder.is_dir() else ():
        if not _is_schema(path):
            try:
                yield path, load(path.read_bytes())
            except WorkflowError:
                continue  # A test of the examples says what is wrong with it; the others are still useful.


def _described(path: Path, workflow: Workflow, catalogue: Catalogue | None, models: ModelFolders | None) -> Example:
    extra, name = workflow.document.extra, path.stem
    needs = sorted(_needs(workflow, catalogue, models)) if catalogue and models else []
    description = str(extra.get("description", ""))
    has_picture = path.with_suffix(PICTURE).is_file()
    return Example(name, workflow.title or name, description, extra.get("first") is True, has_picture, needs)


def _needs(workflow: Workflow, catalogue: Catalogue, models: ModelFolders) -> set[Need]:
    """The model files that an example's nodes name."""
    found = set()
    for node in workflow.document.nodes.values():
        schema = catalogue.nodes.get(node.type)
        for given in schema.inputs if schema else ():
            file = node.inputs.get(given.name)
            if given.widget and given.widget["kind"] == "model_file" and isinstance(file, str):
                folder = str(given.widget["folder"])
                found.add(Need(folder, file, models.find(folder, file) is not None))
    return found
