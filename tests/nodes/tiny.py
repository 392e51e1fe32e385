"""A small random checkpoint in the single-file layout of Stable Diffusion 1.x: seeded, a second to write.

The names are spelt out here from the layout's own counting, not through the product's mapping.
"""

from __future__ import annotations

from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import save_file
from torch import Tensor, nn
from transformers import CLIPTextConfig, CLIPTextModel

DIFFUSERS: Any = import_module("diffusers")
"""Through Any: the library's own hints do not know that its models are modules."""
UNET: dict[str, Any] = {
    "in_channels": 4,
    "out_channels": 4,
    "block_out_channels": (32, 64, 96),
    "down_block_types": ("CrossAttnDownBlock2D", "CrossAttnDownBlock2D", "DownBlock2D"),
    "up_block_types": ("UpBlock2D", "CrossAttnUpBlock2D", "CrossAttnUpBlock2D"),
    "layers_per_block": 2,
    "cross_attention_dim": 128,
    "attention_head_dim": 8,
    "norm_num_groups": 32,
}
VAE: dict[str, Any] = {
    "block_out_channels": (32, 32, 64, 64),
    "down_block_types": ("DownEncoderBlock2D",) * 4,
    "up_block_types": ("UpDecoderBlock2D",) * 4,
    "layers_per_block": 1,
    "latent_channels": 4,
    "norm_num_groups": 32,
    "scaling_factor": 0.18215,
}
TEXT: dict[str, Any] = {
    "vocab_size": 49408,
    "hidden_size": 128,
    "projection_dim": 128,
    "intermediate_size": 512,
    "num_hidden_layers": 2,
    "num_attention_heads": 2,
    "max_position_embeddings": 77,
    "hidden_act": "quick_gelu",
    "bos_token_id": 0,
    "eos_token_id": 49407,
}
RESNET = {
    "norm1": "in_layers.0", "conv1": "in_layers.2", "norm2": "out_layers.0", "conv2": "out_layers.3",
    "time_emb_proj": "emb_layers.1", "conv_shortcut": "skip_connection",
}  # fmt: skip
VAE_ATTENTION = {"group_norm": "norm", "to_q": "q", "to_k": "k", "to_v": "v", "to_out.0": "proj_out"}


def models() -> tuple[Any, Any, Any]:
    """The three parts with seeded random weights, scaled so that numbers stay tame."""
    torch.manual_seed(7)
    parts = (
        DIFFUSERS.UNet2DConditionModel(**UNET),
        DIFFUSERS.AutoencoderKL(**VAE),
        CLIPTextModel(CLIPTextConfig(**TEXT)),
    )
    for part in parts:
        part.eval().requires_grad_(False)
    return parts


def write_checkpoint(path: Path, dtype: torch.dtype = torch.float32, **changes: Tensor | None) -> Path:
    """Write the checkpoint. `changes` replaces tensors by name, None leaves one out."""
    unet, vae, text = models()
    tensors = {f"model.diffusion_model.{name}": tensor for name, tensor in ldm_unet(unet)}
    tensors |= {f"first_stage_model.{name}": tensor for name, tensor in ldm_vae(vae)}
    tensors |= {f"cond_stage_model.transformer.text_model.{n}": t for n, t in text.state_dict().items()}
    kept = {name: tensor for name, tensor in (tensors | changes).items() if tensor is not None}
    save_file({name: tensor.to(dtype).contiguous() for name, tensor in kept.items()}, str(path))
    return path


def tensors_of(module: nn.Module, new: str, old: str, words: dict[str, str]) -> Iterator[tuple[str, Tensor]]:
    """A module's tensors below `new`, in the layout's name; sub-modules are spelt by `words`."""
    for name, tensor in module.state_dict().items():
        if name.startswith(new + "."):
            inner = name[len(new) + 1 :]
            part = next((word for word in words if inner.startswith(word + ".")), "")
            yield f"{old}.{words[part]}{inner[len(part) :]}" if part else f"{old}.{inner}", tensor


def ldm_unet(unet: Any) -> Iterator[tuple[str, Tensor]]:
    yield from tensors_of(unet, "time_embedding", "time_embed", {"linear_1": "0", "linear_2": "2"})
    yield from tensors_of(unet, "add_embedding", "label_emb.0", {"linear_1": "0", "linear_2": "2"})
    yield from tensors_of(unet, "conv_in", "input_blocks.0.0", {})
    yield from tensors_of(unet, "conv_norm_out", "out.0", {})
    yield from tensors_of(unet, "conv_out", "out.2", {})
    for new, old in [("resnets.0", "0"), ("attentions.0", "1"), ("resnets.1", "2")]:
        yield from tensors_of(unet, f"mid_block.{new}", f"middle_block.{old}", RESNET)
    levels, layers = len(unet.config.block_out_channels), unet.config.layers_per_block
    block = 0
    for level in range(levels):
        for layer in range(layers):
            block += 1
            yield from tensors_of(unet, f"down_blocks.{level}.resnets.{layer}", f"input_blocks.{block}.0", RESNET)
            yield from tensors_of(unet, f"down_blocks.{level}.attentions.{layer}", f"input_blocks.{block}.1", {})
        block += 1
        yield from tensors_of(unet, f"down_blocks.{level}.downsamplers.0.conv", f"input_blocks.{block}.0.op", {})
    block = -1
    for level in range(levels):
        for layer in range(layers + 1):
            block += 1
            yield from tensors_of(unet, f"up_blocks.{level}.resnets.{layer}", f"output_blocks.{block}.0", RESNET)
            yield from tensors_of(unet, f"up_blocks.{level}.attentions.{layer}", f"output_blocks.{block}.1", {})
        # The upsampling convolution comes after the attention where there is one.
        place = 2 if unet.config.up_block_types[level].startswith("Cross") else 1
        yield from tensors_of(unet, f"up_blocks.{level}.upsamplers.0", f"output_blocks.{block}.{place}", {})


def ldm_vae(vae: Any) -> Iterator[tuple[str, Tensor]]:
    levels, shortcut = len(VAE["block_out_channels"]), {"conv_shortcut": "nin_shortcut"}
    ends = [f"{side}.{end}" for side in ("encoder", "decoder") for end in ("conv_in", "conv_out")]
    for half in ("quant_conv", "post_quant_conv", *ends):
        yield from tensors_of(vae, half, half, {})
    each = vae.config.layers_per_block
    for side, way, layers in (("encoder", "down", each), ("decoder", "up", each + 1)):
        yield from tensors_of(vae, f"{side}.conv_norm_out", f"{side}.norm_out", {})
        for number in range(2):
            yield from tensors_of(vae, f"{side}.mid_block.resnets.{number}", f"{side}.mid.block_{number + 1}", shortcut)
        for name, tensor in tensors_of(vae, f"{side}.mid_block.attentions.0", f"{side}.mid.attn_1", VAE_ATTENTION):
            # The layout keeps attention as 1x1 convolutions.
            yield name, tensor[:, :, None, None] if tensor.ndim == 2 else tensor
        for level in range(levels):
            old = f"{side}.{way}.{level if way == 'down' else levels - 1 - level}"
            new = f"{side}.{way}_blocks.{level}"
            for layer in range(layers):
                yield from tensors_of(vae, f"{new}.resnets.{layer}", f"{old}.block.{layer}", shortcut)
            yield from tensors_of(vae, f"{new}.{way}samplers.0.conv", f"{old}.{way}sample.conv", {})


if __name__ == "__main__":
    import sys

    print(write_checkpoint(Path(sys.argv[1])))
