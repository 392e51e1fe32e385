"""ControlNets (Zhang et al. 2023), unions of several kinds (xinsir 2024) and T2I-Adapters (Mou et al. 2023) for UNets.

What they add inside the UNet is named as diffusers' UNet2DConditionModel takes it.
"""

from __future__ import annotations

import re
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional

from nodes.diffusion.control.looks import DOWN, MIDDLE, WITHIN, UNetLook
from nodes.diffusion.control.steering import Encode, Residuals, Steered, masked
from nodes.diffusion.header import SOURCE, Header, UnusableFile
from nodes.diffusion.ldm import unet_part
from nodes.diffusion.read import build_empty, fill_module
from nodes.diffusion.unets import GROUPS, HEAD_WIDTH, SIZE_WIDTH, check_sizes, is_linear, text_width
from nodes.sentences import files as say

PREFIXES = ("control_model.", "")
SD1_HEADS = UNION_HEADS = 8
UNION_KINDS = ("pose", "depth", "soft edge", "lines", "normals", "segmentation", "tile", "inpaint")
"""In the order of xinsir's unions, the first of which know six."""
UNSHUFFLED = {"sd": 8, "sdxl": 16}
"""Pixels along an edge that an adapter puts into one place before its first layer."""
LUMA = (0.299, 0.587, 0.114)


# ---------------------------------------------------------------- ControlNets


def find_control(header: Header) -> Header | None:
    """The ControlNet in a file, named as diffusers names it."""
    for prefix in PREFIXES:
        part = header.part(prefix)
        if "input_hint_block.0.weight" in part.entries and "middle_block_out.0.weight" in part.entries:
            part = control_part(part)
        elif "input_blocks.0.0.weight" in part.entries:
            part = unet_part(part)
        if "controlnet_cond_embedding.conv_in.weight" in part.entries and any(part.below("down_blocks.")):
            return part
    return None


def control_part(part: Header) -> Header:
    """A ControlNet in the layout of its first release (LDM), named as diffusers names it."""
    unet = unet_part(part)
    return unet.with_entries({control_name(name): entry for name, entry in unet.entries.items()})


def control_name(name: str) -> str:
    """Of what a ControlNet has beyond a UNet: the layers that read the picture, and those that begin at zero."""
    found = re.fullmatch(r"(input_hint_block|zero_convs|middle_block_out)\.(\d+)(?:\.0)?\.(weight|bias)", name)
    if found is None:
        return name
    place, number, leaf = found[1], int(found[2]), found[3]
    if place == "input_hint_block":
        return f"controlnet_cond_embedding.{hint_layer(number)}.{leaf}"
    return f"controlnet_mid_block.{leaf}" if place == "middle_block_out" else f"controlnet_down_blocks.{number}.{leaf}"


def hint_layer(number: int, last: int = 14) -> str:
    """Of the layers that read the picture, each followed by an activation: diffusers' name for one by its number."""
    return {0: "conv_in", last: "conv_out"}.get(number, f"blocks.{number // 2 - 1}")


def is_union(part: Header) -> bool:
    return "task_embedding" in part.entries


def family_of(part: Header) -> str:
    """By its attention and what it reads beside the text."""
    if "add_embedding.linear_1.weight" in part.entries:
        return "sdxl"
    return "sd2" if is_linear(part) else "sd1"


def channels_of(part: Header) -> tuple[int, ...]:
    levels = range(part.numbers("down_blocks."))
    return tuple(part.shape(f"down_blocks.{level}.resnets.0.conv2.weight", 4)[0] for level in levels)


def control_sizes(part: Header) -> tuple[int, ...]:
    """What must equal the UNet's: width of the text, layers a level, channels at each; 0 fits any."""
    return text_width(part), part.numbers("down_blocks.0.resnets."), *channels_of(part)


