"""Pictures of schedules: sigma against step, drawn with Pillow."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import torch
from PIL import Image, ImageDraw, ImageFont
from torch import Tensor

PAPER, GRID, INK = (250, 250, 248), (226, 226, 222), (60, 60, 60)
COLOURS = ((31, 119, 180), (214, 84, 20), (44, 140, 60), (190, 40, 50), (130, 90, 180), (120, 80, 60),
           (200, 90, 170), (100, 100, 100), (150, 150, 20))  # fmt: skip
LEFT, RIGHT, TOP, BOTTOM = 64, 20, 16, 44
LEGEND = 150  # the right margin when lines have names
FINE = 2  # drawn this many times larger, so that lines come out smooth


@dataclass(frozen=True)
class Axes:
    """Where a step and a sigma lie in the picture, in pixels."""

    width: int
    height: int
    steps: int
    right: int
    low: float
    high: float
    logarithmic: bool

    def x(self, step: float) -> float:
        return LEFT + (self.width - LEFT - self.right) * step / self.steps

    def y(self, sigma: float) -> float:
        if self.logarithmic:
            share = math.log(max(sigma, self.low) / self.low) / math.log(self.high / self.low)
        else:
            share = sigma / self.high
        return TOP + (self.height - TOP - BOTTOM) * (1 - share)

    def marks(self) -> list[float]:
        """Round sigmas to label: powers of ten, or about five even ones."""
        if self.logarithmic:
            first, last = math.floor(math.log10(self.low)), math.ceil(math.log10(self.high))
            marks = [10.0**power * part for power in range(first, last + 1) for part in (1, 3)]
            return [mark for mark in marks if self.low <= mark <= self.high]
        size = 10 ** math.floor(math.log10(self.high / 4))
        size *= min((1, 2, 5, 10), key=lambda part: abs(self.high / (size * part) - 5))
        return [size * i for i in range(int(self.high / size) + 1)]


def plot(curves: Mapping[str, Sequence[float]], width: int, height: int, logarithmic: bool) -> Tensor:
    """float32, height x width x RGB in 0..1: a line for each name, a legend when there are several names.

    On a logarithmic scale a sigma of 0 lies on the bottom line.
    """
    steps = max(len(curve) for curve in curves.values()) - 1
    above = [sigma for curve in curves.values() for sigma in curve if sigma > 0] or [1.0]
    low, high = min(above), max(above)
    if low == high:
        low = high / 10
    right = LEGEND if any(curves) else RIGHT
    axes = Axes(width, height, steps, right, low / 1.3, high * 1.05, logarithmic)
    picture = Image.new("RGB", (width * FINE, height * FINE), PAPER)
    draw = ImageDraw.Draw(picture)
    draw_axes(draw, axes)
    for (name, curve), colour, row in zip(curves.items(), COLOURS * len(curves), range(len(curves)), strict=False):
        points = [(axes.x(i) * FINE, axes.y(sigma) * FINE) for i, sigma in enumerate(curve)]
        for start, end in pairwise(points):
            draw.line([start, end], colour, 2 * FINE)
        if len(points) <= 60:
            for x, y in points:
                draw.ellipse((x - 3 * FINE, y - 3 * FINE, x + 3 * FINE, y + 3 * FINE), colour)
        if name:
            write(draw, width - LEGEND + 16, TOP + 8 + 18 * row, name, colour, "lm")
    small = picture.resize((width, height), Image.Resampling.BOX)
    return torch.from_numpy(np.asarray(small, dtype=np.float32) / 255)


def draw_axes(draw: ImageDraw.ImageDraw, axes: Axes) -> None:
    left, right, bottom = axes.x(0), axes.x(axes.steps), axes.height - BOTTOM
    for mark in axes.marks():
        draw.line([(left * FINE, axes.y(mark) * FINE), (right * FINE, axes.y(mark) * FINE)], GRID, FINE)
        write(draw, left - 8, axes.y(mark), f"{mark:g}", INK, "rm")
    every = max(1, round(axes.steps / 10))
    for step in range(0, axes.steps + 1, every):
        draw.line([(axes.x(step) * FINE, TOP * FINE), (axes.x(step) * FINE, bottom * FINE)], GRID, FINE)
        write(draw, axes.x(step), bottom + 6, str(step), INK, "mt")
    draw.line([(left * FINE, TOP * FINE), (left * FINE, bottom * FINE), (right * FINE, bottom * FINE)], INK, FINE)
    write(draw, (left + right) / 2, axes.height - 6, "step", INK, "mb")
    write(draw, 8, TOP - 10, "sigma", INK, "lt")


def write(draw: ImageDraw.ImageDraw, x: float, y: float, text: str, colour: tuple[int, int, int], anchor: str) -> None:
    font = ImageFont.load_default(13 * FINE)
    draw.text((x * FINE, y * FINE), text, colour, font, anchor)
