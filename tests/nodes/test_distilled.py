"""The ways of docs/families.md to sample distillations and the refiner, on small models of their families."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import save_file

from nodes.latent import empty_latent
from nodes.levels import denoiser_of, set_prediction
from nodes.loaders import Checkpoint, load_checkpoint, load_model
from nodes.sampling import sample
from nodes.sampling_custom import choose_sampler, guide, noise, sample_pieces
from nodes.schedules import turbo_schedule
from nodes.text import encode_text, set_guidance
from nodes.types import Conditioning, TextPart
from tests.nodes import tiny_families as small
from tests.nodes.plain import PlainContext


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("distilled")


@pytest.fixture(scope="module")
def sdxl(folder: Path) -> Checkpoint:
    return load_checkpoint(small.sdxl().write(folder / "sdxl.safetensors"))


@pytest.mark.parametrize("steps", [1, 4])
def test_turbo_starts_at_the_last_training_step_and_looks_once_a_step(
    tiny: Checkpoint, sdxl: Checkpoint, ctx: PlainContext, steps: int
) -> None:
    for model, texts, _ in (tiny, sdxl):
        sigmas = turbo_schedule(model, ctx, steps)
        assert len(sigmas.values) == steps + 1
        assert sigmas.values[0] == pytest.approx(denoiser_of(model, ctx).levels.largest)
        guider = guide(model, encode_text(texts, ctx, "a fox"), None, 1.0)
        made = sample_pieces(guider, choose_sampler("euler_ancestral"), sigmas, noise(1), empty_latent(64, 64), ctx)
        assert made.latent.samples.isfinite().all()
    assert ctx.steps == 2 * steps


@pytest.mark.parametrize(("sampler", "prediction"), [("lcm", "lcm"), ("euler", "auto"), ("euler", "x0")])
def test_consistency_models_and_lightning_run_in_few_steps(
    sdxl: Checkpoint, ctx: PlainContext, sampler: Any, prediction: Any
) -> None:
    text, steps = encode_text(sdxl.text_encoder, ctx, "a fox"), 1 if prediction == "x0" else 4
    made = sample(set_prediction(sdxl.model, prediction), text, None, empty_latent(64, 64), ctx, steps=steps,
                  guidance=1.0, sampler=sampler, schedule="sgm_uniform")  # fmt: skip
    assert made.samples.isfinite().all()
    assert ctx.steps == steps


def test_a_whole_consistency_model_hears_its_guidance_from_the_text(folder: Path, ctx: PlainContext) -> None:
    network = small.unet(cross_attention_dim=128, time_cond_proj_dim=64)
    tensors = {name: tensor.contiguous() for name, tensor in network.state_dict().items()}
    save_file(tensors, str(folder / "lcm.safetensors"))
    model, text = load_model(folder / "lcm.safetensors"), Conditioning((TextPart(torch.randn(1, 77, 128)),))

    def run(guidance: float) -> torch.Tensor:
        told = set_guidance(text, guidance)
        return sample(set_prediction(model, "lcm"), told, None, empty_latent(64, 64), ctx, seed=1, steps=2,
                      guidance=1.0, sampler="lcm", schedule="sgm_uniform").samples  # fmt: skip

    assert not torch.equal(run(1.0), run(8.5))


def test_the_refiner_takes_up_what_the_base_began(sdxl: Checkpoint, folder: Path, ctx: PlainContext) -> None:
    refiner = load_checkpoint(small.refiner().write(folder / "refiner.safetensors"))
    first, second = (encode_text(one.text_encoder, ctx, "a fox") for one in (sdxl, refiner))
    begun = sample(sdxl.model, first, None, empty_latent(64, 64), ctx, steps=5, end_step=4, keep_noise=True)
    made = sample(refiner.model, second, None, begun, ctx, steps=5, start_step=4, add_noise=False)
    assert made.samples.isfinite().all() and not torch.equal(made.samples, begun.samples)
    assert ctx.steps == 5
