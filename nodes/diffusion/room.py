"""How much memory is free to compute in, and how much a look at a model takes at least."""

from __future__ import annotations

from collections.abc import Sequence

import psutil
import torch


def bytes_to_look(denoiser: object, rows: int, height: int, width: int) -> int:
    """What one look at so many latents of this size takes at least; 0 where the denoiser does not know.

    Asked by name rather than by `isinstance`, which overlooks what a denoiser behind tiles passes on.
    """
    known = getattr(denoiser, "bytes_to_look", None)
    return 0 if known is None else int(known(rows, height, width))


def numbers_of_unet(widths: Sequence[int], layers: int) -> float:
    """Numbers for each place of a latent, at the end of a UNet's way down: what is kept for the way up, and computed.

    A level has a quarter of the places of the one above; `widths` are those of the levels, each of so many layers.
    """
    kept = widths[0] + sum(layers * width / 4.0**level for level, width in enumerate(widths))
    shrunk = sum(width / 4.0 ** (level + 1) for level, width in enumerate(widths[:-1]))
    return kept + shrunk + 2 * widths[0]


def numbers_of_transformer(width: int, patch: int) -> float:
    """Numbers for each place of a latent, in a block: what came in, what its norm gave, four times as much between."""
    return 6.0 * width / (patch * patch)


def bytes_of_numbers(numbers: float, dtype: torch.dtype, rows: int, height: int, width: int) -> int:
    """What so many numbers for each place take, in latents of this size."""
    return int(numbers * rows * height * width) * dtype.itemsize


def free_bytes(device: str) -> int:
    """Bytes that may be allocated on a device now; what torch holds for reuse counts as free."""
    if device.startswith("cuda"):
        free, _ = torch.cuda.mem_get_info(device)
        return free + torch.cuda.memory_reserved(device) - torch.cuda.memory_allocated(device)
    return int(psutil.virtual_memory().available)
