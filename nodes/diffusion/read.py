"""Reads tensors from a safetensors file one at a time, so that memory never holds the file and the weights both."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from importlib import import_module
from io import BufferedReader
from typing import Any

import torch
from torch import Tensor, nn

from nodes.diffusion.header import SOURCE, Entry, Header, UnusableFile

DTYPES = {
    "F64": torch.float64, "F32": torch.float32, "F16": torch.float16, "BF16": torch.bfloat16,
    "F8_E4M3": torch.float8_e4m3fn, "F8_E5M2": torch.float8_e5m2,
    "I64": torch.int64, "I32": torch.int32, "I16": torch.int16, "I8": torch.int8, "U8": torch.uint8, "BOOL": torch.bool,
}  # fmt: skip


def read_tensor(file: BufferedReader, entry: Entry) -> Tensor:
    """One tensor, on the CPU, in the dtype it is stored in."""
    raw = torch.empty(entry.stop - entry.start, dtype=torch.uint8)
    file.seek(entry.start)
    if raw.numel() and file.readinto(raw.numpy().data) != raw.numel():
        raise EOFError
    return raw.view(DTYPES[entry.dtype]).view(entry.shape)


def build_empty(name: str, config: Mapping[str, Any]) -> Any:
    """A model of diffusers without weights, on the meta device. Imported here, for the library takes seconds."""
    with torch.device("meta"):
        return getattr(import_module("diffusers"), name)(**config)


def fill_module(
    module: nn.Module, header: Header, names: Mapping[str, str], part: str, device: str, dtype: str
) -> None:
    """Give a module built on the meta device its weights.

    `names` says for each of the module's tensors which of the file's it is. `part` names the module in errors.
    Buffers that no file holds stay on the meta device: the caller knows what belongs there.
    """
    wanted = module.state_dict()
    check_names(wanted, header, names, part)
    target = getattr(torch, dtype)
    weights: dict[str, Tensor] = {}
    try:
        with header.file.path.open("rb") as file:
            for name, like in wanted.items():
                tensor = read_tensor(file, header.entries[names[name]]).view(like.shape)
                weights[name] = tensor.to(device=device, dtype=target)
    except (FileNotFoundError, EOFError):
        raise UnusableFile(
            f"{header.file.path} went away or changed while it was read.", "Put it back and run again."
        ) from None
    module.load_state_dict(weights, assign=True)
    module.requires_grad_(False)
    module.eval()


def check_names(wanted: Mapping[str, Tensor], header: Header, names: Mapping[str, str], part: str) -> None:
    path = header.file.path
    missing = [name for name in wanted if names.get(name) not in header.entries]
    if missing:
        raise UnusableFile(
            f"{path.name} is incomplete: {len(missing)} of the {len(wanted)} tensors of its {part} are missing "
            f"(the first is {missing[0]}).",
            SOURCE,
        )
    for name, like in wanted.items():
        entry = header.entries[names[name]]
        # A 1x1 convolution and a linear layer hold the same numbers; files use either for attention.
        if squeezed(like.shape) != squeezed(entry.shape):
            raise UnusableFile(
                f"{path.name}: {names[name]} in its {part} is of another size than the rest of the model needs: "
                "the file mixes parts of different models.",
                SOURCE,
            )
        if entry.dtype not in DTYPES or not DTYPES[entry.dtype].is_floating_point:
            raise UnusableFile(
                f"{path.name}: {names[name]} is stored as {entry.dtype}, which is no format of weights here.", SOURCE
            )


def squeezed(shape: Iterable[int]) -> tuple[int, ...]:
    return tuple(length for length in shape if length != 1)
