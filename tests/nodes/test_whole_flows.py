"""Whole runs of flow models under guidance end where a loop of diffusers' own parts ends."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import Tensor

from nodes.latent import empty_latent
from nodes.levels import set_shift, set_shift_by_size
from nodes.loaders import load_checkpoint
from nodes.sampling_custom import choose_sampler, guide, noise, sample_pieces
from nodes.schedules import Sigmas
from nodes.types import Conditioning, TextPart
from tests.nodes import tiny_families as small
from tests.nodes.plain import PlainContext
from tests.nodes.test_families import by_flux
from tests.nodes.tiny import DIFFUSERS

EDGE, STEPS, SEED, GUIDANCE = 64, 5, 3, 4.0
SHAPE = 1, 16, EDGE // 8, EDGE // 8


def text(pooled: int) -> Conditioning:
    return Conditioning((TextPart(torch.randn(1, 77, small.T5), torch.randn(1, pooled)),))


def by_diffusers(network: Any, scheduler: Any, texts: list[TextPart], flux: bool) -> Tensor:
    torch.manual_seed(SEED)
    x = torch.randn(SHAPE)
    tokens, pooled = (torch.cat([getattr(part, name) for part in texts]) for name in ("embedding", "pooled"))
    for time in scheduler.timesteps:
        both = torch.cat([x, x])
        with torch.no_grad():
            if flux:
                found = by_flux(network, both, float(time) / 1000, TextAsTold(tokens, pooled))  # type: ignore[arg-type]
            else:
                found = network(both, tokens, pooled, time.expand(2)).sample
        wanted, unwanted = found.chunk(2)
        velocity = unwanted + GUIDANCE * (wanted - unwanted)
        x = scheduler.step(velocity, time, x, return_dict=False)[0]
    return x


class TextAsTold:
    def __init__(self, tokens: Tensor, pooled: Tensor) -> None:
        self.tokens, self.pooled = tokens, pooled


@pytest.mark.parametrize("family", ["sd3", "sd3.5", "flux"])
def test_a_flow_ends_where_the_parts_of_diffusers_end(family: str, tmp_path: Any, ctx: PlainContext) -> None:
    flux = family == "flux"
    made = small.flux() if flux else small.sd3(newer=family == "sd3.5")
    model, _, _ = load_checkpoint(made.write(tmp_path / "model.safetensors"))
    scheduler = DIFFUSERS.FlowMatchEulerDiscreteScheduler(shift=3.0, use_dynamic_shifting=flux)
    scheduler.set_timesteps(STEPS, **({"mu": 0.5 + 0.65 * (16 - 256) / 3840} if flux else {}))
    torch.manual_seed(8)
    pooled = small.CLIP_L if flux else small.CLIP_L + small.CLIP_G
    positive, negative = text(pooled), text(pooled)
    wanted = by_diffusers(made.denoiser, scheduler, [positive.parts[0], negative.parts[0]], flux)

    shifted = set_shift_by_size(model, EDGE, EDGE) if flux else set_shift(model, 3.0)
    guider = guide(shifted, positive, negative, GUIDANCE)
    sigmas = Sigmas(tuple(scheduler.sigmas.tolist()))
    found = sample_pieces(guider, choose_sampler("euler"), sigmas, noise(SEED), empty_latent(EDGE, EDGE), ctx)
    ours = (found.latent.samples - model.space.shift) * model.space.scale
    assert float((ours - wanted).norm() / wanted.norm()) < 1e-5
