"""Nodes that change the look of a picture and not its size: blur, sharpness, colours."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Annotated

from nodes.api import BadValue, Number, Slider, node
from nodes.fields import Fraction, ImageOut
from nodes.mask import LUMA
from nodes.sentences import common
from nodes.types import Image

if TYPE_CHECKING:
    from torch import Tensor

Radius = Annotated[float, Slider(min=0.0, max=64.0, step=0.5)]
Amount = Annotated[float, Slider(min=0.0, max=5.0, step=0.05)]
Change = Annotated[float, Slider(min=-1.0, max=1.0, step=0.01)]
Gain = Annotated[float, Slider(min=0.0, max=3.0, step=0.01)]
Turned = Annotated[float, Slider(min=-180.0, max=180.0, step=1.0)]
Gamma = Annotated[float, Number(min=0.1, max=10.0, step=0.05)]
LONGEST = 512.0


@node(category="image/tone")
def blur_image(image: Image, radius: Radius = 4.0) -> ImageOut:
    """Blur a picture (Gaussian).

    Args:
        image: The picture.
        radius: The blur's standard deviation in pixels; 0 leaves the picture as it is.

    Returns:
        The blurred picture.
    """
    check(("radius", radius, 0, LONGEST))
    return Image(blurred(image.pixels, radius).clamp(0, 1))


@node(category="image/tone")
def sharpen_image(image: Image, amount: Amount = 0.5, radius: Radius = 1.0) -> ImageOut:
    """Sharpen a picture (unsharp mask): add what a blur takes away.

    Args:
        image: The picture.
        amount: How much of it; 0 leaves the picture as it is.
        radius: How fine the details are, in pixels.

    Returns:
        The sharper picture.
    """
    check(("amount", amount, 0, 100), ("radius", radius, 0, LONGEST))
    if amount == 0:
        return image
    pixels = image.pixels
    return Image((pixels + (pixels - blurred(pixels, radius)) * amount).clamp(0, 1))


@node(category="image/tone")
def adjust_colours(
    image: Image,
    brightness: Change = 0.0,
    contrast: Gain = 1.0,
    saturation: Gain = 1.0,
    hue: Turned = 0.0,
    warmth: Change = 0.0,
    gamma: Gamma = 1.0,
) -> ImageOut:
    """Change brightness, contrast and colours of a picture.

    Args:
        image: The picture.
        brightness: Added to every colour.
        contrast: How far colours are from middle grey; 1 leaves them.
        saturation: How far they are from grey of their brightness; 0 is black and white.
        hue: Degrees to turn all colours around the colour circle: 120 makes red green.
        warmth: Above 0 more red and less blue, below 0 the other way round.
        gamma: Above 1 brightens the dark parts most, below 1 darkens them.

    Returns:
        The picture with those colours.
    """
    check(
        ("brightness", brightness, -1, 1), ("contrast", contrast, 0, 100), ("saturation", saturation, 0, 100),
        ("hue", hue, -360, 360), ("warmth", warmth, -1, 1), ("gamma", gamma, 0.01, 100),
    )  # fmt: skip
    pixels = image.pixels
    if hue % 360:
        pixels = (pixels @ pixels.new_tensor(hue_matrix(hue)).T).clamp(0, 1)
    if saturation != 1:
        grey = (pixels @ pixels.new_tensor(LUMA))[..., None]
        pixels = grey + (pixels - grey) * saturation
    if warmth:
        pixels = pixels * pixels.new_tensor([1 + warmth / 4, 1.0, 1 - warmth / 4])
    if contrast != 1 or brightness:
        pixels = (pixels - 0.5) * contrast + 0.5 + brightness
    pixels = pixels.clamp(0, 1)
    return Image(pixels if gamma == 1 else pixels ** (1 / gamma))


@node(category="image/tone")
def match_histogram(image: Image, reference: Image, strength: Fraction = 1.0) -> ImageOut:
    """Give a picture the colours of another, as to hide where one was painted into the other.

    Args:
        image: The picture to change.
        reference: The picture whose colours it takes; it may be of another size.
        strength: 0 leaves the picture as it is, 1 takes over the brightness of each colour channel rank by rank.

    Returns:
        The picture with those colours.
    """
    import torch

    from nodes.diffusion.filters import match_histogram as matched

    check(("strength", strength, 0, 1))
    found = matched(image.pixels.permute(0, 3, 1, 2), reference.pixels.permute(0, 3, 1, 2)).permute(0, 2, 3, 1)
    return Image(torch.lerp(image.pixels, found, strength).clamp(0, 1).contiguous())


def blurred(pixels: Tensor, radius: float) -> Tensor:
    from nodes.diffusion.filters import blur

    return blur(pixels.permute(0, 3, 1, 2), radius).permute(0, 2, 3, 1).contiguous()


def hue_matrix(degrees: float) -> list[list[float]]:
    """A turn around the grey diagonal of the colour cube: greys stay as they are."""
    cosine, sine = math.cos(math.radians(degrees)), math.sin(math.radians(degrees))
    same, rest, slant = cosine + (1 - cosine) / 3, (1 - cosine) / 3, math.sqrt(1 / 3) * sine
    return [[same, rest - slant, rest + slant], [rest + slant, same, rest - slant], [rest - slant, rest + slant, same]]


def check(*numbers: tuple[str, float, float, float]) -> None:
    """Refuse a value (name, value, least, most) that is out of range or no number."""
    for name, value, least, most in numbers:
        if not least <= value <= most:
            raise BadValue(name, common.IS(name=name, value=value), common.USE_FROM_TO(low=least, high=most))
