"""Says what kind of file a set of tensor names looks like, for the error when it is not the kind that was asked for."""

from __future__ import annotations

from nodes.diffusion.header import Header

# The first line whose part occurs in a name decides: from the most telling to the least.
SIGNS = [
    ("a LoRA", ("lora_up", "lora_down", "lora_A", "lora_B", "hada_w1", "lokr_w1")),
    ("a textual inversion embedding", ("emb_params", "string_to_param", "clip_l", "clip_g")),
    ("a GLIGEN", (".fuser.", "position_net.")),
    ("a ControlNet", ("control_model.", "controlnet_", "zero_convs", "input_hint_block")),
    ("an SDXL checkpoint", ("conditioner.embedders.",)),
    ("a Stable Diffusion 2.x checkpoint", ("cond_stage_model.model.",)),
    ("a Stable Diffusion 3 model", ("joint_blocks.", "context_embedder.")),
    ("a Flux model", ("double_blocks.", "single_transformer_blocks.")),
    ("a Stable Diffusion UNet without text encoder and VAE", ("diffusion_model.input_blocks.",)),
    ("a VAE", ("decoder.conv_in", "decoder.up.", "decoder.up_blocks.")),
    ("one part of a model in the diffusers layout", ("down_blocks.", "transformer_blocks.")),
    ("a T5 text encoder", ("SelfAttention.relative_attention_bias", "encoder.block.", "enc.blk.")),
    ("a CLIP text encoder", ("text_model.", "token_embedding")),
    ("an upscaling model", ("conv_first.", "upconv", "RDB", "conv_up")),
]


STEM = "model.diffusion_model.input_blocks.0.0.weight"
# What a UNet takes beside the noisy latent tells what it was trained to do.
BY_CHANNELS = {5: "a depth-to-image model"}


def looks_like(header: Header) -> str:
    """In words, for "… looks like …"."""
    stem = header.entries.get(STEM)
    if stem is not None and len(stem.shape) == 4 and stem.shape[1] in BY_CHANNELS:
        return f"{BY_CHANNELS[stem.shape[1]]} ({stem.shape[1]} input channels)"
    for words, signs in SIGNS:
        if any(sign in name for name in header.entries for sign in signs):
            return words
    return "no kind of model known here"
