"""The folders a worker reads and writes, and the files that inputs may name in them.

A name never leads out of its folder: what counts is where the path ends after every link is followed.
"""

from __future__ import annotations

import errno
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import nodes
from nodes.api import Input

PICTURES = {".png", ".jpg", ".jpeg", ".webp", ".gif", ".bmp", ".tif", ".tiff", ".avif"}
NO_MODELS = {".md", ".txt", ".json", ".yaml", ".yml", ".part", ".tmp", ".crdownload", ".html", *PICTURES}
"""Ends of files that lie beside models and are none."""
SHIPPED = Path(nodes.__file__).parent


class FileFault(OSError):
    """A file that cannot be had, in words."""

    def __init__(self, what: str, fix: str) -> None:
        super().__init__(errno.ENOENT, what)
        self.what, self.fix = what, fix

    def __str__(self) -> str:
        return self.what


@dataclass(frozen=True)
class Folders:
    """Where everything lies. The first of several roots is the user's own; the others are read-only."""

    home: Path
    results: Path
    models: tuple[Path, ...]
    packs: tuple[Path, ...]

    @classmethod
    def of(cls, home: Path, results: Path | None = None) -> Folders:
        packs = (home / "custom_nodes", SHIPPED.parent / "custom_nodes")
        shipped = SHIPPED / "demo" / "models"
        inside = [pack / "models" for root in packs for pack in _folders(root)]
        return cls(home, results or home / "results", (home / "models", shipped, *inside), packs)

    @property
    def cache(self) -> Path:
        return self.home / "cache"

    @property
    def previews(self) -> Path:
        return self.cache / "previews"

    def names(self, folder: str) -> list[str]:
        """The files of a models folder, or the pictures of the input folder for "input", for a dropdown."""
        found: dict[str, None] = {}
        for root in self._roots(folder):
            for path in sorted(_files(root), key=lambda path: path.as_posix().lower()):
                picture = path.suffix.lower() in PICTURES
                if picture if folder == "input" else path.suffix.lower() not in NO_MODELS:
                    found[path.relative_to(root).as_posix()] = None
        return list(found)

    def find(self, input: Input, name: str) -> Path:
        """The file a constant of `input` names, with every link followed. Raises FileFault."""
        widget = input.widget or {}
        folder = "input" if widget.get("kind") == "image_file" else str(widget.get("folder", ""))
        for root in self._roots(folder):
            found = inside(root, name)
            if found is not None and found.is_file():
                return found
        where = "input" if folder == "input" else f"models/{folder}"
        raise FileFault(f"{where}/{name} is gone.", "Put it back, or pick another file.")

    def _roots(self, folder: str) -> list[Path]:
        if folder == "input":
            return [self.home / "input"]
        # The folder's name is a node's own word, not a user's: it may be a link to another disk.
        return [root / folder for root in self.models]


def inside(root: Path, name: str) -> Path | None:
    """The path of `name` in `root`, with every link followed; None where that leads out of it."""
    if "\0" in name:
        return None
    base = root.resolve()
    path = (base / name).resolve()
    return path if path.is_relative_to(base) else None


def _folders(root: Path) -> list[Path]:
    return sorted(entry for entry in root.iterdir() if entry.is_dir()) if root.is_dir() else []


def _files(root: Path) -> Iterator[Path]:
    if not root.is_dir():
        return
    for path in root.rglob("*"):
        if path.is_file() and not any(part.startswith(".") for part in path.relative_to(root).parts):
            yield path
