"""Trains the VAE: first on crops that mostly hold a subject, then on whole scenes.

Subjects weigh more than sky, because a washed-out subject is what an eye sees first.
"""

from __future__ import annotations

from functools import partial
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from nodes.demo.architecture import LATENT_SCALE, Sizes, Vae, build_vae
from nodes.demo.pen import SIZE
from nodes.demo.pictures import Pictures
from nodes.demo.training import Plan, Run, default_device, mixed_precision, random_of, shares_of

CROP = 64
CROPS_UNTIL = 0.6  # the share of the steps that see crops
BALANCED_AT = 0.7  # of the steps: a latent channel still small by then would stay unused
KL_WEIGHT = 1e-4
ROUGHNESS = 0.05  # deviation of the noise on scaled latents, which have deviation 1


def as_tensor(images: np.ndarray) -> Tensor:
    """uint8 (n, h, w, 3) to float (n, 3, h, w) in -1..1."""
    return torch.from_numpy(np.array(images)).permute(0, 3, 1, 2).float() / 127.5 - 1


def moments(vae: Vae, images: Tensor) -> tuple[Tensor, Tensor]:
    """Mean and log variance of the latents, (n, 4, h/8, w/8) each, unscaled."""
    both: Tensor = vae.quant_conv(vae.encoder(images))
    mean, log_variance = both.float().chunk(2, dim=1)
    return mean, log_variance.clamp(-30.0, 20.0)


def decode(vae: Vae, latents: Tensor) -> Tensor:
    """Pictures in about -1..1 from unscaled latents."""
    pictures: Tensor = vae.decoder(vae.post_quant_conv(latents))
    return pictures.float()


def loss_of(vae: Vae, images: Tensor, masks: Tensor, noise: Tensor) -> Tensor:
    """The error of the pictures given back, and a slight pull of the latents to N(0, 1)."""
    mean, log_variance = moments(vae, images)
    error = decode(vae, mean + torch.exp(0.5 * log_variance) * noise) - images
    kl = 0.5 * (mean.square() + log_variance.exp() - 1 - log_variance).mean()
    return picture_loss(error, masks) + KL_WEIGHT * kl


def picture_loss(error: Tensor, masks: Tensor) -> Tensor:
    """Weighted L1 and L2, edges, mean colours of 4- and 8-pixel cells, and the worst pixel of each 8-pixel cell.

    The last keeps specks away: a few wrong pixels in a corner hardly count otherwise, and an eye sees them first.
    """
    weight = 1 + 3 * masks
    pixels = (weight * (error.abs() + error.square())).mean()
    edges = (error[..., 1:] - error[..., :-1]).abs().mean() + (error[..., 1:, :] - error[..., :-1, :]).abs().mean()
    cells = sum((functional.avg_pool2d(weight, k) * functional.avg_pool2d(error, k).abs()).mean() for k in (4, 8))
    worst = functional.max_pool2d(error.abs(), 8).mean()
    return pixels + 0.5 * edges + cells + 0.25 * worst


def _share(vae: Vae, images: Tensor, masks: Tensor, noise: Tensor) -> Tensor:
    with mixed_precision(images.device):
        return loss_of(vae, images, masks, noise)


