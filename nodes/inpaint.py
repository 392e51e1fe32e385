"""Nodes that change part of a picture: what to keep, what to put in its place, and how both come together again."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Annotated, Literal, NamedTuple

from nodes.api import BadValue, Context, Number, node
from nodes.fields import ImageOut, LatentOut, SeedNumber, VAEPart
from nodes.latent import cut_to_cells
from nodes.mask import Softness, check_paints, check_softness, fitted, same_count
from nodes.sentences import common
from nodes.sentences import latents as say
from nodes.sentences import masks as of_masks
from nodes.sentences import pictures as of_pictures
from nodes.types import Image, Latent, Mask, NoiseMask

if TYPE_CHECKING:
    from torch import Tensor

    from nodes.diffusion.vae import Autoencoder

SoftParts = Literal["mix", "in time"]
Content = Literal["original", "neighbours", "noise", "nothing"]
Filling = Literal["neighbours", "grey", "noise", "black", "white"]
Border = Literal["neighbours", "mirror", "grey", "noise", "black", "white"]
Growth = Annotated[int, Number(min=0, max=512, step=1)]
Strip = Annotated[int, Number(min=0, max=8192, step=8)]
FLAT = {"grey": 0.5, "black": 0.0, "white": 1.0}


@node(category="inpaint")
def set_noise_mask(latent: Latent, mask: Mask, soft_parts: SoftParts = "mix", stretch_mask: bool = False) -> LatentOut:
    """Let samplers change a latent only where a mask is white. It works with every model.

    Args:
        latent: The latent of a picture.
        mask: White where to paint, black where to keep, as large as the picture.
        soft_parts: What grey does. Mix blends old and new at every step. In time lets lighter places join earlier,
            so that they change more (differential diffusion).
        stretch_mask: Scale the mask to the picture when their sizes differ.

    Returns:
        The latent with the mask. Where it is black, sampling gives back the same numbers.
    """
    if latent.space is None:
        what = say.EMPTY_KEEPS_NOTHING()
        raise BadValue("latent", what, say.ENCODE_OR_NO_MASK())
    values = to_cells(mask, latent.samples, latent.space.downscale, stretch_mask)
    return replace(latent, mask=NoiseMask(values, soft_parts == "in time"))


@node(category="inpaint")
def encode_to_inpaint(
    vae: VAEPart,
    image: Image,
    mask: Mask,
    ctx: Context,
    content: Content = "original",
    grow: Growth = 8,
    feather: Softness = 0.0,
    soft_parts: SoftParts = "mix",
    seed: SeedNumber = 0,
    stretch_mask: bool = False,
) -> LatentOut:
    """Encode a picture to paint a part of it anew, and choose what the paint starts from.

    Args:
        vae: From the checkpoint that will sample the latent.
        image: The picture. Edges that 8 does not divide are cut evenly on both sides.
        mask: White where to paint, as large as the picture.
        content: What is there when sampling starts with denoise below 1: the original, the colours around it,
            noise, or nothing (grey). With denoise at 1 it hardly matters.
        grow: Pixels by which the painted part is larger than the mask, so that no rim of the old is left.
        feather: Pixels over which its edge is soft.
        soft_parts: What grey does, see Set noise mask.
        seed: Of the noise, where the content is noise.
        stretch_mask: Scale the mask to the picture when their sizes differ.

    Returns:
        The latent with its mask, for a sampler.
    """
    import torch

    from nodes.diffusion.filters import blur, fill_from_neighbours
    from nodes.diffusion.filters import grow as grown

    check_softness("feather", feather)
    values = fitted(mask, size_of(image), stretch_mask)
    check_paints(values)
    cell, autoencoder = vae.space.downscale, autoencoder_of(vae, ctx)
    values = blur(grown(values[:, None], grow), feather / 2)[:, 0].clamp(0, 1)
    pixels = cut_to_cells(image.pixels, cell, ctx)
    values = cut_to_cells(values[..., None], cell, ctx)[..., 0]
    pixels, values = same_count(pixels, values)
    if content == "neighbours":
        planes = fill_from_neighbours(pixels.permute(0, 3, 1, 2), (values[:, None] == 0).float())
        pixels = planes.permute(0, 2, 3, 1)
    samples = autoencoder.encode(pixels)
    cells = to_cells(Mask(values), samples, cell, False)
    if content in ("noise", "nothing"):
        noise = torch.randn(samples.shape, generator=torch.Generator().manual_seed(seed % 2**64))
        # Samples of a model have about unit variance in its own scale, and nothing is 0 there.
        paint = noise / vae.space.scale if content == "noise" else torch.zeros_like(samples)
        samples = torch.where(cells > 0, paint + vae.space.shift, samples)
    return Latent(samples, vae.space, NoiseMask(cells, soft_parts == "in time"))


@node(category="inpaint")
def fill_masked(
    image: Image, mask: Mask, filling: Filling = "neighbours", seed: SeedNumber = 0, stretch_mask: bool = False
) -> ImageOut:
    """Cover what a mask shows: with the colours around it, or with a flat colour or noise.

    Args:
        image: The picture.
        mask: White where to cover, as large as the picture.
        filling: What with. Neighbours lets the colours around run in, which is a good start to paint over.
        seed: Of the noise.
        stretch_mask: Scale the mask to the picture when their sizes differ.

    Returns:
        The picture with that part covered.
    """
    import torch

    pixels, values = same_count(image.pixels, fitted(mask, size_of(image), stretch_mask))
    cover = covering(pixels, values[:, None], filling, seed)
    return Image(torch.lerp(pixels, cover, values[..., None]))


class Extended(NamedTuple):
    """A larger picture, and what of it is new.

    Args:
        image: The picture with its new border.
        mask: White where it is new, falling off to black inside the old picture over the feather.
    """

    image: Image
    mask: Mask


@node(category="inpaint")
def extend_image(
    image: Image,
    left: Strip = 0,
    top: Strip = 0,
    right: Strip = 64,
    bottom: Strip = 0,
    border: Border = "neighbours",
    feather: Softness = 16.0,
    seed: SeedNumber = 0,
) -> Extended:
    """Make room around a picture, to let a model paint on beyond its edges (outpainting).

    Args:
        image: The picture.
        left: Pixels to add at the left.
        top: Pixels to add at the top.
        right: Pixels to add at the right.
        bottom: Pixels to add at the bottom.
        border: What is there at first: the colours of the edge, the picture mirrored, grey, noise, black or white.
        feather: Pixels of the old picture that may change for a smooth join.
        seed: Of the noise.
    """
    import torch

    check_softness("feather", feather)
    sides = (left, top, right, bottom)
    if min(sides) < 0 or not any(sides):
        raise BadValue("right", of_pictures.NOT_GROWN(), of_pictures.ADD_PIXELS())
    count, height, width, _ = image.pixels.shape
    tall, wide = height + top + bottom, width + left + right
    rows, columns = torch.arange(tall) - top, torch.arange(wide) - left
    if border == "mirror":
        pixels = image.pixels[:, mirrored(rows, height)][:, :, mirrored(columns, width)]
    else:
        old = (((rows >= 0) & (rows < height))[:, None] & ((columns >= 0) & (columns < width))).float()
        pixels = image.pixels.new_zeros(count, tall, wide, 3)
        pixels[:, top : top + height, left : left + width] = image.pixels
        cover = covering(pixels, (1 - old).expand(count, 1, tall, wide), border, seed)
        pixels = torch.lerp(cover, pixels, old[..., None])
    down = inner_share(rows, height, top > 0, bottom > 0, feather)
    across = inner_share(columns, width, left > 0, right > 0, feather)
    kept = down[:, None].minimum(across)
    return Extended(Image(pixels.contiguous()), Mask((1 - kept).expand(count, -1, -1).contiguous()))


@node(category="inpaint")
def composite_images(
    base: Image,
    overlay: Image,
    mask: Mask | None = None,
    left: Annotated[int, Number(min=-16_384, max=16_384, step=1)] = 0,
    top: Annotated[int, Number(min=-16_384, max=16_384, step=1)] = 0,
    stretch_mask: bool = False,
) -> ImageOut:
    """Put one picture onto another, where a mask is white.

    After inpainting it brings back every kept pixel exactly as it was: encoding and decoding change them a little.

    Args:
        base: The picture underneath; its size is kept, and where the mask is black each of its pixels, bit for bit.
        overlay: The picture on top, in its own size; what stands out is cut off.
        mask: White where the overlay shows, as large as the overlay. Without one all of it shows.
        left: Pixels from the base's left edge to the overlay.
        top: Pixels from the base's top edge to the overlay.
        stretch_mask: Scale the mask to the overlay when their sizes differ.

    Returns:
        Both as one picture.
    """
    import torch

    below, above = same_count(base.pixels, overlay.pixels)
    if mask is None:
        share = above.new_ones(len(above), *above.shape[1:3])
    else:
        above, share = same_count(above, fitted(mask, size_of(overlay), stretch_mask, of=of_masks.THE_OVERLAY))
        below, share = same_count(below, share)
    first_row, first_column = max(top, 0), max(left, 0)
    last_row, last_column = min(top + above.shape[1], below.shape[1]), min(left + above.shape[2], below.shape[2])
    if first_row >= last_row or first_column >= last_column:
        raise BadValue("left", say.OVERLAY_OUTSIDE(), common.MOVE_INSIDE())
    there = (slice(None), slice(first_row, last_row), slice(first_column, last_column))
    here = (slice(None), slice(first_row - top, last_row - top), slice(first_column - left, last_column - left))
    pixels = below.clone()
    pixels[there] = torch.lerp(below[there], above[here], share[here][..., None])
    return Image(pixels)


def size_of(image: Image) -> tuple[int, int]:
    """Height and width."""
    _, height, width, _ = image.pixels.shape
    return height, width


def autoencoder_of(vae: VAEPart, ctx: Context) -> Autoencoder:
    loaded: Autoencoder = ctx.weights(vae.recipe)
    return loaded


def to_cells(mask: Mask, samples: Tensor, cell: int, stretch: bool) -> Tensor:
    """The mask's share of each latent value, batch x 1 x height x width.

    The mask of a picture whose edges were cut to whole cells is cut alike.
    """
    from torch.nn import functional

    height, width = samples.shape[2:]
    rows, columns = mask.values.shape[1:]
    if (rows // cell, columns // cell) == (height, width):
        top, left = rows % cell // 2, columns % cell // 2
        mask = Mask(mask.values[:, top : top + height * cell, left : left + width * cell])
    values = fitted(mask, (height * cell, width * cell), stretch)
    check_paints(values)
    return functional.interpolate(values[:, None], (height, width), mode="area")


def covering(pixels: Tensor, covered: Tensor, filling: str, seed: int) -> Tensor:
    """What to put where `covered` (batch x 1 x height x width) is not 0; like the pixels."""
    import torch

    from nodes.diffusion.filters import fill_from_neighbours

    if filling == "noise":
        return torch.rand(pixels.shape, generator=torch.Generator().manual_seed(seed % 2**64))
    if filling == "neighbours":
        return fill_from_neighbours(pixels.permute(0, 3, 1, 2), (covered == 0).float()).permute(0, 2, 3, 1)
    return torch.full_like(pixels, FLAT[filling])


def mirrored(places: Tensor, length: int) -> Tensor:
    """Places along an edge, reflected into it as often as needed."""
    import torch

    around = places % (2 * length)
    return torch.where(around < length, around, 2 * length - 1 - around)


def inner_share(places: Tensor, length: int, first: bool, last: bool, feather: float) -> Tensor:
    """1 where the old picture stays, 0 outside it, rising from the edges where it was extended."""
    share = ((places >= 0) & (places < length)).float()
    way = max(feather, 1e-6)
    if first:
        share = share * ((places + 0.5) / way).clamp(0, 1)
    if last:
        share = share * ((length - 0.5 - places) / way).clamp(0, 1)
    return share
