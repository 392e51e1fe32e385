"""Models of real size, without memory: the names and shapes of their files."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

import torch
from torch import Tensor
from transformers import CLIPTextConfig, CLIPTextModel, CLIPTextModelWithProjection, T5Config, T5EncoderModel

from tests.nodes import tiny_families as names
from tests.nodes.tiny import DIFFUSERS, ldm_unet, ldm_vae

UNET = {"in_channels": 4, "out_channels": 4, "layers_per_block": 2, "norm_num_groups": 32}
DOWN, UP, CROSS_DOWN, CROSS_UP = "DownBlock2D", "UpBlock2D", "CrossAttnDownBlock2D", "CrossAttnUpBlock2D"
SD1_UNET = UNET | {
    "block_out_channels": (320, 640, 1280, 1280), "cross_attention_dim": 768, "attention_head_dim": 8,
    "down_block_types": (CROSS_DOWN,) * 3 + (DOWN,), "up_block_types": (UP,) + (CROSS_UP,) * 3,
}  # fmt: skip
SD2_UNET = SD1_UNET | {
    "cross_attention_dim": 1024, "attention_head_dim": (5, 10, 20, 20), "use_linear_projection": True,
}  # fmt: skip
SUMMED_UP = {
    "use_linear_projection": True, "addition_embed_type": "text_time", "addition_time_embed_dim": 256,
}  # fmt: skip
SDXL_UNET = UNET | SUMMED_UP | {
    "block_out_channels": (320, 640, 1280), "cross_attention_dim": 2048, "attention_head_dim": (5, 10, 20),
    "down_block_types": (DOWN, CROSS_DOWN, CROSS_DOWN), "up_block_types": (CROSS_UP, CROSS_UP, UP),
    "transformer_layers_per_block": (1, 2, 10), "projection_class_embeddings_input_dim": 2816,
}  # fmt: skip
REFINER_UNET = UNET | SUMMED_UP | {
    "block_out_channels": (384, 768, 1536, 1536), "cross_attention_dim": 1280, "attention_head_dim": (6, 12, 24, 24),
    "down_block_types": (DOWN, CROSS_DOWN, CROSS_DOWN, DOWN), "up_block_types": (UP, CROSS_UP, CROSS_UP, UP),
    "transformer_layers_per_block": 4, "projection_class_embeddings_input_dim": 2560,
}  # fmt: skip
SD3_TRANSFORMER = {
    "num_layers": 24, "num_attention_heads": 24, "attention_head_dim": 64, "joint_attention_dim": 4096,
    "caption_projection_dim": 1536, "pooled_projection_dim": 2048, "pos_embed_max_size": 192, "in_channels": 16,
}  # fmt: skip
SD35_LARGE_TRANSFORMER = SD3_TRANSFORMER | {
    "num_layers": 38, "num_attention_heads": 38, "caption_projection_dim": 2432, "qk_norm": "rms_norm",
}  # fmt: skip
FLUX_TRANSFORMER = {"guidance_embeds": True}
CLIP = {"vocab_size": 49408, "max_position_embeddings": 77}
CLIP_L = CLIP | {"hidden_size": 768, "projection_dim": 768, "intermediate_size": 3072, "num_hidden_layers": 12,
                 "num_attention_heads": 12, "hidden_act": "quick_gelu"}  # fmt: skip
CLIP_G = CLIP | {"hidden_size": 1280, "projection_dim": 1280, "intermediate_size": 5120, "num_hidden_layers": 32,
                 "num_attention_heads": 20, "hidden_act": "gelu"}  # fmt: skip
CLIP_H = CLIP | {"hidden_size": 1024, "projection_dim": 1024, "intermediate_size": 4096, "num_hidden_layers": 24,
                 "num_attention_heads": 16, "hidden_act": "gelu"}  # fmt: skip
T5_XXL: dict[str, Any] = {
    "vocab_size": 32128, "d_model": 4096, "d_kv": 64, "d_ff": 10240, "num_layers": 24, "num_heads": 64,
    "feed_forward_proj": "gated-gelu",
}  # fmt: skip
Holds = Literal["everything", "denoiser", "texts"]


@dataclass(frozen=True)
class Case:
    family: str
    tensors: Callable[[], dict[str, Tensor]]
    """By the names of a single file; without memory, for their shapes."""
    dtype: torch.dtype = torch.float16
    holds: Holds = "everything"
    prediction: str = "eps"
    """What a UNet's file says of it."""


