"""Weights by recipe: loaded once, kept while they fit, the least recently used leave first."""

from __future__ import annotations

import gc
import sys
import threading
from collections import OrderedDict
from typing import Any, Protocol

import psutil

from server.worker.device import Device

SHARE_OF_COMPUTER = 0.5
SHARE_OF_DEVICE = 0.85


class Recipe(Protocol):
    """As in nodes.types: frozen and hashable; `size` is what it takes in float32, in bytes."""

    @property
    def size(self) -> int: ...

    def load(self, device: str, dtype: str) -> Any: ...


def budget_of(device: Device) -> int:
    """Bytes that weights may take."""
    if device.memory:
        return int(device.memory * SHARE_OF_DEVICE)
    return int(psutil.virtual_memory().total * SHARE_OF_COMPUTER)


class Weights:
    """What recipes gave on one device. Safe to use from several threads; loads one at a time."""

    def __init__(self, device: Device, budget: int | None = None) -> None:
        self._device = device
        self._budget = budget_of(device) if budget is None else budget
        self._loaded: OrderedDict[Recipe, tuple[Any, int]] = OrderedDict()
        self._lock = threading.RLock()

    def get(self, recipe: Recipe) -> Any:
        """The weights of a recipe. Raises what its `load` raises."""
        with self._lock:
            found = self._loaded.get(recipe)
            if found is not None:
                self._loaded.move_to_end(recipe)
                return found[0]
            size = recipe.size // (1 if self._device.dtype == "float32" else 2)
            self._make_room(size)
            weights = self._load(recipe)
            self._loaded[recipe] = weights, size
            return weights

    def clear(self) -> None:
        with self._lock:
            self._loaded.clear()
            _give_back()

    def _load(self, recipe: Recipe) -> Any:
        try:
            return recipe.load(self._device.kind, self._device.dtype)
        except (MemoryError, RuntimeError) as error:
            if not self._loaded or not _is_out_of_memory(error):
                raise
        # Outside the handler, which would keep the half-loaded weights alive.
        print("worker: memory is short; every other model leaves it", file=sys.stderr)
        self.clear()
        return recipe.load(self._device.kind, self._device.dtype)

    def _make_room(self, size: int) -> None:
        left = False
        while self._loaded and sum(held for _, held in self._loaded.values()) + size > self._budget:
            self._loaded.popitem(last=False)
            left = True
        if left:
            _give_back()


def _is_out_of_memory(error: BaseException) -> bool:
    return isinstance(error, MemoryError) or type(error).__name__ == "OutOfMemoryError" or "memory" in str(error)


def _give_back() -> None:
    gc.collect()
    torch = sys.modules.get("torch")
    if torch is not None and torch.cuda.is_initialized():
        torch.cuda.empty_cache()
