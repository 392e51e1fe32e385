"""A denoiser small enough to write down, for exact comparisons of samplers: curved in x and in sigma."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from nodes.diffusion.levels import FlowLevels, Levels, NoiseLevels

SIGMAS = (14.6146411, 6.0821514, 2.2322344, 0.6925706, 0.1697566, 0.0291672, 0.0)
FEW = {1: (152.0, 0.0), 2: (152.0, 0.03125, 0.0), 4: (152.0, 8.0, 0.625, 0.03125, 0.0)}
"""Short schedules, by their steps, exact in float32: from so much noise that its last digits show."""
FLOW_SIGMAS = (1.0, 0.9, 0.75, 0.5, 0.25, 0.05, 0.0)
SHAPE = (2, 4, 3, 3)


def denoise(x: Tensor, sigma: float | Tensor) -> Tensor:
    s = torch.as_tensor(sigma, dtype=x.dtype).reshape(-1, *[1] * (x.ndim - 1))
    return torch.tanh(x / (1 + s)) * 0.8 + 0.1 * torch.sin(3 * x) / (1 + s * s)


def without_text(x: Tensor, sigma: float | Tensor) -> Tensor:
    """What a negative text would have it see."""
    return denoise(x, sigma) * 0.7 + 0.05


def start() -> Tensor:
    return torch.randn(SHAPE, generator=torch.Generator().manual_seed(1), dtype=torch.float64) * SIGMAS[0]


class Toy:
    """The toy as samplers see a guided model; it counts its looks."""

    def __init__(self, levels: Levels | None = None) -> None:
        self.levels: Levels = levels or NoiseLevels.scaled_linear()
        self.unconditional = torch.zeros(0)
        self.looks = 0

    def __call__(self, x: Tensor, sigma: float) -> Tensor:
        self.looks += 1
        self.unconditional = without_text(x, sigma)
        return denoise(x, sigma)


def flow_toy() -> Toy:
    return Toy(FlowLevels(shift=1.0))


class ToyNoise:
    """The same noise for both sides of a comparison, whichever kind of it a sampler asks for."""

    def __init__(self) -> None:
        self.generator = torch.Generator().manual_seed(2)

    def __call__(self, *_: object) -> Tensor:
        return torch.randn(SHAPE, generator=self.generator, dtype=torch.float64)

    def fresh(self) -> Tensor:
        return self()

    def brownian(self, low: float, high: float, on_device: bool = False) -> Callable[[float, float], Tensor]:
        return self
