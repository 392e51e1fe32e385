"""What lies between two latents: on a straight line, or along a great circle, which keeps their strength."""

from __future__ import annotations

import torch
from torch import Tensor

PARALLEL = 1e-4
"""Below this sine of the angle between them, the straight way is taken."""


def slerp(first: Tensor, second: Tensor, share: Tensor | float, axes: tuple[int, ...]) -> Tensor:
    """Between vectors that lie along `axes` (Shoemake 1985); their lengths are mixed evenly.

    Vectors of no length, and those that point the same or the opposite way, are mixed straight.
    """
    lengths = [values.square().sum(axes, keepdim=True).sqrt() for values in (first, second)]
    ones = [values / length.clamp(min=1e-12) for values, length in zip((first, second), lengths, strict=True)]
    cosine = (ones[0] * ones[1]).sum(axes, keepdim=True).clamp(-1, 1)
    angle = cosine.acos()
    sine = angle.sin()
    safe = sine.clamp(min=PARALLEL)
    turned = ((1 - share) * angle).sin() / safe * ones[0] + (share * angle).sin() / safe * ones[1]
    curved = turned * (lengths[0] * (1 - share) + lengths[1] * share)
    straight = first * (1 - share) + second * share
    return torch.where((sine < PARALLEL) | (lengths[0] == 0) | (lengths[1] == 0), straight, curved)


def bislerp(planes: Tensor, height: int, width: int) -> Tensor:
    """Planes, batch x channels x height x width, in a new size: each place slerped between its four neighbours."""
    across = along(planes, width)
    return along(across.transpose(2, 3), height).transpose(2, 3).contiguous()


def along(planes: Tensor, length: int) -> Tensor:
    """A new width."""
    old = planes.shape[3]
    if old == length:
        return planes
    place = ((torch.arange(length, dtype=torch.float32) + 0.5) * (old / length) - 0.5).clamp(0, old - 1)
    low = place.floor().long()
    high = (low + 1).clamp(max=old - 1)
    return slerp(planes[..., low], planes[..., high], place - low, (1,))
