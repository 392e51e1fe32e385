"""Guidance at some noise levels only."""

from __future__ import annotations

from dataclasses import dataclass

from nodes.diffusion.guidance.method import Method, Order
from nodes.diffusion.levels import Levels, is_within


@dataclass(frozen=True)
class Interval(Method):
    """Guidance in a limited interval (Kynkäänniemi et al. 2024, arXiv 2404.07724), by shares of sampling.

    Outside it the guidance is 1, so the negative text is not even asked.
    """

    start: float
    """The share of sampling that is done when guidance begins; 0 is the start."""
    end: float
    order = Order.LIMIT

    def is_neutral(self, guidance: float) -> bool:
        return self.start <= 0 and self.end >= 1

    def allows(self, sigma: float, levels: Levels) -> bool:
        return is_within(sigma, levels, self.start, self.end)


@dataclass(frozen=True)
class SigmaInterval(Method):
    """The same by noise levels, as the paper writes it: guidance where low < sigma <= high."""

    low: float
    high: float
    order = Order.LIMIT

    def allows(self, sigma: float, levels: Levels) -> bool:
        return self.low < sigma <= self.high
