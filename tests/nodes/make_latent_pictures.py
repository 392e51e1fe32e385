"""Draws the picture of docs/pictures.md with the demo model.

python -m tests.nodes.make_latent_pictures
"""

from __future__ import annotations

from pathlib import Path

import torch
from PIL import Image as Pictures

from nodes.conditioning import average_conditioning
from nodes.image import scale_image_by
from nodes.inpaint import composite_images, encode_to_inpaint, extend_image
from nodes.inversion import invert_latent
from nodes.latent import decode_latent, empty_latent, encode_image
from nodes.latent_math import walk_latents
from nodes.loaders import load_checkpoint
from nodes.mask import draw_mask, feather_mask, mask_to_image
from nodes.sampling import sample
from nodes.text import encode_text
from nodes.types import Conditioning, Image, Latent
from tests.nodes.conftest import DEMO
from tests.nodes.make_sampler_pictures import to_picture
from tests.nodes.plain import PlainContext

PICTURE = Path(__file__).parents[2] / "docs" / "images" / "pictures.webp"
EDGE, GAP, STEPS, ACROSS = 128, 4, 20, 6


class Studio:
    """The demo model with the settings of the examples."""

    def __init__(self) -> None:
        self.parts, self.ctx = load_checkpoint(DEMO), PlainContext()
        self.nothing = self.text("")

    def text(self, words: str) -> Conditioning:
        return encode_text(self.parts.text_encoder, self.ctx, words)

    def draw(self, text: Conditioning, latent: Latent, seed: int, denoise: float = 1.0) -> Latent:
        return sample(self.parts.model, text, self.nothing, latent, self.ctx, seed=seed, steps=STEPS, guidance=5.0,
                      sampler="dpmpp_2m", schedule="karras", denoise=denoise)  # fmt: skip

    def show(self, latent: Latent) -> Image:
        return decode_latent(self.parts.vae, latent, self.ctx)


def painted(studio: Studio) -> list[Image]:
    """The pictures of the upper rows: inpainting, outpainting, two passes."""
    new, vae, ctx = empty_latent(EDGE, EDGE), studio.parts.vae, studio.ctx
    house = studio.show(studio.draw(studio.text("a red house on a meadow by day, with the sun in the sky"), new, 7))
    mask = draw_mask(EDGE, EDGE, "rectangle", 56, 40, 72, 80)
    words = studio.text("a blue tree on a meadow by day, on the right, with the sun in the sky")
    tree = studio.show(studio.draw(words, encode_to_inpaint(vae, house, mask, ctx, grow=4), 3))
    kept = composite_images(house, tree, feather_mask(mask, 4.0))
    castle = studio.show(studio.draw(studio.text("a white castle on a meadow by day, with clouds in the sky"), new, 7))
    image, border = extend_image(castle, right=64)
    words = studio.text("a meadow by day, with clouds in the sky")
    wider = studio.show(studio.draw(words, encode_to_inpaint(vae, image, border, ctx, grow=0), 5))
    wider = composite_images(image, wider, border)
    words = studio.text("an orange tree in the snow by day, with clouds in the sky")
    small = studio.show(studio.draw(words, new, 3))
    large = studio.show(studio.draw(words, encode_image(vae, scale_image_by(small, 1.5), ctx), 4, 0.35))
    return [house, mask_to_image(mask), kept, castle, wider, small, large]


def walks(studio: Studio) -> list[Image]:
    """The lower rows: between two texts, and between the noises of two pictures."""
    new, model, ctx = empty_latent(EDGE, EDGE), studio.parts.model, studio.ctx
    texts = studio.text("a red house on a meadow by day"), studio.text("a blue boat at sea at sunset")
    shares = [number / (ACROSS - 1) for number in range(ACROSS)]
    between = [studio.show(studio.draw(average_conditioning(*texts, share), new, 7)) for share in shares]
    ends = [studio.draw(text, new, seed) for text, seed in zip(texts, (7, 8), strict=True)]
    noises = [invert_latent(model, studio.nothing, None, end, ctx, steps=STEPS).latent for end in ends]
    way = walk_latents(noises[0], noises[1], ACROSS)
    made = studio.show(sample(model, studio.nothing, None, way, ctx, steps=STEPS, guidance=1.0, sampler="ddim",
                              add_noise=False))  # fmt: skip
    return [*between, *(Image(made.pixels[number : number + 1]) for number in range(ACROSS))]


def place(sheet: Pictures.Image, image: Image, column: float, top: int) -> None:
    sheet.paste(to_picture(image.pixels[0]), (round(column * (EDGE + GAP)), top))


def draw(path: Path) -> None:
    studio = Studio()
    house, mask, kept, castle, wider, small, large = painted(studio)
    tall = large.pixels.shape[1]
    sheet = Pictures.new("RGB", (ACROSS * (EDGE + GAP) - GAP, 3 * (EDGE + GAP) + tall), "white")
    for column, image in enumerate((house, mask, kept, castle)):
        place(sheet, image, column, 0)
    place(sheet, wider, 4, 0)
    walked = walks(studio)
    for number, image in enumerate(walked):
        place(sheet, image, number % ACROSS, (1 + number // ACROSS) * (EDGE + GAP))
    place(sheet, small, 0, 3 * (EDGE + GAP))
    place(sheet, scale_image_by(small, 1.5), 1, 3 * (EDGE + GAP))
    place(sheet, large, 2.5, 3 * (EDGE + GAP))
    sheet.save(path, quality=88)


if __name__ == "__main__":
    torch.manual_seed(0)
    draw(PICTURE)
