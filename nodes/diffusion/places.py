"""Where a part of a conditioning is heard: its window in the latent, and its share in each cell.

The model looks at a window alone, as in a picture of its own: a small one costs little, and no text tells of what is
around it. So that windows leave no seams, a part's share falls off towards the edges that lie inside the picture.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional

from nodes.sentences import masks as say
from nodes.sentences import texts as of_texts
from nodes.types import Area, TextPart

CELL = 8
"""Pixels along an edge for a latent value."""
FEATHER = 8
"""Cells over which a window's share rises from its edge inside the picture."""
LEAST = 8
"""Cells along an edge of a window around a region: a model sees nothing in less."""


@dataclass(frozen=True)
class Window:
    """A rectangle of a latent, in cells."""

    top: int
    left: int
    height: int
    width: int

    def of(self, values: Tensor) -> Tensor:
        """What of a latent's rows and columns (the last two axes) lies in it."""
        return values[..., self.top : self.top + self.height, self.left : self.left + self.width]

    @property
    def size(self) -> tuple[int, int]:
        return self.height, self.width


@dataclass(frozen=True, eq=False)
class Place:
    """Where a part is heard in latents of one size."""

    window: Window
    share: Tensor | None
    """float32, 1 or batch x 1 x the window's height x width: how much it counts in each cell; None is evenly."""

    def is_everywhere(self, height: int, width: int) -> bool:
        """Whether it is heard evenly in the whole latent."""
        return self.share is None and self.window.size == (height, width)


def place_of(part: TextPart, height: int, width: int) -> Place:
    """Where a part is heard in a latent of this size."""
    region = None if part.region is None else to_cells(part.region, height, width)
    window = Window(0, 0, height, width) if part.area is None else window_of(part.area, height, width)
    if region is not None and part.cut:
        window = shared(window, window_around(region))
    if region is not None:
        return Place(window, window.of(region))
    return Place(window, None if window.size == (height, width) else feathered(window, height, width))


def to_cells(region: Tensor, height: int, width: int) -> Tensor:
    """A region (batch x height x width) as a share for each cell, batch x 1 x height x width."""
    return functional.interpolate(region[:, None].float(), (height, width), mode="bilinear").clamp(0, 1)


def window_of(area: Area, height: int, width: int) -> Window:
    """The cells of an area, at least one; what stands out of the latent is cut off."""
    across, down = (width, height) if area.unit == "share" else (1 / CELL, 1 / CELL)
    left, top = (max(0, round(area.left * across)), max(0, round(area.top * down)))
    left, top = min(left, width - 1), min(top, height - 1)
    return Window(
        top,
        left,
        min(max(1, round(area.height * down)), height - top),
        min(max(1, round(area.width * across)), width - left),
    )


def window_around(region: Tensor) -> Window:
    """The smallest window of a few cells that holds every cell of a region which is not 0."""
    _, _, height, width = region.shape
    heard = (region > 0).any(dim=0)[0]
    top, rows = around(heard.any(dim=1), height)
    left, columns = around(heard.any(dim=0), width)
    return Window(top, left, rows, columns)


def around(heard: Tensor, length: int) -> tuple[int, int]:
    """Where a run that holds every true value starts, and how long it is: at least `LEAST` where there is room."""
    found = heard.nonzero().flatten().tolist()
    if not found:
        return 0, length
    first, count = found[0], max(found[-1] + 1 - found[0], min(LEAST, length))
    return min(first, length - count), count


def shared(first: Window, second: Window) -> Window:
    """Where two windows lie over each other; the first where they do not."""
    top, left = max(first.top, second.top), max(first.left, second.left)
    height = min(first.top + first.height, second.top + second.height) - top
    width = min(first.left + first.width, second.left + second.width) - left
    return Window(top, left, height, width) if height > 0 and width > 0 else first


def feathered(window: Window, height: int, width: int) -> Tensor:
    """Shares that rise evenly from the edges of a window that are not the picture's, 1 x 1 x height x width."""
    down = rise(window.height, window.top > 0, window.top + window.height < height)
    across = rise(window.width, window.left > 0, window.left + window.width < width)
    return (down[:, None] * across)[None, None]


def rise(length: int, first: bool, last: bool) -> Tensor:
    steps = (torch.arange(length, dtype=torch.float32) + 1).clamp(max=FEATHER) / FEATHER
    even = torch.ones(length)
    return (steps if first else even) * (steps.flip(0) if last else even)


def misfit_place(parts: Sequence[TextPart], height: int, width: int) -> tuple[str, str] | None:
    """Why a part cannot be heard anywhere in a latent of this size, and what to do; None when all can."""
    for part in parts:
        area, picture = part.area, f"{width * CELL} x {height * CELL}"
        if area is not None and area.unit == "pixels" and (area.left >= width * CELL or area.top >= height * CELL):
            what = of_texts.AREA_OUTSIDE(left=area.left, top=area.top, picture=picture)
            return what, of_texts.MOVE_AREA()
        if part.region is None:
            continue
        share = place_of(part, height, width).share
        if share is not None and not bool(share.any()):
            return (
                say.OUT_OF_PICTURE(picture=picture, cell=CELL),
                say.PAINT_LARGER(),
            )
    return None
