"""Whether a model and what it is shown beside the noise fit: a picture to edit, or one to paint into."""

from __future__ import annotations

from collections.abc import Sequence

from nodes.diffusion.places import CELL
from nodes.types import Beside

EDIT, PAINT = 4, 5
"""Channels beside the noisy latent: a picture to edit; a mask and what it leaves of a picture."""
NODES = {EDIT: "Instruct pix2pix conditioning", PAINT: "Inpaint conditioning"}
KINDS = {EDIT: "edits a picture (8 input channels)", PAINT: "paints into a picture (9 input channels)"}


def misfit_beside(channels: int, beside: Beside | None, shape: Sequence[int]) -> tuple[str, str] | None:
    """Why a model of so many channels beside the latent cannot see this, and what to do; None when it can.

    `shape` is that of the latent.
    """
    if not channels:
        seen = "This text shows a picture, but the model looks at the noise alone (4 input channels, or a transformer)."
        return (seen, "Give it the plain text, or take an inpainting or an editing model.") if beside else None
    if beside is None:
        fix = f"Show it the picture with {NODES[channels]}, between the texts and the sampler."
        return f"The model {KINDS[channels]}, but this text shows it none.", fix
    if channels == EDIT and beside.mask is not None:
        return f"The model {KINDS[EDIT]} and reads no mask, but this text has one.", f"Use {NODES[EDIT]}."
    (rows, columns), (height, width) = beside.samples.shape[2:], shape[2:]
    if (rows, columns) != (height, width):
        sizes = f"The picture it is shown is {columns * CELL} x {rows * CELL}, the one to make {width * CELL} x "
        return f"{sizes}{height * CELL}.", f"Sample the latent that {NODES[channels]} gives."
    return None
