"""A sheet of pictures with words above its columns and beside its rows: Pillow draws them, pixels stay as they are."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

import numpy as np
import torch
from PIL import Image, ImageDraw
from torch import Tensor

from nodes.diffusion.fonts import Letters, folders_of_fonts

PAPER, INK, FAINT = (250, 250, 248), (40, 40, 40), (120, 120, 116)
GAP = 8
"""Pixels between pictures."""
EDGE = 20
"""Pixels around all of it."""
SMALLEST, LARGEST = 13, 30
"""Of the letters, in pixels: a sixteenth of a picture's width between them."""
NARROWEST = 96
"""Pixels that a label may take however small the pictures are."""
MOST_LINES = 4
LINE = 1.3


@dataclass(frozen=True)
class Axis:
    """What the columns, rows or grids differ in, and what each is called."""

    title: str = ""
    labels: Sequence[str] = ()


@dataclass
class Layout:
    """Where everything lies, in pixels. `width`, `height`: those of a cell."""

    count: int
    across: int
    width: int
    height: int
    columns: Axis
    rows: Axis
    pages: Axis
    fonts: Sequence[Path]
    size: int = field(init=False)
    font: Letters = field(init=False)

    def __post_init__(self) -> None:
        self.size = max(SMALLEST, min(LARGEST, self.width // 16))
        self.font = Letters(self.size, self.fonts)

    @property
    def line(self) -> int:
        return round(self.size * LINE)

    @cached_property
    def down(self) -> int:
        """Rows of one grid."""
        if self.rows.labels:
            return len(self.rows.labels)
        return -(-self.count // (self.across * max(1, len(self.pages.labels))))

    @cached_property
    def grids(self) -> int:
        return -(-self.count // (self.across * self.down))

    @cached_property
    def column_lines(self) -> list[list[str]]:
        return [wrap(label, self.font, max(self.width, NARROWEST)) for label in self.columns.labels[: self.across]]

    @cached_property
    def row_lines(self) -> list[list[str]]:
        return [wrap(label, self.font, max(self.width * 3 // 4, NARROWEST)) for label in self.rows.labels]

    @cached_property
    def step(self) -> int:
        """From one column to the next: labels may be wider than the pictures."""
        widest = max((self.font.getlength(line) for lines in self.column_lines for line in lines), default=0.0)
        return max(self.width, round(widest)) + GAP

    @cached_property
    def left(self) -> int:
        """Where the first column begins."""
        texts = [self.rows.title, *(line for lines in self.row_lines for line in lines)]
        widest = max(self.font.getlength(text) for text in texts)
        return EDGE + (round(widest) + 2 * GAP if widest else 0)

    @cached_property
    def head(self) -> int:
        """Above the pictures of a grid."""
        lines = max(map(len, self.column_lines), default=0) + bool(self.columns.title)
        return lines * self.line + (GAP if lines else 0)

    @cached_property
    def page_head(self) -> int:
        return self.line + GAP if self.pages.labels else 0

    @cached_property
    def row_step(self) -> int:
        lines = max(map(len, self.row_lines), default=0)
        return max(self.height, lines * self.line) + GAP

    @cached_property
    def grid_height(self) -> int:
        return self.page_head + self.head + self.down * self.row_step + GAP

    @property
    def sheet(self) -> tuple[int, int]:
        """Width and height of all of it."""
        return self.left + self.across * self.step - GAP + EDGE, 2 * EDGE + self.grids * self.grid_height - 2 * GAP

    def place(self, number: int) -> tuple[int, int]:
        """Left and top of a cell."""
        grid, rest = divmod(number, self.across * self.down)
        row, column = divmod(rest, self.across)
        top = EDGE + grid * self.grid_height + self.page_head + self.head + row * self.row_step
        return self.left + column * self.step + (self.step - GAP - self.width) // 2, top


def draw_sheet(
    pictures: Sequence[Tensor],
    across: int,
    columns: Axis,
    rows: Axis,
    pages: Axis,
    *,
    fonts: Sequence[Path] | None = None,
) -> Tensor:
    """The sheet, float32 1 x height x width x RGB, of pictures (each batch x height x width x RGB, 0..1) row by row.

    `fonts`: the folders with fonts for letters that Pillow's own lacks; those of this computer unless given.
    """
    strips = [strip(picture) for picture in pictures]
    width, height = max(one.shape[1] for one in strips), max(one.shape[0] for one in strips)
    layout = Layout(len(strips), max(1, min(across, len(strips))), width, height, columns, rows, pages,
                    folders_of_fonts() if fonts is None else fonts)  # fmt: skip
    paper = Image.new("RGB", layout.sheet, PAPER)
    write_labels(ImageDraw.Draw(paper), layout)
    sheet = torch.from_numpy(np.array(paper, dtype=np.float32) / 255)
    for number, one in enumerate(strips):
        left, top = layout.place(number)
        left, top = left + (width - one.shape[1]) // 2, top + (height - one.shape[0]) // 2
        sheet[top : top + one.shape[0], left : left + one.shape[1]] = one
    return sheet[None]


def strip(picture: Tensor) -> Tensor:
    """The pictures of a batch side by side: height x width x RGB."""
    return torch.cat(list(picture.float().cpu()), dim=1)


def write_labels(draw: ImageDraw.ImageDraw, layout: Layout) -> None:
    for grid in range(layout.grids):
        top = EDGE + grid * layout.grid_height
        if grid < len(layout.pages.labels):
            title = f"{layout.pages.title}: " if layout.pages.title else ""
            room = layout.sheet[0] - 2 * EDGE
            said = wrap(title + layout.pages.labels[grid], layout.font, room)[0]
            layout.font.draw(draw, (EDGE, top), said, INK)
            top += layout.page_head
        write_columns(draw, layout, top)
        for row, lines in enumerate(layout.row_lines):
            middle = top + layout.head + row * layout.row_step + layout.height / 2
            write(draw, layout, lines, layout.left - 2 * GAP, middle - len(lines) * layout.line / 2, "ra")


def write_columns(draw: ImageDraw.ImageDraw, layout: Layout, top: int) -> None:
    below = top + layout.head - GAP
    if layout.columns.title:
        middle = layout.left + (layout.across * layout.step - GAP) / 2
        layout.font.draw(draw, (middle, top), layout.columns.title, FAINT, "ma")
    if layout.rows.title:
        layout.font.draw(draw, (layout.left - 2 * GAP, below), layout.rows.title, FAINT, "rd")
    for column, lines in enumerate(layout.column_lines):
        middle = layout.left + column * layout.step + (layout.step - GAP) / 2
        write(draw, layout, lines, middle, below - len(lines) * layout.line, "ma")


def write(draw: ImageDraw.ImageDraw, layout: Layout, lines: Sequence[str], x: float, y: float, anchor: str) -> None:
    for number, line in enumerate(lines):
        layout.font.draw(draw, (x, y + number * layout.line), line, INK, anchor)


def wrap(text: str, font: Letters, width: int) -> list[str]:
    """A text in lines of at most `width` pixels, the rest of a long one left out."""
    lines: list[str] = [""]
    for word in pieces(text, font, width):
        joined = f"{lines[-1]} {word}".strip()
        if font.getlength(joined) <= width:
            lines[-1] = joined
        elif len(lines) == MOST_LINES:
            lines[-1] = shortened(joined, font, width)
            break
        else:
            lines.append(word)
    return lines


def pieces(text: str, font: Letters, width: int) -> Iterator[str]:
    """The words of a text, those cut up that fit in no line."""
    for word in text.split():
        rest = word
        while font.getlength(rest) > width and len(rest) > 1:
            fitting = next((end for end in range(len(rest) - 1, 1, -1) if font.getlength(rest[:end]) <= width), 1)
            yield rest[:fitting]
            rest = rest[fitting:]
        yield rest


def shortened(text: str, font: Letters, width: int) -> str:
    while text and font.getlength(f"{text}…") > width:
        text = text[:-1]
    return f"{text.rstrip()}…"
