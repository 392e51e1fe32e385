"""Samplers: ways to walk from noise to a picture. Each is one short function over one `denoise(x, sigma)`.

Functions are in files by family; `SAMPLERS` names what a user picks.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from inspect import signature

from nodes.diffusion.samplers.consistency import ddpm, lcm
from nodes.diffusion.samplers.dpm_solver import dpm_adaptive, dpm_fast
from nodes.diffusion.samplers.dpmpp import (
    dpmpp_2m,
    dpmpp_2m_cfg_pp,
    dpmpp_2s_ancestral,
    dpmpp_2s_ancestral_cfg_pp,
)
from nodes.diffusion.samplers.dpmpp_sde import dpmpp_2m_sde, dpmpp_3m_sde, dpmpp_sde
from nodes.diffusion.samplers.euler import ddim, euler, euler_ancestral, euler_ancestral_cfg_pp, euler_cfg_pp
from nodes.diffusion.samplers.exponential import er_sde, seeds_2, seeds_3
from nodes.diffusion.samplers.heun import dpm_2, dpm_2_ancestral, heun, heunpp2
from nodes.diffusion.samplers.multistep import deis, ipndm, ipndm_v, lms
from nodes.diffusion.samplers.protocol import Between, Denoise, NoiseSource, Sampler, Step
from nodes.diffusion.samplers.res import gradient_estimation, res_multistep
from nodes.diffusion.samplers.sa_solver import sa_solver
from nodes.diffusion.samplers.unipc import uni_pc

SAMPLERS: Mapping[str, Sampler] = {
    "euler": euler,
    "euler_cfg_pp": euler_cfg_pp,
    "euler_ancestral": euler_ancestral,
    "euler_ancestral_cfg_pp": euler_ancestral_cfg_pp,
    "heun": heun,
    "heunpp2": heunpp2,
    "dpm_2": dpm_2,
    "dpm_2_ancestral": dpm_2_ancestral,
    "lms": lms,
    "dpm_fast": dpm_fast,
    "dpm_adaptive": dpm_adaptive,
    "dpmpp_2s_ancestral": dpmpp_2s_ancestral,
    "dpmpp_2s_ancestral_cfg_pp": dpmpp_2s_ancestral_cfg_pp,
    "dpmpp_sde": dpmpp_sde,
    "dpmpp_sde_gpu": partial(dpmpp_sde, on_device=True),
    "dpmpp_2m": dpmpp_2m,
    "dpmpp_2m_cfg_pp": dpmpp_2m_cfg_pp,
    "dpmpp_2m_sde": dpmpp_2m_sde,
    "dpmpp_2m_sde_gpu": partial(dpmpp_2m_sde, on_device=True),
    "dpmpp_2m_sde_heun": partial(dpmpp_2m_sde, solver="heun"),
    "dpmpp_2m_sde_heun_gpu": partial(dpmpp_2m_sde, solver="heun", on_device=True),
    "dpmpp_3m_sde": dpmpp_3m_sde,
    "dpmpp_3m_sde_gpu": partial(dpmpp_3m_sde, on_device=True),
    "ddpm": ddpm,
    "lcm": lcm,
    "ipndm": ipndm,
    "ipndm_v": ipndm_v,
    "deis": deis,
    "res_multistep": res_multistep,
    "res_multistep_cfg_pp": partial(res_multistep, cfg_pp=True),
    "res_multistep_ancestral": partial(res_multistep, eta=1.0),
    "res_multistep_ancestral_cfg_pp": partial(res_multistep, eta=1.0, cfg_pp=True),
    "gradient_estimation": gradient_estimation,
    "gradient_estimation_cfg_pp": partial(gradient_estimation, cfg_pp=True),
    "er_sde": er_sde,
    "seeds_2": seeds_2,
    "seeds_3": seeds_3,
    "sa_solver": sa_solver,
    "sa_solver_pece": partial(sa_solver, evaluate_corrected=True),
    "ddim": ddim,
    "uni_pc": uni_pc,
    "uni_pc_bh2": partial(uni_pc, variant="bh2"),
}

SKIP_LAST_BUT_ONE = frozenset({"dpm_2", "dpm_2_ancestral", "uni_pc", "uni_pc_bh2"})
"""Those that leave out the last sigma above 0 of a schedule that is one step longer (see `choose_sigmas`)."""
READ_UNCONDITIONAL = frozenset(name for name in SAMPLERS if name.endswith("_cfg_pp"))
"""Those that ask for the negative text's prediction at every step, whatever the guidance."""
NOT_FOR_FLOWS = frozenset({"ddpm"})
"""Those whose noise is that of models which add noise to a picture rather than replace it."""


def options_of(name: str, eta: float, s_noise: float) -> dict[str, float]:
    """What a sampler takes of these: `eta` is a share of its own, so one that adds no noise by itself adds none."""
    takes = signature(SAMPLERS[name]).parameters
    options = {"eta": eta * takes["eta"].default} if "eta" in takes else {}
    return options | ({"s_noise": s_noise} if "s_noise" in takes else {})


__all__ = [
    "NOT_FOR_FLOWS",
    "READ_UNCONDITIONAL",
    "SAMPLERS",
    "SKIP_LAST_BUT_ONE",
    "Between",
    "Denoise",
    "NoiseSource",
    "Sampler",
    "Step",
    "options_of",
]
