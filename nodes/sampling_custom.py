"""Sampling in pieces: a sampler, sigmas, noise and a guider, put together by one node."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Literal, NamedTuple

from nodes.api import BadValue, Context, Number, Title, node, socket
from nodes.fields import Fraction, Guidance, SamplerName, SeedNumber
from nodes.levels import denoiser_of
from nodes.sampling import check_methods, check_numbers, check_sampler, check_texts, fit_latent, make_room, run, sampled
from nodes.schedules import Sigmas, SigmasOut
from nodes.sentences import common
from nodes.sentences import sampling as say
from nodes.types import Conditioning, Latent, Model

if TYPE_CHECKING:
    from torch import Tensor

    from nodes.diffusion.denoiser import Denoiser
    from nodes.diffusion.guidance import Guided
    from nodes.diffusion.noise import NoiseChoice

Strength = Annotated[float, Number(min=0.0, max=10.0, step=0.05)]
Place = Literal["CPU", "device"]
BatchNoise = Literal["one draw", "seed + number"]


@socket(colour="#7fd1ae")
@dataclass(frozen=True)
class Sampler:
    """How to step from one noise level to the next."""

    name: str
    eta: float = 1.0
    """How much of its own fresh noise a sampler adds at each step, 0 to 1."""
    s_noise: float = 1.0
    """How strong that noise is."""


@socket(colour="#a9b4c2")
@dataclass(frozen=True)
class Noise:
    """Where the random numbers of a run come from."""

    seed: int
    place: Place = "CPU"
    batch: BatchNoise = "one draw"
    variation_seed: int = 0
    variation: float = 0.0
    given: Tensor | None = None
    """The start itself: float32, batch x channels x height x width, of about unit variance."""
    adds: bool = True
    """Whether noise is added at the start."""


@socket(colour="#c79bd6")
@dataclass(frozen=True)
class Guider:
    """A model with its methods of guidance, and the texts that steer it.

    Other guiders are subclasses with a `bind` of their own.
    """

    model: Model
    positive: Conditioning
    negative: Conditioning | None = None
    guidance: float = 1.0

    def bind(self, denoiser: Denoiser, batch: int, both: bool) -> Guided:
        """`denoise(x, sigma)` for a batch; `both` when the sampler reads the negative text's prediction."""
        from nodes.diffusion.guidance import Guided

        return Guided(denoiser, self.positive, self.negative, self.guidance, batch, both, methods=self.model.guidance)


SamplerOut = Annotated[Sampler, Title("Sampler")]
NoiseOut = Annotated[Noise, Title("Noise")]
GuiderOut = Annotated[Guider, Title("Guider")]


@node(category="sampling/pieces")
def choose_sampler(sampler: SamplerName = "euler", eta: Fraction = 1.0, s_noise: Strength = 1.0) -> SamplerOut:
    """Choose a sampler for a node that samples in pieces.

    Args:
        sampler: How it steps from one noise level to the next.
        eta: The share of its own fresh noise that the sampler adds at each step; 0 makes it deterministic.
        s_noise: How strong that noise is; a little above 1 brings back detail that steps smooth away.

    Returns:
        The sampler.
    """
    return Sampler(sampler, eta, s_noise)


@node(category="sampling/pieces")
def noise(
    seed: SeedNumber = 0,
    place: Place = "CPU",
    batch: BatchNoise = "one draw",
    variation_seed: SeedNumber = 0,
    variation: Fraction = 0.0,
) -> NoiseOut:
    """Choose the random numbers of a run.

    Args:
        seed: Which noise to start from.
        place: CPU gives the same noise on every machine; device is a little faster, and noise of its own.
        batch: One draw for the whole batch, or for image number n the noise that seed + n gives alone.
        variation_seed: The noise to lean towards.
        variation: How far: 0 not at all, 1 all the way. A little gives siblings of a picture.

    Returns:
        The noise.
    """
    return Noise(seed, place, batch, variation_seed, variation)


@node(category="sampling/pieces")
def noise_of_latent(latent: Latent, seed: SeedNumber = 0, normalise: bool = True) -> NoiseOut:
    """Start from a latent's own values as noise, such as one that was inverted or drawn elsewhere.

    Args:
        latent: What to take as noise; a small batch repeats over a larger one.
        seed: For samplers that add fresh noise at later steps.
        normalise: Bring each image to mean 0 and variance 1, which models expect of noise.

    Returns:
        The noise.
    """
    values = latent.samples.float()
    if normalise:
        axes = tuple(range(1, values.ndim))
        spread = values.std(axes, keepdim=True)
        if not bool((spread > 0).all()):
            raise BadValue("latent", say.NO_NOISE(), say.SAMPLE_OR_ENCODE())
        values = (values - values.mean(axes, keepdim=True)) / spread
    return Noise(seed, given=values)


@node(category="sampling/pieces")
def no_noise(seed: SeedNumber = 0) -> NoiseOut:
    """Add no noise at the start, for a latent that carries noise already.

    Args:
        seed: For samplers that add fresh noise at later steps.

    Returns:
        The noise.
    """
    return Noise(seed, adds=False)


@node(category="sampling/pieces")
def guide(
    model: Model, positive: Conditioning, negative: Conditioning | None = None, guidance: Guidance = 7.0
) -> GuiderOut:
    """Steer a model by texts: away from the negative one, towards the positive one (CFG).

    Args:
        model: The denoiser.
        positive: What the picture should show.
        negative: What it should not show; without it guidance has no effect.
        guidance: How strongly the texts steer. 1 is not at all, 5 to 8 is usual.

    Returns:
        The guider.
    """
    check_numbers(guidance=guidance)
    return Guider(model, positive, negative, guidance)


