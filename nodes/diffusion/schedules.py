"""Schedules: which noise levels a sampler visits. Each gives `steps` falling sigmas and a closing 0."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TypeAlias

import torch

from nodes.diffusion.levels import NoiseLevels

Sigmas: TypeAlias = tuple[float, ...]
Schedule: TypeAlias = Callable[[NoiseLevels, int], Sigmas]


def normal(levels: NoiseLevels, steps: int) -> Sigmas:
    """Training steps at even distances, from the last to the first."""
    times = torch.linspace(levels.steps - 1, 0, steps)
    return (*levels.sigma(times).tolist(), 0.0)


def karras(levels: NoiseLevels, steps: int, rho: float = 7.0) -> Sigmas:
    """Finer steps where little noise is left (Karras et al. 2022, equation 5)."""
    first, last = levels.largest ** (1 / rho), levels.smallest ** (1 / rho)
    ramp = torch.linspace(0, 1, steps)
    return (*((first + ramp * (last - first)) ** rho).tolist(), 0.0)


SCHEDULES: Mapping[str, Schedule] = {"normal": normal, "karras": karras}


def choose_sigmas(schedule: Schedule, levels: NoiseLevels, steps: int, denoise: float = 1.0) -> Sigmas:
    """The `steps` last sigmas of a longer schedule when `denoise` is below 1, so that steps keep their worth.

    With denoise 0 nothing is to be done: no sigmas.
    """
    if denoise <= 0:
        return ()
    if denoise > 0.9999:
        return schedule(levels, steps)
    return schedule(levels, int(steps / denoise))[-(steps + 1) :]


def cut(sigmas: Sigmas, start: int, end: int, keep_noise: bool) -> Sigmas:
    """The part from step `start` to step `end`; unless `keep_noise`, its last step goes down to no noise at all."""
    part = sigmas[start : end + 1]
    if len(part) < 2:
        return ()
    return part if keep_noise else (*part[:-1], 0.0)
