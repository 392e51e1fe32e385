"""Guidance for flows that does not trust the first looks."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from nodes.diffusion.guidance.method import Method, Order, Seen, clean_at, dot, velocity
from nodes.diffusion.levels import is_within

LEAST = 1e-8


@dataclass(frozen=True)
class ZeroStar(Method):
    """CFG-Zero*, its optimised scale (Fan et al. 2025, arXiv 2503.18886), of velocities as in the paper.

    The negative velocity is scaled to lie as near to the positive one as it can: by positive · negative / |negative|².
    """

    strength: float = 1.0
    """The share of that scaling: 0 is plain guidance, 1 the paper's."""
    order = Order.NEGATIVE

    def is_neutral(self, guidance: float) -> bool:
        return self.strength == 0

    def apply(self, seen: Seen) -> Tensor:
        assert seen.negative is not None  # it has no turn without one
        positive, negative = velocity(seen, seen.positive), velocity(seen, seen.negative)
        return clean_at(seen, negative * (1 + self.strength * (nearest_scale(positive, negative) - 1)))


@dataclass(frozen=True)
class ZeroStart(Method):
    """CFG-Zero*, its zero-init (section 4.2 of the paper): no velocity in the first steps, where guesses mislead.

    A flow stays where it is; where noise is added rather than mixed in, x stays as it is for its noise level.
    """

    share: float
    """The share of sampling so begun; the paper takes 4%, and the first step always belongs to it."""
    order = Order.START

    def is_neutral(self, guidance: float) -> bool:
        return self.share <= 0

    def apply(self, seen: Seen) -> Tensor:
        if is_within(seen.sigma, seen.levels, self.share, 1):
            return seen.guided
        return clean_at(seen, torch.zeros_like(seen.x))


def nearest_scale(positive: Tensor, negative: Tensor) -> Tensor:
    """What to multiply each image of `negative` by to come nearest to `positive`, batch x 1 x 1 x 1."""
    return dot(positive, negative) / (dot(negative, negative) + LEAST)
