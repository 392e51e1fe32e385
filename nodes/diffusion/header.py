"""What weights files hold, read from their headers alone.

Nothing here reads weights: a checkpoint of any size is described in milliseconds, and a file that is
not what its name says is refused in words before anything is loaded.

A `Header` also describes a part of a file under other names: layouts (see ldm.py) turn what a file holds
into what a module of diffusers or transformers needs, entry by entry.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from nodes.diffusion.explained import Explained
from nodes.sentences import files as say

ITEM_BYTES = {
    "F64": 8, "I64": 8, "U64": 8, "F32": 4, "I32": 4, "U32": 4, "F16": 2, "BF16": 2, "I16": 2, "U16": 2,
    "F8_E4M3": 1, "F8_E5M2": 1, "I8": 1, "U8": 1, "BOOL": 1,
}  # fmt: skip
LARGEST_HEADER = 100_000_000
AGAIN = say.DOWNLOAD_AGAIN()
PICK = say.PICK_CHECKPOINT()
SOURCE = say.FIRST_SOURCE()


class UnusableFile(Explained, ValueError):
    """A file that cannot be used as asked: which file and what it looks like, and in `fix` what to do."""


@dataclass(frozen=True)
class WeightsFile:
    """A file as it was seen. Equal values mean the same weights."""

    path: Path
    size: int
    modified: int
    """Nanoseconds since 1970."""


@dataclass(frozen=True)
class Entry:
    """Where a tensor lies: bytes from the start of a file, and what to do with them once they are read."""

    dtype: str
    shape: tuple[int, ...]
    start: int
    stop: int
    path: Path
    turned: bool = False
    """Whether the module holds it transposed."""
    halves_swapped: bool = False
    """Whether the module holds its second half of rows first."""
    scale: Entry | None = None
    """One number to multiply by: how 8-bit floats keep their range in some files."""

    @property
    def count(self) -> int:
        """How many numbers it holds."""
        return math.prod(self.shape)

    def rows(self, first: int, last: int) -> Entry:
        """Some rows of it, as an entry. Raises ValueError when there are fewer."""
        if not 0 <= first < last <= self.shape[0]:
            raise ValueError(f"rows {first} to {last} of {self.shape}")
        width = (self.stop - self.start) // self.shape[0]
        shape = (last - first, *self.shape[1:])
        return replace(self, shape=shape, start=self.start + first * width, stop=self.start + last * width)

    def share(self, number: int, of: int) -> Entry:
        """One of several equal shares of its rows."""
        rows = self.shape[0] // of if self.shape else 0
        return self.rows(number * rows, (number + 1) * rows)

    def transposed(self) -> Entry:
        return replace(self, shape=self.shape[::-1], turned=not self.turned)


@dataclass(frozen=True)
class Header:
    """Tensors by name, from one file or several that belong together."""

    files: tuple[WeightsFile, ...]
    entries: Mapping[str, Entry]
    metadata: Mapping[str, str]

    @property
    def file(self) -> WeightsFile:
        """The file to name in errors."""
        return self.files[0]

    @property
    def name(self) -> str:
        return self.file.path.name

    def with_entries(self, entries: Mapping[str, Entry]) -> Header:
        """The same files under other names, or less of them."""
        return replace(self, entries=entries)

    def part(self, prefix: str) -> Header:
        """What lies below a prefix, named without it."""
        return self.with_entries({name[len(prefix) :]: self.entries[name] for name in self.below(prefix)})

    def shape(self, name: str, rank: int) -> tuple[int, ...]:
        """The shape of a tensor that must be there with so many dimensions. Raises `UnusableFile`."""
        entry = self.entries.get(name)
        if entry is None:
            raise UnusableFile(say.INCOMPLETE(file=self.name, name=name), SOURCE)
        if len(entry.shape) != rank:
            raise UnusableFile(say.IMPOSSIBLE_SHAPE(file=self.name, name=name), SOURCE)
        return entry.shape

    def below(self, *prefixes: str) -> Iterator[str]:
        """The names that start with one of the prefixes."""
        return (name for name in self.entries if name.startswith(prefixes))

    def numbers(self, prefix: str) -> int:
        """How many of `prefix0.`, `prefix1.`, … exist, counted from 0 without a gap."""
        names = {name[len(prefix) :].split(".", 1)[0] for name in self.below(prefix)}
        count = 0
        while str(count) in names:
            count += 1
        return count


def read_header(path: Path) -> Header:
    """Describe a safetensors file. Raises `UnusableFile` when it is anything else, or damaged."""
    try:
        stat = path.stat()
        with path.open("rb") as file:
            start = file.read(16)
            file.seek(8)
            length = int.from_bytes(start[:8], "little")
            refuse_other_formats(path, start, stat.st_size)
            if length > LARGEST_HEADER:
                raise UnusableFile(say.NO_SAFETENSORS(file=path.name), PICK)
            if 8 + length > stat.st_size:
                raise truncated(path, stat.st_size, 8 + length)
            text = file.read(length)
    except FileNotFoundError:
        raise UnusableFile(say.GONE(file=path), say.PUT_BACK()) from None
    except (PermissionError, IsADirectoryError):
        raise UnusableFile(say.UNREADABLE(file=path), say.MAY_OPEN()) from None
    table = parse_table(path, text)
    metadata = table.pop("__metadata__", {})
    entries = {name: read_entry(path, name, entry, 8 + length) for name, entry in table.items()}
    check_layout(path, entries, 8 + length, stat.st_size)
    words = {str(k): str(v) for k, v in metadata.items()} if isinstance(metadata, dict) else {}
    return Header((WeightsFile(path, stat.st_size, stat.st_mtime_ns),), attach_scales(entries), words)


def attach_scales(entries: dict[str, Entry]) -> dict[str, Entry]:
    """Give 8-bit weights the number beside them (`x.scale_weight`) that they are multiplied by when read."""
    leaves = {name: name.rpartition(".") for name in entries}
    scales = {f"{stem}.weight": entries[name] for name, (stem, _, leaf) in leaves.items() if leaf == "scale_weight"}
    kept = [name for name in entries if leaves[name][2] not in ("scale_weight", "scale_input", "scaled_fp8")]
    return {name: replace(entries[name], scale=scales.get(name)) for name in kept}


def refuse_other_formats(path: Path, start: bytes, size: int) -> None:
    """Name the usual things found where a safetensors file was expected."""
    name = path.name
    if start[8:9] == b"{":
        return  # a safetensors header; its length may look like any other format's first bytes
    if size == 0:
        raise UnusableFile(say.NEVER_BEGAN(file=name), AGAIN)
    if start.startswith((b"PK\x03\x04", b"\x80\x02", b"\x80\x03", b"\x80\x04", b"\x80\x05")):
        raise UnusableFile(
            say.PICKLED(file=name),
            say.GET_SAFETENSORS(),
        )
    if start.startswith(b"GGUF"):
        raise UnusableFile(say.IS_GGUF(file=name), PICK)
    if start.lstrip()[:1] == b"<":
        raise UnusableFile(say.WEB_PAGE(file=name), AGAIN)
    if start.startswith(b"version https://"):
        raise UnusableFile(say.LFS_POINTER(file=name), say.LFS_PULL())
    if size < 10:
        raise UnusableFile(say.TOO_SHORT(file=name), AGAIN)


def truncated(path: Path, have: int, need: int) -> UnusableFile:
    return UnusableFile(say.CUT_SHORT(file=path.name, have=have, need=need), AGAIN)


def damaged(path: Path, what: str) -> UnusableFile:
    return UnusableFile(say.DAMAGED(file=path.name, what=what), say.DOWNLOAD_OR_PICK())


def parse_table(path: Path, text: bytes) -> dict[str, Any]:
    def unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        table = dict(pairs)
        if len(table) != len(pairs):
            names = [name for name, _ in pairs]
            twice = next(name for name in names if names.count(name) > 1)
            raise UnusableFile(say.LISTED_TWICE(file=path.name, name=repr(twice)), SOURCE)
        return table

    try:
        table = json.loads(text, object_pairs_hook=unique)
    except UnusableFile:
        raise
    except (ValueError, RecursionError):
        raise damaged(path, say.HEADER_UNREADABLE()) from None
    if not isinstance(table, dict):
        raise damaged(path, say.HEADER_NO_TABLE())
    return table


def read_entry(path: Path, name: str, entry: Any, base: int) -> Entry:
    try:
        dtype, shape, (start, stop) = entry["dtype"], tuple(entry["shape"]), entry["data_offsets"]
    except (TypeError, KeyError, ValueError):
        raise damaged(path, say.ENTRY_SENSELESS(name=repr(name))) from None
    if not isinstance(dtype, str):
        raise damaged(path, say.ENTRY_SENSELESS(name=repr(name)))
    if not all(type(number) is int and number >= 0 for number in (*shape, start, stop)):
        raise damaged(path, say.ENTRY_IMPOSSIBLE(name=repr(name)))
    if dtype in ITEM_BYTES and math.prod(shape) * ITEM_BYTES[dtype] != stop - start:
        raise damaged(path, say.ENTRY_SIZE(name=repr(name)))
    return Entry(dtype, shape, base + start, base + stop, path)


def check_layout(path: Path, entries: Mapping[str, Entry], base: int, size: int) -> None:
    """Tensors lie end to end: no gaps, no overlap, and the file ends with the last."""
    if not entries:
        raise UnusableFile(say.NO_TENSORS(file=path.name), PICK)
    position = base
    for entry in sorted(entries.values(), key=lambda entry: (entry.start, entry.stop)):
        if entry.start != position:
            raise damaged(path, say.OVERLAPS())
        position = entry.stop
    if position > size:
        raise truncated(path, size, position)
    if position < size:
        raise damaged(path, say.BYTES_FOLLOW(count=size - position))
