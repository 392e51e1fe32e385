"""Draws the pictures of docs/img2img.md, inpainting.md, walks.md and large-pictures.md with the demo model.

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
from nodes.types import Conditioning, Image, Latent, Mask
from tests.nodes.conftest import DEMO
from tests.nodes.make_sampler_pictures import to_picture
from tests.nodes.plain import PlainContext

FOLDER = Path(__file__).parents[2] / "docs" / "images"
EDGE, GAP, STEPS, ACROSS = 128, 4, 20, 6
HOUSE = "a red house on a meadow by day, with the sun in the sky"


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


Rows = list[list[Image]]


def changed(studio: Studio) -> Rows:
    """A picture, and what another text makes of it the more it is let."""
    house = studio.show(studio.draw(studio.text(HOUSE), empty_latent(EDGE, EDGE), 7))
    start = encode_image(studio.parts.vae, house, studio.ctx)
    words = studio.text("a red house in the snow at sunset, with clouds in the sky")
    shares = (0.2, 0.4, 0.6, 0.8, 1.0)
    return [[house, *(studio.show(studio.draw(words, start, 3, share)) for share in shares)]]


def painted(studio: Studio) -> Rows:
    """What is painted into a picture by a hard and by a soft mask, and beyond its edge."""
    new, vae, ctx = empty_latent(EDGE, EDGE), studio.parts.vae, studio.ctx
    house = studio.show(studio.draw(studio.text(HOUSE), new, 7))
    mask = draw_mask(EDGE, EDGE, "rectangle", 56, 40, 72, 80)
    words = studio.text("a blue tree on a meadow by day, on the right, with the sun in the sky")
    tree = studio.show(studio.draw(words, encode_to_inpaint(vae, house, mask, ctx, grow=4), 3))
    kept = composite_images(house, tree, feather_mask(mask, 4.0))
    rising = Mask(torch.linspace(1, 0, EDGE)[None, :, None].expand(1, EDGE, EDGE).contiguous())
    words = studio.text("a red house on a meadow by night, with the moon in the sky")
    soft = encode_to_inpaint(vae, house, rising, ctx, grow=0, soft_parts="in time")
    night = studio.show(studio.draw(words, soft, 3))
    castle = studio.show(studio.draw(studio.text("a white castle on a meadow by day, with clouds in the sky"), new, 7))
    image, border = extend_image(castle, right=64)
    words = studio.text("a meadow by day, with clouds in the sky")
    wider = studio.show(studio.draw(words, encode_to_inpaint(vae, image, border, ctx, grow=0), 5))
    wider = composite_images(image, wider, border)
    return [[house, mask_to_image(mask), kept, mask_to_image(rising), night], [castle, mask_to_image(border), wider]]


def walks(studio: Studio) -> Rows:
    """Between two texts, between the noises of two pictures, and a picture drawn anew from its own noise."""
    new, model, ctx = empty_latent(EDGE, EDGE), studio.parts.model, studio.ctx
    texts = studio.text("a red house on a meadow by day"), studio.text("a blue boat at sea at sunset")
    shares = [number / (ACROSS - 1) for number in range(ACROSS)]
    between = [studio.show(studio.draw(average_conditioning(*texts, share), new, 7)) for share in shares]
    ends = [studio.draw(text, new, seed) for text, seed in zip(texts, (7, 8), strict=True)]
    noises = [invert_latent(model, studio.nothing, None, end, ctx, steps=STEPS).latent for end in ends]
    way = walk_latents(noises[0], noises[1], ACROSS)
    made = drawn(studio, studio.nothing, way)
    return [
        between,
        [Image(made.pixels[number : number + 1]) for number in range(ACROSS)],
        again(studio, ends[0], texts[0]),
    ]


def again(studio: Studio, end: Latent, text: Conditioning) -> list[Image]:
    """A picture, its noise, the picture that comes back from it, and what other texts make of the same noise."""
    noise = invert_latent(studio.parts.model, text, None, end, studio.ctx, steps=STEPS).latent
    others = (
        "a red house on a meadow at sunset",
        "a red house in the desert by day",
        "a yellow house in the snow by day",
    )
    back = [drawn(studio, one, noise) for one in (text, *map(studio.text, others))]
    return [studio.show(end), studio.show(noise), *back]


def drawn(studio: Studio, text: Conditioning, noise: Latent) -> Image:
    model, ctx = studio.parts.model, studio.ctx
    return studio.show(
        sample(model, text, None, noise, ctx, steps=STEPS, guidance=1.0, sampler="ddim", add_noise=False)
    )


def enlarged(studio: Studio) -> Rows:
    """A picture, the same scaled up, and sampled again at that size."""
    words = studio.text("an orange tree in the snow by day, with clouds in the sky")
    small = studio.show(studio.draw(words, empty_latent(EDGE, EDGE), 3))
    large = scale_image_by(small, 1.5)
    start = encode_image(studio.parts.vae, large, studio.ctx)
    return [[small, large, studio.show(studio.draw(words, start, 4, 0.35))]]


def put(name: str, rows: Rows) -> None:
    """The rows one below the other, each picture in its own size."""
    sizes = [[one.pixels.shape[1:3] for one in row] for row in rows]
    width = max(sum(wide + GAP for _, wide in row) for row in sizes) - GAP
    tall = [max(high for high, _ in row) for row in sizes]
    sheet = Pictures.new("RGB", (width, sum(tall) + GAP * (len(rows) - 1)), "white")
    top = 0
    for row, high in zip(rows, tall, strict=True):
        left = 0
        for image in row:
            sheet.paste(to_picture(image.pixels[0]), (left, top))
            left += image.pixels.shape[2] + GAP
        top += high + GAP
    sheet.save(FOLDER / f"{name}.webp", quality=86, method=6)


if __name__ == "__main__":
    torch.manual_seed(0)
    one = Studio()
    put("img2img", changed(one))
    put("inpainting", painted(one))
    put("walks", walks(one))
    put("two-pass", enlarged(one))
