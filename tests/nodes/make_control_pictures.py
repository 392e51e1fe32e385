"""Writes docs/images/control.png: pictures of the demo model, and what ControlNets see of them.

python -m tests.nodes.make_control_pictures [--checkpoint FILE]
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path

from PIL import Image as Pictures
from PIL import ImageDraw

from nodes.latent import decode_latent, empty_latent
from nodes.loaders import Checkpoint, load_checkpoint
from nodes.preprocess import canny, line_art, soft_edge, tile_hint
from nodes.sampling import sample
from nodes.text import encode_text
from nodes.types import Image
from tests.nodes.make_guidance_pictures import DEMO
from tests.nodes.make_sampler_pictures import to_picture
from tests.nodes.plain import PlainContext

PICTURE = Path(__file__).parents[2] / "docs" / "images" / "control.png"
TEXTS = ("a red house on a meadow by day, with clouds in the sky", "a green tree on the beach at sunset")
SEED, STEPS, EDGE, LABEL, GAP = 7, 20, 128, 16, 4
WAYS: dict[str, Callable[[Image, PlainContext], Image]] = {
    "picture": lambda image, ctx: image,
    "canny": lambda image, ctx: canny(image, ctx, 0.2, 0.5),
    "soft edge": soft_edge,
    "line art": line_art,
    "tile hint": lambda image, ctx: tile_hint(image, ctx, 8.0),
}


def draw(path: Path, demo: Checkpoint) -> None:
    ctx = PlainContext()
    sheet = Pictures.new("RGB", (len(WAYS) * (EDGE + GAP) - GAP, LABEL + len(TEXTS) * (EDGE + GAP) - GAP), "white")
    for column, name in enumerate(WAYS):
        ImageDraw.Draw(sheet).text((column * (EDGE + GAP) + 2, 2), name, fill="black")
    for row, text in enumerate(TEXTS):
        wanted, unwanted = (encode_text(demo.text_encoder, ctx, words) for words in (text, ""))
        made = sample(demo.model, wanted, unwanted, empty_latent(EDGE, EDGE), ctx, seed=SEED, steps=STEPS,
                      guidance=5.0, sampler="dpmpp_2m", schedule="karras")  # fmt: skip
        image = decode_latent(demo.vae, made, ctx)
        for column, way in enumerate(WAYS.values()):
            pixels = way(image, ctx).pixels[0]
            sheet.paste(to_picture(pixels), (column * (EDGE + GAP), LABEL + row * (EDGE + GAP)))
    sheet.quantize(256).save(path, optimize=True)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--checkpoint", type=Path, default=DEMO)
    draw(PICTURE, load_checkpoint(parser.parse_args().checkpoint))
