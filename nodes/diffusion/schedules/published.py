"""Schedules published as tables of figures, and those of particular flow models."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Literal, TypeAlias

from nodes.diffusion.schedules.sigmas import Sigmas, interpolated, last_share

Aligned: TypeAlias = Literal["Stable Diffusion 1.x", "SDXL", "Stable Video Diffusion"]

# The training steps of the paper's project page, in the sigmas of the models' levels; the last closes at sigma min.
ALIGNED: Mapping[Aligned, Sigmas] = {
    "Stable Diffusion 1.x": (14.6146412293, 6.4745760956, 3.8636745985, 2.6946151520, 1.8841921177, 1.3943805092,
                             0.9642583904, 0.6523686016, 0.3977456272, 0.1515232662, 0.0291671582),
    "SDXL": (14.6146412293, 6.3184485287, 3.7681790315, 2.1811480769, 1.3405244945, 0.8620721141,
             0.5550693289, 0.3798540708, 0.2332364134, 0.1114188177, 0.0291671582),
    "Stable Video Diffusion": (700.0, 54.5, 15.886, 7.977, 4.248, 1.789, 0.981, 0.403, 0.173, 0.034, 0.002),
}  # fmt: skip


def align_your_steps(family: Aligned, steps: int, denoise: float = 1.0) -> Sigmas:
    """Levels optimised for each family (Sabour et al. 2024, "Align Your Steps"): 10 steps, others interpolated."""
    return last_share(interpolated(ALIGNED[family], steps), steps, denoise)


def flux2(tokens: int, steps: int) -> Sigmas:
    """Flux.2: a flow whose shift depends on the picture's size and the number of steps (Black Forest Labs' fit)."""
    return shifted(math.exp(flux2_mu(tokens, steps)), steps)


def shifted(shift: float, steps: int) -> Sigmas:
    """Even times from 1 to 0 under a shift (Esser et al. 2024, equation 23)."""
    times = [1 - i / steps for i in range(steps + 1)]
    return tuple(shift * time / (1 + (shift - 1) * time) for time in times)


def flux2_mu(tokens: int, steps: int) -> float:
    """Straight lines in the number of tokens for 10 and for 200 steps, and between them in the steps."""
    at_200 = 0.00016927 * tokens + 0.45666666
    if tokens > 4300:
        return at_200
    slope = (at_200 - (8.73809524e-05 * tokens + 1.89833333)) / 190
    return at_200 + slope * (steps - 200)


def ltxv(
    tokens: int, steps: int, max_shift: float = 2.05, base_shift: float = 0.95, terminal: float | None = 0.1
) -> Sigmas:
    """LTX-Video (HaCohen et al. 2024): a shift that grows from 1024 to 4096 tokens, stretched to end at `terminal`."""
    mu = base_shift + (max_shift - base_shift) * (tokens - 1024) / (4096 - 1024)
    sigmas = shifted(math.exp(mu), steps)[:-1]
    if terminal is not None and steps > 1:
        stretch = (1 - terminal) / (1 - sigmas[-1])
        sigmas = tuple(1 - (1 - sigma) * stretch for sigma in sigmas)
    return (*sigmas, 0.0)
