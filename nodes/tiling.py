"""A node that lets models work on pictures larger than they, or memory, can take at once."""

from __future__ import annotations

from dataclasses import replace

from nodes.api import node
from nodes.latent import Overlap, TileEdge, check_tiles
from nodes.levels import ModelOut
from nodes.types import Model, Tiles


@node(category="model")
def tile_model(model: Model, tile: TileEdge = 512, overlap: Overlap = 128) -> ModelOut:
    """Let a model look at a large picture in overlapping tiles, so that its size no longer counts (MultiDiffusion).

    Each tile hears the whole text and tries to show all of it, so start from a small picture that was scaled up, with
    denoise at 0.3 to 0.5. Bar-Tal et al. 2023, arXiv 2302.08113.

    Args:
        model: The model.
        tile: Pixels along the edge of a tile: the size that the model was trained for.
        overlap: Pixels that neighbours share, in which they agree at every step; more looks and fewer seams.

    Returns:
        The model, for every sampler. Latents no larger than a tile are sampled as before.
    """
    check_tiles(tile, overlap, model.space.downscale)
    return replace(model, tiles=Tiles(tile, overlap))
