"""What an author can get wrong: each mistake is named with node, parameter and what to write instead."""

from __future__ import annotations

import enum
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal, NamedTuple, TypeVar

import pytest

from nodes.api import (
    Choices,
    Context,
    ImageFile,
    Lazy,
    ModelFile,
    NodeError,
    Number,
    Seed,
    Slider,
    Text,
    node,
    socket,
)

if TYPE_CHECKING:
    from decimal import Decimal


@socket(colour="#64b5f6")
class Image: ...


class Plain: ...


class Empty(enum.Enum): ...


class Odd(enum.Enum):
    PAIR = (1, 2)


class Pair(NamedTuple):
    image: Image
    other: Plain


@dataclass(frozen=True)
class PNG:
    level: int = 3


@dataclass(frozen=True)
class Outer:
    inner: PNG = PNG()  # frozen


@dataclass(frozen=True)
class Wrong:
    level: Annotated[int, Slider(0, 9)] = 12


T = TypeVar("T")


def no_type(a) -> None: ...  # type: ignore[no-untyped-def]  # noqa: ANN001
def no_return(a: int): ...  # type: ignore[no-untyped-def]  # noqa: ANN201
def keywords(**more: int) -> None: ...
def lazy(a: Lazy[Image]) -> Image:
    raise NotImplementedError


def unknown_class(a: Plain) -> None: ...
def unknown_dict(a: dict[str, int]) -> None: ...
def not_imported(a: Decimal) -> None: ...
def bare_list(a: list) -> None: ...  # type: ignore[type-arg]
def nested_list(a: list[list[int]]) -> None: ...
def lazy_in_list(a: list[Lazy[Image]]) -> None: ...
def default_none(a: Image = None) -> None: ...  # type: ignore[assignment]
def number_none(a: int = None) -> None: ...  # type: ignore[assignment]  # noqa: RUF013
def socket_default(a: Image = Image()) -> None: ...  # noqa: B008
def wrong_default(a: int = "x") -> None: ...  # type: ignore[assignment]
def fraction_default(a: int = 1.5) -> None: ...  # type: ignore[assignment]
def bool_default(a: int = True) -> None: ...
def nan_default(a: float = float("nan")) -> None: ...
def out_of_range(a: Annotated[float, Slider(0, 1)] = 2.0) -> None: ...
def wrong_choice(a: Literal["x", "y"] = "z") -> None: ...  # type: ignore[assignment]
def empty_enum(a: Empty) -> None: ...
def odd_enum(a: Odd) -> None: ...
def text_on_int(a: Annotated[int, Text()]) -> None: ...
def slider_on_bool(a: Annotated[bool, Slider(0, 1)]) -> None: ...
def seed_on_float(a: Annotated[float, Seed()]) -> None: ...
def file_on_text(a: Annotated[str, ModelFile("loras")]) -> None: ...
def image_on_text(a: Annotated[str, ImageFile()]) -> None: ...
def no_folder(a: Annotated[Path, ModelFile("")]) -> None: ...
def widget_on_socket(a: Annotated[Image, Slider(0, 1)]) -> None: ...
def widget_on_choice(a: Annotated[Literal["x"], Choices(["x"])]) -> None: ...
def widget_on_list(a: Annotated[list[int], Number()]) -> None: ...
def class_not_called(a: Annotated[int, Number]) -> None: ...
def two_widgets(a: Annotated[int, Number(), Seed()]) -> None: ...
def open_slider(a: Annotated[float, Slider(min=0)]) -> None: ...
def swapped(a: Annotated[float, Number(2, 1)]) -> None: ...
def no_step(a: Annotated[float, Number(step=0)]) -> None: ...
def infinite(a: Annotated[float, Number(max=float("inf"))]) -> None: ...
def half_step(a: Annotated[int, Number(step=0.5)]) -> None: ...
def two_contexts(a: Context, b: Context) -> None: ...
def a_tuple(a: Image) -> tuple[Image, Image]:
    raise NotImplementedError


def a_plain_output(a: Image) -> Plain:
    raise NotImplementedError


def a_plain_field(a: Image) -> Pair:
    raise NotImplementedError


def an_unbound_variable(a: Image) -> T:  # type: ignore[type-var]
    raise NotImplementedError


def a_lazy_output(a: Image) -> Lazy[Image]:
    raise NotImplementedError


def a_generator(a: Image) -> Iterator[Image]:
    yield a


def variant_default(format: PNG = 3) -> None: ...  # type: ignore[assignment]
def variant_none(format: PNG = None) -> None: ...  # type: ignore[assignment]
def variant_list(formats: list[PNG]) -> None: ...
def variant_star(*formats: PNG) -> None: ...
def nested_variant(format: Outer) -> None: ...
def wrong_field(format: Wrong) -> None: ...
def misspelt(a: "Imgae") -> None: ...  # type: ignore[name-defined]  # noqa: F821, UP037


