"""From flat inputs to a call: the function gets what its signature promises."""

from __future__ import annotations

import enum
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar

import pytest

from nodes.api import (
    BadValue,
    Choices,
    Context,
    Lazy,
    ModelFile,
    Node,
    Number,
    Slider,
    apply_upgrades,
    bind,
    fingerprint_of,
    node,
    socket,
)


@socket(colour="#64b5f6")
@dataclass(frozen=True)
class Image:
    number: int = 0


class Mode(enum.Enum):
    NORMAL = "normal"
    SCREEN = "screen"


@dataclass(frozen=True)
class PNG:
    compress: Annotated[int, Slider(0, 9)] = 4


@dataclass(frozen=True)
class JPEG:
    quality: int
    tint: float = 1.0
    mask: Image | None = None


T = TypeVar("T")


def call(declared: Node[..., Any], **values: Any) -> Any:
    flat = {name.replace("__", "."): value for name, value in values.items()}
    args, kwargs = bind(declared, flat)
    return declared(*args, **kwargs)


@node(category="test")
def echo(
    image: Image | None = None,
    size: int = 3,
    factor: float = 0.5,
    mode: Mode = Mode.NORMAL,
    times: Literal[1, 2] = 1,
    file: Annotated[Path, ModelFile("loras")] | None = None,
    name: Annotated[str, Choices(lambda: ["a"])] = "a",
) -> Any:
    return image, size, factor, mode, times, file, name


def test_what_is_not_given_takes_the_function_s_own_default() -> None:
    assert call(echo) == (None, 3, 0.5, Mode.NORMAL, 1, None, "a")


def test_constants_become_what_the_signature_says() -> None:
    image, size, factor, mode, times, file, name = call(
        echo, image=Image(1), size=20.0, factor=1, mode="screen", times=2, file=Path("/models/x"), name="later"
    )
    assert (image, size, mode, times, file, name) == (Image(1), 20, Mode.SCREEN, 2, Path("/models/x"), "later")
    assert isinstance(size, int) and isinstance(factor, float)


def test_a_member_from_a_link_is_taken_as_it_is_or_as_its_value() -> None:
    assert call(echo, mode=Mode.SCREEN)[3] is Mode.SCREEN
    assert call(echo, name=Mode.SCREEN)[6] == "screen"


def test_a_long_integer_may_come_as_digits() -> None:
    assert call(echo, size="9007199254740993")[1] == 9007199254740993


@pytest.mark.parametrize(
    ("name", "value"), [("size", "20"), ("size", True), ("mode", "odd"), ("times", 3), ("factor", float("nan"))]
)
def test_a_value_the_input_does_not_take_names_the_input(name: str, value: Any) -> None:
    with pytest.raises(BadValue) as error:
        bind(echo, {name: value})
    assert error.value.input == name and error.value.fix


def test_an_optional_input_without_default_is_none_when_absent() -> None:
    @node(category="test")
    def take(mask: Image | None, size: int) -> Any:
        return mask, size

    assert call(take, size=1) == (None, 1)


def test_growing_inputs_come_in_the_order_of_their_numbers() -> None:
    @node(category="test")
    def join(first: Image, gap: int = 7, *images: Image, last: str = "x") -> Any:
        return first, gap, images, last

    given = {"images.10": Image(10), "images.2": Image(2), "images.0": Image(1), "first": Image(0), "last": "y"}
    args, kwargs = bind(join, given)
    assert join(*args, **kwargs) == (Image(0), 7, (Image(1), Image(2), Image(10)), "y")


def test_growing_numbers_are_converted_too() -> None:
    @node(category="test")
    def add(*values: float) -> float:
        return sum(values)

    args, _ = bind(add, {"values.0": 1, "values.1": 2.5})
    assert args == [1.0, 2.5] and isinstance(args[0], float)


def test_a_variant_becomes_an_instance_of_the_choice() -> None:
    @node(category="test")
    def save(format: PNG | JPEG = PNG(7), other: PNG | JPEG | None = None) -> Any:
        return format, other

    assert call(save) == (PNG(7), None)
    assert call(save, format="JPEG", format__quality=80, format__tint=1, format__mask=Image(2)) == (
        JPEG(80, 1.0, Image(2)),
        None,
    )
    assert call(save, format="PNG", format__quality=80, other="PNG") == (PNG(7), PNG(4))
    with pytest.raises(BadValue, match="Choose one of PNG, JPEG"):
        call(save, format="GIF")


def test_a_variant_without_default_takes_its_first_choice() -> None:
    @node(category="test")
    def save(format: PNG | JPEG) -> Any:
        return format

    assert call(save) == PNG(4)


