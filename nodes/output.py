"""Nodes that show and save what a workflow makes."""

from __future__ import annotations

from nodes.api import Context, node
from nodes.image import sound
from nodes.types import JPEG, PNG, Image, WebP


@node(category="image/output", finishes=True)
def preview_image(image: Image, ctx: Context) -> None:
    """Show a picture on the node without saving it.

    Args:
        image: The picture, or a batch of them.
    """
    sound(image)
    ctx.show_image(image)


@node(category="image/output", finishes=True)
def save_image(
    image: Image,
    ctx: Context,
    name: str = "image",
    format: PNG | JPEG | WebP = PNG(),  # noqa: B008  # frozen, so one default serves every call
) -> None:
    """Save a picture in the results folder and show it.

    Args:
        image: The picture, or a batch of them: each becomes a file.
        name: How the files are called; a number is added. A slash makes a folder. %date%, %time%, %seed%, %model%,
            %text:30%, %title%, %width% and %Node title.input% are filled in.
        format: PNG keeps every pixel. Each carries the workflow (JPEG and WebP up to 64 KB of it): drop the file
            on the page to open it again.
    """
    sound(image)
    ctx.save_image(image, name, format)
