"""The UNets of Stable Diffusion 1.x, 2.x and XL behind the face of a `Denoiser`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

import torch
from torch import Tensor

from nodes.diffusion.levels import NoiseLevels
from nodes.diffusion.told import Told

Prediction = Literal["eps", "v"]
LCM_GUIDANCE = 8.5
"""What latent consistency models are told where nothing is said (Luo et al. 2023)."""


@dataclass(frozen=True)
class UNetTraits:
    """What shapes and the family say of a UNet.

    `frame` lists the columns of `Told.frame` it reads; `pooled_width` and `frame` are empty before SDXL.
    `beside` turns the unscaled latent and mask of `Told` into the channels that follow the noisy latent.
    """

    text_width: int
    prediction: Prediction = "eps"
    pooled_width: int = 0
    frame: tuple[int, ...] = ()
    guidance_width: int = 0
    """Width of the embedding of a guidance learned by heart (LCM); 0 when there is none."""
    beside_channels: int = 0
    beside: Callable[[Tensor, Tensor | None], Tensor] | None = None


class UNetDenoiser:
    """A UNet that predicts the noise or the velocity.

    Its input is scaled to unit variance, its timestep is the nearest trained one.
    """

    masks_text = False

    def __init__(self, unet: Any, levels: NoiseLevels, traits: UNetTraits, device: str) -> None:
        """`unet`: diffusers' UNet2DConditionModel."""
        self.unet, self.levels, self.traits, self.device = unet, levels, traits, device
        self.text_width, self.pooled_width = traits.text_width, traits.pooled_width
        self.dtype = next(unet.parameters()).dtype
        self.times = torch.arange(levels.steps, device=device)

    def predict(self, x: Tensor, sigma: float, told: Told) -> Tensor:
        time = self.times[self.levels.nearest_step(sigma)].expand(len(x))
        variance = sigma**2 + 1
        scaled = x / variance**0.5
        if self.traits.beside_channels:
            scaled = torch.cat([scaled, self.seen_beside(x, told)], dim=1)
        with torch.inference_mode():
            found: Tensor = self.unet(
                scaled.to(self.dtype),
                time,
                told.tokens.to(self.dtype),
                timestep_cond=self.guidance_embedding(told),
                added_cond_kwargs=self.added(told),
                return_dict=False,
            )[0]
        if self.traits.prediction == "v":  # Salimans & Ho 2022, in sigmas
            return x / variance - found.float() * (sigma / variance**0.5)
        return x - found.float() * sigma

    def seen_beside(self, x: Tensor, told: Told) -> Tensor:
        """The channels beside the noisy latent; zeros where nothing was given."""
        if told.beside is None or self.traits.beside is None:
            return x.new_zeros(len(x), self.traits.beside_channels, *x.shape[2:])
        return self.traits.beside(told.beside, told.mask_beside)

    def added(self, told: Told) -> dict[str, Tensor] | None:
        """The pooled text and the sizes that SDXL reads (Podell et al. 2023)."""
        if not self.traits.frame or told.pooled is None or told.frame is None:
            return None
        return {"text_embeds": told.pooled.to(self.dtype), "time_ids": told.frame[:, list(self.traits.frame)]}

    def guidance_embedding(self, told: Told) -> Tensor | None:
        """Sines of 1000 (w - 1) for guidance w (Meng et al. 2023), as latent consistency models were trained."""
        half = self.traits.guidance_width // 2
        if not half or told.guidance is None:
            return None
        scale = torch.where(told.guidance.isnan(), LCM_GUIDANCE, told.guidance) - 1
        steps = torch.arange(half, device=scale.device, dtype=torch.float32) / max(half - 1, 1)
        angles = scale[:, None] * 1000.0 * torch.exp(-steps * torch.log(torch.tensor(10000.0)).item())
        return torch.cat([angles.sin(), angles.cos()], dim=1).to(self.dtype)
