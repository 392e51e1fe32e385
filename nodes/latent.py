"""Nodes that make latents and turn them into pictures."""

from __future__ import annotations

from typing import TYPE_CHECKING

from nodes.api import BadValue, Context, node
from nodes.fields import ConditioningOut, Count, ImageOut, LatentOut, Pixels, VAEPart
from nodes.text import tell
from nodes.types import Beside, Conditioning, Image, Latent, Mask

if TYPE_CHECKING:
    from torch import Tensor

    from nodes.diffusion.vae import Autoencoder

CELL = 8
"""Pixels along an edge for one value of an empty latent."""


@node(category="latent")
def empty_latent(width: Pixels = 512, height: Pixels = 512, batch: Count = 1) -> LatentOut:
    """Start from nothing: the size of the picture and how many to make at once.

    Args:
        width: Width of the picture in pixels, a multiple of 8.
        height: Height of the picture in pixels, a multiple of 8.
        batch: How many pictures to make together. The first is the one a batch of 1 gives.

    Returns:
        An empty latent that fits every model.
    """
    import torch

    for name, pixels in (("width", width), ("height", height)):
        if pixels % CELL or pixels < CELL:
            below, above = max(CELL, pixels // CELL * CELL), (pixels // CELL + 1) * CELL
            raise BadValue(name, f"The {name} is {pixels}, which 8 does not divide.", f"Use {below} or {above}.")
    return Latent(torch.zeros(batch, 4, height // CELL, width // CELL))


@node(category="latent")
def decode_latent(vae: VAEPart, latent: Latent, ctx: Context) -> ImageOut:
    """Turn a latent into a picture.

    Args:
        vae: From the checkpoint that sampled the latent.
        latent: What a sampler made.

    Returns:
        The picture, or a batch of them.
    """
    if latent.space is not None and not latent.space.fits(vae.space):
        raise BadValue(
            "latent",
            f"The latent is one of {latent.space.title}, but the VAE reads those of {vae.space.title}.",
            "Take the VAE from the checkpoint that sampled it.",
        )
    autoencoder: Autoencoder = ctx.weights(vae.recipe)
    samples = latent.samples
    if latent.space is None:
        samples = samples.new_zeros(len(samples), vae.space.channels, *samples.shape[2:])
    return Image(autoencoder.decode(samples))


@node(category="latent")
def encode_image(vae: VAEPart, image: Image, ctx: Context) -> LatentOut:
    """Turn a picture into a latent, to sample on from it.

    Args:
        vae: From the checkpoint that will sample the latent.
        image: Edges that 8 does not divide are cut evenly on both sides, and the node says so.

    Returns:
        The latent of the picture.
    """
    autoencoder: Autoencoder = ctx.weights(vae.recipe)
    return Latent(autoencoder.encode(cut_to_cells(image.pixels, vae.space.downscale, ctx)), vae.space)


@node(category="latent")
def show_picture(
    conditioning: Conditioning, vae: VAEPart, image: Image, ctx: Context, mask: Mask | None = None
) -> ConditioningOut:
    """Let an inpainting or an editing model see a picture beside the noise.

    Inpainting models (9 input channels) paint where the mask is white and see the rest of the picture; editing
    models (instruct-pix2pix, 8 channels) see all of it. Other models do not look.

    Args:
        conditioning: The text; show the picture to the positive and to the negative one.
        vae: From the checkpoint of the model.
        image: As large as the picture to make. Edges that 8 does not divide are cut evenly on both sides.
        mask: White where to paint, as large as the picture. Without one an inpainting model paints everywhere.

    Returns:
        The text with the picture.
    """
    from torch.nn import functional

    if mask is not None and mask.values.shape[1:] != image.pixels.shape[1:3]:
        (height, width), (rows, columns) = image.pixels.shape[1:3], mask.values.shape[1:]
        raise BadValue(
            "mask", f"The mask is {columns} x {rows}, the picture {width} x {height}.", "Scale one to the other."
        )
    autoencoder: Autoencoder = ctx.weights(vae.recipe)
    pixels, cells = cut_to_cells(image.pixels, vae.space.downscale, ctx), None
    if mask is not None:
        values = cut_to_cells(mask.values[..., None], vae.space.downscale, ctx)
        pixels = (pixels - 0.5) * (1 - values.round()) + 0.5  # grey where there will be paint, as they were trained
        size = pixels.shape[1] // vae.space.downscale, pixels.shape[2] // vae.space.downscale
        cells = functional.interpolate(values.permute(0, 3, 1, 2), size, mode="bilinear").round()
    return tell(conditioning, beside=Beside(autoencoder.encode(pixels), cells))


def cut_to_cells(pixels: Tensor, cell: int, ctx: Context) -> Tensor:
    """Cut evenly on both sides to a multiple of the cell, and say so; batch x height x width x channels."""
    _, height, width, _ = pixels.shape
    if min(height, width) < cell:
        raise BadValue(
            "image", f"The picture is {width} x {height}, smaller than {cell} x {cell}.", "Scale it up first."
        )
    top, left = height % cell // 2, width % cell // 2
    cut_height, cut_width = height // cell * cell, width // cell * cell
    if (cut_height, cut_width) != (height, width):
        ctx.show_text(f"Cut from {width} x {height} to {cut_width} x {cut_height}: latents count in cells of {cell}.")
    return pixels[:, top : top + cut_height, left : left + cut_width]
