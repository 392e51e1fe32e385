"""Nodes that hold a value, and arithmetic on numbers."""

from __future__ import annotations

from math import isfinite
from typing import Annotated, Literal, NamedTuple

from nodes.api import BadValue, Number, Title, node
from nodes.fields import PromptText, SeedNumber
from nodes.sentences import common

Several = Annotated[int, Number(min=1, max=256, step=1)]
Operation = Literal["add", "subtract", "multiply", "divide", "remainder", "power", "minimum", "maximum", "average"]


@node(category="values")
def number(value: float = 0.0) -> Annotated[float, Title("Number")]:
    """A number to use in several places.

    Args:
        value: Any number.

    Returns:
        The number.
    """
    return value


@node(category="values", title="Whole number")
def integer(value: int = 0) -> Annotated[int, Title("Number")]:
    """A whole number to use in several places.

    Args:
        value: Any whole number.

    Returns:
        The number; it fits where any number is wanted.
    """
    return value


@node(category="values")
def number_range(first: float = 0.0, last: float = 1.0, count: Several = 5) -> Annotated[list[float], Title("Numbers")]:
    """Numbers at even distances, as a list: what follows runs once for each.

    Args:
        first: The first number.
        last: The last one.
        count: How many, both ends included.

    Returns:
        The numbers in order.
    """
    if not (isfinite(first) and isfinite(last)):
        raise BadValue("first", common.ENDLESS_RANGE(first=first, last=last), common.USE_NUMBERS())
    if not 1 <= count <= 10_000:
        raise BadValue("count", common.RANGE_COUNT(count=count), common.USE_1_TO_256())
    # Both ends are exact: first + share · (last - first) would not give the last one back.
    shares = [number / max(count - 1, 1) for number in range(count)]
    return [first * (1 - share) + last * share for share in shares]


@node(category="values")
def text(value: PromptText = "") -> Annotated[str, Title("Text")]:
    """A text to use in several places.

    Args:
        value: Any text.

    Returns:
        The text.
    """
    return value


@node(category="values")
def seed(value: SeedNumber = 0) -> Annotated[int, Title("Seed")]:
    """A seed that several samplers share.

    Args:
        value: Drawn anew before each run, or kept, as its menu says.

    Returns:
        The seed.
    """
    return value


class Calculated(NamedTuple):
    """The result twice.

    Args:
        result: The exact result.
        whole: The result rounded to a whole number, for steps, sizes and the like.
    """

    result: float
    whole: int


@node(category="values", title="Math")
def math(a: float = 0.0, b: float = 0.0, operation: Operation = "add") -> Calculated:
    """Calculate with two numbers.

    Args:
        a: The first number.
        b: The second number.
        operation: What to do with them: a + b, a - b, a x b, a / b, what a / b leaves over, a to the power of b,
            the smaller, the larger, or the middle of both.
    """
    if b == 0 and operation in ("divide", "remainder"):
        raise BadValue("b", common.BY_ZERO(), common.GIVE_B())
    try:
        result = calculate(a, b, operation)
    except (OverflowError, ZeroDivisionError):
        result = float("inf")
    if isinstance(result, complex) or not isfinite(result):
        raise BadValue("operation", common.UNCOUNTABLE(a=a, operation=operation, b=b), common.USE_OTHER_NUMBERS())
    return Calculated(result, round(result))


def calculate(a: float, b: float, operation: Operation) -> float | complex:
    match operation:
        case "add":
            return a + b
        case "subtract":
            return a - b
        case "multiply":
            return a * b
        case "divide":
            return a / b
        case "remainder":
            return a % b
        case "power":
            raised: float | complex = a**b
            return raised
        case "minimum":
            return min(a, b)
        case "maximum":
            return max(a, b)
        case "average":
            return (a + b) / 2
