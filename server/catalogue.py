"""The catalogue as the web process has it: what the worker said last, else what it said before the last stop.

The text is passed on as it came and decoded once for each revision.
"""

from __future__ import annotations

import asyncio
from pathlib import Path

import msgspec

from server.graph.catalogue import Catalogue, from_json


class CatalogueShelf:
    """The newest catalogue, and its copy on the disk."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._arrived = asyncio.Event()
        self.text = b""
        self.catalogue: Catalogue | None = None

    @property
    def revision(self) -> str:
        """Empty while there is no catalogue."""
        return self.catalogue.revision if self.catalogue is not None else ""

    async def load(self) -> None:
        """Take the copy of an earlier start; a damaged or missing one is as good as none."""
        try:
            text = await asyncio.to_thread(self._path.read_bytes)
            catalogue = await asyncio.to_thread(from_json, text)
        except (OSError, msgspec.DecodeError, ValueError):
            return
        if self.catalogue is None:
            self._take(text, catalogue)

    def put(self, text: bytes) -> bool:
        """Take what a worker said; whether it is new. Raises msgspec.DecodeError when it is no catalogue."""
        if text == self.text:
            return False
        catalogue = from_json(text)
        changed = catalogue.revision != self.revision
        self._take(text, catalogue)
        return changed

    def _take(self, text: bytes, catalogue: Catalogue) -> None:
        self.text = text
        self.catalogue = catalogue
        self._arrived.set()

    async def keep(self) -> None:
        """Write the copy for the next start."""
        await asyncio.to_thread(_replace, self._path, self.text)

    async def wait(self, seconds: float) -> Catalogue | None:
        """The catalogue, waited for when there is none yet."""
        if self.catalogue is None:
            try:
                await asyncio.wait_for(self._arrived.wait(), seconds)
            except TimeoutError:
                return None
        return self.catalogue


def _replace(path: Path, content: bytes) -> None:
    temporary = path.with_suffix(".part")
    temporary.write_bytes(content)
    temporary.replace(path)
