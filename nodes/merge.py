"""Nodes that mix models, or text encoders. Nothing is read here: the weights are mixed when they are loaded."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from typing import Annotated, Any, TypeVar

from nodes.api import BadValue, Slider, node
from nodes.fields import Fraction
from nodes.loaders import ModelPart
from nodes.lora import readable
from nodes.sentences import common
from nodes.types import Model, TextEncoder

Part = TypeVar("Part", Model, TextEncoder)
Amount = Annotated[float, Slider(min=-2.0, max=2.0, step=0.05)]


@node(category="models")
def merge_models(first: Part, second: Part, ratio: Fraction = 0.5) -> Part:
    """Mix two models, or two text encoders, of one family.

    Args:
        first: A model.
        second: Another one of the same family.
        ratio: 0 is the first, 1 is the second, 0.5 is as much of either.

    Returns:
        The mixture.
    """
    return mixed([(first, "first", 1 - ratio), (second, "second", ratio)], ratio, "ratio")


@node(category="models")
def merge_blocks(
    first: Model, second: Model, input: Fraction = 0.5, middle: Fraction = 0.5, output: Fraction = 0.5
) -> ModelPart:
    """Mix two models of one family, each part of them in a ratio of its own: 0 is the first, 1 is the second.

    Args:
        first: A model.
        second: Another one of the same family.
        input: Of the blocks on the way down, which see what the picture is made of, and of what reads time and text. Of
            a transformer: the first third of its blocks.
        middle: Of the block in the middle. Of a transformer: the second third of its blocks.
        output: Of the blocks on the way up, which draw. Of a transformer: the last third of its blocks.

    Returns:
        The mixture.
    """
    from nodes.diffusion.patches.merge import Share

    for name, ratio in (("input", input), ("middle", middle), ("output", output)):
        check_number(ratio, name)
    parts = [(readable(first, "first"), Share(1 - input, 1 - middle, 1 - output)),
             (readable(second, "second"), Share(input, middle, output))]  # fmt: skip
    return replace(first, recipe=summed(parts, "second"))


@node(category="models")
def add_difference(first: Part, second: Part, third: Part, amount: Amount = 1.0) -> Part:
    """Give one model what a second learned beyond a third: first + amount x (second - third).

    An inpainting model made of any other: first the inpainting model, second the other, third what both come from.

    Args:
        first: The model to change.
        second: A model that was trained further.
        third: The model which that was trained from.
        amount: How much of the difference is added; less than 0 takes it away.

    Returns:
        The changed model.
    """
    return mixed([(first, "first", 1.0), (second, "second", amount), (third, "third", -amount)], amount, "amount")


@node(category="models")
def add_models(first: Part, second: Part, amount: Amount = 1.0) -> Part:
    """Add the weights of one model to another's: first + amount x second. For differences made by Subtract models.

    Args:
        first: A model.
        second: What is added, of the same family: mostly a difference.
        amount: By what it is multiplied.

    Returns:
        The sum.
    """
    return mixed([(first, "first", 1.0), (second, "second", amount)], amount, "amount")


@node(category="models")
def subtract_models(first: Part, second: Part, amount: Amount = 1.0) -> Part:
    """What one model has beyond another: amount x (first - second). It draws nothing by itself: add it to a model.

    Args:
        first: A model that was trained further.
        second: The model which that was trained from.
        amount: By what the difference is multiplied.

    Returns:
        The difference.
    """
    return mixed([(first, "first", amount), (second, "second", -amount)], amount, "amount")


def mixed(parts: Sequence[tuple[Part, str, float]], number: float, input: str) -> Part:
    """The sum of values, each from a socket and times a factor. Raises BadValue; `number` came from `input`."""
    from nodes.diffusion.patches.merge import Share

    check_number(number, input)
    recipes = [(readable(value, socket), Share.all(factor)) for value, socket, factor in parts]
    return replace(parts[0][0], recipe=summed(recipes, parts[1][1]))


def summed(recipes: Sequence[tuple[Any, Any]], socket: str) -> Any:
    from nodes.diffusion.patches.merge import CannotMerge, merged

    try:
        return merged(recipes)
    except CannotMerge as error:
        raise BadValue(socket, error.what, error.fix) from error


def check_number(number: float, input: str) -> None:
    if not math.isfinite(number):
        raise BadValue(input, common.NUMBER_IS_NONE(number=number), common.USE_ORDINARY())
