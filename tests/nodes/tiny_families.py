"""Small random models of every family after Stable Diffusion 1.x, and their files in the layouts people have.

The layouts' names are spelt out here from the layouts themselves, not through the product's mapping.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import save_file
from torch import Tensor
from transformers import CLIPTextConfig, CLIPTextModelWithProjection, T5Config, T5EncoderModel

from tests.nodes.tiny import DIFFUSERS, TEXT, VAE, ldm_unet, ldm_vae

CLIP_L, CLIP_G, T5 = 64, 128, 192
"""Widths of the text models."""
Tensors = dict[str, Tensor]
BLOCKS = {
    "down_block_types": ("DownBlock2D", "CrossAttnDownBlock2D"), "up_block_types": ("CrossAttnUpBlock2D", "UpBlock2D"),
    "block_out_channels": (64, 128), "attention_head_dim": (1, 2), "use_linear_projection": True,
    "layers_per_block": 1, "norm_num_groups": 32,
}  # fmt: skip
SIZES = {"addition_embed_type": "text_time", "addition_time_embed_dim": 256}


def seeded(make: Any, *arguments: Any, **options: Any) -> Any:
    torch.manual_seed(11)
    return make(*arguments, **options).eval().requires_grad_(False)


@cache
def clip(width: int, act: str) -> Any:
    config = TEXT | {"hidden_size": width, "intermediate_size": 2 * width, "num_attention_heads": width // 64,
                     "projection_dim": width, "hidden_act": act, "num_hidden_layers": 3}  # fmt: skip
    return seeded(CLIPTextModelWithProjection, CLIPTextConfig(**config))


def clip_l() -> Any:
    return clip(CLIP_L, "quick_gelu")


def clip_g() -> Any:
    return clip(CLIP_G, "gelu")


@cache
def t5() -> Any:
    config = T5Config(d_model=T5, d_kv=32, d_ff=128, num_layers=2, num_heads=2, feed_forward_proj="gated-gelu",
                      vocab_size=32128)  # fmt: skip
    return seeded(T5EncoderModel, config)


@cache
def vae(channels: int = 4, quant: bool = True) -> Any:
    config = VAE | {"latent_channels": channels, "use_quant_conv": quant, "use_post_quant_conv": quant}
    return seeded(DIFFUSERS.AutoencoderKL, **config)


@cache
def unet(**options: Any) -> Any:
    return seeded(DIFFUSERS.UNet2DConditionModel, **BLOCKS | {"in_channels": 4} | options)


@cache
def sd3_transformer(newer: bool) -> Any:
    options = {"dual_attention_layers": (0,), "qk_norm": "rms_norm"} if newer else {}
    return seeded(
        DIFFUSERS.SD3Transformer2DModel, num_layers=3, num_attention_heads=2, attention_head_dim=64,
        joint_attention_dim=T5, caption_projection_dim=128, pooled_projection_dim=CLIP_L + CLIP_G,
        pos_embed_max_size=16, **options,
    )  # fmt: skip


@cache
def flux_transformer(guided: bool) -> Any:
    return seeded(
        DIFFUSERS.FluxTransformer2DModel, num_layers=2, num_single_layers=2, attention_head_dim=32,
        num_attention_heads=2, joint_attention_dim=T5, pooled_projection_dim=CLIP_L, guidance_embeds=guided,
        axes_dims_rope=(4, 14, 14),
    )  # fmt: skip


# ---------------------------------------------------------------- layouts


def open_clip(model: Any) -> Iterator[tuple[str, Tensor]]:
    """The names of OpenCLIP."""
    tensors = model.state_dict()
    start = "text_model." if any(name.startswith("text_model.") for name in tensors) else ""
    yield "positional_embedding", tensors[f"{start}embeddings.position_embedding.weight"]
    yield "token_embedding.weight", tensors[f"{start}embeddings.token_embedding.weight"]
    yield "text_projection", tensors["text_projection.weight"].T
    yield "logit_scale", torch.ones(())
    words = {"layer_norm1": "ln_1", "layer_norm2": "ln_2", "mlp.fc1": "mlp.c_fc", "mlp.fc2": "mlp.c_proj",
             "self_attn.out_proj": "attn.out_proj"}  # fmt: skip
    for leaf in ("weight", "bias"):
        yield f"ln_final.{leaf}", tensors[f"{start}final_layer_norm.{leaf}"]
        for layer in range(model.config.num_hidden_layers):
            old, new = f"{start}encoder.layers.{layer}", f"transformer.resblocks.{layer}"
            parts = [tensors[f"{old}.self_attn.{letter}_proj.{leaf}"] for letter in "qkv"]
            yield f"{new}.attn.in_proj_{leaf}", torch.cat(parts)
            yield from ((f"{new}.{b}.{leaf}", tensors[f"{old}.{a}.{leaf}"]) for a, b in words.items())


def hugging_face(model: Any) -> Iterator[tuple[str, Tensor]]:
    """The names that checkpoints of transformers' older versions have."""
    for name, tensor in model.state_dict().items():
        known = name.startswith(("text_model.", "text_projection"))
        yield name if known else f"text_model.{name}", tensor


