"""Coordinates that samplers share: signal-to-noise ratios, and steps that go too far and come back with noise."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

import torch

from nodes.diffusion.levels import Levels


def log_snr(levels: Levels, sigma: float) -> float:
    """lambda = log(alpha / sigma), half the logarithm of the signal-to-noise ratio (Lu et al. 2022)."""
    return math.log(levels.kept(sigma) / sigma)


def sigma_between(levels: Levels, sigma: float, following: float, share: float) -> float:
    """The sigma at a share of the way in lambda.

    In float32, as the peers have it: a Brownian path is asked for this very sigma, and it is rough enough
    that the next float's noise is another.
    """
    ends = torch.tensor([sigma, following])
    first, last = (-ends.logit() if levels.is_flow else -ends.log()).unbind()
    place = first + share * (last - first)
    return float((-place).sigmoid() if levels.is_flow else (-place).exp())


def halfway_in_log(sigma: float, following: float) -> float:
    """The geometric mean, in float32 as the peers have it."""
    first, last = torch.tensor([sigma, following]).log().unbind()
    return float(first.lerp(last, 0.5).exp())


def off_the_brink(levels: Levels, sigmas: Sequence[float]) -> list[float]:
    """A flow begins at sigma 1, where lambda is infinite: begin a ten-thousandth of the way later."""
    at_brink = levels.is_flow and sigmas[0] >= 1
    return [levels.at(1e-4) if at_brink else sigmas[0], *sigmas[1:]]


def ancestral_split(sigma: float, following: float, eta: float = 1.0) -> tuple[float, float]:
    """Down to which sigma to step and how much fresh noise then leads to `following` (Crowson, k-diffusion).

    In float32, as the peers have it: where a step is long nearly all of the noise is fresh, and what is left of `down`
    then comes from the last digits.
    """
    if eta == 0:
        return following, 0.0
    high, low = torch.tensor([sigma, following]).unbind()
    up = torch.minimum(low, eta * (low**2 * (high**2 - low**2) / high**2) ** 0.5)
    return float((low**2 - up**2) ** 0.5), float(up)


class Renoise(NamedTuple):
    """Step down to `down`, then x · scale + noise · amount is at the following sigma."""

    down: float
    scale: float
    amount: float


def renoise(levels: Levels, sigma: float, following: float, eta: float = 1.0) -> Renoise:
    """How an ancestral step ends. A flow's picture shrinks as its noise grows, so x is scaled before noise is added."""
    if not levels.is_flow:
        down, up = ancestral_split(sigma, following, eta)
        return Renoise(down, 1.0, up)
    down = following * (1 + (following / sigma - 1) * eta)
    scale = (1 - following) / (1 - down)
    return Renoise(down, scale, math.sqrt(max(following**2 - (down * scale) ** 2, 0.0)))
