"""Values as bytes and back: whole or refused, and never by running anything."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from nodes.types import Image, Latent, LatentSpace
from server.engine.lists import Many
from server.worker.classes import Classes
from server.worker.codecs import ValueCodec, class_name, measure
from tests.toys import TOYS


class Pair(NamedTuple):
    left: Any
    right: Any


@dataclass(frozen=True)
class Note:
    text: str
    inner: Any = None


@dataclass
class Mutable:
    text: str


class Colour(Enum):
    RED = "r"


CODEC = ValueCodec({class_name(cls): cls for cls in (Pair, Note, Mutable, Colour, Image)})
PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text() | st.binary(),
    lambda inner: (
        st.lists(inner)
        | st.tuples(inner, inner)
        | st.dictionaries(st.text() | st.integers(), inner)
        | st.builds(Note, st.text(), inner)
        | st.builds(Pair, inner, inner)
        | st.lists(inner).map(Many)
    ),
    max_leaves=20,
)


def back(*values: Any) -> tuple[Any, ...]:
    data = CODEC.encode(values)
    assert data is not None
    return CODEC.decode(data)


@given(PLAIN)
def test_plain_values_come_back_as_they_were(value: Any) -> None:
    (found,) = back(value)
    assert found == value
    assert type(found) is type(value)


def test_paths_and_members_of_enums_come_back() -> None:
    assert back(Path("a/b"), Colour.RED) == (Path("a/b"), Colour.RED)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float16, torch.bfloat16, torch.int64, torch.bool])
def test_tensors_come_back_to_the_last_bit(dtype: torch.dtype) -> None:
    tensor = torch.arange(24).reshape(2, 3, 4).to(dtype)
    alone, listed = back(tensor, Many([tensor, tensor[0]]))
    assert torch.equal(alone, tensor) and alone.dtype == dtype
    assert torch.equal(listed[1], tensor[0])


def test_views_of_one_tensor_come_back() -> None:
    tensor = torch.rand(4, 4)
    first, second = back(tensor.T, tensor[::2])
    assert torch.equal(first, tensor.T) and torch.equal(second, tensor[::2])


@pytest.mark.parametrize("value", [object(), {1}, Mutable("x"), lambda: 1, Note("x", object())])
def test_what_has_no_encoding_is_refused(value: Any) -> None:
    assert CODEC.encode((value,)) is None


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"null",
        b"[",
        b'[{"record":["os:system",{"command":"true"}]}]',
        b'[{"record":["tests.worker.test_codecs:Note",{"nothing":1}]}]',
        b'[{"tensor":"t0"}]',
        b'[{"bytes":"!"}]',
        b'[{"spell":1}]',
        b"\x10\0\0\0\0\0\0\0{}",
    ],
)
def test_foreign_or_damaged_bytes_are_an_error_in_words(data: bytes) -> None:
    with pytest.raises(ValueError):
        CODEC.decode(data)


def test_a_damaged_tensor_file_is_an_error_in_words() -> None:
    data = CODEC.encode((torch.rand(8),))
    assert data is not None
    with pytest.raises(ValueError):
        CODEC.decode(data[:-9])


def test_only_sockets_their_fields_and_our_own_records_are_known() -> None:
    classes = Classes(TOYS.values())
    assert "nodes.types:LatentSpace" in classes
    assert "nodes.diffusion.recipes:PartRecipe" in classes
    for stranger in ("os:system", "pathlib:Path", "nodes.diffusion.recipes:read_checkpoint", "nodes.image:Loaded"):
        assert stranger not in classes


def test_a_latent_with_its_space_comes_back() -> None:
    codec = ValueCodec(Classes())
    space = LatentSpace("sd", "SD", 4, 8, 0.18, 0.0, preview=None)  # type: ignore[arg-type]  # no recipe is needed here
    data = codec.encode((Latent(torch.zeros(1, 4, 2, 2), space),))
    assert data is not None
    assert codec.decode(data)[0].space == space


def test_tensors_are_measured_by_their_numbers() -> None:
    assert measure((Image(torch.zeros(1, 100, 100, 3)),)) >= 120_000
    assert measure("x" * 1000) >= 1000
