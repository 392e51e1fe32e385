"""GGUF files: their header, in the words of `Header`. The format is that of ggml (versions 2 and 3, little-endian)."""

from __future__ import annotations

import math
import struct
from dataclasses import replace
from pathlib import Path
from typing import Any, BinaryIO, TypeGuard

from nodes.diffusion.header import AGAIN, PICK, Entry, Header, UnusableFile, WeightsFile
from nodes.diffusion.quants import BLOCKS, TYPES
from nodes.sentences import files as say

VERSIONS = (2, 3)
ALIGNMENT = 32
MOST = 1_000_000
"""More tensors, entries or letters than any model has: such a header is damaged."""
NUMBERS = {0: "B", 1: "b", 2: "H", 3: "h", 4: "I", 5: "i", 6: "f", 7: "?", 10: "Q", 11: "q", 12: "d"}
"""Kinds of values in the header, as struct spells them."""
STRING, ARRAY = 8, 9
ORIGINAL_SHAPE = "comfy.gguf.orig_shape."
"""Before the shapes of convolutions, which the format cannot hold."""


class BadHeader(ValueError):
    """What in the header makes no sense."""


def read_gguf(path: Path) -> Header:
    """Describe a GGUF file. Raises `UnusableFile` when it is damaged or holds tensors of unknown types."""
    stat = path.stat()
    try:
        with path.open("rb") as file:
            values, entries = read_parts(file, path)
    except (BadHeader, struct.error, UnicodeDecodeError, OverflowError) as error:
        raise UnusableFile(say.GGUF_DAMAGED(file=path.name, error=error), AGAIN) from None
    end = max((entry.stop for entry in entries.values()), default=0)
    if end > stat.st_size:
        raise UnusableFile(say.CUT_SHORT(file=path.name, have=stat.st_size, need=end), AGAIN)
    if not entries:
        raise UnusableFile(say.NO_TENSORS(file=path.name), PICK)
    words = {key: str(value) for key, value in values.items() if isinstance(value, str | int | float)}
    return Header((WeightsFile(path, stat.st_size, stat.st_mtime_ns),), entries, words)


def read_parts(file: BinaryIO, path: Path) -> tuple[dict[str, Any], dict[str, Entry]]:
    """The header's values, and the tensors."""
    _, version, tensors, count = unpack(file, "4sIQQ")
    if version not in VERSIONS:
        raise BadHeader(f"its version is {version}, and versions 2 and 3 are known")
    if tensors > MOST or count > MOST:
        raise BadHeader("its header has impossible numbers")
    values: dict[str, Any] = {}
    for _ in range(count):
        key = read_text(file)
        values[key] = read_value(file, unpack(file, "I")[0])
    rows = [read_row(file) for _ in range(tensors)]
    alignment = values.get("general.alignment", ALIGNMENT)
    if not isinstance(alignment, int) or alignment < 1:
        raise BadHeader("its alignment makes no sense")
    base = -(-file.tell() // alignment) * alignment
    entries: dict[str, Entry] = {}
    for name, shape, kind, offset in rows:
        if name in entries:
            raise BadHeader(f"it lists {name!r} twice")
        entry = make_entry(path, name, shape, kind, base + offset)
        original = values.get(ORIGINAL_SHAPE + name)
        if is_shape(original) and math.prod(original) == math.prod(shape):
            entry = replace(entry, shape=tuple(original))
        entries[name] = entry
    return values, entries


def is_shape(value: Any) -> TypeGuard[list[int]]:
    return isinstance(value, list) and all(isinstance(edge, int) and edge > 0 for edge in value)


def make_entry(path: Path, name: str, shape: tuple[int, ...], kind: int, start: int) -> Entry:
    dtype = TYPES.get(kind)
    if dtype is None:
        raise UnusableFile(
            say.GGUF_TYPE(file=path.name, name=name, kind=kind),
            say.GET_AS(kinds=", ".join(BLOCKS)),
        )
    values, size = BLOCKS[dtype]
    if not shape or shape[-1] % values:
        raise BadHeader(f"{name!r} has an impossible shape")
    return Entry(dtype, shape, start, start + math.prod(shape) // values * size, path)


def read_row(file: BinaryIO) -> tuple[str, tuple[int, ...], int, int]:
    """A tensor's name, shape (rows first), number of type, and offset."""
    name = read_text(file)
    (rank,) = unpack(file, "I")
    if rank > 8:
        raise BadHeader(f"{name!r} has an impossible shape")
    shape = unpack(file, f"{rank}Q")[::-1]
    kind, offset = unpack(file, "IQ")
    if math.prod(shape) > 2**48 or offset > 2**60:
        raise BadHeader(f"{name!r} has an impossible shape")
    return name, shape, kind, offset


def read_value(file: BinaryIO, kind: int) -> Any:
    if kind == STRING:
        return read_text(file)
    if kind == ARRAY:
        inner, count = unpack(file, "IQ")
        if count > MOST:
            raise BadHeader("its header has impossible numbers")
        if inner in NUMBERS:
            return list(unpack(file, f"{count}{NUMBERS[inner]}"))
        if inner != STRING:
            raise BadHeader("its header has values of an unknown kind")
        return [read_text(file) for _ in range(count)]
    if kind not in NUMBERS:
        raise BadHeader("its header has values of an unknown kind")
    return unpack(file, NUMBERS[kind])[0]


def read_text(file: BinaryIO) -> str:
    (length,) = unpack(file, "Q")
    if length > MOST:
        raise BadHeader("its header has impossible numbers")
    return file.read(length).decode("utf-8")


def unpack(file: BinaryIO, layout: str) -> tuple[Any, ...]:
    size = struct.calcsize(f"<{layout}")
    data = file.read(size)
    if len(data) < size:
        raise BadHeader("its header is cut short")
    return struct.unpack(f"<{layout}", data)
