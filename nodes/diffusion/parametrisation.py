"""A model sampled otherwise than its file says: other levels, another meaning of its output, hypernetworks."""

from __future__ import annotations

import copy
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any, TypeVar

from nodes.diffusion.denoiser import Denoiser
from nodes.diffusion.explained import Explained
from nodes.diffusion.hypernetwork import CannotReword, HypernetworkRecipe, check_widths
from nodes.diffusion.levels import ContinuousLevels, DistilledLevels, FlowLevels, NoiseLevels
from nodes.diffusion.unet import UNetDenoiser
from nodes.sentences import models as say
from nodes.types import Continuous, Discrete, Parametrisation, Recipe, Shift

D = TypeVar("D", bound=Denoiser)


class Unfit(Explained):
    """A parametrisation that a model cannot have. `fix` says what to do."""


def parametrised(denoiser: Denoiser, how: Parametrisation | None) -> Denoiser:
    """A denoiser that shares the weights of another. Raises `Unfit`."""
    match how:
        case None:
            return denoiser
        case Shift(factor):
            return with_shift(denoiser, factor)
        case Discrete():
            return with_prediction(unet_of(denoiser), how)
        case Continuous(prediction, smallest, largest, data):
            changed = copy.copy(unet_of(denoiser))
            changed.levels = ContinuousLevels(smallest, largest)
            changed.traits = replace(changed.traits, prediction=prediction, data=data)
            return changed


def with_hypernetworks(denoiser: D, wanted: Sequence[tuple[Recipe, float]], weights: Callable[[Recipe], Any]) -> D:
    """A denoiser that shares the weights of another, behind hypernetworks. Raises `CannotReword`.

    `weights`: gives what a recipe loads.
    """
    if not wanted:
        return denoiser
    if not isinstance(denoiser, UNetDenoiser):
        raise CannotReword(
            say.NO_UNET(),
            say.NO_HYPERNETWORK(),
        )
    for recipe, _ in wanted:
        if isinstance(recipe, HypernetworkRecipe):
            check_widths(recipe, denoiser.unet)
    changed = copy.copy(denoiser)
    changed.hypernetworks = tuple((weights(recipe), strength) for recipe, strength in wanted)
    return changed


def with_shift(denoiser: Denoiser, factor: float) -> Denoiser:
    if not isinstance(denoiser.levels, FlowLevels):
        raise Unfit(
            say.NO_FLOW(),
            say.NO_SHIFT(),
        )
    changed = copy.copy(denoiser)
    changed.levels = replace(denoiser.levels, shift=factor)  # type: ignore[misc]  # read-only to those who sample
    return changed


def with_prediction(denoiser: UNetDenoiser, how: Discrete) -> UNetDenoiser:
    levels = denoiser.levels
    assert isinstance(levels, NoiseLevels)  # what UNets are loaded with
    changed = copy.copy(denoiser)
    if how.prediction != "auto":
        changed.traits = replace(denoiser.traits, prediction=how.prediction)
    zero_terminal = levels.zero_terminal if how.zero_terminal is None else how.zero_terminal
    if how.prediction == "lcm":
        changed.levels = DistilledLevels(levels.betas, zero_terminal)
    elif zero_terminal != levels.zero_terminal:
        changed.levels = NoiseLevels(levels.betas, zero_terminal, levels.interpolate)
    return changed


def unet_of(denoiser: Denoiser) -> UNetDenoiser:
    if not isinstance(denoiser, UNetDenoiser):
        raise Unfit(
            say.IS_FLOW(),
            say.NO_PREDICTION(),
        )
    return denoiser
