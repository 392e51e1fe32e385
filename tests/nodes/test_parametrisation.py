"""Models sampled otherwise than their files say: shift, prediction, levels; against diffusers' schedulers."""

from __future__ import annotations

import math
from typing import Any

import pytest
import torch
from diffusers.pipelines.flux.pipeline_flux import calculate_shift
from diffusers.schedulers.scheduling_ddim import rescale_zero_terminal_snr
from torch import Tensor

from nodes.api import BadValue
from nodes.diffusion.levels import ContinuousLevels, DistilledLevels, FlowLevels, NoiseLevels
from nodes.diffusion.prediction import Prediction, clean_of
from nodes.latent import empty_latent
from nodes.levels import denoiser_of, set_continuous_levels, set_prediction, set_shift, set_shift_by_size
from nodes.loaders import Checkpoint, load_checkpoint
from nodes.sampling import sample
from nodes.schedules import schedule
from nodes.text import encode_text
from nodes.types import Model, Shift
from server.worker.classes import Classes
from server.worker.codecs import ValueCodec
from tests.nodes import tiny_families as small
from tests.nodes.plain import PlainContext
from tests.nodes.tiny import DIFFUSERS

TRAINING = {"beta_schedule": "scaled_linear", "beta_start": 0.00085, "beta_end": 0.012}


@pytest.fixture(scope="module")
def flow(tmp_path_factory: pytest.TempPathFactory) -> Checkpoint:
    return load_checkpoint(small.sd3().write(tmp_path_factory.mktemp("flow") / "sd3.safetensors"))


def near(found: Tensor, wanted: Tensor, tolerance: float = 1e-6) -> bool:
    return float((found - wanted).abs().max() / wanted.abs().max()) < tolerance


def levels_of(model: Model, ctx: PlainContext) -> Any:
    return denoiser_of(model, ctx).levels


# ---------------------------------------------------------------- against diffusers


