"""ControlNets for Stable Diffusion 3: some of its blocks once more, which look at a picture as a latent."""

from __future__ import annotations

from math import isqrt
from typing import Any

import torch
from torch import Tensor

from nodes.diffusion.control.looks import BLOCKS, SD3Look
from nodes.diffusion.control.steering import Encode, Residuals, Steered, encoded, mask_in_cells, masked
from nodes.diffusion.families.sd3 import HEAD_WIDTH, SPACE, MaskedAttention
from nodes.diffusion.flow import pad_to_patches
from nodes.diffusion.header import SOURCE, Header, UnusableFile
from nodes.diffusion.read import build_empty, fill_module
from nodes.sentences import files as say

SUMMARY = "time_text_embed.text_embedder.linear_1.weight"


def find_control(header: Header) -> Header | None:
    """The ControlNet in a file, named as diffusers names it."""
    names = ("controlnet_blocks.0.weight", "pos_embed_input.proj.weight", "transformer_blocks.0.attn.to_q.weight")
    return header if all(name in header.entries for name in names) else None


def control_sizes(part: Header) -> tuple[int, ...]:
    """What must equal the transformer's: its width."""
    return (part.shape("controlnet_blocks.0.weight", 2)[0],)


def takes_mask(part: Header) -> bool:
    return part.shape("pos_embed_input.proj.weight", 4)[1] == SPACE.channels + 1


def control_config(part: Header, zero_summary: bool) -> dict[str, Any]:
    """The ControlNet's sizes, as diffusers names them."""
    width, channels, patch, _ = part.shape("pos_embed_input.proj.weight", 4)
    if channels not in (SPACE.channels, SPACE.channels + 1) or width % HEAD_WIDTH:
        raise UnusableFile(say.CONTROL_CHANNELS(file=part.name, channels=channels, width=width), SOURCE)
    blocks = part.numbers("transformer_blocks.")
    reads, placed = "context_embedder.weight" in part.entries, "pos_embed.proj.weight" in part.entries
    return {
        "patch_size": patch,
        "in_channels": SPACE.channels,
        "num_layers": blocks,
        "attention_head_dim": HEAD_WIDTH,
        "num_attention_heads": width // HEAD_WIDTH,
        "joint_attention_dim": part.shape("context_embedder.weight", 2)[1] if reads else None,
        "caption_projection_dim": part.shape("context_embedder.weight", 2)[0] if reads else width,
        "pooled_projection_dim": part.shape(SUMMARY, 2)[1],
        "pos_embed_max_size": isqrt(part.shape("pos_embed.pos_embed", 3)[1]) if placed else 96,
        "extra_conditioning_channels": channels - SPACE.channels,
        "dual_attention_layers": tuple(
            n for n in range(blocks) if f"transformer_blocks.{n}.attn2.to_q.weight" in part.entries
        ),
        "qk_norm": "rms_norm" if "transformer_blocks.0.attn.norm_q.weight" in part.entries else None,
        "use_pos_embed": placed,
        "force_zeros_for_pooled_projection": zero_summary,
    }


def load_control(part: Header, zero_summary: bool, device: str, dtype: str) -> SD3Control:
    """`zero_summary`: whether it was trained without the text's summary, and on latents without their shift."""
    model = build_empty("SD3ControlNetModel", control_config(part, zero_summary))
    fill_module(model, part, "ControlNet", device, dtype)
    return SD3Control(model, zero_summary)


class HeldMask(MaskedAttention):
    """Attention with the mask of the forward under way: the class hands none to its blocks."""

    mask: Tensor | None = None

    def __call__(
        self, attn: Any, hidden_states: Tensor, encoder_hidden_states: Tensor | None = None,
        attention_mask: Tensor | None = None,
    ) -> Tensor | tuple[Tensor, Tensor]:  # fmt: skip
        return super().__call__(attn, hidden_states, encoder_hidden_states, self.mask)


class SD3Control:
    """diffusers' SD3ControlNetModel."""

    def __init__(self, model: Any, zero_summary: bool) -> None:
        self.model, self.zero_summary, self.dtype = model, zero_summary, model.dtype
        self.reads = model.context_embedder is not None
        self.attention = HeldMask()
        if self.reads:
            model.set_attn_processor(self.attention)

    def hint(self, steered: Steered, encode: Encode | None) -> Tensor:
        """The picture as a latent; a net for inpainting sees it masked, black where to paint, and the mask."""
        paints = self.model.config.extra_conditioning_channels > 0
        # diffusers hides in -1..1, where -1 is black.
        pixels = masked(steered).clamp(min=0) if paints else steered.pixels
        shift = 0.0 if self.zero_summary and not paints else SPACE.shift
        latents = (encoded(encode, pixels) - shift) * SPACE.scale
        if paints:
            latents = torch.cat([latents, mask_in_cells(steered)], dim=1)
        return pad_to_patches(latents).to(self.dtype)

    def residuals(self, look: SD3Look, hint: Tensor, steered: Steered) -> Residuals:
        self.attention.mask = look.mask
        x = look.x if self.model.pos_embed is not None else look.embed(look.x)
        found = self.model(
            x, controlnet_cond=hint, conditioning_scale=float(steered.control.strength),
            encoder_hidden_states=look.tokens if self.reads else None,
            pooled_projections=torch.zeros_like(look.pooled) if self.zero_summary else look.pooled,
            timestep=look.time, return_dict=False,
        )[0]  # fmt: skip
        self.attention.mask = None
        return {BLOCKS: [found[int(block / (look.blocks / len(found)))] for block in range(look.blocks)]}
