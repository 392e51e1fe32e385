"""Nodes that turn words into conditioning."""

from __future__ import annotations

from typing import TYPE_CHECKING

from nodes.api import Context, node
from nodes.fields import ConditioningOut, LongText
from nodes.types import Conditioning, TextEncoder

if TYPE_CHECKING:
    from nodes.diffusion.text import TextStack


@node(category="text")
def encode_text(text_encoder: TextEncoder, ctx: Context, text: LongText = "") -> ConditioningOut:
    """Turn a text into what a model is steered by.

    Args:
        text_encoder: From the same checkpoint as the model.
        text: What the picture should show. (word:1.2) stresses a word, (word:0.8) weakens it, and a
            backslash before a bracket keeps it a bracket. Long texts are read in parts of 75 tokens.

    Returns:
        For the positive or the negative input of a sampler.
    """
    encoder: TextStack = ctx.weights(text_encoder.recipe)
    return Conditioning((encoder.encode(text),))
