"""The noise levels a model was trained on: from its steps to sigmas and back, and how noise and picture mix.

There are two kinds, and `Levels` is the face that both show. Everything is float32 on the CPU, as in the
peers: which training step is nearest to a sigma can hang on the last bit, and a picture hangs on that.
Sigmas are host floats wherever a sampler meets them, so that nothing waits for the device.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Protocol

import torch
from torch import Tensor

BARELY_ANYTHING = 4.8973451890853435e-08
"""What is kept of the picture at the last step where none should be: a sigma of 4518 instead of infinity."""


class Levels(Protocol):
    """What schedules, samplers and denoisers know of a model's noise."""

    @property
    def sigmas(self) -> Tensor:
        """Every trained level, rising: float32 on the CPU."""
        ...

    @property
    def is_flow(self) -> bool:
        """Whether noise replaces the picture (rectified flow) rather than being added to it."""
        ...

    @property
    def steps(self) -> int: ...
    @property
    def smallest(self) -> float: ...
    @property
    def largest(self) -> float: ...

    def sigma(self, step: Tensor) -> Tensor:
        """The sigma at a step of the scale that `timestep` counts in; it may lie between two."""
        ...

    def timestep(self, sigma: float) -> float:
        """What the model is told of this sigma."""
        ...

    def at(self, share: float) -> float:
        """The sigma when this share of sampling is done: 0 is pure noise, 1 is none."""
        ...

    def kept(self, sigma: float) -> float:
        """How much of the picture is left at this sigma (alpha)."""
        ...

    def noised(self, clean: Tensor, noise: Tensor, sigma: float) -> Tensor:
        """The clean latent with noise of this level."""
        ...

    def start(self, clean: Tensor, noise: Tensor, sigma: float) -> Tensor:
        """What sampling from this level begins with."""
        ...

    def end(self, x: Tensor, sigma: float) -> Tensor:
        """The latent to hand on when sampling stops at this level; `start` without noise takes it up again."""
        ...

    def is_largest(self, sigma: float) -> bool:
        """Whether sampling from this sigma starts from nothing but noise."""
        ...


class NoiseLevels:
    """The discrete schedule of a model that predicts noise or v (Ho et al. 2020, in the sigmas of Karras et al. 2022).

    x at a level is clean + noise · sigma.
    """

    is_flow = False

    def __init__(self, betas: Tensor, zero_terminal: bool = False, interpolate: bool = False) -> None:
        """`betas`: float64, one a training step, each in (0, 1).

        `zero_terminal` rescales them so that the last step is pure noise (Lin et al. 2023, algorithm 1).
        `interpolate` tells the model a step between two trained ones, as diffusers does, not the nearest.
        """
        self.betas, self.zero_terminal, self.interpolate = betas, zero_terminal, interpolate
        kept = torch.cumprod(1 - betas, dim=0)
        if zero_terminal:
            kept = to_zero_terminal(kept)
        self.take(((1 - kept) / kept).sqrt())

    def take(self, exact: Tensor) -> None:
        """Have these levels, float64 and rising.

        The logarithm is that of the exact sigmas, not of the rounded ones: a sigma halfway between two trained steps
        is nearest to another of them for it, as in the peers.
        """
        self.sigmas, self.log_sigmas = exact.float(), exact.log().float()

    @classmethod
    def scaled_linear(
        cls, first: float = 0.00085, last: float = 0.012, steps: int = 1000, zero_terminal: bool = False
    ) -> NoiseLevels:
        """Betas whose roots grow evenly, as in Stable Diffusion (Rombach et al. 2022)."""
        return cls(torch.linspace(first**0.5, last**0.5, steps, dtype=torch.float64) ** 2, zero_terminal)

    @property
    def steps(self) -> int:
        return len(self.sigmas)

    @property
    def smallest(self) -> float:
        return float(self.sigmas[0])

    @property
    def largest(self) -> float:
        return float(self.sigmas[-1])

    def sigma(self, step: Tensor) -> Tensor:
        """The sigma at a training step, which may lie between two: interpolated in the logarithm."""
        inside = step.clamp(0, self.steps - 1)
        low, share = inside.floor().long(), inside.frac()
        return ((1 - share) * self.log_sigmas[low] + share * self.log_sigmas[inside.ceil().long()]).exp()

    def nearest_step(self, sigma: float) -> int:
        """The training step whose sigma is nearest, in the logarithm."""
        distance = torch.tensor([sigma]).log() - self.log_sigmas
        return int(distance.abs().argmin())

    def timestep(self, sigma: float) -> float:
        return self.step_between(sigma) if self.interpolate else self.nearest_step(sigma)

    def step_between(self, sigma: float) -> float:
        """The place of a sigma among the training steps, interpolated in the logarithm."""
        wanted = torch.tensor([sigma]).log().clamp(self.log_sigmas[0], self.log_sigmas[-1])
        low = int((self.log_sigmas <= wanted).sum().clamp(max=self.steps - 1)) - 1
        share = (wanted - self.log_sigmas[low]) / (self.log_sigmas[low + 1] - self.log_sigmas[low])
        return low + float(share)

    def at(self, share: float) -> float:
        """From the last training step to the first at an even pace; before the start, more than any level."""
        if share <= 0:
            return math.inf
        return 0.0 if share >= 1 else float(self.sigma(torch.tensor((1 - share) * (self.steps - 1))))

    def kept(self, sigma: float) -> float:
        return 1.0

    def noised(self, clean: Tensor, noise: Tensor, sigma: float) -> Tensor:
        return clean + noise * sigma

    def start(self, clean: Tensor, noise: Tensor, sigma: float) -> Tensor:
        """At the largest level noise alone has the variance that noised pictures have there, 1 + sigma²."""
        return clean + noise * (math.sqrt(1 + sigma**2) if self.is_largest(sigma) else sigma)

    def end(self, x: Tensor, sigma: float) -> Tensor:
        return x

    def is_largest(self, sigma: float) -> bool:
        return sigma > self.largest * (1 - 1e-5)


