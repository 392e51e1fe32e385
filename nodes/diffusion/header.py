"""What a weights file holds, read from its header alone.

Nothing here reads weights: a checkpoint of any size is described in milliseconds, and a file that is
not what its name says is refused in words before anything is loaded.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ITEM_BYTES = {
    "F64": 8, "I64": 8, "U64": 8, "F32": 4, "I32": 4, "U32": 4, "F16": 2, "BF16": 2, "I16": 2, "U16": 2,
    "F8_E4M3": 1, "F8_E5M2": 1, "I8": 1, "U8": 1, "BOOL": 1,
}  # fmt: skip
LARGEST_HEADER = 100_000_000
AGAIN = "Download it again."
PICK = "Pick a .safetensors checkpoint."
SOURCE = "Get the file from its first source."


class UnusableFile(ValueError):
    """A file that cannot be used as asked: which file and what it looks like, and in `fix` what to do."""

    def __init__(self, what: str, fix: str) -> None:
        super().__init__(what)
        self.fix = fix


@dataclass(frozen=True)
class WeightsFile:
    """A file as it was seen. Equal values mean the same weights."""

    path: Path
    size: int
    modified: int
    """Nanoseconds since 1970."""


@dataclass(frozen=True)
class Entry:
    """Where one tensor lies in the file, in bytes from the file's start."""

    dtype: str
    shape: tuple[int, ...]
    start: int
    stop: int


@dataclass(frozen=True)
class Header:
    file: WeightsFile
    entries: Mapping[str, Entry]
    metadata: Mapping[str, str]

    def shape(self, name: str, rank: int) -> tuple[int, ...]:
        """The shape of a tensor that must be there with so many dimensions. Raises `UnusableFile`."""
        entry = self.entries.get(name)
        if entry is None:
            raise UnusableFile(f"{self.file.path.name} is incomplete: {name} is missing.", SOURCE)
        if len(entry.shape) != rank:
            raise UnusableFile(f"{self.file.path.name} is damaged: {name} has an impossible shape.", SOURCE)
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

    def values(self, names: Iterable[str]) -> int:
        """How many numbers these tensors hold together."""
        return sum(math.prod(self.entries[name].shape) for name in names)


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
                raise UnusableFile(f"{path.name} is not a safetensors file.", PICK)
            if 8 + length > stat.st_size:
                raise truncated(path, stat.st_size, 8 + length)
            text = file.read(length)
    except FileNotFoundError:
        raise UnusableFile(f"{path} is gone.", "Put it back, or pick another file.") from None
    except (PermissionError, IsADirectoryError):
        raise UnusableFile(f"{path} cannot be read.", "Check that it is a file you may open.") from None
    table = parse_table(path, text)
    metadata = table.pop("__metadata__", {})
    entries = {name: read_entry(path, name, entry, 8 + length) for name, entry in table.items()}
    check_layout(path, entries, 8 + length, stat.st_size)
    words = {str(k): str(v) for k, v in metadata.items()} if isinstance(metadata, dict) else {}
    return Header(WeightsFile(path, stat.st_size, stat.st_mtime_ns), entries, words)


def refuse_other_formats(path: Path, start: bytes, size: int) -> None:
    """Name the usual things found where a safetensors file was expected."""
    name = path.name
    if start[8:9] == b"{":
        return  # a safetensors header; its length may look like any other format's first bytes
    if size == 0:
        raise UnusableFile(f"{name} is empty: its download never began.", AGAIN)
    if start.startswith((b"PK\x03\x04", b"\x80\x02", b"\x80\x03", b"\x80\x04", b"\x80\x05")):
        raise UnusableFile(
            f"{name} is a pickled PyTorch file. Such a file can run any program when it is opened, so it never is.",
            "Get the same model as .safetensors, or convert it with a tool you trust.",
        )
    if start.startswith(b"GGUF"):
        raise UnusableFile(f"{name} is a GGUF file; a .safetensors checkpoint was expected.", PICK)
    if start.lstrip()[:1] == b"<":
        raise UnusableFile(f"{name} is a web page, saved in place of the model (often a login page).", AGAIN)
    if start.startswith(b"version https://"):
        raise UnusableFile(f"{name} is a Git LFS pointer, not the model itself.", "Run `git lfs pull`, or download it.")
    if size < 10:
        raise UnusableFile(f"{name} is too short to be a model.", AGAIN)


def truncated(path: Path, have: int, need: int) -> UnusableFile:
    return UnusableFile(
        f"{path.name} is cut short: {have:,} of {need:,} bytes are there. Its download stopped early.", AGAIN
    )


def damaged(path: Path, what: str) -> UnusableFile:
    return UnusableFile(
        f"{path.name} is damaged or not a safetensors file: {what}.", "Download it again, or pick another file."
    )


def parse_table(path: Path, text: bytes) -> dict[str, Any]:
    def unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        table = dict(pairs)
        if len(table) != len(pairs):
            names = [name for name, _ in pairs]
            twice = next(name for name in names if names.count(name) > 1)
            raise UnusableFile(f"{path.name} lists {twice!r} twice, so what it holds is not certain.", SOURCE)
        return table

    try:
        table = json.loads(text, object_pairs_hook=unique)
    except UnusableFile:
        raise
    except (ValueError, RecursionError):
        raise damaged(path, "its header cannot be read") from None
    if not isinstance(table, dict):
        raise damaged(path, "its header is not a table")
    return table


def read_entry(path: Path, name: str, entry: Any, base: int) -> Entry:
    try:
        dtype, shape, (start, stop) = entry["dtype"], tuple(entry["shape"]), entry["data_offsets"]
    except (TypeError, KeyError, ValueError):
        raise damaged(path, f"the entry of {name!r} makes no sense") from None
    if not all(type(number) is int and number >= 0 for number in (*shape, start, stop)):
        raise damaged(path, f"the entry of {name!r} has impossible numbers")
    if dtype in ITEM_BYTES and math.prod(shape) * ITEM_BYTES[dtype] != stop - start:
        raise damaged(path, f"{name!r} does not have the size its shape needs")
    return Entry(str(dtype), shape, base + start, base + stop)


def check_layout(path: Path, entries: Mapping[str, Entry], base: int, size: int) -> None:
    """Tensors lie end to end: no gaps, no overlap, and the file ends with the last."""
    if not entries:
        raise UnusableFile(f"{path.name} holds no tensors.", PICK)
    position = base
    for entry in sorted(entries.values(), key=lambda entry: (entry.start, entry.stop)):
        if entry.start != position:
            raise damaged(path, "its tensors overlap or leave gaps")
        position = entry.stop
    if position > size:
        raise truncated(path, size, position)
    if position < size:
        raise damaged(path, f"{size - position:,} bytes follow the last tensor")
