"""Nodes that make, cut, join and plot schedules: the noise levels a sampler visits."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Annotated, Literal, NamedTuple

from nodes.api import BadValue, Context, Number, Text, Title, node, socket
from nodes.fields import Fraction, ImageOut, Pixels, ScheduleName, Steps
from nodes.forms import Malformed
from nodes.levels import denoiser_of
from nodes.sampling import check_numbers
from nodes.sentences import common
from nodes.sentences import forms as of_forms
from nodes.sentences import sampling as say
from nodes.types import Image, Model

if TYPE_CHECKING:
    pass

Level = Annotated[float, Number(min=0.0, max=5000.0, step=0.001)]
Frames = Annotated[int, Number(min=1, max=10_000, step=1)]
Family = Literal["Stable Diffusion 1.x", "SDXL", "Stable Video Diffusion"]


@socket(colour="#e0c060")
@dataclass(frozen=True)
class Sigmas:
    """Noise levels in the order they are visited; one step leads from each to the next."""

    values: tuple[float, ...]

    def __post_init__(self) -> None:
        if not all(map(math.isfinite, self.values)):
            raise Malformed(of_forms.NO_NUMBERS(what=of_forms.LEVELS()))

    def check(self, place: str, is_flow: bool) -> None:
        """Refuse, in words, what no sampler can walk: at `place`, the input's name."""
        for number, (sigma, following) in enumerate(pairwise(self.values), start=1):
            if not sigma > following >= 0:
                raise BadValue(
                    place,
                    say.SIGMAS_RISE(number=number, sigma=sigma, following=following),
                    say.TURN_ROUND(),
                )
        if is_flow and self.values[0] > 1:
            raise BadValue(
                place,
                say.SIGMAS_OF_NO_FLOW(first=self.values[0]),
                say.MAKE_FROM_MODEL(),
            )


SigmasOut = Annotated[Sigmas, Title("Sigmas")]


@dataclass(frozen=True)
class Karras:
    """Finer steps where little noise is left.

    Args:
        largest: The first level.
        smallest: The last level above 0.
        rho: How much finer: 1 is even, 7 is usual.
    """

    largest: Level = 14.614642
    smallest: Level = 0.0291675
    rho: Annotated[float, Number(min=0.1, max=100.0, step=0.1)] = 7.0


@dataclass(frozen=True)
class Polyexponential:
    """Steps even in the logarithm, or a power of it.

    Args:
        largest: The first level.
        smallest: The last level above 0.
        rho: 1 is exponential; more spends steps on the small levels.
    """

    largest: Level = 14.614642
    smallest: Level = 0.0291675
    rho: Annotated[float, Number(min=0.1, max=100.0, step=0.1)] = 1.0


@dataclass(frozen=True)
class VP:
    """The continuous variance preserving process.

    Args:
        beta_d: How its noise rate grows.
        beta_min: The rate at the end.
        eps_s: The last time above 0.
    """

    beta_d: Annotated[float, Number(min=0.0, max=5000.0, step=0.1)] = 19.9
    beta_min: Annotated[float, Number(min=0.0, max=5000.0, step=0.1)] = 0.1
    eps_s: Annotated[float, Number(min=0.0, max=1.0, step=0.0001)] = 0.001


@dataclass(frozen=True)
class Laplace:
    """Steps close around a middle level. It ends at the smallest level, not at 0.

    Args:
        largest: The first level.
        smallest: The last level.
        mu: The logarithm of the middle level.
        beta: How wide around it.
    """

    largest: Level = 14.614642
    smallest: Level = 0.0291675
    mu: Annotated[float, Number(min=-10.0, max=10.0, step=0.1)] = 0.0
    beta: Annotated[float, Number(min=0.0, max=10.0, step=0.1)] = 0.5


