"""The tensor names of single-file checkpoints (the LDM layout) and what diffusers calls the same tensors.

Maps names only, so that files are read tensor by tensor. Tests compare every name with diffusers' own converters.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

RESNET = {
    "in_layers.0": "norm1", "in_layers.2": "conv1", "out_layers.0": "norm2", "out_layers.3": "conv2",
    "emb_layers.1": "time_emb_proj", "skip_connection": "conv_shortcut",
}  # fmt: skip
UNET_ENDS = {
    "time_embed.0": "time_embedding.linear_1", "time_embed.2": "time_embedding.linear_2",
    "input_blocks.0.0": "conv_in", "out.0": "conv_norm_out", "out.2": "conv_out",
}  # fmt: skip
MIDDLE = {"0": "mid_block.resnets.0", "1": "mid_block.attentions.0", "2": "mid_block.resnets.1"}
VAE_RULES = [
    (r"\.nin_shortcut\.", ".conv_shortcut."),
    (r"\.norm_out\.", ".conv_norm_out."),
    (r"\.down\.(\d+)\.block\.", r".down_blocks.\1.resnets."),
    (r"\.down\.(\d+)\.downsample\.", r".down_blocks.\1.downsamplers.0."),
    (r"\.mid\.block_1\.", ".mid_block.resnets.0."),
    (r"\.mid\.block_2\.", ".mid_block.resnets.1."),
    (r"\.mid\.attn_1\.norm\.", ".mid_block.attentions.0.group_norm."),
    (r"\.mid\.attn_1\.([qkv])\.", r".mid_block.attentions.0.to_\1."),
    (r"\.mid\.attn_1\.proj_out\.", ".mid_block.attentions.0.to_out.0."),
]


def rename(name: str, table: dict[str, str]) -> str:
    """Replace the start of a name by the table's word for it."""
    for old, new in table.items():
        if name.startswith(old + "."):
            return new + name[len(old) :]
    return name


def unet_names(names: Iterable[str], prefix: str, layers: int) -> dict[str, str]:
    """diffusers' name → the file's name, for a UNet with `layers` resnets in each level going down."""
    return {unet_name(name[len(prefix) :], layers): name for name in names if name.startswith(prefix)}


def unet_name(name: str, layers: int) -> str:
    where, _, rest = name.partition(".")
    if name.startswith(("input_blocks.0.", "time_embed.", "out.")):
        return rename(name, UNET_ENDS)
    if where == "middle_block":
        place, _, inner = rest.partition(".")
        return f"{MIDDLE[place]}.{rename(inner, RESNET)}"
    if where not in ("input_blocks", "output_blocks"):
        return name
    number, place, inner = rest.split(".", 2)
    side = "down" if where == "input_blocks" else "up"
    level, layer = divmod(int(number) - (side == "down"), layers + 1)
    if inner.startswith("op."):
        return f"down_blocks.{level}.downsamplers.0.conv.{inner[3:]}"
    if side == "up" and inner.startswith("conv."):
        return f"up_blocks.{level}.upsamplers.0.{inner}"
    kind = "resnets" if place == "0" else "attentions"
    return f"{side}_blocks.{level}.{kind}.{layer}.{rename(inner, RESNET)}"


def vae_names(names: Iterable[str], prefix: str, levels: int) -> dict[str, str]:
    """diffusers' name → the file's name, for a VAE of `levels` resolutions."""
    return {vae_name(name[len(prefix) :], levels): name for name in names if name.startswith(prefix)}


def vae_name(name: str, levels: int) -> str:
    for pattern, replacement in VAE_RULES:
        name = re.sub(pattern, replacement, name)

    # The decoder counts its levels from the full size in files and from the smallest in diffusers.
    def level(match: re.Match[str]) -> str:
        part = "resnets." if match[2] == "block" else "upsamplers.0."
        return f".up_blocks.{levels - 1 - int(match[1])}.{part}"

    return re.sub(r"\.up\.(\d+)\.(block|upsample)\.", level, name)


def clip_names(names: Iterable[str], prefix: str) -> dict[str, str]:
    """transformers' name → the file's name, for a CLIP text model. Older files lack the `text_model.` step."""
    short = {name: name[len(prefix) :].removeprefix("text_model.") for name in names if name.startswith(prefix)}
    return {new: old for old, new in short.items()}