def crops_of(pictures: Pictures, plan: Plan, step: int, size: int) -> tuple[Tensor, Tensor]:
    """A batch of the step: images in -1..1 and masks in 0..1, four of five crops around a subject."""
    rng = np.random.default_rng([plan.seed, step])
    count = plan.batch if size < SIZE else plan.batch // 2
    images, masks = [], []
    for i in rng.integers(len(pictures.scenes), size=count):
        x, y = rng.integers(SIZE - size + 1, size=2)
        if size < SIZE and rng.random() < 0.8:
            rows, columns = np.nonzero(pictures.masks[i] > 127)
            pick = rng.integers(len(rows))
            y = int(np.clip(rows[pick] - size // 2 + rng.integers(-16, 17), 0, SIZE - size))
            x = int(np.clip(columns[pick] - size // 2 + rng.integers(-16, 17), 0, SIZE - size))
        images.append(pictures.images[i, y : y + size, x : x + size])
        masks.append(pictures.masks[i, y : y + size, x : x + size])
    return as_tensor(np.stack(images)), torch.from_numpy(np.stack(masks))[:, None].float() / 255


def train_vae(pictures: Pictures, plan: Plan, checkpoint: Path, sizes: Sizes | None = None) -> Vae:
    """Learns until `plan.steps`, from the checkpoint when there is one; returns the averaged weights' VAE."""
    device = default_device()
    torch.manual_seed(plan.seed)
    vae = build_vae(sizes or Sizes()).to(device)
    with torch.no_grad():
        vae.quant_conv.bias[4:] = -6.0  # start nearly without noise: noise of size 1 hides the picture for long
    run = Run(vae, plan, checkpoint)
    while run.step < plan.steps:
        if run.step == round(BALANCED_AT * plan.steps):
            balance(vae, pictures)
            run.restart_average()
        size = CROP if run.step < CROPS_UNTIL * plan.steps else SIZE
        images, masks = crops_of(pictures, plan, run.step, size)
        shape = (len(images), 4, size // 8, size // 8)
        noise = torch.randn(shape, generator=random_of(plan.seed, run.step))
        batch = images.to(device), masks.to(device), noise.to(device)
        run.learn([partial(_share, vae, *(part[share] for part in batch)) for share in shares_of(len(images), device)])
    vae.load_state_dict(run.average)
    return vae.eval()


def _decoder_share(vae: Vae, latents: Tensor, images: Tensor, masks: Tensor) -> Tensor:
    with mixed_precision(images.device):
        return picture_loss(decode(vae, latents) - images, masks)


def train_decoder(vae: Vae, pictures: Pictures, latents: Tensor, plan: Plan, checkpoint: Path) -> Vae:
    """Teaches the decoder alone further, from the scaled latents of all pictures.

    The encoder stays, and with it every latent and every UNet that learnt from them. A little noise makes the
    decoder bear with latents that a sampler left not quite clean.
    """
    device = next(vae.parameters()).device
    decoder = nn.ModuleDict({"decoder": vae.decoder, "post_quant_conv": vae.post_quant_conv})
    run = Run(decoder, plan, checkpoint)
    while run.step < plan.steps:
        chosen = np.random.default_rng([plan.seed, run.step]).integers(len(pictures.scenes), size=plan.batch)
        exact = latents[chosen]
        rough = exact + ROUGHNESS * torch.randn(exact.shape, generator=random_of(plan.seed, run.step))
        masks = torch.from_numpy(pictures.masks[chosen])[:, None].float() / 255
        batch = [part.to(device) for part in (rough / LATENT_SCALE, as_tensor(pictures.images[chosen]), masks)]
        parts = shares_of(plan.batch, device)
        run.learn([partial(_decoder_share, vae, *(part[share] for part in batch)) for share in parts])
    decoder.load_state_dict(run.average)
    return vae.eval()


@torch.no_grad()
def normalise(vae: Vae, mean: Tensor, spread: Tensor) -> None:
    """Folds into the two 1x1 convolutions that each latent channel has mean 0 and deviation 1 after SD1.x's scaling.

    `mean` and `spread` (4,) are those of unscaled latents; the pictures stay the same to rounding.
    """
    scale = spread * LATENT_SCALE
    after = vae.post_quant_conv
    after.bias += after.weight.flatten(1) @ mean
    after.weight *= scale.view(1, -1, 1, 1)
    before = vae.quant_conv
    before.weight[:4] /= scale.view(-1, 1, 1, 1)
    before.bias[:4] = (before.bias[:4] - mean) / scale
    before.bias[4:] -= 2 * scale.log()


@torch.no_grad()
def balance(vae: Vae, pictures: Pictures, count: int = 256) -> None:
    """Normalises the latents by those of the first `count` pictures."""
    device = next(vae.parameters()).device
    chosen = pictures.images[:count]
    parts = [moments(vae, as_tensor(chosen[i : i + 16]).to(device))[0] for i in range(0, len(chosen), 16)]
    latents = torch.cat(parts)
    normalise(vae, latents.mean((0, 2, 3)), latents.std((0, 2, 3)))
