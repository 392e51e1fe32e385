"""Writes docs/images/sigmas.png, and with `--grid FILE` a picture of the demo model by every sampler and schedule.

python -m tests.nodes.make_sampler_pictures [--grid FILE --checkpoint FILE]
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
import torch
from PIL import Image

from nodes.diffusion.levels import NoiseLevels
from nodes.diffusion.plot import plot
from nodes.diffusion.samplers import SAMPLERS
from nodes.diffusion.schedules import SCHEDULES
from nodes.latent import decode_latent, empty_latent
from nodes.loaders import load_checkpoint
from nodes.sampling import sample
from nodes.text import encode_text
from tests.nodes.plain import PlainContext

PLOT = Path(__file__).parents[2] / "docs" / "images" / "sigmas.png"
TEXT, SEED, STEPS, EDGE = "a red house by the sea", 7, 12, 128


def draw_plot(path: Path) -> None:
    levels = NoiseLevels.scaled_linear()
    pixels = plot({name: make(levels, 20) for name, make in SCHEDULES.items()}, 900, 480, logarithmic=True)
    to_picture(pixels).quantize(64).save(path, optimize=True)


def draw_grid(path: Path, checkpoint: Path) -> None:
    """A row for each sampler, a column for each schedule; the same text and seed everywhere."""
    model, text_encoder, vae = load_checkpoint(checkpoint)
    ctx = PlainContext()
    positive, negative = encode_text(text_encoder, ctx, TEXT), encode_text(text_encoder, ctx, "")
    rows = []
    for sampler in SAMPLERS:
        row = []
        for schedule in SCHEDULES:
            guidance = 1.5 if sampler.endswith("_cfg_pp") else 5.0
            latent = sample(model, positive, negative, empty_latent(EDGE, EDGE), ctx, seed=SEED, steps=STEPS,
                            guidance=guidance, sampler=sampler, schedule=schedule)  # type: ignore[arg-type]  # its names  # fmt: skip
            row.append(decode_latent(vae, latent, ctx).pixels[0])
        rows.append(torch.cat(row, dim=1))
        print(sampler, flush=True)
    to_picture(torch.cat(rows)).save(path)


def to_picture(pixels: torch.Tensor) -> Image.Image:
    return Image.fromarray((pixels * 255).numpy().astype(np.uint8))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--grid", type=Path)
    parser.add_argument("--checkpoint", type=Path, default=Path("models/checkpoints/loom-demo.safetensors"))
    options = parser.parse_args()
    draw_plot(PLOT)
    if options.grid:
        draw_grid(options.grid, options.checkpoint)