def fuse(tensors: Tensors, names: list[str], leaf: str) -> Tensor:
    return torch.cat([tensors.pop(f"{name}.{leaf}") for name in names])


def swap(tensor: Tensor) -> Tensor:
    scale, shift = tensor.chunk(2)
    return torch.cat([shift, scale])


SD3_ENDS = {
    "pos_embed.proj": "x_embedder.proj", "context_embedder": "context_embedder", "proj_out": "final_layer.linear",
    "time_text_embed.timestep_embedder.linear_1": "t_embedder.mlp.0",
    "time_text_embed.timestep_embedder.linear_2": "t_embedder.mlp.2",
    "time_text_embed.text_embedder.linear_1": "y_embedder.mlp.0",
    "time_text_embed.text_embedder.linear_2": "y_embedder.mlp.2",
}  # fmt: skip
SD3_BLOCK = {
    "attn.norm_q": "x_block.attn.ln_q", "attn.norm_k": "x_block.attn.ln_k", "attn.to_out.0": "x_block.attn.proj",
    "attn.norm_added_q": "context_block.attn.ln_q", "attn.norm_added_k": "context_block.attn.ln_k",
    "attn.to_add_out": "context_block.attn.proj", "norm1.linear": "x_block.adaLN_modulation.1",
    "attn2.norm_q": "x_block.attn2.ln_q", "attn2.norm_k": "x_block.attn2.ln_k", "attn2.to_out.0": "x_block.attn2.proj",
    "norm1_context.linear": "context_block.adaLN_modulation.1", "ff.net.0.proj": "x_block.mlp.fc1",
    "ff.net.2": "x_block.mlp.fc2", "ff_context.net.0.proj": "context_block.mlp.fc1",
    "ff_context.net.2": "context_block.mlp.fc2",
}  # fmt: skip


def sd3_file(model: Any) -> Tensors:
    """The names of SD 3's single files."""
    tensors = dict(model.state_dict())
    made = {"pos_embed": tensors.pop("pos_embed.pos_embed")}
    last = model.config.num_layers - 1
    for leaf in ("weight", "bias"):
        made[f"final_layer.adaLN_modulation.1.{leaf}"] = swap(tensors.pop(f"norm_out.linear.{leaf}"))
        name = f"norm1_context.linear.{leaf}"
        tensors[f"transformer_blocks.{last}.{name}"] = swap(tensors[f"transformer_blocks.{last}.{name}"])
        for block in range(last + 1):
            old, new = f"transformer_blocks.{block}", f"joint_blocks.{block}"
            added = [f"{old}.attn.add_{letter}_proj" for letter in "qkv"]
            made[f"{new}.context_block.attn.qkv.{leaf}"] = fuse(tensors, added, leaf)
            for attn in ("attn", "attn2"):
                names = [f"{old}.{attn}.to_{letter}" for letter in "qkv"]
                if f"{names[0]}.{leaf}" in tensors:
                    made[f"{new}.x_block.{attn}.qkv.{leaf}"] = fuse(tensors, names, leaf)
    return made | dict(respelt(tensors, SD3_ENDS, {"transformer_blocks": ("joint_blocks", SD3_BLOCK)}))


