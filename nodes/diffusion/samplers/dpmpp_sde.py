"""DPM-Solver++ for the stochastic equation: noise along a Brownian path (Lu et al. 2022; Crowson, k-diffusion).

With alpha = 1 for models that add noise and 1 - sigma for flows, lambda is log(alpha / sigma).
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import Literal

from torch import Tensor

from nodes.diffusion.levels import Levels
from nodes.diffusion.samplers.protocol import Between, Denoise, NoiseSource, Step
from nodes.diffusion.samplers.snr import ancestral_split, log_snr, off_the_brink, sigma_between


def brownian(noise: NoiseSource, sigmas: Sequence[float], on_device: bool) -> Between:
    """The path over all sigmas of a run that are above 0."""
    return noise.brownian(min(sigma for sigma in sigmas if sigma > 0), max(sigmas), on_device)


def dpmpp_sde(
    denoise: Denoise,
    x: Tensor,
    sigmas: Sequence[float],
    noise: NoiseSource,
    eta: float = 1.0,
    s_noise: float = 1.0,
    r: float = 0.5,
    on_device: bool = False,
) -> Iterator[Step]:
    """DPM-Solver++ (stochastic), two looks a step, the second at `r` of the way in lambda."""
    path, levels = brownian(noise, sigmas, on_device), denoise.levels
    for i, (sigma, following) in enumerate(pairwise(off_the_brink(levels, sigmas))):
        denoised = guess = denoise(x, sigma)
        if following == 0:
            x = x - (x - denoised) / sigma * sigma  # in the peers' rounding, which shows where the only step is long
        else:
            middle = sigma_between(levels, sigma, following, r)
            amount = s_noise if eta > 0 else 0.0
            halfway = stochastic_step(levels, x, denoised, sigma, middle, eta, path, amount)
            guess = denoised * (1 - 1 / (2 * r)) + denoise(halfway, middle) * (1 / (2 * r))
            x = stochastic_step(levels, x, guess, sigma, following, eta, path, amount)
        yield Step(i, x, denoised)


def stochastic_step(
    levels: Levels, x: Tensor, denoised: Tensor, sigma: float, target: float, eta: float, path: Between, s_noise: float
) -> Tensor:
    """Down further than `target` and back up with the path's noise, in the scale where no picture shrinks."""
    here, there = levels.kept(sigma), levels.kept(target)
    down, up = ancestral_split(sigma / here, target / there, eta)
    ratio = down * here / sigma
    x = x * (ratio * there / here) + denoised * (there * (1 - ratio))
    return x + path(sigma, target) * (up * there * s_noise) if s_noise > 0 else x


def dpmpp_2m_sde(
    denoise: Denoise,
    x: Tensor,
    sigmas: Sequence[float],
    noise: NoiseSource,
    eta: float = 1.0,
    s_noise: float = 1.0,
    solver: Literal["midpoint", "heun"] = "midpoint",
    on_device: bool = False,
) -> Iterator[Step]:
    """DPM-Solver++(2M) for the stochastic equation: second order from the step before, one look a step."""
    path, levels = brownian(noise, sigmas, on_device), denoise.levels
    earlier: tuple[Tensor, float] | None = None
    for i, (sigma, following) in enumerate(pairwise(off_the_brink(levels, sigmas))):
        denoised = denoise(x, sigma)
        if following == 0:
            x = denoised
        else:
            h = log_snr(levels, following) - log_snr(levels, sigma)
            gain = -math.expm1(-h * (eta + 1))
            alpha = levels.kept(following)
            x = x * (following / sigma * math.exp(-h * eta)) + denoised * (alpha * gain)
            if earlier is not None:
                weight = gain / 2 if solver == "midpoint" else 1 - gain / (h * (eta + 1))
                x = x + (denoised - earlier[0]) * (alpha * weight * h / earlier[1])
            x = with_path(x, path, sigma, following, h, eta, s_noise)
            earlier = denoised, h
        yield Step(i, x, denoised)


def dpmpp_3m_sde(
    denoise: Denoise,
    x: Tensor,
    sigmas: Sequence[float],
    noise: NoiseSource,
    eta: float = 1.0,
    s_noise: float = 1.0,
    on_device: bool = False,
) -> Iterator[Step]:
    """DPM-Solver++(3M) for the stochastic equation: third order from two steps before (Crowson, k-diffusion)."""
    path, levels = brownian(noise, sigmas, on_device), denoise.levels
    seen: list[tuple[Tensor, float]] = []  # what the model saw and how far the step then led, newest first
    for i, (sigma, following) in enumerate(pairwise(off_the_brink(levels, sigmas))):
        denoised = denoise(x, sigma)
        if following == 0:
            x = denoised
        else:
            h = log_snr(levels, following) - log_snr(levels, sigma)
            alpha = levels.kept(following)
            x = x * (following / sigma * math.exp(-h * eta)) - denoised * (alpha * math.expm1(-h * (eta + 1)))
            x = x + higher_terms(denoised, seen, h, eta) * alpha if seen else x
            x = with_path(x, path, sigma, following, h, eta, s_noise)
            seen = [(denoised, h), *seen[:1]]
        yield Step(i, x, denoised)


def higher_terms(denoised: Tensor, seen: Sequence[tuple[Tensor, float]], h: float, eta: float) -> Tensor:
    """Second and third order of an exponential step, from differences of what was seen before."""
    far = h * (eta + 1)
    phi_2 = math.expm1(-far) / far + 1
    ratio = seen[0][1] / h
    slope = (denoised - seen[0][0]) / ratio
    if len(seen) == 1:
        return slope * phi_2
    before = seen[1][1] / h
    bend = (slope - (seen[0][0] - seen[1][0]) / before) / (ratio + before)
    return (slope + bend * ratio) * phi_2 - bend * (phi_2 / far - 0.5)


def with_path(x: Tensor, path: Between, sigma: float, following: float, h: float, eta: float, s_noise: float) -> Tensor:
    """The noise that a stochastic step of length h adds."""
    if eta <= 0 or s_noise <= 0:
        return x
    return x + path(sigma, following) * (following * math.sqrt(-math.expm1(-2 * h * eta)) * s_noise)
