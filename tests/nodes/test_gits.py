"""GITS: the cheapest few of a teacher's levels."""

from __future__ import annotations

import math
from itertools import combinations
from typing import Any

import pytest
import torch
from torch import Tensor

from nodes.api import BadValue
from nodes.diffusion.levels import NoiseLevels
from nodes.diffusion.samplers import SAMPLERS
from nodes.diffusion.schedules.continuous import karras
from nodes.diffusion.schedules.gits import cheapest, costs, gits
from nodes.latent import empty_latent
from nodes.loaders import Checkpoint
from nodes.sampling_custom import choose_sampler, gits_schedule, guide, noise, sample_pieces
from nodes.schedules import Sigmas, schedule
from nodes.text import encode_text
from tests.nodes.plain import PlainContext
from tests.nodes.reference.toy import Toy, ToyNoise, denoise, start


@pytest.mark.parametrize("coefficient", [0.8, 1.0, 1.3])
@pytest.mark.parametrize("steps", [1, 2, 4])
def test_the_way_is_the_cheapest_of_all(coefficient: float, steps: int) -> None:
    cost = torch.rand(8, 8, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
    cost = cost.where(torch.ones(8, 8).triu(1).bool(), torch.inf)

    def price(way: tuple[int, ...]) -> float:
        pairs = zip((0, *way), (*way, 7), strict=True)
        return sum(coefficient**place * float(cost[a, b]) for place, (a, b) in enumerate(pairs))

    ways = list(combinations(range(1, 7), steps - 1))
    assert tuple(cheapest(cost, steps, coefficient)[1:-1]) == min(ways, key=price)


def teacher(sigmas: tuple[float, ...]) -> tuple[Tensor, Tensor]:
    points = [start()]
    points += [step.x for step in SAMPLERS["euler"](Toy(), start(), sigmas, ToyNoise())]
    slopes = [(x - denoise(x, sigma)) / sigma for x, sigma in zip(points[:-1], sigmas[:-1], strict=True)]
    return torch.stack(points), torch.stack(slopes)


def test_a_step_to_the_next_point_costs_nothing() -> None:
    sigmas = karras(NoiseLevels.scaled_linear(), 12)
    for by_deviation in (False, True):
        found = costs(*teacher(sigmas), sigmas, by_deviation)
        assert torch.allclose(found.diagonal(1), torch.zeros(12, dtype=torch.float64), atol=1e-9)
        assert math.isinf(float(found[3, 3])) and math.isinf(float(found[5, 2]))
    assert bool((costs(*teacher(sigmas), sigmas, False).triu(1) >= 0).all())


def test_few_chosen_steps_end_nearer_to_the_teacher_than_as_many_even_ones() -> None:
    sigmas = karras(NoiseLevels.scaled_linear(), 48)
    points, slopes = teacher(sigmas)

    def distance(few: tuple[float, ...]) -> float:
        *_, last = SAMPLERS["euler"](Toy(), start(), few, ToyNoise())
        return float((last.x - points[-1]).norm())

    chosen = gits(points, slopes, sigmas, 6, 1.0, by_deviation=False)
    assert len(chosen) == 7 and set(chosen) <= set(sigmas)
    assert distance(chosen) < distance(sigmas[::8])


@pytest.mark.parametrize("measure", ["deviation", "distance"])
def test_the_node_keeps_the_ends_and_samples_with_what_it_found(
    tiny: Checkpoint, ctx: PlainContext, measure: Any
) -> None:
    guider = guide(tiny.model, encode_text(tiny.text_encoder, ctx, "a fox"), None, 1.0)
    many, size = schedule(tiny.model, ctx, "karras", 12), empty_latent(64, 64)
    found = gits_schedule(guider, many, noise(3), size, ctx, steps=4, measure=measure)
    assert len(found.values) == 5 and set(found.values) <= set(many.values)
    assert (found.values[0], found.values[-1]) == (many.values[0], 0.0)
    assert ctx.steps == 12
    made = sample_pieces(guider, choose_sampler("euler"), found, noise(3), size, ctx)
    assert made.latent.samples.isfinite().all()


def test_more_steps_than_there_are_is_told(tiny: Checkpoint, ctx: PlainContext) -> None:
    guider = guide(tiny.model, encode_text(tiny.text_encoder, ctx, "a fox"), None, 1.0)
    with pytest.raises(BadValue, match="5 steps cannot be chosen from 2"):
        gits_schedule(guider, Sigmas((3.0, 1.0, 0.0)), noise(3), empty_latent(64, 64), ctx, steps=5)
