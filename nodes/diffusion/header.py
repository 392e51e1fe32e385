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

ITEM_BYTES = {
    "F64": 8, "I64": 8, "U64": 8, "F32": 4, "I32": 4, "U32": 4, "F16": 2, "BF16": 2, "I16": 2, "U16": 2,
    "F8_E4M3": 1, "F8_E5M2": 1, "I8": 1, "U8": 1, "BOOL": 1,
}  # fmt: skip
LARGEST_HEADER = 100_000_000
AGAIN = "Download it again."
PICK = "Pick a .safetensors checkpoint."
SOURCE = "Get the file from its first source."


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
            raise UnusableFile(f"{self.name} is incomplete: {name} is missing.", SOURCE)
        if len(entry.shape) != rank:
            raise UnusableFile(f"{self.name} is damaged: {name} has an impossible shape.", SOURCE)
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
        raise UnusableFile(f"{name} is empty: its download never began.", AGAIN)
    if start.startswith((b"PK\x03\x04", b"\x80\x02", b"\x80\x03", b"\x80\x04", b"\x80\x05")):
        raise UnusableFile(
            f"{name} is a pickled PyTorch file. Such a file can run any program when it is opened, so it never is.",
            "Get the same model as .safetensors, or convert it with a tool you trust.",
        )
    if start.startswith(b"GGUF"):
        raise UnusableFile(f"{name} is a GGUF file; a .safetensors file was expected.", PICK)
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
    if not isinstance(dtype, str):
        raise damaged(path, f"the entry of {name!r} makes no sense")
    if not all(type(number) is int and number >= 0 for number in (*shape, start, stop)):
        raise damaged(path, f"the entry of {name!r} has impossible numbers")
    if dtype in ITEM_BYTES and math.prod(shape) * ITEM_BYTES[dtype] != stop - start:
        raise damaged(path, f"{name!r} does not have the size its shape needs")
    return Entry(dtype, shape, base + start, base + stop, path)


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
