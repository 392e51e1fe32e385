"""Schedules that visit levels a model was trained at, or count in its training steps."""

from __future__ import annotations

import numpy as np
import torch

from nodes.diffusion.levels import Levels
from nodes.diffusion.schedules.beta import beta_quantiles
from nodes.diffusion.schedules.sigmas import Sigmas


def normal(levels: Levels, steps: int) -> Sigmas:
    """Training steps at even distances, from the last to the first."""
    first, last = levels.timestep(levels.largest), levels.timestep(levels.smallest)
    return (*levels.sigma(torch.linspace(first, last, steps)).tolist(), 0.0)


def sgm_uniform(levels: Levels, steps: int) -> Sigmas:
    """As normal, with 0 as the end of the even distances (Stability AI's generative-models)."""
    first, last = levels.timestep(levels.largest), levels.timestep(levels.smallest)
    return (*levels.sigma(torch.linspace(first, last, steps + 1)[:-1]).tolist(), 0.0)


def simple(levels: Levels, steps: int) -> Sigmas:
    """Every so-many-th trained level from the largest; with more steps than levels, each level once."""
    stride = levels.steps / steps
    chosen = dict.fromkeys(levels.steps - 1 - int(i * stride) for i in range(steps))
    return (*(float(levels.sigmas[i]) for i in chosen), 0.0)


def ddim_uniform(levels: Levels, steps: int) -> Sigmas:
    """Trained levels at a whole distance from the second one up (Song et al. 2020), as in latent-diffusion.

    The number of steps can differ from the one asked for: 1000 levels in 6 steps are 7, a distance of 166.
    """
    stride = max(levels.steps // steps, 1)
    return (*(float(levels.sigmas[i]) for i in reversed(range(1, levels.steps, stride))), 0.0)


def beta(levels: Levels, steps: int, alpha: float = 0.6, beta: float = 0.6) -> Sigmas:
    """Quantiles of a beta distribution over the trained levels: finer at both ends (Lee et al. 2024)."""
    last = levels.steps - 1
    shares = 1 - np.linspace(0, 1, steps, endpoint=False)
    chosen = dict.fromkeys(np.rint(beta_quantiles(shares, alpha, beta) * last).astype(int).tolist())
    return (*(float(levels.sigmas[i]) for i in chosen), 0.0)


def linear_quadratic(levels: Levels, steps: int, threshold: float = 0.025) -> Sigmas:
    """Small even steps for the first half, growing ones after it (Genmo's Mochi 1; Polyak et al. 2024, Movie Gen)."""
    if steps == 1:
        return levels.largest, 0.0
    half = steps // 2
    rest = steps - half
    excess = half - threshold * steps
    quadratic = excess / (half * rest**2)
    linear = threshold / half - 2 * excess / rest**2
    done = [i * threshold / half for i in range(half)]
    done += [quadratic * i**2 + linear * i + quadratic * half**2 for i in range(half, steps)]
    return (*((1 - share) * levels.largest for share in done), 0.0)


def turbo(levels: Levels, steps: int, denoise: float = 1.0) -> Sigmas:
    """The levels of adversarially distilled models (Sauer et al. 2023): training steps 999, 899, … 99, at most 10.

    Part of a denoise begins that many steps later.
    """
    first = 10 - int(10 * denoise)
    times = torch.arange(10, 0, -1) * 100.0 - 1
    return (*levels.sigma(times[first : first + steps] * levels.timestep(levels.largest) / 999).tolist(), 0.0)
