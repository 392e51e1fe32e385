"""The noise levels of both kinds of model."""

from __future__ import annotations

import math

import pytest
import torch

from nodes.diffusion.levels import FlowLevels, Levels, NoiseLevels

EVEN, SHIFTED = FlowLevels(), FlowLevels(shift=3.0)
STABLE = NoiseLevels.scaled_linear()
CLEAN, NOISE = torch.full((1, 1, 1, 1), 2.0), torch.full((1, 1, 1, 1), 5.0)
KINDS: list[Levels] = [STABLE, SHIFTED, FlowLevels.exponential(1.15)]


@pytest.mark.parametrize("levels", KINDS)
def test_levels_rise_and_end_where_they_say(levels: Levels) -> None:
    assert levels.sigmas.dtype == torch.float32
    assert len(levels.sigmas) == levels.steps
    assert bool((levels.sigmas.diff() > 0).all())
    assert (levels.smallest, levels.largest) == (float(levels.sigmas[0]), float(levels.sigmas[-1]))
    assert levels.is_largest(levels.largest) and not levels.is_largest(levels.largest * 0.99)


def test_noise_is_added_to_a_picture_and_replaces_one_in_a_flow() -> None:
    assert STABLE.noised(CLEAN, NOISE, 3.0).item() == 2 + 3 * 5
    assert EVEN.noised(CLEAN, NOISE, 0.25).item() == 0.75 * 2 + 0.25 * 5
    assert (STABLE.kept(3.0), EVEN.kept(0.25)) == (1.0, 0.75)


def test_all_noise_starts_with_the_variance_of_noised_pictures() -> None:
    sigma = STABLE.largest
    assert STABLE.start(CLEAN * 0, NOISE, sigma).item() == pytest.approx(5 * math.sqrt(1 + sigma**2))
    assert STABLE.start(CLEAN, NOISE, 3.0).item() == 17
    assert EVEN.start(CLEAN, NOISE, 1.0).item() == 5


@pytest.mark.parametrize("levels", KINDS)
def test_a_latent_handed_on_in_between_is_taken_up_as_it_was(levels: Levels) -> None:
    x = torch.randn(1, 4, 2, 2, generator=torch.Generator().manual_seed(1))
    assert torch.allclose(levels.start(levels.end(x, 0.7), x * 0, 0.7), x)


def test_a_shift_moves_levels_towards_noise() -> None:
    assert EVEN.at(0.25) == 0.75
    assert SHIFTED.at(0.5) == pytest.approx(3 * 0.5 / (1 + 2 * 0.5))
    assert SHIFTED.sigma(torch.tensor([500.0])).item() == pytest.approx(0.75)
    assert SHIFTED.timestep(0.75) == 750


def test_the_shift_of_flux_is_an_exponent() -> None:
    mu, time = 1.15, 0.3
    expected = math.exp(mu) / (math.exp(mu) + 1 / time - 1)
    assert FlowLevels.exponential(mu).at(1 - time) == pytest.approx(expected)


def test_shares_lead_from_all_noise_to_none() -> None:
    for levels in KINDS:
        sigmas = [levels.at(share) for share in (-1, 0, 0.2, 0.8, 1, 2)]
        assert sigmas == sorted(sigmas, reverse=True)
        assert sigmas[-2:] == [0, 0]
    assert STABLE.at(0) == math.inf
    assert STABLE.at(0.5) == pytest.approx(float(STABLE.sigma(torch.tensor(499.5))))


def test_a_rescaled_schedule_ends_in_noise_alone_and_begins_as_before() -> None:
    rescaled = NoiseLevels.scaled_linear(zero_terminal=True)
    assert rescaled.largest == pytest.approx(4518.6, rel=1e-4)
    assert rescaled.smallest == pytest.approx(STABLE.smallest, rel=1e-4)


def test_the_nearest_or_the_interpolated_step_is_told() -> None:
    between = NoiseLevels(torch.linspace(0.00085**0.5, 0.012**0.5, 1000, dtype=torch.float64) ** 2, interpolate=True)
    sigma = float(STABLE.sigma(torch.tensor(500.4)))
    assert STABLE.timestep(sigma) == 500
    assert between.timestep(sigma) == pytest.approx(500.4, abs=0.01)
    assert [between.timestep(s) for s in (1e-9, 1e9)] == [0, 999]
