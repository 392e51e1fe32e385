"""Resizing of pixels, float32 throughout: no detour over 8 bits."""

from __future__ import annotations

import numpy as np
import PIL.Image
import torch
from torch import Tensor
from torch.nn import functional

from nodes.diffusion.between import bislerp


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
    planes = lanczos_planes(pixels.permute(0, 3, 1, 2), width, height)
    return planes.permute(0, 2, 3, 1).clamp(0, 1).contiguous()


def lanczos_planes(planes: Tensor, width: int, height: int) -> Tensor:
    """Pillow's filter on each plane of batch x channels x height x width, as 32-bit floats."""
    count, channels = planes.shape[:2]
    flat = planes.float().flatten(0, 1).numpy()
    scaled = [
        np.asarray(PIL.Image.fromarray(plane).resize((width, height), PIL.Image.Resampling.LANCZOS)) for plane in flat
    ]
    return torch.from_numpy(np.stack(scaled)).view(count, channels, height, width)


def resample(planes: Tensor, width: int, height: int, method: str, fit: str = "stretch") -> Tensor:
    """Planes of any numbers, batch x channels x height x width, in a new size, without clamping.

    `method`: nearest, bilinear, bicubic, area, lanczos or bislerp. `fit`: stretch, or crop (cut evenly first).
    """
    if fit == "crop":
        planes = cut_to_shape(planes, width, height)
    if method == "lanczos":
        return lanczos_planes(planes, width, height)
    if method == "bislerp":
        return bislerp(planes, height, width)
    smooth = method in ("bilinear", "bicubic")
    mode = "nearest-exact" if method == "nearest" else method
    return functional.interpolate(
        planes, (height, width), mode=mode, antialias=smooth, align_corners=False if smooth else None
    )


def cut_to_shape(planes: Tensor, width: int, height: int) -> Tensor:
    """The largest part in the middle that has the proportions of width to height."""
    old_height, old_width = planes.shape[2:]
    tall = min(old_height, max(1, round(old_width * height / width)))
    wide = min(old_width, max(1, round(old_height * width / height)))
    top, left = (old_height - tall) // 2, (old_width - wide) // 2
    return planes[:, :, top : top + tall, left : left + wide]
