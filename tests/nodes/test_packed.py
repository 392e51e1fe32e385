"""Packed convolutions: the sums of plain ones, whatever sizes come in what order."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from nodes.diffusion.packed import MOST_PLACES, PackedConv, can_pack, pack_convolutions

WIDE = 256
needs_packing = pytest.mark.skipif(not can_pack(), reason="this torch has no oneDNN")


@pytest.fixture(scope="module")
def conv() -> nn.Conv2d:
    torch.manual_seed(3)
    return nn.Conv2d(WIDE, WIDE, 3, padding=1).requires_grad_(False)


def copy_of(conv: nn.Conv2d) -> nn.Conv2d:
    other = nn.Conv2d(WIDE, WIDE, 3, padding=1).requires_grad_(False)
    other.load_state_dict(conv.state_dict())
    return other


@needs_packing
@settings(max_examples=15, deadline=None)
@given(st.lists(st.tuples(st.integers(1, 2), st.integers(1, 9), st.integers(1, 9)), min_size=1, max_size=4))
def test_it_gives_what_the_plain_one_gives_for_sizes_in_any_order(
    conv: nn.Conv2d, sizes: Sequence[tuple[int, int, int]]
) -> None:
    packed = PackedConv(copy_of(conv))
    for batch, height, width in sizes:
        x = torch.randn(batch, WIDE, height, width)
        assert torch.allclose(packed(x), conv(x), rtol=1e-5, atol=1e-5)


@needs_packing
def test_what_came_before_does_not_change_what_it_gives(conv: nn.Conv2d) -> None:
    packed, fresh = PackedConv(copy_of(conv)), PackedConv(copy_of(conv))
    x = torch.randn(2, WIDE, 8, 8)
    packed(torch.randn(1, WIDE, 5, 7))
    packed(torch.randn(1, WIDE, 40, 40))
    assert torch.equal(packed(x), fresh(x))
    assert torch.equal(packed(x), fresh(x))


@needs_packing
def test_memory_holds_the_weights_once_and_they_come_back_bit_for_bit(conv: nn.Conv2d) -> None:
    packed = PackedConv(copy_of(conv))
    packed(torch.randn(1, WIDE, 4, 4))
    assert packed.weight is None and packed.packed is not None
    assert torch.equal(packed.unpack(), conv.weight)
    assert packed.packed is None


@needs_packing
def test_weights_changed_in_place_count_from_then_on(conv: nn.Conv2d) -> None:
    packed = PackedConv(copy_of(conv))
    x = torch.randn(1, WIDE, 4, 4)
    before = packed(x)
    packed.unpack().mul_(2)
    assert packed.bias is not None
    bias = packed.bias[:, None, None]
    assert torch.allclose(packed(x) - bias, 2 * (before - bias), rtol=1e-4, atol=1e-4)


@needs_packing
def test_large_pictures_are_computed_as_ever(conv: nn.Conv2d) -> None:
    x = torch.randn(1, WIDE, 1, MOST_PLACES + 1)
    assert torch.equal(PackedConv(copy_of(conv))(x), conv(x))


@needs_packing
def test_only_convolutions_that_gain_are_replaced() -> None:
    kinds = {
        "wide": nn.Conv2d(WIDE, WIDE, 3),
        "narrow": nn.Conv2d(WIDE, 64, 3),
        "point": nn.Conv2d(WIDE, WIDE, 1),
        "grouped": nn.Conv2d(WIDE, WIDE, 3, groups=4),
        "circular": nn.Conv2d(WIDE, WIDE, 3, padding=1, padding_mode="circular"),
        "in halves": nn.Conv2d(WIDE, WIDE, 3).half(),
    }
    module = nn.ModuleDict(kinds)
    pack_convolutions(module)
    assert [name for name, child in module.items() if isinstance(child, PackedConv)] == ["wide"]
