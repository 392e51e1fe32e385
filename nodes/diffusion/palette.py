"""Colours for the kinds of things in a picture."""

from __future__ import annotations

import colorsys
import json
from pathlib import Path

import torch
from torch import Tensor

from nodes.diffusion.header import UnusableFile
from nodes.sentences import files as say

GOLDEN = 0.6180339887498949
"""Hues that follow one another at this share of the circle are far apart, however many there are."""


def palette_of(count: int, file: Path | None) -> Tensor:
    """So many colours, float32, count x RGB, 0..1: those of a file with [red, green, blue] (0 to 255), where there is
    one. Raises `UnusableFile` when it holds something else, or too few.
    """
    if file is None or not file.is_file():
        return spread(count)
    try:
        colours = torch.tensor(json.loads(file.read_text(encoding="utf-8")), dtype=torch.float32)
    except (OSError, ValueError, TypeError, RecursionError) as error:
        raise UnusableFile(say.NO_COLOUR_LIST(file=file.name), say.WRITE_COLOURS()) from error
    if colours.ndim != 2 or colours.shape[1] != 3 or len(colours) < count:
        raise UnusableFile(say.TOO_FEW_COLOURS(file=file.name, count=count), say.WRITE_COLOURS())
    return colours / 255


def spread(count: int) -> Tensor:
    """Hues far from each other, in three brightnesses."""
    return torch.tensor([colorsys.hsv_to_rgb(n * GOLDEN % 1, 0.85, (1.0, 0.7, 0.45)[n % 3]) for n in range(count)])
