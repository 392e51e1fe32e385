"""Nodes that say which text is heard where, when and how much, and that make one conditioning of several."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Annotated

from nodes.api import BadValue, Number, node
from nodes.fields import ConditioningOut, Fraction
from nodes.sentences import common
from nodes.sentences import masks as of_masks
from nodes.sentences import texts as say
from nodes.types import Area, Conditioning, Mask, TextPart

Strength = Annotated[float, Number(min=0, max=100, step=0.05)]
Place = Annotated[int, Number(min=0, max=16_384, step=8)]
Extent = Annotated[int, Number(min=8, max=16_384, step=8)]


@dataclass(frozen=True)
class Pixels:
    """A rectangle in pixels of the picture that is made; the model sees cells of 8 pixels.

    Attributes:
        left: Pixels from the left edge.
        top: Pixels from the top edge.
        width: Its width in pixels.
        height: Its height in pixels.
    """

    left: Place = 0
    top: Place = 0
    width: Extent = 256
    height: Extent = 256


@dataclass(frozen=True)
class Share:
    """A rectangle by shares of the picture's width and height, for pictures of any size.

    Attributes:
        left: Share of the width to the left of it.
        top: Share of the height above it.
        width: Its share of the width.
        height: Its share of the height.
    """

    left: Fraction = 0.0
    top: Fraction = 0.0
    width: Fraction = 0.5
    height: Fraction = 1.0


@node(category="conditioning")
def combine_conditioning(*conditionings: Conditioning) -> ConditioningOut:
    """Let a model look under several texts and take the average of what it sees.

    That is how areas, masks and ranges of several texts come together. Each text costs a look of its own.

    Args:
        conditionings: The texts. Their strengths are shares: 2 beside 1 counts twice as much.

    Returns:
        All of them as one.
    """
    if not conditionings:
        raise BadValue("conditionings", say.NOTHING_TO_COMBINE(), common.LINK_ONE())
    for other in conditionings[1:]:
        check_same_width("conditionings", conditionings[0], other)
    return Conditioning(tuple(part for one in conditionings for part in one.parts))


@node(category="conditioning")
def concat_conditioning(first: Conditioning, second: Conditioning) -> ConditioningOut:
    """Append the words of one text to those of another: one look at both, without either reading the other.

    Args:
        first: The text to begin with. What else it tells (area, sizes, summary) is kept.
        second: The text whose words follow.

    Returns:
        The longer text.
    """
    from nodes.diffusion.parts import concatenated

    return both("second", first, second, concatenated)


@node(category="conditioning")
def average_conditioning(first: Conditioning, second: Conditioning, factor: Fraction = 0.5) -> ConditioningOut:
    """Go from one text towards another: what the words mean is mixed before the model reads them.

    Args:
        first: The text at factor 0. What else it tells (area, sizes) is kept.
        second: The text at factor 1.
        factor: How far to go. A strip of steps from 0 to 1 turns one picture into another.

    Returns:
        The text between.
    """
    from nodes.diffusion.parts import averaged

    check_share("factor", factor)
    return both("second", first, second, lambda a, b: averaged(a, b, factor))


@node(category="conditioning")
def zero_out_conditioning(conditioning: Conditioning) -> ConditioningOut:
    """Put nothing in place of the words: zeros, which is less than an empty text.

    SD 3 and Flux take it as a negative text; SDXL was trained with it where there was no text.

    Args:
        conditioning: The text to silence. What else it tells is kept.

    Returns:
        The same without words.
    """
    from nodes.diffusion.parts import zeroed

    return each(conditioning, zeroed)


@node(category="conditioning")
def set_conditioning_area(
    conditioning: Conditioning, area: Pixels | Share = Share(), strength: Strength = 1.0
) -> ConditioningOut:
    """Let a text speak of one rectangle of the picture only. Combine it with a text for the whole.

    The model looks at that rectangle as at a picture of its own, so a small one is quick; its edges inside the
    picture are feathered over 64 pixels.

    Args:
        conditioning: The text.
        area: The rectangle. What stands out of the picture is cut off.
        strength: Its share beside other texts there: 1 beside 1 is half each.

    Returns:
        The text for this area.
    """
    placed = area_of(area)
    return each(conditioning, lambda part: stronger(replace(part, area=placed), strength))


@node(category="conditioning")
def set_conditioning_mask(
    conditioning: Conditioning, mask: Mask, strength: Strength = 1.0, cut: bool = False
) -> ConditioningOut:
    """Let a text speak only where a mask is white. Combine it with texts for the rest.

    Args:
        conditioning: The text.
        mask: White where it is heard, grey where it is heard less. It is scaled to the picture, whatever its size.
        strength: Its share beside other texts there.
        cut: Let the model look at the rectangle around the white only, as an area does, not at the whole picture.

    Returns:
        The text for this region.
    """
    values = mask.values
    if not bool(values.isfinite().all()):
        raise BadValue("mask", of_masks.NUMBERS_THAT_ARE_NONE(), of_masks.MAKE_ANEW())
    if not bool((values > 0).any()):
        raise BadValue("mask", of_masks.BLACK_FOR_TEXT(), of_masks.PAINT_SOME_WHITE())
    region = values.float().clamp(0, 1)
    return each(conditioning, lambda part: stronger(replace(part, region=region, cut=cut), strength))


@node(category="conditioning")
def set_conditioning_range(conditioning: Conditioning, start: Fraction = 0.0, end: Fraction = 1.0) -> ConditioningOut:
    """Let a text speak during a part of sampling only: layout is made early, detail late. It costs nothing outside.

    Shares count noise levels, not steps, so they mean the same for every schedule and number of steps.

    Args:
        conditioning: The text.
        start: It is heard from here; 0 is the start of sampling.
        end: It is heard up to here; 1 is the end.

    Returns:
        The text for this range; one that had a range is heard where both say so.
    """
    check_share("start", start)
    check_share("end", end)
    if start >= end:
        raise BadValue("end", common.RANGE_REVERSED(end=end, start=start), common.END_AFTER_START())
    limited = [replace(p, start=max(p.start, start), end=min(p.end, end)) for p in conditioning.parts]
    left = tuple(part for part in limited if part.start < part.end)
    if not left:
        ranges = ", ".join(f"{part.start:g}-{part.end:g}" for part in conditioning.parts)
        raise BadValue("start", say.HEARD_ALREADY(ranges=ranges), say.CHOOSE_OVERLAP())
    return Conditioning(left)


@node(category="conditioning")
def set_conditioning_strength(conditioning: Conditioning, strength: Strength = 1.0) -> ConditioningOut:
    """Give a text a larger or smaller share beside those it is combined with. Alone it changes nothing.

    Args:
        conditioning: The text.
        strength: Multiplies the strength it has. 0 leaves the text out.

    Returns:
        The text with this strength.
    """
    return each(conditioning, lambda part: stronger(part, strength))


def area_of(area: Pixels | Share) -> Area:
    """Raises BadValue at the input `area`."""
    numbers = {name: float(getattr(area, name)) for name in ("left", "top", "width", "height")}
    for name, value in numbers.items():
        if not math.isfinite(value) or value < 0:
            raise BadValue(f"area.{name}", say.AREA_NEGATIVE(name=name, value=value), common.USE_NOT_NEGATIVE())
    for name in ("width", "height"):
        if numbers[name] == 0:
            raise BadValue(f"area.{name}", say.AREA_NOWHERE(name=name), say.MAKE_LARGER())
    if isinstance(area, Share):
        for start, length in (("left", "width"), ("top", "height")):
            if numbers[start] >= 1 or numbers[length] > 1:
                what = say.AREA_BEYOND(start=numbers[start], length=numbers[length])
                raise BadValue(f"area.{start}", what, say.USE_SHARES())
    return Area(**numbers, unit="share" if isinstance(area, Share) else "pixels")


def each(conditioning: Conditioning, change: Callable[[TextPart], TextPart]) -> Conditioning:
    return Conditioning(tuple(change(part) for part in conditioning.parts))


def both(
    name: str, first: Conditioning, second: Conditioning, join: Callable[[TextPart, TextPart], TextPart]
) -> Conditioning:
    """Join part with part; a second conditioning of one part goes with each of the first."""
    check_same_width(name, first, second)
    here, there = len(first.parts), len(second.parts)
    if there not in (1, here):
        raise BadValue(name, say.PARTS_DIFFER(there=there, here=here), say.COMBINE_AFTER())
    others = second.parts * here if there == 1 else second.parts
    return Conditioning(tuple(join(a, b) for a, b in zip(first.parts, others, strict=True)))


def stronger(part: TextPart, strength: float) -> TextPart:
    if not (math.isfinite(strength) and strength >= 0):
        raise BadValue("strength", common.STRENGTH_IS(strength=strength), say.USUAL_STRENGTH())
    return replace(part, strength=part.strength * strength)


def check_share(name: str, value: float) -> None:
    if not 0 <= value <= 1:
        raise BadValue(name, common.VALUE_IS(value=value), common.USE_SHARE())


def check_same_width(name: str, first: Conditioning, second: Conditioning) -> None:
    here, there = (one.parts[0].embedding.shape[-1] for one in (first, second))
    if here != there:
        raise BadValue(
            name,
            say.WIDTHS_DIFFER(here=here, there=there),
            say.ENCODE_BOTH(),
        )
