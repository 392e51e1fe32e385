"""Flux.1 dev and schnell (Black Forest Labs 2024): a transformer whose later blocks treat picture and text as one.

Text comes from T5, its summary from CLIP-L. The one model learned guidance by heart (dev), the other needs none.
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

import torch
from torch import Tensor

from nodes.diffusion.clip import Learned
from nodes.diffusion.control.looks import FluxLook
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
GUIDANCE = 3.5
LARGEST_SHIFT = 1.15
"""The shift of a picture of 1024 x 1024, which dev is sampled with whatever the size unless asked otherwise."""
LEAST_T5 = 256
SPACE = Space(name="flux1", title="Flux.1", channels=16, scale=0.3611, shift=0.1159)
ENDS = {
    "img_in": "x_embedder",
    "txt_in": "context_embedder",
    "time_in.in_layer": "time_text_embed.timestep_embedder.linear_1",
    "time_in.out_layer": "time_text_embed.timestep_embedder.linear_2",
    "vector_in.in_layer": "time_text_embed.text_embedder.linear_1",
    "vector_in.out_layer": "time_text_embed.text_embedder.linear_2",
    "guidance_in.in_layer": "time_text_embed.guidance_embedder.linear_1",
    "guidance_in.out_layer": "time_text_embed.guidance_embedder.linear_2",
    "final_layer.linear": "proj_out",
    "final_layer.adaLN_modulation.1": "norm_out.linear",
}
DOUBLE = {
    "img_mod.lin": "norm1.linear", "txt_mod.lin": "norm1_context.linear",
    "img_attn.norm.query_norm.scale": "attn.norm_q.weight", "img_attn.norm.key_norm.scale": "attn.norm_k.weight",
    "txt_attn.norm.query_norm.scale": "attn.norm_added_q.weight",
    "txt_attn.norm.key_norm.scale": "attn.norm_added_k.weight",
    "img_attn.proj": "attn.to_out.0", "txt_attn.proj": "attn.to_add_out",
    "img_mlp.0": "ff.net.0.proj", "img_mlp.2": "ff.net.2",
    "txt_mlp.0": "ff_context.net.0.proj", "txt_mlp.2": "ff_context.net.2",
}  # fmt: skip
SINGLE = {
    "modulation.lin": "norm.linear", "linear2": "proj_out",
    "norm.query_norm.scale": "attn.norm_q.weight", "norm.key_norm.scale": "attn.norm_k.weight",
}  # fmt: skip
FUSED = {
    "img_attn.qkv": ("attn.to_q", "attn.to_k", "attn.to_v"),
    "txt_attn.qkv": ("attn.add_q_proj", "attn.add_k_proj", "attn.add_v_proj"),
}


def find(header: Header) -> Header | None:
    """A transformer with blocks for picture and text apart, then blocks for both as one."""
    for prefix in PREFIXES:
        part = header.part(prefix)
        if "double_blocks.0.img_attn.qkv.weight" in part.entries:
            part = from_file(part)
        names = ("single_transformer_blocks.0.proj_mlp.weight", "transformer_blocks.0.attn.add_q_proj.weight")
        if all(name in part.entries for name in names) and "x_embedder.weight" in part.entries:
            return part
    return None


def from_file(part: Header) -> Header:
    """The transformer in the layout of single files, named as diffusers names it."""
    entries: dict[str, Entry] = {}
    for name, entry in part.entries.items():
        entries |= renamed(name, entry)
    return part.with_entries(entries)


def renamed(name: str, entry: Entry) -> dict[str, Entry]:
    """What diffusers makes of one tensor of a file."""
    found = re.match(r"(double|single)_blocks\.(\d+)\.(.*)\.(\w+)$", name)
    if found is None:
        # Files hold shift before scale in the last norm; diffusers the other way round.
        swapped = replace(entry, halves_swapped=True) if name.startswith("final_layer.adaLN") else entry
        return {rename(name, ENDS): swapped}
    side, block, inner, leaf = found.groups()
    if side == "single":
        start = f"single_transformer_blocks.{block}."
        if inner == "linear1":
            return {f"{start}{new}.{leaf}": rows for new, rows in single_rows(entry).items()}
        return {start + exact(f"{inner}.{leaf}", SINGLE): entry}
    start = f"transformer_blocks.{block}."
    if inner in FUSED:
        return {f"{start}{new}.{leaf}": entry.share(place, 3) for place, new in enumerate(FUSED[inner])}
    return {start + exact(f"{inner}.{leaf}", DOUBLE): entry}


def exact(name: str, table: dict[str, str]) -> str:
    """The table's word for a whole name, or for its start."""
    return table.get(name) or rename(name, table)


def single_rows(entry: Entry) -> dict[str, Entry]:
    """Queries, keys, values and the first layer of the MLP, which is four times as wide as each."""
    width = entry.shape[0] // 7
    parts = {f"attn.to_{letter}": entry.rows(n * width, (n + 1) * width) for n, letter in enumerate("qkv")}
    return parts | {"proj_mlp": entry.rows(3 * width, entry.shape[0])}


