"""Filters on pictures and masks as tensors: blur, grow, fill from the neighbours, turn, match histograms.

Planes are float32, batch x channels x height x width.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor
from torch.nn import functional

REACH = 3.0
"""Standard deviations of a Gaussian that are not left out."""


def blur(planes: Tensor, sigma: float) -> Tensor:
    """A Gaussian blur; beyond the edge the edge goes on."""
    if sigma <= 0:
        return planes
    from kornia.filters import gaussian_blur2d

    across = 2 * max(1, math.ceil(sigma * REACH)) + 1
    blurred: Tensor = gaussian_blur2d(planes, (across, across), (sigma, sigma), border_type="replicate")
    return blurred


def grow(planes: Tensor, radius: int) -> Tensor:
    """The largest value within a disc: bright places grow by so many pixels, or shrink when it is below 0.

    By rows, with memory for two pictures: kornia's dilation takes that of a picture for each pixel of the disc.
    """
    if radius < 0:
        return 1 - grow(1 - planes, -radius)
    height = planes.shape[2]
    grown = planes
    for offset in range(-min(radius, height - 1), min(radius, height - 1) + 1):
        across = math.isqrt(radius**2 - offset**2)
        row = functional.max_pool2d(planes, (1, 2 * across + 1), stride=1, padding=(0, across))
        # A row that lies `offset` above reaches here.
        above, below = max(offset, 0), max(-offset, 0)
        part = grown[:, :, above : height - below].maximum(row[:, :, below : height - above])
        grown = torch.cat([grown[:, :, :above], part, grown[:, :, height - below :]], dim=2)
    return grown


def fill_from_neighbours(planes: Tensor, known: Tensor) -> Tensor:
    """Smooth colours where `known` (batch x 1 x height x width) is 0, mixed where it lies between 0 and 1.

    Pull-push (Gortler et al. 1996, section 4.4): averages of what is known, of ever larger cells, fill the holes.
    """
    height, width = planes.shape[2:]
    if height == 1 and width == 1:
        return planes * known.sign()
    smaller = functional.avg_pool2d(planes * known, 2, ceil_mode=True)
    share = functional.avg_pool2d(known, 2, ceil_mode=True)
    coarse = fill_from_neighbours(smaller / share.clamp(min=1e-6), (share * 4).clamp(max=1))
    around = functional.interpolate(coarse, (height, width), mode="bilinear", align_corners=False)
    return torch.lerp(around, planes, known)


def turn(planes: Tensor, degrees: float, expand: bool) -> Tensor:
    """Turned clockwise around the middle, black beyond the edges; `expand` makes room for the corners."""
    quarters, rest = divmod(degrees, 90)
    if rest == 0:
        turned: Tensor = torch.rot90(planes, -int(quarters) % 4, dims=(2, 3))
        if expand or turned.shape == planes.shape:
            return turned.contiguous()
    from kornia.geometry.transform import warp_affine

    height, width = planes.shape[2:]
    cosine, sine = math.cos(math.radians(degrees)), math.sin(math.radians(degrees))
    tall, wide = height, width
    if expand:
        wide = math.ceil(abs(width * cosine) + abs(height * sine) - 1e-6)
        tall = math.ceil(abs(width * sine) + abs(height * cosine) - 1e-6)
    framed = functional.pad(planes, (1, 1, 1, 1))  # one row alone has no extent that kornia could count in
    x, y = (width + 1) / 2, (height + 1) / 2
    there = [
        [cosine, -sine, (wide - 1) / 2 - cosine * x + sine * y],
        [sine, cosine, (tall - 1) / 2 - sine * x - cosine * y],
    ]
    turned = warp_affine(framed, planes.new_tensor([there] * len(planes)), (tall, wide), align_corners=True)
    return turned


def match_histogram(planes: Tensor, wanted: Tensor) -> Tensor:
    """Each channel of each picture with the brightnesses of another, rank by rank; short batches repeat."""
    matched = [
        [with_histogram(values, wanted[number % len(wanted), channel]) for channel, values in enumerate(picture)]
        for number, picture in enumerate(planes)
    ]
    return torch.stack([torch.stack(channels) for channels in matched])


def with_histogram(values: Tensor, wanted: Tensor) -> Tensor:
    """Each value becomes the wanted one of the same rank; equal values share the rank in their middle."""
    flat = values.flatten().contiguous()
    ordered, others = flat.sort().values, wanted.flatten().sort().values
    first = torch.searchsorted(ordered, flat)
    last = torch.searchsorted(ordered, flat, right=True) - 1
    place = (first + last) / 2 / max(len(flat) - 1, 1) * (len(others) - 1)
    low = place.floor().long()
    high = (low + 1).clamp(max=len(others) - 1)
    return torch.lerp(others[low], others[high], place - low).view_as(values)
