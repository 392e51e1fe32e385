"""Trains the demo model to paint into a picture: a first layer that sees the picture, and a LoRA, both in one file.

As inpainting models of Stable Diffusion 1.x do (Rombach et al., 2022), it reads beside the noise a mask and what the
mask leaves of the picture: 9 channels in place of 4.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from nodes.demo.adapter import Adapter
from nodes.demo.architecture import LATENT_SCALE, Vae
from nodes.demo.lessons import Lesson, frozen, lesson, picked
from nodes.demo.pen import SIZE
from nodes.demo.pictures import Pictures
from nodes.demo.shipped import Shipped
from nodes.demo.training import Plan, Run, default_device, in_threads, mixed_precision, shares_of
from nodes.demo.vae import as_tensor, moments

FILE = Path(__file__).parent / "models" / "loras" / "loom-demo-inpainting.safetensors"
METADATA = {
    "modelspec.sai_model_spec": "1.0.0",
    "modelspec.architecture": "stable-diffusion-v1/lora",
    "modelspec.title": "Latent Loom demo LoRA: inpainting",
    "modelspec.license": "Apache-2.0",
    "modelspec.description": "Makes an inpainting model (9 input channels) of the Latent Loom demo model.",
    "loom.title": "Inpainting by the demo model",
    "loom.licence": "Apache-2.0",
}
RANK = 8
NOISY_SHARE = 0.4
HOLE_WEIGHT = 2.0
CELL = 8


@dataclass(frozen=True)
class Holes:
    """What the model is shown of pictures with holes: `cells` n x 1 x h x w, 1 in the hole; `seen` n x 4 x h x w."""

    cells: Tensor
    seen: Tensor


def random_hole(rng: np.random.Generator) -> np.ndarray:
    """A mask of the picture's size, 1 in the hole: a rectangle, an ellipse, all beyond an edge, or everything."""
    kind = rng.random()
    y, x = np.mgrid[:SIZE, :SIZE] + 0.5
    if kind < 0.05:
        return np.ones((SIZE, SIZE), np.float32)
    if kind < 0.25:
        away = (x, SIZE - x, y, SIZE - y)[int(rng.integers(4))]
        return np.asarray(away < rng.integers(24, 97), np.float32)
    wide, tall = rng.integers(24, 97, size=2)
    left, top = rng.integers(-8, SIZE + 8 - wide), rng.integers(-8, SIZE + 8 - tall)
    across, down = (x - left - wide / 2) / (wide / 2), (y - top - tall / 2) / (tall / 2)
    inside = np.maximum(abs(across), abs(down)) <= 1 if kind < 0.75 else across**2 + down**2 <= 1
    return np.asarray(inside, np.float32)


def holes_in(vae: Vae, images: np.ndarray, seed: int, batch: int = 16) -> Holes:
    """One random hole for each picture; grey in the hole, as the product shows it to such models."""
    device = next(vae.parameters()).device
    masks = np.stack([random_hole(np.random.default_rng([seed, i, 1])) for i in range(len(images))])
    whole = torch.from_numpy(masks)[:, None]

    def encoded(start: int) -> Tensor:
        rows = slice(start, start + batch)
        with torch.no_grad(), mixed_precision(device):
            mean, _ = moments(vae, (as_tensor(images[rows]) * (1 - whole[rows])).to(device))
        return mean.cpu() * LATENT_SCALE

    seen = torch.cat(in_threads(encoded, range(0, len(images), batch), device))
    return Holes(functional.interpolate(whole, scale_factor=1 / CELL, mode="bilinear").round(), seen)


def _share(adapter: Adapter, base: Shipped, batch: Lesson, beside: Tensor) -> Tensor:
    with mixed_precision(batch.noisy.device):
        found = adapter.predict(base.unet, torch.cat([batch.noisy, beside], dim=1), batch.times, batch.states(base))
    return batch.loss(found)


def train_inpainting(
    base: Shipped, pictures: Pictures, latents: Tensor, holes: Holes, plan: Plan, checkpoint: Path
) -> Adapter:
    """Learns until `plan.steps`, from the checkpoint when there is one; returns the averaged weights' adapter."""
    device = default_device()
    torch.manual_seed(plan.seed)
    base = frozen(base, device)
    adapter = Adapter(base.unet, RANK, widened=True).to(device)
    run = Run(adapter, plan, checkpoint)
    while run.step < plan.steps:
        chosen, rng = picked(len(holes.seen), plan, run.step)
        scenes = [pictures.scenes[i] for i in chosen]
        batch = lesson(base, scenes, latents[chosen], pictures.masks[chosen], plan, run.step, rng, NOISY_SHARE)
        cells = holes.cells[chosen].to(device)
        batch.cells.mul_(1 + HOLE_WEIGHT * cells)
        beside = torch.cat([cells, holes.seen[chosen].to(device)], dim=1)
        shares = shares_of(plan.batch, device)
        run.learn([partial(_share, adapter, base, batch.of(share), beside[share]) for share in shares])
    adapter.load_state_dict(run.average)
    return adapter


def write(adapter: Adapter, base: Shipped, path: Path = FILE) -> None:
    from safetensors.torch import save_file

    path.parent.mkdir(parents=True, exist_ok=True)
    save_file(adapter.tensors(base.unet), path, METADATA)
