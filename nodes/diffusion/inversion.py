"""From a picture back to where it comes from: its noise under a model, and the latent that decodes closest to it."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import NamedTuple

import torch
from torch import Tensor

from nodes.diffusion.samplers import Denoise, Step
from nodes.diffusion.vae import Autoencoder

ENOUGH = 1e-4
"""What may be missing of a point, as a share of it."""


def invert(denoise: Denoise, clean: Tensor, sigmas: Sequence[float], looks: int) -> Iterator[Step]:
    """DDIM walked from a clean latent to noise (Song et al. 2020, section 4.3: the ODE in reverse).

    `sigmas` fall, as for sampling. Each step looks for the point that DDIM would step from, with so many looks at the
    model at most (the equation of Pan et al. 2023, arXiv 2309.04907); with one look it is the plain inversion, which
    takes the slope of where it stands. The last step of sampling lands on what the model sees, whatever the point, so
    at the smallest sigma the clean latent itself stands for that point.
    """
    rising = [sigma for sigma in reversed(sigmas) if sigma > 0]
    x = denoise.levels.noised(clean, torch.zeros_like(clean), rising[0])
    denoised = denoise(x, rising[0])
    yield Step(0, x, denoised)
    for index, (sigma, following) in enumerate(pairwise(rising), start=1):
        x, denoised = before(denoise, x, denoised, following / sigma, following, looks)
        yield Step(index, x, denoised)


def before(
    denoise: Denoise, x: Tensor, denoised: Tensor, growth: float, following: float, looks: int
) -> tuple[Tensor, Tensor]:
    """The point at `following` that DDIM steps from to `x`, and what the model sees there.

    The slope of what is solved lies between 1 and the growth of sigma where a model is least and most certain, so
    Richardson's step 2 / (1 + growth) comes closer for both. The closest of what was tried is kept.
    """
    tried = denoised + (x - denoised) * growth
    seen = denoise(tried, following)
    closest, least = (tried, seen), math.inf
    for _ in range(looks - 1):
        missing = seen + (x - seen) * growth - tried
        way = float(missing.norm())
        if not way < least:
            break
        closest, least = (tried, seen), way
        if way < ENOUGH * float(tried.norm()):
            break
        tried = tried + missing * (2 / (1 + growth))
        seen = denoise(tried, following)
    else:
        if looks > 1 and float((seen + (x - seen) * growth - tried).norm()) < least:
            closest = tried, seen
    return closest


class Tried(NamedTuple):
    """A latent (1 x channels x height x width), and the mean squared error of its pixels, which are 0 to 1."""

    latent: Tensor
    error: float


def project(autoencoder: Autoencoder, pixels: Tensor, steps: int, rate: float) -> Iterator[Tried]:
    """Latents that decode ever closer to one picture: gradient descent (Adam) from its code, slowing down to 0.

    `pixels`: 1 x height x width x RGB, edges that divide by the VAE's downscale. `rate` is a share of the spread of
    the latent's values. The first latent is what encoding gives; `steps` corrected ones follow.
    """
    wanted = (pixels * 2 - 1).permute(0, 3, 1, 2).to(autoencoder.device)
    latent = autoencoder.encode(pixels).to(autoencoder.device).clone().requires_grad_(True)
    optimiser = torch.optim.Adam([latent], lr=rate * float(latent.detach().std(unbiased=False)))
    falling = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, steps)
    for _ in range(steps):
        here = latent.detach().to("cpu", copy=True)
        yield Tried(here, correct(autoencoder, latent, wanted, optimiser))
        falling.step()
    with torch.no_grad():
        yield Tried(latent.detach().to("cpu", copy=True), float(error_of(autoencoder, latent, wanted)))


def correct(autoencoder: Autoencoder, latent: Tensor, wanted: Tensor, optimiser: torch.optim.Optimizer) -> float:
    """One correction; the error before it."""
    with torch.enable_grad():
        optimiser.zero_grad()
        error = error_of(autoencoder, latent, wanted)
        error.backward()  # type: ignore[no-untyped-call]
    optimiser.step()
    return float(error.detach())


def error_of(autoencoder: Autoencoder, latent: Tensor, wanted: Tensor) -> Tensor:
    decoded = autoencoder.vae.decode(latent.to(autoencoder.dtype), return_dict=False)[0].float()
    error: Tensor = (decoded - wanted).square().mean() / 4
    return error
