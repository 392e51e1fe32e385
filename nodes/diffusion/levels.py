"""The noise levels a model was trained on: from its steps to sigmas and back.

Everything is float32 on the CPU, as in the peers: which training step is nearest to a sigma can hang
on the last bit, and a picture hangs on that.
"""

from __future__ import annotations

import torch
from torch import Tensor


class NoiseLevels:
    """The discrete schedule of a model that predicts noise (Ho et al. 2020, in the sigmas of Karras et al. 2022)."""

    def __init__(self, betas: Tensor) -> None:
        """`betas`: float64, one a training step."""
        kept = torch.cumprod(1 - betas, dim=0)
        self.sigmas = ((1 - kept) / kept).sqrt().float()
        self.log_sigmas = self.sigmas.log()

    @classmethod
    def scaled_linear(cls, first: float = 0.00085, last: float = 0.012, steps: int = 1000) -> NoiseLevels:
        """Betas whose roots grow evenly, as in Stable Diffusion (Rombach et al. 2022)."""
        return cls(torch.linspace(first**0.5, last**0.5, steps, dtype=torch.float64) ** 2)

    @property
    def steps(self) -> int:
        return len(self.sigmas)

    @property
    def smallest(self) -> float:
        return float(self.sigmas[0])

    @property
    def largest(self) -> float:
        return float(self.sigmas[-1])

    def sigma(self, step: Tensor) -> Tensor:
        """The sigma at a training step, which may lie between two: interpolated in the logarithm."""
        low, share = step.floor().long(), step.frac()
        return ((1 - share) * self.log_sigmas[low] + share * self.log_sigmas[step.ceil().long()]).exp()

    def nearest_step(self, sigma: float) -> int:
        """The training step whose sigma is nearest, in the logarithm."""
        distance = torch.tensor([sigma]).log() - self.log_sigmas
        return int(distance.abs().argmin())

    def is_largest(self, sigma: float) -> bool:
        """Whether sampling from this sigma starts from nothing but noise."""
        return sigma > self.largest * (1 - 1e-5)
