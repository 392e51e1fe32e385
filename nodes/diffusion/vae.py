"""Pictures to latents and back; VAEs found in files, measured and loaded."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from nodes.diffusion.header import SOURCE, Header, UnusableFile
from nodes.diffusion.ldm import modern_vae_name, vae_part
from nodes.diffusion.read import build_empty, fill_module
from nodes.diffusion.room import free_bytes
from nodes.diffusion.tiles import Canvas, Tiling, Watch, cut
from nodes.sentences import files as say

PREFIXES = ("first_stage_model.", "vae.", "")
GROUPS = 32
COPIES = 4.0
"""Tensors of the full size and the greatest width there that are alive at once while a picture is decoded."""


USUAL = Tiling(size=64, overlap=16, margin=2)
"""In latent values: tiles of 512 x 512 pixels for the VAEs of Stable Diffusion."""
LEAST = 32
"""Latent values along the edge of the smallest tile that is taken without being asked."""
ROOM_SHARE = 0.8
"""Of free memory, what a picture may take in one piece."""


class Autoencoder:
    """A VAE. Latents are unscaled; pictures are float32 on the CPU, batch x height x width x RGB, 0..1.

    A picture for which memory is short is worked on in overlapping tiles, as is every one with a `tiling` (in latent
    values). What tiles differ in, for each is normed by itself, is blended over their overlap.
    """

    def __init__(self, vae: Any, device: str) -> None:
        """`vae`: diffusers' AutoencoderKL."""
        self.vae, self.device = vae, device
        self.dtype = next(vae.parameters()).dtype

    @property
    def downscale(self) -> int:
        """Pixels along an edge for a latent value."""
        return int(2 ** (len(self.vae.config.block_out_channels) - 1))

    def decode(self, samples: Tensor, tiling: Tiling | None = None, watch: Watch = iter) -> Tensor:
        """One image at a time, which keeps memory flat."""
        tiling = tiling or self.tiling_if_short(*samples.shape[2:])
        planes = [self.decode_one(one, tiling, watch) for one in torch.split(samples, 1)]
        return (torch.cat(planes).permute(0, 2, 3, 1) / 2 + 0.5).clamp(0, 1).contiguous()

    def decode_one(self, samples: Tensor, tiling: Tiling | None, watch: Watch) -> Tensor:
        if tiling is None:
            try:
                return self.planes_of(samples)
            except torch.OutOfMemoryError:
                tiling = USUAL
        factor, (height, width) = self.downscale, samples.shape[2:]
        canvas = Canvas((1, 3, height * factor, width * factor), tiling.times(factor))
        for tile in watch(cut(height, width, tiling)):
            canvas.add(tile.times(factor), self.planes_of(tile.of(samples)))
        return canvas.whole()

    def planes_of(self, samples: Tensor) -> Tensor:
        """float32 on the CPU, batch x RGB x height x width, about -1..1."""
        with torch.inference_mode():
            picture: Tensor = self.vae.decode(samples.to(self.device, self.dtype), return_dict=False)[0]
        return picture.to("cpu", torch.float32)

    def encode(self, pixels: Tensor, tiling: Tiling | None = None, watch: Watch = iter) -> Tensor:
        """The mean of the latents, so that the same picture gives the same latent. Edges must divide by 8."""
        height, width = (length // self.downscale for length in pixels.shape[1:3])
        tiling = tiling or self.tiling_if_short(height, width)
        return torch.cat([self.encode_one(one, tiling, watch) for one in torch.split(pixels, 1)])

    def encode_one(self, pixels: Tensor, tiling: Tiling | None, watch: Watch) -> Tensor:
        planes = (pixels * 2 - 1).permute(0, 3, 1, 2)
        if tiling is None:
            try:
                return self.mean_of(planes)
            except torch.OutOfMemoryError:
                tiling = USUAL
        factor, (height, width) = self.downscale, (length // self.downscale for length in planes.shape[2:])
        canvas = Canvas((1, int(self.vae.config.latent_channels), height, width), tiling)
        for tile in watch(cut(height, width, tiling)):
            canvas.add(tile, self.mean_of(tile.times(factor).of(planes)))
        return canvas.whole()

    def mean_of(self, planes: Tensor) -> Tensor:
        with torch.inference_mode():
            mean: Tensor = self.vae.encode(planes.to(self.device, self.dtype), return_dict=False)[0].mean
        return mean.to("cpu", torch.float32, copy=True)

    def tiling_if_short(self, height: int, width: int) -> Tiling | None:
        """How to cut a latent of this size when memory is short for it in one piece; None when it is not."""
        room = free_bytes(self.device) * ROOM_SHARE
        if self.bytes_for(height, width) <= room:
            return None
        size = USUAL.size
        while size > LEAST and self.bytes_for(size, size) > room:
            size //= 2
        return Tiling(size, USUAL.overlap, USUAL.margin)

    def bytes_for(self, height: int, width: int) -> int:
        """About what a latent of this size takes while it is decoded in one piece; encoding takes less."""
        first, *rest = self.vae.config.block_out_channels
        widest = max(first, *rest[:1])  # of what is computed at the picture's full size
        return int(height * width * self.downscale**2 * widest * self.dtype.itemsize * COPIES)


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
        raise UnusableFile(say.VAE_WIDTHS(file=vae.name, widths=widths, groups=GROUPS), SOURCE)
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
