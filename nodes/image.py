"""Nodes that bring pictures in and change them. Pixels stay float32, batch x height x width x RGB, 0..1."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Annotated, Literal, NamedTuple

from nodes.api import BadValue, Number, Slider, Title, node
from nodes.fields import Fraction, ImageOut, PaintedMask, PictureFile, Pixels
from nodes.mask import same_count
from nodes.sentences import common
from nodes.sentences import pictures as say
from nodes.types import Image, Mask

if TYPE_CHECKING:
    from torch import Tensor

ScaleMethod = Literal["lanczos", "bicubic", "bilinear", "area", "nearest"]
Fit = Literal["stretch", "crop", "pad"]
Direction = Literal["left to right", "upside down"]
Start = Annotated[int, Number(min=0, max=16_384, step=8)]
Degrees = Annotated[float, Slider(min=-180.0, max=180.0, step=1.0)]
LARGEST = 32_768
"""Pixels along an edge that a picture may have."""
BlendMode = Literal["normal", "multiply", "screen", "overlay", "add", "difference", "darken", "lighten"]


def sound(image: Image) -> Tensor:
    """Its pixels. Raises BadValue at `image` where they are no numbers (NaN), which would be shown as black."""
    if not bool(image.pixels.isfinite().all()):
        raise BadValue("image", say.NO_NUMBERS(), common.LOOK_AT_MAKER())
    return image.pixels


class Loaded(NamedTuple):
    """A picture from a file.

    Args:
        image: The picture, turned upright.
        mask: As painted. Where none was painted, 1 where the picture is see-through and 0 where it is solid.
    """

    image: Image
    mask: Mask


@node(category="image")
def load_image(file: PictureFile, mask_file: PaintedMask | None = None) -> Loaded:
    """Bring in a picture: drop one on the node, paste it, or pick one used before. A mask is painted over it here.

    Args:
        file: A picture of the input folder. Of a moving picture the first frame is taken.
        mask_file: What was painted over the picture: white where something is to change.
    """
    from nodes.diffusion.pictures import UnusablePicture, read_mask, read_picture

    named = "file"
    try:
        image, mask = read_picture(file)
        if mask_file is not None:
            named = "mask_file"
            mask = read_mask(mask_file, image)
    except UnusablePicture as error:
        raise BadValue(named, error.what, error.fix) from error
    return Loaded(image, mask)


@node(category="image", finishes=True)
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
        raise BadValue("width", say.SIZE(width=width, height=height), common.USE_SIZES_FROM_1())
    return Image(resize(image.pixels, width, height, method, fit))


@node(category="image", finishes=True)
def scale_image_by(
    image: Image, factor: Annotated[float, Slider(min=0.1, max=8.0, step=0.05)] = 2.0, method: ScaleMethod = "lanczos"
) -> ImageOut:
    """Make a picture larger or smaller by a factor.

    Args:
        image: The picture.
        factor: 2 doubles both edges.
        method: See Scale image.

    Returns:
        The picture in the new size.
    """
    from nodes.diffusion.resize import resize

    height, width = image.pixels.shape[1:3]
    if not (math.isfinite(factor) and factor > 0 and max(height, width) * factor <= LARGEST):
        what = say.FACTOR(width=width, height=height, factor=factor)
        raise BadValue("factor", what, say.LONGEST_EDGE(longest=LARGEST))
    return Image(resize(image.pixels, max(1, round(width * factor)), max(1, round(height * factor)), method, "stretch"))


class Size(NamedTuple):
    """How large a picture is.

    Args:
        width: In pixels.
        height: In pixels.
        pictures: How many the batch holds.
    """

    width: Annotated[int, Title("Width")]
    height: Annotated[int, Title("Height")]
    pictures: Annotated[int, Title("Pictures")]


@node(category="image")
def image_size(image: Image) -> Size:
    """Say how large a picture is.

    Args:
        image: The picture.
    """
    count, height, width, _ = image.pixels.shape
    return Size(width, height, count)


@node(category="image")
def crop_image(image: Image, left: Start = 0, top: Start = 0, width: Pixels = 512, height: Pixels = 512) -> ImageOut:
    """Cut a rectangle out of a picture.

    Args:
        image: The picture.
        left: Pixels to leave out at the left.
        top: Pixels to leave out at the top.
        width: Width of the rectangle; what stands out of the picture is left out.
        height: Height of the rectangle.

    Returns:
        The rectangle.
    """
    rows, columns = image.pixels.shape[1:3]
    for name, start, length, whole in (("left", left, width, columns), ("top", top, height, rows)):
        if start < 0 or start >= whole or length < 1:
            what = say.RECTANGLE(start=start, length=length, whole=whole)
            raise BadValue(name, what, say.BEGIN_INSIDE(last=whole - 1))
    return Image(image.pixels[:, top : top + height, left : left + width].contiguous())


@node(category="image")
def flip_image(image: Image, direction: Direction = "left to right") -> ImageOut:
    """Mirror a picture.

    Args:
        image: The picture.
        direction: Which way.

    Returns:
        The mirrored picture.
    """
    return Image(image.pixels.flip(2 if direction == "left to right" else 1))


@node(category="image")
def rotate_image(image: Image, degrees: Degrees = 90.0, expand: bool = True) -> ImageOut:
    """Turn a picture clockwise.

    Args:
        image: The picture.
        degrees: How far. Quarter turns keep every pixel.
        expand: Make room for the corners; off, the size stays and corners are cut.

    Returns:
        The turned picture, black where nothing was.
    """
    from nodes.diffusion.filters import turn

    if not math.isfinite(degrees):
        raise BadValue("degrees", say.DEGREES(degrees=degrees), common.USE_NUMBER())
    return Image(turn(image.pixels.permute(0, 3, 1, 2), degrees, expand).permute(0, 2, 3, 1).contiguous())


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
    below, above = same_count(base.pixels, above)
    pixels = below + (combine(below, above, mode) - below) * factor
    return Blended(Image(pixels.clamp(0, 1)), Mask((pixels - below).abs().amax(-1)))


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
