"""The sampler node: checks what it is given in words, then walks from noise to a latent."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Annotated

from nodes.api import BadValue, Context, Number, node
from nodes.fields import Fraction, Guidance, LatentOut, SamplerName, ScheduleName, SeedNumber, Steps
from nodes.levels import denoiser_of
from nodes.sentences import common
from nodes.sentences import latents as of_latents
from nodes.sentences import masks as of_masks
from nodes.sentences import sampling as say
from nodes.sentences import texts as of_texts
from nodes.types import Conditioning, Latent, LatentSpace, Model

if TYPE_CHECKING:
    from torch import Tensor

    from nodes.diffusion.denoiser import Denoiser
    from nodes.diffusion.guidance import Guided
    from nodes.diffusion.levels import Levels
    from nodes.diffusion.preview import LatentPreview
    from nodes.diffusion.samplers import Step

StepNumber = Annotated[int, Number(min=0, max=10_000, step=1)]
LONGEST = 1_000_000
"""Steps of the longest schedule of which a part is taken."""


@node(category="sampling")
def sample(
    model: Model,
    positive: Conditioning,
    negative: Conditioning | None,
    latent: Latent,
    ctx: Context,
    seed: SeedNumber = 0,
    steps: Steps = 20,
    guidance: Guidance = 7.0,
    sampler: SamplerName = "euler",
    schedule: ScheduleName = "normal",
    denoise: Fraction = 1.0,
    start_step: StepNumber = 0,
    end_step: StepNumber = 10_000,
    add_noise: bool = True,
    keep_noise: bool = False,
) -> LatentOut:
    """Let a model turn noise into a latent, step by step.

    Args:
        model: The denoiser.
        positive: What the picture should show.
        negative: What it should not show; without it guidance has no effect.
        latent: An empty latent, or one of a picture to change (with denoise below 1). Of one with a mask only what
            is white in the mask changes.
        seed: Which noise to start from. The same seed gives the same picture.
        steps: How often the model looks; 20 to 30 is usual.
        guidance: How strongly the texts steer. 1 is not at all, 5 to 8 is usual, more looks burnt.
        sampler: How it steps from one noise level to the next. Those named sde or ancestral add fresh noise.
        schedule: Which noise levels it visits; karras spends more steps on fine detail.
        denoise: How much of the latent to make anew: 1 all of it, 0.5 keeps the layout, 0 changes nothing.
        start_step: The first step to take, where another sampler did the earlier ones.
        end_step: The step to stop before; beyond the last one it goes to the end.
        add_noise: Off when the latent still carries the noise of an earlier sampler.
        keep_noise: When stopping early, leave the rest of the noise in for a later sampler.

    Returns:
        The finished latent; decode it to see it.
    """
    from nodes.diffusion.guidance import Guided
    from nodes.diffusion.sample import Walk, walk
    from nodes.diffusion.samplers import READ_UNCONDITIONAL, SKIP_LAST_BUT_ONE
    from nodes.diffusion.schedules import SCHEDULES, choose_sigmas, cut

    check_numbers(steps, guidance, denoise)
    check_range(steps, start_step, end_step)
    start = fit_latent(latent, model.space)
    denoiser = denoiser_of(model, ctx)
    check_texts(denoiser, positive, negative, start)
    check_sampler(denoiser.levels, sampler)
    whole = choose_sigmas(SCHEDULES[schedule], denoiser.levels, steps, denoise, sampler in SKIP_LAST_BUT_ONE)
    sigmas = cut(whole, start_step, end_step, keep_noise)
    if not sigmas:
        return start
    both = sampler in READ_UNCONDITIONAL
    check_methods("model", model, denoiser, start.samples.shape)
    guided = Guided(denoiser, positive, negative, guidance, len(start.samples), both, model.guidance)
    make_room(guided, start, ctx)
    walked = walk(guided, start.samples, model.space, Walk(sampler, sigmas, seed, add_noise), start.mask)
    last = run(walked, len(sigmas) - 1, model.space, ctx)
    return sampled(start, last.x, sigmas[-1])


def make_room(guided: Guided, latent: Latent, ctx: Context) -> None:
    """Other models leave for what a look at this one takes; what cannot fit is refused before the first step."""
    from nodes.diffusion.room import bytes_to_look

    if any(part.area is not None or part.cut for part in guided.positive.parts):
        return  # the model may never look at the whole picture
    asked = 1 if guided.negative is None or not (guided.both or guided.guidance != 1) else 2
    batch, _, height, width = latent.samples.shape
    ctx.make_room(bytes_to_look(guided.model, asked * batch, height, width))


def run(steps: Iterator[Step], total: int, space: LatentSpace, ctx: Context) -> Step:
    """Take every step, each counted and shown; the last one. A model that sees no numbers is stopped at once."""
    preview: LatentPreview = ctx.weights(space.preview)
    for number, step in enumerate(ctx.track(steps, total=total)):
        if number == 0 and not bool(step.denoised.isfinite().all()):
            raise BadValue(
                "",
                say.SAW_NO_NUMBERS(),
                say.TAKE_OFF_LORAS(),
            )
        ctx.preview(partial(preview, step.denoised))
        last = step
    return last


def sampled(start: Latent, x: Tensor, sigma: float) -> Latent:
    """What a run gave that ended at this sigma. Its mask remembers what is kept while there is noise over it."""
    mask = start.mask
    if mask is not None and sigma > 0 and mask.original is None:
        mask = replace(mask, original=start.samples)
    elif mask is not None and sigma == 0:
        mask = replace(mask, original=None)
    return replace(start, samples=x.cpu(), mask=mask)


def check_numbers(steps: int = 1, guidance: float = 1.0, denoise: float = 1.0) -> None:
    if not 1 <= steps <= 10_000:
        raise BadValue("steps", say.STEPS(steps=steps), say.USUAL_STEPS())
    if not math.isfinite(guidance):
        raise BadValue("guidance", say.GUIDANCE(guidance=guidance), say.USUAL_GUIDANCE())
    if not 0 <= denoise <= 1:
        raise BadValue("denoise", say.DENOISE(denoise=denoise), common.USE_SHARE())
    if denoise and steps / denoise > LONGEST:
        raise BadValue(
            "denoise", say.TOO_LONG_A_SCHEDULE(steps=steps, denoise=denoise, most=LONGEST), say.LARGER_DENOISE()
        )


def check_range(steps: int, start_step: int, end_step: int) -> None:
    if end_step <= start_step:
        raise BadValue("end_step", say.STEP_RANGE(end_step=end_step, start_step=start_step), common.END_AFTER_START())
    if start_step >= steps:
        raise BadValue(
            "start_step", say.NO_STEP_LEFT(start_step=start_step, steps=steps), common.USE_0_TO(last=steps - 1)
        )


def check_sampler(levels: Levels, sampler: str) -> None:
    from nodes.diffusion.samplers import NOT_FOR_FLOWS, SAMPLERS

    if sampler not in SAMPLERS:
        raise BadValue("sampler", say.NO_SUCH_SAMPLER(sampler=sampler), say.CHOOSE_SAMPLER())
    if levels.is_flow and sampler in NOT_FOR_FLOWS:
        raise BadValue(
            "sampler",
            say.NOISE_OF_PICTURES(sampler=sampler),
            say.USE_EULER_ANCESTRAL(),
        )


def fit_latent(latent: Latent, space: LatentSpace) -> Latent:
    """The latent in the model's space: an empty one takes it, one of another space is refused."""
    samples = latent.samples
    if not bool(samples.isfinite().all()):
        raise BadValue("latent", of_latents.NO_NUMBERS(), common.LOOK_AT_MAKER())
    if latent.mask is not None and not bool(latent.mask.values.isfinite().all()):
        raise BadValue("latent", of_masks.NO_NUMBERS(), common.LOOK_AT_MAKER())
    if latent.space is None:
        batch, _, height, width = samples.shape
        shape = batch, space.channels, height * 8 // space.downscale, width * 8 // space.downscale
        return Latent(samples.new_zeros(shape), space)
    if not latent.space.fits(space) or samples.shape[1] != space.channels:
        raise BadValue(
            "latent",
            of_latents.OTHER_MODEL(
                given=latent.space.title,
                given_channels=samples.shape[1],
                read=space.title,
                read_channels=space.channels,
            ),
            of_latents.ENCODE_WITH_MODELS_VAE(),
        )
    return replace(latent, space=space)


