"""Which noise levels are visited, against figures of the reference implementations."""

from __future__ import annotations

import json
import math
from itertools import pairwise
from pathlib import Path
from typing import Any, get_args

import numpy as np
import pytest
import torch

from nodes.diffusion.levels import FlowLevels, NoiseLevels
from nodes.diffusion.schedules import SCHEDULES, choose_sigmas, cut
from nodes.diffusion.schedules.beta import beta_distribution, beta_quantiles
from nodes.diffusion.schedules.continuous import (
    exponential_between,
    karras_between,
    laplace,
    polyexponential_between,
    variance_preserving,
)
from nodes.diffusion.schedules.published import ALIGNED, align_your_steps, flux2, flux2_mu, ltxv
from nodes.diffusion.schedules.sigmas import interpolated
from nodes.diffusion.schedules.trained import linear_quadratic, normal, sgm_uniform, simple, turbo
from nodes.fields import ScheduleName
from tests.nodes.tiny import DIFFUSERS

FOLDER = Path(__file__).parent / "reference"
REFERENCE = json.loads((FOLDER / "schedules.json").read_text())
# Measured with ComfyUI 0.3.64 for Stable Diffusion 1.x at six steps (see tests/parity).
PEER = json.loads((Path(__file__).parents[1] / "parity" / "data" / "sigmas.json").read_text())
LEVELS, FLOW = NoiseLevels.scaled_linear(), FlowLevels(shift=3.0)
SMALLEST, LARGEST = PEER["sigma_min"], PEER["sigma_max"]
CURVES = {
    "karras": karras_between,
    "exponential": exponential_between,
    "polyexponential": polyexponential_between,
    "vp": variance_preserving,
}


def test_the_levels_end_where_the_trained_ones_end() -> None:
    assert pytest.approx(SMALLEST, rel=1e-6) == LEVELS.smallest
    assert pytest.approx(LARGEST, rel=1e-6) == LEVELS.largest


@pytest.mark.parametrize("name", PEER["6"])
def test_six_steps_visit_the_peers_sigmas(name: str) -> None:
    assert SCHEDULES[name](LEVELS, 6) == tuple(PEER["6"][name])


# Ours takes the exact e^x - 1, as the peer does since; that of k-diffusion loses digits at the small end.
@pytest.mark.parametrize("name", CURVES)
def test_curves_are_those_of_k_diffusion(name: str) -> None:
    arguments, expected = REFERENCE["curves"][name]
    if name != "vp":
        steps, smallest, largest, *rest = arguments
        arguments = [smallest, largest, steps, *rest]
    function: Any = CURVES[name]
    assert function(*arguments) == pytest.approx(expected, rel=3e-4 if name == "vp" else 1e-6)


@pytest.mark.parametrize(("a", "b", "share", "expected"), REFERENCE["beta_quantiles"])
def test_quantiles_of_beta_distributions_are_those_of_scipy(a: float, b: float, share: float, expected: float) -> None:
    assert beta_quantiles(np.array([share]), a, b)[0] == pytest.approx(expected, rel=1e-9)


def test_a_quantile_turns_the_distribution_round_and_bad_shares_are_refused() -> None:
    shares = np.array([0.0, 0.3, 0.9, 1.0])
    assert beta_distribution(beta_quantiles(shares, 2, 3), 2, 3) == pytest.approx(shares)
    with pytest.raises(ValueError, match="no quantiles"):
        beta_quantiles(np.array([1.5]), 2, 3)


@pytest.mark.parametrize("name", SCHEDULES)
@pytest.mark.parametrize("steps", [1, 2, 7, 1000, 10_000])
@pytest.mark.parametrize("levels", [LEVELS, FLOW], ids=["noise", "flow"])
def test_a_schedule_falls_strictly_to_nothing(name: str, steps: int, levels: Any) -> None:
    sigmas = SCHEDULES[name](levels, steps)
    assert sigmas[-1] == 0
    assert all(a > b for a, b in pairwise(sigmas))
    assert sigmas[0] <= levels.largest * (1 + 1e-6)
    if name != "ddim_uniform":
        assert sigmas[0] == pytest.approx(levels.largest, rel=1e-6)
    if name not in ("ddim_uniform", "beta", "simple"):  # those choose among trained levels
        assert len(sigmas) == steps + 1


def test_ddim_takes_whole_distances_and_so_may_take_a_step_more() -> None:
    assert len(SCHEDULES["ddim_uniform"](LEVELS, 6)) == 8
    assert len(SCHEDULES["ddim_uniform"](LEVELS, 20)) == 21


def test_schedules_of_a_flow_are_shifted() -> None:
    assert simple(FLOW, 4) == pytest.approx([1.0, 0.9, 0.75, 0.5, 0.0])
    assert sgm_uniform(FLOW, 4)[0] == 1
    assert linear_quadratic(FlowLevels(), 2)[:2] == pytest.approx([1.0, 0.975])


def test_more_steps_of_half_and_half_are_the_same_curve() -> None:
    sigmas = linear_quadratic(FlowLevels(), 40)
    assert [1 - sigma for sigma in sigmas[:3]] == pytest.approx([0, 0.025 / 20, 0.05 / 20])
    gaps = [a - b for a, b in pairwise(sigmas)]
    assert gaps[19:] == sorted(gaps[19:])


# ---------------------------------------------------------------- published ones


def test_aligned_steps_are_the_trained_ones_that_were_published() -> None:
    times = {"Stable Diffusion 1.x": [999, 850, 736, 645, 545, 455, 343, 233, 124, 24],
             "SDXL": [999, 845, 730, 587, 443, 310, 193, 116, 53, 13]}  # fmt: skip
    for name in ("Stable Diffusion 1.x", "SDXL"):
        expected = LEVELS.sigma(torch.tensor(times[name], dtype=torch.float32)).tolist()
        assert ALIGNED[name][:-1] == pytest.approx(expected, rel=1e-6)


