"""Guidance away from what a weaker version of the same model sees, with or without a negative text."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from torch import Tensor

from nodes.diffusion.denoiser import Denoiser
from nodes.diffusion.guidance.method import Method, Order, Seen, Side, Unfit
from nodes.diffusion.levels import is_within
from nodes.diffusion.told import GOOD
from nodes.diffusion.weaken import Way, Weakening, is_layered
from nodes.sentences import common
from nodes.sentences import models as say
from nodes.types import TextPart


@dataclass(frozen=True)
class Weaker(Method):
    """`guided + strength · (positive - weaker)`, where the weaker model reads the positive text in the same forward."""

    strength: float
    layers: tuple[int, ...] = ()
    """Numbers of transformer layers, from 0; none for those in the middle of the model."""
    start: float = 0.0
    """The shares of sampling where it has its turn."""
    end: float = 1.0
    order = Order.WEAKER
    way: ClassVar[Way]

    def is_neutral(self, guidance: float) -> bool:
        return self.strength == 0

    def misfit(self, model: Denoiser, shape: Sequence[int]) -> Unfit | None:
        if not is_layered(model):
            return Unfit(say.LAYERS_NOT_WEAKENED(), say.NO_SUCH_GUIDANCE())
        count = len(model.layers.all)
        missing = [number for number in self.layers if number >= count]
        if missing:
            return Unfit(say.NO_SUCH_LAYER(layer=missing[0], count=count), common.USE_0_TO(last=count - 1))
        if not self.layers and not model.layers.middle:
            return Unfit(say.NO_MIDDLE_LAYER(), say.NAME_LAYERS(last=count - 1))
        return None

    def asks(self, model: Denoiser, sigma: float, positive: Sequence[TextPart]) -> Side | None:
        if not is_within(sigma, model.levels, self.start, self.end):
            return None
        assert is_layered(model)  # misfit was asked first
        return Side(positive, GOOD, Weakening(self.way, self.layers or model.layers.middle))

    def apply(self, seen: Seen) -> Tensor:
        return seen.guided if seen.own is None else seen.guided + (seen.positive - seen.own) * self.strength


@dataclass(frozen=True)
class PerturbedAttention(Weaker):
    """Perturbed-attention guidance (Ahn et al. 2024, arXiv 2403.17377).

    The weaker model's picture attends to itself cell by cell: its map of self-attention is the identity. Where
    picture and text share one attention, as in transformers, each cell goes on seeing the text.
    """

    way = "perturb"


@dataclass(frozen=True)
class SkippedLayers(Weaker):
    """Skip-layer guidance (Stability AI 2024, with SD 3.5; Hyung et al. 2024, arXiv 2411.18664).

    The weaker model leaves whole layers out.
    """

    way = "skip"
