"""What networks that steer are shown of a forward, and what diffusers calls the places where they add to it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from torch import Tensor

DOWN, MIDDLE, WITHIN = (
    "down_block_additional_residuals", "mid_block_additional_residual", "down_intrablock_additional_residuals",
)  # fmt: skip
"""Of a UNet: what goes up from each layer, the middle, and the end of each level (adapters)."""
BLOCKS = "block_controlnet_hidden_states"
"""Of Stable Diffusion 3: the ends of its blocks."""
DOUBLE, SINGLE = "controlnet_block_samples", "controlnet_single_block_samples"
"""Of Flux: the ends of blocks for picture and text apart, and of those for both as one."""


@dataclass(frozen=True, eq=False)
class UNetLook:
    """What the UNet sees, in the rows that a control steers."""

    x: Tensor
    """rows x 4 x height x width, scaled to unit variance, in the dtype to compute in."""
    time: Tensor
    tokens: Tensor
    added: dict[str, Tensor] | None

    def of(self, rows: Tensor) -> UNetLook:
        """Some rows of it."""
        added = None if self.added is None else {name: values[rows] for name, values in self.added.items()}
        return UNetLook(self.x[rows], self.time[rows], self.tokens[rows], added)


@dataclass(frozen=True, eq=False)
class SD3Look:
    """What the transformer sees, in the rows that a control steers."""

    x: Tensor
    """rows x 16 x height x width, even edges, in the dtype to compute in."""
    time: Tensor
    tokens: Tensor
    pooled: Tensor
    mask: Tensor | None
    """bool, rows x 1 x 1 x keys; None when all may be attended to."""
    blocks: int
    """Of the transformer."""
    embed: Any
    """The transformer's own way from a latent to patches with places, for nets without one."""

    def of(self, rows: Tensor) -> SD3Look:
        """Some rows of it."""
        mask = None if self.mask is None else self.mask[rows]
        x, time, tokens, pooled = (values[rows] for values in (self.x, self.time, self.tokens, self.pooled))
        return replace(self, x=x, time=time, tokens=tokens, pooled=pooled, mask=mask)


@dataclass(frozen=True, eq=False)
class FluxLook:
    """What the transformer sees, in the rows that a control steers."""

    x: Tensor
    """rows x cells x 64, in the dtype to compute in."""
    time: Tensor
    tokens: Tensor
    pooled: Tensor
    guidance: Tensor | None
    places: Tensor
    """cells x 3"""
    mask: Tensor | None
    """bool, rows x 1 x 1 x keys, the text first; None when all may be attended to."""
    blocks: tuple[int, int]
    """Of the transformer: for picture and text apart, and for both as one."""

    def of(self, rows: Tensor) -> FluxLook:
        """Some rows of it."""
        x, time, tokens, pooled = (values[rows] for values in (self.x, self.time, self.tokens, self.pooled))
        guidance = None if self.guidance is None else self.guidance[rows]
        mask = None if self.mask is None else self.mask[rows]
        return replace(self, x=x, time=time, tokens=tokens, pooled=pooled, guidance=guidance, mask=mask)
