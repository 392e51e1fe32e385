"""Nodes that make masks: how much of something there is at each pixel, 0 (black) to 1 (white)."""

from __future__ import annotations

from typing import Annotated, Literal

from nodes.api import Title, node
from nodes.types import Image, Mask

Channel = Literal["luminance", "red", "green", "blue"]
MaskOut = Annotated[Mask, Title("Mask")]
LUMA = (0.299, 0.587, 0.114)
"""What red, green and blue count for in brightness (ITU-R BT.601), as image editors convert to grey."""


@node(category="mask")
def image_to_mask(image: Image, channel: Channel = "luminance") -> MaskOut:
    """Take a mask from a picture, such as one painted black and white.

    A picture's own transparency is the mask that *Load image* gives.

    Args:
        image: The picture.
        channel: What counts: how bright it is, or one of its colours.

    Returns:
        White where the channel is full.
    """
    if channel == "luminance":
        return Mask(image.pixels @ image.pixels.new_tensor(LUMA))
    return Mask(image.pixels[..., ("red", "green", "blue").index(channel)])


@node(category="mask")
def invert_mask(mask: Mask) -> MaskOut:
    """Turn a mask round: what was left out is taken, what was taken is left out.

    Args:
        mask: The mask.

    Returns:
        White where it was black.
    """
    return Mask(1 - mask.values)


@node(category="mask")
def mask_to_image(mask: Mask) -> Annotated[Image, Title("Image")]:
    """Show a mask as a grey picture, to look at it or to change it as one.

    Args:
        mask: The mask.

    Returns:
        Black where the mask is 0, white where it is 1.
    """
    return Image(mask.values[..., None].repeat(1, 1, 1, 3))
