"""How well the edges of two pictures agree, as boundary benchmarks count it (Martin et al., 2004)."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional


@dataclass(frozen=True)
class Agreement:
    """Shares of pixels: of the edges made that were asked for, and of those asked for that were made."""

    precision: float
    recall: float

    @property
    def f1(self) -> float:
        both = self.precision + self.recall
        return 2 * self.precision * self.recall / both if both else 0.0


def agreement(asked: Tensor, made: Tensor, tolerance: int = 2) -> Agreement:
    """Of two maps of edges (height x width, 0 or 1); a pixel counts when the other map has an edge so near to it.

    Nearness is Euclidean, in pixels.
    """
    return Agreement(_share(made, near(asked, tolerance)), _share(asked, near(made, tolerance)))


def _share(edges: Tensor, there: Tensor) -> float:
    return float((edges * there).sum() / edges.sum()) if edges.any() else float(not there.any())


def near(edges: Tensor, distance: int) -> Tensor:
    """1 within so many pixels of an edge, else 0."""
    reach = torch.arange(-distance, distance + 1)
    disc = ((reach[:, None] ** 2 + reach**2) <= distance**2).to(edges)
    return (functional.conv2d(edges[None, None], disc[None, None], padding=distance)[0, 0] > 0).to(edges)
