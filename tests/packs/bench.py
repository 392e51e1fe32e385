"""A pack for tests: nodes that paint, speak, fail, dawdle and leave. Copied into a home folder, never installed."""

from __future__ import annotations

import os
import time
from typing import Annotated

from nodes.api import Context, Number, node
from nodes.types import Image


@node(category="bench")
def paint(red: Annotated[int, Number(min=0, max=255)] = 200, edge: int = 16) -> Image:
    """A picture of one colour.

    Args:
        red: How red.
        edge: Pixels along an edge.
    """
    import torch

    pixels = torch.zeros(1, edge, edge, 3)
    pixels[..., 0] = red / 255
    return Image(pixels)


@node(category="bench")
def say(text: str, ctx: Context) -> None:
    """Show words.

    Args:
        text: The words.
    """
    print("a pack may print")
    ctx.show_text(text)


@node(category="bench")
def sketch(ctx: Context, steps: int = 600) -> None:
    """Show one preview at the beginning, then take a tenth of a second for each step.

    Args:
        steps: How many.
    """
    import torch

    ctx.preview(torch.ones(1, 8, 8, 3) * torch.tensor([0.0, 1.0, 0.0]))
    for _ in ctx.track(range(steps)):
        time.sleep(0.1)


@node(category="bench")
def fail(text: str) -> None:
    """Fail.

    Args:
        text: With these words.
    """
    raise ValueError(text)


@node(category="bench")
def leave() -> None:
    """End the worker."""
    os._exit(7)


@node(category="bench")
def dawdle(ctx: Context, steps: int = 600) -> None:
    """Take a tenth of a second for each step.

    Args:
        steps: How many.
    """
    ctx.show_text("under way")
    for _ in ctx.track(range(steps)):
        time.sleep(0.1)


@node(category="bench")
def count_on(ctx: Context, value: float = 0, wait: int = 0) -> float:
    """Add one.

    Args:
        value: To this.
        wait: Tenths of a second before.
    """
    for _ in ctx.track(range(wait)):
        time.sleep(0.1)
    return value + 1


@node(category="bench")
def tell(value: float, ctx: Context) -> None:
    """Show a number.

    Args:
        value: This one.
    """
    ctx.show_text(f"{value:g}")
