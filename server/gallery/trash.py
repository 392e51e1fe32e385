"""Deleted results wait in a folder beside the others, under the same names, until they are brought back or gone.

The rows are changed first and the files after them, so each function here takes a file that is already where it
should be as it is.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

from server.paths import PathError, inside
from server.store.gallery import TRASH

KEPT = 30 * 86_400.0
"""Seconds that a file stays in the trash."""


def put_away(results: Path, names: Iterable[str]) -> None:
    """Move files into the trash; one that is gone already stays so."""
    for place, away in _both(results, names):
        if place.is_file():
            away.parent.mkdir(parents=True, exist_ok=True)
            place.replace(away)


def bring_back(results: Path, names: Iterable[str]) -> list[str]:
    """Move files back to their places; gives the names of those whose place is taken or whose file is gone."""
    lost = []
    for name, (place, away) in zip(names, _both(results, names), strict=True):
        if away.is_file() and not place.exists():
            place.parent.mkdir(parents=True, exist_ok=True)
            away.replace(place)
        elif away.is_file() or not place.is_file():
            lost.append(name)
    return lost


def throw_away(results: Path, names: Iterable[str]) -> None:
    """Delete files of the trash for good."""
    for _, away in _both(results, names):
        away.unlink(missing_ok=True)


def _both(results: Path, names: Iterable[str]) -> Iterator[tuple[Path, Path]]:
    """Where each file belongs, and where it waits. A name that leads out of the folder names no file of ours."""
    for name in names:
        try:
            yield inside(results, name), inside(results, f"{TRASH}/{name}")
        except PathError:
            nowhere = results / TRASH / ".nothing"
            yield nowhere, nowhere
