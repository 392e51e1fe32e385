"""From a text to what the denoiser reads: chunks, one forward of the encoder, weights applied."""

from __future__ import annotations

from typing import Protocol

import torch
from torch import Tensor, nn

from nodes.diffusion.tokens import Chunk, chunk_text, close_chunk
from nodes.types import TextPart


class TextStack(Protocol):
    """A family's text encoder or encoders."""

    def encode(self, text: str) -> TextPart:
        """What the model is told of a text; a batch of one, on the CPU."""
        ...


class ClipText:
    """One CLIP text model, its last layer normalized (Stable Diffusion 1.x)."""

    def __init__(self, model: nn.Module, device: str) -> None:
        self.model, self.device = model, device

    def encode(self, text: str) -> TextPart:
        chunks = chunk_text(text)
        weighted = any(weight != 1 for chunk in chunks for weight in chunk.weights)
        said = self.read([*chunks, close_chunk([])] if weighted else chunks)
        if weighted:
            said = emphasize(said[:-1], said[-1], chunks)
        return TextPart(said.flatten(0, 1)[None])

    def read(self, chunks: list[Chunk]) -> Tensor:
        """What the model says of each chunk, chunks x 77 x width."""
        tokens = torch.tensor([chunk.tokens for chunk in chunks], device=self.device)
        with torch.inference_mode():
            said: Tensor = self.model(input_ids=tokens).last_hidden_state
        return said.to("cpu", torch.float32, copy=True)


def emphasize(said: Tensor, empty: Tensor, chunks: list[Chunk]) -> Tensor:
    """Move each token away from what an empty text says, by its weight."""
    weights = torch.tensor([chunk.weights for chunk in chunks])[..., None]
    return torch.where(weights == 1, said, empty + (said - empty) * weights)