FLUX_ENDS = {
    "x_embedder": "img_in", "context_embedder": "txt_in", "proj_out": "final_layer.linear",
    "time_text_embed.timestep_embedder.linear_1": "time_in.in_layer",
    "time_text_embed.timestep_embedder.linear_2": "time_in.out_layer",
    "time_text_embed.text_embedder.linear_1": "vector_in.in_layer",
    "time_text_embed.text_embedder.linear_2": "vector_in.out_layer",
    "time_text_embed.guidance_embedder.linear_1": "guidance_in.in_layer",
    "time_text_embed.guidance_embedder.linear_2": "guidance_in.out_layer",
}  # fmt: skip
FLUX_DOUBLE = {
    "norm1.linear": "img_mod.lin", "norm1_context.linear": "txt_mod.lin",
    "attn.norm_q.weight": "img_attn.norm.query_norm.scale", "attn.norm_k.weight": "img_attn.norm.key_norm.scale",
    "attn.norm_added_q.weight": "txt_attn.norm.query_norm.scale",
    "attn.norm_added_k.weight": "txt_attn.norm.key_norm.scale",
    "attn.to_out.0": "img_attn.proj", "attn.to_add_out": "txt_attn.proj", "ff.net.0.proj": "img_mlp.0",
    "ff.net.2": "img_mlp.2", "ff_context.net.0.proj": "txt_mlp.0", "ff_context.net.2": "txt_mlp.2",
}  # fmt: skip
FLUX_SINGLE = {
    "norm.linear": "modulation.lin", "proj_out": "linear2",
    "attn.norm_q.weight": "norm.query_norm.scale", "attn.norm_k.weight": "norm.key_norm.scale",
}  # fmt: skip


def flux_file(model: Any) -> Tensors:
    """The names of Flux's single files."""
    tensors, made = dict(model.state_dict()), {}
    for leaf in ("weight", "bias"):
        made[f"final_layer.adaLN_modulation.1.{leaf}"] = swap(tensors.pop(f"norm_out.linear.{leaf}"))
        for block in range(model.config.num_layers):
            old = f"transformer_blocks.{block}.attn"
            made[f"double_blocks.{block}.img_attn.qkv.{leaf}"] = fuse(tensors, [f"{old}.to_{c}" for c in "qkv"], leaf)
            added = [f"{old}.add_{c}_proj" for c in "qkv"]
            made[f"double_blocks.{block}.txt_attn.qkv.{leaf}"] = fuse(tensors, added, leaf)
        for block in range(model.config.num_single_layers):
            old = f"single_transformer_blocks.{block}"
            parts = [*(f"{old}.attn.to_{letter}" for letter in "qkv"), f"{old}.proj_mlp"]
            made[f"single_blocks.{block}.linear1.{leaf}"] = fuse(tensors, parts, leaf)
    blocks = {"transformer_blocks": ("double_blocks", FLUX_DOUBLE),
              "single_transformer_blocks": ("single_blocks", FLUX_SINGLE)}  # fmt: skip
    return made | dict(respelt(tensors, FLUX_ENDS, blocks))


def respelt(
    tensors: Tensors, ends: dict[str, str], blocks: dict[str, tuple[str, dict[str, str]]]
) -> Iterator[tuple[str, Tensor]]:
    """Each tensor under the name its table gives; a name that no table knows is a KeyError."""
    for name, tensor in tensors.items():
        stem, leaf = name.rsplit(".", 1)
        side, _, rest = name.partition(".")
        if side not in blocks:
            yield f"{ends[stem]}.{leaf}", tensor
            continue
        new, table = blocks[side]
        number, _, inner = rest.partition(".")
        word = table.get(inner) or f"{table[inner.rsplit('.', 1)[0]]}.{leaf}"
        yield f"{new}.{number}.{word}", tensor


