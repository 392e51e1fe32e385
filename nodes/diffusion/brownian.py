"""A Brownian path that a seed alone decides, at whatever times and in whatever order it is asked for.

It gives the numbers of torchsde's BrownianTree, which shared pictures were made with, bit for bit, without
depending on it: the interval is halved again and again, each half's noise drawn from a seed of its own.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

DIGITS = 6  # times are rounded to a millionth, where halving ends
POOL = 24  # words of entropy in numpy's SeedSequence


@dataclass(frozen=True)
class Part:
    """A part of the path: its ends, how many halvings made it and which of them it is, and what it adds."""

    start: float
    end: float
    depth: int
    place: int
    increment: Tensor


class BrownianTree:
    """W(b) - W(a) for any a < b between `low` and `high`, float32 of `shape` on `device`."""

    def __init__(self, low: float, high: float, shape: tuple[int, ...], seed: int, device: str = "cpu") -> None:
        self.shape, self.seed, self.device = shape, seed, device
        whole = self.draw(np.random.SeedSequence(seed, pool_size=POOL)) * math.sqrt(high - low)
        self.whole = Part(round(low, DIGITS), round(high, DIGITS), 0, 0, whole)

    def __call__(self, low: float, high: float) -> Tensor:
        start, end = max(round(low, DIGITS), self.whole.start), min(round(high, DIGITS), self.whole.end)
        increments = list(self.within(self.whole, start, end))
        return sum(increments[1:], increments[0]) if increments else torch.zeros(self.shape, device=self.device)

    def within(self, part: Part, start: float, end: float) -> Iterator[Tensor]:
        """What the path adds from `start` to `end` inside a part, in the fewest pieces, in order."""
        if start >= end:
            return
        if (start, end) == (part.start, part.end):
            yield part.increment
            return
        left, right = self.halves(part)
        yield from self.within(left, start, min(end, left.end))
        yield from self.within(right, max(start, right.start), end)

    def halves(self, part: Part) -> tuple[Part, Part]:
        """The Brownian bridge: half of the increment on average, and noise that depends on both lengths."""
        middle = round(0.5 * (part.end + part.start), DIGITS)
        per_length = 1 / (part.end - part.start)
        left, right = middle - part.start, part.end - middle
        key = np.random.SeedSequence(self.seed, spawn_key=(part.place, part.depth), pool_size=POOL)
        noise = self.draw(key)
        first = left * part.increment * per_length + math.sqrt(left * right * per_length) * noise
        depth, place = part.depth + 1, 2 * part.place
        return (
            Part(part.start, middle, depth, place, first),
            Part(middle, part.end, depth, place + 1, part.increment - first),
        )

    def draw(self, key: np.random.SeedSequence) -> Tensor:
        seed = int(key.generate_state(4)[0])
        generator = torch.Generator(self.device).manual_seed(seed)
        return torch.randn(self.shape, generator=generator, device=self.device)
