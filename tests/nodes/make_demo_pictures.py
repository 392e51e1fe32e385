"""Draws the pictures of what ships beside the demo model, into docs/images/demo-TOPIC.webp.

python -m tests.nodes.make_demo_pictures [control|style|word|inpainting …]
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from pathlib import Path

import torch
from PIL import Image as Pictures
from PIL import ImageDraw

from nodes.demo import control, style, word
from nodes.demo.captions import full_caption
from nodes.demo.measures import as_image, hole_over
from nodes.demo.pictures import drawn, scenes_of
from nodes.demo.studio import STYLED, Studio
from nodes.types import Image, Mask
from tests.nodes.make_sampler_pictures import to_picture

FOLDER = Path(__file__).parents[2] / "docs" / "images"
EDGE, LABEL, GAP, ACROSS, SEED = 128, 16, 4, 5, 5150
Row = tuple[str, Sequence[Image]]


def control_rows(studio: Studio) -> list[Row]:
    """Renders, their edges, and what three texts make of them; scenes as drawn, none chosen."""
    pictures = drawn(scenes_of(ACROSS, SEED, held_out=True))
    true = [as_image(pixels) for pixels in pictures.images]
    edges = [studio.edges(image, control.LOW, control.HIGH) for image in true]
    said = [
        studio.steered(full_caption(s), e, control.FILE, n)
        for n, (s, e) in enumerate(zip(pictures.scenes, edges, strict=True))
    ]
    none = [studio.steered("", e, control.FILE, n) for n, e in enumerate(edges)]
    free = [studio.drawn(full_caption(scene), n) for n, scene in enumerate(pictures.scenes)]
    return [("a drawn scene", true), ("its edges", edges), ("its text, steered", said), ("no text, steered", none),
            ("its text, not steered", free)]  # fmt: skip


def style_rows(studio: Studio) -> list[Row]:
    """The same texts and seeds without the LoRA, half and whole."""
    texts = [full_caption(scene) for scene in scenes_of(ACROSS, SEED, held_out=True)]
    rows: list[Row] = []
    for strength in (0.0, 0.5, 1.0):
        model = studio.with_lora(style.FILE, strength)
        made = [studio.drawn(text, seed, model, STYLED) for seed, text in enumerate(texts)]
        rows.append((f"LoRA {strength:g}", made))
    return rows


def word_rows(studio: Studio) -> list[Row]:
    """A colour learnt, and the name of that colour, which the model does not know."""
    kinds = ("house", "tree", "boat", "castle", "mushroom")
    return [
        (f"a {name} house …", [studio.drawn(f"a {name} {kind} in the middle on a meadow by day", seed)
                               for seed, kind in enumerate(kinds)])
        for name in (f"embedding:{word.FILE.stem}", word.COLOUR)
    ]  # fmt: skip


def inpainting_rows(studio: Studio) -> list[Row]:
    """Holes over half a subject, filled by both ways; scenes as drawn, none chosen."""
    pictures = drawn(scenes_of(ACROSS, SEED, held_out=True))
    true, holes, seen, plain = [], [], [], []
    for seed, (scene, pixels, mask) in enumerate(zip(pictures.scenes, pictures.images, pictures.masks, strict=True)):
        hole = torch.from_numpy(hole_over(scene, mask))[None]
        image, text = as_image(pixels), full_caption(scene)
        true.append(image)
        holes.append(Image(torch.lerp(image.pixels, torch.full_like(image.pixels, 0.5), hole[..., None])))
        seen.append(studio.over(image, studio.inpainted(text, image, Mask(hole), seed), Mask(hole)))
        plain.append(studio.over(image, studio.masked(text, image, Mask(hole), seed), Mask(hole)))
    return [("a drawn scene", true), ("with a hole", holes), ("the inpainting LoRA and a mask on the latent", seen),
            ("a mask on the latent, the plain model", plain)]  # fmt: skip


ROWS: dict[str, Callable[[Studio], list[Row]]] = {
    "control": control_rows, "style": style_rows, "word": word_rows, "inpainting": inpainting_rows,
}  # fmt: skip


def sheet(rows: list[Row]) -> Pictures.Image:
    whole = Pictures.new("RGB", (ACROSS * (EDGE + GAP) - GAP, len(rows) * (LABEL + EDGE + GAP) - GAP), "white")
    pen = ImageDraw.Draw(whole)
    for number, (label, images) in enumerate(rows):
        top = number * (LABEL + EDGE + GAP)
        pen.text((2, top + 2), label, fill="black")
        for column, image in enumerate(images):
            whole.paste(to_picture(image.pixels[0]), (column * (EDGE + GAP), top + LABEL))
    return whole


if __name__ == "__main__":
    studio = Studio()
    for topic in sys.argv[1:] or ROWS:
        sheet(ROWS[topic](studio)).save(FOLDER / f"demo-{topic}.webp", quality=86, method=6)
