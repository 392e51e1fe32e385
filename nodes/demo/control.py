"""Trains a ControlNet (Zhang et al., 2023) for the shipped model: it learns to follow the Canny edges of a scene.

Its encoder begins as a copy of the model's, and what it adds begins at zero. The model itself stays as it is.
"""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from nodes.demo.attention import Float32Attention
from nodes.demo.lessons import Lesson, frozen, lesson, picked
from nodes.demo.pictures import Pictures
from nodes.demo.shipped import Shipped
from nodes.demo.training import Plan, Run, default_device, mixed_precision, shares_of
from nodes.diffusion.lines import canny

ControlNet: TypeAlias = Any  # diffusers'

FILE = Path(__file__).parent / "models" / "controlnet" / "loom-demo-canny.safetensors"
METADATA = {
    "modelspec.sai_model_spec": "1.0.0",
    "modelspec.architecture": "stable-diffusion-v1/controlnet",
    "modelspec.title": "Latent Loom demo ControlNet: Canny edges",
    "modelspec.license": "Apache-2.0",
    "modelspec.description": "Follows edges found by Canny at slopes 0.15 and 0.3. For the Latent Loom demo model.",
    "loom.title": "Canny edges for the demo model",
    "loom.licence": "Apache-2.0",
}

LOW, HIGH = 0.15, 0.3  # slopes: lower ones draw the steps of gradients, higher ones lose subjects at night
HINT = (8, 16, 32, 64)  # channels that read the edges, from the picture's size down to the latent's
NOISY_SHARE = 0.3
EDGE_WEIGHT = 3.0  # of the cells that edges cross, beyond the others
SILENT = 0.4  # of the captions: then the edges alone must tell what there is


def build_control(base: Shipped) -> ControlNet:
    from diffusers import ControlNetModel

    control = ControlNetModel.from_unet(base.unet, conditioning_embedding_out_channels=HINT)
    control.requires_grad_(True)
    control.mid_block.requires_grad_(False)  # at 4 x 4 there are no edges; it is most of the weights
    return control


def edges_of(images: np.ndarray) -> np.ndarray:
    """Edges of uint8 pictures (n, h, w, 3) as eight to a byte, uint8 (n, h, w / 8)."""
    found = [canny(torch.from_numpy(np.array(image))[None] / 255, LOW, HIGH)[0].numpy() > 0 for image in images]
    return np.packbits(np.stack(found), axis=-1)


def as_hint(edges: np.ndarray) -> Tensor:
    """White on black, float (n, 3, h, w), of what `edges_of` gives."""
    lines = torch.from_numpy(np.unpackbits(edges, axis=-1)).float()
    return lines[:, None].repeat(1, 3, 1, 1)


def crossed(hint: Tensor) -> Tensor:
    """How much more each latent value counts where edges cross its cell, n x 1 x h / 8 x w / 8; 1 on average."""
    weights = 1 + EDGE_WEIGHT * functional.max_pool2d(hint[:, :1], 8)
    return weights / weights.mean(dim=(1, 2, 3), keepdim=True)


def _share(control: ControlNet, base: Shipped, batch: Lesson, hint: Tensor) -> Tensor:
    with mixed_precision(hint.device):
        states = batch.states(base)
        down, middle = control(batch.noisy, batch.times, states, hint, return_dict=False)
        found: Tensor = base.unet(
            batch.noisy,
            batch.times,
            states,
            down_block_additional_residuals=down,
            mid_block_additional_residual=middle,
            return_dict=False,
        )[0]
    return batch.loss(found)


def train_control(
    base: Shipped, pictures: Pictures, latents: Tensor, edges: np.ndarray, plan: Plan, checkpoint: Path
) -> ControlNet:
    """Learns until `plan.steps`, from the checkpoint when there is one; returns the averaged weights' ControlNet."""
    device = default_device()
    torch.manual_seed(plan.seed)
    base = frozen(base, device)
    control = build_control(base).to(device)
    if device.type == "cpu":
        control.set_attn_processor(Float32Attention())
    run = Run(control, plan, checkpoint)
    while run.step < plan.steps:
        chosen, rng = picked(len(pictures.scenes), plan, run.step)
        scenes = [pictures.scenes[i] for i in chosen]
        batch = lesson(base, scenes, latents[chosen], pictures.masks[chosen], plan, run.step, rng, NOISY_SHARE, SILENT)
        hint = as_hint(edges[chosen]).to(device)
        batch.cells.mul_(crossed(hint))
        shares = shares_of(plan.batch, device)
        run.learn([partial(_share, control, base, batch.of(share), hint[share]) for share in shares])
    control.load_state_dict(run.average)
    return control.eval()


def write(control: ControlNet, path: Path = FILE) -> None:
    """As fp16, named as diffusers names it."""
    from safetensors.torch import save_file

    path.parent.mkdir(parents=True, exist_ok=True)
    save_file({k: v.half().contiguous().cpu() for k, v in sorted(control.state_dict().items())}, path, METADATA)
