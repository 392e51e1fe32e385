"""Nodes that change how a model is guided. Each adds one method to the model on its way to a sampler."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Annotated

from nodes.api import BadValue, Number, Slider, Title, node
from nodes.fields import Fraction
from nodes.sentences import common
from nodes.sentences import sampling as say
from nodes.types import Conditioning, Model

if TYPE_CHECKING:
    from nodes.diffusion.guidance import Method

ModelOut = Annotated[Model, Title("Model")]
Strength = Annotated[float, Slider(min=0.0, max=20.0, step=0.1)]
Momentum = Annotated[float, Slider(min=-0.95, max=0.95, step=0.05)]
Length = Annotated[float, Number(min=0.0, max=1000.0, step=0.5)]
Level = Annotated[float, Number(min=0.0, max=10_000.0, step=0.01)]
Beginning = Annotated[float, Slider(min=0.0, max=0.5, step=0.01)]
LARGEST_STRENGTH = 100.0


@dataclass(frozen=True)
class Share:
    """A part of the run: by how much of sampling is done, the same for every schedule and number of steps.

    Attributes:
        start: Guide from here; 0 is the start of sampling.
        end: Guide up to here; 1 is its end.
    """

    start: Fraction = 0.2
    end: Fraction = 0.9


@dataclass(frozen=True)
class NoiseLevel:
    """A range of sigmas: where papers give them for a model, as they do for SDXL.

    Attributes:
        low: Guide above this noise level.
        high: Guide up to this noise level.
    """

    low: Level = 0.28
    high: Level = 5.42


@node(category="sampling/guidance", title="Rescale guidance (CFG rescale)")
def rescale_guidance(model: Model, strength: Fraction = 0.7) -> ModelOut:
    """Keep strong guidance from burning pictures: give them back the contrast that the positive text alone has.

    Args:
        model: The denoiser.
        strength: 0 changes nothing, 0.7 is usual, 1 may look flat.

    Returns:
        The model, guided so by every sampler.
    """
    from nodes.diffusion.guidance import Rescale

    return guided(model, Rescale(within("strength", strength, 0, 1)))


@node(category="sampling/guidance", title="Limit guidance to an interval")
def limit_guidance(model: Model, where: Share | NoiseLevel = Share()) -> ModelOut:
    """Let texts guide in the middle of sampling only: more variety and less burning, and faster outside it.

    Outside, the model looks at the positive text alone, as at guidance 1.

    Args:
        model: The denoiser.
        where: The interval, by share of the run or by noise level. The whole run changes nothing.

    Returns:
        The model, guided so by every sampler.
    """
    from nodes.diffusion.guidance import Interval, SigmaInterval

    if isinstance(where, Share):
        ordered("where", within("where.start", where.start, 0, 1), within("where.end", where.end, 0, 1))
        return guided(model, Interval(where.start, where.end))
    ordered("where", within("where.low", where.low, 0, math.inf), where.high, "low", "high")
    return guided(model, SigmaInterval(where.low, where.high))


@node(category="sampling/guidance", title="Project guidance (APG)")
def project_guidance(
    model: Model, parallel: Fraction = 0.0, longest: Length = 15.0, momentum: Momentum = -0.5
) -> ModelOut:
    """Take strong guidance without garish colours: adaptive projected guidance.

    Args:
        model: The denoiser.
        parallel: How much is kept of the part of guidance that only makes colours stronger (eta). 1 keeps it.
        longest: The longest step that guidance may take (norm threshold), 0 for no limit. 15 suits SDXL at
            1024 pixels, 7.5 SD 1.x and 2.x at 512.
        momentum: How much of earlier guidance is added; below 0 it is pushed away from, 0 changes nothing.

    Returns:
        The model, guided so by every sampler.
    """
    from nodes.diffusion.guidance import Projected

    parts = within("parallel", parallel, 0, 1), within("longest", longest, 0, math.inf)
    return guided(model, Projected(*parts, within("momentum", momentum, -0.99, 0.99)))


@node(category="sampling/guidance", title="Perturbed attention (PAG)")
def perturb_attention(
    model: Model, strength: Strength = 3.0, layers: str = "", start: Fraction = 0.0, end: Fraction = 1.0
) -> ModelOut:
    """Clearer shapes, also without a negative text: lead away from what the model sees when parts ignore each other.

    The model looks once more at each step, in the same forward.

    Args:
        model: The denoiser.
        strength: 0 changes nothing, 3 is usual.
        layers: Numbers of the transformer layers to disturb, from 0, with commas. Empty takes the middle of the
            model, which is usual for UNets.
        start: Begin when this share of sampling is done.
        end: Stop when this share is done.

    Returns:
        The model, guided so by every sampler.
    """
    from nodes.diffusion.guidance import PerturbedAttention

    return guided(model, PerturbedAttention(*weaker(strength, layers, start, end)))


@node(category="sampling/guidance", title="Skip layers (SLG)")
def skip_layers(
    model: Model, strength: Strength = 2.8, layers: str = "7, 8, 9", start: Fraction = 0.01, end: Fraction = 0.2
) -> ModelOut:
    """Better anatomy and structure: lead away from what the model sees with some layers left out.

    The model looks once more at each of these steps, in the same forward. Made for SD 3.5 medium, whose usual
    values are the defaults.

    Args:
        model: The denoiser.
        strength: 0 changes nothing, 2 to 4 is usual.
        layers: Numbers of the transformer layers to leave out, from 0, with commas, counted from the first to the
            last that the picture passes: SD 3.5 medium has 0 to 23, Flux.1 0 to 56, SD 1.x 0 to 15, SDXL 0 to 69.
            Empty takes the middle.
        start: Begin when this share of sampling is done.
        end: Stop when this share is done.

    Returns:
        The model, guided so by every sampler.
    """
    from nodes.diffusion.guidance import SkippedLayers

    return guided(model, SkippedLayers(*weaker(strength, layers, start, end)))


@node(category="sampling/guidance", title="CFG-Zero*")
def cfg_zero_star(model: Model, strength: Fraction = 1.0, zero_start: Beginning = 0.0) -> ModelOut:
    """Guide SD 3 and Flux more faithfully: scale the negative prediction to fit, and begin without a step.

    Args:
        model: The denoiser.
        strength: How much of the scaling is used: 0 none, 1 all.
        zero_start: The share of sampling in which nothing moves, where the first guesses of a flow mislead. 0 is
            none of it; the paper takes 0.04, the first step of 20. Models that are not flows want none.

    Returns:
        The model, guided so by every sampler.
    """
    from nodes.diffusion.guidance import ZeroStar, ZeroStart

    scaling, beginning = within("strength", strength, 0, 1), within("zero_start", zero_start, 0, 0.5)
    return guided(model, ZeroStar(scaling), ZeroStart(beginning))


@node(category="sampling/guidance", title="Dual guidance (dual CFG)")
def dual_guidance(model: Model, middle: Conditioning, guidance: Strength = 1.5, nested: bool = False) -> ModelOut:
    """Guide in two stages with a strength each: from the negative to a middle text, from there to the positive one.

    For models that edit pictures: Instruct pix2pix conditioning gives the positive text, as its negative the middle
    one, and as its unseen the negative one. This guidance then says how closely to keep to the picture, the
    sampler's how closely to follow the text. Or between any two texts, the plainer one as the middle.

    Args:
        model: The denoiser.
        middle: The text between the two. In the positive one it should say more, in the negative one less.
        guidance: From the negative to the middle text. The sampler's own changes nothing, and then the middle text
            does not count.
        nested: Let plain guidance from the middle to the positive text have its way first, then lead all of it away
            from the negative text by this guidance.

    Returns:
        The model, guided so by every sampler.
    """
    from nodes.diffusion.guidance import Dual

    return guided(model, Dual(middle, within("guidance", guidance, 0, LARGEST_STRENGTH), nested))


@node(category="sampling/guidance", title="Perpendicular negative (Perp-Neg)")
def perpendicular_negative(model: Model, empty: Conditioning, strength: Strength = 1.0) -> ModelOut:
    """Avoid only what the negative text says beyond the positive one, so that the two may share words.

    Args:
        model: The denoiser.
        empty: The text of no words, from the same text encoder.
        strength: How strongly the rest is avoided. At 0 it is plain guidance against the empty text.

    Returns:
        The model, guided so by every sampler.
    """
    from nodes.diffusion.guidance import PerpendicularNegative

    return guided(model, PerpendicularNegative(empty, within("strength", strength, 0, LARGEST_STRENGTH)))


def guided(model: Model, *methods: Method) -> Model:
    """The model with these methods beside those it has."""
    return replace(model, guidance=(*model.guidance, *methods))


def weaker(strength: float, layers: str, start: float, end: float) -> tuple[float, tuple[int, ...], float, float]:
    """What guidance by a weaker model takes, checked."""
    ordered("end", within("start", start, 0, 1), within("end", end, 0, 1))
    return within("strength", strength, 0, LARGEST_STRENGTH), numbers("layers", layers), start, end


def numbers(input: str, text: str) -> tuple[int, ...]:
    """Whole numbers from 0, as they are written with commas or spaces; each once."""
    words = text.replace(",", " ").split()
    for word in words:
        if not (word.isascii() and word.isdigit()):
            raise BadValue(input, say.NO_LAYER_NUMBER(word=word), say.WRITE_LAYERS())
    return tuple(dict.fromkeys(int(word) for word in words))


def within(input: str, value: float, low: float, high: float) -> float:
    """The value; what is no number or lies outside is refused."""
    if not math.isfinite(value) or not low <= value <= high:
        name = input.rpartition(".")[2].replace("_", " ").capitalize()
        fix = common.USE_OR_MORE(low=low) if high == math.inf else common.USE_FROM_TO(low=low, high=high)
        raise BadValue(input, common.NAMED_IS(name=name, value=value), fix)
    return value


def ordered(input: str, first: float, second: float, low: str = "start", high: str = "end") -> None:
    if not first < second:
        raise BadValue(
            input, common.ENDS_BEFORE_START(second=second, first=first), common.MAKE_LARGER_THAN(high=high, low=low)
        )
