"""Says what kind of file a set of tensor names looks like, for the error when it is not the kind that was asked for."""

from __future__ import annotations

from nodes.diffusion.header import Header
from nodes.sentences import files as say

# The first line whose part occurs in a name decides: from the most telling to the least.
SIGNS = [
    (say.A_LORA, ("lora_up", "lora_down", "lora_A", "lora_B", "hada_w1", "lokr_w1")),
    (say.AN_EMBEDDING, ("emb_params", "string_to_param", "clip_l", "clip_g")),
    (say.A_GLIGEN, (".fuser.", "position_net.")),
    (say.A_CONTROLNET, ("control_model.", "controlnet_", "zero_convs", "input_hint_block")),
    (say.AN_SDXL, ("conditioner.embedders.",)),
    (say.AN_SD2, ("cond_stage_model.model.",)),
    (say.AN_SD3, ("joint_blocks.", "context_embedder.")),
    (say.A_FLUX, ("double_blocks.", "single_transformer_blocks.")),
    (say.A_BARE_UNET, ("diffusion_model.input_blocks.",)),
    (say.A_VAE, ("decoder.conv_in", "decoder.up.", "decoder.up_blocks.")),
    (say.A_DIFFUSERS_PART, ("down_blocks.", "transformer_blocks.")),
    (say.A_T5, ("SelfAttention.relative_attention_bias", "encoder.block.", "enc.blk.")),
    (say.A_CLIP, ("text_model.", "token_embedding")),
    (say.AN_UPSCALER, ("conv_first.", "upconv", "RDB", "conv_up")),
]


STEM = "model.diffusion_model.input_blocks.0.0.weight"
# What a UNet takes beside the noisy latent tells what it was trained to do.
BY_CHANNELS = {5: say.A_DEPTH_TO_IMAGE}


def looks_like(header: Header) -> str:
    """In words, for "… looks like …"."""
    stem = header.entries.get(STEM)
    if stem is not None and len(stem.shape) == 4 and stem.shape[1] in BY_CHANNELS:
        return BY_CHANNELS[stem.shape[1]](channels=stem.shape[1])
    for words, signs in SIGNS:
        if any(sign in name for name in header.entries for sign in signs):
            return words()
    return say.UNKNOWN_KIND()
