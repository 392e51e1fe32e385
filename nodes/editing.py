"""Nodes that show a picture to models which paint into one or edit one: they see it beside the noise.

Such models have more input channels: inpainting UNets (Rombach et al. 2022) read a mask and what it leaves of the
picture, editing UNets (InstructPix2Pix, Brooks et al. 2023) the whole picture.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from nodes.api import Context, node
from nodes.fields import ConditioningOut, LatentOut, VAEPart
from nodes.latent import cut_to_cells
from nodes.mask import check_paints, fitted
from nodes.text import tell
from nodes.types import VAE, Beside, Conditioning, Image, Latent, Mask

if TYPE_CHECKING:
    from torch import Tensor

    from nodes.diffusion.vae import Autoencoder

GREY = 0.5
"""What an inpainting model sees where it is to paint: the middle of its values, as it was trained."""


class Inpainting(NamedTuple):
    """What a sampler needs to paint into a picture.

    Args:
        positive: The wanted text with the picture and the mask.
        negative: The unwanted text with the same.
        latent: The whole picture as a latent: with denoise below 1 the paint starts from what was there.
    """

    positive: ConditioningOut
    negative: ConditioningOut
    latent: LatentOut


@node(category="editing")
def inpaint_conditioning(
    positive: Conditioning,
    negative: Conditioning,
    vae: VAEPart,
    image: Image,
    mask: Mask,
    ctx: Context,
    stretch_mask: bool = False,
) -> Inpainting:
    """Let an inpainting model (9 input channels) paint where the mask is white.

    Args:
        positive: What the picture should show, what is painted included.
        negative: What it should not show.
        vae: From the checkpoint of the model.
        image: The picture to paint into. Edges that 8 does not divide are cut evenly on both sides.
        mask: White where to paint, as large as the picture. A cell of 8 x 8 pixels is painted or kept as a whole.
        stretch_mask: Scale the mask to the picture when their sizes differ.
    """
    autoencoder: Autoencoder = ctx.weights(vae.recipe)
    cut, beside = painted(autoencoder, vae, image, stretched(mask, image, stretch_mask), ctx)
    latent = Latent(autoencoder.encode(cut), vae.space)
    return Inpainting(tell(positive, beside=beside), tell(negative, beside=beside), latent)


class Editing(NamedTuple):
    """What a sampler needs to edit a picture as it is told.

    Args:
        positive: The instruction with the picture.
        negative: The unwanted text with the picture.
        unseen: The unwanted text without any picture, for guidance that weighs text and picture apart.
        latent: The picture as a latent, for its size; with denoise below 1 sampling starts from it.
    """

    positive: ConditioningOut
    negative: ConditioningOut
    unseen: ConditioningOut
    latent: LatentOut


@node(category="editing")
def instruct_pix2pix_conditioning(
    positive: Conditioning, negative: Conditioning, vae: VAEPart, image: Image, ctx: Context
) -> Editing:
    """Let an editing model (instruct-pix2pix, 8 input channels) change a picture as the text says.

    Args:
        positive: What to do, such as "make it winter".
        negative: What to avoid; an empty text is usual.
        vae: From the checkpoint of the model.
        image: The picture to edit. Edges that 8 does not divide are cut evenly on both sides.
    """
    import torch

    autoencoder: Autoencoder = ctx.weights(vae.recipe)
    samples = autoencoder.encode(cut_to_cells(image.pixels, vae.space.downscale, ctx))
    shown, nothing = Beside(samples), Beside(torch.zeros_like(samples))
    return Editing(
        tell(positive, beside=shown), tell(negative, beside=shown), tell(negative, beside=nothing),
        Latent(samples, vae.space),
    )  # fmt: skip


@node(category="editing")
def show_picture(
    conditioning: Conditioning,
    vae: VAEPart,
    image: Image,
    ctx: Context,
    mask: Mask | None = None,
    stretch_mask: bool = False,
) -> ConditioningOut:
    """Show a picture to one text of an inpainting or an editing model, where the nodes for both texts do not fit.

    Args:
        conditioning: The text; show the picture to the positive and to the negative one.
        vae: From the checkpoint of the model.
        image: As large as the picture to make. Edges that 8 does not divide are cut evenly on both sides.
        mask: White where to paint, as large as the picture. Without one an inpainting model paints everywhere.
        stretch_mask: Scale the mask to the picture when their sizes differ.

    Returns:
        The text with the picture.
    """
    autoencoder: Autoencoder = ctx.weights(vae.recipe)
    if mask is None:
        pixels = cut_to_cells(image.pixels, vae.space.downscale, ctx)
        return tell(conditioning, beside=Beside(autoencoder.encode(pixels)))
    return tell(conditioning, beside=painted(autoencoder, vae, image, stretched(mask, image, stretch_mask), ctx)[1])


def stretched(mask: Mask, image: Image, stretch: bool) -> Mask:
    """The mask in the picture's size; one of another size, or a black one, is refused."""
    _, height, width, _ = image.pixels.shape
    values = fitted(mask, (height, width), stretch)
    check_paints(values)
    return Mask(values)


def painted(autoencoder: Autoencoder, vae: VAE, image: Image, mask: Mask, ctx: Context) -> tuple[Tensor, Beside]:
    """The picture cut to whole cells, batch x height x width x RGB; and what of it an inpainting model sees.

    The mask is as large as the picture.
    """
    from torch.nn import functional

    cell = vae.space.downscale
    pixels = cut_to_cells(image.pixels, cell, ctx)
    values = cut_to_cells(mask.values[..., None], cell, ctx)
    seen = (pixels - GREY) * (1 - values.round()) + GREY
    size = pixels.shape[1] // cell, pixels.shape[2] // cell
    cells = functional.interpolate(values.permute(0, 3, 1, 2), size, mode="bilinear").round()
    return pixels, Beside(autoencoder.encode(seen), cells)
