"""Sampling with the schedulers of diffusers."""

from __future__ import annotations

from typing import Any

import pytest
import torch

from nodes.api import BadValue
from nodes.diffusion.levels import NoiseLevels
from nodes.diffusion.wrapped import betas_of
from nodes.latent import empty_latent
from nodes.loaders import Checkpoint
from nodes.sampling_diffusers import sample_with_diffusers, scheduler_names
from nodes.text import encode_text
from tests.nodes.plain import PlainContext

# diffusers hands tensors to numpy in ways that newer numpy dislikes.
pytestmark = pytest.mark.filterwarnings("ignore:__array:DeprecationWarning")
GOOD = [
    "DDIMScheduler",
    "DDPMScheduler",
    "DEISMultistepScheduler",
    "DPMSolverMultistepScheduler",
    "EulerDiscreteScheduler",
    "HeunDiscreteScheduler",
    "UniPCMultistepScheduler",
]


def run(tiny: Checkpoint, ctx: PlainContext, scheduler: str, **options: Any) -> torch.Tensor:
    texts = encode_text(tiny.text_encoder, ctx, "a red house"), encode_text(tiny.text_encoder, ctx, "")
    inputs = {"steps": 4, "seed": 3} | options
    return sample_with_diffusers(tiny.model, *texts, empty_latent(64, 64), ctx, scheduler=scheduler, **inputs).samples


def test_the_list_is_that_of_the_diffusers_installed() -> None:
    names = scheduler_names()
    assert len(names) > 40 and set(GOOD) < set(names)


def test_betas_make_the_levels_again() -> None:
    levels = NoiseLevels.scaled_linear()
    again = NoiseLevels(torch.tensor(betas_of(levels), dtype=torch.float64))
    assert torch.allclose(again.sigmas, levels.sigmas, rtol=1e-5)


@pytest.mark.parametrize("name", GOOD)
def test_a_scheduler_samples_the_same_for_the_same_seed(tiny: Checkpoint, ctx: PlainContext, name: str) -> None:
    made = run(tiny, ctx, name)
    assert made.shape == (1, 4, 8, 8) and made.isfinite().all()
    assert torch.equal(run(tiny, ctx, name), made)


@pytest.mark.parametrize(
    ("name", "options", "words"),
    [
        ("FlowMatchEulerDiscreteScheduler", {}, "is for flows"),
        ("DDIMScheduler", {"karras": True}, "no Karras sigmas"),
        ("NoSuchScheduler", {}, "has no scheduler called"),
        ("RePaintScheduler", {}, "cannot sample this model"),
    ],
)
def test_one_that_does_not_fit_says_so(
    tiny: Checkpoint, ctx: PlainContext, name: str, options: Any, words: str
) -> None:
    with pytest.raises(BadValue, match=words) as caught:
        run(tiny, ctx, name, **options)
    assert caught.value.input == "scheduler"
