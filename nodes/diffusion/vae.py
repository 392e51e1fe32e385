"""Pictures to latents and back."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor


class Autoencoder:
    """A VAE. Latents are unscaled; pictures are float32 on the CPU, batch x height x width x RGB, 0..1."""

    def __init__(self, vae: Any, device: str) -> None:
        """`vae`: diffusers' AutoencoderKL."""
        self.vae, self.device = vae, device
        self.dtype = next(vae.parameters()).dtype

    def decode(self, samples: Tensor) -> Tensor:
        """One image at a time, which keeps memory flat."""
        return torch.cat([self.decode_one(one) for one in torch.split(samples, 1)])

    def decode_one(self, samples: Tensor) -> Tensor:
        with torch.inference_mode():
            picture: Tensor = self.vae.decode(samples.to(self.device, self.dtype), return_dict=False)[0]
        return (picture.float().permute(0, 2, 3, 1).cpu() / 2 + 0.5).clamp(0, 1).contiguous()

    def encode(self, pixels: Tensor) -> Tensor:
        """The mean of the latents, so that the same picture gives the same latent. Edges must divide by 8."""
        return torch.cat([self.encode_one(one) for one in torch.split(pixels, 1)])

    def encode_one(self, pixels: Tensor) -> Tensor:
        scaled = (pixels * 2 - 1).permute(0, 3, 1, 2).to(self.device, self.dtype)
        with torch.inference_mode():
            mean: Tensor = self.vae.encode(scaled, return_dict=False)[0].mean
        return mean.to("cpu", torch.float32, copy=True)