class Sampled(NamedTuple):
    """What a run gave.

    Args:
        latent: Where the last step led.
        denoised: The clean latent as the model saw it in the last step; the same when all noise was removed.
    """

    latent: Latent
    denoised: Latent


@node(category="sampling/pieces")
def sample_pieces(
    guider: Guider, sampler: Sampler, sigmas: Sigmas, noise: Noise, latent: Latent, ctx: Context
) -> Sampled:
    """Sample with pieces of your own: any sampler, any sigmas, any noise, any guider.

    Args:
        guider: The model and what steers it.
        sampler: How to step.
        sigmas: The noise levels to visit, falling. When the last is above 0, noise is left in the latent.
        noise: Where random numbers come from.
        latent: An empty latent, or one to change: it is noised to the first sigma. Of one with a mask only what is
            white in the mask changes.
    """
    from nodes.diffusion.sample import Walk, walk
    from nodes.diffusion.samplers import READ_UNCONDITIONAL, options_of

    space = guider.model.space
    start = fit_latent(latent, space)
    if len(sigmas.values) < 2:
        return Sampled(start, start)
    denoiser = denoiser_of(guider.model, ctx)
    check_texts(denoiser, guider.positive, guider.negative, start)
    check_methods("guider", guider.model, denoiser, start.samples.shape)
    check_sampler(denoiser.levels, sampler.name)
    sigmas.check("sigmas", denoiser.levels.is_flow)
    check_noise(noise, start)
    options = options_of(sampler.name, sampler.eta, sampler.s_noise)
    plan = Walk(sampler.name, sigmas.values, noise.seed, noise.adds, choice_of(noise), options)
    guided = guider.bind(denoiser, len(start.samples), sampler.name in READ_UNCONDITIONAL)
    make_room(guided, start, ctx)
    walked = walk(guided, start.samples, space, plan, start.mask)
    last = run(walked, len(sigmas.values) - 1, space, ctx)
    return Sampled(sampled(start, last.x, sigmas.values[-1]), sampled(start, last.denoised, 0.0))


@node(category="sampling/sigmas")
def gits_schedule(
    guider: Guider,
    sigmas: Sigmas,
    noise: Noise,
    latent: Latent,
    ctx: Context,
    steps: Annotated[int, Number(min=2, max=1000, step=1)] = 10,
    coefficient: Annotated[float, Number(min=0.1, max=3.0, step=0.05)] = 1.1,
    measure: Literal["deviation", "distance"] = "deviation",
) -> SigmasOut:
    """Find the few best of many noise levels for a model and a text (GITS): it samples once in all of them.

    Chen et al. 2024, arXiv 2405.11326. What it finds for one text and noise serves others of the same model as well.

    Args:
        guider: The model and what steers it.
        sigmas: The many levels to choose from, such as 60 steps of karras.
        noise: Where the trial starts.
        latent: An empty latent of the size that will be sampled.
        steps: How many steps to keep.
        coefficient: How much more, or below 1 less, each later step's error counts.
        measure: What an error is: how much farther from the straight way than the trial it leads, or from the trial.

    Returns:
        The levels to sample with.
    """
    import torch

    from nodes.diffusion.noise import Noise as Drawn
    from nodes.diffusion.sample import scaled
    from nodes.diffusion.samplers import SAMPLERS
    from nodes.diffusion.schedules.gits import gits

    space = guider.model.space
    start = fit_latent(latent, space)
    levels = sigmas.values
    if not 2 <= steps < len(levels):
        what = say.TOO_FEW_TO_CHOOSE(steps=steps, there=max(len(levels) - 1, 0))
        raise BadValue("steps", what, say.LONGER_SCHEDULE())
    if not 0.1 <= coefficient <= 3:
        raise BadValue("coefficient", say.COEFFICIENT(coefficient=coefficient), say.USUAL_COEFFICIENT())
    denoiser = denoiser_of(guider.model, ctx)
    check_texts(denoiser, guider.positive, guider.negative, start)
    check_methods("guider", guider.model, denoiser, start.samples.shape)
    sigmas.check("sigmas", denoiser.levels.is_flow)
    check_noise(noise, start)
    drawn = Drawn(noise.seed, start.samples.shape, denoiser.device, choice_of(noise))
    added = drawn.start if noise.adds else torch.zeros_like(start.samples)
    x = denoiser.levels.start(scaled(start.samples.float(), space), added, levels[0]).to(denoiser.device)
    guided = guider.bind(denoiser, len(start.samples), both=False)
    walked = list(ctx.track(SAMPLERS["euler"](guided, x, levels, drawn), total=len(levels) - 1))
    points = torch.stack([x, *(step.x for step in walked)]).cpu()
    seen = torch.stack([step.denoised for step in walked]).cpu()
    slopes = (points[:-1] - seen) / torch.tensor(levels[:-1]).view(-1, *[1] * x.ndim)
    return Sigmas(gits(points, slopes, levels, steps, coefficient, measure == "deviation"))


def choice_of(noise: Noise) -> NoiseChoice:
    from nodes.diffusion.noise import NoiseChoice

    seed_each = noise.batch == "seed + number"
    return NoiseChoice(noise.place == "device", seed_each, noise.variation_seed, noise.variation, noise.given)


def check_noise(noise: Noise, latent: Latent) -> None:
    if noise.given is not None and noise.given.shape[1:] != latent.samples.shape[1:]:
        there, here = (" x ".join(str(n) for n in shape[1:]) for shape in (noise.given.shape, latent.samples.shape))
        raise BadValue("noise", say.NOISE_SIZE(there=there, here=here), say.NOISE_OF_SIZE())
    if noise.given is not None and not bool(noise.given.isfinite().all()):
        raise BadValue("noise", say.NOISE_NO_NUMBERS(), common.LOOK_AT_MAKER())
