"""Sequences of sigmas: the last part for a partial denoise, cuts, and what some samplers leave out."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

import torch

from nodes.diffusion.levels import Levels

Sigmas: TypeAlias = tuple[float, ...]
"""Falling noise levels, mostly with a closing 0; one step leads from each to the next."""
Schedule: TypeAlias = Callable[[Levels, int], Sigmas]
"""The sigmas for a number of steps over a model's levels."""


def choose_sigmas(
    schedule: Schedule, levels: Levels, steps: int, denoise: float = 1.0, skip_last_but_one: bool = False
) -> Sigmas:
    """The `steps` last sigmas of a longer schedule when `denoise` is below 1, so that steps keep their worth.

    With denoise 0 nothing is to be done: no sigmas. `skip_last_but_one`: one step more is planned and its
    last sigma above 0 left out, which second-order samplers of old (dpm_2, uni_pc) are known by.
    """
    if denoise <= 0:
        return ()
    length = steps if denoise > 0.9999 else int(steps / denoise)
    sigmas = without_last_but_one(schedule(levels, length + 1)) if skip_last_but_one else schedule(levels, length)
    return sigmas if length == steps else sigmas[-(steps + 1) :]


def without_last_but_one(sigmas: Sigmas) -> Sigmas:
    return (*sigmas[:-2], sigmas[-1])


def cut(sigmas: Sigmas, start: int, end: int, keep_noise: bool) -> Sigmas:
    """The part from step `start` to step `end`; unless `keep_noise`, its last step goes down to no noise at all."""
    part = sigmas[start : end + 1]
    if len(part) < 2:
        return ()
    return part if keep_noise else (*part[:-1], 0.0)


def interpolated(sigmas: Sigmas, steps: int) -> Sigmas:
    """`steps` + 1 sigmas along the same curve, linear in the logarithm; every one above 0."""
    if steps + 1 == len(sigmas):
        return sigmas
    places = torch.linspace(0, len(sigmas) - 1, steps + 1, dtype=torch.float64)
    low = places.floor().long().clamp(max=len(sigmas) - 2)
    logs = torch.tensor(sigmas, dtype=torch.float64).log()
    return tuple((logs[low] + (logs[low + 1] - logs[low]) * (places - low)).exp().tolist())


def last_share(sigmas: Sigmas, steps: int, denoise: float) -> Sigmas:
    """The last `denoise` of the steps of a table, down to 0: fewer steps, unlike `choose_sigmas`, as in the peers."""
    if denoise <= 0:
        return ()
    return (*sigmas[-(round(steps * min(denoise, 1.0)) + 1) : -1], 0.0)
