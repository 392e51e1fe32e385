"""Pictures to latents and back; VAEs found in files, measured and loaded."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from nodes.diffusion.header import SOURCE, Header, UnusableFile
from nodes.diffusion.ldm import modern_vae_name, vae_part
from nodes.diffusion.read import build_empty, fill_module

PREFIXES = ("first_stage_model.", "vae.", "")
GROUPS = 32


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


def find_vae(header: Header) -> Header | None:
    """The VAE in a file, named as diffusers names it."""
    for prefix in PREFIXES:
        part = header.part(prefix)
        if "decoder.conv_in.weight" not in part.entries:
            continue
        if any(part.below("decoder.up_blocks.")):
            return part.with_entries({modern_vae_name(name): entry for name, entry in part.entries.items()})
        if any(part.below("decoder.up.")):
            return vae_part(part)
    return None


def vae_config(vae: Header) -> dict[str, Any]:
    """The VAE's sizes, as diffusers names them."""
    levels = vae.numbers("encoder.down_blocks.")
    widths = [vae.shape(f"encoder.down_blocks.{level}.resnets.0.conv1.weight", 4)[0] for level in range(levels)]
    if not widths or any(width == 0 or width % GROUPS for width in widths):
        raise UnusableFile(f"{vae.name} has a VAE of layers {widths} wide; it should have groups of {GROUPS}.", SOURCE)
    return {
        "block_out_channels": tuple(widths),
        "down_block_types": ("DownEncoderBlock2D",) * levels,
        "up_block_types": ("UpDecoderBlock2D",) * levels,
        "layers_per_block": vae.numbers("encoder.down_blocks.0.resnets."),
        "latent_channels": vae.shape("decoder.conv_in.weight", 4)[1],
        "norm_num_groups": GROUPS,
        "use_quant_conv": "quant_conv.weight" in vae.entries,
        "use_post_quant_conv": "post_quant_conv.weight" in vae.entries,
    }


def load_vae(vae: Header, device: str, dtype: str) -> Autoencoder:
    model = build_empty("AutoencoderKL", vae_config(vae))
    # float16 overflows in VAEs of this build; bfloat16 has the range.
    fill_module(model, vae, "VAE", device, "bfloat16" if dtype == "float16" else dtype)
    model.to(memory_format=torch.channels_last)
    return Autoencoder(model, device)
