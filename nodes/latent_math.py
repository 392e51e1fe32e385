"""Arithmetic on latents, and batches of them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Annotated, Literal

from nodes.api import BadValue, Number, Slider, node
from nodes.fields import Count, Fraction, LatentOut
from nodes.latent import check_same_space
from nodes.sentences import common
from nodes.sentences import latents as say
from nodes.types import Latent, NoiseMask

if TYPE_CHECKING:
    from torch import Tensor

Factor = Annotated[float, Slider(min=-10.0, max=10.0, step=0.01)]
Way = Literal["slerp", "lerp"]
Index = Annotated[int, Number(min=0, max=4095, step=1)]
Several = Annotated[int, Number(min=2, max=256, step=1)]


@node(category="latent/arithmetic")
def add_latents(first: Latent, second: Latent, strength: Factor = 1.0) -> LatentOut:
    """Add one latent to another.

    Args:
        first: The latent to add to.
        second: What to add, of the same size; a small batch repeats.
        strength: How much of it. Below 0 it is subtracted.

    Returns:
        first + strength · second
    """
    check_finite("strength", strength)
    return combined(first, second, strength)


@node(category="latent/arithmetic")
def subtract_latents(first: Latent, second: Latent, strength: Factor = 1.0) -> LatentOut:
    """Subtract one latent from another: what remains is what the first has and the second has not.

    Args:
        first: The latent to subtract from.
        second: What to subtract, of the same size; a small batch repeats.
        strength: How much of it.

    Returns:
        first - strength · second
    """
    check_finite("strength", strength)
    return combined(first, second, -strength)


@node(category="latent/arithmetic")
def multiply_latent(latent: Latent, factor: Factor = 1.0, channels: str = "") -> LatentOut:
    """Multiply the values of a latent, in all channels or in some.

    Args:
        latent: The latent.
        factor: 1 changes nothing; a little more gives more contrast.
        channels: Numbers of channels from 0, such as 0, 2. Empty is all of them.

    Returns:
        The latent with those values multiplied.
    """
    check_finite("factor", factor)
    scale = latent.samples.new_ones(latent.samples.shape[1])
    scale[read_channels(channels, len(scale))] = factor
    return replace(latent, samples=latent.samples * scale[:, None, None])


@node(category="latent/arithmetic")
def blend_latents(first: Latent, second: Latent, share: Fraction = 0.5, way: Way = "slerp") -> LatentOut:
    """Go some way from one latent to another.

    Args:
        first: Where share is 0.
        second: Where share is 1; of the same size, a small batch repeats.
        share: How far to go.
        way: slerp goes along an arc, which keeps the strength of noise; lerp fades.

    Returns:
        The latent there.
    """
    check_share("share", share)
    check_same_space("second", first, second, size=True)
    a, b = alike(first, second)
    return of(first, second, mixed(a, b, share, way))


@node(category="latent/arithmetic")
def walk_latents(first: Latent, second: Latent, count: Several = 8, way: Way = "slerp") -> LatentOut:
    """A batch of latents on the way from one to another, both ends included.

    Args:
        first: The latent to begin with, a single one.
        second: The latent to end with, a single one of the same size.
        count: How many.
        way: slerp goes along an arc, which keeps the strength of noise; lerp fades.

    Returns:
        All of them as a batch.
    """
    import torch

    check_same_space("second", first, second, size=True)
    for name, latent in (("first", first), ("second", second)):
        if len(latent.samples) != 1:
            raise BadValue(name, say.IS_BATCH(count=len(latent.samples)), say.PICK_ONE())
    if not 2 <= count <= 4096:
        raise BadValue("count", say.WALK_STEPS(count=count), common.USE_2_TO_256())
    a, b = first.samples.float(), second.samples.float()
    return of(first, second, torch.cat([mixed(a, b, number / (count - 1), way) for number in range(count)]))


@node(category="latent/batch")
def join_latents(*latents: Latent) -> LatentOut:
    """Make one batch of latents.

    Args:
        latents: Latents or batches of them, all of one size.

    Returns:
        All of them, in order.
    """
    if not latents:
        raise BadValue("latents", say.NOTHING_TO_JOIN(), common.LINK_ONE())
    return joined("latents", latents)


@node(category="latent/batch")
def batch_of_latents(latents: list[Latent]) -> LatentOut:
    """Make one batch of a list of latents.

    Args:
        latents: The list; all of one size.

    Returns:
        All of them, in order.
    """
    if not latents:
        raise BadValue("latents", common.EMPTY_LIST(), say.GIVE_ONE())
    return joined("latents", latents)


@node(category="latent/batch")
def list_latents(latent: Latent) -> list[Latent]:
    """Make a list of a batch: what follows runs once for each.

    Args:
        latent: A batch.

    Returns:
        Each of it alone.
    """
    return [picked(latent, number, 1) for number in range(len(latent.samples))]


@node(category="latent/batch")
def pick_latents(latent: Latent, first: Index = 0, count: Count = 1) -> LatentOut:
    """Take some latents out of a batch.

    Args:
        latent: The batch.
        first: The first to take, counted from 0.
        count: How many.

    Returns:
        Those.
    """
    there = len(latent.samples)
    if first < 0 or count < 1 or first + count > there:
        what = common.NOT_IN_BATCH(first=first, last=first + count - 1, there=there)
        raise BadValue("first", what, common.LAST_NUMBER_IS(last=there - 1))
    return picked(latent, first, count)


@node(category="latent/batch")
def repeat_latent(latent: Latent, times: Count = 2) -> LatentOut:
    """Repeat a latent as a batch, to make several pictures from it.

    Args:
        latent: A latent or a batch.
        times: How often.

    Returns:
        The whole batch, so many times.
    """
    if times < 1:
        raise BadValue("times", say.REPEATED(times=times), common.USE_AT_LEAST_1())
    return joined("latent", [latent] * times)


def combined(first: Latent, second: Latent, strength: float) -> Latent:
    check_same_space("second", first, second, size=True)
    a, b = alike(first, second)
    return of(first, second, a + b * strength)


def alike(first: Latent, second: Latent) -> tuple[Tensor, Tensor]:
    """The samples of both, the shorter batch repeated."""
    from nodes.diffusion.told import fill

    count = max(len(first.samples), len(second.samples))
    return fill(first.samples.float(), count), fill(second.samples.float(), count)


def mixed(first: Tensor, second: Tensor, share: float, way: Way) -> Tensor:
    """Some way from one to the other; both ends are exact."""
    from nodes.diffusion.between import slerp

    if share in (0, 1):
        return second.clone() if share else first.clone()
    if way == "lerp":
        return first.lerp(second, share)
    return slerp(first, second, share, (1, 2, 3))


def of(first: Latent, second: Latent, samples: Tensor) -> Latent:
    """A latent of either's space, with the first's mask."""
    mask = first.mask
    if mask is not None and (mask.original is not None or len(mask.values) not in (1, len(samples))):
        mask = NoiseMask(mask.values[:1], mask.in_time)
    return Latent(samples, first.space or second.space, mask)


def picked(latent: Latent, first: int, count: int) -> Latent:
    """Some of a batch, with what of its mask belongs to them."""
    from nodes.diffusion.told import fill

    there, mask = len(latent.samples), latent.mask
    if mask is not None:
        original = None if mask.original is None else mask.original[first : first + count]
        mask = NoiseMask(fill(mask.values, there)[first : first + count], mask.in_time, original)
    return replace(latent, samples=latent.samples[first : first + count], mask=mask)


def joined(name: str, latents: Sequence[Latent]) -> Latent:
    """One batch; a latent without a mask beside others with one may change everywhere."""
    import torch

    from nodes.diffusion.told import fill

    known = next((latent for latent in latents if latent.space is not None), latents[0])
    for latent in latents:
        check_same_space(name, known, latent, size=True)
    samples = torch.cat([latent.samples for latent in latents])
    if all(latent.mask is None for latent in latents):
        return Latent(samples, known.space)
    values, originals = [], []
    for latent in latents:
        count, mask = len(latent.samples), latent.mask
        everywhere = latent.samples.new_ones(count, 1, *latent.samples.shape[2:])
        values.append(everywhere if mask is None else fill(mask.values, count))
        originals.append(latent.samples if mask is None or mask.original is None else mask.original)
    noisy = any(latent.mask is not None and latent.mask.original is not None for latent in latents)
    in_time = any(latent.mask is not None and latent.mask.in_time for latent in latents)
    return Latent(samples, known.space, NoiseMask(torch.cat(values), in_time, torch.cat(originals) if noisy else None))


def read_channels(text: str, count: int) -> list[int]:
    """Numbers of channels; none named is all."""
    words = text.replace(",", " ").split()
    if not words:
        return list(range(count))
    if any(not word.isdigit() or int(word) >= count for word in words):
        what = say.NAMES_NO_CHANNELS(text=repr(text), count=count)
        raise BadValue("channels", what, say.NAME_CHANNELS(last=count - 1))
    return [int(word) for word in words]


def check_finite(name: str, value: float) -> None:
    if not math.isfinite(value):
        raise BadValue(name, common.IS_EXACTLY(name=name, value=value), common.USE_NUMBER())


def check_share(name: str, value: float) -> None:
    if not 0 <= value <= 1:
        raise BadValue(name, common.IS(name=name, value=value), common.USE_SHARE())
