"""Nodes that bring pictures in and change them. Pixels stay float32, batch x height x width x RGB, 0..1."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, NamedTuple

from nodes.api import BadValue, node
from nodes.fields import Fraction, ImageOut, PictureFile, Pixels
from nodes.types import Image, Mask

if TYPE_CHECKING:
    from torch import Tensor

ScaleMethod = Literal["lanczos", "bicubic", "bilinear", "area", "nearest"]
Fit = Literal["stretch", "crop", "pad"]
BlendMode = Literal["normal", "multiply", "screen", "overlay", "add", "difference", "darken", "lighten"]


class Loaded(NamedTuple):
    """A picture from a file.

    Args:
        image: The picture, turned upright.
        mask: Where it is see-through: 1 there, 0 where it is solid.
    """

    image: Image
    mask: Mask


@node(category="image")
def load_image(file: PictureFile) -> Loaded:
    """Bring in a picture: drop one on the node, paste it, or pick one used before.

    Args:
        file: A picture of the input folder. Of a moving picture the first frame is taken.
    """
    from nodes.diffusion.pictures import UnusablePicture, read_picture

    try:
        return Loaded(*read_picture(file))
    except UnusablePicture as error:
        raise BadValue("file", str(error), error.fix) from error


@node(category="image")
def scale_image(
    image: Image, width: Pixels = 512, height: Pixels = 512, method: ScaleMethod = "lanczos", fit: Fit = "stretch"
) -> ImageOut:
    """Give a picture another size.

    Args:
        image: The picture.
        width: The new width in pixels.
        height: The new height in pixels.
        method: lanczos is sharpest, area is smooth when making small, nearest keeps hard pixels.
        fit: When proportions differ: stretch the picture, crop what stands out, or pad with black.

    Returns:
        The picture in the new size.
    """
    from nodes.diffusion.resize import resize

    if width < 1 or height < 1:
        raise BadValue("width", f"A picture cannot be {width} x {height}.", "Use sizes of at least 1.")
    return Image(resize(image.pixels, width, height, method, fit))


@node(category="image")
def invert(image: Image) -> ImageOut:
    """Turn every colour into its opposite, as in a negative.

    Args:
        image: The picture.

    Returns:
        The negative.
    """
    return Image(1 - image.pixels)


class Blended(NamedTuple):
    """The blend, and where it shows.

    Args:
        image: The blended picture.
        changed: How far each pixel moved from the base.
    """

    image: Image
    changed: Mask


@node(category="image/composite")
def blend_images(base: Image, overlay: Image, factor: Fraction = 0.5, mode: BlendMode = "normal") -> Blended:
    """Blend one picture over another.

    Args:
        base: The picture underneath; its size is kept.
        overlay: The picture on top, scaled to the base where sizes differ.
        factor: 0 shows only the base, 1 the full blend.
        mode: How colours meet: normal covers, multiply darkens, screen lightens.
    """
    from nodes.diffusion.resize import resize

    _, height, width, _ = base.pixels.shape
    above = overlay.pixels
    if above.shape[1:3] != (height, width):
        above = resize(above, width, height, "lanczos", "stretch")
    below, above = same_batch(base.pixels, above)
    pixels = below + (combine(below, above, mode) - below) * factor
    return Blended(Image(pixels.clamp(0, 1)), Mask((pixels - below).abs().amax(-1)))


def same_batch(first: Tensor, second: Tensor) -> tuple[Tensor, Tensor]:
    """Repeat the shorter batch's last picture, as lists do."""
    count = max(len(first), len(second))

    def fill(pixels: Tensor) -> Tensor:
        missing = count - len(pixels)
        return pixels if not missing else pixels[[*range(len(pixels)), *[-1] * missing]]

    return fill(first), fill(second)


def combine(below: Tensor, above: Tensor, mode: BlendMode) -> Tensor:
    """The full blend. The formulas are those of the W3C's compositing recommendation."""
    match mode:
        case "normal":
            return above
        case "multiply":
            return below * above
        case "screen":
            return below + above - below * above
        case "overlay":
            dark, light = 2 * below * above, 1 - 2 * (1 - below) * (1 - above)
            return dark.where(below <= 0.5, light)
        case "add":
            return (below + above).clamp(max=1)
        case "difference":
            return (below - above).abs()
        case "darken":
            return below.minimum(above)
        case "lighten":
            return below.maximum(above)
