"""One run of a sampler, from a latent to a latent: noise it, walk the sigmas, scale it back."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

import torch
from torch import Tensor

from nodes.diffusion.noise import Noise, NoiseChoice
from nodes.diffusion.painting import Painting
from nodes.diffusion.samplers import SAMPLERS, Denoise, Step
from nodes.types import LatentSpace, NoiseMask


class Guide(Denoise, Protocol):
    """A guided model, and where it runs."""

    @property
    def device(self) -> str: ...


@dataclass(frozen=True)
class Walk:
    """How to sample: the sampler's name, the sigmas it visits, the seed, and whether it starts by adding noise."""

    sampler: str
    sigmas: Sequence[float]
    seed: int
    add_noise: bool = True
    noise: NoiseChoice = field(default_factory=NoiseChoice)
    options: Mapping[str, Any] = field(default_factory=dict)
    """Of this sampler, by name: eta, s_noise …"""


def walk(
    denoise: Guide, samples: Tensor, space: LatentSpace, plan: Walk, mask: NoiseMask | None = None
) -> Iterator[Step]:
    """Yield each step, in the samples' own scale, on the device. `samples`: batch x channels x height x width.

    Where the mask is 0, the result is the original bit for bit, or with the noise of the last sigma.
    """
    noise = Noise(plan.seed, samples.shape, denoise.device, plan.noise)
    clean = scaled(samples.float(), space)
    added = noise.start if plan.add_noise else torch.zeros_like(clean)
    x = denoise.levels.start(clean, added, plan.sigmas[0]).to(denoise.device)
    if mask is None:
        for step in SAMPLERS[plan.sampler](denoise, x, plan.sigmas, noise, **plan.options):
            left = denoise.levels.end(step.x, plan.sigmas[-1])
            yield Step(step.index, unscaled(left, space), unscaled(step.denoised, space))
        return
    original = (samples if mask.original is None else mask.original).float()
    kept = scaled(original, space).to(denoise.device)
    painting = Painting(denoise, kept, noise.start.to(denoise.device), mask, plan.sigmas[0])
    last, painted = plan.sigmas[-1], painting.values > 0
    kept = unscaled(denoise.levels.end(painting.kept(last), last), space) if last else original.to(denoise.device)
    for step in SAMPLERS[plan.sampler](painting, x, plan.sigmas, noise, **plan.options):
        left = unscaled(denoise.levels.end(step.x, last), space)
        yield Step(step.index, torch.where(painted, left, kept), unscaled(step.denoised, space))


def scaled(samples: Tensor, space: LatentSpace) -> Tensor:
    """In the denoiser's scale; an empty latent is nothing in either."""
    return (samples - space.shift) * space.scale if samples.any() else samples


def unscaled(x: Tensor, space: LatentSpace) -> Tensor:
    return x / space.scale + space.shift
