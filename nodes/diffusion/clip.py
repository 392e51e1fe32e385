"""CLIP and OpenCLIP text models: found in files, measured, loaded, and what they say of a text."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, Literal, Protocol, TypeAlias

import torch
from torch import Tensor, nn

from nodes.diffusion.header import SOURCE, Header, UnusableFile
from nodes.diffusion.keeping import fill_text
from nodes.diffusion.ldm import clip_part, open_clip_part
from nodes.diffusion.read import read_there
from nodes.diffusion.tokens import END, NOTHING, Chunk, chunk_text, close_chunk
from nodes.sentences import files as say

ClipKind = Literal["clip_l", "clip_g", "clip_h"]
"""OpenAI's large model, and LAION's huge and bigger ones (OpenCLIP ViT-H and ViT-bigG)."""
TITLES = {"clip_l": "CLIP-L", "clip_g": "CLIP-G", "clip_h": "OpenCLIP-H"}


class LearnedWord(Protocol):
    """A word of a textual inversion (see embeddings.py)."""

    def for_clip(self, clip: ClipEncoder) -> Tensor | None:
        """Its vectors for a text model, vectors x width; None when it is for others."""
        ...


Learned: TypeAlias = Mapping[str, LearnedWord]
"""By the characters that stand for them in a text."""
HEAD_WIDTH = 64
TABLE = "embeddings.token_embedding.weight"
PLACES: list[tuple[str, Callable[[Header], Header], ClipKind]] = [
    ("cond_stage_model.transformer.", clip_part, "clip_l"),
    ("cond_stage_model.model.", open_clip_part, "clip_h"),
    ("conditioner.embedders.0.transformer.", clip_part, "clip_l"),
    ("conditioner.embedders.0.model.", open_clip_part, "clip_g"),
    ("conditioner.embedders.1.model.", open_clip_part, "clip_g"),
    ("text_encoders.clip_l.transformer.", clip_part, "clip_l"),
    ("text_encoders.clip_g.transformer.", clip_part, "clip_g"),
]
"""Where checkpoints keep their text models."""


def find_clips(header: Header) -> dict[ClipKind, Header]:
    """The CLIP text models in a file, named as transformers names them."""
    found: dict[ClipKind, Header] = {}
    for prefix, layout, kind in PLACES:
        part = layout(header.part(prefix))
        if TABLE in part.entries:
            found[kind] = part
    if found:
        return found
    if {f"text_model.{TABLE}", TABLE} & header.entries.keys():
        part = clip_part(header)
        return {kind_by_width(part, "clip_l"): part}
    if "token_embedding.weight" in header.entries and any(header.below("transformer.resblocks.")):
        part = open_clip_part(header)
        return {kind_by_width(part, "clip_g"): part}
    return {}


def kind_by_width(clip: Header, otherwise: ClipKind) -> ClipKind:
    """Which model a file of its own holds."""
    width = clip.shape(TABLE, 2)[1]
    known: dict[int, ClipKind] = {768: "clip_l", 1024: "clip_h", 1280: "clip_g"}
    return known.get(width, otherwise)


def clip_config(clip: Header, kind: ClipKind) -> dict[str, Any]:
    """The text model's sizes, as transformers names them."""
    words, width = clip.shape(TABLE, 2)
    if width == 0 or width % HEAD_WIDTH:
        raise UnusableFile(say.TEXT_WIDTH(file=clip.name, width=width, heads=HEAD_WIDTH), SOURCE)
    return {
        "vocab_size": words,
        "hidden_size": width,
        "projection_dim": width,
        "intermediate_size": clip.shape("encoder.layers.0.mlp.fc1.weight", 2)[0],
        "num_hidden_layers": clip.numbers("encoder.layers."),
        "num_attention_heads": width // HEAD_WIDTH,
        "max_position_embeddings": clip.shape("embeddings.position_embedding.weight", 2)[0],
        "hidden_act": "quick_gelu" if kind == "clip_l" else "gelu",
        "bos_token_id": 0,
        "eos_token_id": words - 1,
    }


