"""Whether a model and what it is shown beside the noise fit: a picture to edit, or one to paint into."""

from __future__ import annotations

from collections.abc import Sequence

from nodes.diffusion.places import CELL
from nodes.sentences import texts as say
from nodes.types import Beside

EDIT, PAINT = 4, 5
"""Channels beside the noisy latent: a picture to edit; a mask and what it leaves of a picture."""
NODES = {EDIT: "Instruct pix2pix conditioning", PAINT: "Inpaint conditioning"}
BLIND = {EDIT: say.EDITOR_SEES_NONE, PAINT: say.PAINTER_SEES_NONE}
"""What is said of a model that is shown no picture."""


def misfit_beside(channels: int, beside: Beside | None, shape: Sequence[int]) -> tuple[str, str] | None:
    """Why a model of so many channels beside the latent cannot see this, and what to do; None when it can.

    `shape` is that of the latent.
    """
    if not channels:
        seen = say.SHOWS_PICTURE()
        return (seen, say.GIVE_PLAIN_TEXT()) if beside else None
    if beside is None:
        fix = say.SHOW_PICTURE(node=NODES[channels])
        return BLIND[channels](), fix
    if channels == EDIT and beside.mask is not None:
        return say.EDITOR_READS_NO_MASK(), say.USE_NODE(node=NODES[EDIT])
    (rows, columns), (height, width) = beside.samples.shape[2:], shape[2:]
    if (rows, columns) != (height, width):
        shown, made = f"{columns * CELL} x {rows * CELL}", f"{width * CELL} x {height * CELL}"
        return say.SHOWN_OTHER_SIZE(shown=shown, made=made), say.SAMPLE_ITS_LATENT(node=NODES[channels])
    return None
