"""Constants: which value an input takes, and the words when it does not.

The one place that knows: declarations check their defaults here, validation checks documents and the
engine checks what links bring, so the three never disagree. Values in and out are plain data; an
accepted value comes back in its canonical form (20.0 for an int is 20, 1 for a float is 1.0).
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Sequence
from typing import Any

from nodes.api.schema import Input
from nodes.api.vocabulary import MAX_SEED

MAX_SAFE = 2**53 - 1
"""Integers beyond this are stored as strings: JavaScript would round them."""
SMALLEST, LARGEST = -(2**63), 2**64 - 1
DIGITS = re.compile(r"-?[1-9][0-9]{15,}")
NOT_FINITE = ("NaN", "Infinity", "-Infinity")
SCALARS = ("int", "float", "str", "bool")
SHOWN = 40


class BadValue(ValueError):
    """A value an input does not take: what is wrong, and what to do. `input` is the input's name."""

    def __init__(self, input: str, what: str, fix: str) -> None:
        super().__init__(f"{what} {fix}".strip())
        self.input, self.what, self.fix = input, what, fix


def show(value: Any) -> str:
    """A value in words, short enough for a sentence."""
    if value is None:
        return "empty"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        shown = value if len(value) <= SHOWN else value[:SHOWN] + "…"
        return '"' + shown.encode("utf-8", "replace").decode() + '"'
    if isinstance(value, int) and abs(value) > LARGEST:
        return "a number of more than 19 digits"
    if isinstance(value, (int, float)):
        return str(value)
    if isinstance(value, (list, tuple)):
        return "a list"
    return "an object" if isinstance(value, dict) else f"a value of type {type(value).__name__}"


def coerce_constant(input: Input, value: Any) -> Any:
    """The canonical form of `value` for this input. Raises BadValue, saying what is wrong and what to do."""
    if value is None:
        if input.required or input.default is not None:
            raise BadValue(input.name, f"'{input.name}' is empty.", "Give it a value.")
        return None
    if input.is_list:
        items = value if isinstance(value, (list, tuple)) else [value]
        return [coerce_one(input, item) for item in items]
    return coerce_one(input, value)


def coerce_one(input: Input, value: Any) -> Any:
    widget = input.widget
    kind = widget["kind"] if widget else ""
    if kind in BY_WIDGET:
        return BY_WIDGET[kind](input, value)
    return coerce_plain(input, value)


def coerce_plain(input: Input, value: Any) -> Any:
    read = BY_TYPE.get(input.type)
    return coerce_union(input, value) if read is None else read(input, value)


def coerce_union(input: Input, value: Any) -> Any:
    """For `any`, type variables and unions: the first plain type that takes the value, in the order declared."""
    if input.type == "any" or input.type.startswith("$"):
        if isinstance(value, float) and not math.isfinite(value):
            raise not_finite(input, value)
        return value
    members = [name for name in input.type.split("|") if name in SCALARS]
    if not members:
        what = f"'{input.name}' holds {show(value)}, but takes {spoken(input.type)}."
        raise BadValue(input.name, what, "Remove the value, and link it.")
    for name in sorted(members, key=lambda name: name == "float"):
        try:
            return BY_TYPE[name](input, value)
        except BadValue:
            continue
    raise wrong_type(input, value)


def coerce_int(input: Input, value: Any) -> int:
    if type(value) is not int:
        value = read_int(input, value)
    if not SMALLEST <= value <= LARGEST:
        what = f"'{input.name}' is {show(value)}, too large to count with."
        raise BadValue(input.name, what, "Use a smaller number.")
    check_range(input, value)
    return int(value)


def read_int(input: Input, value: Any) -> int:
    if isinstance(value, float):
        if not math.isfinite(value):
            raise not_finite(input, value)
        if value.is_integer():
            return int(value)
        what = f"'{input.name}' is {show(value)}, but takes whole numbers."
        raise BadValue(input.name, what, f"Write {round(value)}.")
    if isinstance(value, str) and value in NOT_FINITE:
        raise not_finite(input, value)
    if isinstance(value, int) and not isinstance(value, bool):
        return int(value)
    number = long_integer(value)
    if number is None:
        raise wrong_type(input, value)
    return number


def coerce_float(input: Input, value: Any) -> float:
    if type(value) is not float:
        value = read_float(input, value)
    if not math.isfinite(value):
        raise not_finite(input, value)
    check_range(input, value)
    return float(value)


