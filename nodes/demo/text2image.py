"""Trains the text encoder and the UNet together on the cached latents of the drawn scenes.

Captions are drawn anew at every step; unknown words are strewn in, so that the model learns to pass over them.
"""

from __future__ import annotations

from functools import partial
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from nodes.demo.architecture import LATENT_SCALE, Sizes, Unet, Vae, build_unet
from nodes.demo.attention import Float32Attention
from nodes.demo.labels import labels_of
from nodes.demo.noise import loss_weight, noised, random_times
from nodes.demo.pictures import PAIR_SHARE, Pictures
from nodes.demo.reading import Reader, rows_of
from nodes.demo.training import Plan, Run, default_device, in_threads, mixed_precision, random_of, shares_of
from nodes.demo.vae import as_tensor, moments

READING_WEIGHT = 0.05  # beside the pictures' error: the encoder goes on reading
SUBJECT_WEIGHT = 4.0
NOISY_SHARE = 0.5  # of the timesteps, among the noisiest third: there is decided what stands where
PAIRS_SHOWN = 0.75  # of a batch: scenes of two subjects, which are the harder ones


class TextToImage(nn.Module):
    """The text encoder on small token rows, and the UNet."""

    def __init__(self, sizes: Sizes) -> None:
        super().__init__()
        self.reader = Reader(sizes)
        self.unet = build_unet(sizes)

    def forward(self, latents: Tensor, times: Tensor, states: Tensor) -> Tensor:
        found: Tensor = self.unet(latents, times, encoder_hidden_states=states).sample
        return found.float()


def latents_of(vae: Vae, images: np.ndarray, batch: int = 16) -> Tensor:
    """Scaled mean latents of uint8 pictures, float32 (n, 4, h/8, w/8)."""
    device = next(vae.parameters()).device

    def encoded(start: int) -> Tensor:
        with torch.no_grad(), mixed_precision(device):
            mean, _ = moments(vae, as_tensor(images[start : start + batch]).to(device))
        return mean.cpu() * LATENT_SCALE

    return torch.cat(in_threads(encoded, range(0, len(images), batch), device))


def cells_of(masks: np.ndarray) -> Tensor:
    """How much each latent value counts, float32 (n, 1, h/8, w/8), 1 on average over each picture.

    A subject covers a tenth of its picture; what it looks like counts more than the sky. The best prediction is the
    same under any such weights, it is only learnt sooner.
    """
    covered = masks.reshape(len(masks), masks.shape[1] // 8, 8, -1, 8).mean(axis=(2, 4)) / 255
    weights = 1 + SUBJECT_WEIGHT * torch.from_numpy(covered).float()[:, None]
    return weights / weights.mean(dim=(1, 2, 3), keepdim=True)


def _share(
    model: TextToImage, clean: Tensor, noise: Tensor, cells: Tensor, times: Tensor, rows: Tensor, labels: Tensor
) -> Tensor:
    with mixed_precision(clean.device):
        states = model.reader(rows)
        found: Tensor = model(noised(clean, noise, times), times, states)
    error = (cells * (found - noise).square()).mean(dim=(1, 2, 3))
    return (error * loss_weight(times)).mean() + READING_WEIGHT * model.reader.loss(states, rows, labels)


def _picked(count: int, pairs: np.ndarray, batch: int, rng: np.random.Generator) -> np.ndarray:
    """Which of `count` scenes a batch shows: in `PAIRS_SHOWN` of the places one of the `pairs`, where there are any."""
    anywhere = rng.integers(count, size=batch)
    if not len(pairs):
        return anywhere
    of_two = pairs[rng.integers(len(pairs), size=batch)]
    return np.where(rng.random(batch) < (PAIRS_SHOWN - PAIR_SHARE) / (1 - PAIR_SHARE), of_two, anywhere)


def train_text2image(
    pictures: Pictures,
    latents: Tensor,
    reader: Reader,
    plan: Plan,
    checkpoint: Path,
    sizes: Sizes | None = None,
    start: Unet | None = None,
) -> TextToImage:
    """Learns until `plan.steps`, from the checkpoint when there is one; returns the averaged weights' model.

    Without a checkpoint it begins with the encoder of `reader` and with the UNet `start`, or with random weights.
    """
    device = default_device()
    torch.manual_seed(plan.seed)
    model = TextToImage(sizes or Sizes()).to(device)
    model.reader.load_state_dict(reader.state_dict())
    if start is not None:
        model.unet.load_state_dict(start.state_dict())
    if device.type == "cpu":
        model.unet.set_attn_processor(Float32Attention())
    run = Run(model, plan, checkpoint)
    pairs = np.array([i for i, scene in enumerate(pictures.scenes) if len(scene.subjects) == 2], dtype=np.int64)
    while run.step < plan.steps:
        rng = np.random.default_rng([plan.seed, run.step])
        picked = _picked(len(pictures.scenes), pairs, plan.batch, rng)
        chosen = [pictures.scenes[i] for i in picked]
        random = random_of(plan.seed, run.step)
        clean = latents[picked]
        noise = torch.randn(clean.shape, generator=random)
        times = random_times(plan.batch, random, NOISY_SHARE)
        whole = (clean, noise, cells_of(pictures.masks[picked]), times, rows_of(chosen, rng), labels_of(chosen))
        batch = [part.to(device) for part in whole]
        run.learn([partial(_share, model, *(part[share] for part in batch)) for share in shares_of(plan.batch, device)])
    model.load_state_dict(run.average)
    return model.eval()
