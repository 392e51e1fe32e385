"""Exponential integrators of the stochastic equation that need no Brownian path: SEEDS and extended reverse time."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from itertools import pairwise

from torch import Tensor

from nodes.diffusion.samplers.protocol import Denoise, NoiseSource, Step
from nodes.diffusion.samplers.snr import log_snr, off_the_brink, sigma_between


def seeds_2(
    denoise: Denoise,
    x: Tensor,
    sigmas: Sequence[float],
    noise: NoiseSource,
    eta: float = 1.0,
    s_noise: float = 1.0,
    r: float = 0.5,
) -> Iterator[Step]:
    """SEEDS-2: two looks a step, each stretch with noise of its own (Gonzalez et al. 2023, arXiv 2305.14267)."""
    levels = denoise.levels
    for i, (sigma, following) in enumerate(pairwise(off_the_brink(levels, sigmas))):
        denoised = denoise(x, sigma)
        if following == 0:
            x = denoised
        else:
            h = log_snr(levels, following) - log_snr(levels, sigma)
            far, middle = h * (eta + 1), sigma_between(levels, sigma, following, r)
            added = Added(noise, h, (r,), eta, s_noise)
            step = -math.expm1(-r * far) * levels.kept(middle)
            ahead = x * (middle / sigma * math.exp(-r * h * eta)) + denoised * step
            guess = denoise(added.to(ahead, middle, 1), middle)
            blend = denoised * (1 - 1 / (2 * r)) + guess * (1 / (2 * r))
            x = x * (following / sigma * math.exp(-h * eta)) - blend * (math.expm1(-far) * levels.kept(following))
            x = added.to(x, following, 2)
        yield Step(i, x, denoised)


def seeds_3(
    denoise: Denoise,
    x: Tensor,
    sigmas: Sequence[float],
    noise: NoiseSource,
    eta: float = 1.0,
    s_noise: float = 1.0,
    r1: float = 1 / 3,
    r2: float = 2 / 3,
) -> Iterator[Step]:
    """SEEDS-3: three looks a step, each stretch with noise of its own (Gonzalez et al. 2023, arXiv 2305.14267)."""
    levels = denoise.levels
    for i, (sigma, following) in enumerate(pairwise(off_the_brink(levels, sigmas))):
        denoised = denoise(x, sigma)
        if following == 0:
            x = denoised
        else:
            h = log_snr(levels, following) - log_snr(levels, sigma)
            far, added = h * (eta + 1), Added(noise, h, (r1, r2), eta, s_noise)
            first, second = (sigma_between(levels, sigma, following, r) for r in (r1, r2))
            gains = [math.expm1(-r * far) for r in (r1, r2, 1.0)]
            moved = [
                x * (to / sigma * math.exp(-r * h * eta)) for r, to in ((r1, first), (r2, second), (1.0, following))
            ]
            seen_1 = denoise(added.to(moved[0] - denoised * (levels.kept(first) * gains[0]), first, 1), first)
            share = -r2 / r1 * (gains[1] / (r2 * far) + 1)
            blend = denoised * (gains[1] - share) + seen_1 * share
            seen_2 = denoise(added.to(moved[1] - blend * levels.kept(second), second, 2), second)
            share = -(gains[2] / far + 1) / r2
            blend = denoised * (gains[2] - share) + seen_2 * share
            x = added.to(moved[2] - blend * levels.kept(following), following, 3)
        yield Step(i, x, denoised)


class Added:
    """The noise of a step in stretches: what a stretch added fades while later ones add theirs."""

    def __init__(self, noise: NoiseSource, h: float, shares: Sequence[float], eta: float, s_noise: float) -> None:
        self.s_noise = s_noise if eta > 0 else 0.0
        edges = (0.0, *shares, 1.0)
        self.weights = [
            math.exp(-start * h * eta) * math.sqrt(-math.expm1(-2 * (end - start) * h * eta))
            for start, end in pairwise(edges)
        ]
        self.drawn = [noise.fresh() for _ in self.weights] if self.s_noise > 0 else []

    def to(self, x: Tensor, sigma: float, stretches: int) -> Tensor:
        """`x` at `sigma` with the noise of the first stretches; the newest counts most."""
        for weight, drawn in zip(reversed(self.weights[:stretches]), self.drawn, strict=False):
            x = x + drawn * (weight * sigma * self.s_noise)
        return x


def er_sde(
    denoise: Denoise, x: Tensor, sigmas: Sequence[float], noise: NoiseSource, s_noise: float = 1.0, order: int = 3
) -> Iterator[Step]:
    """ER-SDE-Solver: extended reverse time, third order from the steps before (Cui et al. 2023, arXiv 2309.06169)."""
    levels = denoise.levels
    seen: list[tuple[Tensor, float]] = []
    slope: Tensor | None = None
    for i, (sigma, following) in enumerate(pairwise(off_the_brink(levels, sigmas))):
        denoised = denoise(x, sigma)
        here, there = sigma / levels.kept(sigma), following / levels.kept(following)
        if following == 0:
            x = denoised
        else:
            alpha, ratio = levels.kept(following), er_scale(there) / er_scale(here)
            x = x * (alpha / levels.kept(sigma) * ratio) + denoised * (alpha * (1 - ratio))
            if seen and order > 1:
                area, moment = er_integrals(here, there)
                earlier, slope = slope, (denoised - seen[0][0]) / (here - seen[0][1])
                x = x + slope * (alpha * (there - here + area * er_scale(there)))
                if earlier is not None and order > 2:
                    bend = (slope - earlier) / ((here - seen[1][1]) / 2)
                    x = x + bend * (alpha * ((there - here) ** 2 / 2 + moment * er_scale(there)))
            if s_noise > 0:
                x = x + noise.fresh() * (alpha * s_noise * math.sqrt(max(there**2 - (here * ratio) ** 2, 0.0)))
        seen = [(denoised, here), *seen[:1]]
        yield Step(i, x, denoised)


def er_scale(sigma: float) -> float:
    """The noise scale that the paper found best (equation 29's fifth choice)."""
    return sigma * (math.exp(sigma**0.3) + 10)


def er_integrals(here: float, there: float, points: int = 200) -> tuple[float, float]:
    """Of 1 / scale, and of (sigma - here) / scale, from `there` to `here`: sums over left ends of `points` parts."""
    width = (here - there) / points
    places = [there + i * width for i in range(points)]
    area = sum(1 / er_scale(at) for at in places) * width
    return area, sum((at - here) / er_scale(at) for at in places) * width
