"""Results as one ZIP file, made while it is sent: neither memory nor the disk holds it whole."""

from __future__ import annotations

import io
import time
import uuid
from collections import OrderedDict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from zipfile import ZIP_STORED, ZipFile, ZipInfo

from server.graph.bare import without_words
from server.paths import PathError, inside
from server.store.gallery import ResultInfo

PIECE = 2**20
"""Bytes that are read at once."""
KEPT = 32
"""Exports that wait to be fetched; the oldest is forgotten for a new one."""
MISSING = "missing.txt"


@dataclass(frozen=True)
class Export:
    """What goes into a ZIP; `words` when the pictures keep their workflows inside."""

    results: Sequence[ResultInfo]
    words: bool


class Exports:
    """Exports by a name that is hard to guess; a browser fetches what the page asked for."""

    def __init__(self) -> None:
        self._waiting: OrderedDict[str, Export] = OrderedDict()

    def add(self, export: Export) -> str:
        name = uuid.uuid4().hex
        self._waiting[name] = export
        while len(self._waiting) > KEPT:
            self._waiting.popitem(last=False)
        return name

    def get(self, name: str) -> Export | None:
        return self._waiting.get(name)


class _Pipe(io.RawIOBase):
    """What the ZIP's writer writes to: kept until it is taken."""

    def __init__(self) -> None:
        self._written = bytearray()

    def writable(self) -> bool:
        return True

    def write(self, data: bytes) -> int:  # type: ignore[override]  # a Buffer is what ZipFile gives
        self._written += data
        return len(data)

    def take(self) -> bytes:
        taken, self._written = bytes(self._written), bytearray()
        return taken


def pieces(export: Export, folder: Path) -> Iterator[bytes]:
    """The bytes of the ZIP, a piece at a time. Files that are gone are named in `missing.txt`."""
    pipe, missing = _Pipe(), []
    with ZipFile(pipe, "w", ZIP_STORED) as zipped:
        for result in export.results:
            try:
                yield from _file(zipped, pipe, inside(folder, result.path), result, export.words)
            except (OSError, PathError):
                missing.append(result.path)
        if missing:
            zipped.writestr(MISSING, "\n".join(missing) + "\n")
    yield pipe.take()


def _file(zipped: ZipFile, pipe: _Pipe, path: Path, result: ResultInfo, words: bool) -> Iterator[bytes]:
    entry = ZipInfo(result.path, time.localtime(max(result.created, 315_619_200.0))[:6])  # not before 1980
    with path.open("rb") as file:
        if not words and result.kind == "image":
            zipped.writestr(entry, without_words(file.read()))
            yield pipe.take()
            return
        entry.file_size = path.stat().st_size
        with zipped.open(entry, "w", force_zip64=entry.file_size > 2**31) as target:
            while piece := file.read(PIECE):
                target.write(piece)
                yield pipe.take()
