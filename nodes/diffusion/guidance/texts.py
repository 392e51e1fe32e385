"""Guidance by three texts rather than two."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from torch import Tensor

from nodes.diffusion.beside import misfit_beside
from nodes.diffusion.control.fits import misfit_controls
from nodes.diffusion.denoiser import Denoiser
from nodes.diffusion.guidance.method import Method, Order, Seen, Side, Unfit, dot
from nodes.diffusion.places import misfit_place
from nodes.diffusion.told import POOR
from nodes.sentences import texts as say
from nodes.types import Conditioning, TextPart

LEAST = 1e-12


@dataclass(frozen=True, eq=False)
class ThirdText(Method):
    """A method that asks for a text beside the positive and the negative one."""

    text: Conditioning
    order = Order.TEXTS
    joins_texts = True

    def misfit(self, model: Denoiser, shape: Sequence[int]) -> Unfit | None:
        reason = misfit(model, self.text)
        if reason:
            return Unfit(reason, say.TAKE_MODELS_ENCODER())
        found = [misfit_beside(model.beside_channels, part.beside, shape) for part in self.text.parts]
        found.append(misfit_place(self.text.parts, shape[2], shape[3]))
        found.append(misfit_controls(model, self.text.parts))
        return next((Unfit(*one) for one in found if one is not None), None)

    def asks(self, model: Denoiser, sigma: float, positive: Sequence[TextPart]) -> Side | None:
        return Side(self.text.parts, POOR)


@dataclass(frozen=True, eq=False)
class Dual(ThirdText):
    """Two guidances (InstructPix2Pix, Brooks et al. 2023, arXiv 2211.09800, equation 3), the text being the middle one.

    From the negative text to the middle one by `guidance`, from there to the positive one by the sampler's own.
    Nested, the whole of what plain guidance makes of positive and middle is led away from the negative text.
    Without a negative text it is plain guidance from the middle one to the positive one.
    """

    guidance: float
    nested: bool = False

    def is_neutral(self, guidance: float) -> bool:
        return not self.nested and self.guidance == guidance

    def apply(self, seen: Seen) -> Tensor:
        assert seen.own is not None  # it asked
        middle, negative = seen.own, seen.negative
        if negative is None or self.nested:
            guided = middle + (seen.positive - middle) * seen.guidance
            return guided if negative is None else negative + (guided - negative) * self.guidance
        return negative + (middle - negative) * self.guidance + (seen.positive - middle) * seen.guidance


@dataclass(frozen=True, eq=False)
class PerpendicularNegative(ThirdText):
    """Perp-Neg (Armandpour et al. 2023, arXiv 2304.04968), the text being the empty one.

    Of what the negative text adds to the empty one, only what is perpendicular to what the positive text adds
    is avoided, so that the two may share words: empty + guidance · (wanted - strength · unwanted⊥). With a strength
    of 0, and without a negative text, it is plain guidance against the empty text.
    """

    strength: float

    def apply(self, seen: Seen) -> Tensor:
        assert seen.own is not None  # it asked
        wanted = seen.positive - seen.own
        if seen.negative is None:
            return seen.own + wanted * seen.guidance
        unwanted = perpendicular(seen.negative - seen.own, wanted)
        return seen.own + (wanted - unwanted * self.strength) * seen.guidance


def perpendicular(a: Tensor, b: Tensor) -> Tensor:
    """The part of each image of `a` that is perpendicular to that of `b`."""
    return a - b * (dot(a, b) / dot(b, b).clamp(min=LEAST))


def misfit(model: Denoiser, text: Conditioning) -> str:
    """Why a model cannot read a text, in words; empty when it can."""
    labels = getattr(getattr(model, "traits", None), "label_width", 0)  # of UNets alone
    for part in text.parts:
        width = part.embedding.shape[-1]
        if width != model.text_width:
            return say.OTHER_WIDTH(width=width, read=model.text_width)
        pooled = 0 if part.pooled is None else part.pooled.shape[-1]
        if model.pooled_width and pooled != model.pooled_width:
            return say.OTHER_SUMMARY(width=pooled, read=model.pooled_width)
        if part.labels is not None and part.labels.shape[-1] != labels:
            shown = part.labels.shape[-1]
            if not labels:
                return say.NO_LABELS(width=shown)
            return say.OTHER_LABELS(width=shown, read=labels)
    return ""
