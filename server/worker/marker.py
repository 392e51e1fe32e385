"""Remembers which pack is being imported, so that one that ends the whole process is not tried for ever."""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Iterator
from pathlib import Path

TRIES = 2


class ImportMarker:
    """A small file that says which pack is being imported by which process. Without a file it does nothing."""

    def __init__(self, file: Path | None) -> None:
        self._file = file
        self._fatal = self._read()

    def refuses(self, pack: str) -> str:
        """Why a pack is not imported; empty when it may be."""
        ended = self._fatal.get(pack, 0)
        if ended < TRIES:
            return ""
        return f"It ended the worker the last {ended} times it was imported. Repair it, then look for packs again.\n"

    def forgive(self) -> None:
        """The user asked to look again: every pack may be tried."""
        self._fatal = {}

    @contextlib.contextmanager
    def importing(self, pack: str) -> Iterator[None]:
        """Within, the file names this pack; only a process that ends here leaves it there."""
        self._write({**self._fatal, pack: self._fatal.get(pack, 0) + 1})
        yield
        self._fatal.pop(pack, None)
        self._write(self._fatal)

    def _read(self) -> dict[str, int]:
        if self._file is None:
            return {}
        try:
            known = json.loads(self._file.read_text("utf-8"))
        except (OSError, ValueError):
            return {}
        if not isinstance(known, dict) or _is_running(known.get("process")):
            return {}  # another worker is at its imports right now
        ended = known.get("packs")
        return {str(k): int(v) for k, v in ended.items()} if isinstance(ended, dict) else {}

    def _write(self, fatal: dict[str, int]) -> None:
        if self._file is None:
            return
        with contextlib.suppress(OSError):
            self._file.parent.mkdir(parents=True, exist_ok=True)
            self._file.write_text(json.dumps({"process": os.getpid(), "packs": fatal}), "utf-8")


def _is_running(process: object) -> bool:
    import psutil

    return isinstance(process, int) and process != os.getpid() and psutil.pid_exists(process)
