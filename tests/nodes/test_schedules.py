"""Which noise levels are visited, against figures of the reference implementation for Stable Diffusion 1.x."""

from __future__ import annotations

from itertools import pairwise
from typing import get_args

import pytest
import torch

from nodes.diffusion.levels import NoiseLevels
from nodes.diffusion.schedules import SCHEDULES, choose_sigmas, cut, normal
from nodes.fields import ScheduleName

LEVELS = NoiseLevels.scaled_linear()
SMALLEST, LARGEST = 0.029167158529162407, 14.614641189575195
SIX_STEPS = {
    "normal": (14.614640, 5.0924082, 2.2797306, 1.1628647, 0.57118887, 0.02916716, 0.0),
    "karras": (14.614643, 6.0821514, 2.2321544, 0.69257057, 0.16975659, 0.029167177, 0.0),
}


def test_the_levels_end_where_the_trained_ones_end() -> None:
    assert pytest.approx(SMALLEST, rel=1e-6) == LEVELS.smallest
    assert pytest.approx(LARGEST, rel=1e-6) == LEVELS.largest


@pytest.mark.parametrize("name", SIX_STEPS)
def test_six_steps_visit_the_reference_sigmas(name: str) -> None:
    assert SCHEDULES[name](LEVELS, 6) == pytest.approx(SIX_STEPS[name], rel=1e-6)


@pytest.mark.parametrize("name", SCHEDULES)
@pytest.mark.parametrize("steps", [1, 2, 7, 1000])
def test_a_schedule_falls_from_the_largest_level_to_nothing(name: str, steps: int) -> None:
    sigmas = SCHEDULES[name](LEVELS, steps)
    assert len(sigmas) == steps + 1
    assert sigmas[0] == pytest.approx(LARGEST, rel=1e-6)
    assert sigmas[-1] == 0
    assert all(a > b for a, b in pairwise(sigmas))


def test_every_trained_level_is_its_own_nearest_step() -> None:
    assert [LEVELS.nearest_step(float(sigma)) for sigma in LEVELS.sigmas] == list(range(1000))


def test_levels_between_and_beyond_take_the_nearest_step() -> None:
    between = float(LEVELS.sigma(torch.tensor(500.4)))
    assert LEVELS.nearest_step(between) == 500
    assert LEVELS.nearest_step(float(LEVELS.sigma(torch.tensor(500.6)))) == 501
    assert LEVELS.nearest_step(1e-4) == 0
    assert LEVELS.nearest_step(99.0) == 999


def test_less_denoise_takes_the_end_of_a_longer_schedule() -> None:
    assert choose_sigmas(normal, LEVELS, 10, denoise=0.5) == normal(LEVELS, 20)[-11:]
    assert choose_sigmas(normal, LEVELS, 10, denoise=1.0) == normal(LEVELS, 10)
    assert choose_sigmas(normal, LEVELS, 10, denoise=0.0) == ()


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
