"""Constants: which value an input takes, and the words when it does not.

The one place that knows: declarations check their defaults here, validation checks documents and the
engine checks what links bring, so the three never disagree. Values in and out are plain data; an
accepted value comes back in its canonical form (20.0 for an int is 20, 1 for a float is 1.0).
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable, Sequence
from functools import reduce
from typing import Any

from nodes.api import sentences as say
from nodes.api.said import Sentence
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
        return say.NO_VALUE()
    if isinstance(value, bool):
        return say.TRUE() if value else say.FALSE()
    if isinstance(value, str):
        shown = value if len(value) <= SHOWN else value[:SHOWN] + "…"
        return '"' + shown.encode("utf-8", "replace").decode() + '"'
    if isinstance(value, int) and abs(value) > LARGEST:
        return say.LONG_NUMBER()
    if isinstance(value, (int, float)):
        return str(value)
    if isinstance(value, (list, tuple)):
        return say.A_LIST()
    return say.AN_OBJECT() if isinstance(value, dict) else say.OF_TYPE(type=type(value).__name__)


def coerce_constant(input: Input, value: Any) -> Any:
    """The canonical form of `value` for this input. Raises BadValue, saying what is wrong and what to do."""
    if value is None:
        if input.required or input.default is not None:
            raise BadValue(input.name, say.EMPTY(input=input.name), say.GIVE_VALUE())
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
        what = say.NOT_PLAIN(input=input.name, value=show(value), type=spoken(input.type))
        raise BadValue(input.name, what, say.REMOVE_AND_LINK())
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
        what = say.TOO_LARGE_TO_COUNT(input=input.name, value=show(value))
        raise BadValue(input.name, what, say.USE_SMALLER())
    check_range(input, value)
    return int(value)


def read_int(input: Input, value: Any) -> int:
    if isinstance(value, float):
        if not math.isfinite(value):
            raise not_finite(input, value)
        if value.is_integer():
            return int(value)
        what = say.NOT_WHOLE(input=input.name, value=show(value))
        raise BadValue(input.name, what, say.WRITE(value=round(value)))
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
        what = say.TOO_LARGE(input=input.name, value=show(value))
        raise BadValue(input.name, what, say.USE_SMALLER()) from None


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
        what = say.HALF_CHARACTER(input=input.name, position=error.start + 1)
        raise BadValue(input.name, what, say.TYPE_AGAIN()) from None
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
    what = say.NO_CHOICE(input=input.name, value=show(value))
    raise BadValue(input.name, what, choose(options))


def coerce_file(input: Input, value: Any) -> str:
    if not isinstance(value, str):
        raise wrong_type(input, value)
    if not value:
        raise BadValue(input.name, say.NO_FILE(input=input.name), say.PICK_FILE())
    parts = value.split("/")
    if "\\" in value or ":" in value or any(part in ("", ".", "..") or not part.isprintable() for part in parts):
        what = say.NO_FILE_NAME(input=input.name, value=show(value))
        raise BadValue(input.name, what, say.PICK_LISTED_FILE())
    return value


def choose(options: Sequence[Any]) -> str:
    """What to do when a choice does not exist: the first few that do."""
    if not options:
        return say.NO_OPTIONS()
    shown = ", ".join(str(option) for option in options[:12])
    return say.CHOOSE_OF(options=shown + (", …" if len(options) > 12 else ""))


def check_range(input: Input, value: float) -> None:
    widget = input.widget
    if widget is None:
        return
    low, high = (0, MAX_SEED) if widget["kind"] == "seed" else (widget.get("min"), widget.get("max"))
    if (low is None or value >= low) and (high is None or value <= high):
        return
    if low is not None and value < low:
        what = say.BELOW(input=input.name, value=show(value), low=low)
    else:
        what = say.ABOVE(input=input.name, value=show(value), high=high)
    if low is not None and high is not None:
        fix = say.USE_BETWEEN(low=low, high=high)
    else:
        fix = say.USE_FROM(low=low) if low is not None else say.USE_UP_TO(high=high)
    raise BadValue(input.name, what, fix)


def not_finite(input: Input, value: Any) -> BadValue:
    name = str(value).replace("inf", "Infinity").replace("nan", "NaN")
    return BadValue(input.name, say.NOT_FINITE(input=input.name, value=name), say.USE_ORDINARY())


def wrong_type(input: Input, value: Any) -> BadValue:
    what = say.WRONG_TYPE(input=input.name, value=show(value), type=spoken(input.type))
    return BadValue(input.name, what, say.GIVE_TYPE(type=spoken(input.type)))


WORDS: dict[str, Sentence] = {
    "int": say.WHOLE_NUMBER, "float": say.NUMBER, "str": say.TEXT, "bool": say.TRUE_OR_FALSE, "file": say.A_FILE,
}  # fmt: skip


def spoken(type_name: str) -> str:
    """A type in words: `int` is "a whole number", `Image|Mask` "Image or Mask"."""
    if type_name == "any" or type_name.startswith("$"):
        return say.ANYTHING()
    return either(WORDS[name]() if name in WORDS else name for name in type_name.split("|"))


def either(names: Iterable[str]) -> str:
    """Names joined by "or"."""
    return reduce(lambda first, second: say.EITHER(first=first, second=second), names)


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
