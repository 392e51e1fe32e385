"""Methods that look at the model two or three times a step."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise

from torch import Tensor

from nodes.diffusion.samplers.protocol import Denoise, NoiseSource, Step
from nodes.diffusion.samplers.snr import halfway_in_log, renoise


def heun(denoise: Denoise, x: Tensor, sigmas: Sequence[float], noise: NoiseSource) -> Iterator[Step]:
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


def heunpp2(denoise: Denoise, x: Tensor, sigmas: Sequence[float], noise: NoiseSource) -> Iterator[Step]:
    """Heun++: slopes up to two steps ahead, weighted by their sigma (Carzit, sd-webui-samplers-scheduler)."""
    for i, (sigma, following) in enumerate(pairwise(sigmas)):
        denoised = denoise(x, sigma)
        slopes, ahead = [(x - denoised) / sigma], x
        # The last step looks once, the one before it twice.
        for here, there in pairwise(sigmas[i : i + 3] if following != sigmas[-1] else ()):
            if there == sigmas[-1]:
                break
            ahead = ahead + slopes[-1] * (there - here)
            slopes.append((ahead - denoise(ahead, there)) / there)
        weights = [there / (len(slopes) * sigmas[0]) for there in sigmas[i + 1 : i + len(slopes)]]
        slope = slopes[0] * (1 - sum(weights))
        for weight, other in zip(weights, slopes[1:], strict=True):
            slope = slope + other * weight
        x = x + slope * (following - sigma)
        yield Step(i, x, denoised)


def dpm_2(denoise: Denoise, x: Tensor, sigmas: Sequence[float], noise: NoiseSource) -> Iterator[Step]:
    """DPM-Solver-2: the slope halfway in log sigma (Lu et al. 2022, algorithm 1; Karras et al. 2022, algorithm 2)."""
    for i, (sigma, following) in enumerate(pairwise(sigmas)):
        denoised = denoise(x, sigma)
        x = midpoint_step(denoise, x, denoised, sigma, following)
        yield Step(i, x, denoised)


def dpm_2_ancestral(
    denoise: Denoise, x: Tensor, sigmas: Sequence[float], noise: NoiseSource, eta: float = 1.0, s_noise: float = 1.0
) -> Iterator[Step]:
    """DPM-Solver-2 steps that go too far and add fresh noise back (Crowson, k-diffusion)."""
    for i, (sigma, following) in enumerate(pairwise(sigmas)):
        denoised = denoise(x, sigma)
        down, scale, amount = renoise(denoise.levels, sigma, following, eta)
        x = midpoint_step(denoise, x, denoised, sigma, down)
        if down > 0 and eta > 0:  # as in the peers, also where float32 leaves nothing of a step thousands of times down
            x = x * scale + noise.fresh() * (amount * s_noise)
        yield Step(i, x, denoised)


def midpoint_step(denoise: Denoise, x: Tensor, denoised: Tensor, sigma: float, target: float) -> Tensor:
    """From `sigma` to `target` along the slope halfway; straight down when nothing is left there."""
    slope = (x - denoised) / sigma
    if target > 0:
        middle = halfway_in_log(sigma, target)
        halfway = x + slope * (middle - sigma)
        slope = (halfway - denoise(halfway, middle)) / middle
    return x + slope * (target - sigma)
