"""What transformers that learned a rectified flow share: they predict noise minus picture (Liu et al. 2022)."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional

from nodes.diffusion.told import Told

PATCH = 2


def pad_to_patches(x: Tensor) -> Tensor:
    """Grow odd edges by one row or column of what is at the other side; `x`: batch x channels x height x width."""
    height, width = x.shape[2:]
    if height % PATCH == 0 and width % PATCH == 0:
        return x
    return functional.pad(x, (0, width % PATCH, 0, height % PATCH), mode="circular")


def clean_of(x: Tensor, velocity: Tensor, sigma: float) -> Tensor:
    """The clean latent; what was padded is cut off."""
    return x - velocity[:, :, : x.shape[2], : x.shape[3]].float() * sigma


def attended(told: Told, cells: int, text_first: bool) -> Tensor | None:
    """Which keys may be attended to, rows x 1 x 1 x keys; None when all may. The picture always is."""
    if told.mask is None:
        return None
    picture = told.mask.new_ones(len(told.mask), cells)
    keys = [told.mask, picture] if text_first else [picture, told.mask]
    return torch.cat(keys, dim=1)[:, None, None]
