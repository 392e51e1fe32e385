"""A node that samples with any scheduler of diffusers."""

from __future__ import annotations

import importlib.util
import re
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from nodes.api import BadValue, Choices, Context, node
from nodes.fields import Guidance, LatentOut, SeedNumber, Steps
from nodes.levels import denoiser_of
from nodes.sampling import check_methods, check_numbers, check_texts, fit_latent, make_room, run
from nodes.sentences import sampling as say
from nodes.types import Conditioning, Latent, Model

if TYPE_CHECKING:
    pass


def scheduler_names() -> list[str]:
    """Every scheduler of the diffusers that is installed, read from its own list: importing it takes seconds."""
    spec = importlib.util.find_spec("diffusers")
    if spec is None or spec.origin is None:
        return []
    listed = (Path(spec.origin).parent / "schedulers" / "__init__.py").read_text(encoding="utf-8")
    return sorted(set(re.findall(r'"(\w+Scheduler)"', listed)))


@node(category="sampling/pieces")
def sample_with_diffusers(
    model: Model,
    positive: Conditioning,
    negative: Conditioning | None,
    latent: Latent,
    ctx: Context,
    seed: SeedNumber = 0,
    steps: Steps = 20,
    guidance: Guidance = 7.0,
    scheduler: Annotated[str, Choices(scheduler_names)] = "EulerDiscreteScheduler",
    karras: bool = False,
) -> LatentOut:
    """Sample with a scheduler of diffusers, from noise alone and as its pipelines do.

    Args:
        model: The denoiser.
        positive: What the picture should show.
        negative: What it should not show; without it guidance has no effect.
        latent: An empty latent: it gives the size and the batch.
        seed: Which noise to start from.
        steps: How many steps.
        guidance: How strongly the texts steer.
        scheduler: Which one. Those of other kinds of models say so.
        karras: Finer steps where little noise is left, for schedulers that know them.

    Returns:
        The finished latent; decode it to see it.
    """
    from nodes.diffusion.guidance import Guided
    from nodes.diffusion.wrapped import UnfitScheduler, walk_scheduler

    check_numbers(steps, guidance)
    start = fit_latent(latent, model.space)
    if start.mask is not None:
        what = say.MASK_UNUSED()
        raise BadValue("latent", what, say.USE_SAMPLE())
    denoiser = denoiser_of(model, ctx)
    check_texts(denoiser, positive, negative, start)
    check_methods("model", model, denoiser, start.samples.shape)
    guided = Guided(denoiser, positive, negative, guidance, len(start.samples), methods=model.guidance)
    make_room(guided, start, ctx)
    walked = walk_scheduler(scheduler, guided, start.samples.shape, model.space, seed, steps, karras)
    try:
        last = run(walked, steps, model.space, ctx)
    except UnfitScheduler as error:
        fix = say.OTHER_SCHEDULER()
        raise BadValue("scheduler", say.SCHEDULER_UNFIT(scheduler=scheduler, error=error.args[0]), fix) from error
    return replace(start, samples=last.x.cpu())
