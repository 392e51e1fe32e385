"""UniPC: a predictor and a corrector of any order with one look a step (Zhao et al. 2023, arXiv 2302.04867)."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import Literal, TypeAlias

import numpy as np
from torch import Tensor

from nodes.diffusion.samplers.protocol import Denoise, NoiseSource, Step

Seen: TypeAlias = "tuple[float, Tensor]"
"""A sigma, and the clean latent the model saw there."""
NEARLY_CLEAN = 0.001
"""Where it stops instead of 0, whose log-SNR is infinite."""


def uni_pc(
    denoise: Denoise,
    x: Tensor,
    sigmas: Sequence[float],
    noise: NoiseSource,
    order: int = 3,
    variant: Literal["bh1", "bh2"] = "bh1",
) -> Iterator[Step]:
    """UniPC-p in lambda = -log sigma, predicting x0 (algorithm 5 and 6); B(h) = h (`bh1`) or e^h - 1 (`bh2`)."""
    sigmas = [*sigmas[:-1], sigmas[-1] or NEARLY_CLEAN]
    steps = len(sigmas) - 1
    most = max(min(order, steps - 1), 1)
    seen: list[Seen] = [(sigmas[0], denoise(x, sigmas[0]))]
    for k in range(1, steps + 1):
        used = min(k, most, steps + 1 - k)
        step = BStep(seen[-used:], sigmas[k], variant)
        ahead = step.predict(x)
        if k < steps:
            seen = [*seen, (sigmas[k], denoise(ahead, sigmas[k]))][-most:]
            ahead = step.correct(x, seen[-1][1])
        x = ahead
        yield Step(k - 1, x, seen[-1][1])


class BStep:
    """The coefficients of one step, and the differences they weigh (equations 6 to 9)."""

    def __init__(self, seen: Sequence[Seen], to: float, variant: Literal["bh1", "bh2"]) -> None:
        sigma, self.picture = seen[-1]
        self.ratio, h = to / sigma, math.log(sigma / to)
        # How far back each earlier look lies, in steps of this length; the place ahead counts as 1.
        back = [math.log(sigma / other) / h for other, _ in reversed(seen[:-1])]
        self.slopes = [(picture - self.picture) / r for r, (_, picture) in zip(back, reversed(seen[:-1]), strict=True)]
        self.scale = -h if variant == "bh1" else math.expm1(-h)
        self.matrix = np.vander(np.array([*back, 1.0]), increasing=True).T
        self.sums = np.array(phi_sums(-h, len(seen))) / self.scale

    def base(self, x: Tensor) -> Tensor:
        """A step of first order."""
        return x * self.ratio + self.picture * (1 - self.ratio)

    def predict(self, x: Tensor) -> Tensor:
        count = len(self.slopes)
        # Order 2 has a half for a coefficient in the paper, which every order would tend to for short steps.
        weights = [0.5] if count == 1 else np.linalg.solve(self.matrix[:-1, :-1], self.sums[:-1]).tolist()
        return self.weighted(x, weights[:count], self.slopes)

    def correct(self, x: Tensor, ahead: Tensor) -> Tensor:
        weights = np.linalg.solve(self.matrix, self.sums).tolist() if self.slopes else [0.5]
        return self.weighted(x, weights, [*self.slopes, ahead - self.picture])

    def weighted(self, x: Tensor, weights: Sequence[float], slopes: Sequence[Tensor]) -> Tensor:
        x = self.base(x)
        for weight, slope in zip(weights, slopes, strict=True):
            x = x - slope * (self.scale * weight)
        return x


def phi_sums(h: float, count: int) -> list[float]:
    """n! · h · phi_(n+1)(h) for n from 1, with phi_(n+1)(h) = (phi_n(h) - 1/n!) / h."""
    sums, phi, factorial = [], math.expm1(h) / h, 1
    for n in range(1, count + 1):
        factorial *= n
        phi = (phi - 1 / factorial) / h
        sums.append(phi * h * factorial)
    return sums
