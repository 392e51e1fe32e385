"""One run of a sampler, from a latent to a latent: noise it, walk the sigmas, scale it back."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from torch import Tensor

from nodes.diffusion.guidance import Guided
from nodes.diffusion.noise import Noise
from nodes.diffusion.samplers import SAMPLERS, Step
from nodes.types import LatentSpace


@dataclass(frozen=True)
class Walk:
    """How to sample: the sampler's name, the sigmas it visits, the seed, and whether it starts by adding noise."""

    sampler: str
    sigmas: Sequence[float]
    seed: int
    add_noise: bool = True


def walk(denoise: Guided, samples: Tensor, space: LatentSpace, plan: Walk) -> Iterator[Step]:
    """Yield each step, in the samples' own scale, on the CPU. `samples`: batch x channels x height x width."""
    noise = Noise(plan.seed, samples.shape, denoise.model.device)
    x = (samples.float() - space.shift) * space.scale
    if plan.add_noise:
        x = x + noise.start * start_factor(denoise, plan.sigmas[0])
    x = x.to(denoise.model.device)
    for step in SAMPLERS[plan.sampler](denoise, x, plan.sigmas, noise.fresh):
        yield Step(step.index, unscale(step.x, space), unscale(step.denoised, space))


def start_factor(denoise: Guided, sigma: float) -> float:
    """Noise alone has the variance of noised pictures, 1 + sigma², when it is all there is at the start."""
    return float((1 + sigma**2) ** 0.5) if denoise.model.levels.is_largest(sigma) else sigma


def unscale(x: Tensor, space: LatentSpace) -> Tensor:
    return x / space.scale + space.shift
