"""From a text to what the denoiser is told: a family's text encoders together."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol, TypeAlias

import torch

from nodes.diffusion.clip import TITLES, ClipEncoder, ClipKind, Learned, find_clips, load_clip, most_chunks
from nodes.diffusion.header import Header
from nodes.diffusion.t5 import T5Text, find_t5, load_t5
from nodes.diffusion.tokens import NOTHING
from nodes.types import TextPart

TextKind: TypeAlias = ClipKind | Literal["t5"]
TEXT_TITLES: dict[str, str] = {**TITLES, "t5": "T5"}


class TextStack(Protocol):
    """A family's text encoder or encoders."""

    layers: int
    """Layers that a text can stop at: those of the smallest CLIP model; 0 when there is none."""

    @property
    def clips(self) -> Sequence[ClipEncoder]:
        """The CLIP models among them."""
        ...

    def encode(self, text: str, stop_at: int = 0, learned: Learned = NOTHING) -> TextPart:
        """What the model is told of a text; a batch of one, on the CPU.

        `stop_at` is the last layer to run, counted from the end (-1 is the last); 0 is what the family uses.
        `learned` holds learned words by the characters that stand for them in the text.
        """
        ...


@dataclass(frozen=True)
class TextModels:
    """The text models that were found, each loaded."""

    clips: Mapping[ClipKind, ClipEncoder]
    t5: T5Text | None


def find_texts(header: Header) -> dict[TextKind, Header]:
    """The text models in a file, named as transformers names them."""
    found: dict[TextKind, Header] = {}
    found.update(find_clips(header).items())
    t5 = find_t5(header)
    if t5 is not None:
        found["t5"] = t5
    return found


def load_texts(parts: Mapping[TextKind, Header], device: str, dtype: str) -> TextModels:
    clips: dict[ClipKind, ClipEncoder] = {}
    for kind, part in parts.items():
        if kind != "t5":
            clips[kind] = load_clip(part, kind, device, dtype)
    return TextModels(clips, load_t5(parts["t5"], device, dtype) if "t5" in parts else None)


class OneClip:
    """One CLIP text model says it all (Stable Diffusion 1.x and 2.x, the SDXL refiner)."""

    def __init__(self, encoder: ClipEncoder, layer: int, normed: bool, pools: bool = False) -> None:
        """`layer` is the usual one, `normed` whether the last norm follows it, `pools` whether the summary is told."""
        self.encoder, self.layer, self.normed, self.pools = encoder, layer, normed, pools
        self.layers, self.clips = encoder.layers, [encoder]

    def encode(self, text: str, stop_at: int = 0, learned: Learned = NOTHING) -> TextPart:
        said, summary = self.encoder.encode(text, stop_at or self.layer, self.normed, learned)
        return TextPart(said, summary if self.pools else None)


class TwoClips:
    """Two CLIP text models side by side, the larger also sums up (SDXL)."""

    def __init__(self, small: ClipEncoder, large: ClipEncoder) -> None:
        self.small, self.large = small, large
        self.layers, self.clips = min(small.layers, large.layers), [small, large]

    def encode(self, text: str, stop_at: int = 0, learned: Learned = NOTHING) -> TextPart:
        count = most_chunks(self.clips, text, learned)
        first, _ = self.small.encode(text, stop_at or -2, False, learned, count)
        second, summary = self.large.encode(text, stop_at or -2, False, learned, count)
        return TextPart(torch.cat([first, second], dim=-1), summary)
