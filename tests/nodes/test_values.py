"""Values, arithmetic and routing."""

from __future__ import annotations

from typing import Any, get_args

import pytest

from nodes.api import BadValue
from nodes.logic import switch
from nodes.values import Operation, integer, math, number, seed, text


def test_value_nodes_give_what_they_hold() -> None:
    assert (number(1.5), integer(3), text("a fox"), seed(7)) == (1.5, 3, "a fox", 7)


@pytest.mark.parametrize(
    ("operation", "expected"),
    [
        ("add", 9.5), ("subtract", 5.5), ("multiply", 15.0), ("divide", 3.75), ("remainder", 1.5),
        ("power", 56.25), ("minimum", 2.0), ("maximum", 7.5), ("average", 4.75),
    ],
)  # fmt: skip
def test_math_calculates_and_rounds(operation: Any, expected: float) -> None:
    assert math(7.5, 2.0, operation) == (expected, round(expected))


def test_every_operation_of_the_dropdown_is_there() -> None:
    assert all(isinstance(math(3.0, 2.0, operation).result, float) for operation in get_args(Operation))


@pytest.mark.parametrize(
    ("a", "b", "operation", "place"),
    [
        (1.0, 0.0, "divide", "b"),
        (1.0, 0.0, "remainder", "b"),
        (0.0, -1.0, "power", "operation"),
        (1e300, 2.0, "power", "operation"),
        (-2.0, 0.5, "power", "operation"),
        (1e308, 1e308, "add", "operation"),
    ],
)
def test_what_has_no_result_is_said_in_words(a: float, b: float, operation: Any, place: str) -> None:
    with pytest.raises(BadValue) as caught:
        math(a, b, operation)
    assert caught.value.input == place


async def test_a_switch_computes_only_the_value_it_passes_on() -> None:
    async def wanted() -> str:
        return "wanted"

    async def other() -> str:
        raise AssertionError("computed")

    assert await switch(True, wanted, other) == "wanted"
    assert await switch(False, other, wanted) == "wanted"
