"""A denoiser small enough to write down, for exact comparisons of samplers: curved in x and in sigma."""

from __future__ import annotations

import torch
from torch import Tensor

SIGMAS = (14.6146411, 6.0821514, 2.2322344, 0.6925706, 0.1697566, 0.0291672, 0.0)
SHAPE = (2, 4, 3, 3)


def denoise(x: Tensor, sigma: float | Tensor) -> Tensor:
    s = torch.as_tensor(sigma, dtype=x.dtype).reshape(-1, *[1] * (x.ndim - 1))
    return torch.tanh(x / (1 + s)) * 0.8 + 0.1 * torch.sin(3 * x) / (1 + s * s)


def start() -> Tensor:
    return torch.randn(SHAPE, generator=torch.Generator().manual_seed(1), dtype=torch.float64) * SIGMAS[0]


class ToyNoise:
    """The same noise for both sides of a comparison."""

    def __init__(self) -> None:
        self.generator = torch.Generator().manual_seed(2)

    def __call__(self, *_: object) -> Tensor:
        return torch.randn(SHAPE, generator=self.generator, dtype=torch.float64)
