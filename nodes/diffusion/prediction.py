"""What a network's output means, and how the clean latent follows from it."""

from __future__ import annotations

import math
from typing import Literal

from torch import Tensor

Prediction = Literal["eps", "v", "x0", "lcm", "edm"]
"""The noise; the velocity; the clean latent; noise, of a consistency model; Karras' own mixture."""
BOUNDARY_DATA, BOUNDARY_SCALE = 0.5, 10.0
"""Of latent consistency models (Luo et al. 2023, section 4.1): spread of the data, scale of the training step."""


def clean_of(prediction: Prediction, x: Tensor, found: Tensor, sigma: float, time: float, data: float = 1.0) -> Tensor:
    """The clean latent that the output `found` for `x` at `sigma` means; all float32 of one shape.

    `time` is the training step that the model was told, `data` the spread of clean latents it was trained with.
    """
    match prediction:
        case "x0":
            return found
        case "v":  # Salimans & Ho 2022, appendix D, in sigmas
            return kept(x, sigma, data) - found * (sigma * data / math.hypot(sigma, data))
        case "edm":  # Karras et al. 2022, table 1
            return kept(x, sigma, data) + found * (sigma * data / math.hypot(sigma, data))
        case "lcm":
            place = time * BOUNDARY_SCALE
            skip = BOUNDARY_DATA**2 / (place**2 + BOUNDARY_DATA**2)
            out = place / math.hypot(place, BOUNDARY_DATA)
            return (x - found * sigma) * out + x * (skip / math.hypot(sigma, 1.0))
        case "eps":
            return x - found * sigma


def kept(x: Tensor, sigma: float, data: float) -> Tensor:
    return x * (data**2 / (sigma**2 + data**2))