def without_copy(model: Any) -> Tensors:
    """T5's tensors as files hold them, the table of words once."""
    return {name: tensor for name, tensor in model.state_dict().items() if "embed_tokens" not in name}


def below(prefix: str, tensors: Any) -> Tensors:
    return {f"{prefix}{name}": tensor for name, tensor in dict(tensors).items()}


# ---------------------------------------------------------------- whole models


@dataclass(frozen=True)
class Small:
    """A family's parts, and their tensors as a single file names them."""

    family: str
    denoiser: Any
    vae: Any
    texts: dict[str, Any]
    tensors: Tensors = field(repr=False)

    def write(self, path: Path) -> Path:
        path.parent.mkdir(parents=True, exist_ok=True)
        save_file({name: tensor.contiguous() for name, tensor in self.tensors.items()}, str(path))
        return path


DENOISER = "model.diffusion_model."


def sd2() -> Small:
    network, texts = unet(cross_attention_dim=CLIP_G), {"clip_h": clip_g()}
    tensors = below(DENOISER, ldm_unet(network)) | below("first_stage_model.", ldm_vae(vae()))
    return Small("sd2", network, vae(), texts, tensors | below("cond_stage_model.model.", open_clip(clip_g())))


def sdxl(channels: int = 4) -> Small:
    network = unet(cross_attention_dim=CLIP_L + CLIP_G, transformer_layers_per_block=(1, 2), in_channels=channels,
                   projection_class_embeddings_input_dim=CLIP_G + 6 * 256, **SIZES)  # fmt: skip
    tensors = below(DENOISER, ldm_unet(network)) | below("first_stage_model.", ldm_vae(vae()))
    tensors |= below("conditioner.embedders.0.transformer.", hugging_face(clip_l()))
    tensors |= below("conditioner.embedders.1.model.", open_clip(clip_g()))
    return Small("sdxl", network, vae(), {"clip_l": clip_l(), "clip_g": clip_g()}, tensors)


def refiner() -> Small:
    network = unet(cross_attention_dim=CLIP_G, transformer_layers_per_block=(2, 2),
                   projection_class_embeddings_input_dim=CLIP_G + 5 * 256, **SIZES)  # fmt: skip
    tensors = below(DENOISER, ldm_unet(network)) | below("first_stage_model.", ldm_vae(vae()))
    tensors |= below("conditioner.embedders.0.model.", open_clip(clip_g()))
    return Small("sdxl_refiner", network, vae(), {"clip_g": clip_g()}, tensors)


def sd3(newer: bool = False) -> Small:
    network, autoencoder = sd3_transformer(newer), vae(16, quant=False)
    tensors = below(DENOISER, sd3_file(network)) | below("first_stage_model.", ldm_vae(autoencoder))
    texts = {"clip_l": clip_l(), "clip_g": clip_g(), "t5": t5()}
    tensors |= below("text_encoders.clip_l.transformer.", hugging_face(clip_l()))
    tensors |= below("text_encoders.clip_g.transformer.", hugging_face(clip_g()))
    tensors |= below("text_encoders.t5xxl.transformer.", without_copy(t5()))
    return Small("sd3", network, autoencoder, texts, tensors)


def flux(guided: bool = True) -> Small:
    network, autoencoder = flux_transformer(guided), vae(16, quant=False)
    tensors = below(DENOISER, flux_file(network)) | below("vae.", ldm_vae(autoencoder))
    texts = {"clip_l": clip_l(), "t5": t5()}
    tensors |= below("text_encoders.clip_l.transformer.", hugging_face(clip_l()))
    tensors |= below("text_encoders.t5xxl.transformer.", without_copy(t5()))
    return Small("flux1", network, autoencoder, texts, tensors)
