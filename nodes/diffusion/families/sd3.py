"""Stable Diffusion 3 and 3.5 (Esser et al. 2024): a transformer over picture and text together.

Text comes from CLIP-L, CLIP-G and T5; any of them may be missing.
"""

from __future__ import annotations

import re
from dataclasses import replace
from math import isqrt
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional

from nodes.diffusion.clip import Learned, most_chunks
from nodes.diffusion.control.looks import SD3Look
from nodes.diffusion.control.steering import Nets, steer
from nodes.diffusion.family import Family, Space
from nodes.diffusion.flow import PATCH, attended, clean_of, pad_to_patches
from nodes.diffusion.header import Entry, Header, UnusableFile
from nodes.diffusion.keeping import fill_denoiser
from nodes.diffusion.ldm import rename
from nodes.diffusion.levels import FlowLevels
from nodes.diffusion.read import build_empty
from nodes.diffusion.room import bytes_of_numbers, numbers_of_transformer
from nodes.diffusion.text import TextModels
from nodes.diffusion.tokens import NOTHING, without
from nodes.diffusion.told import Told
from nodes.diffusion.weaken import Layers, layers_of_transformer, weakened
from nodes.sentences import files as say
from nodes.types import TextPart

PREFIXES = ("model.diffusion_model.", "")
HEAD_WIDTH, SHIFT = 64, 3.0
SPACE = Space(name="sd3", title="Stable Diffusion 3", channels=16, scale=1.5305, shift=0.0609)
CLIP_L_WIDTH, CLIP_G_WIDTH, TEXT_WIDTH, LEAST_T5 = 768, 1280, 4096, 77
ENDS = {
    "x_embedder.proj": "pos_embed.proj",
    "t_embedder.mlp.0": "time_text_embed.timestep_embedder.linear_1",
    "t_embedder.mlp.2": "time_text_embed.timestep_embedder.linear_2",
    "y_embedder.mlp.0": "time_text_embed.text_embedder.linear_1",
    "y_embedder.mlp.2": "time_text_embed.text_embedder.linear_2",
    "final_layer.linear": "proj_out",
    "final_layer.adaLN_modulation.1": "norm_out.linear",
}
PICTURE = {
    "attn.ln_q": "attn.norm_q", "attn.ln_k": "attn.norm_k", "attn.proj": "attn.to_out.0",
    "attn2.ln_q": "attn2.norm_q", "attn2.ln_k": "attn2.norm_k", "attn2.proj": "attn2.to_out.0",
    "adaLN_modulation.1": "norm1.linear", "mlp.fc1": "ff.net.0.proj", "mlp.fc2": "ff.net.2",
}  # fmt: skip
TEXT = {
    "attn.ln_q": "attn.norm_added_q", "attn.ln_k": "attn.norm_added_k", "attn.proj": "attn.to_add_out",
    "adaLN_modulation.1": "norm1_context.linear", "mlp.fc1": "ff_context.net.0.proj", "mlp.fc2": "ff_context.net.2",
}  # fmt: skip
FUSED = {
    ("x", "attn.qkv"): ("attn.to_q", "attn.to_k", "attn.to_v"),
    ("x", "attn2.qkv"): ("attn2.to_q", "attn2.to_k", "attn2.to_v"),
    ("context", "attn.qkv"): ("attn.add_q_proj", "attn.add_k_proj", "attn.add_v_proj"),
}


def find(header: Header) -> Header | None:
    """A transformer whose picture and text attend to each other in every block."""
    for prefix in PREFIXES:
        part = header.part(prefix)
        if "joint_blocks.0.x_block.attn.qkv.weight" in part.entries:
            part = from_file(part)
        if "pos_embed.proj.weight" in part.entries and "transformer_blocks.0.attn.add_q_proj.weight" in part.entries:
            return part
    return None


def from_file(part: Header) -> Header:
    """The transformer in the layout of single files, named as diffusers names it."""
    last = str(part.numbers("joint_blocks.") - 1)
    entries: dict[str, Entry] = {}
    for name, entry in part.entries.items():
        entries |= renamed(name, entry, last)
    return part.with_entries(entries)


