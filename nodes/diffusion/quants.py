"""The block formats of GGUF as float32: each block of 32 or 256 weights shares scales (ggml's formats).

Every function takes blocks as uint8, blocks x bytes, and gives float32, blocks x weights.
Tests compare each with what the `gguf` package gives.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

BLOCKS = {
    "F32": (1, 4), "F16": (1, 2), "BF16": (1, 2), "Q8_0": (32, 34), "Q4_0": (32, 18), "Q4_1": (32, 20),
    "Q5_0": (32, 22), "Q5_1": (32, 24), "Q4_K": (256, 144), "Q5_K": (256, 176), "Q6_K": (256, 210),
}  # fmt: skip
"""Weights of a block, and the bytes it takes."""
TYPES = {
    0: "F32", 1: "F16", 2: "Q4_0", 3: "Q4_1", 6: "Q5_0", 7: "Q5_1", 8: "Q8_0", 12: "Q4_K", 13: "Q5_K", 14: "Q6_K",
    30: "BF16",
}  # fmt: skip
"""ggml's numbers of the types."""


def dequantize(raw: Tensor, dtype: str) -> Tensor:
    """The weights that `raw` (uint8, flat) holds in a block format, float32, flat."""
    return FORMATS[dtype](raw.view(-1, BLOCKS[dtype][1])).flatten()


def half(blocks: Tensor) -> Tensor:
    """Two bytes as a float, blocks x 1."""
    return blocks.contiguous().view(torch.float16).float()


def nibbles(packed: Tensor) -> Tensor:
    """The low halves of the bytes, then their high halves: blocks x twice the bytes."""
    return torch.cat([packed & 0x0F, packed >> 4], dim=-1)


def bits(packed: Tensor, places: int) -> Tensor:
    """Each byte's bits from the lowest, blocks x places x bytes."""
    shifts = torch.arange(places, dtype=torch.uint8)[:, None]
    return (packed[:, None] >> shifts) & 1


def q8_0(blocks: Tensor) -> Tensor:
    return blocks[:, 2:].view(torch.int8).float() * half(blocks[:, :2])


def q4_0(blocks: Tensor) -> Tensor:
    return (nibbles(blocks[:, 2:]).float() - 8) * half(blocks[:, :2])


def q4_1(blocks: Tensor) -> Tensor:
    return nibbles(blocks[:, 4:]).float() * half(blocks[:, :2]) + half(blocks[:, 2:4])


def fifth_bits(packed: Tensor) -> Tensor:
    """The fifth bit of each of 32 weights, from 4 bytes: blocks x 32, as 0 or 16."""
    return bits(packed, 8).transpose(1, 2).flatten(1) << 4


def q5_0(blocks: Tensor) -> Tensor:
    return ((nibbles(blocks[:, 6:]) | fifth_bits(blocks[:, 2:6])).float() - 16) * half(blocks[:, :2])


def q5_1(blocks: Tensor) -> Tensor:
    five = nibbles(blocks[:, 8:]) | fifth_bits(blocks[:, 4:8])
    return five.float() * half(blocks[:, :2]) + half(blocks[:, 2:4])


def scales_and_floors(packed: Tensor) -> tuple[Tensor, Tensor]:
    """Eight scales and eight floors of 6 bits each from 12 bytes, both blocks x 8 x 1."""
    low, middle, high = packed[:, :4], packed[:, 4:8], packed[:, 8:]
    scales = torch.cat([low & 0x3F, (high & 0x0F) | ((low >> 2) & 0x30)], dim=1)
    floors = torch.cat([middle & 0x3F, (high >> 4) | ((middle >> 2) & 0x30)], dim=1)
    return scales.float()[..., None], floors.float()[..., None]


def with_scales(blocks: Tensor, weights: Tensor) -> Tensor:
    """`weights`: blocks x 256; the block begins with two halves and 12 bytes of scales."""
    scales, floors = scales_and_floors(blocks[:, 4:16])
    spread = half(blocks[:, :2])[..., None] * scales
    floor = half(blocks[:, 2:4])[..., None] * floors
    return (spread * weights.view(-1, 8, 32).float() - floor).flatten(1)


def runs_of_nibbles(packed: Tensor, run: int) -> Tensor:
    """`run` bytes at a time: their low halves, then their high halves."""
    runs = packed.reshape(len(packed), -1, 1, run)
    return torch.cat([runs & 0x0F, runs >> 4], dim=2).flatten(1)


def q4_k(blocks: Tensor) -> Tensor:
    return with_scales(blocks, runs_of_nibbles(blocks[:, 16:], 32))


def q5_k(blocks: Tensor) -> Tensor:
    fifth = bits(blocks[:, 16:48], 8).flatten(1) << 4
    return with_scales(blocks, runs_of_nibbles(blocks[:, 48:], 32) | fifth)


def q6_k(blocks: Tensor) -> Tensor:
    low = runs_of_nibbles(blocks[:, :128], 64)
    shifts = torch.arange(0, 8, 2, dtype=torch.uint8)[:, None]
    high = (blocks[:, 128:192].reshape(-1, 2, 1, 32) >> shifts) & 3
    weights = (low | (high.flatten(1) << 4)).float() - 32
    scales = blocks[:, 192:208].view(torch.int8).float() * half(blocks[:, 208:210])
    return (scales[..., None] * weights.view(-1, 16, 16)).flatten(1)


FORMATS: dict[str, Callable[[Tensor], Tensor]] = {
    "Q8_0": q8_0, "Q4_0": q4_0, "Q4_1": q4_1, "Q5_0": q5_0, "Q5_1": q5_1, "Q4_K": q4_k, "Q5_K": q5_k, "Q6_K": q6_k,
}  # fmt: skip
