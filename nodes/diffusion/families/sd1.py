"""Stable Diffusion 1.x (Rombach et al. 2022) as a single file in the LDM layout.

Every size is read from the tensors' shapes, so that smaller and larger models of the same build load too.
What shapes cannot tell is the family's rule: 8 heads in the UNet, heads of 64 in the text encoder, groups of 32.
"""

from __future__ import annotations

from typing import Any

import torch

from nodes.diffusion.family import Family, Space
from nodes.diffusion.header import SOURCE, Header, UnusableFile
from nodes.diffusion.ldm import clip_names, unet_names, vae_names
from nodes.diffusion.levels import NoiseLevels
from nodes.diffusion.preview import LatentPreview, colours_of, fit_preview
from nodes.diffusion.read import build_empty, fill_module
from nodes.diffusion.text import ClipText
from nodes.diffusion.unet import UNetDenoiser, UNetTraits
from nodes.diffusion.vae import Autoencoder

UNET, TEXT, VAE = "model.diffusion_model.", "cond_stage_model.transformer.", "first_stage_model."
HEADS, TEXT_HEAD_WIDTH, GROUPS, SCALE = 8, 64, 32, 0.18215
USUAL_VAE = (128, 256, 512, 512)
"""Every SD 1.x VAE of these channels shares one latent space."""
COLOURS = [[0.34, 0.20, 0.22], [0.30, 0.28, 0.48], [-0.20, 0.18, 0.24], [-0.20, -0.26, -0.72]]


def recognises(header: Header) -> bool:
    """A UNet of spatial blocks that takes latents alone and reads one CLIP text model; no label embedding."""
    stem = header.entries.get(f"{UNET}input_blocks.0.0.weight")
    return (
        stem is not None
        and stem.shape[1:2] == (FAMILY.space.channels,)
        and f"{text_prefix(header)}embeddings.token_embedding.weight" in header.entries
        and not any(header.below(f"{UNET}label_emb.", "conditioner.", "cond_stage_model.model."))
    )


def text_prefix(header: Header) -> str:
    """Older files lack the `text_model.` step."""
    return f"{TEXT}text_model." if any(header.below(f"{TEXT}text_model.")) else TEXT


def unet_config(header: Header) -> dict[str, Any]:
    """The UNet's sizes, as diffusers names them."""
    channels: list[int] = []
    attends: list[bool] = []
    resnets, width = 0, 0
    for block in range(1, header.numbers(f"{UNET}input_blocks.")):
        start = f"{UNET}input_blocks.{block}"
        if f"{start}.0.op.weight" in header.entries:
            resnets = 0
            continue
        if resnets == 0:
            channels.append(header.shape(f"{start}.0.out_layers.3.weight", 4)[0])
            attends.append(f"{start}.1.norm.weight" in header.entries)
        resnets += 1
        cross = f"{start}.1.transformer_blocks.0.attn2.to_k.weight"
        width = header.shape(cross, 2)[1] if cross in header.entries else width
    stem = header.shape(f"{UNET}input_blocks.0.0.weight", 4)
    return {
        "in_channels": stem[1],
        "out_channels": header.shape(f"{UNET}out.2.weight", 4)[0],
        "block_out_channels": tuple(channels),
        "down_block_types": tuple("CrossAttnDownBlock2D" if a else "DownBlock2D" for a in attends),
        "up_block_types": tuple("CrossAttnUpBlock2D" if a else "UpBlock2D" for a in reversed(attends)),
        "layers_per_block": resnets,
        "cross_attention_dim": width,
        "attention_head_dim": HEADS,
        "norm_num_groups": GROUPS,
    }


def text_config(header: Header) -> dict[str, Any]:
    """The text model's sizes, as transformers names them."""
    text = text_prefix(header)
    words, width = header.shape(f"{text}embeddings.token_embedding.weight", 2)
    return {
        "vocab_size": words,
        "hidden_size": width,
        "projection_dim": width,
        "intermediate_size": header.shape(f"{text}encoder.layers.0.mlp.fc1.weight", 2)[0],
        "num_hidden_layers": header.numbers(f"{text}encoder.layers."),
        "num_attention_heads": width // TEXT_HEAD_WIDTH,
        "max_position_embeddings": header.shape(f"{text}embeddings.position_embedding.weight", 2)[0],
        "hidden_act": "quick_gelu",
        "bos_token_id": 0,
        "eos_token_id": words - 1,
    }


