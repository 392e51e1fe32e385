"""Forward diffusion: what noise does to a latent, and what a model sees in it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Annotated, TypeVar

from nodes.api import BadValue, Context, Number, node
from nodes.fields import ImageOut, LatentOut, VAEPart
from nodes.levels import denoiser_of
from nodes.sampling import check_methods, check_sampler, check_texts, fit_latent
from nodes.sampling_custom import Guider, Noise, Sampler, check_noise, choice_of
from nodes.schedules import Sigmas
from nodes.sentences import latents as of_latents
from nodes.sentences import sampling as say
from nodes.types import VAE, Image, Latent, LatentSpace, Model

if TYPE_CHECKING:
    from torch import Tensor

    from nodes.diffusion.denoiser import Denoiser
    from nodes.diffusion.vae import Autoencoder

T = TypeVar("T")
Pictures = Annotated[int, Number(min=1, max=64, step=1)]
StepNumber = Annotated[int, Number(min=0, max=10_000, step=1)]


@node(category="sampling/forward")
def add_noise(
    model: Model, latent: Latent, noise: Noise, sigmas: Sigmas, ctx: Context, step: StepNumber = 0
) -> LatentOut:
    """Noise a latent to the level of a step, as training does.

    Args:
        model: Whose levels the sigmas are: some models add noise, others mix it in.
        latent: The clean latent.
        noise: Which noise.
        sigmas: A schedule.
        step: Which of its levels to noise to; 0 is the first.

    Returns:
        The noisy latent. A sampler with noise off takes it up from that step.
    """
    start = fit_latent(latent, model.space)
    check_noise(noise, start)
    if not 0 <= step < len(sigmas.values):
        raise BadValue("step", say.NO_STEP_AMONG(step=step, count=len(sigmas.values)), say.USE_SMALLER_ONE())
    denoiser = denoiser_of(model, ctx)
    [noisy] = noised(denoiser, start, noise, [sigmas.values[step]])
    return replace(start, samples=noisy)


def noised(denoiser: Denoiser, latent: Latent, noise: Noise, sigmas: list[float]) -> list[Tensor]:
    """The latent at each level, under the same noise, unscaled so that a sampler takes it up where it is."""
    from nodes.diffusion.noise import Noise as Drawn
    from nodes.diffusion.sample import scaled, unscaled

    assert latent.space is not None  # fit_latent gave it one
    clean = scaled(latent.samples.float(), latent.space)
    drawn = Drawn(noise.seed, clean.shape, denoiser.device, choice_of(noise)).start
    levels = denoiser.levels
    return [unscaled(levels.end(levels.noised(clean, drawn, sigma), sigma), latent.space) for sigma in sigmas]


@node(category="sampling/forward")
def show_noising(
    model: Model, vae: VAEPart, latent: Latent, noise: Noise, sigmas: Sigmas, ctx: Context, pictures: Pictures = 6
) -> ImageOut:
    """Show how noise takes a picture apart: x_t at chosen steps, side by side.

    Args:
        model: Whose levels the sigmas are.
        vae: Decodes each step.
        latent: The clean latent; of a batch the first is shown.
        noise: Which noise.
        sigmas: A schedule; shown from no noise to its first level.
        pictures: How many steps to show.

    Returns:
        The strip, from clean to noise.
    """
    if not sigmas.values:
        raise BadValue("sigmas", say.NO_LEVEL(), say.MAKE_SIGMAS())
    start = fit_latent(latent, model.space)
    check_vae(vae, model.space)
    check_noise(noise, start)
    first = replace(start, samples=start.samples[:1])
    denoiser = denoiser_of(model, ctx)
    chosen = spread(sorted(sigmas.values), pictures)
    autoencoder: Autoencoder = ctx.weights(vae.recipe)
    return strip([autoencoder.decode(one) for one in ctx.track(noised(denoiser, first, noise, chosen))])


@node(category="sampling/forward")
def show_predictions(
    guider: Guider,
    sampler: Sampler,
    sigmas: Sigmas,
    noise: Noise,
    latent: Latent,
    vae: VAEPart,
    ctx: Context,
    pictures: Pictures = 6,
) -> ImageOut:
    """Show what the model sees in the noise: the predicted x0 at chosen steps of a run, side by side.

    Args:
        guider: The model and what steers it.
        sampler: How to step.
        sigmas: The noise levels to visit.
        noise: Where random numbers come from.
        latent: An empty latent, or one to change; of a batch the first is shown.
        vae: Decodes each prediction.
        pictures: How many steps to show, the last among them.

    Returns:
        The strip, from the first look to the last.
    """
    from nodes.diffusion.sample import Walk, walk
    from nodes.diffusion.samplers import READ_UNCONDITIONAL, options_of

    start = fit_latent(latent, guider.model.space)
    check_vae(vae, guider.model.space)
    first = replace(start, samples=start.samples[:1])
    denoiser = denoiser_of(guider.model, ctx)
    check_texts(denoiser, guider.positive, guider.negative, first)
    check_methods("guider", guider.model, denoiser, first.samples.shape)
    check_sampler(denoiser.levels, sampler.name)
    check_noise(noise, first)
    sigmas.check("sigmas", denoiser.levels.is_flow)
    if len(sigmas.values) < 2:
        raise BadValue("sigmas", say.NO_STEP(), say.MAKE_SIGMAS())
    options = options_of(sampler.name, sampler.eta, sampler.s_noise)
    plan = Walk(sampler.name, sigmas.values, noise.seed, noise.adds, choice_of(noise), options)
    guided = guider.bind(denoiser, 1, sampler.name in READ_UNCONDITIONAL)
    steps = ctx.track(walk(guided, first.samples, guider.model.space, plan), total=len(sigmas.values) - 1)
    seen = [step.denoised.cpu() for step in steps]
    autoencoder: Autoencoder = ctx.weights(vae.recipe)
    return strip([autoencoder.decode(one) for one in spread(seen, pictures)])


def check_vae(vae: VAE, space: LatentSpace) -> None:
    """Refuse, in words, a VAE that does not read the model's latents."""
    if not space.fits(vae.space):
        raise BadValue(
            "vae",
            of_latents.OTHER_VAE(
                given=space.title, given_channels=space.channels, read=vae.space.title, read_channels=vae.space.channels
            ),
            of_latents.TAKE_ITS_VAE(),
        )


def spread(items: list[T], count: int) -> list[T]:
    """At most `count` of them at even distances, the first and the last among them; of one, the last."""
    if count >= len(items):
        return items
    return [items[round(len(items) - 1 - (count - 1 - i) * (len(items) - 1) / max(count - 1, 1))] for i in range(count)]


def strip(pictures: list[Tensor]) -> Image:
    """Pictures of one size side by side."""
    import torch

    return Image(torch.cat([picture[:1] for picture in pictures], dim=2))
