"""Nodes that trade a little of a picture for time. Nothing here happens unless it is asked for."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated

from nodes.api import BadValue, Slider, node
from nodes.levels import ModelOut
from nodes.sentences import sampling as say
from nodes.types import Model

Change = Annotated[float, Slider(min=0.0, max=0.5, step=0.01)]
Levels = Annotated[int, Slider(min=1, max=10, step=1)]


@node(category="model", title="Skip steps that change little (lossy)")
def cache_steps(model: Model, change: Change = 0.1, every: Levels = 3) -> ModelOut:
    """Sample faster, with slightly other pictures: take what deep layers gave at an earlier step once more.

    Transformers (SD 3, Flux) leave out all blocks but the first where that one sees little change (first-block
    cache). UNets (SD 1.x, 2.x, XL) compute only their outermost layers at most steps (DeepCache, arXiv 2312.00858).
    Of use from about 20 steps on; with 8 or fewer leave it away. Steps where a ControlNet, perturbed attention or
    skipped layers act are computed whole, and all are where the model's layers wait in the computer's memory.

    Args:
        model: The denoiser.
        change: For transformers: the change up to which the other blocks are left out. 0 computes everything, 0.05
            is careful, 0.1 usual.
        every: For UNets: everything is computed at every so-many-th noise level. 1 is at each, 3 is usual.

    Returns:
        The model, sampled so by every sampler.
    """
    from nodes.diffusion.step_cache import StepCache

    if not 0 <= change < 1:
        raise BadValue("change", say.CHANGE(change=change), say.USUAL_CHANGE())
    if not 1 <= every <= 1000:
        raise BadValue("every", say.EVERY(every=every), say.USUAL_EVERY())
    others = (method for method in model.guidance if not isinstance(method, StepCache))
    return replace(model, guidance=(*others, StepCache(change, every)))
