"""Schedules that are curves between the smallest and the largest sigma, whatever levels were trained between.

All are computed in float32, as the peers compute them, and close with 0 unless said otherwise.
"""

from __future__ import annotations

import math

import torch

from nodes.diffusion.levels import Levels
from nodes.diffusion.schedules.sigmas import Sigmas


def karras(levels: Levels, steps: int) -> Sigmas:
    """Finer steps where little noise is left (Karras et al. 2022, equation 5)."""
    return karras_between(levels.smallest, levels.largest, steps)


def karras_between(smallest: float, largest: float, steps: int, rho: float = 7.0) -> Sigmas:
    first, last = largest ** (1 / rho), smallest ** (1 / rho)
    ramp = torch.linspace(0, 1, steps)
    return (*((first + ramp * (last - first)) ** rho).tolist(), 0.0)


def exponential(levels: Levels, steps: int) -> Sigmas:
    """Even steps in the logarithm of sigma."""
    return exponential_between(levels.smallest, levels.largest, steps)


def exponential_between(smallest: float, largest: float, steps: int) -> Sigmas:
    return (*torch.linspace(math.log(largest), math.log(smallest), steps).exp().tolist(), 0.0)


def polyexponential_between(smallest: float, largest: float, steps: int, rho: float = 1.0) -> Sigmas:
    """A power of even steps in the logarithm of sigma (Crowson, k-diffusion); with rho 1 it is exponential."""
    ramp = torch.linspace(1, 0, steps) ** rho
    low, high = math.log(smallest), math.log(largest)
    return (*torch.exp(ramp * (high - low) + low).tolist(), 0.0)


def kl_optimal(levels: Levels, steps: int) -> Sigmas:
    """Arctangents at even steps: least divergence for Gaussian data (Sabour et al. 2024, theorem 3.1)."""
    ramp = torch.arange(steps) / max(steps - 1, 1)
    angles = ramp * math.atan(levels.smallest) + (1 - ramp) * math.atan(levels.largest)
    return (*angles.tan().tolist(), 0.0)


def variance_preserving(steps: int, beta_d: float = 19.9, beta_min: float = 0.1, eps_s: float = 1e-3) -> Sigmas:
    """Even times of the continuous variance preserving process (Song et al. 2021; Karras et al. 2022, table 1)."""
    t = torch.linspace(1, eps_s, steps)
    return (*torch.sqrt(torch.special.expm1(beta_d * t**2 / 2 + beta_min * t)).tolist(), 0.0)


def laplace(steps: int, smallest: float, largest: float, mu: float = 0.0, beta: float = 0.5) -> Sigmas:
    """Quantiles of a Laplace distribution of log sigma (Hang & Gu 2024). It ends at `smallest`, not at 0."""
    x = torch.linspace(0, 1, steps)
    tail = (1 - 2 * (0.5 - x).abs() + 1e-5).log()
    return tuple((mu - beta * torch.sign(0.5 - x) * tail).exp().clamp(smallest, largest).tolist())
