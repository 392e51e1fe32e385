"""What a sampler knows of a model: `Denoiser` is the one face that every family's network shows it."""

from __future__ import annotations

from typing import Protocol

from torch import Tensor

from nodes.diffusion.levels import Levels
from nodes.diffusion.told import Told


class Denoiser(Protocol):
    text_width: int
    pooled_width: int
    """Width of the pooled text that it reads; 0 when it reads none."""
    masks_text: bool
    """Whether texts of different length are filled up and masked; otherwise their chunks are repeated."""
    longest_edge: int
    """Latent values along an edge that it has places for; 0 where any size will do."""
    device: str

    @property
    def beside_channels(self) -> int:
        """Of what it sees beside the noisy latent: 5 for a mask and a masked picture, 4 to edit one, else 0."""
        ...

    @property
    def levels(self) -> Levels: ...

    def predict(self, x: Tensor, sigma: float, told: Told) -> Tensor:
        """The clean latent, float32 like `x`; `told` has one row for each row of `x`."""
        ...
