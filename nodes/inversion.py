"""Nodes that find where a picture comes from: its noise under a model, or the latent that decodes closest to it."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING, Annotated, NamedTuple

from nodes.api import BadValue, Context, Number, node
from nodes.fields import Fraction, Guidance, LatentOut, ScheduleName, Steps, VAEPart
from nodes.latent import cut_to_cells
from nodes.levels import denoiser_of
from nodes.sampling import check_methods, check_numbers, check_texts, fit_latent, run
from nodes.sampling_custom import Noise
from nodes.sentences import common
from nodes.sentences import sampling as say
from nodes.types import Conditioning, Image, Latent, Model

if TYPE_CHECKING:
    from torch import Tensor

    from nodes.diffusion.levels import Levels
    from nodes.diffusion.vae import Autoencoder

Looks = Annotated[int, Number(min=1, max=50, step=1)]
Corrections = Annotated[int, Number(min=1, max=2000, step=1)]
Rate = Annotated[float, Number(min=0.001, max=1.0, step=0.01)]


class Inverted(NamedTuple):
    """The noise of a picture.

    Args:
        latent: The picture under its own noise, for Sample with the same model, texts, steps, schedule and denoise,
            the sampler ddim, and adding noise turned off.
        noise: The noise alone, for Sample pieces: with an empty latent, or, when denoise is below 1, with the latent
            that was inverted.
    """

    latent: Latent
    noise: Noise


@node(category="latent/projection")
def invert_latent(
    model: Model,
    positive: Conditioning,
    negative: Conditioning | None,
    latent: Latent,
    ctx: Context,
    steps: Steps = 20,
    guidance: Guidance = 1.0,
    schedule: ScheduleName = "normal",
    denoise: Fraction = 1.0,
    looks: Looks = 5,
) -> Inverted:
    """Find the noise from which a model draws this picture: DDIM run backwards.

    Sampled with other texts, it gives a picture of the same layout.

    Args:
        model: The denoiser.
        positive: What the picture shows.
        negative: What it does not show; counts when the guidance is not 1.
        latent: The latent of the picture.
        steps: How many steps; sample with as many. More come closer.
        guidance: Sample with the same for the same picture. 1 comes closest.
        schedule: Which noise levels to visit; sample with the same.
        denoise: How far to go back: 1 to nothing but noise, 0.5 halfway.
        looks: How often to look at the model for each step. 1 is the plain inversion, 5 come much closer.
    """
    from nodes.diffusion.guidance import Guided
    from nodes.diffusion.inversion import invert
    from nodes.diffusion.sample import scaled, unscaled
    from nodes.diffusion.samplers import Step
    from nodes.diffusion.schedules import SCHEDULES, choose_sigmas

    check_numbers(steps, guidance, denoise)
    if not 1 <= looks <= 1000:
        raise BadValue("looks", say.LOOKS(looks=looks), common.USE_1_TO_10())
    if latent.space is None:
        raise BadValue("latent", say.EMPTY_HOLDS_NO_PICTURE(), say.ENCODE_FIRST())
    space = model.space
    start = replace(fit_latent(latent, space), mask=None)
    denoiser = denoiser_of(model, ctx)
    check_texts(denoiser, positive, negative, start)
    check_methods("model", model, denoiser, start.samples.shape)
    sigmas = choose_sigmas(SCHEDULES[schedule], denoiser.levels, steps, denoise, False)
    if len(sigmas) < 2:
        return Inverted(start, Noise(0, given=start.samples.new_zeros(start.samples.shape)))
    guided = Guided(denoiser, positive, negative, guidance, len(start.samples), methods=model.guidance)
    clean = scaled(start.samples.float(), space).to(denoiser.device)
    walked = (Step(step.index, step.x, unscaled(step.denoised, space)) for step in invert(guided, clean, sigmas, looks))
    noisy = run(walked, sum(sigma > 0 for sigma in sigmas), space, ctx).x.cpu()
    left = unscaled(denoiser.levels.end(noisy, sigmas[0]), space)
    return Inverted(
        replace(start, samples=left), Noise(0, given=noise_in(noisy, clean.cpu(), denoiser.levels, sigmas[0]))
    )


def noise_in(noisy: Tensor, clean: Tensor, levels: Levels, sigma: float) -> Tensor:
    """The noise from which sampling starts with `noisy`: over nothing at the largest level, else over `clean`."""
    import torch

    below = torch.zeros_like(clean) if levels.is_largest(sigma) else clean
    bare = levels.start(below, torch.zeros_like(clean), sigma)
    unit = levels.start(torch.zeros_like(clean), torch.ones_like(clean), sigma)
    return (noisy - bare) / unit


@node(category="latent/projection")
def project_image(vae: VAEPart, image: Image, ctx: Context, steps: Corrections = 100, rate: Rate = 0.05) -> LatentOut:
    """Find the latent that decodes closest to a picture, which is closer than encoding it gives.

    Args:
        vae: Its decoder is what counts.
        image: The picture. Edges that 8 does not divide are cut evenly on both sides.
        steps: How often to correct the latent; the best one found is kept.
        rate: How large the first corrections are, as a share of what the latent's values vary.

    Returns:
        The latent. It is for looking and comparing; to sample on, the encoded one is as good.
    """
    import torch

    from nodes.diffusion.inversion import project

    if not (math.isfinite(rate) and rate > 0):
        raise BadValue("rate", say.RATE(rate=rate), say.USE_005())
    if steps < 1:
        raise BadValue("steps", say.CORRECTS_NOTHING(steps=steps), say.USE_100())
    autoencoder: Autoencoder = ctx.weights(vae.recipe)
    # Nothing decodes to what is beyond black and white.
    pixels = cut_to_cells(image.pixels.clamp(0, 1), vae.space.downscale, ctx)
    closest = [
        min(ctx.track(project(autoencoder, one, steps, rate), total=steps + 1), key=lambda tried: tried.error)
        for one in torch.split(pixels, 1)
    ]
    return Latent(torch.cat([tried.latent for tried in closest]), vae.space)
