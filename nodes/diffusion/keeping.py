"""How weights are kept while nothing is computed with them: as they are, or in less memory.

`low` computes with the same numbers where the file has 16-bit ones: on a CPU that computes in float32 each layer is
kept in 16 bits and widened while it runs; on a GPU the layers wait in the computer's memory and come in turn.
`lowest` keeps 8-bit floats, which changes pictures a little, and on a GPU lets them wait there as well.
Text encoders know `whole` and, on a CPU, `low`.
The work is done by the hooks of diffusers (layerwise casting, group offloading).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from importlib import import_module
from typing import Any, Literal

import torch
from torch import nn

from nodes.diffusion.header import Header
from nodes.diffusion.packed import pack_convolutions
from nodes.diffusion.read import fill_module
from nodes.diffusion.replay import replay_on_gpu

Keeping = Literal["whole", "low", "lowest"]
WAITING_SHARE = 0.1
"""Of a model whose layers wait elsewhere, what is on the device at a time: the largest layers, and the next to come."""
ITEM_BYTES = {"float32": 4, "float16": 2, "bfloat16": 2}
WIDE = "float32"
FRAGILE = re.compile(r"norm|^(pos|time|patch|x|context|add)_|^conv_(in|out)$|^proj_out$")
"""Names of layers that 8 bits harm most, which keep 16: the first, the last, and those that read time and text."""

WIDENED_TOGETHER = re.compile(r"\bDenseReluDense$")
"""Modules that ask a layer of theirs for its dtype (T5's halves), so that all their layers are widened at once."""

_keeping: ContextVar[Keeping] = ContextVar("keeping", default="whole")


@contextmanager
def kept(keeping: Keeping) -> Iterator[None]:
    """What is filled within is kept so."""
    token = _keeping.set(keeping)
    try:
        yield
    finally:
        _keeping.reset(token)


def ways_to_keep(device: str, dtype: str) -> tuple[Keeping, ...]:
    """Those that save memory on a device, the least first."""
    if device.startswith("cuda") or (device == "cpu" and dtype == WIDE):
        return ("whole", "low", "lowest")
    return ("whole",)


def ways_to_keep_texts(device: str, dtype: str) -> tuple[Keeping, ...]:
    """Those for text encoders, which are asked once for each text."""
    return ("whole", "low") if device == "cpu" and dtype == WIDE else ("whole",)


def size_kept(numbers: int, device: str, dtype: str, keeping: Keeping) -> int:
    """Bytes that so many numbers take on the device."""
    if keeping == "whole":
        return numbers * ITEM_BYTES[dtype]
    item = 2 if keeping == "low" else 1
    return numbers * item if device == "cpu" else int(numbers * item * WAITING_SHARE)


def fill_denoiser(module: nn.Module, part: Header, device: str, dtype: str) -> None:
    """`fill_module` for a denoiser, kept as `kept` says, in the layout that is fastest on the device."""
    keeping = _keeping.get()
    if keeping == "whole":
        fill_module(module, part, "denoiser", device, dtype)
        if device == "cpu":
            pack_convolutions(module)
        else:  # on a CPU this would be 5 to 10% slower; transformers have next to no convolutions
            module.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
            replay_on_gpu(module, device)
        return
    narrow = stored_as(part) if dtype == WIDE else dtype
    storages = layer_storages(module, getattr(torch, narrow), to_8_bits=keeping == "lowest")
    # At once as they are kept: in 16 bits first, a model kept in 8 would take twice its memory for a while.
    kept_as = {f"{layer}.{key}": storage for layer, storage in storages.items() for key in ("weight", "bias")}
    fill_module(module, part, "denoiser", "cpu", narrow, kept_as)
    cast_layers(module, storages, getattr(torch, dtype))
    if device != "cpu":
        hooks: Any = import_module("diffusers.hooks")
        there, here = torch.device(device), torch.device("cpu")
        hooks.apply_group_offloading(module, there, here, "leaf_level", use_stream=device.startswith("cuda"))


def fill_text(module: nn.Module, part: Header, device: str, dtype: str) -> None:
    """`fill_module` for a text encoder, kept as `kept` says."""
    if _keeping.get() == "whole" or "low" not in ways_to_keep_texts(device, dtype):
        fill_module(module, part, "text encoder", device, dtype)
        return
    narrow = stored_as(part)
    fill_module(module, part, "text encoder", device, narrow)
    storages = layer_storages(module, getattr(torch, narrow), to_8_bits=False)
    cast_layers(module, storages, getattr(torch, dtype))


def layer_storages(module: nn.Module, narrow: torch.dtype, to_8_bits: bool) -> dict[str, torch.dtype]:
    """How each layer is kept while it does not run: its own name, or that of what is widened together with it."""
    storages: dict[str, torch.dtype] = {}
    together = None  # what holds the following layers and is widened as one: modules come before what is in them
    for name, child in module.named_modules():
        if together is not None and name.startswith(f"{together}."):
            continue
        if WIDENED_TOGETHER.search(name):
            together = name
            storages[name] = narrow
        elif isinstance(child, (nn.Linear, nn.Conv2d)):
            storages[name] = torch.float8_e4m3fn if to_8_bits and not FRAGILE.search(name) else narrow
    return storages


def cast_layers(module: nn.Module, storages: Mapping[str, torch.dtype], computing: torch.dtype) -> None:
    """Widen each layer while it runs; what is no layer (norms, tables) is widened for good."""
    hooks: Any = import_module("diffusers.hooks")
    inside = tuple(f"{name}." for name in storages)
    for name, child in module.named_modules():
        if name in storages:
            if storages[name] != computing:
                hooks.apply_layerwise_casting_hook(child, storages[name], computing, non_blocking=False)
        elif not name.startswith(inside):
            for key, parameter in list(child.named_parameters(recurse=False)):
                setattr(child, key, nn.Parameter(parameter.to(computing), requires_grad=False))


def stored_as(part: Header) -> str:
    """The 16-bit dtype that loses least: the file's own."""
    dtypes = [entry.dtype for entry in part.entries.values()]
    return "bfloat16" if dtypes.count("BF16") > len(dtypes) / 2 else "float16"
