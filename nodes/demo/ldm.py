"""The single-file (LDM) names of the parts' tensors, as in SD1.x checkpoints; diffusers' converters read them back."""

from __future__ import annotations

import re

from torch import Tensor

UNET = "model.diffusion_model."
VAE = "first_stage_model."
TEXT = "cond_stage_model.transformer.text_model."

_VAE_PLAIN = (
    (r"mid_block\.attentions\.0\.", "mid.attn_1."),
    (r"mid_block\.resnets\.0\.", "mid.block_1."),
    (r"mid_block\.resnets\.1\.", "mid.block_2."),
    (r"down_blocks\.(\d+)\.resnets\.", r"down.\1.block."),
    (r"down_blocks\.(\d+)\.downsamplers\.0\.", r"down.\1.downsample."),
    (r"conv_norm_out", "norm_out"),
    (r"conv_shortcut", "nin_shortcut"),
    (r"attn_1\.group_norm", "attn_1.norm"),
    (r"attn_1\.to_([qkv])\.", r"attn_1.\1."),
    (r"attn_1\.to_out\.0\.", "attn_1.proj_out."),
)

_UNET_OUTER = {
    "time_embedding.linear_1": "time_embed.0",
    "time_embedding.linear_2": "time_embed.2",
    "conv_in": "input_blocks.0.0",
    "conv_norm_out": "out.0",
    "conv_out": "out.2",
    "mid_block.resnets.0": "middle_block.0",
    "mid_block.attentions.0": "middle_block.1",
    "mid_block.resnets.1": "middle_block.2",
}

_RESNET = {
    "norm1": "in_layers.0",
    "conv1": "in_layers.2",
    "time_emb_proj": "emb_layers.1",
    "norm2": "out_layers.0",
    "conv2": "out_layers.3",
    "conv_shortcut": "skip_connection",
}


def vae_name(name: str, levels: int) -> str:
    for pattern, new in _VAE_PLAIN:
        name = re.sub(pattern, new, name)
    up = re.match(r"decoder\.up_blocks\.(\d+)\.(.*)", name)
    if up is None:
        return name
    rest = up[2].replace("resnets.", "block.").replace("upsamplers.0.", "upsample.")
    return f"decoder.up.{levels - 1 - int(up[1])}.{rest}"


def unet_name(name: str, layers: int, attention_up: frozenset[int]) -> str:
    """`layers` a block; in the up blocks of `attention_up` attention comes before the upsampler."""
    block = re.match(r"(down|up)_blocks\.(\d+)\.(resnets|attentions|downsamplers|upsamplers)\.(\d+)\.(.*)", name)
    if block is None:
        for old, new in _UNET_OUTER.items():
            if name.startswith(old + "."):
                return new + _inner(name.removeprefix(old)) if "resnets" in old else name.replace(old, new)
        raise ValueError(f"{name}: no single-file name is known for this tensor of the UNet")
    side, i, part, j, rest = block[1], int(block[2]), block[3], int(block[4]), block[5]
    if part == "downsamplers":
        return f"input_blocks.{(layers + 1) * (i + 1)}.0.op.{rest.removeprefix('conv.')}"
    if part == "upsamplers":
        return f"output_blocks.{(layers + 1) * i + layers}.{2 if i in attention_up else 1}.{rest}"
    place = f"input_blocks.{(layers + 1) * i + j + 1}" if side == "down" else f"output_blocks.{(layers + 1) * i + j}"
    return f"{place}.0{_inner('.' + rest)}" if part == "resnets" else f"{place}.1.{rest}"


def _inner(rest: str) -> str:
    """The name inside a residual block, ".norm1.weight" to ".in_layers.0.weight"."""
    _, part, leaf = rest.split(".")
    return f".{_RESNET[part]}.{leaf}"


def to_ldm(unet: dict[str, Tensor], vae: dict[str, Tensor], text: dict[str, Tensor]) -> dict[str, Tensor]:
    """One flat dictionary in the single-file layout; tensors are not copied, only the VAE's attention is reshaped."""
    layers = 1 + max(int(m[1]) for k in unet if (m := re.match(r"down_blocks\.0\.resnets\.(\d+)", k)))
    attention_up = frozenset(int(m[1]) for k in unet if (m := re.match(r"up_blocks\.(\d+)\.attentions", k)))
    levels = 1 + max(int(m[1]) for k in vae if (m := re.match(r"encoder\.down_blocks\.(\d+)", k)))
    whole = {UNET + unet_name(k, layers, attention_up): v for k, v in unet.items()}
    for name, value in vae.items():
        is_linear = "attentions" in name and name.endswith("weight") and value.ndim == 2
        whole[VAE + vae_name(name, levels)] = value[:, :, None, None] if is_linear else value
    for name, value in text.items():
        if not name.endswith("position_ids"):
            whole[TEXT + name.removeprefix("text_model.")] = value
    return whole
