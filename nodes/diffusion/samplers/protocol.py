"""What samplers take and give.

A sampler takes the noisy latent, the falling sigmas (floats, so that nothing waits for the device) and a
source of noise; it yields a `Step` after each step. `x` stays in the dtype it came in, float32 in a run.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol, TypeAlias

from torch import Tensor

from nodes.diffusion.levels import Levels

Between: TypeAlias = "Callable[[float, float], Tensor]"
"""`between(sigma, following)`: standard normal noise that belongs to this stretch of sigmas."""


class Denoise(Protocol):
    """A guided model, as a sampler sees it."""

    @property
    def levels(self) -> Levels: ...

    @property
    def unconditional(self) -> Tensor:
        """x0 as the negative text alone had it in the last call; without one, what the call gave (for CFG++)."""
        ...

    def __call__(self, x: Tensor, sigma: float) -> Tensor:
        """The clean latent x0 that the model sees in `x`."""
        ...


class NoiseSource(Protocol):
    """The random numbers of a run, in the shape of x and on its device."""

    def fresh(self) -> Tensor:
        """Standard normal noise, new at each call."""
        ...

    def brownian(self, low: float, high: float, on_device: bool = False) -> Between:
        """One Brownian path over the sigmas from `low` to `high`, so that more steps refine the same noise."""
        ...


@dataclass(frozen=True)
class Step:
    """Where a sampler stands after a step."""

    index: int
    x: Tensor
    denoised: Tensor
    """The clean latent as the model saw it in this step."""


Sampler: TypeAlias = "Callable[[Denoise, Tensor, Sequence[float], NoiseSource], Iterator[Step]]"
