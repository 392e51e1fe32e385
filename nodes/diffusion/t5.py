"""T5 text encoders (Raffel et al. 2020, version 1.1): found in files, measured, loaded, and what they say of a text."""

from __future__ import annotations

import re
from typing import Any

import torch
from torch import Tensor

from nodes.diffusion.clip import emphasize
from nodes.diffusion.header import Header
from nodes.diffusion.keeping import fill_text
from nodes.diffusion.ldm import rename
from nodes.diffusion.tokens import t5_tokens

PREFIXES = ("text_encoders.t5xxl.transformer.", "")
WORDS, SAME_WORDS = "shared.weight", "encoder.embed_tokens.weight"
GGUF_ENDS = {"token_embd": "shared", "enc.output_norm": "encoder.final_layer_norm"}
GGUF_BLOCK = {
    "attn_q": "layer.0.SelfAttention.q", "attn_k": "layer.0.SelfAttention.k", "attn_v": "layer.0.SelfAttention.v",
    "attn_o": "layer.0.SelfAttention.o", "attn_rel_b": "layer.0.SelfAttention.relative_attention_bias",
    "attn_norm": "layer.0.layer_norm", "ffn_gate": "layer.1.DenseReluDense.wi_0",
    "ffn_up": "layer.1.DenseReluDense.wi_1", "ffn_down": "layer.1.DenseReluDense.wo", "ffn_norm": "layer.1.layer_norm",
}  # fmt: skip


def find_t5(header: Header) -> Header | None:
    """The T5 encoder in a file, named as transformers names it."""
    for prefix in PREFIXES:
        part = header.part(prefix)
        if any(part.below("enc.blk.")):
            part = part.with_entries({gguf_name(name): entry for name, entry in part.entries.items()})
        if "encoder.block.0.layer.0.SelfAttention.q.weight" in part.entries:
            words = part.entries.get(WORDS) or part.entries.get(SAME_WORDS)
            return part.with_entries({**part.entries, **({WORDS: words, SAME_WORDS: words} if words else {})})
    return None


def gguf_name(name: str) -> str:
    """What transformers calls a tensor that ggml names so."""
    found = re.match(r"enc\.blk\.(\d+)\.(.*)", name)
    return f"encoder.block.{found[1]}.{rename(found[2], GGUF_BLOCK)}" if found else rename(name, GGUF_ENDS)


def t5_config(t5: Header) -> dict[str, Any]:
    """The encoder's sizes, as transformers names them."""
    block = "encoder.block.0.layer"
    words, width = t5.shape(WORDS, 2)
    buckets, heads = t5.shape(f"{block}.0.SelfAttention.relative_attention_bias.weight", 2)
    return {
        "vocab_size": words,
        "d_model": width,
        "d_kv": t5.shape(f"{block}.0.SelfAttention.q.weight", 2)[0] // heads,
        "d_ff": t5.shape(f"{block}.1.DenseReluDense.wi_0.weight", 2)[0],
        "num_layers": t5.numbers("encoder.block."),
        "num_heads": heads,
        "relative_attention_num_buckets": buckets,
        "feed_forward_proj": "gated-gelu",
    }


def load_t5(t5: Header, device: str, dtype: str) -> T5Text:
    from transformers import T5Config, T5EncoderModel

    with torch.device("meta"):
        model = T5EncoderModel(T5Config(**t5_config(t5)))
    # float16 overflows in T5; bfloat16 has the range.
    fill_text(model, t5, device, "bfloat16" if dtype == "float16" else dtype)
    return T5Text(model, device)


class T5Text:
    """One T5 encoder."""

    def __init__(self, model: Any, device: str) -> None:
        """`model`: transformers' T5EncoderModel."""
        self.model, self.device = model, device

    def encode(self, text: str, least: int) -> Tensor:
        """What it says of each token and of padding up to `least`: float32 on the CPU, 1 x tokens x width."""
        tokens, weights = t5_tokens(text, least)
        said = self.read(tokens)
        if any(weight != 1 for weight in weights):
            empty, _ = t5_tokens("", len(tokens))
            said = emphasize(said, self.read(empty), torch.tensor(weights))
        return said[None]

    def read(self, tokens: list[int]) -> Tensor:
        """Tokens x width. Padding is read like any other token, as the models that use it were trained."""
        with torch.inference_mode():
            said: Tensor = self.model(input_ids=torch.tensor([tokens], device=self.device)).last_hidden_state
        return said[0].to("cpu", torch.float32, copy=True)