MISTAKES: list[tuple[Any, str, str]] = [
    (no_type, "'a'", "a: Image"),
    (no_return, "returns", "-> None"),
    (keywords, "'more'", "write each one out"),
    (lazy, "'a'", "async def lazy"),
    (unknown_class, "'a'", "@socket"),
    (unknown_dict, "'a'", "use a socket type"),
    (not_imported, "'a'", "TYPE_CHECKING"),
    (bare_list, "'a'", "list[Image]"),
    (nested_list, "'a'", "list[Image]"),
    (lazy_in_list, "'a'", "Lazy[list[Image]]"),
    (default_none, "'a'", "a: Image | None = None"),
    (number_none, "'a'", "a: int | None = None"),
    (socket_default, "'a'", "Image | None = None"),
    (wrong_default, "'a'", "a whole number"),
    (fraction_default, "'a'", "Write 2."),
    (bool_default, "'a'", "a whole number"),
    (nan_default, "'a'", "ordinary number"),
    (out_of_range, "'a'", "from 0 to 1"),
    (wrong_choice, "'a'", "Choose one of x, y"),
    (empty_enum, "'a'", "members"),
    (odd_enum, "'a'", "text or a number"),
    (text_on_int, "'a'", "Annotated[str, Text(...)]"),
    (slider_on_bool, "'a'", "Annotated[int, Slider(...)] or Annotated[float, Slider(...)]"),
    (seed_on_float, "'a'", "Annotated[int, Seed(...)]"),
    (file_on_text, "'a'", "Annotated[Path, ModelFile(...)]"),
    (image_on_text, "'a'", "Annotated[Path, ImageFile(...)]"),
    (no_folder, "'a'", 'ModelFile("checkpoints")'),
    (widget_on_socket, "'a'", "Annotated[int, Slider(...)]"),
    (widget_on_choice, "'a'", "drop the widget"),
    (widget_on_list, "'a'", "list"),
    (class_not_called, "'a'", "Number(...)"),
    (two_widgets, "'a'", "keep one"),
    (open_slider, "'a'", "Slider(min=0, max=1)"),
    (swapped, "'a'", "swap them"),
    (no_step, "'a'", "above 0"),
    (infinite, "'a'", "finite"),
    (half_step, "'a'", "whole numbers"),
    (two_contexts, "'a', 'b'", "keep one"),
    (a_tuple, "output 'result'", "NamedTuple"),
    (a_plain_output, "output 'result'", "@socket"),
    (a_plain_field, "output 'other'", "@socket"),
    (an_unbound_variable, "output 'result'", "Any"),
    (a_lazy_output, "output 'result'", "the type alone"),
    (a_generator, "", "return a list"),
    (variant_default, "'format'", "PNG()"),
    (variant_none, "'format'", "= PNG()"),
    (variant_list, "'formats'", "list"),
    (variant_star, "'formats'", "*args"),
    (nested_variant, "field 'inner'", "plain input"),
    (wrong_field, "'level'", "from 0 to 9"),
    (misspelt, "'a'", "import it at the top"),
]


@pytest.mark.parametrize(("function", "where", "fix"), MISTAKES, ids=lambda value: getattr(value, "__name__", ""))
def test_a_mistake_names_the_node_the_parameter_and_the_fix(function: Any, where: str, fix: str) -> None:
    with pytest.raises(NodeError) as error:
        node(category="test")(function)
    said = str(error.value)
    assert said.startswith(function.__name__) and where in said and fix in said, said


def sound(image: Image, steps: int = 20, mode: Literal["a"] = "a") -> Image:
    raise NotImplementedError


def test_node_needs_its_parentheses_and_a_category() -> None:
    for attempt in (lambda: node(sound), lambda: node()(sound), lambda: node(category="")(sound)):
        with pytest.raises(NodeError, match=r"@node\(category="):
            attempt()


def test_only_a_function_can_be_a_node() -> None:
    with pytest.raises(NodeError, match="Plain: only a function"):
        node(category="test")(Plain)


@pytest.mark.parametrize("version", [0, -1, 1.5, True])
def test_versions_count_from_one(version: Any) -> None:
    with pytest.raises(NodeError, match="sound: version="):
        node(category="test", version=version)(sound)


def test_a_fingerprint_may_name_widgets_only() -> None:
    with pytest.raises(NodeError, match=r"sound: its fingerprint takes 'image'.*leave it out"):
        node(category="test", fingerprint=lambda image: 1)(sound)
    with pytest.raises(NodeError, match=r"sound: its fingerprint takes 'stepz'.*use the node's names"):
        node(category="test", fingerprint=lambda stepz: 1)(sound)
    node(category="test", fingerprint=lambda steps, mode: 1)(sound)
    node(category="test", fingerprint=lambda **widgets: 1)(sound)


def test_a_fingerprint_is_asked_before_anything_runs_so_it_cannot_wait() -> None:
    async def later(steps: int) -> int:
        return steps

    with pytest.raises(NodeError, match="sound: its fingerprint is 'async def'"):
        node(category="test", fingerprint=later)(sound)


def test_an_upgrade_must_lead_to_a_version_there_is_and_stand_alone() -> None:
    declared = node(category="test", version=2)(sound)
    for version in (0, 2, 3):
        with pytest.raises(NodeError, match="sound: upgrade"):
            declared.upgrade(from_version=version)
    declared.upgrade(from_version=1)(dict)
    with pytest.raises(NodeError, match="two upgrades from version 1"):
        declared.upgrade(from_version=1)(dict)
