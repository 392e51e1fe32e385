"""What a method of guidance is: frozen data beside the model's recipe, and what it does to a prediction."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum
from typing import ClassVar, NamedTuple, TypeVar

from torch import Tensor

from nodes.diffusion.denoiser import Denoiser
from nodes.diffusion.levels import Levels
from nodes.diffusion.weaken import Weakening
from nodes.types import TextPart

D = TypeVar("D", bound=Denoiser)


class Order(IntEnum):
    """When a method has its turn, whatever the order of the nodes; two of one kind go in the order of the nodes."""

    LIMIT = 0
    """Decides whether texts guide at this noise level at all."""
    NEGATIVE = 1
    """Changes what was seen under the negative text."""
    TEXTS = 2
    """Puts the texts together: plain guidance, and methods that do it in another way."""
    PROJECT = 3
    """Reshapes the way from the positive prediction to the guided one."""
    WEAKER = 4
    """Leads away from what a weaker version of the model sees."""
    RESCALE = 5
    START = 6
    """Puts something else in place of all of it."""


class Side(NamedTuple):
    """What the model is asked beside the noisy latent: the parts of one text."""

    parts: Sequence[TextPart]
    score: float
    """The aesthetic score of a text that names none."""
    weakening: Weakening | None = None


class Unfit(NamedTuple):
    """Why a model cannot be guided so, and what to do about it."""

    problem: str
    fix: str


@dataclass(frozen=True)
class Seen:
    """One look at the model. Tensors are x0: float32, batch x channels x height x width."""

    x: Tensor
    """The noisy latent itself."""
    sigma: float
    levels: Levels
    guidance: float
    """1 where texts do not guide at this noise level."""
    positive: Tensor
    negative: Tensor | None
    guided: Tensor
    """What comes of it so far."""
    own: Tensor | None
    """What the model said to the side that the method itself asks for."""
    kept: dict[str, Tensor]
    """The method's memory of this run."""


@dataclass(frozen=True, eq=False)
class Method:
    """What a method may do; each does one of these. Neutral ones are left out of a run altogether."""

    order: ClassVar[Order]
    joins_texts: ClassVar[bool] = False
    """Whether it says itself how texts are put together, so that it reads the negative text at any guidance."""

    def is_neutral(self, guidance: float) -> bool:
        """Whether it changes nothing, so that plain guidance may stand for it."""
        return False

    def misfit(self, model: Denoiser, shape: Sequence[int]) -> Unfit | None:
        """Why this model cannot be guided so when it makes latents of this shape; None when it can."""
        return None

    def bind(self, model: D) -> D:
        """What looks in the model's place during one run; memories of a run belong to what is given."""
        return model

    def allows(self, sigma: float, levels: Levels) -> bool:
        """Whether texts may guide at this noise level."""
        return True

    def asks(self, model: Denoiser, sigma: float, positive: Sequence[TextPart]) -> Side | None:
        """What else the model has to be asked, in the same forward; None when it has no turn at this noise level."""
        return None

    def apply(self, seen: Seen) -> Tensor:
        """What comes of it after this method; of one that changes the negative side, that side."""
        return seen.guided


def velocity(seen: Seen, clean: Tensor) -> Tensor:
    """x0 as velocity: noise minus picture in a flow, else v (Salimans & Ho 2022, appendix D, in sigmas)."""
    if seen.levels.is_flow:
        return (seen.x - clean) / seen.sigma
    spread = math.sqrt(seen.sigma**2 + 1)
    return (seen.x / spread**2 - clean) * (spread / seen.sigma)


def clean_at(seen: Seen, velocity: Tensor) -> Tensor:
    """The other way: the x0 of a velocity."""
    if seen.levels.is_flow:
        return seen.x - velocity * seen.sigma
    spread = math.sqrt(seen.sigma**2 + 1)
    return seen.x / spread**2 - velocity * (seen.sigma / spread)


def dot(a: Tensor, b: Tensor) -> Tensor:
    """The inner product of each image of a batch, batch x 1 x 1 x 1."""
    return (a * b).sum((1, 2, 3), keepdim=True)
