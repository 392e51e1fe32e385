"""The last touches on a picture: grain and vignette.

torch is imported where it is used, so that reading the pack stays fast.
"""

from __future__ import annotations

from typing import Annotated

from nodes.api import Slider, node
from nodes.fields import Fraction, ImageOut, SeedNumber
from nodes.types import Image

GrainSize = Annotated[float, Slider(min=1.0, max=8.0, step=0.5)]
RED, GREEN, BLUE = 0.2126, 0.7152, 0.0722
"""How much red, green and blue weigh in what the eye takes as brightness (ITU-R BT.709)."""


@node(category="darkroom")
def film_grain(image: Image, amount: Fraction = 0.2, size: GrainSize = 1.5, seed: SeedNumber = 0) -> ImageOut:
    """Add the grain of photographic film, strongest in the middle tones.

    Args:
        image: The picture.
        amount: 0 leaves the picture as it is; 0.2 is a fast film.
        size: How large the grains are, in pixels.
        seed: Which grain. Each picture of a batch gets its own.

    Returns:
        The grainy picture.
    """
    import torch
    from torch.nn import functional

    pixels = image.pixels
    count, height, width, _ = pixels.shape
    small = max(1, round(height / size)), max(1, round(width / size))
    grain = torch.randn((count, 1, *small), generator=torch.Generator().manual_seed(seed))
    grain = functional.interpolate(grain, (height, width), mode="bicubic", align_corners=False)
    brightness = pixels @ torch.tensor([[RED], [GREEN], [BLUE]])
    # Film shows no grain where it is fully black or white.
    visible = 4 * brightness * (1 - brightness)
    return Image((pixels + grain.permute(0, 2, 3, 1) * visible * amount * 0.25).clamp(0, 1))


@node(category="darkroom")
def vignette(image: Image, strength: Fraction = 0.4, reach: Fraction = 0.5) -> ImageOut:
    """Darken the corners, which leads the eye to the middle.

    Args:
        image: The picture.
        strength: 0 leaves the picture as it is, 1 makes the corners black.
        reach: How far the darkness comes in from the corners.

    Returns:
        The picture with darker corners.
    """
    import torch

    _, height, width, _ = image.pixels.shape
    y = torch.linspace(-1, 1, height)[:, None] if height > 1 else torch.zeros(1, 1)
    x = torch.linspace(-1, 1, width)[None, :] if width > 1 else torch.zeros(1, 1)
    distance = ((x**2 + y**2) / 2).sqrt()
    start = 1 - reach
    edge = ((distance - start) / max(1 - start, 1e-6)).clamp(0, 1)
    shade = 1 - strength * edge**2 * (3 - 2 * edge)
    return Image(image.pixels * shade[None, :, :, None])
