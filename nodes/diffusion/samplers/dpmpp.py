"""DPM-Solver++ without a stochastic equation: exponential steps in log sigma (Lu et al. 2022)."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from itertools import pairwise

from torch import Tensor

from nodes.diffusion.levels import Levels
from nodes.diffusion.samplers.protocol import Denoise, NoiseSource, Step
from nodes.diffusion.samplers.snr import ancestral_split, renoise, sigma_between


def dpmpp_2m(denoise: Denoise, x: Tensor, sigmas: Sequence[float], noise: NoiseSource) -> Iterator[Step]:
    """DPM-Solver++(2M): second order from the step before, one look a step (Lu et al. 2022, algorithm 2)."""
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


def dpmpp_2m_cfg_pp(denoise: Denoise, x: Tensor, sigmas: Sequence[float], noise: NoiseSource) -> Iterator[Step]:
    """DPM-Solver++(2M) under CFG++ (Chung et al. 2024): the multistep term follows the negative text."""
    earlier: tuple[Tensor, float] | None = None
    for i, (sigma, following) in enumerate(pairwise(sigmas)):
        denoised = denoise(x, sigma)
        without = denoise.unconditional
        if following == 0:
            x = denoised
        else:
            shrink = following / sigma
            x = denoised + (x - without) * shrink
            if earlier is not None:
                ratio = math.log(earlier[1] / sigma) / math.log(sigma / following)
                x = x + (denoised - earlier[0]) * ((1 - shrink) / (2 * ratio))
        earlier = without, sigma
        yield Step(i, x, denoised)


def dpmpp_2s_ancestral(
    denoise: Denoise, x: Tensor, sigmas: Sequence[float], noise: NoiseSource, eta: float = 1.0, s_noise: float = 1.0
) -> Iterator[Step]:
    """DPM-Solver++(2S) with fresh noise: two looks a step (Lu et al. 2022, algorithm 1; Crowson, k-diffusion)."""
    for i, (sigma, following) in enumerate(pairwise(sigmas)):
        denoised = guess = denoise(x, sigma)
        down, scale, amount = renoise(denoise.levels, sigma, following, eta)
        if down > 0:
            middle = halfway(denoise.levels, sigma, down)
            guess = denoise(denoised + (x - denoised) * (middle / sigma), middle)
            x = guess + (x - guess) * (down / sigma)
        else:
            x = x + (x - denoised) / sigma * (down - sigma)
        if following > 0 and eta > 0:
            x = x * scale + noise.fresh() * (amount * s_noise)
        yield Step(i, x, denoised)


def halfway(levels: Levels, sigma: float, down: float) -> float:
    """Halfway in lambda, which is infinite where a flow begins: the peers step to 0.9999 there."""
    return 0.9999 if levels.is_flow and sigma >= 1 else sigma_between(levels, sigma, down, 0.5)


def dpmpp_2s_ancestral_cfg_pp(
    denoise: Denoise, x: Tensor, sigmas: Sequence[float], noise: NoiseSource, eta: float = 1.0, s_noise: float = 1.0
) -> Iterator[Step]:
    """DPM-Solver++(2S) with fresh noise under CFG++ (Chung et al. 2024).

    Guidance comes before the step to a model that adds noise, and after it to a flow, as in the peers.
    """
    steps = guided_after if denoise.levels.is_flow else guided_before
    return steps(denoise, x, sigmas, noise, eta, s_noise)


def guided_before(
    denoise: Denoise, x: Tensor, sigmas: Sequence[float], noise: NoiseSource, eta: float, s_noise: float
) -> Iterator[Step]:
    """Move x by what guidance changes in the picture, and step from there."""
    for i, (sigma, following) in enumerate(pairwise(sigmas)):
        denoised = denoise(x, sigma)
        down, up = ancestral_split(sigma, following, eta)
        if down == 0:
            x = denoised
        else:
            moved = x + (denoised - denoise.unconditional)
            middle = math.sqrt(sigma * down)
            guess = denoise(moved * (middle / sigma) + denoised * (1 - middle / sigma), middle)
            x = moved * (down / sigma) + guess * (1 - down / sigma)
        if following > 0 and eta > 0:
            x = x + noise.fresh() * (up * s_noise)
        yield Step(i, x, denoised)


def guided_after(
    denoise: Denoise, x: Tensor, sigmas: Sequence[float], noise: NoiseSource, eta: float, s_noise: float
) -> Iterator[Step]:
    """Step as the negative text says, and then move the picture that is left in x by what guidance changes in it."""
    for i, (sigma, following) in enumerate(pairwise(sigmas)):
        denoised = denoise(x, sigma)
        guess = without = denoise.unconditional
        down, scale, amount = renoise(denoise.levels, sigma, following, eta)
        if down > 0:
            middle = halfway(denoise.levels, sigma, down)
            denoise(without + (x - without) * (middle / sigma), middle)
            guess = denoise.unconditional
        x = guess + (x - guess) * (down / sigma)
        if following > 0 and eta > 0:
            x = x * scale + noise.fresh() * (amount * s_noise)
        x = x + (denoised - without) * denoise.levels.kept(following)
        yield Step(i, x, denoised)
