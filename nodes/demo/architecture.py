"""The model's parts. Heads follow SD1.x (8 in the UNet, 64 wide in the text encoder): shapes alone tell the config."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, TypeAlias

# diffusers' and transformers' models carry no types that mypy can follow: the names say which model is meant.
Vae: TypeAlias = Any
Unet: TypeAlias = Any
TextEncoder: TypeAlias = Any

LATENT_SCALE = 0.18215
TOKENS = 77
VOCABULARY = 49408
HEADS = 8


@dataclass(frozen=True)
class Sizes:
    """Channels of each part; the smallest that learn the pictures well and stay under 48 MB together."""

    vae: tuple[int, ...] = (32, 64, 128, 128)
    vae_layers: int = 1
    unet: tuple[int, ...] = (64, 128, 256)
    unet_layers: int = 1
    text_width: int = 128
    text_layers: int = 4


def build_vae(sizes: Sizes) -> Vae:
    from diffusers import AutoencoderKL

    levels = len(sizes.vae)
    return AutoencoderKL(  # type: ignore[no-untyped-call]
        in_channels=3,
        out_channels=3,
        down_block_types=("DownEncoderBlock2D",) * levels,
        up_block_types=("UpDecoderBlock2D",) * levels,
        block_out_channels=sizes.vae,
        layers_per_block=sizes.vae_layers,
        latent_channels=4,
        norm_num_groups=32,
        sample_size=128,
        scaling_factor=LATENT_SCALE,
    )


def build_unet(sizes: Sizes) -> Unet:
    from diffusers import UNet2DConditionModel

    levels = len(sizes.unet)
    return UNet2DConditionModel(  # type: ignore[no-untyped-call]
        sample_size=16,
        in_channels=4,
        out_channels=4,
        down_block_types=("CrossAttnDownBlock2D",) * (levels - 1) + ("DownBlock2D",),
        up_block_types=("UpBlock2D",) + ("CrossAttnUpBlock2D",) * (levels - 1),
        block_out_channels=sizes.unet,
        layers_per_block=sizes.unet_layers,
        cross_attention_dim=sizes.text_width,
        attention_head_dim=HEADS,
        norm_num_groups=32,
    )


def build_text_encoder(sizes: Sizes, vocabulary: int = VOCABULARY) -> TextEncoder:
    """Training passes a `vocabulary` of the grammar's rows only; the file holds all 49,408."""
    from transformers import CLIPTextConfig, CLIPTextModel

    config = CLIPTextConfig(
        vocab_size=vocabulary,
        hidden_size=sizes.text_width,
        intermediate_size=4 * sizes.text_width,
        num_hidden_layers=sizes.text_layers,
        num_attention_heads=sizes.text_width // 64,
        max_position_embeddings=TOKENS,
        hidden_act="quick_gelu",
        projection_dim=sizes.text_width,
        bos_token_id=0,
        eos_token_id=vocabulary - 1,
    )
    return CLIPTextModel(config)