def on_nothing(make: Any, *arguments: Any, **options: Any) -> Any:
    """A model of these sizes that takes no memory."""
    with torch.device("meta"):
        return make(*arguments, **options)


def vae_of(channels: int) -> dict[str, Tensor]:
    quant = channels == 4
    model = on_nothing(
        DIFFUSERS.AutoencoderKL, block_out_channels=(128, 256, 512, 512), layers_per_block=2, latent_channels=channels,
        down_block_types=("DownEncoderBlock2D",) * 4, up_block_types=("UpDecoderBlock2D",) * 4,
        use_quant_conv=quant, use_post_quant_conv=quant,
    )  # fmt: skip
    return names.below("first_stage_model.", ldm_vae(model))


def clip(projected: bool, config: dict[str, Any]) -> Any:
    return on_nothing(CLIPTextModelWithProjection if projected else CLIPTextModel, CLIPTextConfig(**config))


def unet(config: dict[str, Any]) -> dict[str, Tensor]:
    return names.below(names.DENOISER, ldm_unet(on_nothing(DIFFUSERS.UNet2DConditionModel, **config)))


def sd1(channels: int = 4) -> dict[str, Tensor]:
    words = names.below("cond_stage_model.transformer.", names.hugging_face(clip(False, CLIP_L)))
    return unet(SD1_UNET | {"in_channels": channels}) | vae_of(4) | words


def sd2_v() -> dict[str, Tensor]:
    """The marker says that it predicts v: random weights do not have what that is else told by."""
    words = names.below("cond_stage_model.model.", names.open_clip(clip(True, CLIP_H)))
    return unet(SD2_UNET) | vae_of(4) | words | {"v_pred": torch.empty(0)}


def sdxl() -> dict[str, Tensor]:
    tensors = unet(SDXL_UNET) | vae_of(4)
    tensors |= names.below("conditioner.embedders.0.transformer.", names.hugging_face(clip(False, CLIP_L)))
    return tensors | names.below("conditioner.embedders.1.model.", names.open_clip(clip(True, CLIP_G)))


def refiner() -> dict[str, Tensor]:
    words = names.below("conditioner.embedders.0.model.", names.open_clip(clip(True, CLIP_G)))
    return unet(REFINER_UNET) | vae_of(4) | words


def sd3() -> dict[str, Tensor]:
    tensors = sd3_transformer(SD3_TRANSFORMER) | vae_of(16)
    for kind, config in (("clip_l", CLIP_L), ("clip_g", CLIP_G)):
        tensors |= names.below(f"text_encoders.{kind}.transformer.", names.hugging_face(clip(True, config)))
    return tensors


def sd3_transformer(config: dict[str, Any]) -> dict[str, Tensor]:
    model = on_nothing(DIFFUSERS.SD3Transformer2DModel, **config)
    return names.below(names.DENOISER, names.sd3_file(model))


def sd35_large() -> dict[str, Tensor]:
    return sd3_transformer(SD35_LARGE_TRANSFORMER)


def flux1() -> dict[str, Tensor]:
    model = on_nothing(DIFFUSERS.FluxTransformer2DModel, **FLUX_TRANSFORMER)
    return names.below(names.DENOISER, names.flux_file(model))


def t5_xxl() -> dict[str, Tensor]:
    return names.without_copy(on_nothing(T5EncoderModel, T5Config(**T5_XXL)))


FLOAT8 = torch.float8_e4m3fn
CASES = {
    "sd1": Case("sd1", sd1),
    "sd1-inpainting": Case("sd1", lambda: sd1(channels=9)),
    "sd2-v": Case("sd2", sd2_v, prediction="v"),
    "sdxl": Case("sdxl", sdxl),
    "sdxl-refiner": Case("sdxl_refiner", refiner),
    "sd3": Case("sd3", sd3),
    "sd3.5-large": Case("sd3", sd35_large, FLOAT8, "denoiser"),
    "flux1": Case("flux1", flux1, FLOAT8, "denoiser"),
    "t5-xxl": Case("sd3", t5_xxl, FLOAT8, "texts"),
}
