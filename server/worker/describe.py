"""A value in words and numbers, for whoever looks at a link: shapes, ranges, texts, and what it is made of.

Reads values and changes none. What it says is bounded, however large the value is.
"""

from __future__ import annotations

import dataclasses
import sys
from collections.abc import Iterable
from enum import Enum
from pathlib import PurePath
from typing import Any

import numpy as np
from numpy.typing import NDArray

from server.messages import Spread, ValuePart

LONGEST = 20_000
"""Letters of a text that is shown whole."""
LONGEST_WITHIN = 400
"""The same for a text inside another value."""
MOST_PARTS = 32
"""Parts of one value that are shown."""
DEEPEST = 6
BINS = 48
SAMPLED = 2**22
"""Numbers of a tensor that are looked at; of a larger one every second, third … is."""


def describe(value: Any, name: str = "", depth: int = 0) -> ValuePart:
    """What a value is; parts are described down to `DEEPEST`."""
    if value is None:
        return ValuePart(name, "nothing")
    if isinstance(value, Enum):
        return ValuePart(name, "text", value.name)
    if isinstance(value, (bool, int, float)):
        return ValuePart(name, "number", repr(value), dtype=type(value).__name__)
    if isinstance(value, str):
        return ValuePart(name, "text", _cut(value, LONGEST if depth == 0 else LONGEST_WITHIN))
    if isinstance(value, PurePath):
        return ValuePart(name, "file", value.name)
    if is_tensor(value):
        return describe_tensor(value, name)
    if depth >= DEEPEST:
        return ValuePart(name, "other", type(value).__name__)
    if isinstance(value, (list, tuple)) and not hasattr(value, "_fields"):
        named = ((str(at + 1), item) for at, item in enumerate(value))
        return _whole(name, "list", "", named, len(value), depth)
    if isinstance(value, dict):
        return _whole(name, "list", "", ((str(key), item) for key, item in value.items()), len(value), depth)
    fields = fields_of(value)
    if fields is not None:
        said = [(field, held) for field, held in fields if held is not None]
        return _whole(name, "record", type(value).__name__, said, len(said), depth)
    return ValuePart(name, "other", type(value).__name__)


def fields_of(value: Any) -> list[tuple[str, Any]] | None:
    """The fields of a dataclass or named tuple; None for anything else."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return [(field.name, getattr(value, field.name)) for field in dataclasses.fields(value)]
    names = getattr(value, "_fields", None)
    if names is not None and isinstance(value, tuple):
        return list(zip(names, value, strict=True))
    return None


def describe_tensor(tensor: Any, name: str) -> ValuePart:
    """Shape, dtype and how the numbers lie."""
    shape = [int(edge) for edge in tensor.shape]
    dtype = str(tensor.dtype).removeprefix("torch.")
    return ValuePart(name, "tensor", "", shape, dtype, spread_of(_numbers(tensor)))


def spread_of(numbers: NDArray[np.float32]) -> Spread | None:
    """Range, mean, deviation and histogram of numbers; None where none is finite."""
    finite = numbers[np.isfinite(numbers)]
    odd = int(numbers.size - finite.size)
    if not finite.size:
        return None
    low, high = float(finite.min()), float(finite.max())
    # As doubles: the width of a range of float32 numbers may not be one. Numbers all alike fill the first bin.
    doubles = finite.astype(np.float64)
    places = ((doubles - low) * (BINS / (high - low))).astype(np.int64) if high > low else np.zeros(finite.size, int)
    counts = np.bincount(places.clip(0, BINS - 1), minlength=BINS)
    deviation = float(finite.std(dtype=np.float64))
    return Spread(low, high, float(finite.mean(dtype=np.float64)), deviation, [int(count) for count in counts], odd)


def is_tensor(value: Any) -> bool:
    torch = sys.modules.get("torch")
    return torch is not None and isinstance(value, torch.Tensor)


def _numbers(tensor: Any) -> NDArray[np.float32]:
    flat = tensor.detach().flatten()
    step = max(1, -(-flat.numel() // SAMPLED))
    numbers: NDArray[np.float32] = flat[::step].float().cpu().numpy()
    return numbers


def _whole(name: str, kind: Any, text: str, parts: Iterable[tuple[str, Any]], count: int, depth: int) -> ValuePart:
    shown = [describe(item, label, depth + 1) for (label, item), _ in zip(parts, range(MOST_PARTS), strict=False)]
    return ValuePart(name, kind, text, parts=shown, more=count - len(shown))


def _cut(text: str, longest: int) -> str:
    # Half characters cannot be sent.
    safe = text[: longest + 1].encode("utf-8", "replace").decode("utf-8")
    return safe if len(safe) <= longest else f"{safe[:longest]}…"