def test_aligned_steps_are_interpolated_and_cut() -> None:
    ten = align_your_steps("SDXL", 10)
    assert ten == (*ALIGNED["SDXL"][:-1], 0.0)
    assert align_your_steps("SDXL", 10, denoise=0.5) == ten[-6:]
    assert align_your_steps("SDXL", 10, denoise=0) == ()
    twenty = align_your_steps("SDXL", 20)
    assert twenty[::2][:-1] == pytest.approx(ten[:-1])
    assert twenty[1] == pytest.approx(math.sqrt(ten[0] * ten[1]))


def test_interpolation_keeps_the_ends() -> None:
    assert interpolated((9.0, 3.0, 1.0), 1) == pytest.approx((9.0, 1.0))


def test_a_distilled_model_starts_at_its_four_levels() -> None:
    assert turbo(LEVELS, 1) == pytest.approx((LEVELS.largest, 0.0))
    expected = LEVELS.sigma(torch.tensor([999.0, 899.0, 799.0, 699.0])).tolist()
    assert turbo(LEVELS, 4) == pytest.approx([*expected, 0.0])
    assert turbo(LEVELS, 4, denoise=0.5)[0] == pytest.approx(float(LEVELS.sigma(torch.tensor(499.0))))


def test_laplace_steps_lie_close_around_the_middle_and_end_above_nothing() -> None:
    sigmas = laplace(21, SMALLEST, LARGEST)
    assert sigmas[0] == pytest.approx(LARGEST) and sigmas[-1] == pytest.approx(SMALLEST)
    assert sigmas[10] == pytest.approx(1)


@pytest.mark.parametrize(("tokens", "steps"), [(1024, 10), (4096, 28), (4096, 200), (9000, 50)])
def test_the_shift_of_flux_2_is_that_of_diffusers(tokens: int, steps: int) -> None:
    from diffusers.pipelines.flux2.pipeline_flux2 import compute_empirical_mu

    assert flux2_mu(tokens, steps) == pytest.approx(compute_empirical_mu(tokens, steps))
    mu = flux2_mu(tokens, steps)
    assert flux2(tokens, steps)[1] == pytest.approx(math.exp(mu) / (math.exp(mu) + 1 / (1 - 1 / steps) - 1), rel=1e-5)
    assert flux2(tokens, steps)[0] == 1 and flux2(tokens, steps)[-1] == 0


def test_the_schedule_of_ltx_is_that_of_diffusers() -> None:
    scheduler = DIFFUSERS.FlowMatchEulerDiscreteScheduler(use_dynamic_shifting=True, shift_terminal=0.1)
    scheduler.set_timesteps(sigmas=[1 - i / 12 for i in range(12)], mu=0.95 + 1.1 * (2000 - 1024) / 3072)
    assert ltxv(2000, 12) == pytest.approx(scheduler.sigmas.tolist(), rel=1e-5)


# ---------------------------------------------------------------- parts of schedules


def test_every_trained_level_is_its_own_nearest_step() -> None:
    assert [LEVELS.nearest_step(float(sigma)) for sigma in LEVELS.sigmas] == list(range(1000))


def test_levels_between_and_beyond_take_the_nearest_step() -> None:
    between = float(LEVELS.sigma(torch.tensor(500.4)))
    assert LEVELS.nearest_step(between) == 500
    assert LEVELS.nearest_step(float(LEVELS.sigma(torch.tensor(500.6)))) == 501
    assert LEVELS.nearest_step(1e-4) == 0
    assert LEVELS.nearest_step(99.0) == 999


def test_halfway_between_two_trained_levels_the_last_bit_decides_as_in_the_peer() -> None:
    told = [LEVELS.nearest_step(sigma) for sigma in normal(LEVELS, 7)[:-1]]
    assert told == [999, 833, 666, 500, 333, 166, 0]


def test_less_denoise_takes_the_end_of_a_longer_schedule() -> None:
    assert choose_sigmas(normal, LEVELS, 10, denoise=0.5) == normal(LEVELS, 20)[-11:]
    assert choose_sigmas(normal, LEVELS, 10, denoise=1.0) == normal(LEVELS, 10)
    assert choose_sigmas(normal, LEVELS, 10, denoise=0.0) == ()


def test_some_samplers_leave_out_the_last_sigma_above_nothing_of_a_longer_schedule() -> None:
    longer = normal(LEVELS, 11)
    assert choose_sigmas(normal, LEVELS, 10, skip_last_but_one=True) == (*longer[:-2], 0.0)
    assert choose_sigmas(normal, LEVELS, 5, 0.5, skip_last_but_one=True) == (*longer[:-2], 0.0)[-6:]


def test_two_parts_of_a_schedule_make_the_whole() -> None:
    whole = normal(LEVELS, 10)
    first, second = cut(whole, 0, 4, keep_noise=True), cut(whole, 4, 10_000, keep_noise=False)
    assert first[:-1] + second == whole
    assert first[-1] == second[0]


def test_stopping_early_removes_the_rest_of_the_noise_unless_told_to_keep_it() -> None:
    whole = normal(LEVELS, 10)
    assert cut(whole, 0, 4, keep_noise=False) == (*whole[:4], 0.0)
    assert cut(whole, 0, 4, keep_noise=True) == whole[:5]
    assert cut(whole, 10, 10_000, keep_noise=False) == ()


def test_the_dropdown_names_exactly_the_schedules_there_are() -> None:
    assert set(get_args(ScheduleName)) == set(SCHEDULES)
