"""The block formats of GGUF as float32: each block of 32 or 256 weights shares scales (ggml's formats).

Every function takes blocks as uint8, blocks x bytes, and gives float32, blocks x weights.
Tests compare each with what the `gguf` package gives. Those whose numbers are looked up in large tables, and NVFP4,
are left to the package itself; the others are written out here, for torch spreads them over all cores.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

BLOCKS = {
    "F32": (1, 4), "F16": (1, 2), "BF16": (1, 2), "Q8_0": (32, 34), "Q4_0": (32, 18), "Q4_1": (32, 20),
    "Q5_0": (32, 22), "Q5_1": (32, 24), "Q2_K": (256, 84), "Q3_K": (256, 110), "Q4_K": (256, 144),
    "Q5_K": (256, 176), "Q6_K": (256, 210), "IQ4_NL": (32, 18), "IQ4_XS": (256, 136), "TQ1_0": (256, 54),
    "TQ2_0": (256, 66), "MXFP4": (32, 17), "IQ1_S": (256, 50), "IQ1_M": (256, 56), "IQ2_XXS": (256, 66),
    "IQ2_XS": (256, 74), "IQ2_S": (256, 82), "IQ3_XXS": (256, 98), "IQ3_S": (256, 110), "NVFP4": (64, 36),
}  # fmt: skip
"""Weights of a block, and the bytes it takes."""
TYPES = {
    0: "F32", 1: "F16", 2: "Q4_0", 3: "Q4_1", 6: "Q5_0", 7: "Q5_1", 8: "Q8_0", 10: "Q2_K", 11: "Q3_K", 12: "Q4_K",
    13: "Q5_K", 14: "Q6_K", 16: "IQ2_XXS", 17: "IQ2_XS", 18: "IQ3_XXS", 19: "IQ1_S", 20: "IQ4_NL", 21: "IQ3_S",
    22: "IQ2_S", 23: "IQ4_XS", 29: "IQ1_M", 30: "BF16", 34: "TQ1_0", 35: "TQ2_0", 39: "MXFP4", 40: "NVFP4",
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


def pairs_of_bits(packed: Tensor, run: int = 32) -> Tensor:
    """`run` bytes at a time: their lowest two bits, then the next two, and so on."""
    shifts = torch.arange(0, 8, 2, dtype=torch.uint8)[:, None]
    return ((packed.reshape(len(packed), -1, 1, run) >> shifts) & 3).flatten(1)


def in_sixteens(weights: Tensor) -> Tensor:
    """A K block is scaled in 16 groups: blocks x 16 x 16."""
    return weights.view(-1, 16, 16)


def q2_k(blocks: Tensor) -> Tensor:
    spread = half(blocks[:, 80:82]) * (blocks[:, :16] & 0x0F).float()
    floor = half(blocks[:, 82:84]) * (blocks[:, :16] >> 4).float()
    weights = in_sixteens(pairs_of_bits(blocks[:, 16:80])).float()
    return (spread[..., None] * weights - floor[..., None]).flatten(1)


def q3_k(blocks: Tensor) -> Tensor:
    third = bits(blocks[:, :32], 8).flatten(1) << 2
    weights = (pairs_of_bits(blocks[:, 32:96]) | third).float() - 4
    scales = nibbles(blocks[:, 96:104]) | (pairs_of_bits(blocks[:, 104:108], 4) << 4)
    spread = half(blocks[:, 108:110]) * (scales.float() - 32)
    return (spread[..., None] * in_sixteens(weights)).flatten(1)


def q4_k(blocks: Tensor) -> Tensor:
    return with_scales(blocks, runs_of_nibbles(blocks[:, 16:], 32))


def q5_k(blocks: Tensor) -> Tensor:
    fifth = bits(blocks[:, 16:48], 8).flatten(1) << 4
    return with_scales(blocks, runs_of_nibbles(blocks[:, 48:], 32) | fifth)


def q6_k(blocks: Tensor) -> Tensor:
    low = runs_of_nibbles(blocks[:, :128], 64)
    weights = (low | (pairs_of_bits(blocks[:, 128:192]) << 4)).float() - 32
    scales = blocks[:, 192:208].view(torch.int8).float() * half(blocks[:, 208:210])
    return (scales[..., None] * in_sixteens(weights)).flatten(1)


UNEVEN = torch.tensor([-127, -104, -83, -65, -49, -35, -22, -10, 1, 13, 25, 38, 53, 69, 89, 113.0])
"""What the 16 numbers of IQ4 stand for: closer together where weights are many."""
FLOATS = torch.tensor([0, 1, 2, 3, 4, 6, 8, 12, 0, -1, -2, -3, -4, -6, -8, -12.0])
"""What the 16 numbers of MXFP4 stand for: floats of four bits, doubled."""


def iq4_nl(blocks: Tensor) -> Tensor:
    return UNEVEN[nibbles(blocks[:, 2:]).long()] * half(blocks[:, :2])


def iq4_xs(blocks: Tensor) -> Tensor:
    low = torch.stack([blocks[:, 4:8] & 0x0F, blocks[:, 4:8] >> 4], dim=2).flatten(1)
    shifts = torch.arange(0, 8, 2, dtype=torch.uint8)
    high = ((blocks[:, 2:4, None] >> shifts) & 3).flatten(1)
    spread = half(blocks[:, :2]) * ((low | (high << 4)).float() - 32)
    weights = UNEVEN[runs_of_nibbles(blocks[:, 8:], 16).long()]
    return (spread[..., None] * weights.view(-1, 8, 32)).flatten(1)


def thirds(packed: Tensor, places: int) -> Tensor:
    """Digits to the base of 3, the highest first: blocks x places x bytes, flat."""
    shifted = packed[:, None] * (3 ** torch.arange(places, dtype=torch.int16)).to(torch.uint8)[:, None]
    return (shifted.short() * 3 >> 8).flatten(1)


def tq1_0(blocks: Tensor) -> Tensor:
    weights = torch.cat([thirds(blocks[:, :32], 5), thirds(blocks[:, 32:48], 5), thirds(blocks[:, 48:52], 4)], dim=1)
    return half(blocks[:, 52:]) * (weights.float() - 1)


def tq2_0(blocks: Tensor) -> Tensor:
    return half(blocks[:, 64:]) * (pairs_of_bits(blocks[:, :64]).float() - 1)


def mxfp4(blocks: Tensor) -> Tensor:
    return FLOATS[nibbles(blocks[:, 1:]).long()] * (2.0 ** (blocks[:, :1].double() - 128)).float()


PIECE = 4096
"""Blocks that the package is given at once: it makes several arrays as large as what it gives."""


def by_gguf(dtype: str) -> Callable[[Tensor], Tensor]:
    """As the `gguf` package reads it."""

    def widen(blocks: Tensor) -> Tensor:
        from gguf import GGMLQuantizationType, quants  # tables of a megabyte, which few files ask for

        kind = GGMLQuantizationType[dtype]
        made = torch.empty(len(blocks), BLOCKS[dtype][0])
        for start in range(0, len(blocks), PIECE):
            piece = blocks[start : start + PIECE].contiguous().numpy().reshape(1, -1)
            made[start : start + PIECE] = torch.from_numpy(quants.dequantize(piece, kind)).view(-1, BLOCKS[dtype][0])
        return made

    return widen


FORMATS: dict[str, Callable[[Tensor], Tensor]] = {
    "Q8_0": q8_0, "Q4_0": q4_0, "Q4_1": q4_1, "Q5_0": q5_0, "Q5_1": q5_1, "Q2_K": q2_k, "Q3_K": q3_k,
    "Q4_K": q4_k, "Q5_K": q5_k, "Q6_K": q6_k, "IQ4_NL": iq4_nl, "IQ4_XS": iq4_xs, "TQ1_0": tq1_0, "TQ2_0": tq2_0,
    "MXFP4": mxfp4,
    **{dtype: by_gguf(dtype)
       for dtype in ("IQ1_S", "IQ1_M", "IQ2_XXS", "IQ2_XS", "IQ2_S", "IQ3_XXS", "IQ3_S", "NVFP4")},
}  # fmt: skip
