"""Writes docs/images/sigmas.png, and with `--grid` samplers.webp: the demo model by each sampler and schedule.

python -m tests.nodes.make_sampler_pictures [--grid [FILE] --checkpoint FILE]
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
import torch
from PIL import Image, ImageDraw, ImageFont

from nodes.diffusion.levels import NoiseLevels
from nodes.diffusion.plot import plot
from nodes.diffusion.samplers import SAMPLERS
from nodes.diffusion.schedules import SCHEDULES
from nodes.latent import decode_latent, empty_latent
from nodes.loaders import load_checkpoint
from nodes.sampling import sample
from nodes.text import encode_text
from tests.nodes.plain import PlainContext

ROOT = Path(__file__).parents[2]
PLOT, GRID = ROOT / "docs" / "images" / "sigmas.png", ROOT / "docs" / "images" / "samplers.webp"
DEMO = ROOT / "nodes" / "demo" / "models" / "checkpoints" / "loom-demo.safetensors"
TEXT, SEED, STEPS, EDGE = "a red house by the sea", 7, 12, 128
CELL, NAMES, HEAD, SIDES = 52, 212, 116, 2
"""Of the grid in pixels: a picture, the names of samplers, those of schedules; and how often the schedules repeat."""
PAPER, INK = (250, 250, 248), (60, 60, 60)
LIKE_PLAIN = ("_gpu",)
"""Names that give on a CPU what their plain name gives."""


def draw_plot(path: Path) -> None:
    levels = NoiseLevels.scaled_linear()
    pixels = plot({name: make(levels, 20) for name, make in SCHEDULES.items()}, 900, 480, logarithmic=True)
    to_picture(pixels).quantize(64).save(path, optimize=True)


def draw_grid(path: Path, checkpoint: Path) -> None:
    """A row for each sampler, a column for each schedule; the same text and seed everywhere."""
    model, text_encoder, vae = load_checkpoint(checkpoint)
    ctx = PlainContext()
    positive, negative = encode_text(text_encoder, ctx, TEXT), encode_text(text_encoder, ctx, "")
    names = [name for name in SAMPLERS if not name.endswith(LIKE_PLAIN)]
    rows = -(-len(names) // SIDES)
    side = NAMES + len(SCHEDULES) * CELL
    sheet = Image.new("RGB", (SIDES * side, HEAD + rows * CELL), PAPER)
    for place, sampler in enumerate(names):
        left, top = place // rows * side, HEAD + place % rows * CELL
        write(sheet, sampler, left + 6, top + CELL // 2 - 8)
        for column, schedule in enumerate(SCHEDULES):
            guidance = 1.5 if sampler.endswith("_cfg_pp") else 5.0
            latent = sample(model, positive, negative, empty_latent(EDGE, EDGE), ctx, seed=SEED, steps=STEPS,
                            guidance=guidance, sampler=sampler, schedule=schedule)  # type: ignore[arg-type]  # its names  # fmt: skip
            picture = to_picture(decode_latent(vae, latent, ctx).pixels[0])
            small = picture.resize((CELL - 2, CELL - 2), Image.Resampling.LANCZOS)
            sheet.paste(small, (left + NAMES + column * CELL, top))
        print(sampler, flush=True)
    for part in range(SIDES):
        for column, schedule in enumerate(SCHEDULES):
            write_upwards(sheet, schedule, part * side + NAMES + column * CELL + CELL // 2, HEAD - 4)
    sheet.save(path, quality=72, method=6)


def write(sheet: Image.Image, words: str, left: int, top: int) -> None:
    ImageDraw.Draw(sheet).text((left, top), words, fill=INK, font=ImageFont.load_default(13))


def write_upwards(sheet: Image.Image, words: str, middle: int, bottom: int) -> None:
    note = Image.new("RGB", (HEAD, 18), PAPER)
    write(note, words, 0, 0)
    turned = note.rotate(90, expand=True)
    sheet.paste(turned, (middle - 9, bottom - HEAD))


def to_picture(pixels: torch.Tensor) -> Image.Image:
    return Image.fromarray((pixels * 255).numpy().astype(np.uint8))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--grid", type=Path, nargs="?", const=GRID)
    parser.add_argument("--checkpoint", type=Path, default=DEMO)
    options = parser.parse_args()
    draw_plot(PLOT)
    if options.grid:
        draw_grid(options.grid, options.checkpoint)
