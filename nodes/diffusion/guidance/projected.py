"""Guidance without the part that only makes colours stronger."""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor

from nodes.diffusion.guidance.method import Method, Order, Seen, dot

LEAST = 1e-12
"""Keeps a division by the length of nothing from being one by 0."""


@dataclass(frozen=True)
class Projected(Method):
    """Adaptive projected guidance (Sadat et al. 2024, arXiv 2410.02416), of x0 as in the paper.

    way = positive - negative + beta · (the way before), cut to length r and split at the positive prediction into
    a part along it, which saturates, and the rest: x0 = positive + (guidance - 1) · (rest + eta · along).
    """

    parallel: float
    """eta: the share of the part along the prediction that is kept; 1 all of it."""
    largest: float
    """r: the longest way for each image, in the denoiser's scale; 0 for no limit."""
    momentum: float
    """beta: how much of the ways before is added; below 0 they are pushed away from."""
    order = Order.PROJECT

    def is_neutral(self, guidance: float) -> bool:
        return self.parallel == 1 and self.largest == 0 and self.momentum == 0

    def apply(self, seen: Seen) -> Tensor:
        steered = seen.guidance - 1
        if steered == 0:
            return seen.guided
        way = (seen.guided - seen.positive) / steered
        if "way" in seen.kept:
            way = way + seen.kept["way"] * self.momentum
        seen.kept["way"] = way
        return seen.positive + projected(way, seen.positive, self.parallel, self.largest) * steered


def projected(way: Tensor, positive: Tensor, parallel: float, largest: float) -> Tensor:
    """The way cut to the length `largest`, and of its part along `positive` only the share `parallel`."""
    if largest > 0:
        way = way * (largest / dot(way, way).sqrt().clamp(min=LEAST)).clamp(max=1)
    along = positive * (dot(way, positive) / dot(positive, positive).clamp(min=LEAST))
    return way + along * (parallel - 1)
