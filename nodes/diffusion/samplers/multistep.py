"""Linear multistep methods: the slopes of earlier steps foretell the next, one look a step."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from itertools import pairwise
from typing import TypeAlias

import torch
from torch import Tensor

from nodes.diffusion.samplers.protocol import Denoise, NoiseSource, Step

Weights: TypeAlias = "Callable[[Sequence[float], int, int], Sequence[float]]"
"""`weights(sigmas, i, order)`: what slopes count for in step i, the newest first; their sum is the step's length."""


def multistep(denoise: Denoise, x: Tensor, sigmas: Sequence[float], order: int, weights: Weights) -> Iterator[Step]:
    """Walk along a weighted sum of the last `order` slopes; the step to 0 takes what the model sees."""
    slopes: list[Tensor] = []
    for i, (sigma, following) in enumerate(pairwise(sigmas)):
        denoised = denoise(x, sigma)
        slopes = [(x - denoised) / sigma, *slopes[: order - 1]]
        if following == 0:
            x = denoised
        else:
            for weight, slope in zip(weights(sigmas, i, len(slopes)), slopes, strict=True):
                x = x + slope * weight
        yield Step(i, x, denoised)


def lms(denoise: Denoise, x: Tensor, sigmas: Sequence[float], noise: NoiseSource, order: int = 4) -> Iterator[Step]:
    """Adams-Bashforth with steps of any length (Liu et al. 2022 for diffusion; Crowson, k-diffusion). Order 1 to 4."""
    return multistep(denoise, x, sigmas, order, lagrange_weights)


def lagrange_weights(sigmas: Sequence[float], i: int, order: int) -> list[float]:
    """Integrals over the step of the polynomials through the last points."""
    points = [sigmas[i - k] for k in range(order)]
    start, end = sigmas[i], sigmas[i + 1]
    places = (start, (start + end) / 2, end)
    # Simpson's rule is exact for the cubics that four points give.
    return [
        (end - start) / 6 * sum(factor * basis(points, j, at) for factor, at in zip((1, 4, 1), places, strict=True))
        for j in range(order)
    ]


def basis(points: Sequence[float], j: int, at: float) -> float:
    """Lagrange's polynomial that is 1 at point j and 0 at the others."""
    return math.prod((at - other) / (points[j] - other) for k, other in enumerate(points) if k != j)


ADAMS_BASHFORTH = ((1.0,), (3 / 2, -1 / 2), (23 / 12, -16 / 12, 5 / 12), (55 / 24, -59 / 24, 37 / 24, -9 / 24))


def ipndm(denoise: Denoise, x: Tensor, sigmas: Sequence[float], noise: NoiseSource, order: int = 4) -> Iterator[Step]:
    """Improved PNDM: Adams-Bashforth as if all steps were of one length (Zhang & Chen 2023, equation 37)."""

    def weights(sigmas: Sequence[float], i: int, order: int) -> list[float]:
        return [weight * (sigmas[i + 1] - sigmas[i]) for weight in ADAMS_BASHFORTH[order - 1]]

    return multistep(denoise, x, sigmas, order, weights)


def ipndm_v(denoise: Denoise, x: Tensor, sigmas: Sequence[float], noise: NoiseSource, order: int = 4) -> Iterator[Step]:
    """Improved PNDM for steps of varying length, in the form of Zhou et al. 2024 (diff-sampler)."""

    def weights(sigmas: Sequence[float], i: int, order: int) -> list[float]:
        lengths = [sigmas[i + 1 - k] - sigmas[i - k] for k in range(order)]
        return [weight * lengths[0] for weight in varying_weights(lengths)]

    return multistep(denoise, x, sigmas, order, weights)


def varying_weights(lengths: Sequence[float]) -> list[float]:
    """Weights of slopes for the lengths of the last steps, the newest first.

    The third order's term multiplies before it subtracts, and the fourth's last weight takes the wrong lengths,
    unlike the exact ones that `lagrange_weights` gives: published pictures were made so.
    """
    if len(lengths) == 1:
        return [1.0]
    h, h1, *older = lengths
    ratio = h / h1
    weights = [1 + ratio / 2, -ratio / 2]
    if older:
        h2 = older[0]
        third = (1 - h / (3 * (h + h1)) * (h * (h + h1)) / (h1 * (h1 + h2))) / 2
        step = h1 / h2
        weights = [weights[0] + third, weights[1] - (1 + step) * third, third * step]
    if len(older) == 2:
        h3 = older[1]
        fourth = (1 - h / (3 * (h + h1))) / 2 + (1 - h / (2 * (h + h1))) * h / (6 * (h + h1 + h2))
        fourth *= h * (h + h1) * (h + h1 + h2) / (h1 * (h1 + h2) * (h1 + h2 + h3))
        far = h1 * (h1 + h2) / (h2 * (h2 + h3))
        extra = [fourth, -(1 + step + far) * fourth, (step + far * (1 + h2 / h3)) * fourth, -fourth * far * step]
        weights = [a + b for a, b in zip([*weights, 0.0], extra, strict=True)]
    return weights


def deis(denoise: Denoise, x: Tensor, sigmas: Sequence[float], noise: NoiseSource, order: int = 3) -> Iterator[Step]:
    """DEIS: polynomials in the time of the variance preserving process (Zhang & Chen 2023, tAB-DEIS)."""
    times = preserving_times(torch.tensor(list(sigmas), dtype=torch.float64))
    return multistep(denoise, x, sigmas, order, partial(time_weights, times=times))


# The variance preserving process that reaches sigma 0.002 at time 0.001 and 80 at time 1 (Karras et al. 2022, table 1).
SOON = 1e-3
BETA_SLOPE = 2 * (math.log(0.002**2 + 1) / SOON - math.log(80**2 + 1)) / (SOON - 1)
BETA_FIRST = math.log(80**2 + 1) - BETA_SLOPE / 2


def preserving_times(sigmas: Tensor) -> Tensor:
    """The times at which that process has these sigmas."""
    return ((BETA_FIRST**2 + 2 * BETA_SLOPE * (sigmas**2 + 1).log()).sqrt() - BETA_FIRST) / BETA_SLOPE


def time_weights(sigmas: Sequence[float], i: int, order: int, *, times: Tensor, points: int = 10_000) -> list[float]:
    """Integrals over a step of sigma's growth times the polynomials through the last times.

    Summed over `points` places, both ends among them: the published coefficients are these sums, not the limit.
    """
    if order == 1:
        return [sigmas[i + 1] - sigmas[i]]
    start, end = float(times[i]), float(times[i + 1])
    at = torch.linspace(start, end, points, dtype=torch.float64)
    kept = torch.exp(-0.5 * at**2 * BETA_SLOPE - at * BETA_FIRST)
    growth = 0.5 * (at * BETA_SLOPE + BETA_FIRST) / (kept * (1 - kept)).sqrt()
    last = [float(times[i - k]) for k in range(order)]
    weights = []
    for j in range(order):
        polynomial = torch.ones_like(at)
        for k, other in enumerate(last):
            if k != j:
                polynomial = polynomial * (at - other) / (last[j] - other)
        weights.append(float((growth * polynomial).sum()) * (end - start) / points)
    return weights
