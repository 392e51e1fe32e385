"""Samplers that noise the clean picture anew at every step."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from itertools import pairwise

from torch import Tensor

from nodes.diffusion.samplers.protocol import Denoise, NoiseSource, Step


def lcm(denoise: Denoise, x: Tensor, sigmas: Sequence[float], noise: NoiseSource) -> Iterator[Step]:
    """Multistep consistency sampling (Song et al. 2023, algorithm 1; Luo et al. 2023): for distilled models."""
    for i, (sigma, following) in enumerate(pairwise(sigmas)):
        x = denoised = denoise(x, sigma)
        if following > 0:
            x = denoise.levels.noised(denoised, noise.fresh(), following)
        yield Step(i, x, denoised)


def ddpm(denoise: Denoise, x: Tensor, sigmas: Sequence[float], noise: NoiseSource) -> Iterator[Step]:
    """The original ancestral sampler: the posterior given x and x0 (Ho et al. 2020, equations 6 and 7)."""
    for i, (sigma, following) in enumerate(pairwise(sigmas)):
        denoised = denoise(x, sigma)
        share = (following / sigma) ** 2
        x = denoised + (x - denoised) * share
        if following > 0:
            x = x + noise.fresh() * (following * math.sqrt(1 - share))
        yield Step(i, x, denoised)