@node(category="sampling/sigmas")
def schedule(
    model: Model, ctx: Context, schedule: ScheduleName = "normal", steps: Steps = 20, denoise: Fraction = 1.0
) -> SigmasOut:
    """Make the noise levels that a schedule visits for a model.

    Args:
        model: Whose levels to choose from.
        schedule: Which levels to visit.
        steps: How many steps.
        denoise: How much of a latent to make anew; below 1 these are the last steps of a longer schedule.

    Returns:
        The sigmas.
    """
    from nodes.diffusion.schedules import SCHEDULES, choose_sigmas

    check_numbers(steps, denoise=denoise)
    denoiser = denoiser_of(model, ctx)
    return Sigmas(choose_sigmas(SCHEDULES[schedule], denoiser.levels, steps, denoise))


@node(category="sampling/sigmas")
def curve_schedule(
    steps: Steps = 20,
    curve: Karras | Polyexponential | VP | Laplace = Karras(),  # frozen, so one default serves every call
) -> SigmasOut:
    """Make noise levels along a curve between ends of your own.

    Args:
        steps: How many steps.
        curve: Which curve.

    Returns:
        The sigmas.
    """
    from nodes.diffusion.schedules import continuous

    check_numbers(steps)
    if not isinstance(curve, VP) and not 0 < curve.smallest < curve.largest:
        raise BadValue(
            "curve.smallest", say.NOT_BETWEEN(smallest=curve.smallest, largest=curve.largest), say.USUAL_SMALLEST()
        )
    match curve:
        case Karras():
            values = continuous.karras_between(curve.smallest, curve.largest, steps, curve.rho)
        case Polyexponential():
            values = continuous.polyexponential_between(curve.smallest, curve.largest, steps, curve.rho)
        case VP():
            values = continuous.variance_preserving(steps, curve.beta_d, curve.beta_min, curve.eps_s)
        case Laplace():
            values = continuous.laplace(steps, curve.smallest, curve.largest, curve.mu, curve.beta)
    return Sigmas(tuple(dict.fromkeys(values)))


@node(category="sampling/sigmas")
def align_your_steps(family: Family = "Stable Diffusion 1.x", steps: Steps = 10, denoise: Fraction = 1.0) -> SigmasOut:
    """Make the noise levels that were optimised for a family: best for few steps, such as 10.

    Args:
        family: Which models they were optimised for.
        steps: How many steps for the whole way; other numbers than 10 are interpolated.
        denoise: Which share of these steps to take, from the end.

    Returns:
        The sigmas.
    """
    from nodes.diffusion.schedules import published

    check_numbers(steps, denoise=denoise)
    return Sigmas(published.align_your_steps(family, steps, denoise))


@node(category="sampling/sigmas")
def turbo_schedule(
    model: Model, ctx: Context, steps: Annotated[int, Number(min=1, max=10, step=1)] = 1, denoise: Fraction = 1.0
) -> SigmasOut:
    """Make the noise levels of distilled models such as SD Turbo and SDXL Turbo.

    Args:
        model: Whose levels to choose from.
        steps: 1 to 4 is what these models were made for.
        denoise: How much of a latent to make anew, in tenths.

    Returns:
        The sigmas.
    """
    from nodes.diffusion.schedules import trained

    if not 1 <= steps <= 10:
        raise BadValue("steps", say.NOT_IN_SCHEDULE(steps=steps), common.USE_1_TO_10())
    check_numbers(denoise=denoise)
    denoiser = denoiser_of(model, ctx)
    values = trained.turbo(denoiser.levels, steps, denoise)
    return Sigmas(values if len(values) > 1 else ())


@node(category="sampling/sigmas")
def flux2_schedule(steps: Steps = 20, width: Pixels = 1024, height: Pixels = 1024) -> SigmasOut:
    """Make the noise levels of Flux.2 for a picture's size.

    Args:
        steps: How many steps.
        width: Width of the picture in pixels.
        height: Height of the picture in pixels.

    Returns:
        The sigmas.
    """
    from nodes.diffusion.schedules import published

    check_numbers(steps)
    return Sigmas(published.flux2(round(width * height / 256), steps))


