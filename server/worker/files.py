"""The folders a worker reads and writes, and the files that inputs may name in them.

A name never leads out of its folder: what counts is where the path ends after every link is followed.
"""

from __future__ import annotations

import errno
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import nodes
from nodes.api import Input
from nodes.sentences import files as of_files
from server.model_folders import ModelFolders, gather
from server.worker import sentences as say

PICTURES = {".png", ".jpg", ".jpeg", ".webp", ".gif", ".bmp", ".tif", ".tiff", ".avif"}
NO_MODELS = {".md", ".txt", ".json", ".yaml", ".yml", ".part", ".tmp", ".crdownload", ".html", *PICTURES}
"""Ends of files that lie beside models and are none."""
SHIPPED = Path(nodes.__file__).parent
INPUT = "input"


class FileFault(OSError):
    """A file that cannot be had, in words."""

    def __init__(self, what: str, fix: str) -> None:
        super().__init__(errno.ENOENT, what)
        self.what, self.fix = what, fix

    def __str__(self) -> str:
        return self.what


@dataclass(frozen=True)
class Folders:
    """Where everything lies. The first of several packs folders is the user's own; the others are read-only."""

    home: Path
    results: Path
    packs: tuple[Path, ...]
    extra: tuple[Path, ...] = ()
    model_paths: Path | None = None

    @classmethod
    def of(
        cls, home: Path, results: Path | None = None, extra: Iterable[Path] = (), model_paths: Path | None = None
    ) -> Folders:
        """The folders of a home; `extra` and `model_paths` are those of `Config`."""
        packs = (home / "custom_nodes", SHIPPED.parent / "custom_nodes")
        return cls(home, results or home / "results", packs, tuple(extra), model_paths)

    @property
    def models(self) -> ModelFolders:
        """Where model files lie, by a paths file as it stands now."""
        return gather(self.home, self.extra, self.model_paths, SHIPPED.parent)

    @property
    def cache(self) -> Path:
        return self.home / "cache"

    @property
    def previews(self) -> Path:
        return self.cache / "previews"

    def names(self, folder: str) -> list[str]:
        """The files of a models folder, or the pictures of the input folder for "input", for a dropdown."""
        if folder == INPUT:
            root = self.home / INPUT
            found = sorted(_files(root), key=lambda path: path.as_posix().lower())
            return [path.relative_to(root).as_posix() for path in found if path.suffix.lower() in PICTURES]
        return [name for name in self.models.files(folder) if Path(name).suffix.lower() not in NO_MODELS]

    def find(self, input: Input, name: str) -> Path:
        """The file a constant of `input` names, with every link followed. Raises FileFault."""
        widget = input.widget or {}
        folder = INPUT if widget.get("kind") == "image_file" else str(widget.get("folder", ""))
        found = inside(self.home / INPUT, name) if folder == INPUT else self.models.find(folder, name)
        if found is not None and found.is_file():
            return found
        if folder == INPUT:
            raise FileFault(of_files.GONE(file=f"{INPUT}/{name}"), of_files.PUT_BACK())
        out = self.models.leads_out(folder, name)
        if out is not None and out.is_file():
            raise FileFault(
                say.FILE_LEADS_OUT(file=f"models/{folder}/{name}", target=out), say.NAME_FOLDER(folder=out.parent)
            )
        raise FileFault(of_files.GONE(file=f"models/{folder}/{name}"), of_files.PUT_BACK())


def inside(root: Path, name: str) -> Path | None:
    """The path of `name` in `root`, with every link followed; None where that leads out of it."""
    if "\0" in name:
        return None
    base = root.resolve()
    path = (base / name).resolve()
    return path if path.is_relative_to(base) else None


def _files(root: Path) -> Iterator[Path]:
    if not root.is_dir():
        return
    for path in root.rglob("*"):
        if path.is_file() and not any(part.startswith(".") for part in path.relative_to(root).parts):
            yield path
