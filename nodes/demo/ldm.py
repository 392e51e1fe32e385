"""Puts the parts' tensors under the single-file (LDM) names of SD1.x; diffusers' converters read them back."""

from __future__ import annotations

import re

from torch import Tensor

from nodes.diffusion.ldm import unet_file_name, vae_file_name

UNET = "model.diffusion_model."
VAE = "first_stage_model."
TEXT = "cond_stage_model.transformer.text_model."


def to_ldm(unet: dict[str, Tensor], vae: dict[str, Tensor], text: dict[str, Tensor]) -> dict[str, Tensor]:
    """One flat dictionary in the single-file layout; tensors are not copied, only the VAE's attention is reshaped."""
    layers = 1 + max(int(m[1]) for k in unet if (m := re.match(r"down_blocks\.0\.resnets\.(\d+)", k)))
    attention_up = frozenset(int(m[1]) for k in unet if (m := re.match(r"up_blocks\.(\d+)\.attentions", k)))
    levels = 1 + max(int(m[1]) for k in vae if (m := re.match(r"encoder\.down_blocks\.(\d+)", k)))
    whole = {UNET + unet_file_name(k, layers, attention_up): v for k, v in unet.items()}
    for name, value in vae.items():
        is_linear = "attentions" in name and name.endswith("weight") and value.ndim == 2
        whole[VAE + vae_file_name(name, levels)] = value[:, :, None, None] if is_linear else value
    for name, value in text.items():
        if not name.endswith("position_ids"):
            whole[TEXT + name.removeprefix("text_model.")] = value
    return whole
