"""Nodes that make and change masks: how much of something there is at each pixel, 0 (black) to 1 (white)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal

from nodes.api import BadValue, Number, Title, node
from nodes.api.said import Sentence
from nodes.fields import Fraction, Pixels
from nodes.sentences import common
from nodes.sentences import masks as say
from nodes.types import Image, Mask

if TYPE_CHECKING:
    from torch import Tensor

Channel = Literal["luminance", "red", "green", "blue"]
Joining = Literal["union", "intersection", "subtract", "difference", "multiply", "add"]
Shape = Literal["rectangle", "ellipse"]
Radius = Annotated[int, Number(min=-512, max=512, step=1)]
Softness = Annotated[float, Number(min=0, max=512, step=1)]
Offset = Annotated[int, Number(min=-16_384, max=16_384, step=8)]
Extent = Annotated[int, Number(min=1, max=16_384, step=8)]
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
def colour_to_mask(
    image: Image, colour: str = "#00ff00", tolerance: Fraction = 0.1, softness: Fraction = 0.05
) -> MaskOut:
    """Take a mask from one colour of a picture, such as a green screen.

    Args:
        image: The picture.
        colour: The colour as #rrggbb.
        tolerance: How far a pixel's red, green and blue may be from it, as a share of the full range.
        softness: How far beyond that the mask takes to fall off to black.

    Returns:
        White where the picture has the colour.
    """
    away = (image.pixels - image.pixels.new_tensor(read_colour(colour))).abs().amax(-1)
    return Mask(1 - ((away - tolerance) / max(softness, 1e-6)).clamp(0, 1))


@node(category="mask")
def draw_mask(
    width: Pixels = 512,
    height: Pixels = 512,
    shape: Shape = "rectangle",
    left: Offset = 128,
    top: Offset = 128,
    across: Extent = 256,
    down: Extent = 256,
) -> MaskOut:
    """Draw a white rectangle or ellipse on black.

    Args:
        width: Width of the mask in pixels.
        height: Height of the mask in pixels.
        shape: What to draw.
        left: Pixels from the left edge to the shape; what stands out is cut off.
        top: Pixels from the top edge to the shape.
        across: Width of the shape.
        down: Height of the shape.

    Returns:
        White inside the shape.
    """
    import torch

    if width < 1 or height < 1:
        raise BadValue("width", say.SIZE(width=width, height=height), common.USE_SIZES_FROM_1())
    x = (torch.arange(width, dtype=torch.float32) + 0.5 - left - across / 2) / (max(across, 1) / 2)
    y = (torch.arange(height, dtype=torch.float32) + 0.5 - top - down / 2) / (max(down, 1) / 2)
    inside = x[None, :] ** 2 + y[:, None] ** 2 <= 1 if shape == "ellipse" else (x.abs() <= 1) & (y.abs() <= 1)[:, None]
    return Mask(inside.float()[None])


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
def grow_mask(mask: Mask, pixels: Radius = 8) -> MaskOut:
    """Let the white of a mask grow, or shrink, by so many pixels all around.

    Args:
        mask: The mask.
        pixels: How far its edge moves out; below 0 it moves in. The edge of the picture eats nothing away.

    Returns:
        The mask with its edge moved.
    """
    from nodes.diffusion.filters import grow

    return Mask(grow(mask.values[:, None], pixels)[:, 0])


@node(category="mask")
def feather_mask(mask: Mask, pixels: Softness = 8.0) -> MaskOut:
    """Soften the edge of a mask.

    Args:
        mask: The mask.
        pixels: How far the edge reaches to both sides. Grow the mask by as much first to keep all of it white.

    Returns:
        The mask with an edge that falls off slowly.
    """
    from nodes.diffusion.filters import blur

    check_softness("pixels", pixels)
    return Mask(blur(mask.values[:, None], pixels / 2)[:, 0].clamp(0, 1))


@node(category="mask")
def combine_masks(first: Mask, second: Mask, how: Joining = "union", stretch_mask: bool = False) -> MaskOut:
    """Make one mask of two.

    Args:
        first: The mask to begin with; its size is kept.
        second: The other one.
        how: Union takes what either has, intersection what both have, subtract takes the second out of the first,
            difference what one of them has alone; multiply and add are for soft masks.
        stretch_mask: Scale the second to the size of the first when they differ.

    Returns:
        The combined mask.
    """
    height, width = first.values.shape[1:]
    a, b = same_count(first.values, fitted(second, (height, width), stretch_mask, "second", say.THE_FIRST))
    match how:
        case "union":
            return Mask(a.maximum(b))
        case "intersection":
            return Mask(a.minimum(b))
        case "subtract":
            return Mask((a - b).clamp(min=0))
        case "difference":
            return Mask((a - b).abs())
        case "multiply":
            return Mask(a * b)
        case "add":
            return Mask((a + b).clamp(max=1))


@node(category="mask")
def threshold_mask(mask: Mask, above: Fraction = 0.5) -> MaskOut:
    """Make a soft mask hard: white or black, nothing between.

    Args:
        mask: The mask.
        above: What is brighter than this becomes white.

    Returns:
        The hard mask.
    """
    return Mask((mask.values > above).float())


@node(category="mask")
def scale_mask(mask: Mask, width: Pixels = 512, height: Pixels = 512) -> MaskOut:
    """Give a mask another size; it is stretched where proportions differ.

    Args:
        mask: The mask.
        width: The new width in pixels.
        height: The new height in pixels.

    Returns:
        The mask in the new size.
    """
    if width < 1 or height < 1:
        raise BadValue("width", say.SIZE(width=width, height=height), common.USE_SIZES_FROM_1())
    return Mask(fitted(mask, (height, width), True))


@node(category="mask")
def mask_to_image(mask: Mask) -> Annotated[Image, Title("Image")]:
    """Show a mask as a grey picture, to look at it or to change it as one.

    Args:
        mask: The mask.

    Returns:
        Black where the mask is 0, white where it is 1.
    """
    return Image(mask.values[..., None].repeat(1, 1, 1, 3))


# ------------------------------------------------------------ shared by nodes that take masks


def read_colour(text: str, name: str = "colour") -> tuple[float, float, float]:
    """Red, green and blue, 0 to 1, of #rrggbb."""
    digits = text.strip().removeprefix("#")
    if len(digits) != 6 or set(digits.lower()) - set("0123456789abcdef"):
        raise BadValue(name, say.NO_COLOUR(text=repr(text)), say.WRITE_COLOUR())
    red, green, blue = (int(digits[place : place + 2], 16) / 255 for place in (0, 2, 4))
    return red, green, blue


