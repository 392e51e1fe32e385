"""Writes docs/images/lora.webp: the demo model with a LoRA at several strengths, and mixed of itself block by block.

python -m tests.nodes.make_lora_pictures

The LoRA is made as anyone can make one: a model is changed by mixing, and its difference saved.
"""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from PIL import Image, ImageDraw

from nodes.hub.places import MODELS
from nodes.latent import decode_latent, empty_latent
from nodes.loaders import Checkpoint, load_checkpoint
from nodes.lora import load_lora_for_model
from nodes.merge import add_models, merge_blocks
from nodes.sampling import sample
from nodes.saving import save_lora
from nodes.text import encode_text
from nodes.types import Model
from tests.nodes.make_sampler_pictures import to_picture
from tests.nodes.plain import PlainContext

PICTURE = Path(__file__).parents[2] / "docs" / "images" / "lora.webp"
DEMO = Path(__file__).parents[2] / "nodes" / "demo" / "models" / "checkpoints" / "loom-demo.safetensors"
TEXT, SEED, STEPS, GUIDANCE, EDGE, LABEL, GAP = "a red house on a meadow at sunset", 7, 20, 5.0, 128, 16, 4
LESS = 0.1
STRENGTHS = (-1.0, 0.0, 0.5, 1.0, 1.5)
RANK = 16


def main() -> None:
    ctx = PlainContext()
    demo = load_checkpoint(DEMO)
    weaker = add_models(demo.model, demo.model, -LESS)
    with tempfile.TemporaryDirectory() as folder:
        os.environ[MODELS] = folder
        save_lora(merge_blocks(demo.model, weaker, 0.0, 0.0, 1.0), demo.model, ctx, rank=RANK)
        file = Path(folder) / "loras" / "lora_00001.safetensors"
        print(*ctx.texts, file.stat().st_size)
        first = [(f"LoRA {strength:g}", load_lora_for_model(demo.model, file, ctx, strength)) for strength in STRENGTHS]
        blocks = {
            "input": (1.0, 0.0, 0.0),
            "middle": (0.0, 1.0, 0.0),
            "output": (0.0, 0.0, 1.0),
            "all": (1.0, 1.0, 1.0),
        }
        second = [("the demo model", demo.model)]
        second += [(f"{name} x {1 - LESS:g}", merge_blocks(demo.model, weaker, *at)) for name, at in blocks.items()]
        sheet([first, second], demo, ctx).save(PICTURE, quality=88, method=6)
    print(PICTURE, PICTURE.stat().st_size)


def sheet(rows: list[list[tuple[str, Model]]], demo: Checkpoint, ctx: PlainContext) -> Image.Image:
    width, height = len(rows[0]) * (EDGE + GAP) + GAP, len(rows) * (EDGE + LABEL + GAP) + GAP
    whole = Image.new("RGB", (width, height), "white")
    pen = ImageDraw.Draw(whole)
    for row, models in enumerate(rows):
        for column, (label, model) in enumerate(models):
            left, top = GAP + column * (EDGE + GAP), GAP + row * (EDGE + LABEL + GAP)
            pen.text((left, top), label, fill="black")
            whole.paste(drawn(model, demo, ctx), (left, top + LABEL))
    return whole


def drawn(model: Model, demo: Checkpoint, ctx: PlainContext) -> Image.Image:
    text, nothing = (encode_text(demo.text_encoder, ctx, words) for words in (TEXT, ""))
    latent = sample(
        model, text, nothing, empty_latent(EDGE, EDGE), ctx, seed=SEED, steps=STEPS, guidance=GUIDANCE,
        sampler="dpmpp_2m", schedule="karras",
    )  # fmt: skip
    return to_picture(decode_latent(demo.vae, latent, ctx).pixels[0])


if __name__ == "__main__":
    main()
