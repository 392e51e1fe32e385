"""Edges and lines of pictures, without a model. Pixels are float32, batch x height x width x RGB, 0..1."""

from __future__ import annotations

import math

import torch
from torch import Tensor
from torch.nn import functional

LUMA = (0.299, 0.587, 0.114)
"""ITU-R BT.601."""
CANNY_BLUR = 1.0
WIDER = 1.6
"""How much wider the second Gaussian of a difference is: close to what the eye has (Marr & Hildreth 1980)."""
SCALES = (1.0, 2.0, 4.0)
"""Sigmas in pixels at which soft edges are looked for."""
LARGEST_SHARE = 0.99
"""The share of pixels whose slope counts as less than the strongest."""
BARELY = 1e-6


def canny(pixels: Tensor, low: float, high: float) -> Tensor:
    """Thin edges (Canny 1986), batch x height x width, 0 or 1.

    `low` and `high` are slopes after Sobel's weights 1 2 1: a step from black to white has about 2. What is above
    `high` is an edge, and what is above `low` and hangs together with one.
    """
    across, down = slopes(blurred(grey(pixels), CANNY_BLUR))
    strength = (across**2 + down**2).sqrt()
    thin = strength.where(is_ridge(strength, across, down), 0)
    return connected(thin > high, thin > low).float()


def grey(pixels: Tensor) -> Tensor:
    return pixels @ pixels.new_tensor(LUMA)


def blurred(values: Tensor, sigma: float) -> Tensor:
    """A Gaussian over the last two axes; the picture goes on with its edge."""
    reach = max(1, math.ceil(2 * sigma))
    places = torch.arange(-reach, reach + 1, dtype=values.dtype)
    weights = torch.exp(-(places**2) / (2 * sigma**2))
    weights = weights / weights.sum()
    padded = functional.pad(values[:, None], (reach,) * 4, mode="replicate")
    return functional.conv2d(functional.conv2d(padded, weights.view(1, 1, 1, -1)), weights.view(1, 1, -1, 1))[:, 0]


def slopes(values: Tensor) -> tuple[Tensor, Tensor]:
    """Sobel's slopes from left to right and from top to bottom."""
    kernel = values.new_tensor([[-1.0, 0.0, 1.0], [-2.0, 0.0, 2.0], [-1.0, 0.0, 1.0]])
    padded = functional.pad(values[:, None], (1, 1, 1, 1), mode="replicate")
    found = functional.conv2d(padded, torch.stack([kernel, kernel.T])[:, None])
    return found[:, 0], found[:, 1]


def is_ridge(strength: Tensor, across: Tensor, down: Tensor) -> Tensor:
    """Whether a pixel is stronger than both neighbours on the way of its slope, to the nearest eighth of a turn.

    Of two that are equal the right, or the lower, one counts, so that a clean step has one line.
    """
    turn = torch.round(torch.atan2(down, across) * 4 / math.pi).long() % 4
    around = functional.pad(strength[:, None], (1, 1, 1, 1))[:, 0]
    height, width = strength.shape[1:]
    ridge = torch.zeros_like(strength, dtype=torch.bool)
    for number, (x, y) in enumerate(((1, 0), (1, 1), (0, 1), (-1, 1))):
        ahead = around[:, 1 + y : 1 + y + height, 1 + x : 1 + x + width]
        behind = around[:, 1 - y : 1 - y + height, 1 - x : 1 - x + width]
        ridge |= (turn == number) & (strength > ahead + BARELY) & (strength > behind - BARELY)
    return ridge


def connected(sure: Tensor, possible: Tensor) -> Tensor:
    """What is possible and hangs together with what is sure, corners included."""
    while True:
        grown = possible & (functional.max_pool2d(sure.float()[:, None], 3, stride=1, padding=1)[:, 0] > 0)
        if torch.equal(grown, sure):
            return sure
        sure = grown


def soft_edges(pixels: Tensor) -> Tensor:
    """How strongly each pixel is an edge at its best scale, batch x height x width, 0..1.

    The slope of each Gaussian times its sigma, so that scales compare (Lindeberg 1998).
    """
    plain = grey(pixels)
    found = []
    for sigma in SCALES:
        across, down = slopes(blurred(plain, sigma))
        found.append((across**2 + down**2).sqrt() * sigma)
    strength = torch.stack(found).amax(0)
    return (strength / strongest_of(strength)).clamp(max=1)


def strongest_of(strength: Tensor) -> Tensor:
    """For each picture what nearly all pixels are below; at least a slope that can be seen."""
    flat = strength.flatten(1)
    place = max(1, round(LARGEST_SHARE * flat.shape[1]))
    return flat.kthvalue(place, dim=1).values.clamp(min=0.05)[:, None, None]


def line_art(pixels: Tensor, sigma: float, sharpness: float, threshold: float) -> Tensor:
    """Dark lines and the rims of dark shapes as white lines on black, batch x height x width, 0..1.

    An extended difference of Gaussians (Winnemöller 2012, equations 4 and 7): `sigma` is the width of a line in
    pixels, `sharpness` how much the difference counts (its p), `threshold` the brightness below which lines begin.
    """
    plain = grey(pixels)
    narrow, wide = blurred(plain, sigma), blurred(plain, WIDER * sigma)
    sharpened = narrow + sharpness * (narrow - wide)
    return torch.tanh(10 * (threshold - sharpened).clamp(min=0))


def tiled(pixels: Tensor, factor: float) -> Tensor:
    """The picture without its finest detail: scaled down by a factor and up again; same shape."""
    _, height, width, _ = pixels.shape
    planes, size = pixels.permute(0, 3, 1, 2), (max(1, round(height / factor)), max(1, round(width / factor)))
    coarse = functional.interpolate(planes, size, mode="area")
    return functional.interpolate(coarse, (height, width), mode="bilinear").permute(0, 2, 3, 1).contiguous()


def as_pixels(values: Tensor) -> Tensor:
    """Grey values (batch x height x width) as pixels."""
    return values[..., None].repeat(1, 1, 1, 3)
