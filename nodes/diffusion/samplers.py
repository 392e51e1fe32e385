"""Samplers: ways to walk from noise to a picture. Each is one short function over one `denoise(x, sigma)`.

A sampler takes the noisy latent, the falling sigmas (floats, so that nothing waits for the device) and a
source of fresh noise; it yields a `Step` after each step. `x` stays float32.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from torch import Tensor

Denoise: TypeAlias = "Callable[[Tensor, float], Tensor]"
"""`denoise(x, sigma)` predicts the clean latent x0."""
FreshNoise: TypeAlias = "Callable[[], Tensor]"
"""Standard normal noise in the shape of x, new at each call."""
Sampler: TypeAlias = "Callable[[Denoise, Tensor, Sequence[float], FreshNoise], Iterator[Step]]"


@dataclass(frozen=True)
class Step:
    """Where a sampler stands after a step."""

    index: int
    x: Tensor
    denoised: Tensor
    """The clean latent as the model saw it in this step."""


def euler(denoise: Denoise, x: Tensor, sigmas: Sequence[float], noise: FreshNoise) -> Iterator[Step]:
    """Straight steps along the slope: Euler's method (Karras et al. 2022, algorithm 2 without churn)."""
    for i, (sigma, following) in enumerate(pairwise(sigmas)):
        denoised = denoise(x, sigma)
        x = x + (x - denoised) * ((following - sigma) / sigma)
        yield Step(i, x, denoised)


def euler_ancestral(denoise: Denoise, x: Tensor, sigmas: Sequence[float], noise: FreshNoise) -> Iterator[Step]:
    """Euler steps that go too far and add fresh noise back (Ho et al. 2020; in sigmas: Crowson, k-diffusion)."""
    for i, (sigma, following) in enumerate(pairwise(sigmas)):
        denoised = denoise(x, sigma)
        down, up = ancestral_split(sigma, following)
        x = x + (x - denoised) * ((down - sigma) / sigma)
        if following > 0:
            x = x + noise() * up
        yield Step(i, x, denoised)


def ancestral_split(sigma: float, following: float) -> tuple[float, float]:
    """Down to which sigma to step and how much fresh noise then leads to `following`."""
    up = min(following, math.sqrt(following**2 * (sigma**2 - following**2) / sigma**2))
    return math.sqrt(following**2 - up**2), up


def heun(denoise: Denoise, x: Tensor, sigmas: Sequence[float], noise: FreshNoise) -> Iterator[Step]:
    """Two looks a step: the mean of the slopes at both ends (Karras et al. 2022, algorithm 2 without churn)."""
    for i, (sigma, following) in enumerate(pairwise(sigmas)):
        denoised = denoise(x, sigma)
        slope = (x - denoised) / sigma
        ahead = x + slope * (following - sigma)
        if following > 0:
            slope = (slope + (ahead - denoise(ahead, following)) / following) / 2
            ahead = x + slope * (following - sigma)
        x = ahead
        yield Step(i, x, denoised)


def dpmpp_2m(denoise: Denoise, x: Tensor, sigmas: Sequence[float], noise: FreshNoise) -> Iterator[Step]:
    """DPM-Solver++(2M): second order from the step before, one look a step (Lu et al. 2022)."""
    earlier: tuple[Tensor, float] | None = None
    for i, (sigma, following) in enumerate(pairwise(sigmas)):
        denoised = guess = denoise(x, sigma)
        if following == 0:
            x = denoised
        else:
            h = math.log(sigma / following)
            if earlier is not None:
                ratio = math.log(earlier[1] / sigma) / h
                guess = denoised * (1 + 1 / (2 * ratio)) - earlier[0] * (1 / (2 * ratio))
            x = x * (following / sigma) - guess * math.expm1(-h)
        earlier = denoised, sigma
        yield Step(i, x, denoised)


def ddim(denoise: Denoise, x: Tensor, sigmas: Sequence[float], noise: FreshNoise) -> Iterator[Step]:
    """DDIM without added noise (Song et al. 2020, equation 12 with eta 0); in sigmas it equals Euler's method."""
    for i, (sigma, following) in enumerate(pairwise(sigmas)):
        denoised = denoise(x, sigma)
        x = denoised + (x - denoised) * (following / sigma)
        yield Step(i, x, denoised)


SAMPLERS: Mapping[str, Sampler] = {
    "euler": euler,
    "euler_ancestral": euler_ancestral,
    "heun": heun,
    "dpmpp_2m": dpmpp_2m,
    "ddim": ddim,
}
