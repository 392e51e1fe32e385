"""The Brownian path of a seed."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from nodes.diffusion.brownian import BrownianTree

REFERENCE = json.loads((Path(__file__).parent / "reference" / "brownian.json").read_text())
SHAPE = tuple(REFERENCE["shape"])
TREE = BrownianTree(REFERENCE["low"], REFERENCE["high"], SHAPE, REFERENCE["seed"])


@pytest.mark.parametrize("number", range(len(REFERENCE["stretches"])))
def test_it_is_the_path_of_torchsde(number: int) -> None:
    low, high = REFERENCE["stretches"][number]
    assert TREE(low, high).flatten().tolist() == REFERENCE["increments"][number]


@given(st.lists(st.floats(0.03, 14.6), min_size=3, max_size=3, unique=True).map(sorted))
@settings(max_examples=20, deadline=None)
def test_parts_add_up_whatever_was_asked_before(times: list[float]) -> None:
    a, b, c = times
    assert torch.allclose(TREE(a, b) + TREE(b, c), TREE(a, c), atol=1e-5)


def test_it_is_as_rough_as_brownian_motion() -> None:
    tree = BrownianTree(0.0, 8.0, (1, 100, 100), seed=3)
    for low, high in ((0.0, 8.0), (1.0, 1.5), (7.9, 8.0)):
        assert float(tree(low, high).std()) == pytest.approx((high - low) ** 0.5, rel=0.03)
    apart = torch.corrcoef(torch.stack([tree(1.0, 2.0).flatten(), tree(2.0, 5.0).flatten()]))
    assert abs(float(apart[0, 1])) < 0.05


def test_seeds_have_paths_of_their_own_and_no_time_passes_in_none() -> None:
    other = BrownianTree(REFERENCE["low"], REFERENCE["high"], SHAPE, REFERENCE["seed"] + 1)
    assert not torch.equal(other(1, 2), TREE(1, 2))
    assert torch.equal(TREE(2.0, 2.0), torch.zeros(SHAPE))
