"""Guidance that keeps the contrast of what was seen under the positive text."""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor

from nodes.diffusion.guidance.method import Method, Order, Seen, clean_at, velocity


@dataclass(frozen=True)
class Rescale(Method):
    """CFG rescale (Lin et al. 2023, arXiv 2305.08891, section 3.4), of velocities as in the paper.

    v = phi · guided · std(positive) / std(guided) + (1 - phi) · guided, deviations being each image's.
    """

    strength: float
    """phi in the paper: 0 leaves guidance as it is, 1 takes all of the rescaled one."""
    order = Order.RESCALE

    def is_neutral(self, guidance: float) -> bool:
        return self.strength == 0

    def apply(self, seen: Seen) -> Tensor:
        return clean_at(seen, rescaled(velocity(seen, seen.guided), velocity(seen, seen.positive), self.strength))


def rescaled(guided: Tensor, positive: Tensor, strength: float) -> Tensor:
    """`guided` with a share `strength` of the deviation that each image of `positive` has."""
    ratio = positive.std((1, 2, 3), keepdim=True) / guided.std((1, 2, 3), keepdim=True)
    return guided * (strength * ratio + (1 - strength))
