"""Parts of conditionings made of others: joined, averaged, silenced."""

from __future__ import annotations

from dataclasses import replace

import torch
from torch import Tensor
from torch.nn import functional

from nodes.types import TextPart


def concatenated(first: TextPart, second: TextPart) -> TextPart:
    """The first part with the tokens of the second after its own; all else is the first's."""
    a, b = same_batch(first.embedding, second.embedding)
    return replace(first, embedding=torch.cat([a, b], dim=1), mask=joined_mask(first, second))


def averaged(first: TextPart, second: TextPart, factor: float) -> TextPart:
    """From the words of the first part (factor 0) to those of the second (1); all else is the first's.

    Of texts of different length the shorter is filled up with zeros.
    """
    if factor in (0, 1):
        chosen = second if factor else first
        return replace(first, embedding=chosen.embedding, pooled=chosen.pooled, mask=chosen.mask)
    length = max(first.embedding.shape[1], second.embedding.shape[1])
    words = [functional.pad(p.embedding, (0, 0, 0, length - p.embedding.shape[1])) for p in (first, second)]
    a, b = same_batch(*words)
    pooled = first.pooled
    if first.pooled is not None and second.pooled is not None:
        pooled = torch.lerp(*same_batch(first.pooled, second.pooled), factor)
    mask = None
    if first.mask is not None and second.mask is not None:
        meant = [functional.pad(m, (0, length - m.shape[1])) for m in (first.mask, second.mask)]
        mask = torch.logical_or(*same_batch(*meant))
    return replace(first, embedding=torch.lerp(a, b, factor), pooled=pooled, mask=mask)


def zeroed(part: TextPart) -> TextPart:
    """The same part with zeros for words."""
    pooled = None if part.pooled is None else torch.zeros_like(part.pooled)
    return replace(part, embedding=torch.zeros_like(part.embedding), pooled=pooled)


def silenced(part: TextPart) -> TextPart:
    """Zeros for words, heard everywhere and all the time."""
    return replace(zeroed(part), strength=1.0, area=None, region=None, cut=False, start=0.0, end=1.0, turn=None)


def joined_mask(first: TextPart, second: TextPart) -> Tensor | None:
    if first.mask is None and second.mask is None:
        return None
    masks = [torch.ones(p.embedding.shape[:2], dtype=torch.bool) if p.mask is None else p.mask for p in (first, second)]
    return torch.cat(same_batch(*masks), dim=1)


def same_batch(first: Tensor, second: Tensor) -> tuple[Tensor, Tensor]:
    """Both as often as the longer one, each repeated from its start."""
    batch = max(len(first), len(second))
    return first[torch.arange(batch) % len(first)], second[torch.arange(batch) % len(second)]
