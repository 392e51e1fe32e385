"""Classifier-free guidance: away from what the negative text says, towards what the positive text says."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from nodes.diffusion.denoiser import Denoiser
from nodes.diffusion.told import GOOD, POOR, Told, lay_out
from nodes.types import Conditioning, TextPart


class Guided:
    """`denoise(x, sigma)` under guidance (Ho & Salimans 2022), all texts in one forward of the model.

    Without a negative text, or at guidance 1 where it would cancel out, the model runs once an image.
    `both` lets it look at the negative text all the same, for samplers that read `unconditional`.
    """

    unconditional: Tensor
    """What the last call saw under the negative text alone; without one, what it gave."""

    def __init__(
        self,
        model: Denoiser,
        positive: Conditioning,
        negative: Conditioning | None,
        guidance: float,
        batch: int,
        both: bool = False,
    ) -> None:
        self.model, self.guidance, self.batch = model, guidance, batch
        self.levels, self.device = model.levels, model.device
        self.sides = [(positive.parts, GOOD)]
        if negative is not None and (both or guidance != 1):
            self.sides.append((negative.parts, POOR))
        self.told: tuple[tuple[int, ...], Told] | None = None

    def __call__(self, x: Tensor, sigma: float) -> Tensor:
        rows = sum(len(parts) for parts, _ in self.sides)
        predicted = self.model.predict(x.repeat(rows, 1, 1, 1), sigma, self.tell(x)).chunk(rows)
        first = len(self.sides[0][0])
        positive = mix(self.sides[0][0], predicted[:first])
        if len(self.sides) == 1:
            self.unconditional = positive
            return positive
        self.unconditional = negative = mix(self.sides[1][0], predicted[first:])
        return negative + (positive - negative) * self.guidance

    def tell(self, x: Tensor) -> Told:
        """What the model is told, laid out once for each shape of the latent."""
        shape = (self.batch, *x.shape[1:])
        if self.told is None or self.told[0] != shape:
            self.told = shape, lay_out(self.sides, shape, self.model.masks_text, self.model.device)
        return self.told[1]


def mix(parts: Sequence[TextPart], predicted: Sequence[Tensor]) -> Tensor:
    """The average of what was predicted for each part, by the parts' strengths."""
    if len(parts) == 1:
        return predicted[0]
    total = sum(part.strength for part in parts)
    weighted = [one * (part.strength / total) for part, one in zip(parts, predicted, strict=True)]
    return torch.stack(weighted).sum(0)


def misfit(model: Denoiser, text: Conditioning) -> str:
    """Why a model cannot read a text, in words; empty when it can."""
    for part in text.parts:
        width = part.embedding.shape[-1]
        if width != model.text_width:
            return f"The text was encoded {width} wide, but the model reads {model.text_width}."
        pooled = 0 if part.pooled is None else part.pooled.shape[-1]
        if model.pooled_width and pooled != model.pooled_width:
            return f"The text's summary is {pooled} wide, but the model reads {model.pooled_width}."
    return ""
