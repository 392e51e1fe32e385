"""The UNets of Stable Diffusion 1.x, 2.x and XL behind the face of a `Denoiser`."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from nodes.diffusion.control.boxes import seeing_boxes
from nodes.diffusion.control.looks import MIDDLE, UNetLook
from nodes.diffusion.control.pictures import attending, text_attentions
from nodes.diffusion.control.steering import Nets, steer
from nodes.diffusion.hypernetwork import Rewording, reworded
from nodes.diffusion.levels import Levels
from nodes.diffusion.prediction import Prediction, clean_of
from nodes.diffusion.room import bytes_of_numbers, numbers_of_unet
from nodes.diffusion.told import Told
from nodes.diffusion.unclip import Statistics
from nodes.diffusion.weaken import Layers, layers_of_unet, weakened

LCM_GUIDANCE = 8.5
"""What latent consistency models are told where nothing is said (Luo et al. 2023)."""


@dataclass(frozen=True)
class UNetTraits:
    """What shapes and the family say of a UNet.

    `frame` lists the columns of `Told.frame` it reads; `pooled_width` and `frame` are empty before SDXL.
    """

    text_width: int
    prediction: Prediction = "eps"
    channels: int = 4
    """Of the noisy latent."""
    pooled_width: int = 0
    frame: tuple[int, ...] = ()
    guidance_width: int = 0
    """Width of the embedding of a guidance learned by heart (LCM); 0 when there is none."""
    label_width: int = 0
    """Of what it reads of a picture (unCLIP); 0 when it reads none."""
    scale: float = 1.0
    """What the latent beside is multiplied by for a model that paints; one that edits takes it as it is."""
    data: float = 1.0
    """The spread of the clean latents it was trained with."""


class UNetDenoiser:
    """A UNet. Its input is scaled to unit variance."""

    masks_text = False
    longest_edge = 0
    family = ""
    nets = Nets()

    def __init__(self, unet: Any, levels: Levels, traits: UNetTraits, device: str, dtype: str) -> None:
        """`unet`: diffusers' UNet2DConditionModel; it computes in `dtype`, however its weights are kept."""
        self.unet, self.levels, self.traits, self.device = unet, levels, traits, device
        self.text_width, self.pooled_width = traits.text_width, traits.pooled_width
        self.statistics: Statistics | None = None
        """Of the pictures that an unCLIP model was trained on."""
        self.hypernetworks: tuple[Rewording, ...] = ()
        self.dtype = getattr(torch, dtype)

    def predict(self, x: Tensor, sigma: float, told: Told) -> Tensor:
        step = self.levels.timestep(sigma)
        time = torch.full((len(x),), step, device=x.device)
        scaled = latent = x / math.hypot(sigma, self.traits.data)
        if self.beside_channels:
            scaled = torch.cat([scaled, self.seen_beside(x, told)], dim=1)
        with (
            torch.inference_mode(),
            reworded(self.unet, self.hypernetworks),
            weakened(self, told.weakened, told.tokens.shape[1]),
            attending(self.unet, told.prompted, self.nets, sigma, self.levels),
            seeing_boxes(self.unet, told.boxed, self.nets, sigma, self.levels) as boxes,
        ):
            found: Tensor = self.unet(
                scaled.to(self.dtype),
                time,
                told.tokens.to(self.dtype),
                class_labels=self.labels(told),
                timestep_cond=self.guidance_embedding(told),
                added_cond_kwargs=self.added(told),
                return_dict=False,
                **self.steering(latent, sigma, time, told),
                **boxes,
            )[0]
        return clean_of(self.traits.prediction, x, found.float(), sigma, step, self.traits.data)

    @property
    def beside_channels(self) -> int:
        """Channels that follow the noisy latent: 4 for a picture to edit, 5 for a mask and what it leaves of a picture.

        The first layer tells, which a LoRA may have widened.
        """
        return int(self.unet.conv_in.weight.shape[1]) - self.traits.channels

    def bytes_to_look(self, rows: int, height: int, width: int) -> int:
        """What one look takes at least."""
        numbers = numbers_of_unet(self.unet.config.block_out_channels, self.unet.config.layers_per_block)
        return bytes_of_numbers(numbers, self.dtype, rows, height, width)

    @property
    def layers(self) -> Layers:
        return layers_of_unet(self.unet)

    @property
    def sizes_steered(self) -> tuple[int, ...]:
        """Width of the text, layers a level, channels at each."""
        config = self.unet.config
        return self.text_width, config.layers_per_block, *config.block_out_channels

    @property
    def sizes_prompted(self) -> tuple[int, ...]:
        """Width of the text, and of each attention to it."""
        return self.text_width, *(attention.to_q.out_features for attention in text_attentions(self.unet))

    @property
    def sizes_boxed(self) -> tuple[int, ...]:
        """Width of the text, and of each layer as the picture passes them."""
        return self.text_width, *(layer.norm1.normalized_shape[0] for layer in self.layers.all)

    def steering(self, latent: Tensor, sigma: float, time: Tensor, told: Told) -> dict[str, Any]:
        """What ControlNets and adapters add inside the UNet; they see the noisy `latent` alone, scaled."""
        look = UNetLook(latent.to(self.dtype), time, told.tokens.to(self.dtype), self.added(told))
        found = steer(self.nets, told.steered, look, sigma, self.levels)
        middle = found.pop(MIDDLE, None)
        return {**found} if middle is None else {**found, MIDDLE: middle[0]}

    def seen_beside(self, x: Tensor, told: Told) -> Tensor:
        """The channels beside the noisy latent; without a picture, nothing to edit or everything to paint."""
        channels = self.beside_channels
        if told.beside is None:
            empty = x.new_zeros(len(x), channels, *x.shape[2:])
            empty[:, : channels % 4] = 1
            return empty
        if channels == told.beside.shape[1]:  # InstructPix2Pix (Brooks et al. 2023)
            return told.beside
        mask = x.new_ones(len(x), 1, *x.shape[2:]) if told.mask_beside is None else told.mask_beside
        return torch.cat([mask, told.beside * self.traits.scale], dim=1)

    def labels(self, told: Told) -> Tensor | None:
        """What an unCLIP model reads of a picture; zeros where it is shown none, as it was trained."""
        if not self.traits.label_width:
            return None
        if told.labels is None:
            return told.tokens.new_zeros(len(told.tokens), self.traits.label_width, dtype=self.dtype)
        return told.labels.to(self.dtype)

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