def read_float(input: Input, value: Any) -> float:
    if isinstance(value, str):
        if value in NOT_FINITE:
            raise not_finite(input, value)
        value = long_integer(value) if long_integer(value) is not None else value
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise wrong_type(input, value)
    try:
        return float(value)
    except OverflowError:
        what = f"'{input.name}' is {show(value)}, larger than any number can be."
        raise BadValue(input.name, what, "Use a smaller number.") from None


def long_integer(value: Any) -> int | None:
    """The integer a string stands for when it is one that JSON numbers cannot carry, else None."""
    if not isinstance(value, str) or not DIGITS.fullmatch(value):
        return None
    if len(value) > 400:  # converting digits to a number takes quadratic time; all of these are too large alike
        return 10**400 if value[0] != "-" else -(10**400)
    number = int(value)
    return number if abs(number) > MAX_SAFE else None


def coerce_str(input: Input, value: Any) -> str:
    if not isinstance(value, str):
        raise wrong_type(input, value)
    try:
        value.encode()
    except UnicodeEncodeError as error:
        what = f"'{input.name}' holds half a character at position {error.start + 1}."
        raise BadValue(input.name, what, "Delete it and type it again.") from None
    return value


def coerce_bool(input: Input, value: Any) -> bool:
    if not isinstance(value, bool):
        raise wrong_type(input, value)
    return value


def coerce_choice(input: Input, value: Any) -> Any:
    widget = input.widget or {}
    if "options" not in widget:  # a function gives them, and only a catalogue has asked it
        return coerce_plain(input, value)
    options: list[Any] = list(widget["options"])
    for option in options:
        # 1 == True and "1" is no 1: an option is the value of its own kind only.
        if option == value and isinstance(option, bool) == isinstance(value, bool):
            return option
    what = f"'{input.name}' is {show(value)}, which is not among its choices."
    raise BadValue(input.name, what, choose(options))


def coerce_file(input: Input, value: Any) -> str:
    if not isinstance(value, str):
        raise wrong_type(input, value)
    if not value:
        raise BadValue(input.name, f"'{input.name}' names no file.", "Pick a file.")
    parts = value.split("/")
    if "\\" in value or ":" in value or any(part in ("", ".", "..") or not part.isprintable() for part in parts):
        what = f"'{input.name}' is {show(value)}, which is no file name inside its folder."
        raise BadValue(input.name, what, "Pick a file from the list.")
    return value


def choose(options: Sequence[Any]) -> str:
    """What to do when a choice does not exist: the first few that do."""
    if not options:
        return "There is nothing to choose from."
    shown = ", ".join(str(option) for option in options[:12])
    return f"Choose one of {shown}{', …' if len(options) > 12 else ''}."


def check_range(input: Input, value: float) -> None:
    widget = input.widget
    if widget is None:
        return
    low, high = (0, MAX_SEED) if widget["kind"] == "seed" else (widget.get("min"), widget.get("max"))
    if (low is None or value >= low) and (high is None or value <= high):
        return
    beyond = f"less than {low}" if low is not None and value < low else f"more than {high}"
    if low is not None and high is not None:
        fix = f"Use a value from {low} to {high}."
    else:
        fix = f"Use {low} or more." if low is not None else f"Use {high} or less."
    raise BadValue(input.name, f"'{input.name}' is {show(value)}, {beyond}.", fix)


def not_finite(input: Input, value: Any) -> BadValue:
    name = str(value).replace("inf", "Infinity").replace("nan", "NaN")
    return BadValue(input.name, f"'{input.name}' is {name}, which is not a finite number.", "Use an ordinary number.")


def wrong_type(input: Input, value: Any) -> BadValue:
    what = f"'{input.name}' is {show(value)}, but takes {spoken(input.type)}."
    return BadValue(input.name, what, f"Give it {spoken(input.type)}.")


WORDS = {"int": "a whole number", "float": "a number", "str": "text", "bool": "true or false", "file": "a file"}


def spoken(type_name: str) -> str:
    """A type in words: `int` is "a whole number", `Image|Mask` "Image or Mask"."""
    if type_name == "any" or type_name.startswith("$"):
        return "anything"
    return " or ".join(WORDS.get(name, name) for name in type_name.split("|"))


BY_TYPE: dict[str, Callable[[Input, Any], Any]] = {
    "int": coerce_int,
    "float": coerce_float,
    "str": coerce_str,
    "bool": coerce_bool,
}
BY_WIDGET: dict[str, Callable[[Input, Any], Any]] = {
    "choices": coerce_choice,
    "variant": coerce_choice,
    "model_file": coerce_file,
    "image_file": coerce_file,
}
