"""Writes docs/images/areas.webp and conditioning.webp: the demo model under texts for areas and masks, and between two.

python -m tests.nodes.make_conditioning_pictures [--checkpoint FILE]
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path

import torch
from PIL import Image, ImageDraw

from nodes.conditioning import (
    Share,
    average_conditioning,
    combine_conditioning,
    set_conditioning_area,
    set_conditioning_mask,
    set_conditioning_strength,
)
from nodes.latent import decode_latent, empty_latent
from nodes.loaders import Checkpoint, load_checkpoint
from nodes.sampling import sample
from nodes.text import encode_text
from nodes.types import Conditioning, Mask
from tests.nodes.make_guidance_pictures import DEMO
from tests.nodes.make_sampler_pictures import to_picture
from tests.nodes.plain import PlainContext

FOLDER = Path(__file__).parents[2] / "docs" / "images"
SEED, STEPS, GUIDANCE, EDGE, LABEL, GAP = 11, 20, 5.0, 128, 16, 4
WIDE = 2 * EDGE
Encode = Callable[[str], Conditioning]


def areas(said: Encode) -> Conditioning:
    """A subject for each side over a text for the whole; the two areas overlap in the middle."""
    left = set_conditioning_area(said("a red house in the snow at sunset"), Share(0, 0, 0.6, 1))
    right = set_conditioning_area(said("a green tree in the snow at sunset"), Share(0.4, 0, 0.6, 1))
    return combine_conditioning(set_conditioning_strength(said("in the snow at sunset"), 0.5), left, right)


def masks(said: Encode) -> Conditioning:
    """A castle within a soft round mask, desert around it."""
    down, across = torch.linspace(0, 1, EDGE)[:, None], torch.linspace(0, 1, WIDE)[None]
    spot = (1.5 - (((across - 0.7) / 0.22) ** 2 + ((down - 0.6) / 0.45) ** 2).sqrt()).clamp(0, 1)[None]
    return combine_conditioning(
        set_conditioning_mask(said("in the desert at sunset"), Mask(1 - spot)),
        set_conditioning_mask(said("a blue castle in the desert at sunset"), Mask(spot)),
    )


def draw(folder: Path, demo: Checkpoint) -> None:
    ctx = PlainContext()

    def said(text: str) -> Conditioning:
        return encode_text(demo.text_encoder, ctx, text)

    def run(text: Conditioning, width: int) -> Image.Image:
        latent = sample(demo.model, text, said(""), empty_latent(width, EDGE), ctx, seed=SEED, steps=STEPS,
                        guidance=GUIDANCE, sampler="dpmpp_2m", schedule="karras")  # fmt: skip
        return to_picture(decode_latent(demo.vae, latent, ctx).pixels[0])

    house, boat = said("a red house on a meadow by day"), said("a blue boat at sea at sunset")
    one = said("a red house on the left and a green tree on the right in the snow at sunset")
    rows = {
        "areas": [
            ("one text", run(one, WIDE)),
            ("an area for each", run(areas(said), WIDE)), ("two masks", run(masks(said), WIDE)),
        ],
        "conditioning": [(f"average {factor:g}", run(average_conditioning(house, boat, factor), EDGE))
                         for factor in (0.0, 0.4, 0.5, 0.6, 1.0)]
        + [("[house:boat:0.2]", run(said("[a red house on a meadow by day:a blue boat at sea at sunset:0.2]"), EDGE))],
    }  # fmt: skip
    for file, row in rows.items():
        sheet = Image.new("RGB", (6 * (EDGE + GAP) - GAP, LABEL + EDGE), "white")
        left = 0
        for name, picture in row:
            ImageDraw.Draw(sheet).text((left + 2, 2), name, fill="black")
            sheet.paste(picture, (left, LABEL))
            left += (sheet.width + GAP) // len(row)
        sheet.save(folder / f"{file}.webp", quality=88, method=6)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--checkpoint", type=Path, default=DEMO)
    draw(FOLDER, load_checkpoint(parser.parse_args().checkpoint))
