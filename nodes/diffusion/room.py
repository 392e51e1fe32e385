"""How much memory is free to compute in, and how much a look at a model takes at least."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol, runtime_checkable

import psutil
import torch


@runtime_checkable
class Measured(Protocol):
    """A denoiser that knows what it holds while it looks."""

    dtype: torch.dtype

    @property
    def numbers_a_place(self) -> float:
        """What is held all at once at least, for each place of each row of a latent."""
        ...


def bytes_to_look(denoiser: object, rows: int, places: int) -> int:
    """What one look at `rows` latents of so many places takes at least; 0 where that is not known."""
    if not isinstance(denoiser, Measured):
        return 0
    return int(denoiser.numbers_a_place * rows * places) * denoiser.dtype.itemsize


def numbers_of_unet(widths: Sequence[int], layers: int) -> float:
    """At the end of a UNet's way down: what each level keeps for the way up, and what the largest computes with.

    A level has a quarter of the places of the one above; `widths` are those of the levels, each of so many layers.
    """
    kept = widths[0] + sum(layers * width / 4**level for level, width in enumerate(widths))
    shrunk = sum(width / 4 ** (level + 1) for level, width in enumerate(widths[:-1]))
    return kept + shrunk + 2 * widths[0]


def numbers_of_transformer(width: int, patch: int) -> float:
    """In the middle of a block's second half: what came in, what its norm gave, and four times as much between."""
    return 6 * width / patch**2


def free_bytes(device: str) -> int:
    """Bytes that may be allocated on a device now; what torch holds for reuse counts as free."""
    if device.startswith("cuda"):
        free, _ = torch.cuda.mem_get_info(device)
        return free + torch.cuda.memory_reserved(device) - torch.cuda.memory_allocated(device)
    return int(psutil.virtual_memory().available)