@node(category="sampling/sigmas")
def ltxv_schedule(
    steps: Steps = 20,
    width: Pixels = 768,
    height: Pixels = 512,
    frames: Frames = 97,
    max_shift: Level = 2.05,
    base_shift: Level = 0.95,
    stretch: bool = True,
    terminal: Fraction = 0.1,
) -> SigmasOut:
    """Make the noise levels of LTX-Video for a video's size.

    Args:
        steps: How many steps.
        width: Width of the video in pixels.
        height: Height of the video in pixels.
        frames: How many pictures it has.
        max_shift: The shift for 4096 tokens.
        base_shift: The shift for 1024 tokens.
        stretch: Let the last level above 0 be the terminal one.
        terminal: That level.

    Returns:
        The sigmas.
    """
    from nodes.diffusion.schedules import published

    check_numbers(steps)
    if not 0 <= terminal < 1:
        raise BadValue("terminal", say.LAST_LEVEL(terminal=terminal), say.USE_01())
    tokens = (width // 32) * (height // 32) * ((frames - 1) // 8 + 1)
    return Sigmas(published.ltxv(tokens, steps, max_shift, base_shift, terminal if stretch else None))


@node(category="sampling/sigmas")
def write_sigmas(text: Annotated[str, Text(lines=2)] = "1.0, 0.75, 0.5, 0.25, 0.0") -> SigmasOut:
    """Write noise levels by hand.

    Args:
        text: Numbers with commas or spaces between them, falling.

    Returns:
        The sigmas.
    """
    values = []
    for word in re.split(r"[,;\s]+", text.strip(" \n\t,;[]()")):
        try:
            value = float(word)
        except ValueError:
            raise BadValue("text", say.NO_NUMBER(word=word), say.WRITE_SIGMAS()) from None
        if not math.isfinite(value) or value < 0:
            raise BadValue("text", say.NO_NOISE_LEVEL(word=word), say.NUMBERS_FROM_0())
        values.append(value)
    return Sigmas(tuple(values))


class Halves(NamedTuple):
    """Two parts of a schedule; both hold the level where they meet.

    Args:
        first: The steps before the cut.
        second: The steps after it.
    """

    first: Sigmas
    second: Sigmas


@node(category="sampling/sigmas")
def cut_sigmas(
    sigmas: Sigmas, step: Annotated[int, Number(min=0, max=10_000, step=1)] = 10, from_end: bool = False
) -> Halves:
    """Cut noise levels in two, for two samplers in a row.

    Args:
        sigmas: What to cut.
        step: How many steps the first part takes; the second, when counted from the end.
        from_end: Count from the end.
    """
    steps = max(len(sigmas.values) - 1, 0)
    at = min(max(steps - step if from_end else step, 0), steps)
    return Halves(Sigmas(sigmas.values[: at + 1]), Sigmas(sigmas.values[at:]))


@node(category="sampling/sigmas")
def join_sigmas(first: Sigmas, second: Sigmas) -> SigmasOut:
    """Put noise levels one after another.

    Args:
        first: The levels to begin with.
        second: The levels that follow; the one where both meet is kept once.

    Returns:
        The sigmas.
    """
    meets = first.values[-1:] == second.values[:1]
    return Sigmas(first.values + second.values[1 if meets else 0 :])


@node(category="sampling/sigmas")
def reverse_sigmas(sigmas: Sigmas) -> SigmasOut:
    """Turn noise levels round, to look at what a run did or to noise step by step.

    Args:
        sigmas: What to turn round.

    Returns:
        The sigmas, rising.
    """
    return Sigmas(sigmas.values[::-1])


@node(category="sampling/sigmas")
def plot_sigmas(sigmas: Sigmas, logarithmic: bool = True, width: Pixels = 768, height: Pixels = 448) -> ImageOut:
    """Draw noise levels against steps.

    Args:
        sigmas: What to draw.
        logarithmic: Let each tenfold take the same height; a level of 0 then lies on the bottom line.
        width: Width of the picture in pixels.
        height: Height of the picture in pixels.

    Returns:
        The picture.
    """
    from nodes.diffusion.plot import plot

    if len(sigmas.values) < 2:
        raise BadValue("sigmas", say.NO_STEP_TO_DRAW(), say.MAKE_SIGMAS())
    if width < 200 or height < 120:
        raise BadValue("width", say.TOO_SMALL_A_PLOT(width=width, height=height), say.USUAL_PLOT())
    return Image(plot({"": sigmas.values}, width, height, logarithmic)[None])
