"""The tensor names of single-file checkpoints (the LDM layout) and what diffusers and transformers call the same.

One set of tables serves both directions: files are read through `unet_part`, `vae_part` and `clip_part`, and
written with `unet_file_name` and `vae_file_name`. Tests compare every name with diffusers' own converters.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from nodes.diffusion.header import Entry, Header

RESNET = {
    "in_layers.0": "norm1", "in_layers.2": "conv1", "out_layers.0": "norm2", "out_layers.3": "conv2",
    "emb_layers.1": "time_emb_proj", "skip_connection": "conv_shortcut",
}  # fmt: skip
UNET_ENDS = {
    "time_embed.0": "time_embedding.linear_1", "time_embed.2": "time_embedding.linear_2",
    "time_embed.cond_proj": "time_embedding.cond_proj",
    "label_emb.0.0": "add_embedding.linear_1", "label_emb.0.2": "add_embedding.linear_2",
    "input_blocks.0.0": "conv_in", "out.0": "conv_norm_out", "out.2": "conv_out",
}  # fmt: skip
MIDDLE = {"0": "mid_block.resnets.0", "1": "mid_block.attentions.0", "2": "mid_block.resnets.1"}
VAE_STEPS = [
    ("nin_shortcut", "conv_shortcut"),
    ("norm_out", "conv_norm_out"),
    ("mid.block_1", "mid_block.resnets.0"),
    ("mid.block_2", "mid_block.resnets.1"),
    ("mid.attn_1.norm", "mid_block.attentions.0.group_norm"),
    ("mid.attn_1.q", "mid_block.attentions.0.to_q"),
    ("mid.attn_1.k", "mid_block.attentions.0.to_k"),
    ("mid.attn_1.v", "mid_block.attentions.0.to_v"),
    ("mid.attn_1.proj_out", "mid_block.attentions.0.to_out.0"),
]
"""Whole steps of names, in files and in diffusers."""
VAE_LEVEL = {"block": "resnets", "downsample": "downsamplers.0", "upsample": "upsamplers.0"}
OLD_ATTENTION = {"query": "to_q", "key": "to_k", "value": "to_v", "proj_attn": "to_out.0"}
"""What the attention of VAEs was called in older diffusers folders."""
OPEN_CLIP = {
    "ln_1": "layer_norm1", "ln_2": "layer_norm2", "mlp.c_fc": "mlp.fc1", "mlp.c_proj": "mlp.fc2",
    "attn.out_proj": "self_attn.out_proj",
}  # fmt: skip
OPEN_CLIP_ENDS = {
    "positional_embedding": "embeddings.position_embedding.weight",
    "token_embedding.weight": "embeddings.token_embedding.weight",
    "ln_final.weight": "final_layer_norm.weight", "ln_final.bias": "final_layer_norm.bias",
}  # fmt: skip


@dataclass(frozen=True)
class OpenClip:
    """What transformers calls the parts of one of OpenCLIP's models, a text model's or an image encoder's."""

    whole: Mapping[str, str]
    """Of tensors outside the layers, by their names."""
    projection: tuple[str, str]
    """Of the last matrix, which OpenCLIP holds transposed; transformers' name for it begins with no `start`."""
    start: str = ""
    """Before every other name."""
    ends: Mapping[str, str] = field(default_factory=dict)
    """By the starts of other names outside the layers."""


OPEN_CLIP_TEXT = OpenClip(OPEN_CLIP_ENDS, ("text_projection", "text_projection.weight"))


def rename(name: str, table: Mapping[str, str]) -> str:
    """Replace the start of a name by the table's word for it."""
    for old, new in table.items():
        if name.startswith(old + "."):
            return new + name[len(old) :]
    return name


def inverse(table: dict[str, str]) -> dict[str, str]:
    return {new: old for old, new in table.items()}


# ---------------------------------------------------------------- UNets


def unet_part(unet: Header) -> Header:
    """A UNet in the LDM layout, named as diffusers names it."""
    layers = count_layers(unet)
    return unet.with_entries({unet_name(name, layers): entry for name, entry in unet.entries.items()})


def count_layers(unet: Header) -> int:
    """Resnets in each level going down: the blocks before the first that halves the size."""
    blocks = unet.numbers("input_blocks.")
    halving = (block for block in range(1, blocks) if f"input_blocks.{block}.0.op.weight" in unet.entries)
    return max(next(halving, blocks) - 1, 1)


def unet_name(name: str, layers: int) -> str:
    where, _, rest = name.partition(".")
    if name.startswith(("input_blocks.0.", "time_embed.", "label_emb.", "out.")):
        return rename(name, UNET_ENDS)
    if where == "middle_block":
        place, _, inner = rest.partition(".")
        return f"{MIDDLE[place]}.{rename(inner, RESNET)}" if place in MIDDLE else name
    found = re.fullmatch(r"(\d+)\.(\d+)\.(.+)", rest)
    if where not in ("input_blocks", "output_blocks") or found is None:
        return name
    number, place, inner = found.groups()
    side = "down" if where == "input_blocks" else "up"
    level, layer = divmod(int(number) - (side == "down"), layers + 1)
    if inner.startswith("op."):
        return f"down_blocks.{level}.downsamplers.0.conv.{inner[3:]}"
    if side == "up" and inner.startswith("conv."):
        return f"up_blocks.{level}.upsamplers.0.{inner}"
    kind = "resnets" if place == "0" else "attentions"
    return f"{side}_blocks.{level}.{kind}.{layer}.{rename(inner, RESNET)}"


