"""Pictures of a node (float 0..1, batch x height x width x colours) as Pillow pictures of 8 bits."""

from __future__ import annotations

import sys
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

MODES = {1: "L", 3: "RGB", 4: "RGBA"}


class NoPicture(ValueError):
    """A node gave something that is no picture."""


def pictures_of(image: Any) -> list[Image.Image]:
    """Every picture of a batch. `image` is an Image, a tensor or an array; raises NoPicture."""
    return [_picture(pixels) for pixels in _array(image)]


def count_of(image: Any) -> int:
    """How many pictures a batch has, without copying them from the device."""
    shape = tuple(getattr(_pixels(image), "shape", ()))
    if len(shape) not in (3, 4) or shape[-1] not in MODES or 0 in shape[-3:]:
        found = " x ".join(map(str, shape)) or "none"
        raise NoPicture(f"a picture has batch x height x width x 3 numbers, not {found}")
    return int(shape[0]) if len(shape) == 4 else 1


def size_of(image: Any) -> tuple[int, int]:
    """Width and height of the pictures of a batch, without copying them from the device. Raises NoPicture."""
    count_of(image)
    height, width = _pixels(image).shape[-3:-1]
    return int(width), int(height)


def _pixels(image: Any) -> Any:
    return getattr(image, "pixels", image)


def _array(image: Any) -> NDArray[np.uint8]:
    count_of(image)
    pixels = _pixels(image)
    torch = sys.modules.get("torch")
    if torch is not None and isinstance(pixels, torch.Tensor):
        pixels = pixels.detach().float().cpu().numpy()
    found = np.nan_to_num(np.asarray(pixels, dtype=np.float32), nan=0.0)
    # Truncated, not rounded, as the other programs of this field do: 0.5 is 127.
    eight: NDArray[np.uint8] = (found.clip(0, 1) * 255).astype(np.uint8)
    return eight if eight.ndim == 4 else eight[None]


def _picture(pixels: NDArray[np.uint8]) -> Image.Image:
    mode = MODES[pixels.shape[-1]]
    return Image.fromarray(np.ascontiguousarray(pixels[..., 0] if mode == "L" else pixels), mode=None)
