"""A model that looks at a large latent in overlapping tiles (MultiDiffusion, Bar-Tal et al. 2023, arXiv 2302.08113).

At every noise level each tile is denoised as a picture of its own; where tiles overlap, the next latent is the average
of theirs, weighed down towards their edges. All tiles hear the same texts, so each of them tries to show all of it:
start from a smaller picture that was scaled up.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from torch import Tensor

from nodes.diffusion.denoiser import Denoiser
from nodes.diffusion.levels import Levels
from nodes.diffusion.places import Window
from nodes.diffusion.room import bytes_to_look
from nodes.diffusion.tiles import Canvas, Tile, Tiling, cut
from nodes.diffusion.told import Told
from nodes.types import Tiles

UNIT = 4
"""Tiles begin at a multiple of so many latent values, and so fit what models halve twice."""


class TiledDenoiser:
    """A denoiser behind tiles: one tile at a time is in the network. Whatever else the model has, it has too."""

    text_width: int
    pooled_width: int
    masks_text: bool
    beside_channels: int
    device: str

    def __init__(self, model: Denoiser, tiles: Tiles, cell: int) -> None:
        """`cell`: pixels along an edge for a latent value."""
        self.model, self.cell = model, cell
        self.tiling = Tiling(tiles.size // cell, tiles.overlap // cell)
        # A tile must fit the model; the picture may then be of any size.
        self.longest_edge = 0 if self.tiling.size <= model.longest_edge else model.longest_edge
        self.told: dict[tuple[Tile, int], tuple[Told, Told]] = {}

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__") or name == "model":
            raise AttributeError(name)
        return getattr(self.model, name)

    @property
    def levels(self) -> Levels:
        return self.model.levels

    def predict(self, x: Tensor, sigma: float, told: Told) -> Tensor:
        height, width = x.shape[2:]
        tiles = cut(height, width, self.tiling, UNIT if height % UNIT == width % UNIT == 0 else 1)
        if len(tiles) == 1:
            return self.model.predict(x, sigma, told)
        canvas = Canvas(tuple(x.shape), self.tiling, x.device)
        for tile in tiles:
            canvas.add(tile, self.model.predict(tile.of(x), sigma, self.told_of(told, tile, len(x))))
        return canvas.whole()

    def bytes_to_look(self, rows: int, height: int, width: int) -> int:
        """Of the network, which sees one tile at a time."""
        return bytes_to_look(self.model, rows, min(height, self.tiling.size), min(width, self.tiling.size))

    def told_of(self, told: Told, tile: Tile, rows: int) -> Told:
        """What is told of one tile, cut once in a run: what lies beside the latent is cut alike."""
        known = tile, id(told)
        if known not in self.told:
            self.told[known] = told, cut_told(told, tile, rows, self.cell)  # kept, so that its id stays its own
        return self.told[known][1]


def cut_told(told: Told, tile: Tile, rows: int, cell: int) -> Told:
    outer = told.windows or [Window(0, 0, *tile.whole)] * rows
    seen = tile.times(cell)
    return replace(
        told,
        beside=None if told.beside is None else tile.of(told.beside),
        mask_beside=None if told.mask_beside is None else tile.of(told.mask_beside),
        windows=tuple(Window(one.top + tile.top, one.left + tile.left, tile.height, tile.width) for one in outer),
        steered=tuple(
            replace(one, pixels=seen.of(one.pixels), mask=None if one.mask is None else seen.of(one.mask))
            for one in told.steered
        ),
        boxed=tuple(one.cut(*shares_of(tile)) for one in told.boxed),
    )


def shares_of(tile: Tile) -> tuple[float, float, float, float]:
    """Top, left, height and width of a tile as shares of the whole."""
    height, width = tile.whole
    return tile.top / height, tile.left / width, tile.height / height, tile.width / width
