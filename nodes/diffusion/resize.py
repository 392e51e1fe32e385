"""Resizing of pixels, float32 throughout: no detour over 8 bits."""

from __future__ import annotations

import numpy as np
import PIL.Image
import torch
from torch import Tensor
from torch.nn import functional


def resize(pixels: Tensor, width: int, height: int, method: str, fit: str) -> Tensor:
    """Pixels, batch x height x width x RGB, in a new size.

    `method`: lanczos, bicubic, bilinear, area or nearest. `fit`: stretch, crop (fill and cut evenly) or pad
    (fit inside and frame with black).
    """
    _, old_height, old_width, _ = pixels.shape
    if fit == "stretch":
        return scale(pixels, width, height, method)
    choose = max if fit == "crop" else min
    factor = choose(width / old_width, height / old_height)
    inner_width, inner_height = max(1, round(old_width * factor)), max(1, round(old_height * factor))
    scaled = scale(pixels, inner_width, inner_height, method)
    # Negative padding cuts, so one call both crops and pads, half on each side.
    left, top = (width - inner_width) // 2, (height - inner_height) // 2
    around = (0, 0, left, width - inner_width - left, top, height - inner_height - top)
    return functional.pad(scaled, around).contiguous()


def scale(pixels: Tensor, width: int, height: int, method: str) -> Tensor:
    if method == "lanczos":
        return lanczos(pixels, width, height)
    planes = pixels.permute(0, 3, 1, 2)
    smooth = method in ("bilinear", "bicubic")
    mode = "nearest-exact" if method == "nearest" else method
    scaled = functional.interpolate(
        planes, (height, width), mode=mode, antialias=smooth, align_corners=False if smooth else None
    )
    return scaled.permute(0, 2, 3, 1).clamp(0, 1).contiguous()


def lanczos(pixels: Tensor, width: int, height: int) -> Tensor:
    """Pillow's filter on each colour as 32-bit floats."""
    planes = pixels.permute(0, 3, 1, 2).flatten(0, 1).numpy()
    scaled = [
        np.asarray(PIL.Image.fromarray(plane).resize((width, height), PIL.Image.Resampling.LANCZOS)) for plane in planes
    ]
    together = torch.from_numpy(np.stack(scaled)).view(len(pixels), 3, height, width)
    return together.permute(0, 2, 3, 1).clamp(0, 1).contiguous()
