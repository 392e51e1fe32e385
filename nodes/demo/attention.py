"""Attention in float32 inside a bfloat16 step: on a CPU the fused kernel's bfloat16 backward takes twice the time."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch import Tensor
from torch.nn import functional

if TYPE_CHECKING:
    from diffusers.models.attention_processor import Attention


class Float32Attention:
    """A diffusers attention processor for the transformer blocks of an SD1.x UNet; same numbers as the usual one."""

    def __call__(
        self,
        attn: Attention,
        hidden_states: Tensor,
        encoder_hidden_states: Tensor | None = None,
        attention_mask: Tensor | None = None,
        temb: Tensor | None = None,
    ) -> Tensor:
        source = hidden_states if encoder_hidden_states is None else encoder_hidden_states
        query, key, value = attn.to_q(hidden_states), attn.to_k(source), attn.to_v(source)
        with torch.autocast(hidden_states.device.type, enabled=False):
            heads = [part.float().unflatten(-1, (attn.heads, -1)).transpose(1, 2) for part in (query, key, value)]
            mixed = functional.scaled_dot_product_attention(*heads)
        out: Tensor = attn.to_out[0](mixed.transpose(1, 2).flatten(2))
        return out