def load_clip(clip: Header, kind: ClipKind, device: str, dtype: str) -> ClipEncoder:
    from transformers import CLIPTextConfig, CLIPTextModel

    config = CLIPTextConfig(**clip_config(clip, kind))
    with torch.device("meta"):
        model = CLIPTextModel(config)
    fill_text(model, clip, device, dtype)
    # No file holds this buffer, so it is still on the meta device.
    places = torch.arange(config.max_position_embeddings, device=device)[None]
    model.embeddings.register_buffer("position_ids", places, persistent=False)
    projection = None
    if kind == "clip_g" and "text_projection.weight" in clip.entries:
        projection = read_there(clip.entries["text_projection.weight"]).to(device, getattr(torch, dtype))
    return ClipEncoder(model, projection, kind, device)


class ClipEncoder:
    """One CLIP text model."""

    def __init__(self, model: Any, projection: Tensor | None, kind: ClipKind, device: str) -> None:
        """`model`: transformers' CLIPTextModel. `projection` (width out x width) is applied to the summary."""
        self.model, self.projection, self.kind, self.device = model, projection, kind, device
        # What fills chunks up: the end token for OpenAI's model, 0 for OpenCLIP's.
        self.padding = END if kind == "clip_l" else 0
        self.layers = int(model.config.num_hidden_layers)
        self.width = int(model.config.hidden_size)

    def encode(
        self, text: str, layer: int, normed: bool, learned: Learned = NOTHING, least: int = 1
    ) -> tuple[Tensor, Tensor]:
        """What it says of each token (1 x tokens x width) and of the first chunk as a whole (1 x width).

        `layer` counts from the end: -1 is the last. Both are float32 on the CPU. `learned` says which characters of
        the text stand for learned words; those that are for other text models are left out. Empty chunks follow
        where there are fewer than `least`.
        """
        chunks = self.chunks(text, learned)
        chunks += [close_chunk([], self.padding)] * (least - len(chunks))
        weighted = any(weight != 1 for chunk in chunks for weight in chunk.weights)
        asked = [*chunks, close_chunk([], self.padding)] if weighted else chunks
        said, summary = self.read(asked, layer, normed)
        if weighted:
            said = emphasize(said[:-1], said[-1], torch.tensor([chunk.weights for chunk in chunks]))
        return said.flatten(0, 1)[None], summary[:1]

    def chunks(self, text: str, learned: Learned = NOTHING) -> list[Chunk]:
        return chunk_text(text, self.padding, {mark: word.for_clip(self) for mark, word in learned.items()})

    def read(self, chunks: list[Chunk], layer: int, normed: bool) -> tuple[Tensor, Tensor]:
        """Chunks x 77 x width, and chunks x width."""
        tokens = torch.tensor([chunk.tokens for chunk in chunks], device=self.device)
        with torch.inference_mode(), spoken(self.model.embeddings.token_embedding, chunks):
            last = layer == -1 and normed
            found = self.model(input_ids=tokens, output_hidden_states=not last)
            said: Tensor = found.last_hidden_state if last else found.hidden_states[layer]
            if normed and not last:
                said = self.model.final_layer_norm(said)
            ends = (tokens == END).int().argmax(dim=1)
            summary = found.last_hidden_state[torch.arange(len(chunks), device=self.device), ends]
            if self.projection is not None:
                summary = summary @ self.projection.T
        return said.to("cpu", torch.float32, copy=True), summary.to("cpu", torch.float32, copy=True)


def most_chunks(clips: Sequence[ClipEncoder], text: str, learned: Learned) -> int:
    """How many chunks the text takes at most: a learned word may have more vectors for one text model than another."""
    return max((len(clip.chunks(text, learned)) for clip in clips), default=1)


@contextmanager
def spoken(table: nn.Module, chunks: Sequence[Chunk]) -> Iterator[None]:
    """Meanwhile the table of embeddings gives the vectors of learned words where they stand in the chunks."""
    places = [(row, place) for row, chunk in enumerate(chunks) for place in chunk.vectors]
    if not places:
        yield
        return
    rows, columns = (list(numbers) for numbers in zip(*places, strict=True))
    vectors = torch.stack([chunk.vectors[place] for chunk in chunks for place in chunk.vectors])

    def put(module: nn.Module, given: tuple[Tensor, ...], found: Tensor) -> Tensor:
        found = found.clone()
        found[rows, columns] = vectors.to(found)
        return found

    hook = table.register_forward_hook(put)
    try:
        yield
    finally:
        hook.remove()


def emphasize(said: Tensor, empty: Tensor, weights: Tensor) -> Tensor:
    """Move each token away from what an empty text says, by its weight. `weights`: one a token of `said`."""
    weights = weights[..., None]
    return torch.where(weights == 1, said, empty + (said - empty) * weights)
