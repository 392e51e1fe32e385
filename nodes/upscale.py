"""Nodes that enlarge pictures with models made for it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from nodes.api import BadValue, Context, ModelFile, Number, Title, node, socket
from nodes.fields import ImageOut
from nodes.loaders import said_in_words
from nodes.sentences import latents as of_latents
from nodes.sentences import pictures as say
from nodes.types import Image, Recipe

if TYPE_CHECKING:
    from nodes.diffusion.upscaler import Upscaler

UpscalerFile = Annotated[Path, ModelFile("upscale_models")]
TileEdge = Annotated[int, Number(min=64, max=4096, step=64)]
OVERLAP, MARGIN = 32, 4
"""Pixels of the small picture that tiles share; those at a tile's end that do not count."""


@socket(colour="#90a4ae")
@dataclass(frozen=True)
class UpscaleModel:
    """A network that enlarges pictures by a whole factor."""

    recipe: Recipe
    """Loads a `nodes.diffusion.upscaler.Upscaler`."""


@node(category="loaders")
def load_upscaler(file: UpscalerFile) -> Annotated[UpscaleModel, Title("Upscaler")]:
    """Load a model that enlarges pictures: ESRGAN, SwinIR, DAT and others. It needs the extra "upscale" (spandrel).

    Args:
        file: A file in the folder models/upscale_models.

    Returns:
        The upscaler; its file says by what factor it enlarges.
    """
    from nodes.diffusion.upscaler import recipe_of

    return UpscaleModel(said_in_words("file", lambda: recipe_of(file)))


@node(category="image")
def upscale_image(upscaler: UpscaleModel, image: Image, ctx: Context, tile: TileEdge = 512) -> ImageOut:
    """Enlarge a picture with a model that adds detail.

    Args:
        upscaler: The model.
        image: The picture.
        tile: Pixels along the edge of what it looks at at once; smaller ones take less memory.

    Returns:
        The picture, larger by the model's factor. Scale it for a size between.
    """
    from nodes.diffusion.tiles import Tiling

    if not 2 * OVERLAP <= tile <= 16_384:
        raise BadValue("tile", of_latents.TILE(tile=tile), say.USE_TILE_FROM(least=2 * OVERLAP))
    loaded: Upscaler = said_in_words("upscaler", lambda: ctx.weights(upscaler.recipe))
    return Image(loaded.enlarge(image.pixels, Tiling(tile, OVERLAP, MARGIN), ctx.track))
