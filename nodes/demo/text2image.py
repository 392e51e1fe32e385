"""Trains the text encoder and the UNet together on the cached latents of the drawn scenes.

Captions are drawn anew at every step; unknown words are strewn in, so that the model learns to pass over them.
"""

from __future__ import annotations

from functools import partial
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from nodes.demo import tokens
from nodes.demo.architecture import LATENT_SCALE, Sizes, Vae, build_text_encoder, build_unet
from nodes.demo.attention import Float32Attention
from nodes.demo.captions import caption_of
from nodes.demo.noise import loss_weight, noised, random_times
from nodes.demo.scenes import Scene
from nodes.demo.training import Plan, Run, default_device, in_threads, random_of, shares_of
from nodes.demo.vae import as_tensor, moments

STREWN_SHARE = 0.12


class TextToImage(nn.Module):
    """The text encoder on small token rows, and the UNet."""

    def __init__(self, sizes: Sizes) -> None:
        super().__init__()
        self.text = build_text_encoder(sizes, vocabulary=len(tokens.known_ids()) + 1)
        self.unet = build_unet(sizes)

    def read(self, rows: Tensor) -> Tensor:
        """(n, 77) small rows to (n, 77, width)."""
        states: Tensor = self.text(input_ids=rows).last_hidden_state
        return states

    def forward(self, latents: Tensor, times: Tensor, rows: Tensor) -> Tensor:
        found: Tensor = self.unet(latents, times, encoder_hidden_states=self.read(rows)).sample
        return found.float()


def strewn(words: list[int], rng: np.random.Generator) -> list[int]:
    """Sometimes one to three random foreign tokens put anywhere among the words."""
    words = list(words)
    if words and rng.random() < STREWN_SHARE:
        for _ in range(rng.integers(1, 4)):
            words.insert(int(rng.integers(len(words) + 1)), int(rng.integers(320, tokens.START)))
    return words


def rows_of(scenes: list[Scene], rng: np.random.Generator) -> Tensor:
    """A fresh caption of each scene as small token rows, (n, 77)."""
    captions = [caption_of(scene, rng) for scene in scenes]
    ids = [tokens.padded(strewn(tokens.words_of(text), rng)) for text in captions]
    return tokens.row_of()[torch.tensor(ids)]


def latents_of(vae: Vae, images: np.ndarray, batch: int = 16) -> Tensor:
    """Scaled mean latents of uint8 pictures, float32 (n, 4, h/8, w/8)."""
    device = next(vae.parameters()).device

    def encoded(start: int) -> Tensor:
        with torch.no_grad(), torch.autocast(device.type, torch.bfloat16):
            mean, _ = moments(vae, as_tensor(images[start : start + batch]).to(device))
        return mean.cpu() * LATENT_SCALE

    return torch.cat(in_threads(encoded, range(0, len(images), batch), device))


def _share(model: TextToImage, clean: Tensor, noise: Tensor, times: Tensor, rows: Tensor) -> Tensor:
    with torch.autocast(clean.device.type, torch.bfloat16):
        found: Tensor = model(noised(clean, noise, times), times, rows)
    error = (found - noise).square().mean(dim=(1, 2, 3))
    return (error * loss_weight(times)).mean()


def train_text2image(
    scenes: list[Scene], latents: Tensor, plan: Plan, checkpoint: Path, sizes: Sizes | None = None
) -> TextToImage:
    """Learns until `plan.steps`, from the checkpoint when there is one; returns the averaged weights' model."""
    device = default_device()
    torch.manual_seed(plan.seed)
    model = TextToImage(sizes or Sizes()).to(device)
    if device.type == "cpu":
        model.unet.set_attn_processor(Float32Attention())
    run = Run(model, plan, checkpoint)
    while run.step < plan.steps:
        rng = np.random.default_rng([plan.seed, run.step])
        chosen = rng.integers(len(scenes), size=plan.batch)
        rows = rows_of([scenes[i] for i in chosen], rng)
        random = random_of(plan.seed, run.step)
        clean = latents[chosen]
        noise = torch.randn(clean.shape, generator=random)
        times = random_times(plan.batch, random)
        batch = [part.to(device) for part in (clean, noise, times, rows)]
        run.learn([partial(_share, model, *(part[share] for part in batch)) for share in shares_of(plan.batch, device)])
    model.load_state_dict(run.average)
    return model.eval()
