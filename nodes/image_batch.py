"""Nodes that put pictures together in batches and lists, and take them apart."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

from nodes.api import BadValue, Number, node
from nodes.fields import Count, ImageOut
from nodes.image import ScaleMethod
from nodes.sentences import common
from nodes.sentences import pictures as say
from nodes.types import Image

Index = Annotated[int, Number(min=0, max=4095, step=1)]


@node(category="image/batch")
def join_images(*images: Image, method: ScaleMethod = "lanczos") -> ImageOut:
    """Make one batch of pictures.

    Args:
        images: Pictures or batches of them. Those of other sizes are scaled to the first, and cut evenly.
        method: How they are scaled.

    Returns:
        All of them, in order.
    """
    if not images:
        raise BadValue("images", say.NOTHING_TO_JOIN(), common.LINK_ONE())
    return joined(images, method)


@node(category="image/batch")
def batch_of_images(images: list[Image], method: ScaleMethod = "lanczos") -> ImageOut:
    """Make one batch of a list of pictures.

    Args:
        images: The list. Pictures of other sizes are scaled to the first, and cut evenly.
        method: How they are scaled.

    Returns:
        All of them, in order.
    """
    if not images:
        raise BadValue("images", common.EMPTY_LIST(), say.GIVE_ONE())
    return joined(images, method)


@node(category="image/batch")
def list_images(image: Image) -> list[Image]:
    """Make a list of a batch: what follows runs once for each picture.

    Args:
        image: A batch.

    Returns:
        Each picture alone.
    """
    return [Image(image.pixels[number : number + 1]) for number in range(len(image.pixels))]


@node(category="image/batch")
def pick_images(image: Image, first: Index = 0, count: Count = 1) -> ImageOut:
    """Take some pictures out of a batch.

    Args:
        image: The batch.
        first: The first to take, counted from 0.
        count: How many.

    Returns:
        Those.
    """
    there = len(image.pixels)
    if first < 0 or count < 1 or first + count > there:
        what = common.NOT_IN_BATCH(first=first, last=first + count - 1, there=there)
        raise BadValue("first", what, common.LAST_NUMBER_IS(last=there - 1))
    return Image(image.pixels[first : first + count])


@node(category="image/batch")
def repeat_image(image: Image, times: Count = 2) -> ImageOut:
    """Repeat a picture as a batch.

    Args:
        image: A picture or a batch.
        times: How often.

    Returns:
        The whole batch, so many times.
    """
    if times < 1:
        raise BadValue("times", say.REPEATED(times=times), common.USE_AT_LEAST_1())
    return Image(image.pixels.repeat(times, 1, 1, 1))


def joined(images: Sequence[Image], method: str) -> Image:
    import torch

    from nodes.diffusion.resize import resize

    height, width = images[0].pixels.shape[1:3]
    return Image(
        torch.cat(
            [
                one.pixels if one.pixels.shape[1:3] == (height, width)
                else resize(one.pixels, width, height, method, "crop")
                for one in images
            ]
        )
    )  # fmt: skip
