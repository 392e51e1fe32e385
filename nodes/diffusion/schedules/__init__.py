"""Schedules: which noise levels a sampler visits. Each gives `steps` falling sigmas and a closing 0."""

from __future__ import annotations

from collections.abc import Mapping

from nodes.diffusion.schedules.continuous import exponential, karras, kl_optimal
from nodes.diffusion.schedules.sigmas import Schedule, Sigmas, choose_sigmas, cut
from nodes.diffusion.schedules.trained import beta, ddim_uniform, linear_quadratic, normal, sgm_uniform, simple

SCHEDULES: Mapping[str, Schedule] = {
    "normal": normal,
    "karras": karras,
    "simple": simple,
    "sgm_uniform": sgm_uniform,
    "exponential": exponential,
    "ddim_uniform": ddim_uniform,
    "beta": beta,
    "linear_quadratic": linear_quadratic,
    "kl_optimal": kl_optimal,
}
"""Those that need a model's levels and a number of steps only, by the name a user picks."""

__all__ = ["SCHEDULES", "Schedule", "Sigmas", "choose_sigmas", "cut"]