def check_softness(name: str, pixels: float) -> None:
    if not 0 <= pixels <= 4096:
        raise BadValue(name, say.SOFT_EDGE(pixels=pixels), say.USE_0_TO_512())


def fitted(
    mask: Mask, size: tuple[int, int], stretch: bool, name: str = "mask", of: Sentence = say.THE_PICTURE
) -> Tensor:
    """The mask's values in this height and width, batch x height x width; of another size stretched or refused."""
    from torch.nn import functional

    height, width = size
    values = mask.values
    if not bool(values.isfinite().all()):
        raise BadValue(name, say.NO_NUMBERS(), common.LOOK_AT_MAKER())
    rows, columns = values.shape[1:]
    if (rows, columns) == (height, width):
        return values
    if not stretch:
        raise BadValue(
            name,
            say.OTHER_SIZE(columns=columns, rows=rows, of=of(), width=width, height=height),
            say.STRETCH(),
        )
    scaled = functional.interpolate(
        values[:, None], (height, width), mode="bilinear", antialias=True, align_corners=False
    )
    return scaled[:, 0].clamp(0, 1)


def check_paints(values: Tensor, name: str = "mask") -> None:
    """Refuse a mask that is black everywhere."""
    if not bool((values > 0).any()):
        raise BadValue(name, say.BLACK(), say.PAINT_WHITE())


def same_count(first: Tensor, second: Tensor) -> tuple[Tensor, Tensor]:
    """Both as long as the longer, whose missing ones are the last one again, as lists do."""
    count = max(len(first), len(second))

    def fill(values: Tensor) -> Tensor:
        missing = count - len(values)
        return values if not missing else values[[*range(len(values)), *[-1] * missing]]

    return fill(first), fill(second)
