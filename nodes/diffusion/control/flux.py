"""ControlNets for Flux.1: those that look at latents (InstantX, unions of Shakker Labs) or at pixels (XLabs)."""

from __future__ import annotations

import warnings
from math import ceil
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional

from nodes.diffusion.control.looks import DOUBLE, SINGLE, FluxLook
from nodes.diffusion.control.steering import Encode, Residuals, Steered, encoded
from nodes.diffusion.control.unet import hint_layer
from nodes.diffusion.families.flux import GUIDANCE, SPACE, from_file, pack
from nodes.diffusion.flow import PATCH, pad_to_patches
from nodes.diffusion.header import Header
from nodes.diffusion.ldm import rename
from nodes.diffusion.read import build_empty, fill_module

PREFIXES = ("controlnet.", "")
UNION_KINDS = ("lines", "tile", "depth", "blur", "pose", "grey", "low quality")
"""In the order of the unions of InstantX and Shakker Labs."""
GUIDED = "time_text_embed.guidance_embedder.linear_1.weight"
PIXEL_PATCH = 2


def find_control(header: Header) -> Header | None:
    """The ControlNet in a file, named as diffusers names it."""
    for prefix in PREFIXES:
        part = header.part(prefix)
        if "double_blocks.0.img_attn.qkv.weight" in part.entries and "controlnet_blocks.0.weight" in part.entries:
            part = from_file(part)
            part = part.with_entries({pixel_name(name): entry for name, entry in part.entries.items()})
        names = ("controlnet_blocks.0.weight", "controlnet_x_embedder.weight", "transformer_blocks.0.attn.to_q.weight")
        if all(name in part.entries for name in names) and "x_embedder.weight" in part.entries:
            return part
    return None


def pixel_name(name: str) -> str:
    """XLabs' names for what reads the picture, as diffusers names them."""
    if name.startswith("input_hint_block."):
        number, _, leaf = name.removeprefix("input_hint_block.").partition(".")
        return f"input_hint_block.{hint_layer(int(number))}.{leaf}" if number.isdigit() else name
    return rename(name, {"pos_embed_input": "controlnet_x_embedder"})


def control_sizes(part: Header) -> tuple[int, ...]:
    """What must equal the transformer's: its width."""
    return (part.shape("controlnet_blocks.0.weight", 2)[0],)


def reads_pixels(part: Header) -> bool:
    return "input_hint_block.conv_in.weight" in part.entries


def kinds_of(part: Header) -> int:
    """How many pictures a union knows; 0 for a net of one kind."""
    name = "controlnet_mode_embedder.weight"
    return part.shape(name, 2)[0] if name in part.entries else 0


def control_config(part: Header) -> dict[str, Any]:
    """The ControlNet's sizes, as diffusers names them."""
    width, channels = part.shape("x_embedder.weight", 2)
    head = part.shape("transformer_blocks.0.attn.norm_q.weight", 1)[0]
    pixels = reads_pixels(part)
    return {
        "patch_size": PIXEL_PATCH if pixels else 1,
        "in_channels": channels,
        "num_layers": part.numbers("transformer_blocks."),
        "num_single_layers": part.numbers("single_transformer_blocks."),
        "attention_head_dim": head,
        "num_attention_heads": width // head,
        "joint_attention_dim": part.shape("context_embedder.weight", 2)[1],
        "pooled_projection_dim": part.shape("time_text_embed.text_embedder.linear_1.weight", 2)[1],
        "guidance_embeds": GUIDED in part.entries,
        "axes_dims_rope": (head // 8, head * 7 // 16, head * 7 // 16),
        "num_mode": kinds_of(part) or None,
        "conditioning_embedding_channels": part.shape("input_hint_block.conv_out.weight", 4)[0] if pixels else None,
    }


def load_control(part: Header, device: str, dtype: str) -> FluxControl:
    with warnings.catch_warnings():  # of one class of diffusers about another
        warnings.simplefilter("ignore", FutureWarning)
        model = build_empty("FluxControlNetModel", control_config(part))
    fill_module(model, part, "ControlNet", device, dtype)
    return FluxControl(model)


class HeldMask:
    """An attention processor with the mask of the forward under way: the class hands none to its blocks."""

    def __init__(self, plain: Any) -> None:
        self.plain = plain
        self.mask: Tensor | None = None

    def __call__(
        self, attn: Any, hidden_states: Tensor, encoder_hidden_states: Tensor | None = None,
        attention_mask: Tensor | None = None, image_rotary_emb: Any = None,
    ) -> Any:  # fmt: skip
        return self.plain(attn, hidden_states, encoder_hidden_states, self.mask, image_rotary_emb)


class FluxControl:
    """diffusers' FluxControlNetModel."""

    def __init__(self, model: Any) -> None:
        self.model, self.dtype = model, model.dtype
        self.attention = HeldMask(next(iter(model.attn_processors.values())))
        model.set_attn_processor(self.attention)

    def hint(self, steered: Steered, encode: Encode | None) -> Tensor:
        """The picture as tokens of its latent, rows x cells x 64; or as pixels, RGB, -1..1."""
        if self.model.input_hint_block is not None:
            pixels = steered.pixels * 2 - 1
            edge = 8 * PATCH
            height, width = (-length % edge for length in pixels.shape[2:])
            return functional.pad(pixels, (0, width, 0, height), mode="replicate").to(self.dtype)
        latents = (encoded(encode, steered.pixels) - SPACE.shift) * SPACE.scale
        return pack(pad_to_patches(latents)).to(self.dtype)

    def residuals(self, look: FluxLook, hint: Tensor, steered: Steered) -> Residuals:
        model, kind = self.model, steered.control.kind
        self.attention.mask = look.mask
        mode = None
        if model.union:
            assert kind is not None  # checked before sampling
            mode = torch.full((len(look.x), 1), kind, device=look.x.device)
            if look.mask is not None:  # the kind is one more token, before the text
                self.attention.mask = functional.pad(look.mask, (1, 0), value=True)
        guidance = look.guidance
        if model.config.guidance_embeds and guidance is None:
            guidance = look.x.new_full((len(look.x),), GUIDANCE)
        double, single = model(
            hidden_states=look.x, controlnet_cond=hint, controlnet_mode=mode,
            conditioning_scale=float(steered.control.strength), encoder_hidden_states=look.tokens,
            pooled_projections=look.pooled, timestep=look.time, img_ids=look.places,
            txt_ids=look.places.new_zeros(look.tokens.shape[1], 3),
            guidance=guidance if model.config.guidance_embeds else None, return_dict=False,
        )  # fmt: skip
        self.attention.mask = None
        repeats = model.input_hint_block is not None
        made = {DOUBLE: spread(double, look.blocks[0], repeats), SINGLE: spread(single, look.blocks[1], False)}
        return {name: values for name, values in made.items() if values}


def spread(values: list[Tensor] | None, blocks: int, repeats: bool) -> list[Tensor]:
    """One for each block of the transformer: over and over (XLabs), or each for a run of blocks that follow."""
    if not values:
        return []
    run = ceil(blocks / len(values))
    return [values[block % len(values) if repeats else block // run] for block in range(blocks)]