def renamed(name: str, entry: Entry, last: str) -> dict[str, Entry]:
    """What diffusers makes of one tensor of a file; `last` is the number of the last block."""
    found = re.match(r"joint_blocks\.(\d+)\.(x|context)_block\.(.*)\.(\w+)$", name)
    if found is None:
        if name == "pos_embed":
            return {"pos_embed.pos_embed": entry}
        # Files hold shift before scale where the norm has nothing else; diffusers the other way round.
        swapped = replace(entry, halves_swapped=True) if name.startswith("final_layer.adaLN") else entry
        return {rename(name, ENDS): swapped}
    block, side, inner, leaf = found.groups()
    start = f"transformer_blocks.{block}."
    fused = FUSED.get((side, inner))
    if fused:
        return {f"{start}{new}.{leaf}": entry.share(place, 3) for place, new in enumerate(fused)}
    if side == "context" and block == last and inner.startswith("adaLN"):
        entry = replace(entry, halves_swapped=True)
    return {f"{start}{rename(f'{inner}.{leaf}', PICTURE if side == 'x' else TEXT)}": entry}


def transformer_config(part: Header) -> dict[str, Any]:
    """The transformer's sizes, as diffusers names them."""
    width, channels, patch, _ = part.shape("pos_embed.proj.weight", 4)
    blocks = part.numbers("transformer_blocks.")
    dual = [n for n in range(blocks) if f"transformer_blocks.{n}.attn2.to_q.weight" in part.entries]
    if channels != SPACE.channels or patch != PATCH or width % HEAD_WIDTH:
        raise UnusableFile(
            say.SD3_SIZES(
                file=part.name,
                channels=channels,
                patch=patch,
                width=width,
                family=FAMILY.title,
                patches=PATCH,
                heads=HEAD_WIDTH,
            ),
            say.PICK_ANOTHER_FILE(),
        )
    return {
        "patch_size": patch,
        "in_channels": channels,
        "out_channels": part.shape("proj_out.weight", 2)[0] // patch**2,
        "num_layers": blocks,
        "attention_head_dim": HEAD_WIDTH,
        "num_attention_heads": width // HEAD_WIDTH,
        "joint_attention_dim": part.shape("context_embedder.weight", 2)[1],
        "caption_projection_dim": part.shape("context_embedder.weight", 2)[0],
        "pooled_projection_dim": part.shape("time_text_embed.text_embedder.linear_1.weight", 2)[1],
        "pos_embed_max_size": isqrt(part.shape("pos_embed.pos_embed", 3)[1]),
        "dual_attention_layers": tuple(dual),
        "qk_norm": "rms_norm" if "transformer_blocks.0.attn.norm_q.weight" in part.entries else None,
    }


def load_denoiser(part: Header, prediction: str, device: str, dtype: str) -> SD3Denoiser:
    config = transformer_config(part)
    model = build_empty("SD3Transformer2DModel", config)
    fill_denoiser(model, part, device, dtype)
    return SD3Denoiser(model, config, device, dtype)


class MaskedAttention:
    """Attention of picture and text together, with a mask for texts of different length (an attention processor)."""

    def __call__(
        self, attn: Any, hidden_states: Tensor, encoder_hidden_states: Tensor | None = None,
        attention_mask: Tensor | None = None,
    ) -> Tensor | tuple[Tensor, Tensor]:  # fmt: skip
        def heads(values: Tensor, norm: Any = None) -> Tensor:
            split = values.view(*values.shape[:2], attn.heads, -1).transpose(1, 2)
            normed: Tensor = split if norm is None else norm(split)
            return normed

        query, key = heads(attn.to_q(hidden_states), attn.norm_q), heads(attn.to_k(hidden_states), attn.norm_k)
        value, cells = heads(attn.to_v(hidden_states)), hidden_states.shape[1]
        if encoder_hidden_states is None:  # the second attention of 3.5 medium, of the picture to itself
            said = functional.scaled_dot_product_attention(query, key, value)
            alone: Tensor = attn.to_out[0](said.transpose(1, 2).flatten(2))
            return alone
        text = encoder_hidden_states
        query = torch.cat([query, heads(attn.add_q_proj(text), attn.norm_added_q)], dim=2)
        key = torch.cat([key, heads(attn.add_k_proj(text), attn.norm_added_k)], dim=2)
        value = torch.cat([value, heads(attn.add_v_proj(text))], dim=2)
        said = functional.scaled_dot_product_attention(query, key, value, attn_mask=attention_mask)
        both = said.transpose(1, 2).flatten(2)
        picture, text = both[:, :cells], both[:, cells:]
        return attn.to_out[0](picture), text if attn.context_pre_only else attn.to_add_out(text)


