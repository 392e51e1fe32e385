"""Where noise comes from: the CPU in float32 unless asked otherwise, so that a seed means the same picture anywhere.

The first image of a batch has the noise of the single image of the same seed, at the start and in every step.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from nodes.diffusion.brownian import BrownianTree
from nodes.diffusion.samplers import Between


@dataclass(frozen=True)
class NoiseChoice:
    """How the noise of a run is made, beside its seed."""

    on_device: bool = False
    """Drawn where the model runs: a little faster, and another picture on another kind of device."""
    seed_each: bool = False
    """Image i of a batch starts from seed + i, and so equals the single image of that seed."""
    variation_seed: int = 0
    variation: float = 0.0
    """How far the start turns towards the noise of the variation seed: 0 not at all, 1 all the way."""
    given: Tensor | None = None
    """The start itself, standard normal, batch x channels x height x width; short batches repeat."""


class Noise:
    """The random numbers of one run of a sampler.

    The batch starts from one draw of the whole shape. Noise for later steps comes from a stream for each image,
    which begins at the seed again (seed + i for image i): the peer's rule, checked against its pictures.
    """

    def __init__(self, seed: int, shape: torch.Size, device: str, choice: NoiseChoice | None = None) -> None:
        self.seed, self.shape, self.device = seed, shape, device
        self.choice = choice or NoiseChoice()
        self.source = device if self.choice.on_device else "cpu"
        self.streams = [generator_of(seed + i, self.source) for i in range(shape[0])]

    @property
    def single(self) -> tuple[int, ...]:
        return (1, *self.shape[1:])

    @property
    def start(self) -> Tensor:
        """Standard normal noise in the run's shape, on the CPU."""
        if self.choice.given is not None:
            rows = torch.arange(self.shape[0]) % len(self.choice.given)
            return self.choice.given[rows].float().cpu()
        start = self.drawn(self.seed)
        if self.choice.variation > 0:
            start = turned(start, self.drawn(self.choice.variation_seed), self.choice.variation)
        return start.cpu()

    def drawn(self, seed: int) -> Tensor:
        if self.choice.seed_each:
            return torch.cat(
                [self.draw(self.single, generator_of(seed + i, self.source)) for i in range(self.shape[0])]
            )
        # The first draw is the start of the whole one, but for shapes whose size is no multiple of torch's 16.
        first = self.draw(self.single, generator_of(seed, self.source))
        return torch.cat([first, self.draw(self.shape, generator_of(seed, self.source))[1:]])

    def draw(self, shape: tuple[int, ...], generator: torch.Generator) -> Tensor:
        return torch.randn(shape, generator=generator, device=self.source)

    def fresh(self) -> Tensor:
        """The next noise of every image, batch x channels x height x width, on the device."""
        return torch.cat([self.draw(self.single, stream) for stream in self.streams]).to(self.device)

    def brownian(self, low: float, high: float, on_device: bool = False) -> Between:
        """A path for each image, from its own seed; a stretch's noise is its increment over the root of its length."""
        place = self.device if on_device else self.source
        trees = [BrownianTree(low, high, self.single, (self.seed + i) % 2**64, place) for i in range(self.shape[0])]

        def between(sigma: float, following: float) -> Tensor:
            # Walking down the sigmas is walking back along the path.
            lower, upper, sign = min(sigma, following), max(sigma, following), -1 if following < sigma else 1
            drawn = torch.cat([tree(lower, upper) for tree in trees])
            return (drawn * (sign / math.sqrt(upper - lower))).to(self.device)

        return between


def turned(start: Tensor, target: Tensor, share: float) -> Tensor:
    """Each image's noise turned towards another along a great circle, which keeps its strength (Shoemake 1985)."""
    a, b = start.flatten(1), target.flatten(1)
    cosine = (a * b).sum(1) / (a.norm(dim=1) * b.norm(dim=1))
    angle = cosine.clamp(-1, 1).acos().clamp(min=1e-6)[:, None]
    mixed: Tensor = ((1 - share) * angle).sin() / angle.sin() * a + (share * angle).sin() / angle.sin() * b
    return mixed.view_as(start)


def generator_of(seed: int, device: str = "cpu") -> torch.Generator:
    # Seeds of 64 bits without a sign; one more than the largest begins again at 0.
    return torch.Generator(device).manual_seed(seed % 2**64)
