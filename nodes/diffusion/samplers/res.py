"""Multistep methods of newer date: RES and gradient estimation, one look a step."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from itertools import pairwise

from torch import Tensor

from nodes.diffusion.samplers.protocol import Denoise, NoiseSource, Step
from nodes.diffusion.samplers.snr import ancestral_split


def res_multistep(
    denoise: Denoise,
    x: Tensor,
    sigmas: Sequence[float],
    noise: NoiseSource,
    eta: float = 0.0,
    s_noise: float = 1.0,
    cfg_pp: bool = False,
) -> Iterator[Step]:
    """RES, the refined exponential solver with two steps (Zhang et al. 2023, arXiv 2308.02157).

    With `eta` above 0 each step goes too far and adds noise back; `cfg_pp` follows the negative text's noise
    (Chung et al. 2024).
    """
    earlier: tuple[Tensor, float, float] | None = None  # what was seen, at which sigma, and how far down it led
    for i, (sigma, following) in enumerate(pairwise(sigmas)):
        denoised = denoise(x, sigma)
        seen = denoise.unconditional if cfg_pp else denoised
        moved = x + (denoised - seen)
        down, up = ancestral_split(sigma, following, eta)
        shrink = down / sigma
        if earlier is None or down == 0:
            x = denoised + (x - seen) * shrink
        else:
            h = -math.log(shrink)
            phi_1 = math.expm1(-h) / -h
            # The earlier look lies this far back, measured from where its step came down.
            second = (phi_1 - 1) / -h / (math.log(earlier[2] / earlier[1]) / h)
            x = moved * shrink + (seen * (phi_1 - second) + earlier[0] * second) * h
        if following > 0 and eta > 0:
            x = x + noise.fresh() * (up * s_noise)
        earlier = seen, sigma, down
        yield Step(i, x, denoised)


def gradient_estimation(
    denoise: Denoise,
    x: Tensor,
    sigmas: Sequence[float],
    noise: NoiseSource,
    gamma: float = 2.0,
    cfg_pp: bool = False,
) -> Iterator[Step]:
    """Euler's method with the slope's change carried on `gamma` - 1 times (Permenter & Yuan 2024, algorithm 2)."""
    before: Tensor | None = None
    for i, (sigma, following) in enumerate(pairwise(sigmas)):
        denoised = denoise(x, sigma)
        slope = (x - (denoise.unconditional if cfg_pp else denoised)) / sigma
        if following == 0:
            x = denoised
        else:
            x = denoised + slope * following if cfg_pp else x + slope * (following - sigma)
            if before is not None:
                x = x + (slope - before) * ((gamma - 1) * (following - sigma))
        before = slope
        yield Step(i, x, denoised)
