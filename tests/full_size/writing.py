"""A safetensors file of random weights, written without holding more than one tensor in memory."""

from __future__ import annotations

import json
import math
import struct
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

SEED = 1234
DRAWN = 2**22
"""Numbers that are drawn for a tensor at most; a larger one repeats them."""
KINDS = {torch.float16: "F16", torch.bfloat16: "BF16", torch.float8_e4m3fn: "F8_E4M3"}
ENDS = (
    "to_out.0.weight", "ff.net.2.weight", "out_layers.3.weight", "proj_out.weight", "conv2.weight", "proj.weight",
    ".o.weight", ".wo.weight",
)  # fmt: skip
"""What ends a branch is drawn half as large, so that many branches do not outgrow what they are added to."""


def write(path: Path, shapes: dict[str, Tensor], dtype: torch.dtype) -> None:
    """Random weights of these shapes under these names."""
    item = torch.empty(0, dtype=dtype).element_size()
    entries: dict[str, Any] = {}
    end = 0
    for name, tensor in shapes.items():
        start, end = end, end + tensor.numel() * item
        entries[name] = {"dtype": KINDS[dtype], "shape": list(tensor.shape), "data_offsets": [start, end]}
    header = json.dumps(entries).encode()
    generator = torch.Generator().manual_seed(SEED)
    with path.open("wb") as file:
        file.write(struct.pack("<Q", len(header)) + header)
        for name, tensor in shapes.items():
            values = drawn(name, tensor.shape, generator).to(dtype).view(torch.uint8).numpy().data
            left = tensor.numel() * item
            while left > 0:
                left -= file.write(values[:left])


def drawn(name: str, shape: torch.Size, generator: torch.Generator) -> Tensor:
    """Random numbers of a size that suits what they are, so that results neither vanish nor overflow."""
    values = torch.randn(min(math.prod(shape), DRAWN), generator=generator)
    if len(shape) < 2:
        return values.mul_(0.05).add_(1) if name.endswith(("weight", "scale")) else values.mul_(0.02)
    if "embedding" in name and "time" not in name:
        return values.mul_(0.1)
    return values.mul_((0.5 if name.endswith(ENDS) else 1.0) / math.sqrt(math.prod(shape[1:])))
