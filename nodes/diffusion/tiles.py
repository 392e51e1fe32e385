"""Large pictures in overlapping tiles: where tiles lie, and how what comes of them is put together without seams."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, TypeAlias

import torch
from torch import Tensor

Watch: TypeAlias = "Callable[[Iterable[Any]], Iterable[Any]]"
"""Goes through things one by one, and may say how far it is or stop."""


@dataclass(frozen=True)
class Tiling:
    """How to cut: lengths of an edge, all in the same unit."""

    size: int
    """Of a tile."""
    overlap: int
    """What neighbours share, at least."""
    margin: int = 0
    """What is left out at edges inside the picture, where a network sees the end of a tile; under half the overlap."""

    def times(self, factor: int) -> Tiling:
        """The same in a unit so many times as fine."""
        return Tiling(self.size * factor, self.overlap * factor, self.margin * factor)


@dataclass(frozen=True)
class Tile:
    """A rectangle of a picture of `whole` height and width."""

    top: int
    left: int
    height: int
    width: int
    whole: tuple[int, int]

    def of(self, values: Tensor) -> Tensor:
        """What of the rows and columns (the last two axes) lies in it."""
        return values[..., self.top : self.top + self.height, self.left : self.left + self.width]

    def times(self, factor: int) -> Tile:
        """The same in a unit so many times as fine."""
        height, width = self.whole
        return Tile(
            self.top * factor,
            self.left * factor,
            self.height * factor,
            self.width * factor,
            (height * factor, width * factor),
        )

    def over(self, factor: int) -> Tile:
        """The same in a unit so many times as coarse, which must divide all of it."""
        height, width = self.whole
        return Tile(
            self.top // factor,
            self.left // factor,
            self.height // factor,
            self.width // factor,
            (height // factor, width // factor),
        )


def cut(height: int, width: int, tiling: Tiling, unit: int = 1) -> list[Tile]:
    """Tiles of one size that cover a picture, row by row; a picture that is no larger than a tile is one.

    They lie at multiples of `unit`, which must divide the sizes.
    """
    rows, columns = (starts(length // unit, tiling.size // unit, tiling.overlap // unit) for length in (height, width))
    tall, wide = min(height, tiling.size), min(width, tiling.size)
    return [Tile(row * unit, column * unit, tall, wide, (height, width)) for row in rows for column in columns]


def starts(length: int, size: int, overlap: int) -> list[int]:
    """Where tiles along an edge begin, spread evenly."""
    if length <= size:
        return [0]
    count = math.ceil((length - overlap) / (size - overlap))
    return [round(number * (length - size) / (count - 1)) for number in range(count)]


def weight_of(tile: Tile, tiling: Tiling) -> Tensor:
    """How much a tile counts in each place, float32, height x width: it rises from edges inside the picture to 1."""
    height, width = tile.whole
    down = rise(tile.height, tiling, tile.top > 0, tile.top + tile.height < height)
    across = rise(tile.width, tiling, tile.left > 0, tile.left + tile.width < width)
    return down[:, None] * across


def rise(length: int, tiling: Tiling, first: bool, last: bool) -> Tensor:
    way = max(tiling.overlap - 2 * tiling.margin, 1)
    steps = ((torch.arange(length, dtype=torch.float32) + 0.5 - tiling.margin) / way).clamp(0, 1)
    even = torch.ones(length)
    return (steps if first else even) * (steps.flip(0) if last else even)


class Canvas:
    """Where tiles are put together: the average in each place by what each tile counts there."""

    def __init__(self, shape: tuple[int, ...], tiling: Tiling, device: str | torch.device = "cpu") -> None:
        """`shape`: batch x channels x height x width."""
        self.tiling = tiling
        self.sum = torch.zeros(shape, device=device)
        self.total = torch.zeros(shape[2:], device=device)

    def add(self, tile: Tile, piece: Tensor) -> None:
        weight = weight_of(tile, self.tiling).to(self.sum.device)
        tile.of(self.sum).add_(piece.to(self.sum.device, torch.float32) * weight)
        tile.of(self.total).add_(weight)

    def whole(self) -> Tensor:
        """float32, batch x channels x height x width."""
        return self.sum.div_(self.total)
