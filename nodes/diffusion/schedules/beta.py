"""Quantiles of the beta distribution in float64, many at a time."""

from __future__ import annotations

import math
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

Shares: TypeAlias = NDArray[np.float64]


def beta_quantiles(shares: Shares, a: float, b: float) -> Shares:
    """Where the distribution function of Beta(a, b) reaches each of `shares`, by bisection.

    Raises:
        ValueError: a share outside 0 to 1, or `a`, `b` not above 0.
    """
    if not ((shares >= 0) & (shares <= 1)).all() or a <= 0 or b <= 0:
        raise ValueError(f"Beta({a}, {b}) has no quantiles {shares}.")
    low, high = np.zeros_like(shares), np.ones_like(shares)
    for _ in range(60):
        middle = (low + high) / 2
        below = beta_distribution(middle, a, b) < shares
        low, high = np.where(below, middle, low), np.where(below, high, middle)
    return high


def beta_distribution(x: Shares, a: float, b: float) -> Shares:
    """The regularised incomplete beta function I_x(a, b) for x in 0 to 1 (NIST DLMF 8.17.22)."""
    # The fraction converges fast up to here, and beyond it from the other side.
    near = x <= (a + 1) / (a + b + 2)
    left = lower_tail(np.where(near, x, 0.0), a, b)
    return np.where(near, left, 1 - lower_tail(np.where(near, 0.0, 1 - x), b, a))


def lower_tail(x: Shares, a: float, b: float, terms: int = 40) -> Shares:
    """x^a (1 - x)^b / (a B(a, b)) over 1 + d1 / (1 + d2 / (1 + …)) of DLMF 8.17.23, from the last term back."""
    fraction = np.ones_like(x)
    for i in range(terms, 0, -1):
        m = i // 2
        odd = -(a + m) * (a + b + m) / ((a + 2 * m) * (a + 2 * m + 1))
        even = m * (b - m) / ((a + 2 * m - 1) * (a + 2 * m))
        fraction = 1 + (odd if i % 2 else even) * x / fraction
    total = math.exp(math.lgamma(a + b) - math.lgamma(a) - math.lgamma(b))
    tail: Shares = total * x**a * (1 - x) ** b / (a * fraction)
    return tail
