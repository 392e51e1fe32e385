"""Samplers, against k-diffusion's results (tests/nodes/reference) and diffusers' schedulers."""

from __future__ import annotations

import json
from collections.abc import Callable
from itertools import combinations
from pathlib import Path
from typing import Any, get_args

import pytest
import torch
from torch import Tensor

from nodes.diffusion.levels import NoiseLevels
from nodes.diffusion.samplers import SAMPLERS
from nodes.diffusion.schedules import karras
from nodes.fields import SamplerName
from tests.nodes.reference.toy import SIGMAS, ToyNoise, denoise, start
from tests.nodes.tiny import DIFFUSERS

REFERENCE = json.loads((Path(__file__).parent / "reference" / "samplers.json").read_text())
TRAINING = {"beta_schedule": "scaled_linear", "beta_start": 0.00085, "beta_end": 0.012}

# diffusers hands tensors to numpy in a way that newer numpy dislikes.
pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")


def final(name: str, x: Tensor, sigmas: tuple[float, ...] = SIGMAS) -> Tensor:
    noise = ToyNoise()
    *_, last = SAMPLERS[name](denoise, x, sigmas, lambda: noise().to(x.dtype))
    return last.x


def difference(found: Tensor, wanted: Tensor) -> float:
    return float((found - wanted).norm() / wanted.norm())


@pytest.mark.parametrize("name", REFERENCE)
def test_it_computes_what_k_diffusion_computes(name: str) -> None:
    wanted = torch.tensor(REFERENCE[name], dtype=torch.float64).view_as(start())
    assert difference(final(name, start()), wanted) < 1e-12
    assert difference(final(name, start().float()).double(), wanted) < 1e-6


@pytest.mark.parametrize(
    ("name", "kind"),
    [("euler", "EulerDiscrete"), ("heun", "HeunDiscrete"), ("dpmpp_2m", "DPMSolverMultistep")],
)
def test_it_computes_what_the_scheduler_of_diffusers_computes(name: str, kind: str) -> None:
    scheduler = scheduler_of(kind, use_karras_sigmas=True, **TRAINING)
    scheduler.set_timesteps(8)
    sigmas = tuple(scheduler.sigmas.tolist())
    if name == "heun":  # its table names the sigma of every look, ours that of every step
        sigmas = tuple(dict.fromkeys(sigmas))
    x = start().float()
    preserving = name == "dpmpp_2m"
    wanted = drive(scheduler, x / (1 + sigmas[0] ** 2) ** 0.5 if preserving else x, preserving)
    assert difference(final(name, x, sigmas), wanted) < 1e-5


def scheduler_of(kind: str, **options: Any) -> Any:
    return getattr(DIFFUSERS, f"{kind}Scheduler")(**options)


def drive(scheduler: Any, x: Tensor, variance_preserving: bool) -> Tensor:
    """Sample the toy through a scheduler, telling it the noise that the toy's clean latent means."""
    looks = [scheduler.sigmas[i] for i in range(len(scheduler.timesteps))]
    for time, sigma in zip(scheduler.timesteps, looks, strict=True):
        grown = x * (1 + sigma**2) ** 0.5 if variance_preserving else x
        noise = (grown - denoise(grown, sigma)) / sigma
        x = scheduler.step(noise, time, x, return_dict=False)[0]
    return x


def test_ddim_computes_what_the_scheduler_of_diffusers_computes() -> None:
    scheduler = scheduler_of("DDIM", clip_sample=False, set_alpha_to_one=True, timestep_spacing="leading", **TRAINING)
    scheduler.set_timesteps(10)
    kept = scheduler.alphas_cumprod[scheduler.timesteps]
    sigmas = (*((1 - kept) / kept).sqrt().tolist(), 0.0)
    x = start().float()
    wanted = x / (1 + sigmas[0] ** 2) ** 0.5
    for time, sigma in zip(scheduler.timesteps, sigmas, strict=False):
        grown = wanted * (1 + sigma**2) ** 0.5
        wanted = scheduler.step((grown - denoise(grown, sigma)) / sigma, int(time), wanted, return_dict=False)[0]
    assert difference(final("ddim", x, sigmas), wanted) < 1e-5


def test_ddim_equals_euler_and_no_other_two_names_are_equal() -> None:
    results = {name: final(name, start()) for name in SAMPLERS}
    equal = {(a, b) for a, b in combinations(results, 2) if difference(results[a], results[b]) < 1e-6}
    assert equal == {("euler", "ddim")}


@pytest.mark.parametrize("name", SAMPLERS)
def test_each_step_is_told_and_the_last_denoised_is_near_the_result(name: str) -> None:
    steps = list(SAMPLERS[name](denoise, start(), SIGMAS, ToyNoise()))
    assert [step.index for step in steps] == list(range(len(SIGMAS) - 1))
    assert difference(steps[-1].denoised, steps[-1].x) < 0.01


@pytest.mark.parametrize("name", SAMPLERS)
def test_the_end_of_an_exact_denoiser_is_its_picture(name: str) -> None:
    picture = torch.full((1, 4, 2, 2), 0.3)
    exact: Callable[[Tensor, float], Tensor] = lambda x, sigma: picture  # noqa: E731  # shorter than a def here
    *_, last = SAMPLERS[name](exact, torch.randn(picture.shape) * 14.6, SIGMAS, lambda: torch.randn(picture.shape))
    assert torch.allclose(last.x, picture, atol=1e-6)


def test_the_dropdown_names_exactly_the_samplers_there_are() -> None:
    assert set(get_args(SamplerName)) == set(SAMPLERS)


def test_karras_sigmas_of_diffusers_are_ours() -> None:
    scheduler = scheduler_of("EulerDiscrete", use_karras_sigmas=True, **TRAINING)
    scheduler.set_timesteps(12)
    ours = torch.tensor(karras(NoiseLevels.scaled_linear(), 12))
    # diffusers multiplies its alphas up in float32, which shows at the small end.
    assert torch.allclose(ours, scheduler.sigmas, rtol=1e-4)
