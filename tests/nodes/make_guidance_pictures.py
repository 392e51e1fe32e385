"""Writes docs/images/guidance.png, the demo model under each method of guidance, and prints what each one does.

python -m tests.nodes.make_guidance_pictures [--checkpoint FILE]

The columns printed: how far the latent is from plain guidance at the neutral and at the usual value (relative L2),
how many rows the model is asked at most, and the share of the picture's values that are at either end (burnt).
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path

import torch
from PIL import Image, ImageDraw
from torch import Tensor

from nodes.guidance import (
    Share,
    cfg_zero_star,
    dual_guidance,
    limit_guidance,
    perpendicular_negative,
    perturb_attention,
    project_guidance,
    rescale_guidance,
    skip_layers,
)
from nodes.latent import decode_latent, empty_latent
from nodes.loaders import Checkpoint, load_checkpoint
from nodes.sampling import sample
from nodes.text import encode_text
from nodes.types import Conditioning, Latent, Model
from tests.nodes.make_sampler_pictures import to_picture
from tests.nodes.plain import PlainContext

PICTURE = Path(__file__).parents[2] / "docs" / "images" / "guidance.png"
DEMO = Path(__file__).parents[2] / "nodes" / "demo" / "models" / "checkpoints" / "loom-demo.safetensors"
POSITIVE, MIDDLE = "a red house on a meadow at sunset, with clouds in the sky", "a house on a meadow"
NEGATIVE = "a blue house at night"
SEED, STEPS, EDGE, LABEL, GAP = 7, 20, 128, 16, 4
STRENGTHS = (5.0, 14.0)
Change = Callable[[Model, dict[str, Conditioning], float], Model]
"""Of a model, by the texts and the guidance of the sampler."""

METHODS: dict[str, tuple[Change, Change]] = {
    "plain CFG": (lambda m, t, g: m, lambda m, t, g: m),
    "rescale": (lambda m, t, g: rescale_guidance(m, 0.0), lambda m, t, g: rescale_guidance(m, 0.7)),
    "interval": (
        lambda m, t, g: limit_guidance(m, Share(0.0, 1.0)),
        lambda m, t, g: limit_guidance(m, Share(0.2, 0.9)),
    ),
    "APG": (lambda m, t, g: project_guidance(m, 1.0, 0.0, 0.0), lambda m, t, g: project_guidance(m, 0.0, 2.0, -0.5)),
    "PAG": (lambda m, t, g: perturb_attention(m, 0.0), lambda m, t, g: perturb_attention(m, 3.0, "0")),
    "SLG": (lambda m, t, g: skip_layers(m, 0.0, "4"), lambda m, t, g: skip_layers(m, 2.8, "4", 0.01, 0.2)),
    "CFG-Zero*": (lambda m, t, g: cfg_zero_star(m, 0.0), lambda m, t, g: cfg_zero_star(m, 1.0)),
    "dual CFG": (lambda m, t, g: dual_guidance(m, t["middle"], g), lambda m, t, g: dual_guidance(m, t["middle"], 2.0)),
    "Perp-Neg": (
        lambda m, t, g: perpendicular_negative(m, t["negative"], 0.0),
        lambda m, t, g: perpendicular_negative(m, t["empty"], 1.0),
    ),
}


class Counting(PlainContext):
    """Notes how many rows the model is asked at most."""

    most = 0

    def weights(self, recipe: object) -> object:
        loaded = super().weights(recipe)
        if hasattr(loaded, "predict") and "predict" not in vars(loaded):
            predict = loaded.predict

            def counted(x: Tensor, sigma: float, told: object) -> Tensor:
                self.most = max(self.most, len(x))
                found: Tensor = predict(x, sigma, told)
                return found

            loaded.predict = counted
        return loaded


def draw(path: Path, demo: Checkpoint) -> None:
    ctx = Counting()
    said = {"positive": POSITIVE, "middle": MIDDLE, "negative": NEGATIVE, "empty": ""}
    texts = {name: encode_text(demo.text_encoder, ctx, text) for name, text in said.items()}

    def run(model: Model, guidance: float) -> Latent:
        ctx.most = 0
        return sample(model, texts["positive"], texts["negative"], empty_latent(EDGE, EDGE), ctx, seed=SEED,
                      steps=STEPS, guidance=guidance, sampler="dpmpp_2m", schedule="karras")  # fmt: skip

    plain = {guidance: run(demo.model, guidance).samples for guidance in STRENGTHS}
    sheet = Image.new("RGB", (len(METHODS) * (EDGE + GAP) - GAP, LABEL + len(STRENGTHS) * (EDGE + GAP) - GAP), "white")
    for column, (name, (neutral, usual)) in enumerate(METHODS.items()):
        ImageDraw.Draw(sheet).text((column * (EDGE + GAP) + 2, 2), name, fill="black")
        for row, guidance in enumerate(STRENGTHS):
            still = distance(run(neutral(demo.model, texts, guidance), guidance).samples, plain[guidance])
            made = run(usual(demo.model, texts, guidance), guidance)
            pixels = decode_latent(demo.vae, made, ctx).pixels[0]
            sheet.paste(to_picture(pixels), (column * (EDGE + GAP), LABEL + row * (EDGE + GAP)))
            moved = distance(made.samples, plain[guidance])
            print(f"{name:10} {guidance:4.0f} {still:.1e} {moved:.3f} {ctx.most} {burnt(pixels):.1%}", flush=True)
    sheet.quantize(256).save(path, optimize=True)


def distance(found: Tensor, wanted: Tensor) -> float:
    return float((found - wanted).norm() / wanted.norm())


def burnt(pixels: Tensor) -> float:
    return float(torch.logical_or(pixels < 1 / 255, pixels > 254 / 255).float().mean())


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--checkpoint", type=Path, default=DEMO)
    draw(PICTURE, load_checkpoint(parser.parse_args().checkpoint))