DISTANCE = 20
"""Every so-many-th training step is one that latent consistency models were distilled at: 50 of 1000."""


class DistilledLevels(NoiseLevels):
    """The levels of a latent consistency model: every 20th training step from 19 to 999 (Luo et al. 2023)."""

    def take(self, exact: Tensor) -> None:
        super().take(exact[DISTANCE - 1 :: DISTANCE])

    def sigma(self, step: Tensor) -> Tensor:
        return super().sigma((step - (DISTANCE - 1)) / DISTANCE)

    def timestep(self, sigma: float) -> float:
        """The nearest of its own steps, counted as the whole model counts."""
        return self.nearest_step(sigma) * DISTANCE + DISTANCE - 1

    def at(self, share: float) -> float:
        if share <= 0:
            return math.inf
        last = self.steps * DISTANCE - 1
        return 0.0 if share >= 1 else float(self.sigma(torch.tensor((1 - share) * last)))


class ContinuousLevels(NoiseLevels):
    """The levels of a model that was trained on noise of every strength between two (Karras et al. 2022).

    It is told a quarter of the logarithm of sigma. `sigmas` are 1000 at even distances in the logarithm.
    """

    def __init__(self, smallest: float, largest: float, steps: int = 1000) -> None:
        self.zero_terminal = self.interpolate = False
        self.ends = math.log(smallest), math.log(largest)
        self.take(torch.linspace(*self.ends, steps, dtype=torch.float64).exp())

    def sigma(self, step: Tensor) -> Tensor:
        return (step * 4).exp()

    def timestep(self, sigma: float) -> float:
        return math.log(sigma) / 4

    def at(self, share: float) -> float:
        if share <= 0:
            return math.inf
        low, high = self.ends
        return 0.0 if share >= 1 else math.exp(high - (high - low) * share)


def to_zero_terminal(kept: Tensor) -> Tensor:
    """Shift and stretch the roots so that the first stays and the last is 0 (Lin et al. 2023, algorithm 1)."""
    root = kept.sqrt()
    stretched = (root - root[-1]) * (root[0] / (root[0] - root[-1]))
    kept = stretched**2
    kept[-1] = BARELY_ANYTHING
    return kept


def is_within(sigma: float, levels: Levels, start: float, end: float) -> bool:
    """Whether a noise level lies between two shares of sampling; both ends belong to it."""
    above = math.inf if start <= 0 else levels.at(start)
    below = 0.0 if end >= 1 else levels.at(end)
    return below <= sigma <= above


@dataclass(frozen=True)
class FlowLevels:
    """The levels of a rectified flow (Liu et al. 2022): x at sigma in (0, 1] is (1 - sigma) · clean + sigma · noise."""

    shift: float = 1.0
    """Spends more of the steps where there is much noise (Esser et al. 2024, equation 23); 1 is even."""
    multiplier: float = 1000.0
    """The model is told sigma times this."""
    trained: int = 1000
    """How many levels the schedules that visit trained ones choose from."""
    sigmas: Tensor = field(init=False, repr=False, compare=False)

    is_flow = True

    def __post_init__(self) -> None:
        steps = torch.arange(1, self.trained + 1) / self.trained
        object.__setattr__(self, "sigmas", self.sigma(steps * self.multiplier))

    @classmethod
    def exponential(cls, mu: float, multiplier: float = 1000.0, trained: int = 10_000) -> FlowLevels:
        """Flux writes the shift as e^mu: e^mu / (e^mu + 1/t - 1) is the same curve."""
        return cls(math.exp(mu), multiplier, trained)

    @property
    def steps(self) -> int:
        return self.trained

    @property
    def smallest(self) -> float:
        return float(self.sigmas[0])

    @property
    def largest(self) -> float:
        return float(self.sigmas[-1])

    def sigma(self, step: Tensor) -> Tensor:
        """A step is the unshifted level times the multiplier, so this is no inverse of `timestep` (as in the peers)."""
        time = step / self.multiplier
        return self.shift * time / (1 + (self.shift - 1) * time)

    def timestep(self, sigma: float) -> float:
        return sigma * self.multiplier

    def at(self, share: float) -> float:
        time = min(max(1 - share, 0.0), 1.0)
        return self.shift * time / (1 + (self.shift - 1) * time)

    def kept(self, sigma: float) -> float:
        return 1 - sigma

    def noised(self, clean: Tensor, noise: Tensor, sigma: float) -> Tensor:
        return clean * (1 - sigma) + noise * sigma

    def start(self, clean: Tensor, noise: Tensor, sigma: float) -> Tensor:
        return self.noised(clean, noise, sigma)

    def end(self, x: Tensor, sigma: float) -> Tensor:
        return x / (1 - sigma) if sigma < 1 else x

    def is_largest(self, sigma: float) -> bool:
        return sigma > self.largest * (1 - 1e-5)
