"""The checkpoint that the references were made from: full-size Stable Diffusion 1.5 with seeded random weights.

Its outputs are finite because an identity path leads from the UNet's input over its last skip to its output
(epsilon is about x plus noise). The file is the same bit for bit whenever it is written.
"""

from __future__ import annotations

import gzip
import json
import math
from pathlib import Path

import torch
from safetensors.torch import save_file
from torch import Tensor

NAMES = Path(__file__).parents[1] / "nodes" / "reference" / "sd15_names.json.gz"
SEED = 1234
Weights = dict[str, Tensor]

# Each latent channel travels in two of the UNet's channels, once with either sign.
PLUS, MINUS = [0, 10, 20, 30], [40, 50, 60, 70]
HALVED = {
    "unet": ("out_layers.3.weight", "to_out.0.weight", "ff.net.2.weight", "proj_out.weight"),
    "vae": ("conv2.weight", "proj_out.weight"),
}
PREFIX = {"unet": "model.diffusion_model.", "vae": "first_stage_model.", "clip": "cond_stage_model."}


def write_checkpoint(path: Path) -> None:
    """Write the 2.1 GB file, float16, in the single-file layout; it appears when it is whole."""
    generator = torch.Generator().manual_seed(SEED)
    shapes = json.loads(gzip.decompress(NAMES.read_bytes()))
    unet = drawn(shapes["unet"], generator, "unet")
    lay_path(unet)
    vae = drawn(shapes["vae"], generator, "vae")
    vae["decoder.conv_out.weight"] *= 0.6
    vae["encoder.conv_out.weight"] *= 0.8
    clip = drawn(shapes["clip"], generator, "clip")
    clip["transformer.text_model.embeddings.position_embedding.weight"] *= 0.2
    parts = {"unet": unet, "vae": vae, "clip": clip}
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_suffix(".part")
    whole = {PREFIX[kind] + name: value for kind, some in parts.items() for name, value in some.items()}
    save_file({name: value.half().contiguous() for name, value in whole.items()}, part)
    part.replace(path)


def drawn(shapes: list[tuple[str, list[int]]], generator: torch.Generator, kind: str) -> Weights:
    """Random weights of a sensible size for what each is, in the order of the names."""
    weights = {}
    for name, shape in shapes:
        values = torch.randn(*shape, generator=generator)
        if len(shape) == 1:
            values = 1 + 0.05 * values if name.endswith("weight") else 0.02 * values
        elif "embedding" in name and len(shape) == 2 and "time" not in name:
            values = 0.5 * values
        else:
            values = values * (1.0 / math.sqrt(math.prod(shape[1:])))
        weights[name] = values * 0.5 if name.endswith(HALVED.get(kind, ("\0",))) else values
    return weights


def lay_path(unet: Weights) -> None:
    """Let the latent through from the first convolution over the last skip to the last one."""
    first, first_bias = unet["input_blocks.0.0.weight"], unet["input_blocks.0.0.bias"]
    skip, skip_bias = (unet[f"output_blocks.11.0.skip_connection.{part}"] for part in ("weight", "bias"))
    last, last_bias = unet["out.2.weight"], unet["out.2.bias"]
    last *= 0.35
    for i, (plus, minus) in enumerate(zip(PLUS, MINUS, strict=True)):
        for channel, sign in ((plus, 1.0), (minus, -1.0)):
            first[channel] = first_bias[channel] = 0
            first[channel, i, 1, 1] = sign
            skip[channel] = skip_bias[channel] = 0
            skip[channel, 320 + channel, 0, 0] = 1.0
            for block in ("0.out_layers.3", "1.proj_out"):
                unet[f"output_blocks.11.{block}.weight"][channel] *= 0.1
                unet[f"output_blocks.11.{block}.bias"][channel] = 0
            unet["out.0.weight"][channel] = 1.0
            unet["out.0.bias"][channel] = 0
        last[i, plus] = last[i, minus] = 0
        last[i, plus, 1, 1], last[i, minus, 1, 1] = 0.95, -0.95
        last_bias[i] = 0
