"""What large pictures take in tiles, with networks of Stable Diffusion 1.5's size and random weights: memory and time.

    python -m tests.bench.bench_tiles decode            2048 x 2048, tiles of 512
    python -m tests.bench.bench_tiles look              one look of the UNet at 4096 x 4096, two texts, tiles of 512
    python -m tests.bench.bench_tiles look --edge 1024

Memory is the process's highest, told after each tile; random weights weigh as much as trained ones.
"""

from __future__ import annotations

import argparse
import resource
import sys
import time
from collections.abc import Iterable, Iterator
from typing import Any

import torch
from torch import Tensor

from nodes.diffusion.levels import NoiseLevels
from nodes.diffusion.tiled import TiledDenoiser
from nodes.diffusion.tiles import Tiling
from nodes.diffusion.told import Told, lay_out
from nodes.diffusion.unet import UNetDenoiser, UNetTraits
from nodes.diffusion.vae import Autoencoder
from nodes.types import TextPart, Tiles
from tests.nodes.tiny import DIFFUSERS

CELL = 8
"""Pixels along an edge for a latent value."""
TILE, OVERLAP = 512, 128
DOWN, UP = ("DownEncoderBlock2D",) * 4, ("UpDecoderBlock2D",) * 4


def highest() -> float:
    """GiB of memory that the process has held at most."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (2**30 if sys.platform == "darwin" else 2**20)


def told_each(tiles: Iterable[Any]) -> Iterator[Any]:
    """The tiles, with a line after each."""
    began = time.perf_counter()
    for number, tile in enumerate(tiles, 1):
        yield tile
        print(f"tile {number}: {time.perf_counter() - began:.0f} s, {highest():.2f} GiB", flush=True)


def decode(edge: int) -> Tensor:
    """RGB of random latents, 1 x edge x edge x 3."""
    vae = DIFFUSERS.AutoencoderKL(
        block_out_channels=(128, 256, 512, 512), layers_per_block=2, latent_channels=4,
        down_block_types=DOWN, up_block_types=UP,
    )  # fmt: skip
    autoencoder = Autoencoder(vae.eval(), "cpu")
    print(f"loaded: {highest():.2f} GiB", flush=True)
    tiling = Tiling(TILE // CELL, OVERLAP // CELL, 2)
    return autoencoder.decode(torch.randn(1, 4, edge // CELL, edge // CELL), tiling, told_each)


class Counted(UNetDenoiser):
    """Tells of each look at a tile."""

    looks = 0

    def predict(self, x: Tensor, sigma: float, told: Told) -> Tensor:
        seen = super().predict(x, sigma, told)
        self.looks += 1
        print(f"tile {self.looks}: {highest():.2f} GiB", flush=True)
        return seen


def look(edge: int) -> Tensor:
    """What the UNet sees with both texts: 2 x 4 x edge/8 x edge/8."""
    unet = DIFFUSERS.UNet2DConditionModel(sample_size=64, cross_attention_dim=768, attention_head_dim=8)
    levels = NoiseLevels.scaled_linear()
    denoiser = Counted(unet.eval(), levels, UNetTraits(text_width=768, scale=0.18215), "cpu", "float32")
    print(f"loaded: {highest():.2f} GiB", flush=True)
    rows = edge // CELL
    told = lay_out([([TextPart(torch.randn(1, 77, 768)) for _ in range(2)], 6.0)], (1, 4, rows, rows), False, "cpu")
    with torch.inference_mode():
        return TiledDenoiser(denoiser, Tiles(TILE, OVERLAP), CELL).predict(
            torch.randn(2, 4, rows, rows), levels.at(0.5), told
        )


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    options.add_argument("what", choices=["decode", "look"])
    options.add_argument("--edge", type=int, help="pixels along an edge of the picture")
    chosen = options.parse_args()
    torch.manual_seed(0)
    began = time.perf_counter()
    whole = decode(chosen.edge or 2048) if chosen.what == "decode" else look(chosen.edge or 4096)
    finite = bool(whole.isfinite().all())
    print(f"{tuple(whole.shape)}, {'finite' if finite else 'NOT FINITE'}: {time.perf_counter() - began:.0f} s, "
          f"highest memory {highest():.2f} GiB")  # fmt: skip


if __name__ == "__main__":
    main()
