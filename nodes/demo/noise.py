"""SD1.x's noise schedule and plain DDIM (Song et al., 2020), to train and judge with; the product has its own."""

from __future__ import annotations

import functools
from collections.abc import Callable

import torch
from torch import Tensor

TRAIN_STEPS = 1000

# (latents (n, 4, h, w), timesteps (n,), text (n, 77, width)) -> predicted noise
Predict = Callable[[Tensor, Tensor, Tensor], Tensor]


@functools.cache
def alphas() -> Tensor:
    """The cumulative products, float32 (1000,): scaled_linear from 0.00085 to 0.012."""
    betas = torch.linspace(0.00085**0.5, 0.012**0.5, TRAIN_STEPS, dtype=torch.float64) ** 2
    return (1 - betas).cumprod(0).float()


def noised(latents: Tensor, noise: Tensor, times: Tensor) -> Tensor:
    """The latents at each one's timestep."""
    share = alphas().to(latents.device)[times].view(-1, 1, 1, 1)
    return share.sqrt() * latents + (1 - share).sqrt() * noise


def loss_weight(times: Tensor, most: float = 5.0, least: float = 0.6) -> Tensor:
    """How much a picture's noise error counts, (n,): min-SNR (Hang et al., 2023) with a floor for the noisiest steps.

    The error of the picture itself weighs min(snr, most) + least. Without the floor the steps that decide what
    stands where, which are all there is for a text to say, hardly count.
    """
    share = alphas().to(times.device)[times]
    snr = share / (1 - share)
    return (snr.clamp(max=most) + least) / snr


def random_times(count: int, random: torch.Generator, noisy_share: float) -> Tensor:
    """Timesteps (count,): a share of them among the noisiest third, the others anywhere."""
    anywhere = torch.randint(TRAIN_STEPS, (count,), generator=random)
    noisy = torch.randint(TRAIN_STEPS * 2 // 3, TRAIN_STEPS, (count,), generator=random)
    return torch.where(torch.rand(count, generator=random) < noisy_share, noisy, anywhere)


@torch.no_grad()
def ddim(predict: Predict, noise: Tensor, text: Tensor, negative: Tensor, guidance: float, steps: int) -> Tensor:
    """Scaled latents from `noise` in `steps` even steps, eta 0; `negative` is the empty or unwanted text."""
    times = torch.linspace(TRAIN_STEPS - 1, 0, steps + 1)[:-1].round().long().tolist()
    latents = noise
    for i, time in enumerate(times):
        at = torch.full((len(latents),), time, device=noise.device)
        if guidance == 1.0:
            found = predict(latents, at, text)
        else:
            both = predict(torch.cat([latents] * 2), torch.cat([at] * 2), torch.cat([negative, text]))
            plain, wanted = both.chunk(2)
            found = plain + guidance * (wanted - plain)
        now = alphas()[time]
        then = alphas()[times[i + 1]] if i + 1 < steps else torch.tensor(1.0)
        clean = (latents - (1 - now).sqrt() * found) / now.sqrt()
        latents = then.sqrt() * clean + (1 - then).sqrt() * found
    return latents
