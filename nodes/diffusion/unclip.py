"""What an unCLIP UNet is told of a picture (Ramesh et al. 2022, arXiv 2204.06125; Stable unCLIP, Stability AI 2023).

It reads what CLIP sees in the picture with noise added, and how much noise: less noise keeps closer to the picture.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor

STEPS = 1000
"""Noise levels that it was trained with."""
STEEPEST = 0.999
LONGEST_WAVE = 10_000


@dataclass(frozen=True, eq=False)
class Statistics:
    """Of what CLIP sees in the pictures that the UNet was trained on, 1 x width: it is noised as unit normals are."""

    mean: Tensor
    spread: Tensor

    def noised(self, seen: Tensor, level: int, noise: Tensor) -> Tensor:
        """What the UNet reads of `seen` (batch x width) at a noise level: batch x 2 width. `noise`: like `seen`."""
        kept = kept_at(level)
        clean = (seen - self.mean) / self.spread
        dirty = clean * kept.sqrt() + noise * (1 - kept).sqrt()
        return torch.cat(
            [dirty * self.spread + self.mean, level_embedding(level, seen.shape[1]).expand_as(seen)], dim=1
        )


def kept_at(level: int) -> Tensor:
    """How much of the variance is left at a level of the cosine schedule (Nichol & Dhariwal 2021), float32."""

    def left(share: float) -> float:
        return math.cos((share + 0.008) / 1.008 * math.pi / 2) ** 2

    betas = [min(1 - left((step + 1) / STEPS) / left(step / STEPS), STEEPEST) for step in range(level + 1)]
    return torch.cumprod(1 - torch.tensor(betas, dtype=torch.float32), dim=0)[-1]


def level_embedding(level: int, width: int) -> Tensor:
    """Cosines, then sines of the level at falling frequencies, 1 x width."""
    half = width // 2
    angles = level * torch.exp(-math.log(LONGEST_WAVE) * torch.arange(half, dtype=torch.float32) / half)
    return torch.cat([angles.cos(), angles.sin()])[None]
