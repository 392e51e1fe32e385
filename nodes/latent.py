"""Nodes that make latents and turn them into pictures."""

from __future__ import annotations

from typing import TYPE_CHECKING

from nodes.api import BadValue, Context, node
from nodes.fields import Count, ImageOut, LatentOut, Pixels, VAEPart
from nodes.types import Image, Latent

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
