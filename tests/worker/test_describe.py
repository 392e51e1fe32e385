"""Values in words and numbers: bounded, whatever they are, and right about what they hold."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from hypothesis import given
from hypothesis import strategies as st

from nodes.types import Conditioning, Mask, TextPart
from server.messages import ValuePart
from server.worker.describe import BINS, MOST_PARTS, SAMPLED, describe, spread_of


@dataclass(frozen=True)
class Nested:
    inner: object


def test_plain_values_are_said_as_they_are() -> None:
    assert describe(3) == ValuePart("", "number", "3", dtype="int")
    assert describe(0.5).text == "0.5"
    assert describe("a red house") == ValuePart("", "text", "a red house")
    assert describe(None).kind == "nothing"
    assert describe(Path("models/checkpoints/a.safetensors")) == ValuePart("", "file", "a.safetensors")


def test_a_tensor_has_its_shape_its_dtype_and_its_range() -> None:
    part = describe(Mask(torch.linspace(0, 1, 11).reshape(1, 1, 11)))
    (values,) = part.parts
    assert (part.kind, part.text) == ("record", "Mask")
    assert (values.shape, values.dtype) == ([1, 1, 11], "float32")
    assert values.spread is not None
    assert (values.spread.low, values.spread.high, round(values.spread.mean, 6)) == (0, 1, 0.5)
    assert sum(values.spread.counts) == 11


def test_odd_numbers_are_counted_and_do_not_spoil_the_rest() -> None:
    part = describe(torch.tensor([1.0, float("nan"), float("inf"), 3.0]))
    assert part.spread is not None
    assert (part.spread.low, part.spread.high, part.spread.odd) == (1, 3, 2)
    assert describe(torch.full((2, 2), float("nan"))).spread is None
    assert describe(torch.zeros(0, 4)).spread is None


def test_every_kind_of_tensor_is_described() -> None:
    for dtype in (torch.bool, torch.int64, torch.float16, torch.bfloat16, torch.uint8):
        part = describe(torch.ones(3, dtype=dtype))
        assert part.spread is not None
        assert (part.spread.low, part.spread.high) == (1, 1)


def test_of_a_huge_tensor_a_part_is_looked_at() -> None:
    part = describe(torch.zeros(1).expand(3 * SAMPLED))
    assert part.shape == [3 * SAMPLED]
    assert part.spread is not None
    assert sum(part.spread.counts) <= SAMPLED


def test_conditioning_is_told_part_by_part_without_what_is_not_set() -> None:
    part = describe(Conditioning((TextPart(torch.zeros(1, 77, 8), strength=0.5), TextPart(torch.zeros(1, 77, 8)))))
    (parts,) = part.parts
    assert [one.text for one in parts.parts] == ["TextPart", "TextPart"]
    told = {field.name: field.text for field in parts.parts[0].parts}
    assert told["strength"] == "0.5"
    assert "pooled" not in told


def test_what_is_said_is_bounded() -> None:
    assert len(describe("x" * 10**6).text) < 10**5
    long = describe(list(range(1000)))
    assert (len(long.parts), long.more) == (MOST_PARTS, 1000 - MOST_PARTS)
    deep: object = 1
    for _ in range(1000):
        deep = Nested(deep)
    describe(deep)


def test_half_characters_can_be_sent() -> None:
    assert describe("\ud800").text == "?"


@given(st.lists(st.floats(width=32), min_size=1, max_size=50))
def test_the_histogram_counts_every_finite_number_once(numbers: list[float]) -> None:
    spread = spread_of(np.array(numbers, dtype=np.float32))
    finite = [number for number in numbers if np.isfinite(number)]
    if spread is None:
        assert not finite
        return
    assert len(spread.counts) == BINS
    assert sum(spread.counts) == len(finite)
    assert spread.odd == len(numbers) - len(finite)
    assert spread.low == min(finite)
    assert spread.high == max(finite)