@pytest.mark.parametrize(("width", "height"), [(256, 256), (512, 768), (1024, 1024), (1536, 1024)])
def test_the_shift_by_size_is_that_of_dynamic_shifting(
    flow: Checkpoint, ctx: PlainContext, width: int, height: int
) -> None:
    scheduler = DIFFUSERS.FlowMatchEulerDiscreteScheduler(use_dynamic_shifting=True, base_shift=0.5, max_shift=1.15)
    even = torch.linspace(1.0, 0.1, 10)
    scheduler.set_timesteps(sigmas=even.numpy(), mu=calculate_shift(width * height // 256))
    levels = levels_of(set_shift_by_size(flow.model, width, height), ctx)
    assert near(levels.sigma(even * 1000), scheduler.sigmas[:-1])


@pytest.mark.parametrize("shift", [1.0, 3.0, 12.0])
def test_a_shift_is_that_of_the_flow_scheduler(flow: Checkpoint, ctx: PlainContext, shift: float) -> None:
    scheduler = DIFFUSERS.FlowMatchEulerDiscreteScheduler(shift=shift)
    trained = scheduler.sigmas.flip(0)  # each of 1000 training steps
    assert near(levels_of(set_shift(flow.model, shift), ctx).sigmas, trained)


def test_zero_terminal_noise_is_that_of_diffusers() -> None:
    betas = NoiseLevels.scaled_linear().betas
    wanted = torch.cumprod(1 - rescale_zero_terminal_snr(betas), dim=0)
    ours = 1 / (1 + NoiseLevels(betas, zero_terminal=True).sigmas.double() ** 2)
    assert near(ours[:-1], wanted[:-1])
    assert ours[-1] < 1e-7 and wanted[-1] == 0


def test_a_consistency_model_is_read_as_by_the_scheduler_of_diffusers() -> None:
    scheduler = DIFFUSERS.LCMScheduler(clip_sample=False, **TRAINING)
    scheduler.set_timesteps(4)
    levels = DistilledLevels(NoiseLevels.scaled_linear().betas)
    torch.manual_seed(2)
    for time in scheduler.timesteps.tolist():
        kept = float(scheduler.alphas_cumprod[time])
        sigma = math.sqrt((1 - kept) / kept)
        x, noise = torch.randn(1, 4, 8, 8) * sigma, torch.randn(1, 4, 8, 8)
        wanted = scheduler.step(noise, time, x * math.sqrt(kept), return_dict=True).denoised
        assert levels.timestep(sigma) == time
        assert near(clean_of("lcm", x, noise, sigma, levels.timestep(sigma)), wanted, 1e-5)


@pytest.mark.parametrize(("ours", "theirs"), [("edm", "epsilon"), ("v", "v_prediction")])
def test_continuous_levels_are_read_as_by_the_scheduler_of_diffusers(ours: Prediction, theirs: str) -> None:
    scheduler = DIFFUSERS.EDMEulerScheduler(prediction_type=theirs, sigma_min=0.002, sigma_max=80.0, sigma_data=0.5)
    levels = ContinuousLevels(0.002, 80.0)
    torch.manual_seed(2)
    for sigma in (0.01, 0.7, 30.0):
        x, found = torch.randn(1, 4, 8, 8) * sigma, torch.randn(1, 4, 8, 8)
        wanted = scheduler.precondition_outputs(x, found, torch.tensor(sigma))
        assert near(clean_of(ours, x, found, sigma, 0.0, data=0.5), wanted, 1e-6)
        assert levels.timestep(sigma) == pytest.approx(float(scheduler.precondition_noise(torch.tensor(sigma))))


# ---------------------------------------------------------------- levels


def test_distilled_levels_are_every_twentieth_training_step() -> None:
    whole, distilled = NoiseLevels.scaled_linear(), DistilledLevels(NoiseLevels.scaled_linear().betas)
    assert torch.equal(distilled.sigmas, whole.sigmas[19::20])
    assert distilled.sigma(torch.tensor([19.0, 999.0])).tolist() == pytest.approx(
        [float(whole.sigmas[19]), float(whole.sigmas[999])]
    )
    assert distilled.timestep(distilled.largest) == 999
    assert distilled.at(0.0) == math.inf and distilled.at(1.0) == 0.0
    assert distilled.at(0.5) == pytest.approx(whole.at(0.5), rel=0.01)


def test_continuous_levels_are_even_in_the_logarithm() -> None:
    levels = ContinuousLevels(0.002, 120.0)
    assert (levels.smallest, levels.largest) == pytest.approx((0.002, 120.0))
    assert levels.at(0.5) == pytest.approx(math.sqrt(0.002 * 120))
    steps = torch.tensor([levels.timestep(3.0)])
    assert float(levels.sigma(steps)) == pytest.approx(3.0)


# ---------------------------------------------------------------- as nodes


def test_a_model_keeps_its_weights_when_it_is_sampled_otherwise(tiny: Checkpoint, ctx: PlainContext) -> None:
    plain = denoiser_of(tiny.model, ctx)
    changed = denoiser_of(set_prediction(tiny.model, "v", "zero"), ctx)
    assert getattr(changed, "unet") is getattr(plain, "unet")  # noqa: B009  # only a UNet has one
    assert changed.levels.largest > 4000 > plain.levels.largest
    assert denoiser_of(set_prediction(tiny.model), ctx).levels is plain.levels


@pytest.mark.parametrize(
    "change",
    [
        lambda model: set_prediction(model, "v"),
        lambda model: set_prediction(model, "x0"),
        lambda model: set_prediction(model, "lcm"),
        lambda model: set_prediction(model, "eps", "zero"),
        lambda model: set_continuous_levels(model, "edm", 0.002, 80.0, 0.5),
    ],
    ids=["v", "x0", "lcm", "zero", "edm"],
)
def test_each_choice_changes_what_is_sampled(tiny: Checkpoint, ctx: PlainContext, change: Any) -> None:
    text = encode_text(tiny.text_encoder, ctx, "a red house")

    def run(model: Model) -> Tensor:
        return sample(model, text, None, empty_latent(64, 64), ctx, seed=1, steps=2, sampler="lcm").samples

    made = run(change(tiny.model))
    assert made.isfinite().all()
    assert not torch.allclose(made, run(tiny.model))


def test_a_schedule_follows_the_shift(flow: Checkpoint, ctx: PlainContext) -> None:
    values = schedule(set_shift(flow.model, 6.0), ctx, "sgm_uniform", 4).values
    assert values == schedule(set_shift(set_shift(flow.model, 1.0), 6.0), ctx, "sgm_uniform", 4).values
    assert values[1] > schedule(flow.model, ctx, "sgm_uniform", 4).values[1]
    assert isinstance(levels_of(set_shift(flow.model, 6.0), ctx), FlowLevels)


def test_a_choice_for_another_kind_of_model_is_told_in_words(
    tiny: Checkpoint, flow: Checkpoint, ctx: PlainContext
) -> None:
    with pytest.raises(BadValue, match="no flow, so its levels have no shift") as caught:
        schedule(set_shift(tiny.model), ctx)
    assert caught.value.input == "model"
    for model in (set_prediction(flow.model, "v"), set_continuous_levels(flow.model)):
        with pytest.raises(BadValue, match="a flow, which predicts a velocity of its own kind"):
            schedule(model, ctx)


@pytest.mark.parametrize(
    ("make", "place"),
    [
        (lambda model: set_shift(model, 0.0), "shift"),
        (lambda model: set_shift(model, math.nan), "shift"),
        (lambda model: set_shift_by_size(model, 1024, 1024, math.nan), "max_shift"),
        (lambda model: set_shift_by_size(model, 16_000, 16_000, -9.0, 10.0), "max_shift"),
        (lambda model: set_continuous_levels(model, "v", 3.0, 2.0), "smallest"),
        (lambda model: set_continuous_levels(model, "v", 0.1, 2.0, math.nan), "sigma_data"),
    ],
)
def test_numbers_that_make_no_sense_are_named(tiny: Checkpoint, make: Any, place: str) -> None:
    with pytest.raises(BadValue) as caught:
        make(tiny.model)
    assert caught.value.input == place


def test_the_choice_survives_on_disk(tiny: Checkpoint) -> None:
    codec = ValueCodec(Classes())
    for model in (tiny.model, set_shift(tiny.model, 2.5), set_continuous_levels(tiny.model)):
        data = codec.encode((model,))
        assert data is None or codec.decode(data) == (model,)
    assert set_shift(tiny.model, 2.5).parametrisation == Shift(2.5)


def test_a_one_step_model_gives_its_picture_at_once() -> None:
    x, found = torch.randn(1, 4, 8, 8), torch.randn(1, 4, 8, 8)
    assert torch.equal(clean_of("x0", x, found, 14.6, 999.0), found)
