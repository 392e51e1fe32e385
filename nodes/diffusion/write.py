"""Writes safetensors files one tensor at a time, so that memory never holds a whole model."""

from __future__ import annotations

import json
import math
import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Literal

import torch
from torch import Tensor

from nodes.diffusion.explained import Explained
from nodes.diffusion.header import ITEM_BYTES
from nodes.sentences import models as say

Precision = Literal["float16", "bfloat16", "float32"]
SPELT = {"float16": "F16", "bfloat16": "BF16", "float32": "F32"}
ALIGNMENT = 8
Shapes = Mapping[str, Sequence[int]]
Track = Callable[[Sequence[str]], Iterable[str]]
"""Goes through names, telling progress; may raise to stop."""


def write_tensors(
    path: Path,
    shapes: Shapes,
    read: Callable[[str], Tensor],
    precision: Precision,
    metadata: Mapping[str, str],
    track: Track = iter,
) -> None:
    """Write tensors by name, each read when its turn comes. The file appears when it is whole."""
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        with unfinished.open("wb") as file:
            file.write(header_of(shapes, precision, metadata))
            for name in track(list(shapes)):
                tensor = read(name)
                if tuple(tensor.shape) != tuple(shapes[name]):
                    raise ValueError(f"{name} is {tuple(tensor.shape)}, and {tuple(shapes[name])} was announced")
                file.write(bytes_of(tensor.to(getattr(torch, precision))))
            file.flush()
            os.fsync(file.fileno())
        unfinished.replace(path)
    finally:
        unfinished.unlink(missing_ok=True)


def header_of(shapes: Shapes, precision: Precision, metadata: Mapping[str, str]) -> bytes:
    """Eight bytes of length, then JSON, filled up so that tensors are aligned."""
    table: dict[str, object] = {"__metadata__": dict(metadata)} if metadata else {}
    place = 0
    for name, shape in shapes.items():
        end = place + math.prod(shape) * ITEM_BYTES[SPELT[precision]]
        table[name] = {"dtype": SPELT[precision], "shape": list(shape), "data_offsets": [place, end]}
        place = end
    text = json.dumps(table, separators=(",", ":")).encode()
    text += b" " * (-len(text) % ALIGNMENT)
    return len(text).to_bytes(8, "little") + text


def bytes_of(tensor: Tensor) -> bytes:
    return tensor.detach().cpu().contiguous().flatten().view(torch.uint8).numpy().tobytes() if tensor.numel() else b""


def free_place(folder: Path, name: str, suffix: str = ".safetensors") -> Path:
    """A file of a name with the first number that no file there has. Raises `BadName`."""
    cleaned = name.strip().removesuffix(suffix)
    parts = cleaned.split("/")
    if not cleaned or any(not fits(part) for part in parts):
        what = say.NAME_LEADS_OUT(name=name, folder=folder.name)
        raise BadName(what, say.USE_LETTERS())
    place = folder.joinpath(*parts)
    return next(path for path in numbered(place, suffix) if not path.exists())


def numbered(place: Path, suffix: str) -> Iterator[Path]:
    number = 0
    while True:
        number += 1
        yield place.with_name(f"{place.name}_{number:05}{suffix}")


def fits(part: str) -> bool:
    """Whether a name may be a file's on every system."""
    plain = part == part.strip(" .") and part.isprintable() and len(part) <= 120
    return bool(part) and plain and not any(letter in '<>:"|?*\\' for letter in part)


class BadName(Explained, ValueError):
    """A name that cannot be a file's."""