def check_texts(denoiser: Denoiser, positive: Conditioning, negative: Conditioning | None, latent: Latent) -> None:
    """Refuse, in words, what the model cannot read of the texts, and what they show it beside the latent."""
    from nodes.diffusion.guidance import misfit

    check_size(denoiser, latent)
    for name, text in (("positive", positive), ("negative", negative)):
        if text is None:
            continue
        reason = misfit(denoiser, text)
        if reason:
            raise BadValue(name, reason, of_texts.TAKE_MODELS_ENCODER())
        told = (said for part in text.parts for said in (part.embedding, part.pooled, part.labels))
        if not all(bool(said.isfinite().all()) for said in told if said is not None):
            raise BadValue(name, of_texts.NO_NUMBERS(), common.LOOK_AT_MAKER())
        check_beside(denoiser, name, text, latent)


def check_methods(name: str, model: Model, denoiser: Denoiser, shape: Sequence[int]) -> None:
    """Refuse, at the input `name`, methods of guidance that the model cannot follow; `shape` is the latent's."""
    for method in model.guidance:
        unfit = method.misfit(denoiser, shape)
        if unfit is not None:
            raise BadValue(name, *unfit)


def check_size(denoiser: Denoiser, latent: Latent) -> None:
    assert latent.space is not None  # fit_latent gave it one
    height, width = (edge * latent.space.downscale for edge in latent.samples.shape[2:])
    longest = denoiser.longest_edge * latent.space.downscale
    if longest and max(height, width) > longest:
        raise BadValue(
            "latent",
            say.TOO_LONG_AN_EDGE(width=width, height=height, longest=longest),
            say.SCALE_AFTERWARDS(),
        )


def check_beside(denoiser: Denoiser, name: str, text: Conditioning, latent: Latent) -> None:
    """What the model sees beside the noise, what steers it, and where in the latent the texts are heard."""
    from nodes.diffusion.beside import misfit_beside
    from nodes.diffusion.control.fits import misfit_controls
    from nodes.diffusion.places import misfit_place

    found = [misfit_beside(denoiser.beside_channels, part.beside, latent.samples.shape) for part in text.parts]
    found.append(misfit_place(text.parts, *latent.samples.shape[2:]))
    found.append(misfit_controls(denoiser, text.parts))
    for one in found:
        if one is not None:
            raise BadValue(name, *one)
