"""A contact sheet: many pictures on one page, to compare them side by side."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Annotated

from nodes.api import Number, Text, node
from nodes.fields import ImageOut
from nodes.types import Image

if TYPE_CHECKING:
    from torch import Tensor

Columns = Annotated[int, Number(min=0, max=64, step=1)]
Gap = Annotated[int, Number(min=0, max=256, step=1)]
PAPER, INK = 0.08, (225, 225, 225)
LEAST_TEXT = 9


@node(category="darkroom")
def contact_sheet(
    *images: Image, columns: Columns = 0, gap: Gap = 8, captions: Annotated[str, Text(lines=3)] = ""
) -> ImageOut:
    """Put pictures side by side on one dark page, with a caption under each.

    Args:
        images: Pictures or batches of them. Smaller ones are centred in the cell of the largest.
        columns: Pictures in a row; 0 makes the page about square.
        gap: Pixels between pictures and around them.
        captions: One line for each picture; left empty, the page has no captions.

    Returns:
        One picture.
    """
    import torch

    pictures = [picture for image in images for picture in image.pixels]
    if not pictures:
        raise ValueError("A contact sheet needs at least one picture. Link one to 'images'.")
    height, width = max(len(picture) for picture in pictures), max(picture.shape[1] for picture in pictures)
    lines = captions.strip("\n").split("\n") if captions.strip() else []
    text_size = max(LEAST_TEXT, width // 16)
    label = round(text_size * 1.6) if lines else 0
    across = min(len(pictures), columns or math.ceil(math.sqrt(len(pictures))))
    down = math.ceil(len(pictures) / across)
    page = torch.full((gap + down * (height + label + gap), gap + across * (width + gap), 3), PAPER)
    for place, picture in enumerate(pictures):
        row, column = divmod(place, across)
        top, left = gap + row * (height + label + gap), gap + column * (width + gap)
        put(page, picture, top + (height - len(picture)) // 2, left + (width - picture.shape[1]) // 2)
        if place < len(lines):
            put(page, caption(lines[place], width, label, text_size), top + height, left)
    return Image(page[None])


def put(page: Tensor, picture: Tensor, top: int, left: int) -> None:
    height, width, _ = picture.shape
    page[top : top + height, left : left + width] = picture


def caption(text: str, width: int, height: int, size: int) -> Tensor:
    """The text centred on a strip of page; cut with an ellipsis where it is too long."""
    import numpy as np
    import PIL.Image
    import torch
    from PIL import ImageDraw, ImageFont

    font = ImageFont.load_default(size)
    text = text[:width]  # no letter is narrower than a pixel, and each cut below takes as long as the text
    while text and font.getlength(text) > width:
        text = text.rstrip("…")[:-1].rstrip() + "…" if len(text) > 1 else ""
    strip = PIL.Image.new("RGB", (width, height), (int(PAPER * 255),) * 3)
    ImageDraw.Draw(strip).text((width / 2, height / 2), text, fill=INK, font=font, anchor="mm")
    return torch.from_numpy(np.asarray(strip, dtype=np.float32) / 255)
