"""Classifier-free guidance: away from what the negative text says, towards what the positive text says."""

from __future__ import annotations

from math import lcm

import torch
from torch import Tensor

from nodes.diffusion.denoiser import Denoiser


class Guided:
    """`denoise(x, sigma)` under guidance (Ho & Salimans 2022), both texts in one forward of the model.

    Without a negative text, or at guidance 1 where it would cancel out, the model runs once an image.
    """

    def __init__(self, model: Denoiser, positive: Tensor, negative: Tensor | None, guidance: float, batch: int) -> None:
        """`positive`, `negative`: texts x tokens x width; a text too few is repeated over the batch."""
        self.model, self.guidance = model, guidance
        texts = [positive] if negative is None or guidance == 1 else [positive, negative]
        tokens = lcm(*(text.shape[1] for text in texts))
        self.text = torch.cat([fill(text, batch, tokens) for text in texts]).to(model.device)
        self.both = len(texts) == 2

    def __call__(self, x: Tensor, sigma: float) -> Tensor:
        if not self.both:
            return self.model.predict(x, sigma, self.text)
        positive, negative = self.model.predict(torch.cat([x, x]), sigma, self.text).chunk(2)
        return negative + (positive - negative) * self.guidance


def fill(text: Tensor, batch: int, tokens: int) -> Tensor:
    """Repeat a text over the batch, and its chunks to the length of a longer one: attention then sees the same."""
    rows = text[torch.arange(batch) % len(text)]
    return rows.repeat(1, tokens // text.shape[1], 1)
