"""Small random LoRAs for the small models, in the spellings that people's files have."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import save_file
from torch import Tensor

RANK, ALPHA = 4, 2.0
SIZE = 0.2
Tensors = dict[str, Tensor]
KOHYA, PEFT = ("lora_up", "lora_down"), ("lora_B", "lora_A")
UNET_LAYERS = (
    "down_blocks.0.attentions.0.transformer_blocks.0.attn1.to_q", "mid_block.attentions.0.proj_in",
    "up_blocks.1.attentions.1.transformer_blocks.0.ff.net.0.proj",
    "down_blocks.1.attentions.0.transformer_blocks.0.attn2.to_out.0",
)  # fmt: skip
UNET_CONVS = (
    "down_blocks.0.resnets.0.conv1",
    "up_blocks.2.resnets.0.conv_shortcut",
    "down_blocks.0.downsamplers.0.conv",
)
XL_LAYERS = {
    "down_blocks.1.attentions.0.transformer_blocks.1.attn2.to_k": "input_blocks_3_1_transformer_blocks_1_attn2_to_k",
    "mid_block.attentions.0.transformer_blocks.0.attn1.to_out.0": "middle_block_1_transformer_blocks_0_attn1_to_out_0",
    "up_blocks.0.attentions.1.proj_out": "output_blocks_1_1_proj_out",
}
TEXT_LAYERS = ("encoder.layers.0.self_attn.q_proj", "encoder.layers.1.mlp.fc2")
SD3_LAYERS = (
    "transformer_blocks.0.attn.to_q", "transformer_blocks.1.attn.add_k_proj", "transformer_blocks.0.ff.net.2",
    "transformer_blocks.2.attn.to_out.0",
)  # fmt: skip
FLUX_LAYERS = (
    "transformer_blocks.0.attn.to_v", "transformer_blocks.1.ff_context.net.0.proj",
    "single_transformer_blocks.0.proj_mlp", "single_transformer_blocks.1.proj_out",
    "single_transformer_blocks.0.attn.to_q",
)  # fmt: skip
FLUX_FILE = {
    "double_blocks_0_img_attn_qkv": ("transformer_blocks.0.attn.to_q", "transformer_blocks.0.attn.to_k",
                                     "transformer_blocks.0.attn.to_v"),
    "double_blocks_1_txt_mlp_0": ("transformer_blocks.1.ff_context.net.0.proj",),
    "single_blocks_0_linear1": ("single_transformer_blocks.0.attn.to_q", "single_transformer_blocks.0.attn.to_k",
                                "single_transformer_blocks.0.attn.to_v", "single_transformer_blocks.0.proj_mlp"),
    "single_blocks_1_modulation_lin": ("single_transformer_blocks.1.norm.linear",),
}  # fmt: skip


def seeded(name: str, *shape: int) -> Tensor:
    """Numbers that depend on the name alone."""
    made = torch.Generator().manual_seed(sum(ord(letter) * (at + 1) for at, letter in enumerate(name)))
    return SIZE * torch.randn(*shape, generator=made)


def shape_of(network: Any, layer: str) -> tuple[int, ...]:
    return tuple(network.get_submodule(layer).weight.shape)


def pair(stem: str, shape: tuple[int, ...], names: tuple[str, str], alpha: bool) -> Tensors:
    """The two factors of a change of so many rows, columns and places."""
    rows, columns, *window = shape
    tensors = {
        f"{stem}.{names[0]}.weight": seeded(f"{stem} up", rows, RANK, *[1] * len(window)),
        f"{stem}.{names[1]}.weight": seeded(f"{stem} down", RANK, columns, *window),
    }
    return tensors | ({f"{stem}.alpha": torch.tensor(ALPHA)} if alpha else {})


def kohya(network: Any, layers: Iterable[str], start: str, spell: Callable[[str], str] | None = None) -> Tensors:
    made: Tensors = {}
    for layer in layers:
        name = spell(layer) if spell else layer.replace(".", "_")
        made |= pair(f"{start}{name}", shape_of(network, layer), KOHYA, alpha=True)
    return made


def peft(network: Any, layers: Iterable[str], start: str) -> Tensors:
    made: Tensors = {}
    for layer in layers:
        made |= pair(f"{start}{layer}", shape_of(network, layer), PEFT, alpha=False)
    return made


def with_magnitudes(network: Any, layers: Iterable[str], start: str) -> Tensors:
    """peft's names of a DoRA: magnitudes near those of the weights."""
    made = peft(network, layers, start)
    for layer in layers:
        weight, name = network.get_submodule(layer).weight, f"{start}{layer}.lora_magnitude_vector"
        norm = weight.flatten(1).norm(dim=1)
        made[name] = norm * (1 + seeded(name, len(norm)))
    return made


def flux_fused(network: Any) -> Tensors:
    """kohya's names of Flux, whose layers hold those of several in diffusers."""
    made: Tensors = {}
    for name, layers in FLUX_FILE.items():
        shapes = [shape_of(network, layer) for layer in layers]
        made |= pair(f"lora_unet_{name}", (sum(rows for rows, _ in shapes), shapes[0][1]), KOHYA, alpha=True)
    return made


def swap_halves(tensor: Tensor) -> Tensor:
    first, second = tensor.chunk(2)
    return torch.cat([second, first])


def save(path: Path, tensors: Tensors, **metadata: str) -> Path:
    save_file({name: tensor.contiguous() for name, tensor in tensors.items()}, str(path), metadata or None)
    return path


def delta(tensors: Tensors, stem: str, shape: Iterable[int]) -> Tensor:
    """The plain formula: up times down, times alpha over the rank."""
    up, down = tensors[f"{stem}.lora_up.weight"].flatten(1), tensors[f"{stem}.lora_down.weight"].flatten(1)
    alpha = float(tensors.get(f"{stem}.alpha", torch.tensor(float(len(down)))))
    wanted = tuple(shape)
    assert math.prod(wanted) == len(up) * down.shape[1]
    return (up @ down).reshape(wanted) * alpha / len(down)