def test_lists_are_taken_whole_and_single_values_make_a_list_of_one() -> None:
    @node(category="test")
    def total(values: list[float], images: list[Image] | None = None) -> Any:
        return values, images

    assert call(total, values=[1, 2], images=Image(1)) == ([1.0, 2.0], [Image(1)])
    assert call(total, values=3) == ([3.0], None)
    assert call(total, values=[1], images=None) == ([1.0], None)


async def test_a_lazy_input_is_asked_only_when_the_node_asks_and_converted_then() -> None:
    asked: list[str] = []

    def source(name: str, value: Any) -> Callable[[], Awaitable[Any]]:
        async def give() -> Any:
            asked.append(name)
            return value

        return give

    @node(category="test")
    async def choose(first: bool, a: Lazy[float], b: Lazy[float]) -> float:
        return await (a() if first else b())

    args, kwargs = bind(choose, {"first": True, "a": source("a", 1), "b": source("b", 2)})
    result = await choose(*args, **kwargs)
    assert (result, type(result), asked) == (1.0, float, ["a"])
    args, kwargs = bind(choose, {"first": False, "a": 1, "b": 2})
    assert await choose(*args, **kwargs) == 2.0


def test_the_context_goes_where_the_signature_has_it() -> None:
    context: Any = object()

    @node(category="test")
    def by_position(ctx: Context, *images: Image) -> Any:
        return ctx, images

    @node(category="test")
    def by_name(image: Image, ctx: Context) -> Any:
        return ctx

    args, kwargs = bind(by_position, {"images.0": Image(1)}, context)
    assert by_position(*args, **kwargs) == (context, (Image(1),))
    args, kwargs = bind(by_name, {"image": Image(1), "ctx": context})
    assert by_name(*args, **kwargs) is context


def test_a_fingerprint_sees_the_constants_and_the_defaults() -> None:
    seen: list[Any] = []

    def stamp(size: int, mode: Mode) -> str:
        seen.append((size, mode))
        return "stamp"

    @node(category="test", fingerprint=stamp)
    def read(image: Image, size: int = 3, mode: Mode = Mode.NORMAL) -> None: ...

    assert fingerprint_of(read, {"mode": "screen"}) == "stamp"
    assert seen == [(3, Mode.SCREEN)]
    assert fingerprint_of(echo, {}) is None


# ---------------------------------------------------------------- upgrades


@node(category="test", version=4)
def sample(guidance: Annotated[float, Number(0)] = 7.0, steps: int = 20) -> None: ...


@sample.upgrade(from_version=1)
def _rename(inputs: dict[str, Any]) -> dict[str, Any]:
    return {**inputs, "scale": inputs.pop("cfg")}


@sample.upgrade(from_version=3)
def _rename_again(inputs: dict[str, Any]) -> dict[str, Any]:
    return {**inputs, "guidance": inputs.pop("scale")}


def test_upgrades_run_one_after_the_other_and_keep_links() -> None:
    saved = {"cfg": 5, "latent": {"link": ["3", "result"]}}
    upgraded = apply_upgrades(sample, 1, saved)
    assert (upgraded.version, upgraded.problem) == (4, "")
    assert upgraded.inputs == {"guidance": 5, "latent": {"link": ["3", "result"]}}
    assert saved == {"cfg": 5, "latent": {"link": ["3", "result"]}}


def test_a_step_may_take_a_value_out_and_put_it_back_changed_or_not() -> None:
    @node(category="test", version=2)
    def grow(size: int = 1) -> None: ...

    grow.upgrade(from_version=1)(lambda inputs: {**inputs, "size": max(inputs.pop("size"), 8)})
    assert apply_upgrades(grow, 1, {"size": 4}).inputs == {"size": 8}
    assert apply_upgrades(grow, 1, {"size": 9}).inputs == {"size": 9}


def test_a_version_without_a_step_changed_no_inputs() -> None:
    assert apply_upgrades(sample, 2, {"scale": 5}).inputs == {"guidance": 5}
    assert apply_upgrades(sample, 4, {"guidance": 5}).inputs == {"guidance": 5}


def test_a_version_newer_than_the_installed_one_is_reported_and_left_alone() -> None:
    upgraded = apply_upgrades(sample, 9, {"a": 1})
    assert (upgraded.version, upgraded.inputs) == (9, {"a": 1})
    assert "version 9" in upgraded.problem and "version 4 is installed" in upgraded.problem


def test_a_step_that_fails_leaves_everything_as_it_was_saved() -> None:
    upgraded = apply_upgrades(sample, 1, {"no": 1})
    assert (upgraded.version, upgraded.inputs) == (1, {"no": 1})
    assert "from version 1 to 2" in upgraded.problem and "KeyError" in upgraded.problem