def vae_config(header: Header) -> dict[str, Any]:
    """The VAE's sizes, as diffusers names them."""
    levels = header.numbers(f"{VAE}encoder.down.")
    channels = [header.shape(f"{VAE}encoder.down.{level}.block.0.conv1.weight", 4)[0] for level in range(levels)]
    return {
        "block_out_channels": tuple(channels),
        "down_block_types": ("DownEncoderBlock2D",) * levels,
        "up_block_types": ("UpDecoderBlock2D",) * levels,
        "layers_per_block": header.numbers(f"{VAE}encoder.down.0.block."),
        "latent_channels": header.shape(f"{VAE}decoder.conv_in.weight", 4)[1],
        "norm_num_groups": GROUPS,
        "scaling_factor": SCALE,
    }


def check_sizes(header: Header, widths: tuple[int, ...], group: int) -> None:
    if not widths or any(width == 0 or width % group for width in widths):
        raise UnusableFile(
            f"{header.file.path.name} has layers {widths} wide; Stable Diffusion 1.x has groups of {group}.", SOURCE
        )


def load_denoiser(header: Header, device: str, dtype: str) -> UNetDenoiser:
    config = unet_config(header)
    check_sizes(header, config["block_out_channels"], GROUPS)
    unet = build_empty("UNet2DConditionModel", config)
    names = unet_names(header.entries, UNET, config["layers_per_block"])
    fill_module(unet, header, names, "denoiser", device, dtype)
    if device != "cpu":  # measured on a CPU: 5 to 10% slower there; the VAE below is 7% faster
        unet.to(memory_format=torch.channels_last)
    return UNetDenoiser(unet, NoiseLevels.scaled_linear(), UNetTraits(config["cross_attention_dim"]), device)


def load_text_encoder(header: Header, device: str, dtype: str) -> ClipText:
    from transformers import CLIPTextConfig, CLIPTextModel

    config = CLIPTextConfig(**text_config(header))
    check_sizes(header, (config.hidden_size,), TEXT_HEAD_WIDTH)
    with torch.device("meta"):
        model = CLIPTextModel(config)
    fill_module(model, header, clip_names(header.entries, TEXT), "text encoder", device, dtype)
    # No file holds this buffer, so it is still on the meta device.
    places = torch.arange(config.max_position_embeddings, device=device)[None]
    model.embeddings.register_buffer("position_ids", places, persistent=False)
    return ClipText(model, device)


def load_vae(header: Header, device: str, dtype: str) -> Autoencoder:
    config = vae_config(header)
    check_sizes(header, config["block_out_channels"], GROUPS)
    vae = build_empty("AutoencoderKL", config)
    names = vae_names(header.entries, VAE, len(config["block_out_channels"]))
    # float16 overflows in VAEs of this build; bfloat16 has the range.
    fill_module(vae, header, names, "VAE", device, "bfloat16" if dtype == "float16" else dtype)
    vae.to(memory_format=torch.channels_last)
    return Autoencoder(vae, device)


def load_preview(header: Header, device: str, dtype: str) -> LatentPreview:
    if vae_config(header)["block_out_channels"] == USUAL_VAE:
        return colours_of(COLOURS, bias=[0.0, 0.0, 0.0], scale=SCALE)
    return fit_preview(load_vae(header, device, dtype), FAMILY.space.downscale)


FAMILY = Family(
    name="sd1",
    title="Stable Diffusion 1.x",
    space=Space(channels=4, downscale=8, scale=SCALE, shift=0.0),
    recognises=recognises,
    parts={"denoiser": (UNET,), "text_encoder": (TEXT,), "vae": (VAE,)},
    load_denoiser=load_denoiser,
    load_text_encoder=load_text_encoder,
    load_vae=load_vae,
    load_preview=load_preview,
)
