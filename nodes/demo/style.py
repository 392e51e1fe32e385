"""Trains a LoRA for the shipped model: it learns to draw everything as a poster (see styles.py), whatever is asked for.

The captions are those of the same scenes in flat colours and never speak of a style.
"""

from __future__ import annotations

from functools import partial
from pathlib import Path

import torch
from torch import Tensor

from nodes.demo.adapter import Adapter
from nodes.demo.lessons import Lesson, frozen, lesson, picked
from nodes.demo.pictures import Pictures
from nodes.demo.shipped import Shipped
from nodes.demo.training import Plan, Run, default_device, mixed_precision, shares_of

FILE = Path(__file__).parent / "models" / "loras" / "loom-demo-poster.safetensors"
METADATA = {
    "modelspec.sai_model_spec": "1.0.0",
    "modelspec.architecture": "stable-diffusion-v1/lora",
    "modelspec.title": "Latent Loom demo LoRA: poster",
    "modelspec.license": "Apache-2.0",
    "modelspec.description": "Draws everything as a travel poster. For the Latent Loom demo model.",
    "loom.title": "Posters by the demo model",
    "loom.licence": "Apache-2.0",
}
RANK = 6
NOISY_SHARE = 0.4
SILENT = 0.5
"""Of the captions: guidance multiplies whatever the texts' pictures and those of no text differ in, so no text must
mean the same poster sky."""
SUBJECT_SHARE = 0.5
"""Of the weight that subjects' cells usually have beyond the others: most of the style is in the sky."""


def _share(adapter: Adapter, base: Shipped, batch: Lesson) -> Tensor:
    with mixed_precision(batch.noisy.device):
        found = adapter.predict(base.unet, batch.noisy, batch.times, batch.states(base))
    return batch.loss(found)


def train_style(base: Shipped, posters: Pictures, latents: Tensor, plan: Plan, checkpoint: Path) -> Adapter:
    """Learns until `plan.steps`, from the checkpoint when there is one; returns the averaged weights' adapter."""
    device = default_device()
    torch.manual_seed(plan.seed)
    base = frozen(base, device)
    adapter = Adapter(base.unet, RANK).to(device)
    run = Run(adapter, plan, checkpoint)
    while run.step < plan.steps:
        chosen, rng = picked(len(posters.scenes), plan, run.step)
        scenes = [posters.scenes[i] for i in chosen]
        masks = posters.masks[chosen] * SUBJECT_SHARE
        batch = lesson(base, scenes, latents[chosen], masks, plan, run.step, rng, NOISY_SHARE, SILENT)
        shares = shares_of(plan.batch, device)
        run.learn([partial(_share, adapter, base, batch.of(share)) for share in shares])
    adapter.load_state_dict(run.average)
    return adapter


def write(adapter: Adapter, base: Shipped, path: Path = FILE) -> None:
    from safetensors.torch import save_file

    path.parent.mkdir(parents=True, exist_ok=True)
    save_file(adapter.tensors(base.unet), path, METADATA)