def transformer_config(part: Header) -> dict[str, Any]:
    """The transformer's sizes, as diffusers names them."""
    width, channels = part.shape("x_embedder.weight", 2)
    head = part.shape("transformer_blocks.0.attn.norm_q.weight", 1)[0]
    if channels != SPACE.channels * PATCH**2:
        raise UnusableFile(
            say.FLUX_CHANNELS(file=part.name, channels=channels // PATCH**2),
            say.USE_FLUX_DEV(),
        )
    return {
        "in_channels": channels,
        "num_layers": part.numbers("transformer_blocks."),
        "num_single_layers": part.numbers("single_transformer_blocks."),
        "attention_head_dim": head,
        "num_attention_heads": width // head,
        "joint_attention_dim": part.shape("context_embedder.weight", 2)[1],
        "pooled_projection_dim": part.shape("time_text_embed.text_embedder.linear_1.weight", 2)[1],
        "guidance_embeds": "time_text_embed.guidance_embedder.linear_1.weight" in part.entries,
        "axes_dims_rope": (head // 8, head * 7 // 16, head * 7 // 16),
    }


def load_denoiser(part: Header, prediction: str, device: str, dtype: str) -> FluxDenoiser:
    config = transformer_config(part)
    model = build_empty("FluxTransformer2DModel", config)
    fill_denoiser(model, part, device, dtype)
    return FluxDenoiser(model, config, device, dtype)


class FluxDenoiser:
    """diffusers' FluxTransformer2DModel behind the face of a denoiser."""

    masks_text = True
    beside_channels = longest_edge = 0
    family = ""
    nets = Nets()

    def __init__(self, model: Any, config: dict[str, Any], device: str, dtype: str) -> None:
        self.model, self.device, self.guided = model, device, config["guidance_embeds"]
        self.levels = FlowLevels.exponential(LARGEST_SHIFT) if self.guided else FlowLevels(1.0)
        self.text_width, self.pooled_width = config["joint_attention_dim"], config["pooled_projection_dim"]
        self.dtype = getattr(torch, dtype)

    def predict(self, x: Tensor, sigma: float, told: Told) -> Tensor:
        padded = pad_to_patches(x).to(self.dtype)
        rows, columns = padded.shape[2] // PATCH, padded.shape[3] // PATCH
        pooled = x.new_zeros(len(x), self.pooled_width) if told.pooled is None else told.pooled
        with torch.inference_mode(), weakened(self, told.weakened, told.tokens.shape[1]):
            look = FluxLook(
                pack(padded), torch.full((len(x),), sigma, device=x.device), told.tokens.to(self.dtype),
                pooled.to(self.dtype), self.guidance(x, told), places(rows, columns, x.device),
                attended(told, rows * columns, text_first=True),
                (len(self.model.transformer_blocks), len(self.model.single_transformer_blocks)),
            )  # fmt: skip
            found: Tensor = self.model(
                look.x,
                look.tokens,
                look.pooled,
                look.time,
                img_ids=look.places,
                txt_ids=torch.zeros(told.tokens.shape[1], 3, device=x.device),
                guidance=look.guidance,
                joint_attention_kwargs={"attention_mask": look.mask},
                return_dict=False,
                **steer(self.nets, told.steered, look, sigma, self.levels),
            )[0]
        return clean_of(x, unpack(found, rows, columns), sigma)

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
        blocks = [*self.model.transformer_blocks, *self.model.single_transformer_blocks]
        return layers_of_transformer(blocks, text_first=True)

    def guidance(self, x: Tensor, told: Told) -> Tensor | None:
        if not self.guided:
            return None
        if told.guidance is None:
            return x.new_full((len(x),), GUIDANCE)
        return torch.where(told.guidance.isnan(), GUIDANCE, told.guidance)


def pack(x: Tensor) -> Tensor:
    """Each square of 2 x 2 values as one token: batch x cells x 4 channels."""
    return torch.nn.functional.pixel_unshuffle(x, PATCH).flatten(2).transpose(1, 2)


def unpack(tokens: Tensor, rows: int, columns: int) -> Tensor:
    """The other way: batch x channels x height x width."""
    return torch.nn.functional.pixel_shuffle(tokens.mT.reshape(len(tokens), -1, rows, columns), PATCH)


def places(rows: int, columns: int, device: torch.device) -> Tensor:
    """Where each token lies, cells x (0, row, column)."""
    found = torch.zeros(rows, columns, 3, device=device)
    found[..., 1] = torch.arange(rows, device=device)[:, None]
    found[..., 2] = torch.arange(columns, device=device)
    return found.flatten(0, 1)


class FluxText:
    """T5 for the words, CLIP-L for their summary."""

    def __init__(self, models: TextModels) -> None:
        assert models.t5 is not None  # the family needs it
        self.t5, self.clip = models.t5, models.clips["clip_l"]
        self.layers, self.clips = 0, [self.clip]

    def encode(self, text: str, stop_at: int = 0, learned: Learned = NOTHING) -> TextPart:
        _, summary = self.clip.encode(text, -1, normed=True, learned=learned)
        return TextPart(self.t5.encode(without(text, learned), LEAST_T5), summary)


FAMILY = Family(
    name="flux1",
    title="Flux.1",
    space=SPACE,
    find=find,
    load_denoiser=load_denoiser,
    needs=("clip_l", "t5"),
    stack=FluxText,
)
