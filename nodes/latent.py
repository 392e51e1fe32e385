"""Nodes that make latents and turn them into pictures."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Annotated, Literal

from nodes.api import BadValue, Context, Number, Slider, node
from nodes.fields import Count, ImageOut, LatentOut, Pixels, VAEPart
from nodes.mask import fitted
from nodes.sentences import common
from nodes.sentences import latents as say
from nodes.sentences import masks as of_masks
from nodes.sentences import pictures as of_pictures
from nodes.types import VAE, Image, Latent, Mask, NoiseMask

if TYPE_CHECKING:
    from torch import Tensor

    from nodes.diffusion.tiles import Tiling
    from nodes.diffusion.vae import Autoencoder

LatentFilter = Literal["bislerp", "bicubic", "bilinear", "lanczos", "area", "nearest"]
Direction = Literal["left to right", "upside down"]
Turn = Literal[90, 180, 270]
Place = Annotated[int, Number(min=-16_384, max=16_384, step=8)]
TileEdge = Annotated[int, Number(min=128, max=8192, step=64)]
Overlap = Annotated[int, Number(min=32, max=1024, step=8)]
Edge = Annotated[int, Number(min=0, max=1024, step=8)]

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
            raise BadValue(
                name, say.NOT_IN_EIGHTS(name=name, pixels=pixels), common.USE_BELOW_OR_ABOVE(below=below, above=above)
            )
    return Latent(torch.zeros(batch, 4, height // CELL, width // CELL))


@node(category="latent", finishes=True)
def decode_latent(vae: VAEPart, latent: Latent, ctx: Context) -> ImageOut:
    """Turn a latent into a picture.

    Args:
        vae: From the checkpoint that sampled the latent.
        latent: What a sampler made. When memory is short for it, it is decoded in tiles, and the node says so.

    Returns:
        The picture, or a batch of them.
    """
    autoencoder: Autoencoder = ctx.weights(vae.recipe)
    samples = samples_for(vae, latent)
    tiling = autoencoder.tiling_if_short(*samples.shape[2:])
    tell_tiles(tiling, autoencoder, ctx)
    return decoded(autoencoder.decode(samples, tiling))


@node(category="latent/tiles", finishes=True)
def decode_in_tiles(
    vae: VAEPart, latent: Latent, ctx: Context, tile: TileEdge = 512, overlap: Overlap = 128
) -> ImageOut:
    """Turn a large latent into a picture tile by tile, so that little memory is enough.

    Args:
        vae: From the checkpoint that sampled the latent.
        latent: What a sampler made.
        tile: Pixels along the edge of a tile; smaller ones take less memory and can differ in colour.
        overlap: Pixels that neighbours share and are blended over; more hides more.

    Returns:
        The picture, or a batch of them.
    """
    autoencoder: Autoencoder = ctx.weights(vae.recipe)
    samples = samples_for(vae, latent)
    return decoded(autoencoder.decode(samples, tiling_of(tile, overlap, vae), ctx.track))


def samples_for(vae: VAE, latent: Latent) -> Tensor:
    """The latent's numbers, if the VAE reads them; nothing in the VAE's space when the latent is empty."""
    samples = latent.samples
    if latent.space is None:
        return samples.new_zeros(len(samples), vae.space.channels, *samples.shape[2:])
    if not latent.space.fits(vae.space) or samples.shape[1] != vae.space.channels:
        raise BadValue(
            "latent",
            say.OTHER_VAE(
                given=latent.space.title,
                given_channels=samples.shape[1],
                read=vae.space.title,
                read_channels=vae.space.channels,
            ),
            say.TAKE_ITS_VAE(),
        )
    if not bool(samples.isfinite().all()):
        raise BadValue("latent", say.NO_NUMBERS(), common.LOOK_AT_MAKER())
    return samples


def decoded(pixels: Tensor) -> Image:
    """What a VAE made of a latent. Raises BadValue where that are no numbers."""
    if not bool(pixels.isfinite().all()):
        raise BadValue("vae", say.DECODED_NO_NUMBERS(), say.TAKE_ANOTHER_VAE())
    return Image(pixels)


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


@node(category="latent/tiles")
def encode_in_tiles(
    vae: VAEPart, image: Image, ctx: Context, tile: TileEdge = 512, overlap: Overlap = 128
) -> LatentOut:
    """Turn a large picture into a latent tile by tile, so that little memory is enough.

    Args:
        vae: From the checkpoint that will sample the latent.
        image: Edges that 8 does not divide are cut evenly on both sides, and the node says so.
        tile: Pixels along the edge of a tile.
        overlap: Pixels that neighbours share and are blended over.

    Returns:
        The latent of the picture.
    """
    autoencoder: Autoencoder = ctx.weights(vae.recipe)
    pixels = cut_to_cells(image.pixels, vae.space.downscale, ctx)
    return Latent(autoencoder.encode(pixels, tiling_of(tile, overlap, vae), ctx.track), vae.space)


@node(category="latent")
def scale_latent(
    latent: Latent,
    width: Pixels = 1024,
    height: Pixels = 1024,
    method: LatentFilter = "bislerp",
    fit: Literal["stretch", "crop"] = "stretch",
) -> LatentOut:
    """Give a latent another size, to sample on from it (with denoise at 0.4 to 0.7).

    Args:
        latent: The latent.
        width: Width of the picture in pixels.
        height: Height of the picture in pixels.
        method: Between values, bislerp turns from one to the other rather than fading, which keeps contrast; bicubic
            and lanczos are sharp, bilinear and area soft, nearest repeats values.
        fit: When proportions differ: stretch, or crop what stands out.

    Returns:
        The latent in the new size.
    """
    rows, columns = cells_of(latent, "height", height), cells_of(latent, "width", width)
    return resized(latent, columns, rows, method, fit)


@node(category="latent")
def scale_latent_by(
    latent: Latent,
    factor: Annotated[float, Slider(min=0.25, max=8.0, step=0.05)] = 2.0,
    method: LatentFilter = "bislerp",
) -> LatentOut:
    """Make a latent larger or smaller by a factor.

    Args:
        latent: The latent.
        factor: 2 doubles both edges; sizes are rounded to whole cells.
        method: See Scale latent.

    Returns:
        The latent in the new size.
    """
    height, width = latent.samples.shape[2:]
    rows, columns = (max(1, round(length * factor)) for length in (height, width)) if 0 < factor <= 64 else (0, 0)
    if not rows:
        raise BadValue("factor", say.FACTOR(factor=factor), say.USE_FACTOR())
    return resized(latent, columns, rows, method, "stretch")


def resized(latent: Latent, width: int, height: int, method: str, fit: str) -> Latent:
    from nodes.diffusion.resize import resample

    made = each(latent, lambda planes: resample(planes, width, height, method, fit))
    if made.mask is None or latent.mask is None:
        return made
    values = resample(latent.mask.values, width, height, "bilinear", fit).clamp(0, 1)
    return replace(made, mask=replace(made.mask, values=values))


@node(category="latent")
def crop_latent(
    latent: Latent, left: Place = 0, top: Place = 0, width: Pixels = 512, height: Pixels = 512
) -> LatentOut:
    """Cut a rectangle out of a latent.

    Args:
        latent: The latent.
        left: Pixels to leave out at the left, a multiple of 8.
        top: Pixels to leave out at the top, a multiple of 8.
        width: Width of the rectangle in pixels.
        height: Height of the rectangle in pixels.

    Returns:
        The rectangle.
    """
    x, y = cells_of(latent, "left", left, least=0), cells_of(latent, "top", top, least=0)
    wide, tall = cells_of(latent, "width", width), cells_of(latent, "height", height)
    rows, columns = latent.samples.shape[2:]
    if x + wide > columns or y + tall > rows:
        cell = cell_of(latent)
        raise BadValue(
            "width" if x + wide > columns else "height",
            say.RECTANGLE_TOO_LARGE(
                right=(x + wide) * cell, bottom=(y + tall) * cell, width=columns * cell, height=rows * cell
            ),
            say.SMALLER_OR_EARLIER(),
        )
    return each(latent, lambda planes: planes[:, :, y : y + tall, x : x + wide].contiguous())


@node(category="latent")
def flip_latent(latent: Latent, direction: Direction = "left to right") -> LatentOut:
    """Mirror a latent.

    Args:
        latent: The latent. Its cells hold a little of left and right: sample on for a clean picture.
        direction: Which way.

    Returns:
        The mirrored latent.
    """
    return each(latent, lambda planes: planes.flip(3 if direction == "left to right" else 2))


@node(category="latent")
def rotate_latent(latent: Latent, degrees: Turn = 90) -> LatentOut:
    """Turn a latent clockwise.

    Args:
        latent: The latent. Its cells hold a little of up and down: sample on for a clean picture.
        degrees: How far.

    Returns:
        The turned latent.
    """
    import torch

    return each(latent, lambda planes: torch.rot90(planes, -degrees // 90, dims=(2, 3)).contiguous())


@node(category="latent")
def composite_latents(
    base: Latent,
    overlay: Latent,
    mask: Mask | None = None,
    left: Place = 0,
    top: Place = 0,
    feather: Edge = 0,
    stretch_mask: bool = False,
) -> LatentOut:
    """Put one latent onto another.

    Args:
        base: The latent underneath; its size is kept.
        overlay: The latent on top; what stands out is cut off.
        mask: White where the overlay shows, as large as its picture. Without one all of it shows.
        left: Pixels from the base's left edge to the overlay, a multiple of 8.
        top: Pixels from the base's top edge to the overlay, a multiple of 8.
        feather: Pixels over which the overlay fades in from its edges inside the base.
        stretch_mask: Scale the mask to the overlay when their sizes differ.

    Returns:
        Both as one latent.
    """
    import torch

    from nodes.diffusion.tiles import Tile, Tiling, weight_of
    from nodes.diffusion.told import fill

    check_same_space("overlay", base, overlay)
    cell = cell_of(base if base.space else overlay)
    x, y = (cells_of(base, name, value, least=None) for name, value in (("left", left), ("top", top)))
    rows, columns = base.samples.shape[2:]
    tall, wide = overlay.samples.shape[2:]
    first_row, last_row = max(y, 0), min(y + tall, rows)
    first_column, last_column = max(x, 0), min(x + wide, columns)
    if first_row >= last_row or first_column >= last_column:
        raise BadValue("left", say.OVERLAY_OUTSIDE(), common.MOVE_INSIDE())
    tile = Tile(first_row, first_column, last_row - first_row, last_column - first_column, (rows, columns))
    steps = max(feather // cell, 0)
    share = weight_of(tile, Tiling(0, steps)) if steps else torch.ones(tile.height, tile.width)
    inner = slice(first_row - y, last_row - y), slice(first_column - x, last_column - x)
    count = max(len(base.samples), len(overlay.samples))
    if mask is not None:
        values = fitted(mask, (tall * cell, wide * cell), stretch_mask, of=of_masks.THE_OVERLAY)[:, None]
        cells = torch.nn.functional.interpolate(values, (tall, wide), mode="area")
        count = max(count, len(cells))
        share = fill(cells, count)[:, :, *inner] * share
    samples = fill(base.samples, count).clone()
    target = tile.of(samples)
    target.copy_(torch.lerp(target, fill(overlay.samples, count)[:, :, *inner], share.expand_as(target)))
    return Latent(samples, base.space or overlay.space, base.mask)


def cut_to_cells(pixels: Tensor, cell: int, ctx: Context) -> Tensor:
    """Cut evenly on both sides to a multiple of the cell, and say so; batch x height x width x channels."""
    _, height, width, _ = pixels.shape
    if min(height, width) < cell:
        raise BadValue("image", say.PICTURE_TOO_SMALL(width=width, height=height, cell=cell), say.SCALE_UP_FIRST())
    if not bool(pixels.isfinite().all()):
        raise BadValue("image", of_pictures.NO_NUMBERS(), common.LOOK_AT_MAKER())
    top, left = height % cell // 2, width % cell // 2
    cut_height, cut_width = height // cell * cell, width // cell * cell
    if (cut_height, cut_width) != (height, width):
        ctx.show_text(f"Cut from {width} x {height} to {cut_width} x {cut_height}: latents count in cells of {cell}.")
    return pixels[:, top : top + cut_height, left : left + cut_width]


def tiling_of(tile: int, overlap: int, vae: VAE) -> Tiling:
    """In latent values."""
    from nodes.diffusion.tiles import Tiling
    from nodes.diffusion.vae import USUAL

    cell = vae.space.downscale
    check_tiles(tile, overlap, cell)
    return Tiling(tile // cell, overlap // cell, min(USUAL.margin, overlap // cell // 4))


def check_tiles(tile: int, overlap: int, cell: int) -> None:
    if tile % cell or tile < 8 * cell:
        raise BadValue("tile", say.TILE(tile=tile), say.USE_MULTIPLE_FROM(cell=cell, least=8 * cell))
    if overlap % cell or not 0 < overlap <= tile // 2:
        fix = say.USE_MULTIPLE_TO_HALF(cell=cell, most=tile // 2 // cell * cell)
        raise BadValue("overlap", say.OVERLAP(tile=tile, overlap=overlap), fix)


def tell_tiles(tiling: Tiling | None, autoencoder: Autoencoder, ctx: Context) -> None:
    if tiling is not None:
        edge = tiling.size * autoencoder.downscale
        ctx.show_text(f"Memory is short for the whole picture: it is done in tiles of {edge} x {edge}.")


def cell_of(latent: Latent) -> int:
    """Pixels along an edge for one of its values."""
    return CELL if latent.space is None else latent.space.downscale


def cells_of(latent: Latent, name: str, pixels: int, least: int | None = 1) -> int:
    """Pixels in latent values; what does not divide is refused, and so is less than `least` values."""
    cell = cell_of(latent)
    if pixels % cell:
        below, above = pixels // cell * cell, (pixels // cell + 1) * cell
        raise BadValue(
            name,
            say.NOT_IN_CELLS(name=name, pixels=pixels, cell=cell),
            common.USE_BELOW_OR_ABOVE(below=below, above=above),
        )
    if least is not None and pixels < least * cell:
        raise BadValue(name, common.IS_EXACTLY(name=name, value=pixels), say.AT_LEAST(least=least * cell))
    return pixels // cell


def each(latent: Latent, change: Callable[[Tensor], Tensor]) -> Latent:
    """The latent and all that lies over it, changed alike; `change` takes batch x channels x height x width."""
    mask = latent.mask
    if mask is not None:
        original = None if mask.original is None else change(mask.original)
        mask = NoiseMask(change(mask.values), mask.in_time, original)
    return replace(latent, samples=change(latent.samples), mask=mask)


def check_same_space(name: str, first: Latent, second: Latent, size: bool = False) -> None:
    """Refuse two latents that different models read, or of different sizes; `name` is the second's input."""
    if first.space is not None and second.space is not None and not first.space.fits(second.space):
        raise BadValue(
            name, say.OF_ANOTHER(second=second.space.title, first=first.space.title),
            say.ENCODE_WITH_OTHER_VAE(),
        )  # fmt: skip
    here, there = first.samples.shape, second.samples.shape
    if here[1] != there[1]:
        raise BadValue(name, say.OTHER_CHANNELS(there=there[1], here=here[1]), say.OF_ONE_FAMILY())
    if size and here[2:] != there[2:]:
        cell = cell_of(first)
        sizes = [f"{shape[3] * cell} x {shape[2] * cell}" for shape in (there, here)]
        raise BadValue(name, say.OTHER_SIZE(there=sizes[0], here=sizes[1]), say.SCALE_ONE())
