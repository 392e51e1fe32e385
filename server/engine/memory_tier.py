"""The results in memory: within a byte budget, the least recently used leave first."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

Made = Mapping[str, Any]
"""A file or text that a node made, as plain JSON data. Only the host of a run knows what it says."""


@dataclass(frozen=True, slots=True)
class Entry:
    """What one run of a node gave: its outputs in order, and what it made beside them."""

    values: tuple[Any, ...]
    made: tuple[Made, ...] = ()


class MemoryTier:
    """Entries by slot. Safe to use from several threads."""

    def __init__(self, limit: int, measure: Callable[[Any], int]) -> None:
        self.limit = limit
        self.used = 0
        self._measure = measure
        self._entries: OrderedDict[str, tuple[Entry, int]] = OrderedDict()
        self._lock = threading.Lock()

    def __contains__(self, slot: str) -> bool:
        return slot in self._entries

    def get(self, slot: str) -> Entry | None:
        with self._lock:
            found = self._entries.get(slot)
            if found is None:
                return None
            self._entries.move_to_end(slot)
            return found[0]

    def put(self, slot: str, entry: Entry) -> None:
        size = self._measure(entry.values)
        with self._lock:
            self._drop(slot)
            if size > self.limit:
                return
            self._entries[slot] = entry, size
            self.used += size
            self._shrink()

    def drop(self, slot: str) -> None:
        with self._lock:
            self._drop(slot)

    def clear(self) -> None:
        with self._lock:
            self._entries.clear()
            self.used = 0

    def set_limit(self, limit: int) -> None:
        with self._lock:
            self.limit = limit
            self._shrink()

    def _drop(self, slot: str) -> None:
        found = self._entries.pop(slot, None)
        if found is not None:
            self.used -= found[1]

    def _shrink(self) -> None:
        while self.used > self.limit:
            _, (_, size) = self._entries.popitem(last=False)
            self.used -= size
