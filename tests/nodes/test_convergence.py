"""Samplers converge as their methods promise, on a problem that is solved on paper.

Clean latents are Gaussian with a spread of 0.5, so the perfect denoiser is a multiple of x, the path without noise is
known in closed form, and every sampler is linear: its result is a sum of the start and of each draw of noise. Runs
with unit vectors for these give the exact variance of all results at once, with no random number drawn.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import Any

import pytest
import torch
from torch import Tensor

from nodes.diffusion.levels import FlowLevels, Levels, NoiseLevels
from nodes.diffusion.samplers import SAMPLERS
from nodes.diffusion.samplers.sa_solver import adams_weights
from tests.nodes.reference.toy import SIGMAS, Toy, ToyNoise, denoise, start, without_text
from tests.nodes.tiny import DIFFUSERS

SPREAD, HIGH, LOW, STEPS = 0.5, 10.0, 0.1, 40
ADDING, FLOWING = NoiseLevels.scaled_linear(), FlowLevels()


class Perfect:
    """What sees in x the mean of all clean latents that it may come from."""

    def __init__(self, levels: Levels) -> None:
        self.levels, self.unconditional = levels, torch.zeros(0)

    def __call__(self, x: Tensor, sigma: float) -> Tensor:
        kept = self.levels.kept(sigma)
        self.unconditional = x * (kept * SPREAD**2 / variance(self.levels, sigma))
        return self.unconditional


def variance(levels: Levels, sigma: float) -> float:
    """Of noisy latents at this level."""
    return (levels.kept(sigma) * SPREAD) ** 2 + sigma**2


def even(steps: int) -> list[float]:
    return torch.linspace(HIGH, LOW, steps + 1, dtype=torch.float64).tolist()


def logarithmic(steps: int) -> list[float]:
    return [HIGH * (LOW / HIGH) ** (i / steps) for i in range(steps + 1)]


def flowing(steps: int) -> list[float]:
    """Even in the logarithm of noise against picture, from 0.98 to 0.05."""
    first, last = math.log(0.98 / 0.02), math.log(0.05 / 0.95)
    return [1 / (1 + math.exp(-(first + (last - first) * i / steps))) for i in range(steps + 1)]


# ---------------------------------------------------------------- without noise: against the path itself


def path_error(name: str, sigmas: list[float], **options: Any) -> float:
    """How far the end of a run lies from where the exact path ends, as a share of it."""
    *_, last = SAMPLERS[name](Perfect(ADDING), torch.ones(1, dtype=torch.float64), sigmas, ToyNoise(), **options)
    exact = math.sqrt(variance(ADDING, sigmas[-1]) / variance(ADDING, sigmas[0]))
    return abs(float(last.x) / exact - 1)


@pytest.mark.parametrize(
    ("name", "order", "spacing"),
    [
        ("euler", 1, logarithmic),
        ("euler_cfg_pp", 1, logarithmic),
        ("euler_ancestral", 1, logarithmic),
        ("gradient_estimation", 1, logarithmic),
        ("gradient_estimation_cfg_pp", 1, logarithmic),
        ("heunpp2", 1, logarithmic),
        ("heun", 2, logarithmic),
        ("dpm_2", 2, logarithmic),
        ("dpmpp_2m", 2, logarithmic),
        ("dpmpp_2m_cfg_pp", 2, logarithmic),
        ("dpmpp_2s_ancestral", 2, logarithmic),
        ("dpmpp_2s_ancestral_cfg_pp", 2, logarithmic),
        ("dpmpp_2m_sde", 2, logarithmic),
        ("res_multistep", 2, logarithmic),
        ("res_multistep_cfg_pp", 2, logarithmic),
        ("res_multistep_ancestral", 2, logarithmic),
        ("seeds_2", 2, logarithmic),
        ("uni_pc", 2, logarithmic),  # its last steps are of lower order
        ("uni_pc_bh2", 2, logarithmic),
        ("ipndm_v", 2, logarithmic),  # see varying_weights
        ("deis", 3, logarithmic),
        ("seeds_3", 3, logarithmic),
        ("ipndm", 3, even),  # made for even steps
        ("lms", 3.5, logarithmic),  # of order 4 but for its first steps
        ("sa_solver", 4, logarithmic),
        ("sa_solver_pece", 4, logarithmic),
    ],
)
def test_twice_the_steps_divide_the_error_by_two_to_the_order(
    name: str, order: float, spacing: Callable[[int], list[float]]
) -> None:
    options = {"eta": 0.0} if any(word in name for word in ("ancestral", "seeds", "sa_solver", "sde")) else {}
    few, many = (path_error(name, spacing(steps), **options) for steps in (STEPS, 2 * STEPS))
    assert math.log2(few / many) > order - 0.3
    assert many < 0.05


# ---------------------------------------------------------------- with noise: against the variance


class UnitNoise:
    """Each draw is an axis of its own. A Brownian path has an axis for each stretch between two of its `edges`."""

    def __init__(self, axes: int, edges: Sequence[float] = ()) -> None:
        self.axes, self.drawn, self.asked = axes, 0, set[float]()
        self.stretches = list(pairwise(edges))

    def axis(self, number: int) -> Tensor:
        return torch.eye(self.axes, dtype=torch.float64)[number]

    def fresh(self) -> Tensor:
        self.drawn += 1
        return self.axis(self.drawn)

    def brownian(self, low: float, high: float, on_device: bool = False) -> Callable[[float, float], Tensor]:
        return self.between

    def between(self, sigma: float, following: float) -> Tensor:
        if not self.stretches:  # the first run only finds out where edges will be
            self.asked |= {sigma, following}
            return self.fresh()
        noise = torch.zeros(self.axes, dtype=torch.float64)
        for number, (above, below) in enumerate(self.stretches, start=1):
            if following <= below and above <= sigma:
                noise[number] = math.sqrt((above - below) / (sigma - following))
        return noise


def variance_error(name: str, levels: Levels, sigmas: list[float]) -> float:
    """How far the variance of all results is from that of noisy latents at the last level, as a share of it."""

    def run(noise: UnitNoise) -> Tensor:
        *_, last = SAMPLERS[name](Perfect(levels), noise.axis(0), sigmas, noise)
        return last.x

    noise = UnitNoise(4 * len(sigmas))
    weights = run(noise)
    if noise.asked:
        edges = sorted(noise.asked, reverse=True)
        weights = run(UnitNoise(len(edges), edges))
    total = float(weights[0] ** 2) * variance(levels, sigmas[0]) + float((weights[1:] ** 2).sum())
    return abs(total / variance(levels, sigmas[-1]) - 1)


FIRST = ("euler_ancestral", "euler_ancestral_cfg_pp")
SECOND = (
    "dpm_2_ancestral", "dpmpp_2s_ancestral", "dpmpp_2s_ancestral_cfg_pp", "dpmpp_sde", "dpmpp_2m_sde",
    "dpmpp_2m_sde_heun", "dpmpp_3m_sde", "er_sde", "seeds_2", "seeds_3", "sa_solver", "sa_solver_pece",
)  # fmt: skip
AS_ADDING = ("res_multistep_ancestral", "res_multistep_ancestral_cfg_pp")
"""Those that add noise to a flow as to other models, as in the peers: not for flows, docs/samplers.md says so."""


@pytest.mark.parametrize("name", [*FIRST, "ddpm", *SECOND, *AS_ADDING])
def test_added_noise_and_steps_together_lead_to_the_right_distribution(name: str) -> None:
    few, many = (variance_error(name, ADDING, logarithmic(steps)) for steps in (STEPS, 2 * STEPS))
    assert math.log2(few / many) > (0.8 if name in (*FIRST, "ddpm") else 1.7)
    assert many < (0.1 if name in (*FIRST, "ddpm") else 0.004)


@pytest.mark.parametrize("name", [*FIRST, *SECOND])
def test_in_a_flow_too(name: str) -> None:
    few, many = (variance_error(name, FLOWING, flowing(steps)) for steps in (STEPS, 2 * STEPS))
    assert math.log2(few / many) > (0.8 if name in FIRST else 1.6)
    assert many < (0.15 if name in FIRST else 0.006)


# ---------------------------------------------------------------- against diffusers


def test_ipndm_computes_what_the_scheduler_of_diffusers_computes() -> None:
    scheduler = DIFFUSERS.IPNDMScheduler()
    sigmas = logarithmic(8)
    scheduler.set_timesteps(8)
    # In its coordinates x is alpha · clean + beta · noise; with alphas of 1 these are sigmas.
    scheduler.alphas, scheduler.betas = torch.ones(9, dtype=torch.float64), torch.tensor(sigmas, dtype=torch.float64)
    x = wanted = start()
    for time, sigma in zip(scheduler.timesteps, sigmas, strict=False):
        slope = (wanted - denoise(wanted, sigma)) / sigma
        output = slope - wanted * sigma  # it adds this up to the slope again
        wanted = scheduler.step(output, time, wanted, return_dict=False)[0]
    *_, last = SAMPLERS["ipndm"](Toy(), x, sigmas, ToyNoise())
    assert torch.allclose(last.x, wanted, rtol=1e-6)


@pytest.mark.parametrize("order", [1, 2, 3])
@pytest.mark.parametrize("tau", [0.0, 0.7, 1.0])
def test_stochastic_adams_weights_are_those_of_diffusers(order: int, tau: float) -> None:
    scheduler = DIFFUSERS.SASolverScheduler(algorithm_type="data_prediction")
    lambdas, end = [-2.0, -1.1, -0.3][-order:], 0.4
    seen = [torch.tensor(one, dtype=torch.float64) for one in reversed(lambdas)]  # the newest first
    noise = torch.tensor(tau, dtype=torch.float64)
    found = scheduler.get_coefficients_fn(order, seen[0], torch.tensor(end, dtype=torch.float64), seen, noise)
    rate = 1 + tau**2
    wanted = [float(one) * rate * math.exp(-rate * end) for one in found]
    assert adams_weights(lambdas, lambdas[-1], end, tau) == pytest.approx(wanted[::-1], rel=1e-5)


# ---------------------------------------------------------------- against the papers


def test_cfg_plus_plus_renoises_by_what_the_negative_text_sees() -> None:
    """Chung et al. 2024, algorithm 2, in its own coordinates, where x has unit variance."""
    x = start()
    kept = [1 / math.sqrt(1 + sigma**2) for sigma in SIGMAS]
    preserved = x * kept[0]
    for (alpha, following), sigma in zip(pairwise(kept), SIGMAS, strict=False):
        grown = preserved / alpha
        noise = (preserved - without_text(grown, sigma) * alpha) / math.sqrt(1 - alpha**2)
        preserved = denoise(grown, sigma) * following + noise * math.sqrt(1 - following**2)
    *_, last = SAMPLERS["euler_cfg_pp"](Toy(), x, SIGMAS, ToyNoise())
    assert torch.allclose(last.x, preserved, rtol=1e-9)


def test_a_consistency_model_jumps_to_the_picture_and_noises_it_anew() -> None:
    """Song et al. 2023, algorithm 1."""
    noise, clean = ToyNoise(), denoise(start(), SIGMAS[0])
    for sigma in SIGMAS[1:-1]:
        clean = denoise(clean + noise.fresh() * sigma, sigma)
    *_, last = SAMPLERS["lcm"](Toy(), start(), SIGMAS, ToyNoise())
    assert torch.allclose(last.x, clean)
