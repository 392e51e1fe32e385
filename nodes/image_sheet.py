"""Nodes that lay pictures out on a labelled sheet."""

from __future__ import annotations

import math
from typing import Annotated

from nodes.api import BadValue, Number, Text, node
from nodes.fields import ImageOut
from nodes.sentences import common
from nodes.sentences import pictures as say
from nodes.types import Image

Lines = Annotated[str, Text(lines=3)]
Megapixels = Annotated[float, Number(min=0.001, max=1024.0, step=0.1)]


@node(category="image/batch")
def label_sheet(
    *images: Image,
    columns: Lines = "",
    rows: Lines = "",
    pages: Lines = "",
    column_title: str = "",
    row_title: str = "",
    page_title: str = "",
) -> ImageOut:
    """Lay pictures out on one sheet, row by row, with words above the columns and beside the rows.

    Pictures keep every pixel; smaller ones are centred in their cells. A sweep makes its sheet with this node.

    Args:
        images: The pictures. A batch stands side by side in its cell.
        columns: What to write above each column, one a line: as many columns as lines.
        rows: What to write beside each row, one a line.
        pages: What to write above each further grid of columns and rows, one a line.
        column_title: What the columns differ in.
        row_title: What the rows differ in.
        page_title: What the grids differ in.

    Returns:
        The sheet.
    """
    from nodes.diffusion.sheet import Axis, draw_sheet

    if not images:
        raise BadValue("images", say.NONE_FOR_SHEET(), common.LINK_ONE())
    across = len(columns.splitlines()) or math.ceil(math.sqrt(len(images)))
    axes = [Axis(title, text.splitlines()) for title, text in
            ((column_title, columns), (row_title, rows), (page_title, pages))]  # fmt: skip
    return Image(draw_sheet([image.pixels for image in images], across, *axes))


@node(category="image", finishes=True)
def limit_pixels(image: Image, megapixels: Megapixels = 1.0) -> ImageOut:
    """Make a picture smaller where it is larger than so many pixels; one that is not stays as it is.

    Args:
        image: The picture.
        megapixels: Millions of pixels that it may have, in width times height.

    Returns:
        The picture.
    """
    from nodes.diffusion.resize import resize

    if megapixels <= 0:
        raise BadValue("megapixels", say.LEAVES_NONE(megapixels=megapixels), say.USE_ABOVE_0())
    height, width = image.pixels.shape[1:3]
    share = math.sqrt(megapixels * 1e6 / (height * width))
    if share >= 1:
        return image
    return Image(resize(image.pixels, max(1, int(width * share)), max(1, int(height * share)), "area", "stretch"))