def unet_file_name(name: str, layers: int, attends_up: frozenset[int]) -> str:
    """The other way: `attends_up` are the levels going up that have attention, which upsampling comes after."""
    found = re.match(r"(down|up)_blocks\.(\d+)\.(resnets|attentions|downsamplers|upsamplers)\.(\d+)\.(.*)", name)
    if found is None:
        for place, stem in MIDDLE.items():
            if name.startswith(stem + "."):
                return f"middle_block.{place}.{rename(name[len(stem) + 1 :], inverse(RESNET))}"
        return rename(name, inverse(UNET_ENDS))
    side, level, kind, layer, inner = found[1], int(found[2]), found[3], int(found[4]), found[5]
    first = (layers + 1) * level
    if kind == "downsamplers":
        return f"input_blocks.{first + layers + 1}.0.op.{inner.removeprefix('conv.')}"
    if kind == "upsamplers":
        return f"output_blocks.{first + layers}.{2 if level in attends_up else 1}.{inner}"
    place = f"input_blocks.{first + layer + 1}" if side == "down" else f"output_blocks.{first + layer}"
    return f"{place}.0.{rename(inner, inverse(RESNET))}" if kind == "resnets" else f"{place}.1.{inner}"


# ---------------------------------------------------------------- VAEs


def vae_part(vae: Header) -> Header:
    """A VAE in the LDM layout, named as diffusers names it."""
    levels = vae.numbers("encoder.down.") or vae.numbers("decoder.up.")
    return vae.with_entries({vae_name(name, levels): entry for name, entry in vae.entries.items()})


def vae_name(name: str, levels: int) -> str:
    """The decoder counts its levels from the full size in files and from the smallest in diffusers."""
    found = re.match(r"(encoder|decoder)\.(down|up)\.(\d+)\.(block|downsample|upsample)\.(.*)", name)
    if found is None:
        return change_steps(name, {f".{old}.": f".{new}." for old, new in VAE_STEPS})
    half, way, level, kind, inner = found.groups()
    place = int(level) if way == "down" else levels - 1 - int(level)
    return f"{half}.{way}_blocks.{place}.{VAE_LEVEL[kind]}.{inner.replace('nin_shortcut', 'conv_shortcut')}"


def vae_file_name(name: str, levels: int) -> str:
    """The other way."""
    kinds = inverse(VAE_LEVEL)
    found = re.match(rf"(encoder|decoder)\.(down|up)_blocks\.(\d+)\.({'|'.join(map(re.escape, kinds))})\.(.*)", name)
    if found is None:
        return change_steps(name, {f".{new}.": f".{old}." for old, new in VAE_STEPS})
    half, way, level, kind, inner = found.groups()
    place = int(level) if way == "down" else levels - 1 - int(level)
    return f"{half}.{way}.{place}.{kinds[kind]}.{inner.replace('conv_shortcut', 'nin_shortcut')}"


def change_steps(name: str, steps: dict[str, str]) -> str:
    for old, new in steps.items():
        name = name.replace(old, new)
    return name


def modern_vae_name(name: str) -> str:
    """A name of a diffusers folder, however old."""
    stem, attention, inner = name.partition(".mid_block.attentions.0.")
    return stem + attention + rename(inner, OLD_ATTENTION) if attention else name


# ---------------------------------------------------------------- CLIP text models


def clip_part(clip: Header) -> Header:
    """A CLIP text model as transformers names it; older files lack the `text_model.` step."""
    return clip.with_entries({name.removeprefix("text_model."): entry for name, entry in clip.entries.items()})


def open_clip_part(clip: Header, names: OpenClip = OPEN_CLIP_TEXT) -> Header:
    """One of OpenCLIP's models as transformers names it: its queries, keys and values lie in one tensor."""
    entries: dict[str, Entry] = {}
    layers = f"{names.start}encoder.layers."
    for name, entry in clip.entries.items():
        found = re.match(r"transformer\.resblocks\.(\d+)\.(.*)", name)
        if name in names.whole:
            entries[names.start + names.whole[name]] = entry
        elif name == names.projection[0]:
            entries[names.projection[1]] = entry.transposed()
        elif found and found[2].startswith("attn.in_proj_"):
            leaf = found[2].removeprefix("attn.in_proj_")
            for share, letter in enumerate("qkv"):
                entries[f"{layers}{found[1]}.self_attn.{letter}_proj.{leaf}"] = entry.share(share, 3)
        elif found:
            entries[f"{layers}{found[1]}.{rename(found[2], OPEN_CLIP)}"] = entry
        else:
            entries[names.start + rename(name, names.ends)] = entry
    return clip.with_entries(entries)
