"""What a sampler knows of a model: `Denoiser` is the one face that every family's network shows it."""

from __future__ import annotations

from typing import Protocol

import torch
from torch import Tensor, nn

from nodes.diffusion.levels import NoiseLevels


class Denoiser(Protocol):
    levels: NoiseLevels
    text_width: int
    device: str

    def predict(self, x: Tensor, sigma: float, text: Tensor) -> Tensor:
        """The clean latent, float32 like `x`; `text` is batch x tokens x width with one row for each of `x`."""
        ...


class EpsilonUNet:
    """A UNet that predicts the noise. Its input is scaled to unit variance, its timestep the nearest trained one."""

    def __init__(self, unet: nn.Module, levels: NoiseLevels, text_width: int, device: str) -> None:
        self.unet, self.levels, self.text_width, self.device = unet, levels, text_width, device
        self.dtype = next(unet.parameters()).dtype
        self.times = torch.arange(levels.steps, device=device)

    def predict(self, x: Tensor, sigma: float, text: Tensor) -> Tensor:
        time = self.times[self.levels.nearest_step(sigma)].expand(len(x))
        scaled = (x / (sigma**2 + 1) ** 0.5).to(self.dtype)
        with torch.inference_mode():
            noise: Tensor = self.unet(scaled, time, text.to(self.dtype), return_dict=False)[0]
        return x - noise.float() * sigma