def control_config(part: Header) -> dict[str, Any]:
    """The ControlNet's sizes, as diffusers names them."""
    channels, family = channels_of(part), family_of(part)
    check_sizes(part, channels, GROUPS if family == "sd1" else HEAD_WIDTH)
    depths = [part.numbers(f"down_blocks.{level}.attentions.0.transformer_blocks.") for level in range(len(channels))]
    middle = part.numbers("mid_block.attentions.0.transformer_blocks.")
    config: dict[str, Any] = {
        "in_channels": part.shape("conv_in.weight", 4)[1],
        "block_out_channels": channels,
        "down_block_types": tuple("CrossAttnDownBlock2D" if depth else "DownBlock2D" for depth in depths),
        "layers_per_block": part.numbers("down_blocks.0.resnets."),
        "transformer_layers_per_block": tuple(depth or middle or 1 for depth in depths),
        "cross_attention_dim": text_width(part) or 1,
        "attention_head_dim": SD1_HEADS if family == "sd1" else tuple(width // HEAD_WIDTH for width in channels),
        "use_linear_projection": is_linear(part),
        "norm_num_groups": GROUPS,
        "conditioning_channels": part.shape("controlnet_cond_embedding.conv_in.weight", 4)[1],
        "conditioning_embedding_out_channels": hint_channels(part, "controlnet_cond_embedding."),
    }
    if family == "sdxl":
        config |= {
            "addition_embed_type": "text_time",
            "addition_time_embed_dim": SIZE_WIDTH,
            "projection_class_embeddings_input_dim": part.shape("add_embedding.linear_1.weight", 2)[1],
        }
    if is_union(part):
        kinds, width = part.shape("task_embedding", 2)
        config |= {
            "num_control_type": kinds,
            "num_trans_channel": width,
            "num_trans_head": UNION_HEADS,
            "num_trans_layer": part.numbers("transformer_layes."),
            "num_proj_channel": part.shape("spatial_ch_projs.weight", 2)[0],
            "addition_time_embed_dim": part.shape("control_add_embedding.linear_1.weight", 2)[1] // kinds,
        }
    elif not middle:  # the small ones of SDXL
        config["mid_block_type"] = "UNetMidBlock2D"
    return config


def hint_channels(part: Header, prefix: str) -> tuple[int, ...]:
    """Channels of the layers that read the picture: each level is two layers, the second of which halves the size."""
    levels = part.numbers(f"{prefix}blocks.") // 2
    first = part.shape(f"{prefix}conv_in.weight", 4)[0]
    return first, *(part.shape(f"{prefix}blocks.{2 * level + 1}.weight", 4)[0] for level in range(levels))


def load_control(part: Header, pooled: bool, device: str, dtype: str) -> UNetControl:
    """Read a ControlNet's weights. `pooled`: whether it keeps of the picture only what is true of all of it."""
    name = "ControlNetUnionModel" if is_union(part) else "ControlNetModel"
    model = build_empty(name, control_config(part) | {"global_pool_conditions": pooled})
    fill_module(model, part, "ControlNet", device, dtype)
    if device != "cpu":
        model.to(memory_format=torch.channels_last)
    return UNetControl(model, part.shape("task_embedding", 2)[0] if is_union(part) else 0)


class UNetControl:
    """diffusers' ControlNetModel, or its ControlNetUnionModel of so many `kinds`."""

    def __init__(self, model: Any, kinds: int) -> None:
        self.model, self.kinds = model, kinds
        self.dtype = model.dtype

    def hint(self, steered: Steered, encode: Encode | None) -> Tensor:
        """RGB, 0..1; what is to be painted is -1."""
        return masked(steered).to(self.dtype)

    def residuals(self, look: UNetLook, hint: Tensor, steered: Steered) -> Residuals:
        given: dict[str, Any] = {"controlnet_cond": hint}
        if self.kinds:
            kind = steered.control.kind
            assert kind is not None  # checked before sampling
            chosen = look.x.new_zeros(len(look.x), self.kinds)
            chosen[:, kind] = 1
            given = {"controlnet_cond": [hint], "control_type": chosen, "control_type_idx": [kind]}
        down, middle = self.model(
            look.x, look.time, look.tokens, **given, conditioning_scale=float(steered.control.strength),
            added_cond_kwargs=look.added, return_dict=False,
        )  # fmt: skip
        return {DOWN: down, MIDDLE: [middle]}


# ---------------------------------------------------------------- T2I-Adapters


def find_adapter(header: Header) -> Header | None:
    """The T2I-Adapter in a file, named as diffusers names it."""
    part = header
    if not any(header.below("adapter.body.")) and "body.0.in_conv.weight" not in header.entries:
        if "conv_in.weight" not in header.entries or not any(header.below("body.0.block1.")):
            return None
        part = header.with_entries({full_adapter_name(name): entry for name, entry in header.entries.items()})
    elif any(header.below("body.")):
        part = header.with_entries({light_adapter_name(name): entry for name, entry in header.entries.items()})
    return part if any(part.below("adapter.body.0.resnets.")) else None


def full_adapter_name(name: str) -> str:
    """The first release counts all residual blocks in a row, two a level."""
    found = re.fullmatch(r"body\.(\d+)\.(in_conv|block1|block2)\.(\w+)", name)
    if found is None:
        return f"adapter.{name}"
    level, block = divmod(int(found[1]), 2)
    within = "" if found[2] == "in_conv" else f"resnets.{block}."
    return f"adapter.body.{level}.{within}{found[2]}.{found[3]}"


def light_adapter_name(name: str) -> str:
    return "adapter." + re.sub(r"^body\.(\d+)\.body\.", r"body.\1.resnets.", name)


def adapter_config(part: Header) -> dict[str, Any]:
    """The adapter's sizes, as diffusers names them."""
    levels, light = part.numbers("adapter.body."), "adapter.conv_in.weight" not in part.entries
    blocks = part.numbers("adapter.body.0.resnets.")
    if light:
        first, last = "in_conv", "out_conv"
        entering = part.shape(f"adapter.body.0.{first}.weight", 4)[1]
        # The last level has the channels of the one before, which the class adds by itself.
        channels = [part.shape(f"adapter.body.{level}.{last}.weight", 4)[0] for level in range(levels - 1)]
    else:
        entering = part.shape("adapter.conv_in.weight", 4)[1]
        channels = [part.shape(f"adapter.body.{n}.resnets.0.block2.weight", 4)[0] for n in range(levels)]
    known = {(8, 3): ("sd", 3), (8, 1): ("sd", 1), (16, 3): ("sdxl", 3), (16, 1): ("sdxl", 1)}
    sizes = {edge * edge * colours: found for (edge, colours), found in known.items()}
    if entering not in sizes:
        raise UnusableFile(say.ADAPTER_VALUES(file=part.name, values=entering), SOURCE)
    family, colours = sizes[entering]
    kind = "light_adapter" if light else "full_adapter_xl" if family == "sdxl" else "full_adapter"
    return {
        "in_channels": colours,
        "channels": channels,
        "num_res_blocks": blocks,
        "downscale_factor": UNSHUFFLED[family],
        "adapter_type": kind,
    }


def adapter_families(part: Header) -> tuple[str, ...]:
    return ("sdxl",) if adapter_config(part)["downscale_factor"] == UNSHUFFLED["sdxl"] else ("sd1", "sd2")


def adapter_sizes(part: Header) -> tuple[int, ...]:
    """What must equal the UNet's; 0 fits any: an adapter reads no text. SDXL's fourth feature is for the middle."""
    config = adapter_config(part)
    levels = 3 if config["adapter_type"] == "full_adapter_xl" else None
    return 0, 0, *config["channels"][:levels]


def load_adapter(part: Header, device: str, dtype: str) -> UNetAdapter:
    config = adapter_config(part)
    model = build_empty("T2IAdapter", config)
    fill_module(model, part, "T2I-Adapter", device, dtype)
    return UNetAdapter(model, config["in_channels"])


class UNetAdapter:
    """diffusers' T2IAdapter: what it makes of a picture is the same at every noise level."""

    def __init__(self, model: Any, colours: int) -> None:
        self.model, self.colours = model, colours
        self.dtype = model.dtype

    def hint(self, steered: Steered, encode: Encode | None) -> list[Tensor]:
        """Features of the picture (RGB or grey, 0..1) at each size."""
        edge = self.model.downscale_factor
        height, width = (-length % edge for length in steered.pixels.shape[2:])
        pixels = functional.pad(steered.pixels, (0, width, 0, height), mode="replicate")
        if self.colours == 1:
            pixels = torch.einsum("bchw,c->bhw", pixels, pixels.new_tensor(LUMA))[:, None]
        found: list[Tensor] = self.model(pixels.to(self.dtype))
        return found

    def residuals(self, look: UNetLook, hint: list[Tensor], steered: Steered) -> Residuals:
        return {WITHIN: [feature * steered.control.strength for feature in hint]}
