"""The schedulers of diffusers as samplers: any of them by its class name, driven as its pipelines drive it."""

from __future__ import annotations

import inspect
import math
from collections.abc import Callable, Iterator
from typing import Any

import diffusers
import torch
from torch import Tensor

from nodes.diffusion.levels import Levels, NoiseLevels
from nodes.diffusion.noise import Noise, generator_of
from nodes.diffusion.sample import Guide, unscaled
from nodes.diffusion.samplers import Step
from nodes.sentences import sampling as say
from nodes.types import LatentSpace


class UnfitScheduler(Exception):
    """A scheduler that this model cannot be sampled with; its text says why."""


def walk_scheduler(
    name: str, denoise: Guide, shape: torch.Size, space: LatentSpace, seed: int, steps: int, karras: bool
) -> Iterator[Step]:
    """Sample from noise alone; yield each step in the scale of the VAE. It starts as diffusers does.

    Raises:
        UnfitScheduler: it is for models of another kind, or wants more than a denoiser can give it.
    """
    levels = denoise.levels
    scheduler = asked(make_scheduler, name, levels, karras)
    asked(scheduler.set_timesteps, steps)
    drawn = Noise(seed, shape, denoise.device).start
    x = (
        (drawn * float(scheduler.init_noise_sigma)).to(denoise.device)
        if not levels.is_flow
        else drawn.to(denoise.device)
    )
    takes = inspect.signature(scheduler.step).parameters
    options = {"generator": generator_of(seed)} if "generator" in takes else {}
    for index, time in enumerate(scheduler.timesteps):
        output, denoised = predict(scheduler, denoise, x, time)
        x = asked(scheduler.step, output, time, x, return_dict=False, **options)[0]
        yield Step(index, unscaled(x, space), unscaled(denoised, space))


def make_scheduler(name: str, levels: Levels, karras: bool) -> Any:
    """One for the model's own levels, without clipping, told that outputs are noise (or velocity, for a flow)."""
    kind = getattr(diffusers, name, None)
    if kind is None or not hasattr(kind, "step"):
        raise UnfitScheduler(say.NO_SUCH_SCHEDULER(name=name))
    if name.startswith("FlowMatch") != levels.is_flow:
        raise UnfitScheduler(say.FOR_NOISE(name=name) if levels.is_flow else say.FOR_FLOWS(name=name))
    if not levels.is_flow and type(levels) is not NoiseLevels:
        raise UnfitScheduler(say.OTHER_LEVELS())
    takes = inspect.signature(kind.__init__).parameters
    if levels.is_flow:
        wanted: dict[str, Any] = {"shift": getattr(levels, "shift", 1.0)}
    else:
        wanted = {"trained_betas": betas_of(levels), "clip_sample": False, "prediction_type": "epsilon"}
    wanted["use_karras_sigmas"] = karras
    if karras and "use_karras_sigmas" not in takes:
        raise UnfitScheduler(say.NO_KARRAS(name=name))
    return kind(**{key: value for key, value in wanted.items() if key in takes})


def betas_of(levels: Levels) -> list[float]:
    """The betas whose product the levels are."""
    kept = 1 / (1 + levels.sigmas.double() ** 2)
    before = torch.cat([torch.ones(1, dtype=torch.float64), kept[:-1]])
    betas: list[float] = (1 - kept / before).tolist()
    return betas


def predict(scheduler: Any, denoise: Guide, x: Tensor, time: Tensor) -> tuple[Tensor, Tensor]:
    """What the model would put out at this time, and the clean latent it sees."""
    levels = denoise.levels
    if levels.is_flow:
        sigma, grown = float(time) / 1000, x
    else:
        # Its own input has unit variance whatever scale the scheduler keeps x in.
        sigma = float(levels.sigma(time.float().cpu()))
        grown = asked(scheduler.scale_model_input, x, time) * math.sqrt(1 + sigma**2)
    denoised = denoise(grown, sigma)
    return (grown - denoised) / sigma, denoised


def asked(function: Callable[..., Any], *args: Any, **options: Any) -> Any:
    """Call a scheduler; what it answers to what it cannot do becomes one kind of error."""
    try:
        return function(*args, **options)
    except (AttributeError, ImportError, NotImplementedError, TypeError, ValueError) as error:
        raise UnfitScheduler(str(error).strip().splitlines()[0] if str(error).strip() else repr(error)) from error
