"""Reads tensors one at a time, so that memory never holds the file and the weights both."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from importlib import import_module
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from nodes.diffusion.gguf import read_gguf
from nodes.diffusion.header import SOURCE, Entry, Header, UnusableFile, WeightsFile, read_header
from nodes.diffusion.quants import FORMATS, dequantize
from nodes.sentences import files as say

DTYPES = {
    "F64": torch.float64, "F32": torch.float32, "F16": torch.float16, "BF16": torch.bfloat16,
    "F8_E4M3": torch.float8_e4m3fn, "F8_E5M2": torch.float8_e5m2,
    "I64": torch.int64, "I32": torch.int32, "I16": torch.int16, "I8": torch.int8, "U8": torch.uint8, "BOOL": torch.bool,
}  # fmt: skip
NO_OTHERS: Mapping[str, torch.dtype] = {}
WEIGHTS = {name for name, dtype in DTYPES.items() if dtype.is_floating_point} | set(FORMATS)


def read_weights_header(path: Path) -> Header:
    """Describe a safetensors or GGUF file, whatever its name ends with. Raises `UnusableFile`."""
    try:
        with path.open("rb") as file:
            start = file.read(9)
    except OSError:
        start = b""  # reading it as safetensors says what is wrong
    return read_gguf(path) if start.startswith(b"GGUF") and start[8:9] != b"{" else read_header(path)


def join_headers(headers: Iterable[Header]) -> Header:
    """One header of files that belong together. Raises `UnusableFile` when two hold a tensor of the same name."""
    files: list[WeightsFile] = []
    entries: dict[str, Entry] = {}
    metadata: dict[str, str] = {}
    for header in headers:
        both = entries.keys() & header.entries.keys()
        if both:
            raise UnusableFile(
                say.HELD_BY_BOTH(file=header.name, name=repr(min(both)), other=files[0].path.name), SOURCE
            )
        files += header.files
        entries |= header.entries
        metadata |= header.metadata
    return Header(tuple(files), entries, metadata)


class Desk:
    """Room for the bytes of one tensor after the other: fresh memory for each would take longer than reading."""

    def __init__(self) -> None:
        self.room = torch.empty(0, dtype=torch.uint8)

    def take(self, size: int) -> Tensor:
        """So many bytes; what was taken before is overwritten."""
        if self.room.numel() < size:
            self.room = torch.empty(0, dtype=torch.uint8)
            self.room = torch.empty(size, dtype=torch.uint8)
        return self.room[:size]

    def kept(self, tensor: Tensor) -> Tensor:
        """The tensor with memory of its own."""
        lies_here = tensor.device.type == "cpu" and (
            tensor.untyped_storage().data_ptr() == self.room.untyped_storage().data_ptr()
        )
        return tensor.clone() if lies_here else tensor


def read_tensor(entry: Entry, desk: Desk | None = None) -> Tensor:
    """One tensor on the CPU: in the dtype it is stored in, or float32 where it is stored in blocks or with a scale.

    With a `desk` it may lie there, until the next one is read.
    """
    raw = (desk or Desk()).take(entry.stop - entry.start)
    with entry.path.open("rb", buffering=0) as file:
        file.seek(entry.start)
        view, done = raw.numpy().data, 0
        while done < raw.numel():  # one read gives at most 2 GiB
            count = file.readinto(view[done:])
            if not count:
                raise EOFError
            done += count
    tensor = dequantize(raw, entry.dtype) if entry.dtype in FORMATS else raw.view(DTYPES[entry.dtype])
    tensor = tensor.view(entry.shape[::-1]).T if entry.turned else tensor.view(entry.shape)
    if entry.halves_swapped:
        tensor = tensor.roll(len(tensor) // 2, dims=0)
    if entry.scale is not None:
        tensor = tensor.float() * read_tensor(entry.scale).float().flatten()[0]
    return tensor


def build_empty(name: str, config: Mapping[str, Any]) -> Any:
    """A model of diffusers without weights, on the meta device. Imported here, for the library takes seconds."""
    with torch.device("meta"):
        return getattr(import_module("diffusers"), name)(**config)


def fill_module(
    module: nn.Module, part: Header, what: str, device: str, dtype: str, others: Mapping[str, torch.dtype] = NO_OTHERS
) -> None:
    """Give a module built on the meta device its weights; the part names them as the module does.

    `what` names the module in errors. `others`: the dtypes of weights that are not of `dtype`. Buffers that no file
    holds stay on the meta device: the caller knows what belongs there. Names that share an entry share the tensor.
    """
    wanted = module.state_dict()
    check_names(wanted, part, what)
    target = getattr(torch, dtype)
    weights: dict[str, Tensor] = {}
    read: dict[tuple[Entry, torch.dtype], Tensor] = {}
    desk = Desk()
    for name, like in wanted.items():
        key = entry, wide = part.entries[name], others.get(name, target)
        if key not in read:
            tensor = read_there(entry, desk).reshape(like.shape)
            read[key] = desk.kept(tensor.to(device=device, dtype=wide).contiguous())
        weights[name] = read[key]
    module.load_state_dict(weights, assign=True)
    module.requires_grad_(False)
    module.eval()


def read_there(entry: Entry, desk: Desk | None = None) -> Tensor:
    """`read_tensor`, with an error in words for a file that changed since its header was read."""
    try:
        return read_tensor(entry, desk)
    except (FileNotFoundError, EOFError):
        raise UnusableFile(say.WENT_AWAY(file=entry.path), say.PUT_BACK_AND_RUN()) from None


def check_names(wanted: Mapping[str, Tensor], part: Header, what: str) -> None:
    """Raises `UnusableFile` when a tensor is missing, of another size, or no weights."""
    missing = [name for name in wanted if name not in part.entries]
    if missing:
        raise UnusableFile(
            say.TENSORS_MISSING(file=part.name, missing=len(missing), all=len(wanted), part=what, first=missing[0]),
            SOURCE,
        )
    for name, like in wanted.items():
        entry = part.entries[name]
        # A 1x1 convolution and a linear layer hold the same numbers; files use either for attention.
        if squeezed(like.shape) != squeezed(entry.shape):
            raise UnusableFile(
                say.TENSOR_SIZE(file=part.name, name=name, part=what),
                SOURCE,
            )
        if entry.dtype not in WEIGHTS:
            raise UnusableFile(say.TENSOR_FORMAT(file=part.name, name=name, format=entry.dtype), SOURCE)


def squeezed(shape: Iterable[int]) -> tuple[int, ...]:
    return tuple(length for length in shape if length != 1)
