"""The cache: results by slot, in memory and on disk. A result found here is one that need not be made."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from server.engine.disk_tier import Codec, DiskTier
from server.engine.memory_tier import Entry, Made, MemoryTier

DEAR = 0.05
"""Seconds of work after which a result is written to disk at once, should the process be killed."""


@dataclass(frozen=True)
class Use:
    """What the tiers hold and may hold at most, in bytes."""

    memory: int
    memory_limit: int
    disk: int
    disk_limit: int


def measure(value: Any) -> int:
    """The bytes a value takes, about: for values of plain Python. The worker has one that knows tensors."""
    size = sys.getsizeof(value)
    if isinstance(value, (list, tuple, set, frozenset)):
        size += sum(map(measure, value))
    elif isinstance(value, dict):
        size += sum(measure(key) + measure(item) for key, item in value.items())
    return size


class Cache:
    """Both tiers as one. Without a folder, results are kept in memory only."""

    def __init__(
        self,
        memory_limit: int,
        disk_limit: int = 0,
        folder: Path | None = None,
        codec: Codec | None = None,
        measure: Callable[[Any], int] = measure,
    ) -> None:
        self._memory = MemoryTier(memory_limit, measure)
        self._disk = DiskTier(folder, codec, disk_limit) if folder is not None and codec is not None else None

    def __contains__(self, slot: str) -> bool:
        return slot in self._memory or (self._disk is not None and slot in self._disk)

    def made(self, slot: str) -> tuple[Made, ...]:
        """What the node of this entry made beside its outputs."""
        made = self._disk.made(slot) if self._disk is not None else None
        if made is not None:
            return made
        entry = self._memory.get(slot)
        return entry.made if entry is not None else ()

    def recall(self, slot: str) -> Entry | None:
        """An entry that is in memory."""
        entry = self._memory.get(slot)
        return entry if entry is not None or self._disk is None else self._disk.unwritten(slot)

    def load(self, slot: str) -> Entry | None:
        """An entry from either tier; may read a file. None where there is none, or it is damaged."""
        entry = self.recall(slot)
        if entry is None and self._disk is not None:
            entry = self._disk.load(slot)
            if entry is not None:
                self._memory.put(slot, entry)
        return entry

    def keep(self, slot: str, entry: Entry, seconds: float) -> None:
        """Keep what a node gave after `seconds` of work."""
        self._memory.put(slot, entry)
        if self._disk is not None and self._disk.limit:
            self._disk.put(slot, entry, urgent=seconds >= DEAR)

    def drop(self, slot: str) -> None:
        """Forget one entry."""
        self._memory.drop(slot)
        if self._disk is not None:
            self._disk.drop(slot)

    def clear(self) -> None:
        """Forget every entry."""
        self._memory.clear()
        if self._disk is not None:
            self._disk.clear()

    def set_limits(self, memory: int, disk: int) -> None:
        """Change the budgets, in bytes; what no longer fits leaves at once."""
        self._memory.set_limit(memory)
        if self._disk is not None:
            self._disk.set_limit(disk)

    def use(self) -> Use:
        disk = self._disk
        held, limit = (disk.used, disk.limit) if disk is not None else (0, 0)
        return Use(self._memory.used, self._memory.limit, held, limit)

    def flush(self) -> None:
        """Return when everything kept so far is on disk."""
        if self._disk is not None:
            self._disk.flush()

    def close(self) -> None:
        """Write what waits. The cache is not used after this."""
        if self._disk is not None:
            self._disk.close()
