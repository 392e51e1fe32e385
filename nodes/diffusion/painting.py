"""Sampling that changes part of a latent: what is to be kept is put back at every noise level.

The model always sees the kept part as the original with the run's own noise, so that what it paints fits in (the
replacement method of Song et al. 2021, arXiv 2011.13456, appendix I.2; Lugmayr et al. 2022, arXiv 2201.09865, without
their repeated steps). A mask may also act in time: a place joins the painting when the share of noise that is left has
come down to its value (differential diffusion, Levin & Fried 2023, arXiv 2306.00950).
"""

from __future__ import annotations

import torch
from torch import Tensor

from nodes.diffusion.levels import Levels
from nodes.diffusion.samplers import Denoise
from nodes.diffusion.told import fill
from nodes.types import NoiseMask


class Painting:
    """A guided model that changes only what a mask lets it."""

    unconditional: Tensor

    def __init__(self, denoise: Denoise, clean: Tensor, noise: Tensor, mask: NoiseMask, first: float) -> None:
        """`clean`, in the denoiser's scale, and `noise`, both on its device; `first`: the run's first sigma."""
        self.denoise, self.clean, self.noise = denoise, clean, noise
        self.values = fill(mask.values, len(clean)).to(clean)
        self.in_time, self.first = mask.in_time, first

    @property
    def levels(self) -> Levels:
        return self.denoise.levels

    def __call__(self, x: Tensor, sigma: float) -> Tensor:
        share = self.share(sigma)
        seen = self.denoise(torch.lerp(self.kept(sigma), x, share), sigma)
        self.unconditional = torch.lerp(self.clean, self.denoise.unconditional, share)
        return torch.lerp(self.clean, seen, share)

    def kept(self, sigma: float) -> Tensor:
        """The original with the run's noise of this level."""
        return self.levels.noised(self.clean, self.noise, sigma)

    def share(self, sigma: float) -> Tensor:
        """How much of each place is painted at this level."""
        if not self.in_time:
            return self.values
        left = noise_left(self.levels, sigma, self.first)
        return ((self.values >= left) & (self.values > 0)).to(self.values)


def noise_left(levels: Levels, sigma: float, first: float) -> float:
    """Where a run stands that began at `first`, counted in training steps: 1 at its start, 0 at the last of all."""
    last = levels.timestep(levels.smallest)
    whole = levels.timestep(first) - last
    return min(max((levels.timestep(sigma) - last) / whole, 0.0), 1.0) if whole > 0 else 0.0