class SD3Denoiser:
    """diffusers' SD3Transformer2DModel behind the face of a denoiser."""

    masks_text = True
    beside_channels = 0
    family = ""
    nets = Nets()

    def __init__(self, model: Any, config: dict[str, Any], device: str, dtype: str) -> None:
        self.model, self.device = model, device
        self.model.set_attn_processor(MaskedAttention())
        self.levels = FlowLevels(SHIFT)
        self.longest_edge = config["pos_embed_max_size"] * PATCH
        self.text_width, self.pooled_width = config["joint_attention_dim"], config["pooled_projection_dim"]
        self.dtype = getattr(torch, dtype)

    def predict(self, x: Tensor, sigma: float, told: Told) -> Tensor:
        padded = pad_to_patches(x).to(self.dtype)
        cells = padded.shape[2] // PATCH * (padded.shape[3] // PATCH)
        pooled = x.new_zeros(len(x), self.pooled_width) if told.pooled is None else told.pooled
        with torch.inference_mode(), weakened(self, told.weakened, told.tokens.shape[1]):
            time = torch.full((len(x),), self.levels.timestep(sigma), device=x.device)
            look = SD3Look(
                padded, time, told.tokens.to(self.dtype), pooled.to(self.dtype),
                attended(told, cells, text_first=False), len(self.model.transformer_blocks), self.model.pos_embed,
            )  # fmt: skip
            velocity: Tensor = self.model(
                look.x,
                look.tokens,
                look.pooled,
                look.time,
                joint_attention_kwargs={"attention_mask": look.mask},
                return_dict=False,
                **steer(self.nets, told.steered, look, sigma, self.levels),
            )[0]
        return clean_of(x, velocity, sigma)

    def bytes_to_look(self, rows: int, height: int, width: int) -> int:
        """What one look takes at least."""
        numbers = numbers_of_transformer(self.model.inner_dim, PATCH)
        return bytes_of_numbers(numbers, self.dtype, rows, height, width)

    @property
    def sizes_steered(self) -> tuple[int, ...]:
        """Its width."""
        return (self.model.inner_dim,)

    @property
    def layers(self) -> Layers:
        return layers_of_transformer(self.model.transformer_blocks, text_first=False)


class SD3Text:
    """CLIP-L and CLIP-G side by side, filled up to T5's width, then T5; zeros stand in for a missing CLIP."""

    def __init__(self, models: TextModels) -> None:
        self.small, self.large, self.t5 = models.clips.get("clip_l"), models.clips.get("clip_g"), models.t5
        self.clips = list(models.clips.values())
        self.layers = min((clip.layers for clip in self.clips), default=0)

    def encode(self, text: str, stop_at: int = 0, learned: Learned = NOTHING) -> TextPart:
        said: list[Tensor | None] = []
        summary: list[Tensor] = []
        count = most_chunks(self.clips, text, learned)
        for clip, width in ((self.small, CLIP_L_WIDTH), (self.large, CLIP_G_WIDTH)):
            if clip is None:
                said.append(None)
                summary.append(torch.zeros(1, width))
                continue
            tokens, whole = clip.encode(text, stop_at or -2, False, learned, count)
            said.append(tokens)
            summary.append(whole)
        t5 = self.t5.encode(without(text, learned), LEAST_T5) if self.t5 is not None else None
        wide = TEXT_WIDTH if t5 is None else t5.shape[-1]
        parts = [] if t5 is None else [t5]
        if any(tokens is not None for tokens in said):
            parts.insert(0, join_clips(said, (CLIP_L_WIDTH, CLIP_G_WIDTH), wide))
        return TextPart(torch.cat(parts, dim=1), torch.cat(summary, dim=-1))


def join_clips(said: list[Tensor | None], widths: tuple[int, ...], wide: int) -> Tensor:
    """Side by side, zeros for one that is missing, and zeros up to the width of T5."""
    tokens = next(one for one in said if one is not None).shape[1]
    filled = [torch.zeros(1, tokens, width) if one is None else one for one, width in zip(said, widths, strict=True)]
    together = torch.cat(filled, dim=-1)
    return functional.pad(together, (0, wide - together.shape[-1]))


FAMILY = Family(
    name="sd3",
    title="Stable Diffusion 3",
    space=SPACE,
    find=find,
    load_denoiser=load_denoiser,
    needs=(),
    takes=("clip_l", "clip_g", "t5"),
    stack=SD3Text,
)
